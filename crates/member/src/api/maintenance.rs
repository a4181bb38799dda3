//! Maintenance: status, hashes, alarms, defragmentation, moving the leader
//! (`v3rpc/maintenance.go`), and the database as a stream.

use bytes::Bytes;
use prost::Message as _;
use proto::etcdserverpb::{
    DefragmentResponse, DowngradeInfo, HashKvRequest, HashKvResponse, HashResponse,
    InternalRaftRequest, MoveLeaderRequest, SnapshotResponse, StatusResponse,
};
use proto::{Code, Metadata, Profile, Status, method};
use sha2::{Digest, Sha256};

use super::{Answer, Caller, decode, unknown_method};
use crate::apply::{Body, Header};
use crate::io::Output;
use crate::member::Running;
use crate::versions::STORAGE_VERSION;
use crate::{CallId, Micros, limits};

impl Running {
    pub(super) fn maintenance(&mut self, caller: Caller<'_>, method: &str, body: Bytes) -> Answer {
        match method {
            method::maintenance::STATUS => Ok(Some(self.status_body())),
            method::maintenance::ALARM => {
                // 3.4 does not map auth's errors here either.
                if self.config.profile <= Profile::V3_4 {
                    let known = self.auth_info(caller.now, caller.metadata);
                    known.map_err(::auth::Error::unmapped)?;
                }
                let request = InternalRaftRequest {
                    alarm: Some(decode(body)?),
                    ..InternalRaftRequest::default()
                };
                self.write(caller, request)
            }
            method::maintenance::HASH_KV => {
                self.check_root(caller.now, caller.metadata)?;
                self.hash_kv(decode(body)?).map(Some)
            }
            method::maintenance::HASH => {
                self.check_root(caller.now, caller.metadata)?;
                let response = HashResponse { header: None, hash: self.hash() };
                Ok(Some(Body::new(&response)))
            }
            method::maintenance::DEFRAGMENT => {
                self.check_root(caller.now, caller.metadata)?;
                self.state.store.defragment();
                self.write_backend();
                // It forgets the header.
                Ok(Some(Body::with(Header::Missing, &DefragmentResponse::default())))
            }
            method::maintenance::DOWNGRADE => {
                self.check_root(caller.now, caller.metadata)?;
                self.downgrade(caller, &decode(body)?)
            }
            method::maintenance::MOVE_LEADER => {
                self.check_root(caller.now, caller.metadata)?;
                let request: MoveLeaderRequest = decode(body)?;
                self.move_leader(caller.now, caller.to, request.target_id)
            }
            _ => Err(unknown_method(method)),
        }
    }

    /// A7. This service does not map auth's errors: their raw text reaches the client.
    pub(crate) fn check_root(&mut self, now: Micros, metadata: &Metadata) -> Result<(), Status> {
        let info = self.auth_info(now, metadata).map_err(::auth::Error::unmapped)?;
        let info = info.unwrap_or_default();
        self.state.auth.is_admin_permitted(&info).map_err(::auth::Error::unmapped)
    }

    /// K5.
    fn status_body(&self) -> Body {
        let leader = self.node.leader().unwrap_or(0);
        let mut errors = Vec::new();
        if leader == 0 {
            errors.push("etcdserver: no leader".to_string());
        }
        errors.extend(self.state.alarms.texts());
        let profile = self.config.profile;
        if profile == Profile::V3_3 {
            return Body::new(&self.old_status(leader));
        }
        let is_new = profile >= Profile::V3_6;
        let downgrade = self.state.membership.downgrade();
        let response = StatusResponse {
            header: None,
            version: self.config.profile.version().to_string(),
            db_size: self.state.store.size_bytes() as i64,
            db_size_in_use: self.state.store.size_in_use_bytes() as i64,
            leader,
            raft_index: self.node.commit(),
            raft_term: self.node.term(),
            raft_applied_index: self.applied,
            errors,
            is_learner: self.is_learner(),
            storage_version: if is_new { STORAGE_VERSION.into() } else { String::new() },
            db_size_quota: match is_new {
                true => self.config.quota_bytes().unwrap_or(0) as i64,
                false => 0,
            },
            downgrade_info: is_new.then(|| DowngradeInfo {
                enabled: downgrade.is_some(),
                target_version: downgrade.unwrap_or_default().to_string(),
            }),
        };
        Body::new(&response)
    }

    /// What 3.3 knows of itself.
    fn old_status(&self, leader: u64) -> StatusResponse {
        StatusResponse {
            version: self.config.profile.version().to_string(),
            db_size: self.state.store.size_bytes() as i64,
            leader,
            raft_index: self.node.commit(),
            raft_term: self.node.term(),
            ..StatusResponse::default()
        }
    }

    /// H2.
    fn hash_kv(&self, request: HashKvRequest) -> Result<Body, Status> {
        let hash = self.state.store.hash_kv(request.revision)?;
        let response = HashKvResponse {
            header: None,
            hash: hash.hash,
            compact_revision: hash.compact_revision,
            // H2: 3.6 tells it.
            hash_revision: match self.config.profile {
                Profile::V3_6 => hash.hash_revision,
                _ => 0,
            },
        };
        Ok(Body::new(&response))
    }

    /// N1: the file in pieces, each with how much is still to come, and then its SHA-256.
    pub(crate) fn send_database(&mut self, call: CallId) -> Result<(), Status> {
        let file = self.state.db_file(&self.place()).map_err(|e| Status::new(Code::Internal, e))?;
        let sum = Bytes::copy_from_slice(&Sha256::digest(&file));
        let mut rest = file;
        while !rest.is_empty() {
            let blob = rest.split_to(rest.len().min(limits::SNAPSHOT_CHUNK_BYTES));
            self.send_piece(call, rest.len() as u64, blob);
        }
        self.send_piece(call, 0, sum);
        Ok(())
    }

    fn send_piece(&mut self, call: CallId, remaining_bytes: u64, blob: Bytes) {
        let piece = SnapshotResponse { remaining_bytes, blob, ..SnapshotResponse::default() };
        self.out.push(Output::Message { call, message: piece.encode_to_vec().into() });
    }

    /// H4: over the whole backend, but for what differs between members by right.
    fn hash(&self) -> u32 {
        let mut crc = 0;
        self.state.feed_buckets(|bytes| crc = crc32c::crc32c_append(crc, bytes));
        crc
    }
}
