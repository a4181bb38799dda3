//! What the console makes of each message of the conductor that a shell seldom sends: unfinished
//! lines, input, hints, completions, the editor. The messages are made here, and given to the page as
//! if its worker had sent them.

use etcd_lab_tests::browser::{Key, Lab};
use etcd_lab_tests::person::{blocks, leader};
use frame::{Candidate, Completion, FromLab, ToLab};
use serde_json::json;

const INPUT: &str = "[data-testid=console-input]";

/// Opens the page and keeps what it sends from its worker: `window.sent`, as lists of bytes.
fn open(lab: &Lab) {
    lab.open("");
    leader(lab);
    lab.eval(
        "window.sent = [];
         const worker = etcdlabBoot.conductor, real = worker.postMessage.bind(worker);
         worker.postMessage = (message, transfer) => {
             const bytes = [...new Uint8Array(message)];
             // Frames are still asked for.
             if (bytes.length === 1) real(message, transfer); else sent.push(bytes);
         };",
    );
}

/// Gives the page a message, as its worker would.
fn hear(lab: &Lab, message: &FromLab) {
    let bytes = json!(frame::encode(message));
    lab.eval(&format!(
        "etcdlabBoot.conductor.dispatchEvent(
             new MessageEvent('message', {{data: new Uint8Array({bytes}).buffer}}))"
    ));
}

/// The newest message that the page sent.
fn newest(lab: &Lab) -> ToLab {
    let bytes = lab.eval("return sent.at(-1)");
    let bytes: Vec<u8> = serde_json::from_value(bytes).expect("bytes");
    frame::decode(&bytes).expect("a message")
}

/// Types a line and Enter; gives its call.
fn exec(lab: &Lab, line: &str) -> u64 {
    lab.click(INPUT);
    lab.type_keys(line);
    lab.type_keys(Key::Enter);
    match newest(lab) {
        ToLab::Exec { call, line: sent, .. } if sent == line => call,
        other => panic!("{other:?}"),
    }
}

fn done(call: u64, code: i32) -> FromLab {
    FromLab::Done { call, code, output: String::new(), after: frame::After::default() }
}

fn output(call: u64, text: &str) -> FromLab {
    FromLab::Output { call, stderr: false, text: text.into() }
}

fn prompt(lab: &Lab) -> String {
    let text = lab.eval("return document.querySelector('label.prompt').textContent");
    text.as_str().expect("a text").to_owned()
}

fn typed(lab: &Lab) -> String {
    let value = lab.eval("return document.querySelector('[data-testid=console-input]').value");
    value.as_str().expect("a text").to_owned()
}

#[test]
fn an_unfinished_line_goes_on_in_its_block_and_input_shows_where_it_was_read() {
    let Some(lab) = Lab::start() else { return };
    open(&lab);
    let first = exec(&lab, "cat <<X");
    hear(&lab, &FromLab::Unfinished { call: first });
    lab.until("the other prompt", || prompt(&lab) == "> ");
    let second = exec(&lab, "X");
    hear(&lab, &output(second, "done\n"));
    hear(&lab, &done(second, 0));
    lab.until("its end", || blocks(&lab).last().is_some_and(|b| b.status == Some(0)));
    assert_eq!(prompt(&lab), "client:~$ ");
    let reader = exec(&lab, "cat");
    let input = exec(&lab, "hello");
    hear(&lab, &FromLab::Taken { call: input, by: reader });
    hear(&lab, &output(reader, "hello\n"));
    let password = exec(&lab, "etcdctl user add root");
    hear(&lab, &done(reader, 0));
    hear(&lab, &output(password, "Password of root: "));
    lab.until("a hidden line", || lab.count("textarea.secret") == 1);
    let secret = exec(&lab, "secret");
    hear(&lab, &FromLab::Taken { call: secret, by: password });
    hear(&lab, &FromLab::Hint { call: password, text: "A second time, please.".into() });
    hear(&lab, &done(password, 1));
    lab.until("a hint", || lab.count("[data-testid=teacher]:not([hidden])") == 1);
    let lines: Vec<_> = blocks(&lab).into_iter().map(|b| (b.line, b.output)).collect();
    let expected = [
        ("cat <<X", "done\n"),
        ("cat", "hello\nhello\n"),
        ("etcdctl user add root", "Password of root: \n"),
    ];
    assert_eq!(lines, expected.map(|(line, output)| (line.to_owned(), output.to_owned())));
    lab.click("[data-testid=switch-teacher]");
    lab.until("no hint", || lab.count("[data-testid=teacher]:not([hidden])") == 0);
    lab.assert_clean();
}

