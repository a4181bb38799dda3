//! The page's console as a person uses it: keys of the line, history, strip, switches, the cheat
//! sheet; and that neither long output nor a long paste stops the page.

use etcd_lab_tests::browser::{Key, Lab};
use etcd_lab_tests::person::{answer, blocks, enter, enter_ok, leader, tab_to};
use serde_json::json;

const INPUT: &str = "[data-testid=console-input]";

fn typed(lab: &Lab) -> String {
    let value = lab.eval("return document.querySelector('[data-testid=console-input]').value");
    value.as_str().expect("a text").to_owned()
}

fn has_focus(lab: &Lab, css: &str) -> bool {
    lab.eval(&format!("return document.activeElement.matches({})", json!(css))) == json!(true)
}

/// Types a word for each blank-separated part: `C-x` and `A-x` with Ctrl and Alt.
fn press(lab: &Lab, keys: &str) {
    for part in keys.split(' ') {
        match part.split_at_checked(2) {
            Some(("C-", letter)) => lab.chord(Key::Control, letter),
            Some(("A-", letter)) => lab.chord(Key::Alt, letter),
            _ => lab.type_keys(part),
        }
    }
}

#[test]
fn the_line_is_edited_with_readlines_keys_and_found_again_with_ctrl_r() {
    let Some(lab) = Lab::start() else { return };
    lab.open("");
    leader(&lab);
    enter_ok(&lab, "etcdctl put name 'Alice B'");
    enter_ok(&lab, "echo two words");
    lab.click(INPUT);
    lab.type_keys("one two three");
    for (keys, expected) in [
        ("C-u", ""),
        ("C-y", "one two three"),
        ("A-b x", "one two xthree"),
        ("C-a y", "yone two xthree"),
        ("C-k", "y"),
        ("C-u A-.", "words"),
        ("A-.", "'Alice B'"),
        ("C-c", ""),
    ] {
        press(&lab, keys);
        assert_eq!(typed(&lab), expected, "after {keys}");
    }
    lab.until("an echo of ^C", || {
        blocks(&lab).last().is_some_and(|block| block.line == "'Alice B'^C")
    });

    let before = blocks(&lab).len();
    press(&lab, "C-r put");
    assert_eq!(typed(&lab), "etcdctl put name 'Alice B'");
    let prompt = lab.text("label.prompt");
    assert!(prompt.starts_with("(reverse-i-search)`put'"), "{prompt}");
    lab.type_keys(Key::Enter);
    assert_eq!(answer(&lab, before, "etcdctl put name 'Alice B'"), (0, "OK\n".to_owned()));

    // The grey rest of an earlier line is taken by Right, and never runs by itself.
    lab.type_keys("echo tw");
    lab.until("a ghost", || lab.text("[data-testid=console-ghost]").ends_with("o words"));
    lab.type_keys(Key::Right);
    assert_eq!(typed(&lab), "echo two words");
    press(&lab, "C-l");
    lab.until("an empty log", || blocks(&lab).is_empty());
    lab.assert_clean();
}

#[test]
fn history_and_switches_outlive_a_reload_and_the_address_forbids_completion() {
    let Some(lab) = Lab::start() else { return };
    lab.open("");
    leader(&lab);
    enter_ok(&lab, "echo kept");
    lab.click("[data-testid=switch-teacher]");
    let stored = |name: &str| lab.eval(&format!("return localStorage.getItem('etcd-lab.{name}')"));
    lab.until("a stored history", || stored("history") == json!("echo kept"));
    assert_eq!(stored("settings"), json!("completion=1 teacher=0"));
    lab.open("?completion=0");
    leader(&lab);
    let checked = |name: &str| {
        lab.eval(&format!(
            "const s = document.querySelector('[data-testid=switch-{name}]');
             return [s.checked, s.disabled]"
        ))
    };
    assert_eq!(checked("teacher"), json!([false, false]));
    assert_eq!(checked("completion"), json!([false, true]));
    lab.click(INPUT);
    lab.type_keys("echo k");
    assert_eq!(lab.text("[data-testid=console-ghost]"), "", "no ghost where completion is off");
    lab.type_keys(Key::Tab);
    assert_eq!(typed(&lab), "echo k");
    assert!(has_focus(&lab, INPUT));
    lab.type_keys(Key::Up);
    assert_eq!(typed(&lab), "echo kept");
    lab.assert_clean();
}

#[test]
fn without_storage_the_console_works_all_the_same() {
    let Some(lab) = Lab::start() else { return };
    let script =
        "Object.defineProperty(window, 'localStorage', {get() { throw new Error('no'); }});";
    lab.cdp("Page.addScriptToEvaluateOnNewDocument", json!({"source": script}));
    lab.open("");
    leader(&lab);
    enter_ok(&lab, "echo one");
    lab.click("[data-testid=switch-completion]");
    lab.click(INPUT);
    lab.type_keys(Key::Up);
    assert_eq!(typed(&lab), "echo one");
    lab.assert_clean();
}

