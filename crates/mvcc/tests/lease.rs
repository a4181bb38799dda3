//! Leases: granting and ending them, what hangs on them, and the primary's clock.

use bytes::Bytes;
use mvcc::lease::{EXPIRED_LIMIT, Renewal};
use mvcc::{LeaseError, Lessor, Micros, RangeOptions, Store, request};
use proptest::prelude::*;
use proto::etcdserverpb::{DeleteRangeRequest, LeaseTimeToLiveRequest, PutRequest};
use proto::{Code, Status};

const SECOND: Micros = 1_000_000;

fn primary() -> Lessor {
    let mut lessor = Lessor::new(2);
    lessor.promote(0, 0);
    lessor
}

fn put(store: &mut Store, lessor: &mut Lessor, key: &str, lease: i64) {
    let key = Bytes::copy_from_slice(key.as_bytes());
    let request = PutRequest { key, lease, ..PutRequest::default() };
    request::put(store, lessor, &request).expect("a put");
}

fn keys(lessor: &Lessor, id: i64) -> Vec<Bytes> {
    lessor.keys(id).cloned().collect()
}

#[test]
fn grants_are_refused_or_raised_as_etcd_does() {
    let mut lessor = Lessor::new(2);
    assert_eq!(lessor.grant(0, 60, 0), Err(LeaseError::NotFound));
    assert_eq!(lessor.grant(1, 9_000_000_001, 0), Err(LeaseError::TtlTooLarge));
    for (id, ttl_s, given) in [(1, 9_000_000_000, 9_000_000_000), (2, 1, 2), (3, 0, 2), (4, -1, 2)]
    {
        assert_eq!(lessor.grant(id, ttl_s, 0).expect("a lease").ttl_s, given);
    }
    assert_eq!(lessor.grant(1, 60, 0), Err(LeaseError::Exists));
    assert_eq!(lessor.grant(1, 9_000_000_001, 0), Err(LeaseError::TtlTooLarge), "checked first");
    assert_eq!(lessor.len(), 4);
}

#[test]
fn errors_reach_clients_with_etcds_texts() {
    let cases = [
        (LeaseError::NotFound, Code::NotFound, "etcdserver: requested lease not found"),
        (LeaseError::Exists, Code::FailedPrecondition, "etcdserver: lease already exists"),
        (LeaseError::TtlTooLarge, Code::OutOfRange, "etcdserver: too large lease TTL"),
        (LeaseError::NotPrimary, Code::Unknown, "not a primary lessor"),
    ];
    for (error, code, text) in cases {
        assert_eq!(Status::from(error), Status::new(code, text));
    }
}

#[test]
fn a_revoked_lease_takes_its_keys_along_in_one_revision_in_order() {
    let (mut store, mut lessor) = (Store::new(), primary());
    lessor.grant(7, 60, 0).expect("a lease");
    lessor.grant(8, 60, 0).expect("a lease");
    for key in ["c", "a", "b"] {
        put(&mut store, &mut lessor, key, 7);
    }
    put(&mut store, &mut lessor, "other", 0);
    let changes = request::lease_revoke(&mut store, &mut lessor, 7).expect("a lease");
    let ended: Vec<_> =
        changes.iter().map(|c| (&c.kv.key[..], c.kv.mod_revision, c.deleted)).collect();
    assert_eq!(ended, [(&b"a"[..], 6, true), (b"b", 6, true), (b"c", 6, true)]);
    assert_eq!(store.rev(), 6);
    assert!(!lessor.exists(7));
    let refused = request::lease_revoke(&mut store, &mut lessor, 7);
    assert_eq!(refused, Err(LeaseError::NotFound));
    let changes = request::lease_revoke(&mut store, &mut lessor, 8).expect("a lease");
    assert!(changes.is_empty() && store.rev() == 6, "no keys, no revision");
}

