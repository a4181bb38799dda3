//! The page as a person uses it: a put, a dead leader, a cut, all of it by mouse and again by
//! keyboard alone; and what comes of wrong input, a wrong address, a small screen, an old browser.

use etcd_lab_tests::browser::{Key, Lab, TypingData};
use etcd_lab_tests::person::{
    answer, blocks, endpoint, enter, enter_ok, leader, leader_other_than, member, member_table,
    tab_to, wait_for_echo, wait_for_status,
};
use serde_json::{Value, json};

const MEMBERS: [&str; 3] = ["m1", "m2", "m3"];

/// `lab cut` as the page writes it for one member against all others.
fn isolation_of(name: &str) -> String {
    let others: Vec<&str> = MEMBERS.into_iter().filter(|other| *other != name).collect();
    format!("lab cut '{name}|{}'", others.join(","))
}

fn equal_commits(state: &Value) -> bool {
    let members = state["members"].as_array().expect("a list of members");
    members.iter().all(|m| m["status"] == "running" && m["commit"] == members[0]["commit"])
}

/// Checks in the console that the value is there behind each of these members.
fn assert_value(lab: &Lab, names: &[&str], key: &str, value: &str) {
    for name in names {
        let get = format!("etcdctl --endpoints={} get {key}", endpoint(name));
        assert_eq!(enter_ok(lab, &get), format!("{key}\n{value}\n"), "{get}");
    }
}

/// With the leader cut off: a put through it times out, one through the others succeeds.
fn assert_only_the_majority_writes(lab: &Lab, cut_off: &str, new_leader: &str) {
    let put = format!("etcdctl --endpoints={} put name Bob", endpoint(cut_off));
    let (status, output) = enter(lab, &put);
    assert_eq!(status, 1, "{put}: {output}");
    assert!(output.ends_with("Error: context deadline exceeded\n"), "{put}: {output}");
    let put = format!("etcdctl --endpoints={} put name Carol", endpoint(new_leader));
    assert_eq!(enter_ok(lab, &put), "OK\n");
}

fn assert_healed(lab: &Lab) {
    enter_ok(lab, "lab settle");
    lab.wait_for("equal commit indexes", equal_commits);
    assert_value(lab, &MEMBERS, "name", "Carol");
    lab.until("equal rows in the table of members", || {
        let rows = member_table(lab);
        rows.len() == 3 && rows.iter().all(|row| row[3..7] == rows[0][3..7])
    });
    assert_eq!(lab.state()["violations"], json!([]));
    assert!(lab.text("[data-testid=invariants]").starts_with("0 violations"));
    lab.assert_clean();
}

#[test]
fn by_mouse_a_leader_dies_and_returns_and_a_cut_stops_only_the_minority() {
    let Some(lab) = Lab::start() else { return };
    lab.open("");
    let first = leader(&lab);
    assert_eq!(enter_ok(&lab, "etcdctl put name Alice"), "OK\n");
    assert_eq!(enter_ok(&lab, "etcdctl get name"), "name\nAlice\n");

    lab.click(&member(&first));
    lab.click("[data-testid=act-kill]");
    wait_for_echo(&lab, &format!("lab kill {first}"));
    wait_for_status(&lab, &first, "stopped");
    let second = leader_other_than(&lab, &first);
    enter_ok(&lab, "lab speed max");
    let others: Vec<&str> = MEMBERS.into_iter().filter(|name| *name != first).collect();
    assert_value(&lab, &others, "name", "Alice");
    let get = format!("etcdctl --endpoints={} get name", endpoint(&first));
    let (status, output) = enter(&lab, &get);
    assert!(status == 1 && output.contains("Error: "), "a dead member answered: {output}");

    lab.click("[data-testid=act-start]");
    wait_for_echo(&lab, &format!("lab start {first}"));
    enter_ok(&lab, "lab settle");
    lab.wait_for("equal commit indexes", equal_commits);
    assert_value(&lab, &[&first], "name", "Alice");

    lab.click(&member(&second));
    lab.click("button[title^='Cut all its links']");
    wait_for_echo(&lab, &isolation_of(&second));
    let third = leader_other_than(&lab, &second);
    assert_only_the_majority_writes(&lab, &second, &third);
    lab.click("[data-testid=heal-all]");
    wait_for_echo(&lab, "lab heal");
    lab.type_keys(Key::Escape);
    assert_healed(&lab);
}

