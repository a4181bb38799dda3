//! `-w protobuf`: the reply as it came over the wire, without a newline. Replies that the tool made
//! up itself, about several endpoints, have no such form; nor have clientv3's own structs about
//! leases, which fail in words of their own.

use prost::Message;
use proto::etcdserverpb::{AuthEnableResponse, ResponseHeader, WatchResponse};

use super::Reply;

/// The bytes or the error's text; `None` where the format as such is what is lacking.
pub(super) fn print(reply: &Reply<'_>) -> Option<Result<Vec<u8>, String>> {
    Some(Ok(match reply {
        Reply::Get(get) => get.encode_to_vec(),
        Reply::Put(put) => put.encode_to_vec(),
        Reply::Del(del) => del.encode_to_vec(),
        Reply::Txn(txn) => txn.encode_to_vec(),
        Reply::Watch(watched) => WatchResponse {
            header: Some(watched.header),
            events: watched.events.clone().unwrap_or_default(),
            compact_revision: watched.compact_revision,
            canceled: watched.canceled,
            ..WatchResponse::default()
        }
        .encode_to_vec(),
        Reply::Members(list) | Reply::Membership(list, _) => list.encode_to_vec(),
        Reply::MemberAdded(reply, _) => reply.encode_to_vec(),
        Reply::Alarms(list) => list.encode_to_vec(),
        Reply::UserGet(_, user) => user.encode_to_vec(),
        Reply::UserList(list) => list.encode_to_vec(),
        Reply::RoleGet(_, role) => role.encode_to_vec(),
        Reply::RoleList(list) => list.encode_to_vec(),
        Reply::AuthStatus(status) => status.encode_to_vec(),
        // All replies with nothing but a header look alike.
        Reply::Done(done) if done.message => {
            AuthEnableResponse { header: done.header }.encode_to_vec()
        }
        Reply::Grant(lease) => return unsupported("LeaseGrantResponse", &lease.header),
        Reply::KeepAlive(lease) => return unsupported("LeaseKeepAliveResponse", &lease.header),
        Reply::TimeToLive(lease, _) => {
            return unsupported("LeaseTimeToLiveResponse", &lease.header);
        }
        Reply::Leases(list) => return unsupported("LeaseLeasesResponse", &list.header),
        Reply::Done(done) => return unsupported("LeaseRevokeResponse", &done.header),
        Reply::Snapshot(_)
        | Reply::FileHash(_)
        | Reply::Health(_)
        | Reply::Status(_)
        | Reply::HashKv(_) => return None,
    }))
}

/// A Go struct shown by its type and the header that it embeds.
fn unsupported(name: &str, header: &Option<ResponseHeader>) -> Option<Result<Vec<u8>, String>> {
    let header = header.unwrap_or_default();
    let fields = [
        ("cluster_id", header.cluster_id.to_string()),
        ("member_id", header.member_id.to_string()),
        ("revision", header.revision.to_string()),
        ("raft_term", header.raft_term.to_string()),
    ];
    let shown: String = fields
        .iter()
        .filter(|(_, value)| value != "0")
        .map(|(name, value)| format!("{name}:{value} "))
        .collect();
    Some(Err(format!("marshal unsupported for type clientv3.{name} ({shown})")))
}

#[cfg(test)]
mod tests {
    use proto::etcdserverpb::RangeResponse;
    use proto::mvccpb::KeyValue;

    use super::*;
    use proto::base64::encode_padded;

    #[test]
    fn replies_are_the_bytes_that_etcd_sent() {
        let kv = KeyValue {
            key: "fmt1".into(),
            create_revision: 2,
            mod_revision: 2,
            version: 1,
            value: "one".into(),
            lease: 0,
        };
        let get = RangeResponse { kvs: vec![kv], count: 1, ..RangeResponse::default() };
        let bytes = print(&Reply::Get(&get)).map(Result::unwrap_or_default);
        assert_eq!(encode_padded(&bytes.unwrap_or_default()), "EhEKBGZtdDEQAhgCIAEqA29uZSAB");
        assert_eq!(print(&Reply::Status(&[])), None);
    }
}
