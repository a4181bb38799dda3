//! What a frame says of clusters and their members, of real sessions.

use frame::{Frame, MemberView, SessionOptions};
use lab::{InProcess, Lab};

fn session() -> InProcess {
    let mut run = InProcess::new(Lab::new(SessionOptions::default()).expect("good options"));
    run.run_to_first_leader(30_000_000).expect("a leader");
    run
}

fn exec(run: &mut InProcess, line: &str) {
    let until = run.lab().now() + 60_000_000;
    let (code, output) = run.exec(line, until).expect("it ends");
    assert_eq!(code, 0, "{line}: {output}");
}

fn frame(run: &InProcess) -> Frame {
    run.lab().frame(&run.statuses(), 0)
}

fn named<'a>(frame: &'a Frame, name: &str) -> &'a MemberView {
    frame.members.iter().find(|m| m.name == name).expect("a member of that name")
}

#[test]
fn a_restored_member_is_in_a_cluster_of_its_own() {
    let mut run = session();
    exec(&mut run, "etcdctl put foo bar; etcdctl snapshot save s.db");
    exec(
        &mut run,
        "etcdctl snapshot restore s.db --name r1 --data-dir r1 \
         --initial-cluster r1=http://127.0.0.1:42380 \
         --initial-advertise-peer-urls http://127.0.0.1:42380",
    );
    exec(
        &mut run,
        "etcd --name r1 --data-dir r1 --listen-client-urls http://127.0.0.1:42379 \
         --advertise-client-urls http://127.0.0.1:42379 \
         --listen-peer-urls http://127.0.0.1:42380 > r1.log 2>&1 &\nlab wait m4",
    );
    let frame = frame(&run);
    let (m1, r1) = (named(&frame, "m1"), named(&frame, "r1"));
    assert!(m1.cluster_id != 0 && r1.cluster_id != 0 && m1.cluster_id != r1.cluster_id);
    let ids = |m: &MemberView| m.peers.iter().map(|peer| peer.id).collect::<Vec<_>>();
    assert_eq!(ids(r1), [r1.id]);
    let mut three: Vec<u64> =
        ["m1", "m2", "m3"].iter().map(|name| named(&frame, name).id).collect();
    three.sort_unstable();
    assert_eq!(ids(m1), three);
}

#[test]
fn who_is_added_is_a_peer_before_it_starts() {
    let mut run = session();
    // A leader wants to have seen its members for five seconds first (M4).
    exec(&mut run, "sleep 6");
    exec(&mut run, "etcdctl member add m4 --learner --peer-urls=http://127.0.0.1:42380");
    exec(&mut run, "sleep 1");
    let frame = frame(&run);
    assert_eq!(frame.members.len(), 3);
    for m in &frame.members {
        let learners: Vec<&str> =
            m.peers.iter().filter(|peer| peer.learner).map(|peer| peer.name.as_str()).collect();
        assert_eq!((m.peers.len(), learners), (4, vec![""]), "{}", m.name);
    }
}