/// Enters a line with nothing but keys: `/` goes to the console, Escape leaves it.
fn enter_by_keys(lab: &Lab, line: &str) -> (i64, String) {
    let before = blocks(lab).len();
    lab.type_keys("/");
    lab.type_keys(TypingData::from(line) + Key::Enter);
    let answer = answer(lab, before, line);
    lab.type_keys(Key::Escape);
    answer
}

/// The key that selects a member.
fn number(name: &str) -> String {
    name.trim_start_matches('m').to_owned()
}

#[test]
fn by_keyboard_alone_the_same_can_be_done() {
    let Some(lab) = Lab::start() else { return };
    lab.open("?seed=3");
    let first = leader(&lab);
    assert_eq!(enter_by_keys(&lab, "lab speed max"), (0, String::new()));
    let all = "--endpoints=127.0.0.1:2379,127.0.0.1:22379,127.0.0.1:32379";
    let put = format!("etcdctl {all} put name Alice");
    assert_eq!(enter_by_keys(&lab, &put), (0, "OK\n".to_owned()));

    // By the order of focus: to the member, Enter, to its verb, Enter.
    tab_to(&lab, &member(&first));
    lab.type_keys(Key::Enter);
    tab_to(&lab, "[data-testid=act-kill]");
    lab.type_keys(Key::Enter);
    wait_for_echo(&lab, &format!("lab kill {first}"));
    wait_for_status(&lab, &first, "stopped");
    let second = leader_other_than(&lab, &first);
    let get = format!("etcdctl --endpoints={} get name", endpoint(&second));
    assert_eq!(enter_by_keys(&lab, &get), (0, "name\nAlice\n".to_owned()));

    // By shortcuts: the number selects, the letter acts.
    lab.type_keys(Key::Escape);
    lab.type_keys(number(&first));
    lab.type_keys("s");
    wait_for_echo(&lab, &format!("lab start {first}"));
    assert_eq!(enter_by_keys(&lab, "lab settle"), (0, String::new()));
    lab.wait_for("equal commit indexes", equal_commits);
    let get = format!("etcdctl --endpoints={} get name", endpoint(&first));
    assert_eq!(enter_by_keys(&lab, &get), (0, "name\nAlice\n".to_owned()));

    lab.type_keys(number(&second));
    lab.type_keys("i");
    wait_for_echo(&lab, &isolation_of(&second));
    let third = leader_other_than(&lab, &second);
    let put = format!("etcdctl --endpoints={} put name Bob", endpoint(&second));
    let (status, output) = enter_by_keys(&lab, &put);
    assert_eq!(status, 1, "{output}");
    assert!(output.ends_with("Error: context deadline exceeded\n"), "{output}");
    let put = format!("etcdctl --endpoints={} put name Carol", endpoint(&third));
    assert_eq!(enter_by_keys(&lab, &put), (0, "OK\n".to_owned()));
    lab.type_keys("h");
    wait_for_echo(&lab, "lab heal");
    lab.type_keys(Key::Escape);
    assert_healed(&lab);
}

#[test]
fn the_keyboard_holds_steps_and_plays_and_the_arrows_bring_lines_back() {
    let Some(lab) = Lab::start() else { return };
    lab.open("");
    leader(&lab);
    let time = || lab.state()["time_ms"].as_u64().expect("a time");
    lab.type_keys(" ");
    lab.wait_for("a hold", |state| state["held"] == true);
    let held_at = time();
    std::thread::sleep(std::time::Duration::from_millis(150));
    assert_eq!(time(), held_at, "time passes while it is held");
    lab.type_keys(".");
    lab.wait_for("a step", |state| {
        state["held"] == true && state["time_ms"].as_u64() > Some(held_at)
    });
    assert!(time() <= held_at + 500, "a step from {held_at} to {} ms", time());
    lab.type_keys(" ");
    lab.wait_for("play", |state| state["held"] == false);

    assert_eq!(enter_by_keys(&lab, "echo one"), (0, "one\n".to_owned()));
    assert_eq!(enter_by_keys(&lab, "echo two"), (0, "two\n".to_owned()));
    let before = blocks(&lab).len();
    lab.type_keys("/");
    lab.type_keys(Key::Up + Key::Up + Key::Enter);
    assert_eq!(answer(&lab, before, "echo one"), (0, "one\n".to_owned()));
    lab.assert_clean();
}

