//! Lock and Campaign: a place in a queue, and waiting until all older places are gone (Y2, Y3, Y5;
//! `mutex.go`, `election.go` and `key.go` of `clientv3/concurrency`).
//!
//! The two differ at the ends: who finds itself alone already holds a lock, while a candidate always
//! looks at the queue; a waiter for a lock looks at its own key before it says that it holds it; and
//! a candidate that fails while waiting leaves its key behind, unless its caller went away.

use bytes::Bytes;
use proto::Status;
use proto::etcdserverpb::response_op::Response;
use proto::etcdserverpb::{
    LeaseGrantResponse, RangeResponse, ResponseHeader, TxnResponse, WatchResponse,
};
use proto::mvccpb::event::EventType;
use proto::v3electionpb::{CampaignRequest, CampaignResponse, LeaderKey};
use proto::v3lockpb::{LockRequest, LockResponse};

use super::{Ask, Next, Recipe, done, end, own, requests, unknown};

enum Goal {
    Lock,
    /// With the value to proclaim.
    Leadership(Bytes),
}

enum Step {
    /// A lease is being granted.
    Grant,
    /// The key is being put.
    Enter,
    /// The key was there; a new value is being put.
    Proclaim,
    /// Who is the last before this one?
    Look,
    /// That one is being watched.
    Wait,
    /// Is the own key still there?
    Check,
    /// It failed with this, and its key is being deleted.
    Leave(Status),
}

/// A caller on its way through a queue.
pub(super) struct Queue {
    goal: Goal,
    name: Bytes,
    prefix: Bytes,
    lease: i64,
    /// Its own place, and the revision in which it was made.
    key: Bytes,
    rev: i64,
    /// Of the answer that made it; what a candidate gets in the end.
    header: Option<ResponseHeader>,
    /// Log entry of that.
    index: u64,
    step: Step,
}

impl Queue {
    pub(super) fn lock(request: LockRequest) -> Self {
        Queue::new(Goal::Lock, request.name, request.lease)
    }

    pub(super) fn campaign(request: CampaignRequest) -> Self {
        Queue::new(Goal::Leadership(request.value), request.name, request.lease)
    }

    fn new(goal: Goal, name: Bytes, lease: i64) -> Self {
        let prefix = requests::prefix(&name);
        let (key, header) = (Bytes::new(), None);
        Queue { goal, name, prefix, lease, key, rev: 0, header, index: 0, step: Step::Grant }
    }

    /// Puts the own key, unless this lease has one here already.
    fn enter(&mut self) -> Vec<Next> {
        self.key = requests::key(&self.prefix, self.lease);
        let get = requests::range_op(requests::get(&self.key));
        let value = match &self.goal {
            Goal::Lock => Bytes::new(),
            Goal::Leadership(value) => value.clone(),
        };
        let put = requests::put_op(&self.key, &value, self.lease);
        let (mut success, mut failure) = (vec![put], vec![get]);
        if matches!(self.goal, Goal::Lock) {
            // Who is first is asked at once: mostly it is the caller.
            let owner = requests::range_op(requests::first_created(&self.prefix));
            success.push(owner.clone());
            failure.push(owner);
        }
        self.step = Step::Enter;
        vec![Next::Ask(Ask::Txn(requests::if_created_at(&self.key, 0, success, failure)))]
    }

    fn entered(&mut self, txn: TxnResponse, index: u64) -> Vec<Next> {
        let mut found = txn.responses.into_iter().map(|op| match op.response {
            Some(Response::ResponseRange(range)) => range.kvs.into_iter().next(),
            _ => None,
        });
        let own = found.next().flatten();
        self.rev = match &own {
            Some(kv) if !txn.succeeded => kv.create_revision,
            _ => txn.header.as_ref().map_or(0, |header| header.revision),
        };
        self.header = txn.header;
        self.index = index;
        match &self.goal {
            Goal::Lock => match found.next().flatten() {
                Some(owner) if owner.create_revision != self.rev => self.look(),
                _ => self.reached(),
            },
            Goal::Leadership(value) => match own {
                Some(kv) if kv.value != *value => {
                    let put = requests::put_op(&self.key, value, self.lease);
                    let txn = requests::if_created_at(&self.key, self.rev, vec![put], vec![]);
                    self.step = Step::Proclaim;
                    vec![Next::Ask(Ask::Txn(txn))]
                }
                _ => self.look(),
            },
        }
    }

