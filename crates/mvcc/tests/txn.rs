//! Transactions: what is refused before they are proposed, what compares say, and that they happen
//! whole or not at all.

#[path = "support/member.rs"]
mod member;
mod support;

use bytes::Bytes;
use member::Member;
use mvcc::{Lessor, Rules, Store, txn as txns};
use proto::etcdserverpb::compare::{CompareResult, CompareTarget, TargetUnion};
use proto::etcdserverpb::request_op::Request;
use proto::etcdserverpb::response_op::Response;
use proto::etcdserverpb::{
    Compare, DeleteRangeRequest, PutRequest, RangeRequest, RequestOp, TxnRequest, TxnResponse,
};
use proto::{Status, error};
use support::build::{absent, bytes, compare, delete, get, nested, op, put, put_request, txn};

const MAX_TXN_OPS: usize = 128;

fn check(request: &TxnRequest) -> Result<(), Status> {
    txns::check(request, MAX_TXN_OPS, Rules::V3_5)
}

fn then(ops: &[RequestOp]) -> TxnRequest {
    txn(&[], ops, &[])
}

#[test]
fn checks_come_in_etcds_order() {
    let key_less = Compare::default();
    let bad_put = |put: PutRequest| op(Request::RequestPut(put));
    let empty = RequestOp { request: None };
    let cases = [
        (then(&[]), Ok(())),
        (txn(&[key_less], std::slice::from_ref(&empty), &[]), Err(error::empty_key())),
        (then(&[empty.clone(), put("", "")]), Err(error::key_not_found())),
        (txn(&[], &[put("", "")], std::slice::from_ref(&empty)), Err(error::empty_key())),
        (txn(&[], &[], &[empty]), Err(error::key_not_found())),
        (then(&[get("", "")]), Err(error::empty_key())),
        (then(&[delete("", "z")]), Err(error::empty_key())),
        (
            then(&[bad_put(PutRequest { ignore_value: true, ..put_request("a", "1") })]),
            Err(error::value_provided()),
        ),
        (
            then(&[bad_put(PutRequest { ignore_lease: true, lease: 1, ..put_request("a", "") })]),
            Err(error::lease_provided()),
        ),
        // Each operation is looked at before what they do together.
        (then(&[put("a", ""), put("a", ""), put("", "")]), Err(error::empty_key())),
        (txn(&[], &[], &[put("a", ""), put("a", "")]), Err(error::duplicate_key())),
    ];
    for (n, (request, wanted)) in cases.into_iter().enumerate() {
        assert_eq!(check(&request), wanted, "case {n}");
    }
}

#[test]
fn what_a_level_uses_is_not_left_for_those_nested_in_it() {
    let puts = |n: usize| (0..n).map(|n| put(&format!("k{n}"), "")).collect::<Vec<_>>();
    let inside = |outer: usize, inner: usize| {
        let mut ops = vec![nested(then(&puts(inner)))];
        ops.extend((1..outer).map(|n| get(&format!("g{n}"), "")));
        check(&then(&ops))
    };
    assert_eq!(inside(28, 100), Ok(()));
    assert_eq!(inside(29, 100), Err(error::too_many_ops()));
    assert_eq!(inside(127, 1), Ok(()));
    assert_eq!(inside(128, 1), Err(error::too_many_ops()));
    assert_eq!(inside(128, 0), Ok(()), "a level without operations needs no room");
}

