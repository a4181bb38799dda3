//! The smallest histories of each kind, and what the checker remembers.

use super::*;
use crate::request::{DeleteRequest, Error, KeyValue, Op, PutRequest, RangeAnswer, RangeRequest};

fn put_done(revision: i64) -> Response {
    Response { revision: Some(revision), answer: Answer::Put { prev: None } }
}

fn found(revision: i64, pairs: &[(&'static str, &'static str, i64)]) -> Response {
    let kvs = pairs.iter().map(|(key, value, mod_revision)| KeyValue {
        key: (*key).into(),
        value: (*value).into(),
        mod_revision: *mod_revision,
        ..KeyValue::default()
    });
    let count = pairs.len() as i64;
    let answer = Answer::Range(RangeAnswer { kvs: kvs.collect(), count, more: None });
    Response { revision: Some(revision), answer }
}

fn get_at(key: &'static str, revision: i64, serializable: bool) -> Request {
    let range = RangeRequest { key: key.into(), revision, serializable, ..Default::default() };
    Request::Kv(Op::Range(range))
}

/// A checker of a store in which op 1 put a=1 at revision 2 (entry 5) and was told so.
fn after_a_put() -> Checker {
    let mut checker = Checker::new(100);
    checker.invoke(1, 1, 10, Request::put("a", "1"));
    checker.applied(Request::put("a", "1"), 5);
    checker.returned(1, 20, put_done(2));
    checker
}

#[test]
fn a_read_that_began_later_sees_what_was_acknowledged() {
    let mut checker = after_a_put();
    checker.invoke(2, 2, 30, Request::get("a"));
    checker.returned(2, 40, found(2, &[("a", "1", 2)]));
    assert_eq!(checker.violations(), [""; 0]);
    checker.invoke(3, 2, 50, Request::get("a"));
    checker.returned(3, 60, found(1, &[]));
    checker.invoke(4, 2, 70, Request::get("a"));
    checker.returned(4, 80, found(2, &[]));
    checker.invoke(5, 2, 90, Request::get("a"));
    checker.returned(5, 99, found(3, &[("a", "1", 2)]));
    assert_eq!(
        checker.violations(),
        [
            "op 3 of client 2 (range a) read revision 1, but 2 was acknowledged to op 1 of client 1 \
             before it began",
            "op 4 of client 2 (range a) counted 0 keys where 1 were due at revision 2",
            "op 5 of client 2 (range a) read revision 3, but 2 is the newest applied",
        ]
    );
}

#[test]
fn a_read_that_began_before_may_see_either() {
    for response in [found(1, &[]), found(2, &[("a", "1", 2)])] {
        let mut checker = Checker::new(100);
        checker.invoke(2, 2, 0, Request::get("a"));
        checker.invoke(1, 1, 10, Request::put("a", "1"));
        checker.applied(Request::put("a", "1"), 5);
        checker.returned(1, 20, put_done(2));
        checker.returned(2, 40, response);
        assert_eq!(checker.violations(), [""; 0]);
    }
}

#[test]
fn a_stale_read_must_still_show_what_was() {
    let mut checker = after_a_put();
    checker.invoke(2, 2, 30, get_at("a", 0, true));
    checker.returned(2, 40, found(1, &[]));
    assert_eq!(checker.violations(), [""; 0]);
    checker.invoke(3, 2, 50, get_at("a", 0, true));
    checker.returned(3, 60, found(1, &[("a", "1", 2)]));
    assert_eq!(checker.violations().len(), 1);
}

#[test]
fn a_write_needs_an_entry_of_its_own() {
    let mut checker = after_a_put();
    checker.applied(Request::put("a", "1"), 6);
    checker.invoke(2, 2, 30, Request::put("b", "1"));
    checker.returned(2, 40, put_done(4));
    checker.invoke(3, 3, 50, Request::put("c", "1"));
    checker.applied(Request::put("c", "1"), 7);
    checker.rejected(3);
    checker.applied(Request::put("d", "1"), 8);
    assert_eq!(
        checker.violations(),
        [
            "entry 6 (put a) repeats entry 5, which op 1 of client 1 asked for once",
            "op 2 of client 2 (put b) was acknowledged, but no entry applied since it began is its \
             own",
            "op 3 of client 3 (put c) was refused, but entry 7 is its own",
            "entry 8 (put d) is more than clients asked for",
        ]
    );
}

#[test]
fn a_lost_write_happens_at_any_later_time_but_once() {
    let mut checker = Checker::new(100);
    checker.invoke(1, 1, 10, Request::put("a", "1"));
    checker.lost(1);
    checker.invoke(2, 2, 30, Request::put("b", "1"));
    checker.applied(Request::put("b", "1"), 5);
    checker.applied(Request::put("a", "1"), 6);
    checker.returned(2, 40, put_done(2));
    assert_eq!(checker.violations(), [""; 0]);
    checker.applied(Request::put("a", "1"), 7);
    assert_eq!(checker.violations().len(), 1);
}