#[test]
fn messages_in_the_picture_take_the_focus_from_nobody() {
    let Some(lab) = Lab::start() else { return };
    lab.open("");
    leader(&lab);
    for css in ["[data-testid=link][data-from=m1][data-to=m2]", "[data-testid=member]"] {
        tab_to(&lab, css);
        lab.eval("window.focused = document.activeElement");
        // Heartbeats come and go ten times in a second.
        std::thread::sleep(std::time::Duration::from_millis(600));
        let kept = lab.eval("return focused.isConnected && document.activeElement === focused");
        assert_eq!(kept, json!(true), "{css} was made anew while it had the focus");
    }
    lab.assert_clean();
}

#[test]
fn a_press_on_a_link_cuts_it_and_another_heals_it() {
    let Some(lab) = Lab::start() else { return };
    lab.open("");
    leader(&lab);
    tab_to(&lab, "[data-testid=link][data-from=m1][data-to=m2]");
    lab.type_keys(Key::Enter);
    wait_for_echo(&lab, "lab cut 'm1|m2'");
    let cut = "[data-testid=link][data-cut=true]";
    lab.until("both directions cut", || lab.count(cut) == 2);
    lab.type_keys(Key::Enter);
    wait_for_echo(&lab, "lab heal");
    lab.until("no direction cut", || lab.count(cut) == 0);
    lab.click("[data-testid=link][data-from=m1][data-to=m3]");
    wait_for_echo(&lab, "lab cut 'm1|m3'");
    lab.until("both directions cut", || lab.count(cut) == 2);
    lab.click("[data-testid=heal-all]");
    wait_for_echo(&lab, "lab heal");
    lab.until("no direction cut", || lab.count(cut) == 0);
    lab.assert_clean();
}

#[test]
fn wrong_input_gets_the_tools_own_error_and_the_console_lives_on() {
    let Some(lab) = Lab::start() else { return };
    lab.open("");
    leader(&lab);
    enter_ok(&lab, "lab speed max");
    for (line, status, message) in [
        ("nosuch", 127, "bash: nosuch: command not found\n"),
        (
            "etcdctl put",
            128,
            "Error: put command needs 1 argument and input from stdin or 2 arguments\n",
        ),
        (
            "etcdctl get",
            128,
            "Error: get command needs one argument as key and an optional argument as range_end\n",
        ),
        ("etcdctl gte a", 1, "Error: unknown command \"gte\" for \"etcdctl\"\n"),
        ("etcdctl get a --nosuch", 1, "Error: unknown flag: --nosuch\n"),
        ("etcdctl get a -w", 1, "Error: flag needs an argument: 'w' in -w\n"),
        ("etcdctl --endpoints=127.0.0.1:9 get a", 1, "Error: context deadline exceeded\n"),
        ("etcdctl --endpoints=nowhere:2379 get a", 1, "Error: context deadline exceeded\n"),
        ("lab kill m9", 1, "lab: no member named 'm9'\n"),
        ("lab fly", 1, "lab: unknown command 'fly'; see 'lab help'\n"),
        ("lab kill", 1, "lab: kill needs a member\n"),
        ("cat nosuch", 1, "cat: nosuch: No such file or directory\n"),
    ] {
        let (code, output) = enter(&lab, line);
        assert_eq!(code, status, "{line}: {output}");
        assert!(output.contains(message), "{line}: {output}");
        assert_eq!(enter_ok(&lab, "echo alive"), "alive\n");
    }
    assert_eq!(lab.exec_api("false").0, 1);
    let refused = lab.try_promise("window.etcdlab.act({kind: 'kill', member: 'm9'})", vec![]);
    assert_eq!(refused, Err("Error: no member named 'm9'".to_owned()));
    lab.assert_clean();
}

#[test]
fn a_bad_address_is_named_and_the_lab_runs_all_the_same() {
    let Some(lab) = Lab::start() else { return };
    lab.open("?members=99&seed=x&profile=9&workers=many");
    leader(&lab);
    let banner = lab.text(".banner");
    for complaint in [
        "members=99 is not a number from 1 to 7; using 3.",
        "seed=x is not a whole number; using seed 1.",
        "profile=9 is not known (3.3, 3.4, 3.5, 3.6); using 3.4.",
        "workers=many is neither 0 nor 1; using 1.",
    ] {
        assert!(banner.contains(complaint), "{complaint} is not in: {banner}");
    }
    let state = lab.state();
    assert_eq!(state["seed"], 1);
    assert_eq!(state["members"].as_array().map(Vec::len), Some(3));
    lab.click(".banner .notice button");
    lab.until("one complaint less", || lab.count(".banner .notice") == 3);
    lab.assert_clean();
}

