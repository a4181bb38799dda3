//! The checker for long runs: the applied log gives the order of writes, so nothing is searched.
//!
//! It is fed what happens as it happens: a client asks, an entry of the log is applied for the first
//! time by any member, a client is answered. Every write must be an entry that was applied between
//! its question and its answer, each entry must be somebody's write and only once, and each answer
//! must be what the model says at that place. A linearizable read must show one revision, at least
//! the newest that was acknowledged to anybody before it began, and that revision as it was.
//! Serializable reads may show any revision, as it was.
//!
//! Entries and questions meet by what they contain, since a lost answer leaves nothing else to go
//! by. Where equal requests overlap, the earliest answer takes the earliest entry that fits, which
//! finds an assignment whenever there is one.
//!
//! An event costs O(log n) and what the model does for it. Memory holds what is open, a bounded
//! number of lost writes, the model, and a window of revisions; what would need more is counted as
//! not judged.

mod asked;
mod reads;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use asked::{Asked, Entry};
use bytes::Bytes;

use crate::model::{State, agrees};
use crate::past::Replay;
use crate::request::{Answer, Request, Response};

/// Virtual time in microseconds.
pub type Micros = u64;

/// A number that no other operation of the run has.
pub type OpId = u64;

/// Violations kept: one bug can break many answers.
const VIOLATIONS_MAX: usize = 50;

/// Claims remembered, to name who an entry belonged to that comes twice.
const CLAIMS_MAX: usize = 256;

/// Open reads can hold back so many windows of revisions, not more.
const WINDOWS_MAX: i64 = 4;

/// How much was done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Operations that began.
    pub invoked: u64,
    /// Entries applied.
    pub applied: u64,
    /// Answers judged.
    pub judged: u64,
    /// Answers of which at least a part rests on something no longer kept, or not told.
    pub not_judged: u64,
    /// Operations without an answer.
    pub lost: u64,
    /// Operations that certainly did not happen.
    pub rejected: u64,
    /// Violations, those not kept included.
    pub violations: u64,
}

/// An operation without an answer yet.
#[derive(Clone, Debug)]
struct Open {
    client: u32,
    request: Request,
    /// Its place in the order of what was fed.
    seq: u64,
    /// What had been acknowledged when it began.
    floor: Floor,
}

/// What anybody had been told.
#[derive(Clone, Copy, Debug, Default)]
struct Floor {
    revision: i64,
    compacted: i64,
    /// The operation that was told the revision, and its client.
    by: Option<(OpId, u32)>,
}

/// The checker; see the module.
#[derive(Clone, Debug)]
pub struct Checker {
    replay: Replay,
    window: i64,
    seq: u64,
    now: Micros,
    last_index: u64,
    open: BTreeMap<OpId, Open>,
    /// Open reads by the oldest revision that they may show.
    reads: BTreeSet<(i64, OpId)>,
    asked: Asked,
    floor: Floor,
    claims: VecDeque<(Request, OpId, u32, u64)>,
    recipes: BTreeSet<Bytes>,
    violations: Vec<String>,
    counts: Counts,
}

impl Checker {
    /// Begins with an empty store. Reads are judged as far back as `window` revisions.
    pub fn new(window: u32) -> Self {
        Checker::from_state(State::new(), window)
    }

    /// Begins in the middle of a run.
    pub fn from_state(state: State, window: u32) -> Self {
        Checker {
            replay: Replay::from_state(state),
            window: i64::from(window),
            seq: 0,
            now: 0,
            last_index: 0,
            open: BTreeMap::new(),
            reads: BTreeSet::new(),
            asked: Asked::default(),
            floor: Floor { revision: 0, compacted: -1, by: None },
            claims: VecDeque::new(),
            recipes: BTreeSet::new(),
            violations: Vec::new(),
            counts: Counts::default(),
        }
    }