#[test]
fn a_key_hangs_on_the_lease_of_its_last_put_and_on_none_once_it_is_gone() {
    let (mut store, mut lessor) = (Store::new(), Lessor::new(2));
    lessor.grant(7, 60, 0).expect("a lease");
    lessor.grant(8, 60, 0).expect("a lease");
    put(&mut store, &mut lessor, "k", 7);
    put(&mut store, &mut lessor, "k", 7);
    assert_eq!((keys(&lessor, 7), lessor.lease_of(b"k")), (vec!["k".into()], 7));
    put(&mut store, &mut lessor, "k", 8);
    assert_eq!((keys(&lessor, 7), keys(&lessor, 8)), (vec![], vec!["k".into()]));
    put(&mut store, &mut lessor, "k", 0);
    assert_eq!((keys(&lessor, 8), lessor.lease_of(b"k")), (vec![], 0));
    put(&mut store, &mut lessor, "k", 8);
    let delete = DeleteRangeRequest { key: "k".into(), ..DeleteRangeRequest::default() };
    request::delete_range(&mut store, &mut lessor, &delete).expect("a delete");
    assert_eq!((keys(&lessor, 8), lessor.lease_of(b"k")), (vec![], 0));
    assert_eq!(lessor.attach(9, "k".into()), Err(LeaseError::NotFound));
}

#[test]
fn a_lease_that_is_over_is_handed_out_and_again_after_three_seconds() {
    let mut lessor = primary();
    lessor.grant(1, 5, 0).expect("a lease");
    lessor.grant(2, 3, 0).expect("a lease");
    assert_eq!(lessor.next_expiry(), Some(3 * SECOND));
    assert_eq!(lessor.expired(3 * SECOND - 1, EXPIRED_LIMIT), []);
    assert_eq!(lessor.expired(5 * SECOND, EXPIRED_LIMIT), [2, 1], "in order of their ends");
    assert_eq!(lessor.expired(7 * SECOND, EXPIRED_LIMIT), []);
    assert_eq!(lessor.revoke(2), Ok(vec![]));
    assert_eq!(lessor.expired(8 * SECOND, EXPIRED_LIMIT), [1]);
    assert_eq!(lessor.next_expiry(), Some(11 * SECOND));
    lessor.demote();
    assert_eq!(lessor.expired(60 * SECOND, EXPIRED_LIMIT), []);
}

#[test]
fn no_more_than_asked_for_are_handed_out_at_once() {
    let mut lessor = primary();
    for id in 1..=1200 {
        lessor.grant(id, 2, 0).expect("a lease");
    }
    let at = 2 * SECOND;
    let counts: Vec<_> = (0..4).map(|_| lessor.expired(at, EXPIRED_LIMIT).len()).collect();
    assert_eq!(counts, [500, 500, 200, 0]);
}

#[test]
fn only_the_primary_renews_and_not_what_is_over() {
    let mut lessor = Lessor::new(2);
    lessor.grant(1, 10, 0).expect("a lease");
    assert_eq!(lessor.renew(1, 0), Err(LeaseError::NotPrimary));
    lessor.promote(0, 0);
    assert_eq!(lessor.renew(2, 0), Err(LeaseError::NotFound));
    let renewed = Renewal::Renewed { ttl_s: 10, clears_checkpoint: false };
    assert_eq!(lessor.renew(1, 9 * SECOND), Ok(renewed));
    assert_eq!(lessor.expired(18 * SECOND, EXPIRED_LIMIT), []);
    assert_eq!(lessor.renew(1, 19 * SECOND), Ok(Renewal::Revoking));
    assert_eq!(lessor.expired(19 * SECOND, EXPIRED_LIMIT), [1]);
}

#[test]
fn what_is_left_is_told_in_whole_seconds() {
    let store = Store::new();
    let mut lessor = primary();
    lessor.grant(4660, 100, 0).expect("a lease");
    lessor.attach(4660, "l2".into()).expect("a lease");
    lessor.attach(4660, "l1".into()).expect("a lease");
    let ask = |lessor: &Lessor, id, keys, now| {
        let request = LeaseTimeToLiveRequest { id, keys };
        let answer = request::lease_time_to_live(&store, lessor, &request, now);
        (answer.ttl, answer.granted_ttl, answer.keys)
    };
    assert_eq!(ask(&lessor, 4660, false, 1), (99, 100, vec![]));
    let keys = vec![Bytes::from("l1"), Bytes::from("l2")];
    assert_eq!(ask(&lessor, 4660, true, 100 * SECOND), (0, 100, keys));
    assert_eq!(ask(&lessor, 4660, false, 101 * SECOND + 7), (-1, 100, vec![]));
    assert_eq!(ask(&lessor, 1, true, 0), (-1, 0, vec![]), "an unknown one is no error");
    lessor.demote();
    assert_eq!(ask(&lessor, 4660, false, 0), (9_223_372_036, 100, vec![]));
}

