//! Console scripts against a host without a cluster; what they expect was checked with bash 5.2 and
//! GNU tools (awk: mawk).

use cluster::{Actor, Console as _, HostInput, HostOutput};
use shell::{Host, HostOptions, transcript};

/// Runs a line to its end and gives its status and merged output.
fn run(host: &mut Host, now: &mut u64, exec: u64, line: &str) -> (i32, String) {
    let mut inputs = vec![HostInput::Exec { exec, line: line.into() }];
    let mut text = Vec::new();
    for _ in 0..100_000 {
        let mut done = None;
        for output in host.turn(*now, std::mem::take(&mut inputs)) {
            match output {
                HostOutput::Print { exec: e, text: bytes, .. } => {
                    assert_eq!(e, exec);
                    text.extend_from_slice(&bytes);
                }
                HostOutput::Done { exec: e, code } => {
                    assert_eq!((e, done), (exec, None), "done once");
                    done = Some(code);
                }
                HostOutput::Lab { call, .. } => {
                    inputs.push(HostInput::LabReply { call, result: Ok("fine".into()) });
                }
                HostOutput::Call { call, .. } => inputs.push(HostInput::Refused { call }),
                _ => {}
            }
        }
        if let Some(code) = done {
            return (code, String::from_utf8_lossy(&text).into_owned());
        }
        if inputs.is_empty() {
            *now = host.next_wake().expect("a running command waits for something");
        }
    }
    panic!("no end: {line}");
}

fn check(name: &str, text: &str) {
    let case = transcript::parse(text).expect(name);
    assert!(!case.steps.is_empty(), "{name} has commands");
    let mut host = Host::new(HostOptions::default());
    let (mut now, mut failures) = (0, String::new());
    for (at, step) in case.steps.iter().enumerate() {
        let (status, output) = run(&mut host, &mut now, at as u64 + 1, &step.command);
        if let Some(diff) = transcript::compare(step, status, &output, &host.cwd()) {
            failures.push_str(&diff);
        }
    }
    assert!(failures.is_empty(), "{name}:\n{failures}");
}

macro_rules! scripts {
    ($($name:ident)*) => {$(
        #[test]
        fn $name() {
            check(stringify!($name), include_str!(concat!("scripts/", stringify!($name), ".txt")));
        }
    )*};
}

scripts! {
    language syntax expansion errors files text_tools more_tools sed_and_grep awk jobs signals
}

#[cfg(feature = "jq")]
scripts! { jq }

#[test]
fn interrupt_ends_the_foreground_command_and_keeps_the_session() {
    let mut host = Host::new(HostOptions::default());
    let exec = |exec, line: &str| HostInput::Exec { exec, line: line.into() };
    let mut outputs =
        host.turn(0, vec![exec(1, "X=kept; sleep 100 | cat; echo not"), exec(2, "echo $X $?")]);
    assert!(host.is_busy());
    assert!(outputs.is_empty(), "{outputs:?}");
    outputs = host.turn(10, vec![HostInput::Interrupt]);
    while let Some(now) = host.next_wake().filter(|_| host.is_busy()) {
        outputs.extend(host.turn(now, vec![]));
    }
    let printed: Vec<_> =
        outputs.iter().filter(|o| matches!(o, HostOutput::Print { .. })).collect();
    assert_eq!(outputs[0], HostOutput::Done { exec: 1, code: 130 });
    assert_eq!(printed, [&HostOutput::Print { exec: 2, stderr: false, text: "kept 130\n".into() }]);
    assert!(!host.is_busy() && host.next_wake().is_none(), "no timer is left behind");
}

#[test]
fn an_endless_loop_takes_time_and_can_be_interrupted() {
    let mut host = Host::new(HostOptions::default());
    let line = "while true; do :; done".to_string();
    assert!(host.turn(0, vec![HostInput::Exec { exec: 1, line }]).is_empty());
    for _ in 0..100 {
        let now = host.next_wake().expect("the loop waits");
        assert!(host.turn(now, vec![]).is_empty());
    }
    let outputs = host.turn(1_000_000, vec![HostInput::Interrupt]);
    assert_eq!(outputs, [HostOutput::Done { exec: 1, code: 130 }]);
}