    /// From now on members write keys that begin with `prefix` by themselves, for locks and
    /// elections (rules Y): such an entry needs no client. What it does is judged as ever.
    pub fn served(&mut self, prefix: Bytes) {
        // No key is empty, and the empty prefix would excuse everything.
        if !prefix.is_empty() && !self.recipes.iter().any(|known| prefix.starts_with(known)) {
            self.recipes.insert(prefix);
        }
    }

    /// A client asks.
    pub fn invoke(&mut self, op: OpId, client: u32, now: Micros, request: Request) {
        self.tick(now);
        self.counts.invoked += 1;
        let open = Open { client, request, seq: self.seq, floor: self.floor };
        if self.open.contains_key(&op) {
            return self
                .violation(format!("{} began while another op {op} is open", open.name(op)));
        }
        if open.request.is_logged() {
            self.asked.invoke(&open.request, (open.seq, op));
        } else {
            self.reads.insert((open.floor.revision, op));
        }
        self.open.insert(op, open);
    }

    /// An entry of the log was applied by a member, for the first time by any; in the order of the
    /// log. Entries that a member refused for reasons outside the model (auth, quota) are not told.
    pub fn applied(&mut self, request: Request, index: u64) {
        self.seq += 1;
        if !request.is_logged() {
            return;
        }
        self.counts.applied += 1;
        if index <= self.last_index {
            let last = self.last_index;
            self.violation(format!("entry {index} ({request}) was applied after entry {last}"));
        }
        self.last_index = self.last_index.max(index);
        let due = self.replay.apply(&request);
        let entry = Entry { seq: self.seq, index, due, request };
        if let Some(entry) = self.asked.applied(entry) {
            self.nobodys(&entry);
        }
        self.forget();
    }

    /// A client was answered; also with an error that says what the model's would.
    pub fn returned(&mut self, op: OpId, now: Micros, response: Response) {
        self.tick(now);
        let Some(open) = self.close(op) else { return };
        let wrong = if open.request.is_logged() {
            self.judge_write(op, &open, &response)
        } else {
            self.judge_read(&open, &response)
        };
        if let Err(what) = wrong {
            self.violation(format!("{} {what}", open.name(op)));
        }
        if let Some(revision) = response.revision
            && revision > self.floor.revision
            && revision <= self.replay.state().revision()
        {
            self.floor.revision = revision;
            self.floor.by = Some((op, open.client));
        }
        self.forget();
    }

    /// Nobody will answer: it may have happened, may happen later, or never.
    pub fn lost(&mut self, op: OpId) {
        self.seq += 1;
        let Some(open) = self.close(op) else { return };
        self.counts.lost += 1;
        if open.request.is_logged() {
            self.asked.lost(&open.request, (open.seq, op));
        }
    }

    /// A client was told that it certainly did not and will not happen.
    pub fn rejected(&mut self, op: OpId) {
        self.seq += 1;
        let Some(open) = self.close(op) else { return };
        self.counts.rejected += 1;
        if open.request.is_logged() {
            self.reject(op, &open);
        }
    }

    /// The first violations, one sentence each.
    pub fn violations(&self) -> &[String] {
        &self.violations
    }

    /// What was done so far.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// The model and its past, for the checkers of watches.
    pub fn replay(&self) -> &Replay {
        &self.replay
    }

    fn tick(&mut self, now: Micros) {
        self.seq += 1;
        if now < self.now {
            self.violation(format!("time went back from {} to {now} us", self.now));
        }
        self.now = self.now.max(now);
    }

    fn close(&mut self, op: OpId) -> Option<Open> {
        let open = self.open.remove(&op);
        match &open {
            Some(open) => {
                self.reads.remove(&(open.floor.revision, op));
            }
            None => self.violation(format!("op {op} ended, but is not open")),
        }
        open
    }

