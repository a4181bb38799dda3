//! etcd's table of gRPC errors (api/v3rpc/rpctypes): one function per error, and the look-up by text
//! that clientv3 does before it prints one.
//!
//! Mirrors 3.6's codes; the two that differ in 3.4 and 3.5 (`not capable` and `rpc not supported for
//! learner`, Unavailable there) are for the caller of an older profile to recode. Internal errors
//! that reach the wire as code Unknown with their raw text are not in the table, as in etcd.

use crate::{Code, Status};

macro_rules! table {
    ($($name:ident: $code:ident, $text:literal;)*) => {
        $(
            #[doc = concat!("`", $text, "`")]
            pub fn $name() -> Status {
                Status::new(Code::$code, $text)
            }
        )*

        /// Code and text of every error of the table, in the order of etcd-semantics section 16.
        pub const TABLE: &[(Code, &str)] = &[$((Code::$code, $text)),*];
    };
}

table! {
    // InvalidArgument
    empty_key: InvalidArgument, "etcdserver: key is not provided";
    key_not_found: InvalidArgument, "etcdserver: key not found";
    value_provided: InvalidArgument, "etcdserver: value is provided";
    lease_provided: InvalidArgument, "etcdserver: lease is provided";
    too_many_ops: InvalidArgument, "etcdserver: too many operations in txn request";
    duplicate_key: InvalidArgument, "etcdserver: duplicate key given in txn request";
    invalid_client_api_version: InvalidArgument, "etcdserver: invalid client api version";
    invalid_sort_option: InvalidArgument, "etcdserver: invalid sort option";
    member_bad_urls: InvalidArgument, "etcdserver: given member URLs are invalid";
    request_too_large: InvalidArgument, "etcdserver: request is too large";
    user_empty: InvalidArgument, "etcdserver: user name is empty";
    role_empty: InvalidArgument, "etcdserver: role name is empty";
    auth_failed: InvalidArgument, "etcdserver: authentication failed, invalid user ID or password";
    permission_not_given: InvalidArgument, "etcdserver: permission not given";
    invalid_auth_mgmt: InvalidArgument, "etcdserver: invalid auth management";
    auth_old_revision: InvalidArgument, "etcdserver: revision of auth store is old";
    wrong_downgrade_version_format: InvalidArgument, "etcdserver: wrong downgrade target version format";
    invalid_downgrade_target_version: InvalidArgument, "etcdserver: invalid downgrade target version";
    // OutOfRange
    compacted: OutOfRange, "etcdserver: mvcc: required revision has been compacted";
    future_rev: OutOfRange, "etcdserver: mvcc: required revision is a future revision";
    lease_ttl_too_large: OutOfRange, "etcdserver: too large lease TTL";
    // ResourceExhausted
    no_space: ResourceExhausted, "etcdserver: mvcc: database space exceeded";
    too_many_requests: ResourceExhausted, "etcdserver: too many requests";
    // NotFound
    lease_not_found: NotFound, "etcdserver: requested lease not found";
    member_not_found: NotFound, "etcdserver: member not found";
    // FailedPrecondition
    lease_exists: FailedPrecondition, "etcdserver: lease already exists";
    member_exists: FailedPrecondition, "etcdserver: member ID already exist";
    peer_url_exists: FailedPrecondition, "etcdserver: Peer URLs already exists";
    member_not_enough_started: FailedPrecondition, "etcdserver: re-configuration failed due to not enough started members";
    member_not_learner: FailedPrecondition, "etcdserver: can only promote a learner member";
    learner_not_ready: FailedPrecondition, "etcdserver: can only promote a learner member which is in sync with leader";
    too_many_learners: FailedPrecondition, "etcdserver: too many learner members in cluster";
    cluster_id_mismatch: FailedPrecondition, "etcdserver: cluster ID mismatch";
    root_user_not_exist: FailedPrecondition, "etcdserver: root user does not exist";
    root_role_not_exist: FailedPrecondition, "etcdserver: root user does not have root role";
    user_already_exists: FailedPrecondition, "etcdserver: user name already exists";
    user_not_found: FailedPrecondition, "etcdserver: user name not found";
    role_already_exists: FailedPrecondition, "etcdserver: role name already exists";
    role_not_found: FailedPrecondition, "etcdserver: role name not found";
    role_not_granted: FailedPrecondition, "etcdserver: role is not granted to the user";
    permission_not_granted: FailedPrecondition, "etcdserver: permission is not granted to the role";
    auth_not_enabled: FailedPrecondition, "etcdserver: authentication is not enabled";
    not_leader: FailedPrecondition, "etcdserver: not leader";
    not_capable: FailedPrecondition, "etcdserver: not capable";
    not_supported_for_learner: FailedPrecondition, "etcdserver: rpc not supported for learner";
    bad_leader_transferee: FailedPrecondition, "etcdserver: bad leader transferee";
    cluster_version_unavailable: FailedPrecondition, "etcdserver: cluster version not found during downgrade";
    downgrade_in_process: FailedPrecondition, "etcdserver: cluster has a downgrade job in progress";
    no_inflight_downgrade: FailedPrecondition, "etcdserver: no inflight downgrade job";
    // PermissionDenied
    permission_denied: PermissionDenied, "etcdserver: permission denied";
    // Unauthenticated
    invalid_auth_token: Unauthenticated, "etcdserver: invalid auth token";
    // Unavailable
    no_leader: Unavailable, "etcdserver: no leader";
    leader_changed: Unavailable, "etcdserver: leader changed";
    stopped: Unavailable, "etcdserver: server stopped";
    timeout: Unavailable, "etcdserver: request timed out";
    timeout_due_to_leader_fail: Unavailable, "etcdserver: request timed out, possibly due to previous leader failure";
    timeout_due_to_connection_lost: Unavailable, "etcdserver: request timed out, possibly due to connection lost";
    timeout_wait_applied_index: Unavailable, "etcdserver: request timed out, waiting for the applied index took too long";
    unhealthy: Unavailable, "etcdserver: unhealthy cluster";
    // Canceled
    watch_canceled: Canceled, "etcdserver: watch canceled";
    request_canceled: Canceled, "etcdserver: request canceled";
    // DeadlineExceeded
    deadline_exceeded: DeadlineExceeded, "context deadline exceeded";
    // DataLoss
    corrupt: DataLoss, "etcdserver: corrupt cluster";
}