#[test]
fn leases_are_listed_by_what_is_left() {
    let mut lessor = Lessor::new(2);
    for (id, ttl_s) in [(1, 60), (2, 10), (3, 30), (-4, 60)] {
        lessor.grant(id, ttl_s, 0).expect("a lease");
    }
    assert_eq!(lessor.leases(), [-4, 1, 2, 3], "nobody here knows when they end");
    lessor.promote(0, 0);
    assert_eq!(lessor.leases(), [2, 3, -4, 1]);
}

#[test]
fn a_new_primary_gives_each_lease_its_time_again_and_an_election_timeout() {
    let mut lessor = primary();
    lessor.grant(1, 10, 0).expect("a lease");
    lessor.grant(2, 10, 0).expect("a lease");
    lessor.checkpoint(2, 4, 0);
    lessor.demote();
    lessor.promote(9 * SECOND, SECOND);
    assert_eq!(lessor.time_to_live(1, 9 * SECOND).map(|lease| lease.ttl_s), Some(11));
    assert_eq!(lessor.time_to_live(2, 9 * SECOND).map(|lease| lease.ttl_s), Some(5));
}

/// With 3000 leases of one length, no second has more than 750 ends, give or take what the growing
/// window lets through, and order is kept.
#[test]
fn a_new_primary_spreads_leases_that_would_end_all_at_once() {
    let ends_per_second = |count: i64| {
        let mut lessor = Lessor::new(2);
        for id in 1..=count {
            lessor.grant(id, 60, 0).expect("a lease");
        }
        lessor.promote(0, SECOND);
        let mut per_second = vec![];
        for second in 61..=70 {
            let over = lessor.expired(second * SECOND, usize::MAX);
            over.iter().for_each(|id| drop(lessor.revoke(*id)));
            per_second.push(over.len());
        }
        assert!(lessor.is_empty(), "{} left", lessor.len());
        per_second
    };
    assert_eq!(ends_per_second(999)[..2], [999, 0], "few enough to be revoked in one second");
    assert_eq!(ends_per_second(3000)[..6], [750, 0, 750, 750, 750, 0]);
}

#[test]
fn checkpoints_tell_the_next_primary_what_is_left() {
    let minute = 60 * SECOND;
    let mut lessor = Lessor::new(2).with_checkpoints(5 * minute);
    lessor.promote(0, 0);
    lessor.grant(1, 600, 0).expect("a lease");
    lessor.grant(2, 300, 0).expect("a lease");
    assert_eq!(lessor.due_checkpoints(5 * minute - 1), []);
    assert_eq!(lessor.due_checkpoints(5 * minute), [(1, 300)], "only the longer one");
    assert_eq!(lessor.due_checkpoints(5 * minute), []);
    lessor.checkpoint(1, 300, 5 * minute);
    assert_eq!(lessor.due_checkpoints(60 * minute), [], "what is left is too short for another");
    // A keep-alive gives the whole time back, and has the others told.
    let renewed = Renewal::Renewed { ttl_s: 600, clears_checkpoint: true };
    assert_eq!(lessor.renew(1, 6 * minute), Ok(renewed));
    assert_eq!(lessor.time_to_live(1, 6 * minute).map(|lease| lease.ttl_s), Some(600));
    lessor.checkpoint(1, 0, 6 * minute);
    assert_eq!(lessor.due_checkpoints(11 * minute), [(1, 300)]);

    let mut plain = primary();
    plain.grant(1, 600, 0).expect("a lease");
    assert_eq!(plain.due_checkpoints(60 * minute), [], "off unless asked for");
}