#[test]
fn tab_completes_and_lists_and_the_list_is_used_by_keys() {
    let Some(lab) = Lab::start() else { return };
    open(&lab);
    lab.click(INPUT);
    lab.type_keys("lab st");
    lab.type_keys(Key::Tab);
    let ToLab::Complete { call, line, cursor, .. } = newest(&lab) else { panic!("no question") };
    assert_eq!((line.as_str(), cursor), ("lab st", 6));
    let candidate = |text: &str, about: &str| Candidate {
        text: format!("{text} "),
        shown: text.into(),
        about: about.into(),
    };
    let candidates = vec![
        candidate("start", "start a member"),
        candidate("status", "a table of members"),
        candidate("step", "one event on"),
    ];
    let completion = Completion { start: 4, candidates, more: false };
    hear(&lab, &FromLab::Completed { call, completion });
    let listed = "[data-testid=completions]:not([hidden]) [role=option]";
    lab.until("the hint", || lab.text(".completions .hint").contains("3 possible"));
    assert_eq!((typed(&lab), lab.count(listed)), ("lab st".to_owned(), 0));
    lab.type_keys(Key::Tab);
    lab.until("a list", || lab.count(listed) == 3);
    lab.type_keys(Key::Down + Key::Down);
    assert_eq!(typed(&lab), "lab status ");
    let active = lab.attribute(INPUT, "aria-activedescendant").expect("an active option");
    assert_eq!(lab.attribute(&format!("#{active}"), "aria-selected").as_deref(), Some("true"));
    lab.type_keys(Key::Escape);
    lab.until("no list", || lab.count(listed) == 0);
    assert_eq!(typed(&lab), "lab st");
    lab.assert_clean();
}

#[test]
fn the_editor_saves_and_asks_before_it_throws_changes_away() {
    let Some(lab) = Lab::start() else { return };
    open(&lab);
    lab.click(INPUT);
    let edit = |edit| FromLab::Edit {
        call: 1,
        edit,
        path: "/root/notes.txt".into(),
        text: "one\ntwo\n".into(),
    };
    hear(&lab, &edit(7));
    lab.until("the editor", || lab.count("dialog.editor[open]") == 1);
    lab.type_keys("k");
    lab.until("a place", || lab.text("[data-testid=editor-place]") == "changed, line 1, column 2");
    lab.type_keys(Key::Escape);
    lab.until("a question", || lab.text(".editor .ask").contains("not saved"));
    lab.type_keys(Key::Escape);
    lab.until("no question", || lab.text(".editor .ask").is_empty());
    lab.chord(Key::Control, "s");
    lab.until("a closed editor", || lab.count("dialog[open]") == 0);
    let text = Some("kone\ntwo\n".to_owned());
    assert_eq!(newest(&lab), ToLab::Edited { host: "client".into(), edit: 7, text });
    let focused = lab.eval("return document.activeElement.id");
    assert_eq!(focused, json!("console-input"));

    hear(&lab, &edit(8));
    lab.until("the editor", || lab.count("dialog.editor[open]") == 1);
    lab.type_keys(Key::Escape);
    lab.until("a closed editor", || lab.count("dialog[open]") == 0);
    assert_eq!(newest(&lab), ToLab::Edited { host: "client".into(), edit: 8, text: None });
    lab.assert_clean();
}

#[test]
fn ctrl_d_on_an_empty_line_is_the_end_of_input() {
    let Some(lab) = Lab::start() else { return };
    open(&lab);
    lab.click(INPUT);
    lab.chord(Key::Control, "d");
    assert_eq!(newest(&lab), ToLab::EndOfInput { host: "client".into() });
    lab.assert_clean();
}
