//! Bytes that nobody honest sends or writes: they are refused, ignored or fatal, and never a panic.
//!
//! A client can never stop a member. A peer's message may end it only where it contradicts the log,
//! as in etcd. What lies on the disk may end the start, with a text.

#![allow(
    clippy::unwrap_used,
    reason = "a test that unwraps wrongly fails, which is what it is for"
)]

mod support;

use bytes::Bytes;
use member::{DiskFile, Input, Member, Output};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proto::{Metadata, method};
use protobuf::Message as _;
use raft::eraftpb::{Entry, EntryType, Message, MessageType, Snapshot};

use support::{Lab, S};

const METHODS: &[&str] = &[
    method::kv::RANGE,
    method::kv::PUT,
    method::kv::DELETE_RANGE,
    method::kv::TXN,
    method::kv::COMPACT,
    method::watch::WATCH,
    method::lease::LEASE_GRANT,
    method::lease::LEASE_REVOKE,
    method::lease::LEASE_KEEP_ALIVE,
    method::lease::LEASE_TIME_TO_LIVE,
    method::lease::LEASE_LEASES,
    method::cluster::MEMBER_ADD,
    method::cluster::MEMBER_REMOVE,
    method::cluster::MEMBER_UPDATE,
    method::cluster::MEMBER_LIST,
    method::cluster::MEMBER_PROMOTE,
    method::maintenance::ALARM,
    method::maintenance::STATUS,
    method::maintenance::DEFRAGMENT,
    method::maintenance::HASH,
    method::maintenance::HASH_KV,
    method::maintenance::SNAPSHOT,
    method::maintenance::MOVE_LEADER,
    method::maintenance::DOWNGRADE,
    method::auth::AUTH_ENABLE,
    method::auth::AUTH_DISABLE,
    method::auth::AUTH_STATUS,
    method::auth::AUTHENTICATE,
    method::auth::USER_ADD,
    method::auth::USER_GET,
    method::auth::USER_LIST,
    method::auth::USER_DELETE,
    method::auth::USER_CHANGE_PASSWORD,
    method::auth::USER_GRANT_ROLE,
    method::auth::USER_REVOKE_ROLE,
    method::auth::ROLE_ADD,
    method::auth::ROLE_GET,
    method::auth::ROLE_LIST,
    method::auth::ROLE_DELETE,
    method::auth::ROLE_GRANT_PERMISSION,
    method::auth::ROLE_REVOKE_PERMISSION,
    method::lock::LOCK,
    method::lock::UNLOCK,
    method::election::CAMPAIGN,
    method::election::PROCLAIM,
    method::election::LEADER,
    method::election::OBSERVE,
    method::election::RESIGN,
    proto::http::METHOD,
    "/",
    "",
];

/// Numbers at which something may turn over.
fn number() -> impl Strategy<Value = u64> {
    let edges = vec![
        0,
        1,
        2,
        3,
        5,
        i64::MAX as u64,
        i64::MIN as u64,
        u64::MAX,
        u64::from(u32::MAX),
        1 << 47,
    ];
    prop_oneof![4 => select(edges), 4 => 0..20u64, 1 => any::<u64>()]
}

/// Bytes that look like a message: fields with small numbers, of numbers, texts and messages.
fn message_like() -> impl Strategy<Value = Vec<u8>> {
    let text = prop_oneof![
        select(vec!["", "a", "b", "\0", "root", "http://10.0.0.9:2380", "name/"])
            .prop_map(|text| text.as_bytes().to_vec()),
        vec(any::<u8>(), 0..6),
    ];
    let leaf = prop_oneof![number().prop_map(Err), text.prop_map(Ok)];
    let leaves = vec((1..18u32, leaf), 0..6).prop_map(encode);
    leaves.prop_recursive(4, 24, 5, |inner| {
        let field = prop_oneof![number().prop_map(Err), inner.prop_map(Ok)];
        vec((1..18u32, field), 0..5).prop_map(encode)
    })
}

