//! Data directories from the console: what is written into one by hand stays there, and a member
//! starts over it as etcd would, or says with etcd's words why not.

use lab::{InProcess, Lab, SessionOptions};

const UNTIL_US: u64 = 60_000_000;

fn session() -> InProcess {
    let mut session = InProcess::new(Lab::new(SessionOptions::default()).expect("good options"));
    session.run_to_first_leader(UNTIL_US).expect("somebody leads");
    session
}

fn run(session: &mut InProcess, line: &str) -> (i32, String) {
    let until = session.lab().now() + UNTIL_US;
    session.exec(line, until).expect("it ends")
}

#[track_caller]
fn prints(session: &mut InProcess, line: &str, wanted: &str) {
    assert_eq!(run(session, line), (0, wanted.to_string()), "{line}");
}

#[test]
fn what_a_redirection_writes_into_a_data_directory_stays_there() {
    let mut session = session();
    prints(&mut session, "lab kill m2; cd $LAB/m2.data", "");
    for (line, file) in [
        ("echo x > note", "x\n"),
        ("echo y >> note", "x\ny\n"),
        ("> note", ""),
        ("for n in 1 2 3; do echo $n; done > note", "1\n2\n3\n"),
        ("{ seq 1 2; echo 3; echo 4; } > note", "1\n2\n3\n4\n"),
    ] {
        prints(&mut session, line, "");
        // Each fetches it from the member's disk again.
        prints(&mut session, "cat note", file);
        prints(&mut session, "cat $LAB/m2.data/note", file);
    }
}

#[test]
fn rot_under_a_running_member_shows_at_its_next_start() {
    let mut session = session();
    prints(&mut session, "etcdctl put a 1", "OK\n");
    // One in the middle of the database, which comes first.
    prints(&mut session, "lab disk m2 rot 100000", "");
    prints(&mut session, "etcdctl --endpoints=:22379 get a", "a\n1\n");
    prints(&mut session, "lab kill m2; lab start m2; sleep 1", "");
    let (_, status) = run(&mut session, "lab status | grep ^m2");
    assert!(status.contains("crashed"), "{status}");
    prints(&mut session, "lab disk m2 heal; lab start m2; lab wait m2", "");
    prints(&mut session, "etcdctl --endpoints=:22379 get a", "a\n1\n");
}

#[test]
fn there_is_nothing_to_rot_in_an_empty_data_directory() {
    let mut session = session();
    prints(&mut session, "lab kill m1; lab wipe m1", "");
    let said = run(&mut session, "lab disk m1 rot");
    assert_eq!(said, (1, "lab: m1's data directory is empty\n".into()));
    let said = run(&mut session, "lab disk m2 rot 99999999999");
    assert_eq!(said, (1, "lab: there is no such bit on its disk\n".into()));
}

#[test]
fn a_log_of_junk_ends_a_start_with_etcds_text_and_a_new_directory_is_refused() {
    let mut session = session();
    prints(&mut session, "etcdctl put a 1; lab kill m2; cd $LAB/m2.data/member/wal", "OK\n");
    prints(&mut session, "cp *.wal /tmp/good; echo x > $(ls); lab start m2; sleep 1", "");
    let crashed = |session: &mut InProcess| {
        let members = session.lab().frame(&session.statuses(), 0).members;
        (members[1].status, members[1].reason.clone())
    };
    let nobody = (frame::Status::Crashed, "cannot use none as id".to_string());
    assert_eq!(crashed(&mut session), nobody);
    // As often as one likes.
    prints(&mut session, "lab start m2; sleep 1", "");
    assert_eq!(crashed(&mut session), nobody);
    // A voter that forgot its votes is not let in again, whatever else lies there.
    prints(&mut session, "rm *.wal", "");
    let (code, said) = run(&mut session, "lab start m2");
    assert!(code == 1 && said.ends_with(" has already been bootstrapped\n"), "{said}");
    prints(&mut session, "cp /tmp/good 0000000000000000-0000000000000000.wal", "");
    prints(&mut session, "lab start m2; lab wait m2", "");
    prints(&mut session, "etcdctl --endpoints=:22379 get a", "a\n1\n");
}
