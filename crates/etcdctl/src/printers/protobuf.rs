//! `-w protobuf`: the reply as it came over the wire, without a newline. Replies that the tool made
//! up itself, about several endpoints, have no such form.

use prost::Message;

use super::Reply;

pub(super) fn print(reply: &Reply<'_>) -> Option<Vec<u8>> {
    match reply {
        Reply::Get(get) => Some(get.encode_to_vec()),
        Reply::Put(put) => Some(put.encode_to_vec()),
        Reply::Del(del) => Some(del.encode_to_vec()),
        Reply::Members(members) => Some(members.encode_to_vec()),
        Reply::Health(_) | Reply::Status(_) | Reply::HashKv(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use proto::etcdserverpb::RangeResponse;
    use proto::mvccpb::KeyValue;

    use super::*;
    use crate::go::json::base64;

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
        let bytes = print(&Reply::Get(&get)).unwrap_or_default();
        assert_eq!(base64(&bytes), "EhEKBGZtdDEQAhgCIAEqA29uZSAB");
        assert_eq!(print(&Reply::Status(&[])), None);
    }
}
