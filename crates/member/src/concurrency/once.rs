//! What is done with one request: Unlock, Leader, Proclaim, Resign (Y5, Y6; `v3lock/lock.go`,
//! `v3election/election.go`).

use bytes::Bytes;
use proto::Status;
use proto::etcdserverpb::{
    DeleteRangeResponse, LeaseGrantResponse, RangeResponse, TxnResponse, WatchResponse,
};
use proto::v3electionpb::{
    LeaderKey, LeaderRequest, LeaderResponse, ProclaimRequest, ProclaimResponse, ResignRequest,
    ResignResponse,
};
use proto::v3lockpb::{UnlockRequest, UnlockResponse};

use super::{Ask, Next, Recipe, done, end, own, requests, unknown};

enum What {
    Unlock { key: Bytes },
    Leader { prefix: Bytes },
    Proclaim { leader: LeaderKey, value: Bytes },
    Resign { leader: LeaderKey },
}

/// One request, and before it perhaps a lease.
pub(super) struct Once {
    what: What,
    granting: bool,
}

impl Once {
    /// A plain delete: it succeeds whoever holds the lock, or nobody.
    pub(super) fn unlock(request: UnlockRequest) -> Self {
        Once { what: What::Unlock { key: request.key }, granting: false }
    }

    pub(super) fn leader(request: LeaderRequest) -> Self {
        let prefix = requests::prefix(&request.name);
        Once { what: What::Leader { prefix }, granting: false }
    }

    /// # Errors
    /// When it does not say who leads.
    pub(super) fn proclaim(request: ProclaimRequest) -> Result<Self, Status> {
        let leader = request.leader.ok_or_else(missing_leader)?;
        let granting = leader.lease == 0;
        Ok(Once { what: What::Proclaim { leader, value: request.value }, granting })
    }

    /// # Errors
    /// When it does not say who leads.
    pub(super) fn resign(request: ResignRequest) -> Result<Self, Status> {
        let leader = request.leader.ok_or_else(missing_leader)?;
        let granting = leader.lease == 0;
        Ok(Once { what: What::Resign { leader }, granting })
    }

    fn ask(&self) -> Vec<Next> {
        let ask = match &self.what {
            What::Unlock { key } => Ask::DeleteRange(requests::delete(key)),
            What::Leader { prefix } => Ask::Range(requests::first_created(prefix)),
            What::Proclaim { leader, value } => {
                let put = vec![requests::put_op(&leader.key, value, leader.lease)];
                Ask::Txn(requests::if_created_at(&leader.key, leader.rev, put, vec![]))
            }
            What::Resign { leader } => {
                let delete = vec![requests::delete_op(&leader.key)];
                Ask::Txn(requests::if_created_at(&leader.key, leader.rev, delete, vec![]))
            }
        };
        vec![Next::Ask(ask)]
    }
}

impl Recipe for Once {
    fn start(&mut self) -> Vec<Next> {
        if self.granting {
            return vec![Next::Ask(Ask::Grant(requests::session()))];
        }
        self.ask()
    }

    fn answered(&mut self, response: Bytes, index: u64) -> Vec<Next> {
        if std::mem::take(&mut self.granting) {
            let lease = own::<LeaseGrantResponse>(response).id;
            if let What::Proclaim { leader, .. } | What::Resign { leader } = &mut self.what {
                leader.lease = lease;
            }
            return self.ask();
        }
        match &self.what {
            What::Unlock { .. } => {
                let header = own::<DeleteRangeResponse>(response).header;
                done(&UnlockResponse { header }, index)
            }
            What::Leader { .. } => {
                let range: RangeResponse = own(response);
                match range.kvs.into_iter().next() {
                    Some(kv) => done(&LeaderResponse { header: range.header, kv: Some(kv) }, index),
                    None => end(unknown("election: no leader")),
                }
            }
            What::Proclaim { .. } => {
                let txn: TxnResponse = own(response);
                if !txn.succeeded {
                    return end(unknown("election: not leader"));
                }
                done(&ProclaimResponse { header: txn.header }, index)
            }
            // Who leads no more has resigned.
            What::Resign { .. } => {
                done(&ResignResponse { header: own::<TxnResponse>(response).header }, index)
            }
        }
    }

    fn failed(&mut self, status: Status) -> Vec<Next> {
        end(status)
    }

    fn watched(&mut self, _: WatchResponse) -> Vec<Next> {
        Vec::new()
    }

    fn abandoned(&self) -> Option<Ask> {
        None
    }
}

fn missing_leader() -> Status {
    unknown("\"leader\" field must be provided")
}
