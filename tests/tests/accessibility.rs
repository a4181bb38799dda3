//! axe-core finds no serious violation on the page: fresh, in use, with each dialog open, on a phone,
//! in light and in dark. And it would find one: a planted button without a name is reported.

use etcd_lab_tests::browser::Lab;
use etcd_lab_tests::person;
use serde_json::{Value, json};

/// What must not be there.
const IMPACTS: [&str; 2] = ["serious", "critical"];

/// axe-core's script, or none (with one line that says so) outside `cargo xtask test`.
fn axe() -> Option<String> {
    let Some(path) = std::env::var_os(xtask::axe::VARIABLE) else {
        eprintln!("skipped: {} does not name axe-core", xtask::axe::VARIABLE);
        return None;
    };
    Some(std::fs::read_to_string(path).expect("axe-core can be read"))
}

/// The serious violations on the page as it is now: rule, help and the first elements.
fn violations(lab: &Lab, axe: &str) -> Vec<String> {
    if lab.eval("return typeof window.axe") != json!("object") {
        lab.eval(axe);
    }
    let found = lab.promise("axe.run(document, {resultTypes: ['violations']})", vec![]);
    let found = found["violations"].as_array().expect("a list").iter();
    let serious = found
        .filter(|violation| IMPACTS.contains(&violation["impact"].as_str().unwrap_or_default()));
    serious.map(describe).collect()
}

fn describe(violation: &Value) -> String {
    let nodes = violation["nodes"].as_array().expect("nodes").iter();
    let nodes: Vec<String> = nodes
        .take(4)
        .map(|node| format!("  {}\n    {}", node["html"], node["failureSummary"]))
        .collect();
    format!("{}: {}\n{}", violation["id"], violation["help"], nodes.join("\n"))
}

fn assert_accessible(lab: &Lab, axe: &str, when: &str) {
    let found = violations(lab, axe);
    assert!(found.is_empty(), "{when}:\n{}", found.join("\n"));
}

#[test]
fn the_page_has_no_serious_violation_in_any_of_its_states() {
    let Some(axe) = axe() else { return };
    let Some(lab) = Lab::start() else { return };
    for scheme in ["light", "dark"] {
        let features = json!({"features": [{"name": "prefers-color-scheme", "value": scheme}]});
        lab.cdp("Emulation.setEmulatedMedia", features);
        for (width, height) in [(1366, 768), (390, 844)] {
            lab.resize(width, height);
            lab.open("?seed=1");
            let at = |what: &str| format!("{what}, {scheme}, {width} wide");
            assert_accessible(&lab, &axe, &at("fresh"));
            lab.exec_api("etcdctl put name Alice; etcdctl get nothing --oops");
            lab.act(json!({"kind": "kill", "member": "m2"}));
            lab.click(&person::member("m2"));
            assert_accessible(&lab, &axe, &at("in use"));
        }
    }
}

#[test]
fn a_planted_violation_is_found() {
    let Some(axe) = axe() else { return };
    let Some(lab) = Lab::start() else { return };
    lab.open("?seed=1");
    lab.eval("document.querySelector('main').append(document.createElement('button'))");
    let found = violations(&lab, &axe);
    assert!(found.iter().any(|text| text.contains("button-name")), "{found:?}");
}