#[test]
fn equal_requests_share_out_the_entries_that_fit() {
    // Both entries fit op 1; only the later one can be op 2's.
    let mut checker = Checker::new(100);
    let delete = || Request::delete("a");
    let nothing =
        || Response { revision: Some(1), answer: Answer::Delete { deleted: 0, prev: vec![] } };
    checker.invoke(1, 1, 10, delete());
    checker.applied(delete(), 5);
    checker.invoke(2, 2, 20, delete());
    checker.applied(delete(), 6);
    checker.returned(1, 30, nothing());
    checker.returned(2, 40, nothing());
    assert_eq!(checker.violations(), [""; 0]);
    // The first of two entries came before op 4 began, and op 3 was refused.
    checker.invoke(3, 1, 50, delete());
    checker.applied(delete(), 7);
    checker.invoke(4, 2, 60, delete());
    checker.rejected(3);
    assert_eq!(
        checker.violations(),
        ["op 3 of client 1 (delete a) was refused, but entry 7 is its own"]
    );
    checker.returned(4, 70, nothing());
    assert_eq!(checker.violations().len(), 2);
}

#[test]
fn leases_end_and_revisions_are_compacted_without_a_client() {
    let mut checker = Checker::new(100);
    checker.invoke(1, 1, 10, Request::LeaseGrant { id: 0 });
    checker.applied(Request::LeaseGrant { id: 77 }, 5);
    let response = Response { revision: Some(1), answer: Answer::LeaseGrant { id: 77 } };
    checker.returned(1, 20, response);
    let put = PutRequest { key: "a".into(), lease: 77, ..PutRequest::default() };
    let put = Request::Kv(Op::Put(put));
    checker.invoke(2, 1, 30, put.clone());
    checker.applied(put, 6);
    checker.returned(2, 40, put_done(2));
    checker.applied(Request::LeaseRevoke { id: 77 }, 7);
    checker.applied(Request::Compact { revision: 3 }, 8);
    checker.invoke(3, 1, 50, Request::get("a"));
    checker.returned(3, 60, found(3, &[]));
    checker.invoke(4, 1, 70, get_at("a", 2, false));
    let error = Response { revision: None, answer: Answer::Error(Error::Compacted) };
    checker.returned(4, 80, error.clone());
    assert_eq!(checker.violations(), [""; 0]);
    checker.invoke(5, 1, 90, get_at("a", 3, false));
    checker.returned(5, 95, error);
    assert_eq!(checker.violations().len(), 1);
}

#[test]
fn members_write_by_themselves_only_where_a_recipe_was_asked_for() {
    let mut checker = Checker::new(100);
    checker.served("".into());
    checker.served("a/lock/".into());
    checker.applied(Request::put("a/lock/1", ""), 5);
    checker.invoke(1, 1, 10, Request::get("a/lock/1"));
    checker.returned(1, 20, found(2, &[("a/lock/1", "", 2)]));
    checker.applied(Request::delete("a/lock/1"), 6);
    assert_eq!(checker.violations(), [""; 0]);
    checker.applied(Request::put("a/locks", ""), 7);
    let everything = DeleteRequest { key: "a/lock/".into(), range_end: "b".into(), prev_kv: false };
    checker.applied(Request::Kv(Op::Delete(everything)), 8);
    assert_eq!(checker.violations().len(), 2);
}

#[test]
fn revisions_before_the_window_are_counted_not_judged() {
    let mut checker = Checker::new(10);
    for n in 0..100 {
        let put = || Request::put("a", format!("{n}"));
        checker.invoke(n, 1, n, put());
        checker.applied(put(), n + 1);
        checker.returned(n, n, put_done(n as i64 + 2));
    }
    checker.invoke(200, 1, 200, get_at("a", 50, false));
    checker.returned(200, 201, found(101, &[("a", "nonsense", 50)]));
    assert_eq!((checker.counts().violations, checker.counts().not_judged), (0, 1));
    checker.invoke(201, 1, 202, get_at("a", 95, false));
    checker.returned(201, 203, found(101, &[("a", "nonsense", 95)]));
    assert_eq!((checker.counts().violations, checker.counts().not_judged), (1, 1));
}

#[test]
fn nothing_is_remembered_of_what_is_over() {
    let mut checker = Checker::new(10);
    for n in 0..1000 {
        let put = || Request::put(format!("{}", n % 7), format!("{n}"));
        checker.invoke(n, 1, n, put());
        match n % 5 {
            0 => checker.rejected(n),
            1 => {
                checker.lost(n);
                checker.applied(put(), n + 1);
            }
            2 => {
                checker.applied(put(), n + 1);
                checker.lost(n);
            }
            _ => {
                checker.applied(put(), n + 1);
                checker.returned(n, n, put_done(checker.replay().state().revision()));
            }
        }
    }
    assert_eq!(checker.violations(), [""; 0]);
    assert_eq!(checker.asked.sizes(), (0, 0));
    assert!(checker.open.is_empty() && checker.reads.is_empty());
    assert!(checker.replay().past().oldest() >= checker.replay().state().revision() - 10);
}