#[test]
fn etcdctl_calls_the_cluster_and_a_pipe_takes_its_output() {
    use prost::Message;
    let mut host = Host::new(HostOptions::default());
    let line = "printf v1 | etcdctl put k | tr K k; lab kill m2".to_string();
    let (mut inputs, mut now) = (vec![HostInput::Exec { exec: 1, line }], 0);
    let (mut shown, mut seen) = (String::new(), Vec::new());
    while host.is_busy() || !inputs.is_empty() {
        for output in host.turn(now, std::mem::take(&mut inputs)) {
            match output {
                HostOutput::Call { call, address, method, request, .. } => {
                    seen.push(format!("{address} {method}"));
                    let put = proto::etcdserverpb::PutRequest::decode(request).expect("a put");
                    assert_eq!((put.key.as_ref(), put.value.as_ref()), (&b"k"[..], &b"v1"[..]));
                    let reply = proto::etcdserverpb::PutResponse::default().encode_to_vec();
                    inputs.push(HostInput::Reply { call, result: Ok(reply.into()) });
                }
                HostOutput::Lab { call, action } => {
                    seen.push(action.as_command());
                    inputs.push(HostInput::LabReply { call, result: Ok("m2 was killed".into()) });
                }
                HostOutput::Print { text, .. } => shown.push_str(&String::from_utf8_lossy(&text)),
                HostOutput::Done { code, .. } => assert_eq!(code, 0),
                other => panic!("not expected: {other:?}"),
            }
        }
        if inputs.is_empty() {
            now = host.next_wake().unwrap_or(now);
        }
    }
    assert_eq!(seen, ["127.0.0.1:2379 /etcdserverpb.KV/Put", "lab kill m2"]);
    assert_eq!(shown, "Ok\nm2 was killed\n");
}

/// Runs a host's due turns up to `until`, collecting what it gives out.
fn run_until(host: &mut Host, until: u64, mut inputs: Vec<HostInput>) -> Vec<HostOutput> {
    let mut outputs = Vec::new();
    let mut now = until.min(host.next_wake().unwrap_or(until));
    loop {
        outputs.extend(host.turn(now, std::mem::take(&mut inputs)));
        match host.next_wake().filter(|wake| *wake <= until) {
            Some(wake) => now = wake,
            None => return outputs,
        }
    }
}

#[test]
fn ctrl_c_reaches_every_foreground_process_and_no_background_job() {
    for (line, status) in [
        ("sleep 100 | sleep 200; echo not", 130),
        ("timeout 100 sleep 50; echo not", 130),
        ("sh -c 'sleep 100; echo not'; echo not", 130),
        ("sh -c 'timeout 100 sleep 50; echo not'; echo not", 130),
        ("(sleep 100; echo not); echo not", 130),
        ("X=$(timeout 100 sleep 50); echo not", 130),
        ("while true; do timeout 100 sleep 50; done", 130),
        ("timeout 100 sh -c 'sleep 50; echo not' | cat; echo not", 130),
        ("wait; echo not", 130),
    ] {
        let mut host = Host::new(HostOptions::default());
        let exec = |exec, line: &str| HostInput::Exec { exec, line: line.into() };
        let job = "{ sleep 3; echo lives; } & X=1; Y=2 true";
        run_until(&mut host, 100_000, vec![exec(1, job)]);
        assert!(run_until(&mut host, 1_000_000, vec![exec(2, line)]).is_empty(), "{line}");
        let outputs = run_until(&mut host, 2_000_000, vec![HostInput::Interrupt]);
        assert_eq!(outputs, [HostOutput::Done { exec: 2, code: status }], "{line}");
        let outputs = run_until(&mut host, 9_000_000, vec![exec(3, "wait; echo $X$Y")]);
        let text: String = outputs.iter().map(printed).collect();
        assert_eq!(text, "lives\n1\n", "{line}");
        assert_eq!(host.next_wake(), None, "{line}: no timer is left behind");
    }
}

fn printed(output: &HostOutput) -> String {
    match output {
        HostOutput::Print { text, .. } => String::from_utf8_lossy(text).into_owned(),
        _ => String::new(),
    }
}