fn encode(fields: Vec<(u32, Result<Vec<u8>, u64>)>) -> Vec<u8> {
    use prost::encoding::{WireType, encode_key, encode_varint};
    let mut bytes = Vec::new();
    for (tag, value) in fields {
        match value {
            Err(number) => {
                encode_key(tag, WireType::Varint, &mut bytes);
                encode_varint(number, &mut bytes);
            }
            Ok(text) => {
                encode_key(tag, WireType::LengthDelimited, &mut bytes);
                encode_varint(text.len() as u64, &mut bytes);
                bytes.extend(text);
            }
        }
    }
    bytes
}

fn hostile_bytes() -> impl Strategy<Value = Bytes> {
    prop_oneof![4 => message_like(), 1 => vec(any::<u8>(), 0..40)].prop_map(Bytes::from)
}

fn metadata() -> impl Strategy<Value = Metadata> {
    let token =
        select(vec![None, Some("x"), Some("a.0"), Some("a.99999999999999999999"), Some(".")]);
    (token, any::<bool>(), select(vec![None, Some("root")])).prop_map(|(token, leader, name)| {
        Metadata {
            token: token.map(str::to_owned),
            require_leader: leader,
            tls_session: None,
            common_name: name.map(str::to_owned),
        }
    })
}

/// Requests by HTTP that are almost good.
fn http_request() -> impl Strategy<Value = Bytes> {
    let methods = vec!["GET", "PUT", "POST", "DELETE", "HEAD", "OPTIONS", "QGET", "SYNC", ""];
    let starts = vec![
        "/v2/keys",
        "/v2/keys/a",
        "/v2/keys/..",
        "/v2/members",
        "/v2/members/8c8085115b3ba2d4",
        "/v2/members/leader",
        "/v2/machines",
        "/v2/stats/self",
        "/v2/auth/enable",
        "/v2/auth/users",
        "/v2/auth/roles/root",
        "/v2/auth/users/root",
        "/health",
        "/version",
        "*",
        "",
    ];
    let ends = vec!["", "/", "/b", "/_h", "/%zz", "/%2e%2e", "/%00", "?a=%f", "?;", "/é", "//"];
    let fields = vec![
        "wait=true",
        "stream=true",
        "waitIndex=18446744073709551615",
        "waitIndex=1",
        "recursive=true",
        "quorum=true",
        "dir=true",
        "ttl=0",
        "ttl=18446744073709551615",
        "ttl=9223372036",
        "refresh=true",
        "prevExist=true",
        "prevIndex=1",
        "prevValue=",
        "value=%ff%00",
        "exclude=NOSPACE",
    ];
    let json = vec![
        "",
        "{}",
        "[",
        "null",
        "{\"user\":\"root\",\"password\":\"p\"}",
        "{\"role\":\"root\",\"grant\":{\"kv\":{\"read\":[\"\"]}}}",
        "{\"peerURLs\":[\"http://10.0.0.9:2380\"]}",
        "{\"peerURLs\":[\"http://[::1\",\"://\",\"unix://x\"]}",
    ];
    let headers = vec![
        ("Content-Type", "application/json"),
        ("Content-Type", "application/x-www-form-urlencoded"),
        ("Authorization", "Basic"),
        ("Authorization", "Basic cm9vdDpw"),
        ("Authorization", "Basic Li4vLi4vMS9hOng="),
    ];
    let body = prop_oneof![
        vec(select(fields.clone()), 0..3).prop_map(|f| f.join("&")),
        select(json).prop_map(str::to_owned)
    ];
    let target = (select(starts), select(ends), vec(select(fields), 0..4));
    (select(methods), target, vec(select(headers), 0..3), body).prop_map(
        |(method, (start, end, fields), headers, body)| {
            let headers =
                headers.into_iter().map(|(name, value)| proto::http::Header::new(name, value));
            let query = if fields.is_empty() { "" } else { "?" };
            let request = proto::http::Request {
                method: method.into(),
                target: format!("{start}{end}{query}{}", fields.join("&")),
                headers: headers.collect(),
                body: body.into(),
            };
            prost::Message::encode_to_vec(&request).into()
        },
    )
}