/// Both asymmetries of T6: who comes first matters between siblings, and an endless delete is not
/// seen.
#[test]
fn duplicate_keys_are_looked_for_in_etcds_order() {
    let child = |op: RequestOp| nested(then(&[op]));
    let put_a = || put("a", "");
    let delete_a = || delete("a", "");
    let either = || txn(&[], &[put_a()], &[put_a()]);
    let dup = || Err(error::duplicate_key());
    let cases = [
        (then(&[child(delete_a()), child(put_a())]), dup()),
        (then(&[child(put_a()), child(delete_a())]), Ok(())),
        (then(&[put_a(), delete("a", "\0")]), Ok(())),
        (then(&[delete("a", "\0"), put_a()]), Ok(())),
        (then(&[put_a(), delete("\0", "\0")]), Ok(())),
        (then(&[put_a(), delete("b", "a")]), Ok(())),
        (then(&[put_a(), delete("\0", "b")]), dup()),
        // Joined ranges: neither swallows what lies between, nor loses what it had.
        (then(&[delete("a", "c"), delete("b", "d"), delete("f", "g"), put("e", "")]), Ok(())),
        (then(&[delete("a", "c"), delete("b", "d"), delete("f", "g"), put("c", "")]), dup()),
        (then(&[delete("b", ""), delete("a", "z"), put("y", "")]), dup()),
        // A put of either branch counts for the level above; both of one transaction do not clash.
        (then(&[nested(txn(&[], &[], &[put_a()])), put_a()]), dup()),
        (then(&[child(nested(either()))]), Ok(())),
        (then(&[nested(either()), nested(either())]), dup()),
        (either(), Ok(())),
    ];
    for (n, (request, wanted)) in cases.into_iter().enumerate() {
        assert_eq!(check(&request), wanted, "case {n}");
    }
}

#[test]
fn transactions_nested_too_deep_are_refused_and_not_followed() {
    let deep = |levels: usize| (0..levels).fold(then(&[put("a", "1")]), |t, _| then(&[nested(t)]));
    let allowed = deep(txns::MAX_NESTED_TXNS);
    assert_eq!(check(&allowed), Ok(()));
    let mut member = Member::new();
    member.apply(&allowed).expect("just deep enough");
    assert_eq!(member.value("a"), Some(bytes("1")));
    let refused = deep(txns::MAX_NESTED_TXNS + 1);
    assert_eq!(txns::check(&refused, usize::MAX, Rules::V3_6), Err(error::too_many_ops()));
    member.refuses(&refused, error::too_many_ops());
    assert_eq!(txns::read(&member.store, &refused), Err(error::too_many_ops()));
}

/// An allowed transaction comes through a raft entry and its answer through a decoder.
#[test]
fn the_deepest_transaction_still_fits_a_decoder() {
    use prost::Message;
    let fetch = then(&[get("a", "")]);
    let deepest = (0..txns::MAX_NESTED_TXNS).fold(fetch, |t, _| then(&[nested(t)]));
    let entry = proto::etcdserverpb::InternalRaftRequest {
        txn: Some(deepest.clone()),
        ..Default::default()
    };
    let decoded = proto::etcdserverpb::InternalRaftRequest::decode(&entry.encode_to_vec()[..]);
    assert_eq!(decoded.expect("an entry").txn.as_ref(), Some(&deepest));
    let (answer, _) = Member::with(&[("a", "1")]).apply(&deepest).expect("a read");
    assert_eq!(TxnResponse::decode(&answer.encode_to_vec()[..]).expect("an answer"), answer);
}

#[test]
fn reads_are_told_from_writes_and_local_reads_from_those_that_ask_the_leader() {
    let local = |key: &str| {
        op(Request::RequestRange(RangeRequest {
            key: bytes(key),
            serializable: true,
            ..RangeRequest::default()
        }))
    };
    let cases = [
        (then(&[]), true, true),
        (then(&[get("a", "")]), true, false),
        (then(&[local("a")]), true, true),
        (txn(&[], &[local("a")], &[get("b", "")]), true, false),
        (txn(&[], &[local("a")], &[put("b", "")]), false, false),
        (then(&[nested(then(&[local("a")]))]), false, false),
        (then(&[RequestOp { request: None }]), false, false),
    ];
    for (n, (request, reads, serializable)) in cases.into_iter().enumerate() {
        let got = (txns::is_read_only(&request), txns::is_serializable(&request));
        assert_eq!(got, (reads, serializable), "case {n}");
    }
}

