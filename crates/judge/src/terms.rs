//! The functions of the language: their names, what they take, and what can be asked of their result.

use regex_lite::Regex;

use frame::Value;

/// What a term may be.
pub(crate) enum Term {
    Value(Value),
    Pattern(Pattern),
    Call(Call),
    /// A term and what is added to it.
    Plus(Box<Term>, i64),
}

pub(crate) struct Pattern {
    pub(crate) source: String,
    pub(crate) regex: Regex,
}

pub(crate) struct Call {
    pub(crate) function: Function,
    pub(crate) args: Vec<String>,
    /// Of `ran` and `out`.
    pub(crate) pattern: Option<Pattern>,
    /// Empty for the thing itself.
    pub(crate) field: &'static str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Function {
    Key,
    Absent,
    Count,
    ModRev,
    CreateRev,
    Ver,
    Lease,
    Ttl,
    Rev,
    Compacted,
    Leases,
    Node,
    Nodes,
    Index,
    V2User,
    V2Role,
    V2Auth,
    Leader,
    Term,
    Members,
    Learners,
    Member,
    Peer,
    Healthy,
    Quorum,
    Cut,
    Alarm,
    Auth,
    User,
    Role,
    May,
    MayAll,
    File,
    Env,
    Ran,
    Out,
    Seconds,
    Saved,
}

/// Name, function, how many arguments, and what may follow a dot.
type Row = (&'static str, Function, usize, &'static [&'static str]);

/// All functions. `ran` has an optional second argument, and patterns are not counted.
const FUNCTIONS: &[Row] = &[
    ("key", Function::Key, 1, &[]),
    ("absent", Function::Absent, 1, &[]),
    ("count", Function::Count, 1, &[]),
    ("modrev", Function::ModRev, 1, &[]),
    ("createrev", Function::CreateRev, 1, &[]),
    ("ver", Function::Ver, 1, &[]),
    ("lease", Function::Lease, 1, &[]),
    ("ttl", Function::Ttl, 1, &[]),
    ("rev", Function::Rev, 0, &[]),
    ("compacted", Function::Compacted, 0, &[]),
    ("leases", Function::Leases, 0, &[]),
    ("node", Function::Node, 1, &["dir", "ttl", "created", "modified"]),
    ("nodes", Function::Nodes, 1, &[]),
    ("index", Function::Index, 0, &[]),
    ("v2user", Function::V2User, 1, &[]),
    ("v2role", Function::V2Role, 1, &[]),
    ("v2auth", Function::V2Auth, 0, &[]),
    ("leader", Function::Leader, 0, &[]),
    ("term", Function::Term, 0, &[]),
    ("members", Function::Members, 0, &[]),
    ("learners", Function::Learners, 0, &[]),
    ("member", Function::Member, 1, &["state", "id", "term", "applied", "client"]),
    ("peer", Function::Peer, 1, &["learner"]),
    ("healthy", Function::Healthy, 0, &[]),
    ("quorum", Function::Quorum, 0, &[]),
    ("cut", Function::Cut, 2, &[]),
    ("alarm", Function::Alarm, 1, &[]),
    ("auth", Function::Auth, 0, &["enabled"]),
    ("user", Function::User, 1, &["roles"]),
    ("role", Function::Role, 1, &[]),
    ("may", Function::May, 3, &[]),
    ("mayall", Function::MayAll, 3, &[]),
    ("file", Function::File, 1, &["exists", "lines", "type", "revision"]),
    ("env", Function::Env, 1, &[]),
    ("ran", Function::Ran, 0, &[]),
    ("out", Function::Out, 0, &[]),
    ("seconds", Function::Seconds, 0, &[]),
    ("saved", Function::Saved, 1, &[]),
];

impl Function {
    pub(crate) fn named(name: &str) -> Option<Function> {
        FUNCTIONS.iter().find(|row| row.0 == name).map(|row| row.1)
    }

    fn row(self) -> &'static Row {
        FUNCTIONS.iter().find(|row| row.1 == self).expect("every function has a row")
    }

    pub(crate) fn name(self) -> &'static str {
        self.row().0
    }

    /// How many arguments it takes, a pattern not among them.
    pub(crate) fn arity(self) -> usize {
        self.row().2
    }

    pub(crate) fn fields(self) -> &'static [&'static str] {
        self.row().3
    }

    /// Its first argument is a pattern.
    pub(crate) fn takes_pattern(self) -> bool {
        matches!(self, Function::Ran | Function::Out)
    }
}

impl Call {
    pub(crate) fn arg(&self, at: usize) -> &str {
        self.args.get(at).map_or("", String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_leads_to_its_own_function() {
        for row in FUNCTIONS {
            assert_eq!(Function::named(row.0), Some(row.1));
            assert_eq!(row.1.name(), row.0);
        }
    }
}
