//! The language in which drills and lessons say what must hold, and the judge that reads it.
//!
//! A check is one line, such as `key(name)=="Alice" && ver(name)>=2`. It looks at the state of the
//! cluster, at files of the host and at how commands ended; never at what was typed, but with `ran`.
//! So any correct way passes. What is not met is told in words: `key name is Bob, not Alice`.
//!
//! # For those who write checks
//!
//! A check is made of comparisons, joined by `&&`, `||` and `!`, with parentheses where needed. A
//! comparison is `TERM OP TERM`; the operators are `==`, `!=`, `<`, `<=`, `>`, `>=`, `contains` (a part of
//! a text, or an item of a list) and `matches` (a regular expression between slashes). A term alone
//! holds when there is such a thing and it is not 0, false or an empty list.
//!
//! A term is a number, `"a text"`, `/a pattern/`, `true`, `false`, or one of the functions below; a term
//! may be followed by `+ N` or `- N`. What stands in a function's parentheses is taken as it is, without
//! quotes: `key(/app/orders/17)`. Quote it where it holds a comma or a parenthesis.
//! A number and a text are equal when they read alike, so that `file(/root/answer.txt)==rev()` does what
//! it says; a list and a text are equal when the items, with one space between them, read like the text.
//!
//! **Keys.** `key(K)` is the value of a key; `absent(K)`; `count(P)` counts the keys that begin with P;
//! `modrev(K)`, `createrev(K)`, `ver(K)`, `lease(K)` (the id, 0 for none) and `ttl(K)` (the seconds that its
//! lease was granted). `rev()` and `compacted()` are the store's revisions; `leases()` counts.
//!
//! **The old tree.** `node(/dir/x)` is its value, or empty text for a directory; with `.dir`, `.ttl` (the
//! seconds left), `.created` and `.modified`. `nodes(/dir)` counts what is directly in it; `index()`.
//! `v2user(U)` and `v2role(R)` are what the old API keeps of them, as JSON text; `v2auth()`.
//!
//! **The cluster.** `leader()` is a name; `term()`; `members()` and `learners()` count who is in the
//! configuration; `member(NAME)` has `.state` (`leader`, `follower`, `learner`, `candidate`,
//! `pre-candidate`, `paused`, `down`), `.id`, `.term`, `.applied`, `.client`; `peer(URL)` is the name of who
//! has that peer URL, with `.learner`. `healthy()` counts who runs and has a leader; `quorum()`;
//! `cut(A,B)` says that nothing passes from A to B. `alarm(NOSPACE)`.
//!
//! **Users.** `auth.enabled`; `user(U)` with `.roles`; `role(R)`; `may(R,read,K)` and `may(R,write,K)` say
//! whether a role allows that for one key, `mayall(R,read,P)` for every key that begins with P.
//!
//! **The host.** `file(PATH)` is a file's text without the white space around it; with `.exists` (also
//! for a directory), `.lines` (those that are not blank, trimmed), `.type` (`snapshot`, `text`,
//! `directory`) and `.revision` (of a snapshot). `env(NAME)` is an exported variable of the console's shell.
//!
//! **Commands.** `ran(/get name/, rc==0)` holds when a command whose line matches has ended so since the
//! step began; `rc!=0` and no second argument (any end) are the other forms. `out(/re/)` holds when the
//! output of one matches. `seconds()` counts virtual time since the step began.
//!
//! **Baselines.** A step may save expressions as it begins; `saved(NAME)` is such a value.
//!
//! Left out so far: watchers and events that were delivered, processes and units, sizes of
//! databases, answers to quizzes.

mod eval;
mod parse;
mod range;
mod terms;
#[cfg(test)]
mod tests;
mod words;

use frame::{GoalView, Judged, Look, Situation, Step, Value};

use eval::Check;
use parse::parse;

/// The host's part of the facts.
pub trait Files {
    /// None where there is no such path.
    fn kind(&self, path: &str) -> Option<FileKind>;
    /// The bytes of a regular file.
    fn read(&self, path: &str) -> Option<Vec<u8>>;
    /// The revision of a snapshot file; None where the file is none, or is damaged.
    fn snapshot_revision(&self, path: &str) -> Option<i64>;
    /// An exported variable of the console's shell.
    fn env(&self, name: &str) -> Option<String>;
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    File,
    Directory,
}

/// Why a check cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// Where, in characters from 1.
    pub column: usize,
    pub text: String,
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "column {}: {}", self.column, self.text)
    }
}

/// Can this check be read?
///
/// # Errors
/// What is wrong with it, and in which column.
pub fn read(check: &str) -> Result<(), Error> {
    parse(check).map(drop)
}

/// A step whose texts were read.
pub struct Judge {
    saves: Vec<(String, Check)>,
    goals: Vec<(frame::Goal, Check)>,
}

impl Judge {
    /// Reads a step. The error names what cannot be read, and where.
    pub fn new(step: &Step) -> Result<Judge, String> {
        let read = |what: &str, text: &str| {
            parse(text).map_err(|error| format!("{what} `{text}`: {error}"))
        };
        let saves = step.saves.iter().map(|(name, text)| {
            let check = read(&format!("save {name}"), text)?;
            Ok((name.clone(), check))
        });
        let goals = step.goals.iter().map(|goal| Ok((goal.clone(), read("goal", &goal.check)?)));
        Ok(Judge {
            saves: saves.collect::<Result<_, String>>()?,
            goals: goals.collect::<Result<_, String>>()?,
        })
    }

    /// What a look must show for the answer.
    pub fn look(&self) -> Look {
        let mut look = Look::default();
        let saves = self.saves.iter().map(|(_, check)| check);
        for check in saves.chain(self.goals.iter().map(|(_, check)| check)) {
            check.wants(&mut look);
        }
        look
    }

    /// How the step stands. `situation` holds a look as [`Judge::look`] wants it.
    pub fn judge(&self, situation: &Situation, files: &dyn Files) -> Judged {
        let look = self.look();
        let facts = Facts { situation, look: &look, files };
        let goals = self.goals.iter().map(|(goal, check)| {
            let reason = check.judge(&facts).err();
            let met = reason.is_none();
            let own = (!goal.because.is_empty()).then(|| goal.because.clone());
            let reason = reason.map(|reason| own.unwrap_or(reason)).unwrap_or_default();
            GoalView { text: goal.text.clone(), met, reason }
        });
        let saves = self.saves.iter().map(|(name, check)| (name.clone(), check.value(&facts)));
        Judged { goals: goals.collect(), saves: saves.collect() }
    }
}

/// Everything that a check may go by.
pub(crate) struct Facts<'f> {
    pub(crate) situation: &'f Situation,
    /// What was looked at, in the order of the answer's ranges.
    pub(crate) look: &'f Look,
    pub(crate) files: &'f dyn Files,
}

/// How a value reads in a sentence, and how it compares with text.
pub(crate) fn text_of(value: &Value) -> String {
    match value {
        Value::None => "missing".into(),
        Value::Flag(flag) => flag.to_string(),
        Value::Number(number) => number.to_string(),
        Value::Text(text) => text.clone(),
        Value::List(items) => items.join(" "),
    }
}
