//! A look at what the cluster has: it shows all of it, and no actor can tell that it took place.

use frame::{Look, LookRange};
use lab::{InProcess, Lab, SessionOptions};

const UNTIL_US: u64 = 60_000_000;

fn session() -> InProcess {
    let mut session = InProcess::new(Lab::new(SessionOptions::default()).expect("good options"));
    session.run_to_first_leader(UNTIL_US).expect("somebody leads");
    for line in [
        "etcdctl lease grant 100",
        "for k in a/1 a/2 b; do etcdctl put $k x$k; done",
        "etcdctl put --lease $(etcdctl lease list | tail -1) leased 1",
        "etcdctl user add ann:secret; etcdctl role add r; etcdctl user grant-role ann r",
        "etcdctl role grant-permission r readwrite --prefix a/",
    ] {
        let until = session.lab().now() + UNTIL_US;
        let (code, output) = session.exec(line, until).expect("it ends");
        assert_eq!(code, 0, "{line}: {output}");
    }
    session
}

#[test]
fn it_shows_keys_leases_users_and_members() {
    let session = session();
    let look = Look {
        ranges: vec![LookRange::prefix(b"a/", 1), LookRange::all()],
        leases: true,
        auth: true,
        ..Look::default()
    };
    let looked = session.look(&look).expect("a member runs");
    assert_eq!((looked.ranges[0].pairs.len(), looked.ranges[0].count), (1, 2));
    let keys: Vec<_> = looked.ranges[1].pairs.iter().map(|pair| pair.key.as_slice()).collect();
    assert_eq!(keys, [b"a/1".as_slice(), b"a/2", b"b", b"leased"]);
    let pair = &looked.ranges[1].pairs[0];
    assert_eq!((pair.value.as_slice(), pair.create_revision, pair.version), (&b"xa/1"[..], 2, 1));
    assert_eq!(looked.leases.len(), 1);
    assert_eq!((looked.leases[0].granted_ttl_s, looked.leases[0].keys.len()), (100, 1));
    assert_eq!(looked.ranges[1].pairs[3].lease, looked.leases[0].id);
    assert_eq!(looked.auth.users, [("ann".to_string(), vec!["r".to_string()])]);
    let (role, permissions) = &looked.auth.roles[0];
    assert_eq!((role.as_str(), permissions[0].range_end.as_slice()), ("r", &b"a0"[..]));
    assert_eq!(looked.members.len(), 3);
    assert_eq!(looked.revision, 5);
}

#[test]
fn it_changes_nothing() {
    let mut looked = session();
    let mut unlooked = session();
    let everything =
        Look { ranges: vec![LookRange::all()], leases: true, auth: true, v2: true, revision: 0 };
    for session in [&mut looked, &mut unlooked] {
        session.run_until(session.lab().now() + 500_000);
    }
    assert!(looked.look(&everything).is_some());
    for session in [&mut looked, &mut unlooked] {
        session.run_until(session.lab().now() + 2_000_000);
    }
    assert_eq!(looked.lab().trace_hash(), unlooked.lab().trace_hash());
}
