//! Files of another cluster: who runs on them is a stranger to its peers, and nothing else is lost.

use lab::{InProcess, Lab, SessionOptions};

const UNTIL_US: u64 = 60_000_000;

fn exec(session: &mut InProcess, line: &str) -> (i32, String) {
    let until = session.lab().now() + UNTIL_US;
    session.exec(line, until).unwrap_or_else(|| panic!("{line} does not end"))
}

#[test]
fn a_member_on_another_clusters_directory_is_refused_by_its_peers_and_harms_nobody() {
    let mut session = InProcess::new(Lab::new(SessionOptions::default()).expect("good options"));
    session.run_to_first_leader(UNTIL_US).expect("somebody leads");
    session.run_until(session.lab().now() + 1_000_000);
    let urls = "m1=http://127.0.0.1:2380,m2=http://127.0.0.1:22380,m3=http://127.0.0.1:32380";
    let restore = format!(
        "etcdctl snapshot restore s.db --name m2 --data-dir X --initial-cluster {urls} \
         --initial-advertise-peer-urls http://127.0.0.1:22380 --initial-cluster-token other"
    );
    for line in [
        "etcdctl put a 1 && etcdctl snapshot save s.db",
        &restore,
        "etcdctl put a 2; lab kill m2; rm -rf $LAB/m2.data; mv X $LAB/m2.data; lab start m2; sleep 3",
        "etcdctl put a 3",
    ] {
        assert_eq!(exec(&mut session, line).0, 0, "{line}");
    }
    // It has no leader, and what it has is what was restored.
    let (code, output) =
        exec(&mut session, "etcdctl --endpoints :22379 get a --command-timeout 1s");
    assert_eq!(code, 1, "{output}");
    let stale = exec(&mut session, "etcdctl --endpoints :22379 get a --consistency=s");
    assert_eq!(stale, (0, "a\n1\n".to_string()));
    assert_eq!(exec(&mut session, "etcdctl get a"), (0, "a\n3\n".to_string()));
    let frame = session.lab().frame(&session.statuses(), 0);
    let refused = frame.log.iter().any(|line| line.text.contains("request cluster ID mismatch"));
    assert!(refused, "{:?}", frame.log);
    assert_eq!(session.lab().world().violations(), Vec::<String>::new());
}
