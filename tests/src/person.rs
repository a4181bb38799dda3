//! What a person does on the page and sees there: typed lines, clicks, keys; nothing through the page API.

use serde_json::{Value, json};

use crate::browser::{Key, Lab, TypingData};

/// Most presses of Tab that may lead from one control to another.
const TABS_MAX: usize = 120;

/// One block of the console, as it is drawn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    pub line: String,
    pub output: String,
    /// Exit status; `None` while the command runs.
    pub status: Option<i64>,
    /// A click's command, not a typed line.
    pub echo: bool,
}

/// All blocks of the console, oldest first.
pub fn blocks(lab: &Lab) -> Vec<Block> {
    let blocks = lab.eval(
        "return [...document.querySelectorAll('[data-testid=console-log] li.block')].map((b) => [
             b.querySelector('.typed').textContent,
             b.querySelector('pre').textContent,
             b.dataset.code,
             b.classList.contains('echo'),
         ])",
    );
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let block = |block: &Value| {
        let status = match text(&block[2]).as_str() {
            "" => None,
            code => Some(code.parse().expect(code)),
        };
        let echo = block[3] == true;
        Block { line: text(&block[0]), output: text(&block[1]), status, echo }
    };
    blocks.as_array().expect("a list of blocks").iter().map(block).collect()
}

/// Waits for the end of the newest command, which must be this one.
pub fn answer(lab: &Lab, blocks_before: usize, line: &str) -> (i64, String) {
    let ended = || {
        let seen = blocks(lab);
        seen.len() > blocks_before && seen.last().is_some_and(|block| block.status.is_some())
    };
    lab.until(line, ended);
    let newest = blocks(lab).pop().expect("the wait has seen it");
    assert_eq!((newest.line.as_str(), newest.echo), (line, false));
    (newest.status.expect("the wait has seen its end"), newest.output)
}

/// Clicks into the console, types a line and Enter, and waits for its end: exit status and output.
pub fn enter(lab: &Lab, line: &str) -> (i64, String) {
    lab.click("[data-testid=console-input]");
    let before = blocks(lab).len();
    lab.type_keys(TypingData::from(line) + Key::Enter);
    answer(lab, before, line)
}

/// Like [`enter`], for a line that must succeed; gives its output.
pub fn enter_ok(lab: &Lab, line: &str) -> String {
    let (status, output) = enter(lab, line);
    assert_eq!(status, 0, "{line}: {output}");
    output
}

/// Waits until the newest block is a click's or key's echo of this command, which went well.
pub fn wait_for_echo(lab: &Lab, command: &str) {
    lab.until(&format!("the echo of {command}"), || {
        blocks(lab).last().is_some_and(|b| b.echo && b.line == command && b.status == Some(0))
    });
}

/// Name of the member that the picture shows as leading; waits until there is one.
pub fn leader(lab: &Lab) -> String {
    let leading = "[data-testid=member][data-role=leader][data-status=running]";
    lab.until("a leader in the picture", || lab.count(leading) == 1);
    lab.attribute(leading, "data-name").expect("a name")
}

/// Waits until the picture shows a leader that is none of these; gives its name.
pub fn leader_other_than(lab: &Lab, gone: &str) -> String {
    let leading = format!(
        "[data-testid=member][data-role=leader][data-status=running]:not([data-name={gone}])"
    );
    lab.until("another leader in the picture", || lab.count(&leading) >= 1);
    lab.attribute(&leading, "data-name").expect("a name")
}

/// The selector of a member in the picture.
pub fn member(name: &str) -> String {
    format!("[data-testid=member][data-name={name}]")
}

/// Waits until the picture shows that status for a member.
pub fn wait_for_status(lab: &Lab, name: &str, status: &str) {
    let shown = format!("{}[data-status={status}]", member(name));
    lab.until(&format!("{name} to be shown as {status}"), || lab.count(&shown) == 1);
}

/// `127.0.0.1:PORT` where that member's clients connect.
pub fn endpoint(name: &str) -> String {
    match name {
        "m1" => "127.0.0.1:2379".to_owned(),
        other => format!("127.0.0.1:{}2379", other.trim_start_matches('m')),
    }
}

/// A cell of the table of members: `m1 leader 2 7 ...` by row, as text.
pub fn member_table(lab: &Lab) -> Vec<Vec<String>> {
    let rows = lab.eval(
        "return [...document.querySelectorAll('[data-testid=member-table] tbody tr')]
             .map((row) => [...row.children].map((cell) => cell.textContent.trim()))",
    );
    serde_json::from_value(rows).expect("a table of texts")
}

/// Presses Tab until the focus is on what the selector finds.
pub fn tab_to(lab: &Lab, css: &str) {
    let focused = || lab.eval(&format!("return document.activeElement.matches({})", json!(css)));
    for _ in 0..TABS_MAX {
        if focused() == json!(true) {
            return;
        }
        lab.type_keys(Key::Tab);
    }
    panic!("{TABS_MAX} presses of Tab do not lead to {css}");
}
