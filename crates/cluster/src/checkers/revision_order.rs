//! Answers respect real time, as far as revisions tell it (G1): a linearizable answer shows at least
//! the newest revision that anybody was told before the question, and a put a newer one.
//!
//! This needs no log and no model, so it costs next to nothing and runs everywhere, also in the
//! page. What the revisions hold is for [`clients`](super::clients) to judge.

use std::collections::BTreeMap;

use prost::Message;
use proto::etcdserverpb::RangeRequest;
use proto::method;

use super::{Checker, Step, What};

/// How an answer's revision must stand to the newest one told before.
#[derive(Clone, Copy)]
enum Kind {
    Newer,
    NotOlder,
}

#[derive(Default)]
pub(crate) struct RevisionOrder {
    /// Open calls by (host, call): what must hold, and the newest revision told before.
    open: BTreeMap<(u16, u64), (Kind, i64)>,
    newest: i64,
}

impl Checker for RevisionOrder {
    fn name(&self) -> &'static str {
        "revision order"
    }

    fn step(&mut self, step: &Step<'_>) -> Result<(), String> {
        match step.what {
            What::Asked { host, call, method, request } => {
                let kind = match method {
                    method::kv::PUT => Kind::Newer,
                    method::kv::DELETE_RANGE => Kind::NotOlder,
                    method::kv::RANGE => match RangeRequest::decode(request.clone()) {
                        Ok(range) if !range.serializable => Kind::NotOlder,
                        _ => return Ok(()),
                    },
                    _ => return Ok(()),
                };
                self.open.insert((host, call), (kind, self.newest));
                Ok(())
            }
            What::Answered { host, call, result } => {
                let Some((kind, before)) = self.open.remove(&(host, call)) else { return Ok(()) };
                let Some(revision) =
                    result.as_ref().ok().and_then(|reply| proto::revision_of(reply))
                else {
                    return Ok(());
                };
                self.newest = self.newest.max(revision);
                let right = match kind {
                    Kind::Newer => revision > before,
                    Kind::NotOlder => revision >= before,
                };
                if right {
                    return Ok(());
                }
                Err(format!(
                    "call {call} was answered with revision {revision}, but {before} was told \
                     before it began"
                ))
            }
            What::Unanswered { host, call } => {
                self.open.remove(&(host, call));
                Ok(())
            }
            _ => Ok(()),
        }
    }
}