/// What a client does, in the words of the contract; streams are named by a small number.
fn client_input() -> impl Strategy<Value = Input> {
    let call = 0..6u64;
    prop_oneof![
        3 => (1000..100_000u64, select(METHODS), metadata(), hostile_bytes()).prop_map(
            |(call, method, metadata, request)| {
                Input::Call { call, method: method.into(), metadata, request }
            }
        ),
        3 => (1000..100_000u64, metadata(), http_request()).prop_map(|(call, metadata, request)| {
            Input::Call { call, method: proto::http::METHOD.into(), metadata, request }
        }),
        1 => call.clone().prop_map(|call| {
            let method = proto::http::METHOD.into();
            Input::Open { call, method, metadata: Metadata::default() }
        }),
        1 => (call.clone(), http_request())
            .prop_map(|(call, message)| Input::Message { call, message }),
        2 => (call.clone(), select(METHODS), metadata()).prop_map(|(call, method, metadata)| {
            Input::Open { call, method: method.into(), metadata }
        }),
        4 => (call.clone(), hostile_bytes())
            .prop_map(|(call, message)| Input::Message { call, message }),
        1 => call.clone().prop_map(|call| Input::CloseSend { call }),
        1 => call.prop_map(|call| Input::CancelCall { call }),
    ]
}

/// A message of raft's with any fields at all.
fn raft_message(ids: Vec<u64>) -> impl Strategy<Value = Message> {
    let types = vec![
        MessageType::MsgHup,
        MessageType::MsgBeat,
        MessageType::MsgPropose,
        MessageType::MsgAppend,
        MessageType::MsgAppendResponse,
        MessageType::MsgRequestVote,
        MessageType::MsgRequestVoteResponse,
        MessageType::MsgSnapshot,
        MessageType::MsgHeartbeat,
        MessageType::MsgHeartbeatResponse,
        MessageType::MsgUnreachable,
        MessageType::MsgSnapStatus,
        MessageType::MsgCheckQuorum,
        MessageType::MsgTransferLeader,
        MessageType::MsgTimeoutNow,
        MessageType::MsgReadIndex,
        MessageType::MsgReadIndexResp,
        MessageType::MsgRequestPreVote,
        MessageType::MsgRequestPreVoteResponse,
    ];
    let who = || select([ids.clone(), vec![0, 7]].concat());
    let head = (select(types), who(), who(), number(), number(), number(), number());
    let rest = (number(), any::<bool>(), hostile_bytes(), prop_oneof![3 => Just(0), 1 => number()]);
    let entries = vec((0..3u8, number(), 0..4u64, hostile_bytes()), 0..3);
    (head, rest, entries, snapshot(ids)).prop_map(|(head, rest, entries, snapshot)| {
        let (kind, from, to, term, index, log_term, commit) = head;
        let mut message = Message::default();
        message.set_msg_type(kind);
        (message.from, message.to, message.term) = (from, to, term);
        (message.index, message.log_term, message.commit) = (index, log_term, commit);
        (message.reject_hint, message.reject) = (rest.0, rest.1);
        (message.context, message.request_snapshot) = (rest.2, rest.3);
        let entries =
            (index.wrapping_add(1)..).zip(entries).map(|(at, (kind, term, skip, data))| {
                let mut entry = Entry { term, index: at, data, ..Entry::default() };
                if skip == 3 {
                    entry.index = term;
                }
                entry.set_entry_type(entry_type(kind));
                entry
            });
        message.set_entries(entries.collect::<Vec<_>>().into());
        message.set_snapshot(snapshot);
        message
    })
}

fn entry_type(kind: u8) -> EntryType {
    match kind {
        0 => EntryType::EntryNormal,
        1 => EntryType::EntryConfChange,
        _ => EntryType::EntryConfChangeV2,
    }
}

fn snapshot(ids: Vec<u64>) -> impl Strategy<Value = Snapshot> {
    let some = || vec(select([ids.clone(), vec![0, 9]].concat()), 0..5);
    (number(), number(), hostile_bytes(), some(), some(), some()).prop_map(
        |(index, term, data, voters, learners, outgoing)| {
            let mut snapshot = Snapshot { data, ..Snapshot::default() };
            let metadata = snapshot.mut_metadata();
            (metadata.index, metadata.term) = (index, term);
            metadata.mut_conf_state().voters = voters;
            metadata.mut_conf_state().learners = learners;
            if outgoing.len() > 3 {
                metadata.mut_conf_state().voters_outgoing = outgoing;
            }
            snapshot
        },
    )
}

