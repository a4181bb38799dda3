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
