//! A person at the console of a whole lab: etcdctl's questions are answered by the lines that follow.

use lab::{InProcess, Lab, LabEvent, SessionOptions};

/// A one-member session at its first leader.
fn session() -> InProcess {
    let options = SessionOptions { members: 1, profile: "3.5".into(), ..SessionOptions::default() };
    let mut session = InProcess::new(Lab::new(options).expect("options"));
    session.run_to_first_leader(60_000_000).expect("a leader");
    let now = session.lab().now();
    session.run_until(now + 2_000_000);
    session.take_events();
    session
}

/// Enters lines a second apart (`^D` is a key) and gives what came, as `1:text`, `1=0` and `2>1`.
fn enter(session: &mut InProcess, lines: &[&str]) -> String {
    let mut log = Vec::new();
    for line in lines {
        match *line {
            "^D" => session.lab_mut().end_of_input("client").expect("the host"),
            "^C" => session.lab_mut().interrupt("client").expect("the host"),
            line => drop(session.lab_mut().exec("client", line).expect("the host")),
        }
        let now = session.lab().now();
        session.run_until(now + 1_000_000);
        for event in session.take_events() {
            match event {
                LabEvent::Output { exec, text, .. } => log.push(format!("{exec}:{text}")),
                LabEvent::Done { exec, code, .. } => log.push(format!("{exec}={code}")),
                LabEvent::Taken { exec, by } => log.push(format!("{exec}>{by}")),
                _ => {}
            }
        }
    }
    log.join(" ").replace('\n', "|")
}

#[test]
fn a_value_and_a_transaction_are_typed() {
    let mut session = session();
    let log = enter(&mut session, &["etcdctl put k", "v1", "^D", "etcdctl get k"]);
    assert_eq!(log, "2>1 1:OK| 1=0 3:k|v1|| 3=0");
    let text = "etcdctl txn -i\nvalue(\"k\") = \"v1\\n\"\n\nput r yes\n\nput r no\n\netcdctl get r";
    let log = enter(&mut session, &[text]);
    assert!(log.starts_with("4:compares:|"), "{log}");
    assert!(log.contains("SUCCESS||OK|") && log.ends_with("r|yes| 4=0"), "{log}");
}

#[test]
fn passwords_are_asked_for_in_order() {
    let mut session = session();
    let log = enter(&mut session, &["etcdctl user add bob", "secret", "secret"]);
    let asked = "1:Password of bob:  2>1 1:|Type password of bob again for confirmation:  3>1 1:| \
                 1:User bob created| 1=0";
    assert_eq!(log, asked);
    let log = enter(&mut session, &["etcdctl user add ann", "one", "two"]);
    assert!(log.ends_with("given passwords are different| 4=128"), "{log}");
}

#[test]
fn an_interactive_watch_reads_its_requests() {
    let mut session = session();
    let log = enter(
        &mut session,
        &["(sleep 2.5; etcdctl put w 1 > /dev/null) & etcdctl watch -i", "watch w", "", "", "^C"],
    );
    assert!(log.contains("2>1") && log.contains("1:PUT|w|1|"), "{log}");
}

#[test]
fn curl_speaks_to_the_members() {
    let mut session = session();
    let log = enter(&mut session, &["curl -s http://127.0.0.1:2379/version"]);
    assert!(log.starts_with("1:{\"etcdserver\":\"3.5."), "{log}");
    let log = enter(&mut session, &["curl -sw '%{http_code}\\n' localhost:2379/health"]);
    assert!(log.contains("\"health\":\"true\"") && log.ends_with("200| 2=0"), "{log}");
    let log = enter(&mut session, &["curl -sI localhost:2379/version | head -n 1 | tr -d '\\r'"]);
    assert_eq!(log, "3:HTTP/1.1 405 Method Not Allowed| 3=0", "etcd's handler takes GET only");
    let log = enter(&mut session, &["curl -f localhost:2379/nothing"]);
    assert_eq!(log, "4:curl: (22) The requested URL returned error: 404| 4=22");
}
