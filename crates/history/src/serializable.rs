//! Reads that may be stale must still show a real past state (G1): whatever revision a read claims,
//! its content is compared with the persisted order of requests at that revision.
//!
//! Mirrors `validate/operations.go`. Errors are never wrong here: a member may lag behind, or know
//! of a compaction, at any time.

use crate::model::{agrees, range_in};
use crate::past::Replay;
use crate::request::{Answer, Op, RangeRequest, Request, Response};

/// What is wrong with a read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Violation {
    /// The content of that revision was another.
    ResponseNotMatched(String),
    /// A revision was answered that never existed.
    FutureRevisionAnswered {
        /// That revision.
        revision: i64,
    },
}

/// What was found out about a read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// It shows what was there.
    Right,
    /// The revision it claims is no longer kept, or it does not claim any.
    NotJudged,
    /// It does not.
    Wrong(Violation),
}

/// Judges one read by the revision that it asked for or, without one, by its header's.
///
/// `header_revision` is `None` when the history does not tell it; `seen` is any answer.
pub fn validate(
    replay: &Replay,
    range: &RangeRequest,
    header_revision: Option<i64>,
    seen: &Answer,
) -> Finding {
    if matches!(seen, Answer::Error(_)) {
        return Finding::Right;
    }
    let asked = (range.revision > 0).then_some(range.revision);
    let Some(revision) = asked.or(header_revision) else { return Finding::NotJudged };
    if revision > replay.state().revision() {
        return Finding::Wrong(Violation::FutureRevisionAnswered { revision });
    }
    let Some(view) = replay.past().at(revision) else { return Finding::NotJudged };
    let due = Response { revision: None, answer: Answer::Range(range_in(&view, range)) };
    let seen = Response { revision: None, answer: seen.clone() };
    match agrees(&Request::Kv(Op::Range(range.clone())), &due, &seen) {
        Ok(()) => Finding::Right,
        Err(what) => Finding::Wrong(Violation::ResponseNotMatched(what)),
    }
}