    fn look(&mut self) -> Vec<Next> {
        self.step = Step::Look;
        let range = requests::last_created_before(&self.prefix, self.rev);
        vec![Next::Ask(Ask::Range(range))]
    }

    fn looked(&mut self, range: RangeResponse) -> Vec<Next> {
        if let Some(before) = range.kvs.first() {
            let revision = range.header.map_or(0, |header| header.revision);
            self.step = Step::Wait;
            return vec![Next::Watch(requests::watch(&before.key, revision))];
        }
        if matches!(self.goal, Goal::Lock) {
            self.step = Step::Check;
            return vec![Next::Ask(Ask::Range(requests::get(&self.key)))];
        }
        self.reached()
    }

    fn reached(&mut self) -> Vec<Next> {
        let header = self.header;
        match self.goal {
            Goal::Lock => done(&LockResponse { header, key: self.key.clone() }, self.index),
            Goal::Leadership(_) => {
                let leader = LeaderKey {
                    name: self.name.clone(),
                    key: self.key.clone(),
                    rev: self.rev,
                    lease: self.lease,
                };
                done(&CampaignResponse { header, leader: Some(leader) }, self.index)
            }
        }
    }

    /// The own key is deleted: that of a lock whatever it is, a candidate's if it is still the same.
    fn leave(&self) -> Ask {
        match self.goal {
            Goal::Lock => Ask::DeleteRange(requests::delete(&self.key)),
            Goal::Leadership(_) => {
                let delete = vec![requests::delete_op(&self.key)];
                Ask::Txn(requests::if_created_at(&self.key, self.rev, delete, vec![]))
            }
        }
    }

    /// What comes of a failure after the key was put.
    fn fail(&mut self, status: Status) -> Vec<Next> {
        let ask = self.leave();
        match (&self.goal, &self.step) {
            (Goal::Lock, _) => {
                self.step = Step::Leave(status);
                vec![Next::AskAsNobody(ask)]
            }
            (Goal::Leadership(_), Step::Proclaim) => {
                self.step = Step::Leave(status);
                vec![Next::Ask(ask)]
            }
            (Goal::Leadership(_), _) => end(status),
        }
    }
}

impl Recipe for Queue {
    fn start(&mut self) -> Vec<Next> {
        if self.lease == 0 {
            return vec![Next::Ask(Ask::Grant(requests::session()))];
        }
        self.enter()
    }

    fn answered(&mut self, response: Bytes, index: u64) -> Vec<Next> {
        match &self.step {
            Step::Grant => {
                self.lease = own::<LeaseGrantResponse>(response).id;
                self.enter()
            }
            Step::Enter => self.entered(own(response), index),
            Step::Proclaim => {
                let txn: TxnResponse = own(response);
                if txn.succeeded { self.look() } else { end(unknown("election: not leader")) }
            }
            Step::Look => self.looked(own(response)),
            Step::Check => {
                let range: RangeResponse = own(response);
                if range.kvs.is_empty() {
                    return end(unknown("mutex: session is expired"));
                }
                self.header = range.header;
                self.reached()
            }
            Step::Leave(status) => end(status.clone()),
            Step::Wait => Vec::new(),
        }
    }

    fn failed(&mut self, status: Status) -> Vec<Next> {
        match &self.step {
            Step::Grant | Step::Enter | Step::Wait => end(status),
            Step::Proclaim | Step::Look | Step::Check => self.fail(status),
            Step::Leave(first) => end(first.clone()),
        }
    }

    fn watched(&mut self, response: WatchResponse) -> Vec<Next> {
        if !matches!(self.step, Step::Wait) {
            return Vec::new();
        }
        if response.events.iter().any(|event| event.r#type() == EventType::Delete) {
            return self.look();
        }
        if response.canceled {
            return self.fail(super::observe::watch_error(&response));
        }
        Vec::new()
    }

    fn abandoned(&self) -> Option<Ask> {
        match self.step {
            // A request under way may still put the key: then it stays until its lease ends.
            Step::Grant | Step::Enter | Step::Proclaim => None,
            Step::Look | Step::Wait | Step::Check | Step::Leave(_) => Some(self.leave()),
        }
    }
}
