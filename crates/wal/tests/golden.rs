//! A log that etcd 3.4.23 wrote is read in full and written again byte by byte.

use prost::Message;
use proto::etcdserverpb::{InternalRaftRequest, Metadata, Request};
use proto::raftpb::{ConfChange, Entry, EntryType, HardState};
use wal::{Encoder, RecordType, read_all};

const LOG: &[u8] = include_bytes!("golden/etcd-3.4.23.wal");

/// Records as (type, data), by the framing's description alone, so that encoding is judged by
/// something else than our decoder.
fn records(mut rest: &[u8]) -> Vec<(i64, Option<Vec<u8>>)> {
    let mut found = vec![];
    while !rest.is_empty() {
        let len = u32::from_le_bytes(rest[..4].try_into().expect("4 bytes")) as usize;
        let record = proto::walpb::Record::decode(&rest[8..8 + len]).expect("a record");
        found.push((record.r#type, record.data.map(|data| data.to_vec())));
        rest = &rest[8 + len.next_multiple_of(8)..];
    }
    found
}

#[test]
fn a_log_of_etcd_is_read_in_full() {
    let found = read_all(LOG).expect("etcd's own log");
    assert!(!found.torn);
    assert_eq!(found.valid_bytes, LOG.len());
    let metadata = Metadata::decode(found.metadata.expect("metadata")).expect("decodes");
    assert_ne!((metadata.node_id, metadata.cluster_id), (0, 0));
    assert_eq!(found.snapshots, [proto::walpb::Snapshot::default()]);
    let indexes: Vec<u64> = found.entries.iter().map(|entry| entry.index).collect();
    assert_eq!(indexes, (1..=found.entries.len() as u64).collect::<Vec<_>>());
    assert!(found.entries.len() > 20, "{} entries", found.entries.len());
    assert_eq!(found.hard_state.term, 2);
    assert_eq!(found.hard_state.vote, metadata.node_id);
}

#[test]
fn what_the_entries_carry_is_known_and_encodes_to_the_same_bytes() {
    let found = read_all(LOG).expect("etcd's own log");
    let (mut puts, mut changes, mut v2_paths) = (0, 0, vec![]);
    for logged in &found.entries {
        let entry = Entry::decode(logged.raw.clone()).expect("an entry");
        assert_eq!((entry.index, entry.term), (logged.index, logged.term));
        assert_eq!(entry.encode_to_vec(), logged.raw);
        let data = entry.data.clone().unwrap_or_default();
        if entry.r#type() == EntryType::EntryConfChange {
            let change = ConfChange::decode(data.clone()).expect("a change of members");
            assert_eq!(change.encode_to_vec(), data);
            changes += 1;
        } else {
            match InternalRaftRequest::decode(data.clone()) {
                Ok(request) => {
                    assert_eq!(request.encode_to_vec(), data, "{request:?}");
                    puts += usize::from(request.put.is_some());
                }
                // Up to 3.4 members publish themselves by a bare v2 request.
                Err(_) => {
                    let request = Request::decode(data.clone()).expect("a v2 request");
                    assert_eq!(request.encode_to_vec(), data, "{request:?}");
                    v2_paths.push(request.path);
                }
            }
        }
    }
    assert_eq!(changes, 1);
    assert!(puts >= 5, "{puts} puts");
    assert!(v2_paths.iter().any(|path| path.ends_with("/attributes")), "{v2_paths:?}");
}

#[test]
fn a_log_of_etcd_is_written_again_byte_by_byte() {
    let mut encoder = Encoder::new(0);
    let mut out = vec![];
    let records = records(LOG);
    let metadata = records[1].1.clone().expect("metadata");
    encoder.first_head(&metadata, &mut out);
    for (kind, data) in &records[3..] {
        let data = data.as_deref().expect("entries and states have data");
        match *kind {
            2 => {
                let entry = Entry::decode(data).expect("an entry");
                encoder.save(&HardState::default(), &[entry], &mut out);
            }
            3 => encoder.save(&HardState::decode(data).expect("a state"), &[], &mut out),
            5 => encoder.encode_raw(RecordType::Snapshot, data, &mut out),
            other => panic!("record type {other} after the head"),
        }
    }
    assert_eq!(out, LOG);
    assert_eq!(encoder.crc(), read_all(LOG).expect("etcd's own log").crc);
}