/// T2, T3 on a with value 6 at version 2, created at 2, modified at 3, and b on lease 7.
#[test]
fn compares_hold_as_etcds_do() {
    use CompareResult::{Equal, Greater, Less, NotEqual};
    use CompareTarget::{Create, Lease, Mod, Value, Version};
    let mut member = Member::with(&[("a", "5"), ("a", "6")]);
    member.lessor.grant(7, 60, 0).expect("a lease");
    member.put(PutRequest { lease: 7, ..put_request("b", "x") }).expect("a put");
    let value = |text: &str| Some(TargetUnion::Value(bytes(text)));
    let to = |compare: Compare, end: &str| Compare { range_end: bytes(end), ..compare };
    let cases = [
        (compare("a", Value, Equal, value("6")), true),
        (compare("a", Value, Greater, value("5")), true),
        (compare("a", Value, Less, value("6")), false),
        (compare("a", Value, NotEqual, value("6")), false),
        (compare("a", Value, Less, value("60")), true),
        (compare("a", Value, Greater, None), true),
        (compare("a", Version, Equal, Some(TargetUnion::Version(2))), true),
        (compare("a", Create, Equal, Some(TargetUnion::CreateRevision(2))), true),
        (compare("a", Mod, Equal, Some(TargetUnion::ModRevision(3))), true),
        (compare("a", Lease, Equal, None), true),
        (compare("b", Lease, Equal, Some(TargetUnion::Lease(7))), true),
        (compare("b", Lease, Greater, Some(TargetUnion::Lease(7))), false),
        // A missing key has no value to compare, and is 0 otherwise.
        (compare("none", Value, Equal, value("")), false),
        (compare("none", Value, NotEqual, value("zz")), false),
        (compare("none", Version, Equal, None), true),
        (compare("none", Version, NotEqual, None), false),
        (compare("none", Version, Greater, None), false),
        (compare("none", Create, Equal, None), true),
        (compare("none", Mod, Less, Some(TargetUnion::ModRevision(1))), true),
        (compare("none", Lease, Equal, None), true),
        // Every key of a range must satisfy it; none of none does.
        (to(compare("a", Version, Greater, None), "c"), true),
        (to(compare("a", Version, Equal, Some(TargetUnion::Version(2))), "c"), false),
        (to(compare("a", Mod, Greater, Some(TargetUnion::ModRevision(2))), "\0"), true),
        (to(compare("c", Version, Greater, None), "d"), false),
        (to(compare("b", Version, Equal, None), "a"), true),
        // An operand of another target counts as none; unknown results hold, unknown targets are equal.
        (compare("a", Version, Equal, value("2")), false),
        (compare("a", Value, Equal, Some(TargetUnion::Version(2))), false),
        (Compare { result: 9, ..compare("a", Value, Equal, value("x")) }, true),
        (Compare { target: 9, ..compare("a", Value, Equal, value("x")) }, true),
        (Compare { target: 9, ..compare("none", Value, Greater, value("x")) }, false),
    ];
    for (compare, wanted) in cases {
        let request = txn(std::slice::from_ref(&compare), &[], &[]);
        let answer = txns::read(&member.store, &request).expect("a read");
        assert_eq!(answer.succeeded, wanted, "{compare:?}");
    }
}

#[test]
fn all_compares_are_looked_at_before_the_first_change() {
    let mut member = Member::new();
    let inner = txn(&[absent("a")], &[put("b", "a was not there")], &[put("b", "a was there")]);
    let request = then(&[put("a", "1"), nested(inner), get("a", "c")]);
    let (response, changes) = member.apply(&request).expect("a txn");
    assert_eq!(member.value("b"), Some(bytes("a was not there")));
    assert_eq!((member.store.rev(), changes.len()), (2, 2));
    let revs: Vec<_> = changes.iter().map(|change| change.kv.mod_revision).collect();
    assert_eq!(revs, [2, 2]);
    let Some(Response::ResponseRange(found)) = &response.responses[2].response else {
        panic!("{response:?}");
    };
    assert_eq!((found.count, found.header.as_ref().map(|header| header.revision)), (2, Some(2)));
}

