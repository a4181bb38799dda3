//! Reads: which revision they show, and whether it was so.

use super::{Checker, Open, has_any};
use crate::model::{agrees, read_in};
use crate::request::{Answer, Error, RangeRequest, Request, Response};

impl Checker {
    /// What is wrong with a read, as the end of a sentence.
    pub(super) fn judge_read(&mut self, open: &Open, response: &Response) -> Result<(), String> {
        let (ranges, serializable) = open.request.reads();
        let Request::Kv(op) = &open.request else {
            self.counts.judged += 1;
            return Ok(());
        };
        if let Answer::Error(error) = &response.answer {
            self.counts.judged += 1;
            return self.read_failed(open, &ranges, serializable, *error);
        }
        let Some(revision) = response.revision else {
            self.counts.not_judged += 1;
            return Ok(());
        };
        self.revision_is_possible(open, serializable, revision)?;
        if let [range] = ranges.as_slice() {
            range_is_possible(open, serializable, revision, range)?;
        }
        let past = self.replay.past();
        let due = past.at(revision).map(|view| read_in(&view, revision, past, op));
        match due {
            Some(due) => {
                let judged = !has_any(&due);
                self.counts.judged += u64::from(judged);
                self.counts.not_judged += u64::from(!judged);
                let due = Response { revision: Some(revision), answer: due };
                agrees(&open.request, &due, response)
                    .map_err(|what| format!("{what} at revision {revision}"))
            }
            None => {
                self.counts.not_judged += 1;
                Ok(())
            }
        }
    }

    fn revision_is_possible(
        &self,
        open: &Open,
        serializable: bool,
        revision: i64,
    ) -> Result<(), String> {
        let current = self.replay.state().revision();
        if revision > current {
            return Err(format!("read revision {revision}, but {current} is the newest applied"));
        }
        if serializable || revision >= open.floor.revision {
            return Ok(());
        }
        let floor = open.floor.revision;
        let by = match open.floor.by {
            Some((op, client)) => format!("op {op} of client {client}"),
            None => "another".to_owned(),
        };
        Err(format!(
            "read revision {revision}, but {floor} was acknowledged to {by} before it began"
        ))
    }

    /// Whether some state between the read's beginning and now fails it so (Q3).
    fn read_failed(
        &self,
        open: &Open,
        ranges: &[&RangeRequest],
        serializable: bool,
        error: Error,
    ) -> Result<(), String> {
        let compacted = self.replay.state().compacted();
        let possible = match error {
            Error::Compacted => {
                ranges.iter().any(|range| range.revision != 0 && range.revision < compacted)
            }
            Error::FutureRevision => {
                ranges.iter().any(|range| range.revision > open.floor.revision || serializable)
            }
            _ => false,
        };
        if possible {
            Ok(())
        } else {
            Err(format!("failed with {error:?}, which nothing explains"))
        }
    }
}

/// Whether the revision asked for could be answered at all.
fn range_is_possible(
    open: &Open,
    serializable: bool,
    revision: i64,
    range: &RangeRequest,
) -> Result<(), String> {
    let asked = range.revision;
    if asked > revision {
        return Err(format!("was answered at {asked}, but {revision} was the newest"));
    }
    if asked > 0 && !serializable && asked < open.floor.compacted {
        let compacted = open.floor.compacted;
        return Err(format!("was answered at {asked}, but {compacted} was compacted before"));
    }
    Ok(())
}