/// The code that goes with a text of the table; `None` for a text clientv3 does not know.
pub fn known_text(text: &str) -> Option<Code> {
    TABLE.iter().find(|(_, known)| *known == text).map(|(code, _)| *code)
}

/// What etcdctl prints after `Error: `: the bare text when the table has it, else the whole status
/// (`rpc error: code = Unknown desc = ...`). A deadline that ran out prints its bare text too.
pub fn client_text(status: &Status) -> String {
    match known_text(&status.message) {
        Some(_) => status.message.clone(),
        None => status.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_stands_once_and_is_found() {
        for (code, text) in TABLE {
            assert_eq!(known_text(text), Some(*code), "{text}");
            let own_prefix = *code == Code::DeadlineExceeded || text.starts_with("etcdserver: ");
            assert!(own_prefix, "{text}");
        }
    }

    #[test]
    fn known_errors_print_their_text_and_others_the_whole_status() {
        let cases = [
            (empty_key(), "etcdserver: key is not provided"),
            (compacted(), "etcdserver: mvcc: required revision has been compacted"),
            (deadline_exceeded(), "context deadline exceeded"),
            (
                Status::new(Code::Unknown, "not a primary lessor"),
                "rpc error: code = Unknown desc = not a primary lessor",
            ),
        ];
        for (status, printed) in cases {
            assert_eq!(client_text(&status), printed);
        }
    }
}
