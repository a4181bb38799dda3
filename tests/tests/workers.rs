//! Each member lives in a worker and a wasm instance of its own, and a trap ends exactly that one.

use std::collections::{BTreeMap, BTreeSet};

use etcd_lab_tests::browser::Lab;
use serde_json::{Value, json};

/// What the session says of a member's instance.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Instance {
    worker: String,
    number: String,
}

/// One instance for each running member; all of their batches must have been handled.
fn instances(lab: &Lab) -> BTreeMap<String, Instance> {
    let reports = lab.promise("window.etcdlab.workers()", vec![]);
    let reports = reports.as_array().expect("a list of reports");
    let text = |report: &Value, key: &str| report[key].as_str().expect(key).to_owned();
    let mut instances = BTreeMap::new();
    for report in reports {
        let (handled, sent) = (&report["batches_handled"], &report["batches_sent"]);
        assert_eq!(handled, sent, "batches went elsewhere, or were handled by nobody: {report}");
        assert!(handled.as_u64() > Some(0), "an instance that did nothing: {report}");
        let instance = Instance { worker: text(report, "name"), number: text(report, "instance") };
        instances.insert(text(report, "member"), instance);
    }
    assert_eq!(instances.len(), reports.len(), "two instances of one member");
    let numbers: BTreeSet<&String> = instances.values().map(|i| &i.number).collect();
    assert_eq!(numbers.len(), reports.len(), "an instance that serves two members: {reports:?}");
    instances
}

/// The dedicated workers that the browser itself knows of, by its own ids. It has a name only for
/// those that the page started, not for those that a worker did.
fn browser_workers(lab: &Lab) -> BTreeSet<String> {
    let targets = lab.cdp("Target.getTargets", json!({"filter": [{"type": "worker"}]}));
    let targets = targets["targetInfos"].as_array().expect("a list of targets");
    let conductors = targets.iter().filter(|target| target["title"] == "conductor").count();
    assert_eq!(conductors, 1, "{targets:?}");
    let id = |target: &Value| target["targetId"].as_str().expect("an id").to_owned();
    targets.iter().map(id).collect()
}

fn member(state: &Value, name: &str) -> Value {
    let members = state["members"].as_array().expect("a list of members");
    members.iter().find(|m| m["name"] == name).expect("that member").clone()
}

fn commits(state: &Value) -> BTreeSet<u64> {
    let members = state["members"].as_array().expect("a list of members");
    members.iter().map(|m| m["commit"].as_u64().expect("an index")).collect()
}

fn ok(lab: &Lab, line: &str) -> String {
    let (code, output) = lab.exec_api(line);
    assert_eq!(code, 0, "{line}: {output}");
    output
}

/// Traps m2 and brings it back; gives the instances before, without it, and after.
fn trap_and_start(lab: &Lab) -> [BTreeMap<String, Instance>; 3] {
    lab.act(json!({"kind": "speed", "value": "max"}));
    lab.act(json!({"kind": "settle"}));
    assert_eq!(ok(lab, "etcdctl put before 1"), "OK\n");
    let before = instances(lab);
    assert_eq!(before.keys().collect::<Vec<_>>(), ["m1", "m2", "m3"]);

    lab.act(json!({"kind": "trap", "member": "m2"}));
    let crashed = member(&lab.state(), "m2");
    assert_eq!(crashed["status"], "crashed", "{crashed}");
    let reason = crashed["reason"].as_str().unwrap_or_default();
    assert!(reason.contains("m2 was told to trap"), "no text of the trap: {crashed}");
    let without = instances(lab);
    let survivors = "127.0.0.1:2379,127.0.0.1:32379";
    let put = format!("lab settle && etcdctl --endpoints={survivors} put while 2");
    assert_eq!(ok(lab, &put), "OK\n", "the others do not commit on");

    lab.act(json!({"kind": "start", "member": "m2"}));
    lab.act(json!({"kind": "settle"}));
    assert_eq!(member(&lab.state(), "m2")["status"], "running");
    let get = "etcdctl --endpoints=127.0.0.1:22379 get before && \
               etcdctl --endpoints=127.0.0.1:22379 get while";
    assert_eq!(ok(lab, get), "before\n1\nwhile\n2\n");
    lab.wait_for("equal commit indexes", |state| commits(state).len() == 1);
    assert_eq!(lab.state()["violations"], json!([]));
    [before, without, instances(lab)]
}

#[test]
fn a_trap_ends_exactly_its_own_worker_and_a_start_brings_a_new_one() {
    let Some(lab) = Lab::start() else { return };
    lab.open("?seed=1");
    let workers_before = browser_workers(&lab);
    assert_eq!(workers_before.len(), 4, "a conductor and three members");
    let [before, without, after] = trap_and_start(&lab);
    for (name, instance) in &before {
        assert_eq!(instance.worker, *name, "a worker is named after its member");
    }
    let mut survivors = before.clone();
    survivors.remove("m2");
    assert_eq!(without, survivors, "the trap of m2 changed another instance");
    assert_eq!(after["m1"], before["m1"]);
    assert_eq!(after["m3"], before["m3"]);
    assert_eq!(after["m2"].worker, "m2");
    assert_ne!(after["m2"].number, before["m2"].number, "m2 came back in its old instance");
    lab.until("one worker in the place of another", || {
        let now = browser_workers(&lab);
        now.len() == 4 && now.difference(&workers_before).count() == 1
    });

    let workers_before = browser_workers(&lab);
    lab.act(json!({"kind": "trap", "member": "m2"}));
    lab.until("the end of one worker", || {
        let now = browser_workers(&lab);
        now.len() == 3 && now.is_subset(&workers_before)
    });
    assert!(lab.foreign_requests().is_empty());
    let log = lab.log().join("\n");
    assert!(!log.contains("Content Security Policy"), "{log}");
}

#[test]
fn in_one_worker_a_trap_ends_only_its_instance_and_the_page_lives_on() {
    let Some(lab) = Lab::start() else { return };
    lab.open("?seed=1&workers=0");
    assert_eq!(browser_workers(&lab).len(), 1);
    let [before, without, after] = trap_and_start(&lab);
    assert!(before.values().all(|instance| instance.worker == "conductor"), "{before:?}");
    assert!(!without.contains_key("m2"), "{without:?}");
    assert_eq!((&after["m1"], &after["m3"]), (&before["m1"], &before["m3"]));
    assert_ne!(after["m2"].number, before["m2"].number);
    assert_eq!(lab.count("[data-testid=fatal]"), 0);
    assert_eq!(browser_workers(&lab).len(), 1);
}

#[test]
fn five_members_are_five_workers_and_a_killed_one_is_gone() {
    let Some(lab) = Lab::start() else { return };
    lab.open("?seed=2&members=5");
    let workers_before = browser_workers(&lab);
    assert_eq!(workers_before.len(), 6, "a conductor and five members");
    let before = instances(&lab);
    assert_eq!(before.len(), 5);
    lab.act(json!({"kind": "kill", "member": "m4"}));
    let after = instances(&lab);
    assert_eq!(after.keys().collect::<Vec<_>>(), ["m1", "m2", "m3", "m5"]);
    assert!(after.iter().all(|(name, instance)| before[name] == *instance), "{after:?}");
    lab.until("the end of one worker", || {
        let now = browser_workers(&lab);
        now.len() == 5 && now.is_subset(&workers_before)
    });
    assert_eq!(member(&lab.state(), "m4")["status"], "stopped");
    lab.assert_clean();
}
