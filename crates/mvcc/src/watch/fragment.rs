//! Large responses in pieces, for watchers that asked for them (W13).

use prost::Message;
use proto::etcdserverpb::WatchResponse;

/// What etcd allows gRPC on top of the largest request, in bytes.
const OVERHEAD_BYTES: u64 = 512 << 10;

/// What a header grows by when the member fills in who it is: two random ids and a small term.
const HEADER_REST_BYTES: u64 = 24;

/// The response in pieces, each below the limit unless it has one event only; all but the last are
/// marked. The events of one revision may be spread over several.
pub(super) fn cut(mut response: WatchResponse, max_request_bytes: u64) -> Vec<WatchResponse> {
    let max = max_request_bytes.saturating_add(OVERHEAD_BYTES);
    let whole = response.encoded_len() as u64 + HEADER_REST_BYTES;
    if whole < max || response.events.len() < 2 {
        return vec![response];
    }
    let events = std::mem::take(&mut response.events);
    response.fragment = true;
    let empty = response.encoded_len() as u64 + HEADER_REST_BYTES;
    let mut pieces = vec![];
    let (mut piece, mut size) = (response.clone(), empty);
    for event in events {
        let bytes = event.encoded_len();
        let bytes = (1 + prost::length_delimiter_len(bytes) + bytes) as u64;
        if !piece.events.is_empty() && size + bytes >= max {
            pieces.push(std::mem::replace(&mut piece, response.clone()));
            size = empty;
        }
        size += bytes;
        piece.events.push(event);
    }
    piece.fragment = false;
    pieces.push(piece);
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::watch::at;
    use proptest::collection::vec;
    use proptest::prelude::*;
    use proto::mvccpb::{Event, KeyValue};

    fn event(bytes: usize) -> Event {
        let kv = KeyValue { value: vec![b'x'; bytes].into(), ..KeyValue::default() };
        Event { kv: Some(kv), ..Event::default() }
    }

    proptest! {
        #[test]
        fn pieces_are_small_marked_and_complete(
            sizes in vec(prop_oneof![0usize..100, 100_000usize..600_000], 0..12),
        ) {
            let events: Vec<Event> = sizes.iter().map(|bytes| event(*bytes)).collect();
            let pieces = cut(WatchResponse { watch_id: 3, events: events.clone(), ..at(9) }, 1000);
            let (last, before) = pieces.split_last().expect("a piece");
            prop_assert!(!last.fragment && before.iter().all(|piece| piece.fragment));
            let limit = 1000 + 512 * 1024;
            for piece in &pieces {
                prop_assert!(piece.encoded_len() < limit || piece.events.len() == 1);
                prop_assert_eq!((piece.watch_id, &piece.header), (3, &at(9).header));
            }
            // Each piece is as full as it can be: the next event had no place.
            for two in pieces.windows(2) {
                let next = two[1].events[0].encoded_len();
                prop_assert!(two[0].encoded_len() + next + 60 >= limit);
            }
            let joined: Vec<Event> = pieces.into_iter().flat_map(|piece| piece.events).collect();
            prop_assert_eq!(joined, events);
        }
    }
}