fn three_ids() -> Vec<u64> {
    Lab::asleep(3, |_| {}).seats.iter().map(|seat| seat.id).collect()
}

fn peer_bytes() -> impl Strategy<Value = Bytes> {
    prop_oneof![
        6 => raft_message(three_ids()).prop_map(|message| message.write_to_bytes().unwrap().into()),
        1 => hostile_bytes(),
        1 => vec(any::<u8>(), 0..30).prop_map(|bytes| [vec![0], bytes].concat().into()),
        // An ask or an answer of another member: a kind, a number, and what follows.
        2 => (0..4u8, 0..200u8, select(METHODS), hostile_bytes()).prop_map(
            |(kind, number, method, body)| {
                let mut bytes = vec![0, kind, number];
                match kind {
                    0 => {
                        bytes.push(method.len() as u8);
                        bytes.extend(method.as_bytes());
                    }
                    _ => bytes.push(0),
                }
                bytes.push(body.len().min(127) as u8);
                bytes.extend(&body);
                bytes.into()
            }
        ),
    ]
}

/// Terms as they are: near enough to the cluster's own that a message is looked at.
fn with_terms_near(bytes: &Bytes, term: u64, last_index: u64) -> Bytes {
    let Ok(mut message) = Message::parse_from_bytes(bytes) else { return bytes.clone() };
    if message.term < 20 {
        message.term = (term + message.term % 3).saturating_sub(u64::from(message.reject));
        if matches!(message.get_msg_type(), MessageType::MsgPropose | MessageType::MsgReadIndex) {
            message.term = 0;
        }
        message.log_term = message.log_term.min(term);
        message.index = if message.index < 20 {
            last_index.saturating_sub(message.index % 4)
        } else {
            message.index
        };
        let (index, own) = (message.index, message.term);
        for (at, entry) in (index.wrapping_add(1)..).zip(message.mut_entries().iter_mut()) {
            (entry.index, entry.term) = (at, own.max(1));
        }
    }
    message.write_to_bytes().unwrap().into()
}

fn files(pairs: Vec<(String, Vec<u8>)>) -> Vec<DiskFile> {
    pairs.into_iter().map(|(path, bytes)| DiskFile { path, bytes: bytes.into() }).collect()
}

/// Starts a member on these files and lets it run a little. The text of its end, if it ended.
fn start_on(disk: Vec<DiskFile>) -> Option<String> {
    let config = Lab::asleep(1, |config| config.digest_every_entries = 0).seats[0].config.clone();
    let mut member = Member::new();
    let mut inputs = vec![Input::Start { config: Box::new(config), disk }];
    let (mut now, mut op) = (0, 0);
    for _ in 0..40 {
        now += 100_000;
        for output in member.turn(now, std::mem::take(&mut inputs)) {
            match output {
                Output::Fatal { reason } => return Some(reason),
                Output::Removed | Output::Exited => return None,
                Output::Disk { op: issued, .. } => op = issued,
                _ => {}
            }
        }
        inputs.extend([Input::DiskDone { op }, Input::Tick]);
    }
    None
}

const WAL: &str = "member/wal/0000000000000000-0000000000000000.wal";

const DB: &str = "member/snap/db";

fn snap_path(index: u64, term: u64) -> String {
    format!("member/snap/{}", wal::snap_file_name(term, index))
}

/// A bucket's name, and its pairs.
type Bucket = (String, Vec<(Vec<u8>, Vec<u8>)>);

/// A database that claims to have all entries up to `index`.
fn database(mut buckets: Vec<Bucket>, index: u64) -> Vec<u8> {
    let place = (b"consistent_index".to_vec(), index.to_be_bytes().to_vec());
    match buckets.iter_mut().find(|(name, _)| name == "meta") {
        Some((_, pairs)) => pairs.push(place),
        None => buckets.push(("meta".into(), vec![place])),
    }
    let mut merged = std::collections::BTreeMap::<String, std::collections::BTreeMap<_, _>>::new();
    for (name, pairs) in buckets {
        let pairs = pairs.into_iter().filter(|(key, _)| !key.is_empty());
        merged.entry(name).or_default().extend(pairs);
    }
    bolt::write(merged).unwrap()
}