    fn judge_write(&mut self, op: OpId, open: &Open, response: &Response) -> Result<(), String> {
        let mut first_reason = None;
        let claimed = self.asked.claim(&open.request, (open.seq, op), |entry| {
            let fits = fits(open, entry, response);
            if let Err(reason) = &fits
                && first_reason.is_none()
            {
                first_reason = Some(format!("{reason} (entry {})", entry.index));
            }
            fits.is_ok()
        });
        let error = matches!(response.answer, Answer::Error(_));
        self.counts.judged += 1;
        match claimed {
            Some(entry) => {
                self.claimed(op, open, &entry, response);
                Ok(())
            }
            // An error may also come from before the log; then there must be no entry.
            None if error => {
                self.reject(op, open);
                Ok(())
            }
            None => {
                // Whatever it answered, it was acknowledged: one entry is its own.
                let entry = self.asked.claim(&open.request, (open.seq, op), |_| true);
                self.asked.drop(&open.request, (open.seq, op));
                if let Some(entry) = &entry {
                    self.claimed(op, open, entry, response);
                }
                let lost = || "was acknowledged, but no entry applied since it began is its own";
                Err(first_reason.unwrap_or_else(|| lost().to_owned()))
            }
        }
    }

    fn claimed(&mut self, op: OpId, open: &Open, entry: &Entry, response: &Response) {
        if has_any(&entry.due.answer) {
            self.counts.judged -= 1;
            self.counts.not_judged += 1;
        }
        if let (Request::Compact { revision }, Answer::Done) = (&open.request, &response.answer) {
            self.floor.compacted = self.floor.compacted.max(*revision);
        }
        if self.claims.len() == CLAIMS_MAX {
            self.claims.pop_front();
        }
        self.claims.push_back((open.request.clone(), op, open.client, entry.index));
        self.uncovered(&open.request, None);
    }

    fn reject(&mut self, op: OpId, open: &Open) {
        self.asked.drop(&open.request, (open.seq, op));
        self.uncovered(&open.request, Some(open.name(op)));
    }

    /// Entries that nobody is left for.
    fn uncovered(&mut self, request: &Request, refused: Option<String>) {
        while let Some(entry) = self.asked.uncovered(request) {
            match &refused {
                Some(name) => {
                    let index = entry.index;
                    self.violation(format!("{name} was refused, but entry {index} is its own"));
                }
                None => self.nobodys(&entry),
            }
        }
    }

    fn nobodys(&mut self, entry: &Entry) {
        if self.asked.has_forgotten() {
            self.counts.not_judged += 1;
            return;
        }
        let Entry { index, request, .. } = entry;
        if self.recipes.iter().any(|prefix| request.writes_only_under(prefix)) {
            return;
        }
        let claim = self.claims.iter().rev().find(|(claimed, ..)| claimed == request);
        self.violation(match claim {
            Some((_, op, client, first)) => format!(
                "entry {index} ({request}) repeats entry {first}, which op {op} of client {client} \
                 asked for once"
            ),
            None => format!("entry {index} ({request}) is more than clients asked for"),
        });
    }

    fn forget(&mut self) {
        let current = self.replay.state().revision();
        let window = current - self.window;
        let held = self.reads.first().map_or(window, |(floor, _)| window.min(*floor));
        let farthest = current - self.window.saturating_mul(WINDOWS_MAX);
        self.replay.forget_before(held.max(farthest));
    }

    fn violation(&mut self, what: String) {
        self.counts.violations += 1;
        if self.violations.len() < VIOLATIONS_MAX {
            self.violations.push(what);
        }
    }
}

impl Open {
    fn name(&self, op: OpId) -> String {
        format!("op {op} of client {} ({})", self.client, self.request)
    }
}

/// Whether an answer is that of an entry.
fn fits(open: &Open, entry: &Entry, response: &Response) -> Result<(), String> {
    if let (Request::LeaseGrant { id: asked }, Answer::LeaseGrant { id }) =
        (&open.request, &response.answer)
        && *asked != 0
        && asked != id
    {
        return Err(format!("answered lease {id:x}"));
    }
    agrees(&entry.request, &entry.due, response)
}

/// Whether a part of an answer is not known to the model.
fn has_any(answer: &Answer) -> bool {
    match answer {
        Answer::Any => true,
        Answer::Txn { answers, .. } => answers.iter().any(has_any),
        _ => false,
    }
}
