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