/// A data directory with some of everything in it.
fn real_disk() -> Vec<(String, Vec<u8>)> {
    let mut lab = Lab::with(1, |config| config.snapshot_count = 8);
    lab.grant(0, 7, 60);
    for n in 0..15 {
        lab.put(0, &format!("k{n}"), "v");
    }
    lab.run(S);
    lab.seats[0].disk.files.clone().into_iter().collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_client_stops_a_member(
        inputs in vec((client_input(), any::<bool>()), 1..30),
        members in select(vec![1, 3]),
    ) {
        let mut lab = Lab::with(members, |config| config.enable_v2 = true);
        for (n, (mut input, wait)) in inputs.into_iter().enumerate() {
            match &mut input {
                // A number names one call.
                Input::Call { call, .. } => *call = 1000 + n as u64,
                Input::Open { call, .. } => {
                    lab.restart_stream(call);
                }
                Input::Message { call, .. }
                | Input::CloseSend { call }
                | Input::CancelCall { call } => lab.present_stream(call),
                _ => {}
            }
            lab.input(0, input);
            if wait {
                lab.run(S / 5);
            }
        }
        lab.run(12 * S);
    }

    #[test]
    fn a_peer_stops_a_member_only_with_a_contradiction(
        messages in vec((peer_bytes(), any::<Index>(), any::<bool>()), 1..20),
        to_leader in any::<bool>(),
        near in any::<bool>(),
    ) {
        let mut lab = Lab::with(3, |config| config.enable_v2 = true);
        lab.put(0, "a", "1");
        // What such a peer says may well split the others; they are not looked at.
        lab.never_compare();
        lab.fatal_is_fine = true;
        let at = if to_leader { lab.leader() } else { lab.follower() };
        for (bytes, from, wait) in messages {
            let from = lab.seats[(at + 1 + from.index(2)) % 3].id;
            let status = lab.status(at);
            let bytes =
                if near { with_terms_near(&bytes, status.term, status.last_index) } else { bytes };
            lab.input(at, Input::Peer { from, bytes });
            if wait {
                lab.run(S / 5);
            }
        }
        lab.run(3 * S);
        for seat in &lab.seats {
            if let Some(Output::Fatal { reason }) = &seat.ended {
                let known =
                    ["out of range", "unmarshal", "failed to read", "voters", "restore", "conf change"];
                prop_assert!(known.iter().any(|text| reason.contains(text)), "{}", reason);
            }
        }
    }

    #[test]
    fn any_bytes_for_a_wal_are_a_wal_or_a_reason(bytes in vec(any::<u8>(), 0..600)) {
        let reason = start_on(files(vec![(WAL.into(), bytes)]));
        prop_assert!(reason.is_none_or(|reason| !reason.is_empty()));
    }

    #[test]
    fn a_damaged_directory_starts_or_says_why(
        damages in vec((any::<Index>(), any::<Index>(), any::<u8>(), 0..3u8), 1..4),
    ) {
        let mut disk = real_disk();
        for (file, place, byte, how) in damages {
            let at = file.index(disk.len());
            let bytes = &mut disk[at].1;
            if bytes.is_empty() {
                continue;
            }
            let place = place.index(bytes.len());
            match how {
                0 => bytes[place] ^= byte.max(1),
                1 => bytes.truncate(place),
                _ => bytes.insert(place, byte),
            }
        }
        start_on(files(disk));
    }

    /// Sums that are right over contents that are not.
    #[test]
    fn a_forged_wal_starts_or_says_why(
        entries in vec((0..4u8, number(), hostile_bytes()), 0..6),
        state in (number(), number(), number()),
        snap in (number(), number()),
        file in proptest::option::of(snapshot(vec![1, 2])),
        metadata in prop_oneof![Just(None), hostile_bytes().prop_map(Some)],
        first in prop_oneof![3 => Just(1), 1 => number()],
    ) {
        let own = Lab::asleep(1, |_| {}).seats[0].id;
        let mut encoder = wal::Encoder::new(0);
        let mut bytes = Vec::new();
        let real = prost::Message::encode_to_vec(&proto::etcdserverpb::Metadata { node_id: own, cluster_id: 5 });
        encoder.first_head(&metadata.map_or(real, |bytes| bytes.to_vec()), &mut bytes);
        let record = proto::walpb::Snapshot { index: snap.0, term: snap.1, ..Default::default() };
        encoder.encode_snapshot(&record, &mut bytes);
        for (index, (kind, term, data)) in (first..=u64::MAX).zip(entries) {
            let entry = proto::raftpb::Entry { r#type: i32::from(kind), term, index, data: Some(data) };
            let data = prost::Message::encode_to_vec(&entry);
            encoder.encode_raw(wal::RecordType::Entry, &data, &mut bytes);
        }
        let state = proto::raftpb::HardState { term: state.0, vote: state.1, commit: state.2 };
        encoder.encode_state(&state, &mut bytes);
        let mut disk = vec![(WAL.to_owned(), bytes)];
        if let Some(mut file) = file {
            (file.mut_metadata().index, file.mut_metadata().term) = snap;
            disk.push((snap_path(snap.0, snap.1), wal::encode_snap(&file.write_to_bytes().unwrap())));
            disk.push((DB.into(), database(Vec::new(), snap.0)));
        }
        let reason = start_on(files(disk));
        prop_assert!(reason.is_none_or(|reason| !reason.is_empty()));
    }

    /// Buckets with etcd's names and anybody's contents, as the data of a snapshot.
    #[test]
    fn a_forged_database_starts_or_says_why(
        keys in vec((number(), number(), any::<bool>(), hostile_bytes()), 0..6),
        others in vec((select(vec![
            "lease", "alarm", "auth", "authUsers", "authRoles", "cluster", "members",
            "members_removed", "meta", "key",
        ]), select(vec![
            "authEnabled", "authRevision", "finishedCompactRev", "scheduledCompactRev", "root",
            "clusterVersion", "x",
        ]), hostile_bytes()), 0..6),
        index in prop_oneof![4 => Just(9), 1 => number()],
        received in any::<bool>(),
    ) {
        let mut pairs: Vec<(Vec<u8>, Vec<u8>)> = keys
            .into_iter()
            .map(|(main, sub, tombstone, value)| {
                let mut key = main.to_be_bytes().to_vec();
                key.push(b'_');
                key.extend(sub.to_be_bytes());
                if tombstone {
                    key.push(b't');
                }
                (key, value.to_vec())
            })
            .collect();
        pairs.sort();
        let mut buckets = vec![("key".to_owned(), pairs)];
        for (name, key, value) in others {
            buckets.push((name.to_owned(), vec![(key.as_bytes().to_vec(), value.to_vec())]));
        }
        let file = database(buckets, index);
        let own = Lab::asleep(1, |_| {}).seats[0].id;
        let mut encoder = wal::Encoder::new(0);
        let mut bytes = Vec::new();
        let metadata = proto::etcdserverpb::Metadata { node_id: own, cluster_id: 5 };
        encoder.first_head(&prost::Message::encode_to_vec(&metadata), &mut bytes);
        let record = proto::walpb::Snapshot { index: 9, term: 2, ..Default::default() };
        encoder.encode_snapshot(&record, &mut bytes);
        let state = proto::raftpb::HardState { term: 2, vote: 0, commit: 9 };
        encoder.encode_state(&state, &mut bytes);
        let mut snapshot = Snapshot::default();
        (snapshot.mut_metadata().index, snapshot.mut_metadata().term) = (9, 2);
        snapshot.mut_metadata().mut_conf_state().voters = vec![own];
        let db = if received { "member/snap/0000000000000009.snap.db" } else { DB };
        let disk = vec![
            (WAL.to_owned(), bytes),
            (snap_path(9, 2), wal::encode_snap(&snapshot.write_to_bytes().unwrap())),
            (db.to_owned(), file),
        ];
        let reason = start_on(files(disk));
        prop_assert!(reason.is_none_or(|reason| !reason.is_empty()));
    }
}
