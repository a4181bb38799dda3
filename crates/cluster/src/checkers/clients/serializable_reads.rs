//! Reads that may be stale still show a real past state (G1): the content of whatever revision they
//! claim ([`history::serializable`]).

use history::past::Replay;
use history::request::{Op, Request};
use history::serializable::{Finding, Violation, validate};

use super::{Judged, Property, What, wire};
use crate::Micros;

#[derive(Default)]
pub(super) struct SerializableReads {}

impl Property for SerializableReads {
    fn name(&self) -> &'static str {
        "serializable reads"
    }

    fn see(&mut self, _: Micros, replay: &Replay, what: &What<'_>) -> Vec<String> {
        let What::Answered(call, Ok(bytes)) = what else { return Vec::new() };
        let Some(request @ Request::Kv(Op::Range(range))) = &call.request else {
            return Vec::new();
        };
        if !range.serializable {
            return Vec::new();
        }
        let Some(response) = wire::response(request, bytes) else { return Vec::new() };
        match validate(replay, range, response.revision, &response.answer) {
            Finding::Right | Finding::NotJudged => Vec::new(),
            Finding::Wrong(Violation::ResponseNotMatched(what)) => {
                vec![format!("op {} ({request}) {what}", call.op)]
            }
            Finding::Wrong(Violation::FutureRevisionAnswered { revision }) => {
                vec![format!(
                    "op {} ({request}) shows revision {revision} before its time",
                    call.op
                )]
            }
        }
    }

    fn count(&self, _: &mut Judged) {}
}
