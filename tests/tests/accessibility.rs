//! axe-core finds no serious violation on the page: fresh, in use, with each dialog open, on a phone,
//! in light and in dark. And it would find one: a planted button without a name is reported.

use etcd_lab_tests::browser::{Key, Lab, TypingData};
use etcd_lab_tests::person;
use serde_json::{Value, json};

/// What must not be there.
const IMPACTS: [&str; 2] = ["serious", "critical"];

/// Rules that are left out, and why. A member in the picture is named by a sentence that begins with the
/// name one sees; the numbers drawn beside it are in that sentence too, in other words.
const LEFT_OUT: [&str; 1] = ["label-content-name-mismatch"];

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
    let serious = found.filter(|violation| {
        let text = |name: &str| violation[name].as_str().unwrap_or_default();
        IMPACTS.contains(&text("impact")) && !LEFT_OUT.contains(&text("id"))
    });
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

/// The same with where it was seen.
fn look(lab: &Lab, axe: &str, when: &str) -> Vec<String> {
    violations(lab, axe).into_iter().map(|text| format!("{when}: {text}")).collect()
}

#[test]
fn the_page_has_no_serious_violation_in_any_of_its_states() {
    let Some(axe) = axe() else { return };
    let Some(lab) = Lab::start() else { return };
    let mut found = Vec::new();
    for scheme in ["light", "dark"] {
        let features = json!({"features": [{"name": "prefers-color-scheme", "value": scheme}]});
        lab.cdp("Emulation.setEmulatedMedia", features);
        for (width, height) in [(1366, 768), (390, 844)] {
            lab.resize(width, height);
            lab.open("?seed=1");
            let at = |what: &str| format!("{what}, {scheme}, {width} wide");
            found.extend(look(&lab, &axe, &at("fresh")));
            lab.exec_api("etcdctl put name Alice; etcdctl get nothing --oops");
            lab.act(json!({"kind": "kill", "member": "m2"}));
            lab.click(&person::member("m2"));
            found.extend(look(&lab, &axe, &at("in use")));
            if width < 1000 {
                continue;
            }
            for (name, open, close) in [
                ("cheat sheet", "cheats-button", "[data-testid=cheats-search]"),
                ("what is real", "honest-button", "[data-testid=measure]"),
            ] {
                lab.click(&format!("[data-testid={open}]"));
                lab.until(name, || lab.count(close) > 0);
                found.extend(look(&lab, &axe, &at(name)));
                lab.type_keys(Key::Escape);
            }
            lab.click("[data-testid=console-input]");
            lab.type_keys(TypingData::from("vi notes.txt") + Key::Enter);
            lab.until("the editor", || lab.count("[data-testid=editor-text]") > 0);
            found.extend(look(&lab, &axe, &at("editor")));
            lab.click("[data-testid=editor-close]");
            lab.click("[data-testid=console-input]");
            lab.type_keys(TypingData::from("etcdctl member ") + Key::Tab + Key::Tab);
            lab.until("completions", || lab.count("[data-testid=completions] [role=option]") > 1);
            found.extend(look(&lab, &axe, &at("completions")));
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
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