#[test]
fn the_console_is_no_trap() {
    let Some(lab) = Lab::start() else { return };
    lab.open("");
    leader(&lab);
    tab_to(&lab, INPUT);
    lab.type_keys(Key::Tab);
    assert!(!has_focus(&lab, INPUT), "Tab on an empty line leads on");
    lab.type_keys("/");
    assert!(has_focus(&lab, INPUT));
    lab.type_keys("etcdctl ");
    lab.type_keys(Key::Escape);
    assert!(!has_focus(&lab, INPUT), "Esc leaves");
    lab.assert_clean();
}

#[test]
fn a_strip_tells_how_a_command_went_and_is_no_part_of_its_output() {
    let Some(lab) = Lab::start() else { return };
    lab.open("");
    leader(&lab);
    let strip = || lab.text("[data-testid=console-log] li:last-child [data-testid=strip]");
    assert_eq!(enter_ok(&lab, "etcdctl put name Alice"), "OK\n");
    let put = strip();
    for part in ["ok", "revision 2", "127.0.0.1:2379", "leader m", "at ", "took "] {
        assert!(put.contains(part), "{part} is not in: {put}");
    }
    enter(&lab, "nosuch");
    assert!(strip().starts_with("exit 127"), "{}", strip());
    let copied = lab.eval(
        "const log = document.querySelector('[data-testid=console-log]');
         getSelection().selectAllChildren(log);
         const text = getSelection().toString();
         getSelection().removeAllRanges();
         return text",
    );
    let copied = copied.as_str().expect("a text");
    assert!(copied.contains("OK") && !copied.contains("revision"), "{copied}");
    lab.click("[data-testid=hold-play]");
    lab.until("an echo", || blocks(&lab).last().is_some_and(|b| b.echo && b.status == Some(0)));
    let hidden =
        lab.count("[data-testid=console-log] li:last-child [data-testid=strip]:not([hidden])");
    assert_eq!(hidden, 0, "a click's echo has no strip");
    lab.assert_clean();
}

#[test]
fn the_cheat_sheet_is_fetched_on_demand_and_puts_commands_into_the_line() {
    let Some(lab) = Lab::start() else { return };
    lab.open("");
    leader(&lab);
    let fetched = || {
        let names = lab.eval("return performance.getEntriesByType('resource').map((e) => e.name)");
        names.to_string().contains("/cheats-")
    };
    assert!(!fetched(), "it weighs on every start");
    lab.type_keys("e");
    lab.until("the sheet", || lab.count("[data-testid=cheats] tbody button") > 80);
    assert!(fetched());
    assert!(has_focus(&lab, "[data-testid=cheats-search]"));
    lab.type_keys("set /name alice");
    lab.until("one task", || lab.count("[data-testid=cheats] tbody button") == 2);
    lab.click("[data-testid=cheats] tbody td:nth-child(2) button");
    lab.until("a closed dialog", || lab.count("dialog[open]") == 0);
    lab.until("the focus in the line", || has_focus(&lab, INPUT));
    assert_eq!(typed(&lab), "ETCDCTL_API=2 etcdctl set /name Alice");
    lab.assert_clean();
}

#[test]
fn much_output_is_all_there_and_a_large_paste_runs() {
    let Some(lab) = Lab::start() else { return };
    lab.open("");
    leader(&lab);
    let expected: String = (1..=10_000).map(|n| format!("{n}\n")).collect();
    assert_eq!(enter_ok(&lab, "seq 1 10000"), expected);
    lab.until("an offer to copy", || {
        lab.text("[data-testid=console-log] li:last-child [data-testid=strip]")
            .ends_with("Copy all 10000 lines")
    });
    let text = "\u{e9}\u{20ac}\u{1f600} \n".repeat(10_000);
    lab.click(INPUT);
    let before = blocks(&lab).len();
    lab.promise(
        "(async (text) => {
            const data = new DataTransfer();
            data.setData('text', `cat <<'EOF' | wc -c\\n${text}EOF\\n`);
            const field = document.querySelector('[data-testid=console-input]');
            field.dispatchEvent(new ClipboardEvent('paste',
                {clipboardData: data, bubbles: true, cancelable: true}));
        })(args[0])",
        vec![json!(text)],
    );
    lab.until("its end", || {
        let seen = blocks(&lab);
        seen.len() > before && seen.last().is_some_and(|block| block.status.is_some())
    });
    let last = blocks(&lab).pop().expect("a block");
    assert_eq!((last.status, last.output.trim()), (Some(0), text.len().to_string().as_str()));
    assert!(last.line.len() < 10_000, "the pasted text pushes everything else away");
    lab.assert_clean();
}