#[test]
fn the_bucket_holds_leases_in_order_of_its_bytes_and_gives_them_back() {
    let mut lessor = Lessor::new(2);
    for (id, ttl_s) in [(-1, 60), (2, 10), (i64::MAX, 30)] {
        lessor.grant(id, ttl_s, 0).expect("a lease");
    }
    lessor.checkpoint(2, 5, 0);
    let bucket = lessor.bucket();
    assert!(bucket.is_sorted());
    assert_eq!(bucket[0], (vec![0, 0, 0, 0, 0, 0, 0, 2], vec![8, 2, 16, 10, 24, 5]));
    let values = bucket.iter().map(|(_, value)| &value[..]);
    let back = Lessor::from_bucket(values, 20).expect("leases");
    assert!(!back.is_primary());
    let mut raised = back.clone();
    raised.promote(0, 0);
    assert_eq!(raised.time_to_live(2, 0).map(|l| (l.granted_ttl_s, l.ttl_s)), Some((20, 5)));
    assert_eq!(back.leases(), [-1, 2, i64::MAX]);
    assert!(Lessor::from_bucket([&b"\xff"[..]], 2).is_err());
}

#[test]
fn a_restored_store_hangs_its_keys_on_their_leases_again() {
    let (mut store, mut lessor) = (Store::new(), Lessor::new(2));
    lessor.grant(7, 60, 0).expect("a lease");
    lessor.grant(8, 60, 0).expect("a lease");
    for (key, lease) in [("a", 7), ("a", 8), ("b", 7), ("c", 7), ("c", 0), ("d", 8)] {
        put(&mut store, &mut lessor, key, lease);
    }
    let delete = DeleteRangeRequest { key: "d".into(), ..DeleteRangeRequest::default() };
    request::delete_range(&mut store, &mut lessor, &delete).expect("a delete");
    let bucket = lessor.bucket();
    let values = bucket.iter().map(|(_, value)| &value[..]);
    let mut back = Lessor::from_bucket(values, 2).expect("leases");
    Store::restore(store.entries(), store.image()).attach_leases(&mut back);
    assert_eq!((keys(&back, 7), keys(&back, 8)), (vec!["b".into()], vec!["a".into()]));
    // A key of a lease that is not there hangs on none, and reading it is no matter.
    let mut none = Lessor::new(2);
    store.attach_leases(&mut none);
    assert!(none.is_empty() && none.lease_of(b"a") == 0);
    let found = store.range(b"a", b"", RangeOptions::default()).expect("a range");
    assert_eq!(found.kvs[0].lease, 8);
}

proptest! {
    /// Whatever stands in the bucket, and whatever the time: no panic, and promotion gives each an end.
    #[test]
    fn leases_of_any_length_are_bearable(
        leases in prop::collection::vec((any::<i64>(), any::<i64>(), any::<i64>()), 0..20),
        now: u64, extend: u64, copies in 0i64..1200
    ) {
        use prost::Message;
        let mut values: Vec<Vec<u8>> = leases
            .iter()
            .map(|(id, ttl, remaining_ttl)| {
                let (id, ttl, remaining_ttl) = (*id, *ttl, *remaining_ttl);
                proto::leasepb::Lease { id, ttl, remaining_ttl }.encode_to_vec()
            })
            .collect();
        values.extend((0..copies).map(|id| {
            proto::leasepb::Lease { id, ttl: i64::MAX, remaining_ttl: 0 }.encode_to_vec()
        }));
        let lessor = Lessor::from_bucket(values.iter().map(|value| &value[..]), 2);
        let mut lessor = lessor.expect("leases").with_checkpoints(SECOND);
        lessor.promote(now, extend);
        let count = lessor.len();
        prop_assert_eq!(lessor.leases().len(), count);
        let _ = lessor.due_checkpoints(now.saturating_add(SECOND));
        prop_assert_eq!(lessor.expired(Micros::MAX, usize::MAX).len(), count);
    }

    #[test]
    fn any_bytes_are_a_lease_or_refused(value in prop::collection::vec(any::<u8>(), 0..40)) {
        let _ = Lessor::from_bucket([&value[..]], 2);
    }
}