/// Opens the page in a browser from which this script has taken something away.
fn open_without(lab: &Lab, script: &str) {
    lab.cdp("Page.addScriptToEvaluateOnNewDocument", json!({"source": script}));
    lab.goto("");
}

#[test]
fn a_browser_without_webassembly_or_workers_gets_a_readable_page() {
    for missing in ["WebAssembly", "Worker"] {
        let Some(lab) = Lab::start() else { return };
        open_without(&lab, &format!("delete globalThis.{missing};"));
        lab.until("the message", || lab.text("#failure").contains("The lab cannot start here"));
        let text = lab.text("#failure");
        assert!(text.contains("WebAssembly") && text.contains("workers"), "{missing}: {text}");
        assert!(text.contains("Firefox") && text.contains("Safari"), "{missing}: {text}");
        assert!(lab.foreign_requests().is_empty());
    }
}

#[test]
fn a_browser_without_module_workers_gets_a_readable_page() {
    let Some(lab) = Lab::start() else { return };
    // As browsers do that know classic workers only: the option is never looked at.
    open_without(
        &lab,
        "const Real = Worker;
         globalThis.Worker = function (url, options) { return new Real(url, {name: options.name}); };",
    );
    let said = || lab.eval("return document.body.innerText").to_string();
    lab.until("the message", || said().contains("no module workers"));
}

#[test]
fn on_a_phone_nothing_is_wider_than_the_screen_and_the_console_can_be_used() {
    let Some(lab) = Lab::start() else { return };
    lab.resize(390, 844);
    lab.open("");
    let first = leader(&lab);
    let fits = || {
        let widths = lab.eval("return [document.scrollingElement.scrollWidth, innerWidth]");
        assert!(widths[0].as_u64() <= widths[1].as_u64(), "wider than the screen: {widths}");
        assert_eq!(widths[1], 390);
    };
    fits();
    lab.click(&member(&first));
    for pane in ["Members", "Events", "Cluster", "Console"] {
        let tab = lab.eval(&format!(
            "return [...document.querySelectorAll('.tabs button')]
                 .findIndex((tab) => tab.textContent === {})",
            json!(pane)
        ));
        let at = tab.as_i64().filter(|at| *at >= 0).unwrap_or_else(|| panic!("no tab {pane}")) + 1;
        lab.click(&format!(".tabs button:nth-child({at})"));
        let current = format!(".tabs button:nth-child({at})[aria-current=page]");
        lab.until(pane, || lab.count(&current) == 1);
        fits();
    }
    assert_eq!(enter_ok(&lab, "etcdctl put name Alice"), "OK\n");
    let table = enter_ok(
        &lab,
        "etcdctl --endpoints=127.0.0.1:2379,127.0.0.1:22379 endpoint status -w table",
    );
    assert!(table.contains("| 127.0.0.1:22379 |"), "{table}");
    fits();
    lab.assert_clean();
}

#[test]
fn the_honest_panel_measures_this_tab_and_leaves_the_session_alone() {
    let Some(lab) = Lab::start() else { return };
    lab.open("");
    lab.act(json!({"kind": "run", "until_ms": 3000}));
    let before = (lab.state()["events"].clone(), lab.trace_hash());
    lab.click("[data-testid=honest-button]");
    let figure = || lab.text("[data-testid=puts-per-second]");
    lab.until("a panel that has not measured yet", || figure() == "not measured yet");
    lab.click("[data-testid=measure]");
    lab.until("a figure", || figure().ends_with(" puts/s"));
    let figure = figure();
    let digits: String = figure.chars().filter(char::is_ascii_digit).collect();
    assert!(digits.parse::<u64>().expect("a number") > 100, "{figure}");
    println!("the honest panel says: {figure}");
    lab.type_keys(Key::Escape);
    lab.until("a closed panel", || lab.count("dialog[open]") == 0);
    assert_eq!((lab.state()["events"].clone(), lab.trace_hash()), before);
    lab.assert_clean();
}