/// T9 and the recorded `[5,6]`: a read before the first change answers with the old revision.
#[test]
fn each_answer_has_its_revision_and_a_nested_one_none() {
    let mut member = Member::with(&[("k", "1"), ("a", "1")]);
    let inner = txn(&[], &[put("n", "1")], &[]);
    let request = then(&[get("k", ""), delete("a", ""), nested(inner), get("k", "")]);
    let (response, _) = member.apply(&request).expect("a txn");
    let rev = |op: &proto::etcdserverpb::ResponseOp| match op.response.as_ref().expect("one") {
        Response::ResponseRange(r) => r.header.as_ref().expect("a header").revision,
        Response::ResponsePut(r) => r.header.as_ref().expect("a header").revision,
        Response::ResponseDeleteRange(r) => r.header.as_ref().expect("a header").revision,
        Response::ResponseTxn(r) => r.header.as_ref().expect("a header").revision,
    };
    assert_eq!(response.responses.iter().map(rev).collect::<Vec<_>>(), [3, 4, 0, 4]);
    assert_eq!(response.header.expect("a header").revision, 4);
}

#[test]
fn a_transaction_that_changes_nothing_does_not_move_the_revision() {
    let mut member = Member::with(&[("a", "1")]);
    let request = txn(&[absent("a")], &[put("a", "2")], &[get("a", ""), delete("none", "")]);
    let (response, changes) = member.apply(&request).expect("a txn");
    assert!(!response.succeeded && changes.is_empty());
    assert_eq!((response.header.expect("a header").revision, member.store.rev()), (2, 2));
}

#[test]
fn whatever_could_fail_on_the_chosen_path_fails_before_the_first_change() {
    let mut member = Member::with(&[("a", "1"), ("a", "2"), ("b", "1")]);
    member.store.compact(3).expect("a past revision");
    let at = |revision| {
        op(Request::RequestRange(RangeRequest {
            key: bytes("a"),
            revision,
            ..RangeRequest::default()
        }))
    };
    let with = |put: PutRequest| op(Request::RequestPut(put));
    let leased = with(PutRequest { lease: 9, ..put_request("c", "1") });
    let keeps = |key| with(PutRequest { ignore_value: true, ..put_request(key, "") });
    let deep = |op: RequestOp| then(&[put("z", "1"), nested(then(&[put("y", "1"), op]))]);

    member.refuses(&deep(leased.clone()), error::lease_not_found());
    member.refuses(&deep(keeps("none")), error::key_not_found());
    member.refuses(&deep(at(2)), error::compacted());
    member.refuses(&deep(at(-1)), error::compacted());
    member.refuses(&deep(at(5)), error::future_rev());
    let both = with(PutRequest { ignore_value: true, lease: 9, ..put_request("none", "") });
    member.refuses(&deep(both), error::key_not_found());
    // A revision that only the transaction itself would make is still to come.
    member.refuses(&then(&[put("z", "1"), at(5)]), error::future_rev());
    // What is not on the path is not looked at.
    let other = txn(&[absent("a")], &[leased, at(2)], &[at(3), at(4)]);
    member.apply(&other).expect("the failure branch is fine");
    assert_eq!(txns::read(&member.store, &then(&[at(2)])), Err(error::compacted()));
}

#[test]
fn puts_are_checked_before_ranges_up_to_3_5_and_in_turn_later() {
    let range = op(Request::RequestRange(RangeRequest {
        key: bytes("a"),
        revision: 1000,
        ..RangeRequest::default()
    }));
    let leased = op(Request::RequestPut(PutRequest { lease: 9, ..put_request("c", "1") }));
    let request = then(&[range, leased]);
    let refused =
        |rules| txns::apply(&mut Store::with_rules(rules), &mut Lessor::new(1), &request).map(drop);
    assert_eq!(refused(Rules::V3_4), Err(error::lease_not_found()));
    assert_eq!(refused(Rules::V3_6), Err(error::future_rev()));
}

/// T10: the check for duplicate keys lets this through, and etcd would panic half way.
#[test]
fn a_put_that_keeps_what_an_endless_delete_took_changes_nothing() {
    let keeps = |key| {
        let put = PutRequest { ignore_value: true, ..put_request(key, "") };
        op(Request::RequestPut(put))
    };
    let mut member = Member::with(&[("a", "1"), ("b", "1")]);
    let request = then(&[put("b", "2"), delete("a", "\0"), keeps("a")]);
    assert_eq!(check(&request), Ok(()));
    member.refuses(&request, error::key_not_found());
    // A put in between brings the key back, in a sibling that the check does not see either.
    let request = then(&[delete("a", "\0"), put("a", "2"), nested(then(&[keeps("a")]))]);
    assert_eq!(check(&request), Err(error::duplicate_key()), "but not twice");
    member.apply(&request).expect("the key is there when it is needed");
    assert_eq!((member.value("a"), member.value("b")), (Some(bytes("2")), None));
}

/// An endless delete and a put of one key in one transaction: the put is what compaction at just that
/// revision has to keep.
#[test]
fn a_key_that_ends_and_begins_in_one_transaction_survives_compaction_to_it() {
    for rules in [Rules::V3_4, Rules::V3_6] {
        let mut member = Member { store: Store::with_rules(rules), lessor: Lessor::new(1) };
        member.put(put_request("a", "1")).expect("a put");
        member.apply(&then(&[delete("a", "\0"), put("a", "2")])).expect("a txn");
        member.store.compact(3).expect("the current revision");
        assert_eq!(member.value("a"), Some(bytes("2")), "{rules:?}");
        assert_eq!(member.store.entries().count(), 1, "{rules:?}");
    }
}

/// C2 on a deleted key: what a compaction to the very revision of the delete leaves.
#[test]
fn a_tombstone_at_the_compacted_revision_stays_in_newer_releases_only() {
    for (rules, entries) in [(Rules::V3_4, [0, 0]), (Rules::V3_5, [0, 0]), (Rules::V3_6, [1, 0])] {
        let mut member = Member { store: Store::with_rules(rules), lessor: Lessor::new(1) };
        member.put(put_request("a", "1")).expect("a put");
        member.apply(&then(&[delete("a", "")])).expect("a txn");
        member.put(put_request("b", "1")).expect("a put");
        let left = [3, 4].map(|rev| {
            member.store.compact(rev).expect("a newer revision");
            member.store.entries().filter(|entry| entry.kv.key == "a").count()
        });
        assert_eq!(left, entries, "{rules:?}");
    }
}

#[test]
fn leases_move_with_the_keys_of_a_transaction() {
    let mut member = Member::new();
    member.lessor.grant(7, 60, 0).expect("a lease");
    member.lessor.grant(8, 60, 0).expect("a lease");
    let leased =
        |key, lease| op(Request::RequestPut(PutRequest { lease, ..put_request(key, "1") }));
    let keys = |member: &Member, id| member.lessor.keys(id).cloned().collect::<Vec<_>>();
    member.apply(&then(&[leased("a", 7), leased("b", 7), leased("c", 8)])).expect("a txn");
    assert_eq!(keys(&member, 7), ["a", "b"]);
    member.apply(&then(&[leased("a", 8), put("b", "2"), delete("c", "")])).expect("a txn");
    assert_eq!((keys(&member, 7), keys(&member, 8)), (vec![], vec![bytes("a")]));
    member.apply(&then(&[delete("\0", "\0")])).expect("a txn");
    assert_eq!(keys(&member, 8), Vec::<Bytes>::new());
}

#[test]
fn a_transaction_costs_what_its_dearer_branch_puts() {
    use mvcc::quota;
    let inner = then(&[put("abc", "defg")]);
    let request = txn(&[], &[put("a", "1"), get("b", "")], &[delete("a", ""), nested(inner)]);
    assert_eq!(quota::txn_cost_bytes(&request, Rules::V3_5), 256 + 2);
    assert_eq!(quota::txn_cost_bytes(&request, Rules::V3_6), 256 + 7);
    let cost = |request| quota::cost_bytes(&request, Rules::V3_4);
    use proto::etcdserverpb::{InternalRaftRequest, LeaseGrantRequest};
    let none = InternalRaftRequest::default;
    let put = Some(put_request("key", "value"));
    assert_eq!(cost(InternalRaftRequest { put, ..none() }), 264);
    let lease_grant = Some(LeaseGrantRequest::default());
    assert_eq!(cost(InternalRaftRequest { lease_grant, ..none() }), 64);
    let delete_range = Some(DeleteRangeRequest::default());
    assert_eq!(cost(InternalRaftRequest { delete_range, ..none() }), 0);
    let txn = Some(then(&[delete("a", "")]));
    assert_eq!(cost(InternalRaftRequest { txn, ..none() }), 0);
}
