//! The cheat sheet: commands of v2, v3 and etcdutl side by side, by task. The sheet is a text of its
//! own (`web/cheats.tsv`), fetched when it is first opened.
//!
//! Of each line: topic, task, and one cell each for v2, v3 and etcdutl, with tabs between. A cell
//! that begins with `-` says why there is no such command. Lines that begin with `#` are comments.

use js_sys::{Function, Promise, Reflect};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};

#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) enum Cheats {
    #[default]
    Unread,
    Loading,
    Failed(String),
    Read(Vec<Row>),
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Row {
    pub(crate) topic: String,
    pub(crate) task: String,
    /// For v2, v3 and etcdutl.
    pub(crate) cells: [Cell; 3],
    /// All of it in small letters, to search in.
    words: String,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Cell {
    Command(String),
    /// There is none, for this reason.
    None(String),
}

pub(crate) const TOOLS: [&str; 3] = ["etcdctl v2", "etcdctl v3", "etcdutl"];

impl Row {
    /// Every word of the search is somewhere in the row.
    pub(crate) fn matches(&self, search: &str) -> bool {
        search.to_lowercase().split_whitespace().all(|word| self.words.contains(word))
    }
}

/// Reads the sheet; lines without five cells are left out.
pub(crate) fn parse(text: &str) -> Vec<Row> {
    text.lines().filter(|line| !line.starts_with('#')).filter_map(row).collect()
}

fn row(line: &str) -> Option<Row> {
    let cells: Vec<&str> = line.split('\t').map(str::trim).collect();
    let [topic, task, v2, v3, etcdutl] = cells.as_slice() else { return None };
    Some(Row {
        topic: (*topic).into(),
        task: (*task).into(),
        cells: [cell(v2), cell(v3), cell(etcdutl)],
        words: line.to_lowercase(),
    })
}

fn cell(text: &str) -> Cell {
    match text.strip_prefix('-') {
        Some(reason) => Cell::None(reason.trim().into()),
        None => Cell::Command(text.into()),
    }
}

/// What goes into the console's line: API version 2 is not the default of every version.
pub(crate) fn line(tool: usize, command: &str) -> String {
    let is_v2 = tool == 0 && command.starts_with("etcdctl");
    if is_v2 { format!("ETCDCTL_API=2 {command}") } else { command.into() }
}

/// Fetches the sheet through `boot.js`, which knows its name in this build.
pub(crate) fn fetch(tell: impl Fn(Cheats) + Clone + 'static) {
    let Some(promise) = promised() else {
        return tell(Cheats::Failed("boot.js does not offer it".into()));
    };
    let told = tell.clone();
    let read = Closure::once_into_js(move |text: JsValue| {
        told(Cheats::Read(parse(&text.as_string().unwrap_or_default())));
    });
    let failed = Closure::once_into_js(move |error: JsValue| {
        let text = Reflect::get(&error, &"message".into()).ok().and_then(|text| text.as_string());
        tell(Cheats::Failed(text.unwrap_or_else(|| "it could not be fetched".into())));
    });
    let then = Reflect::get(&promise, &"then".into()).ok().and_then(|t| t.dyn_into().ok());
    let then: Option<Function> = then;
    if let Some(then) = then {
        let _ = then.call2(&promise, &read, &failed);
    }
}

fn promised() -> Option<Promise> {
    let boot = Reflect::get(&js_sys::global(), &"etcdlabBoot".into()).ok()?;
    let fetch: Function = Reflect::get(&boot, &"fetchCheats".into()).ok()?.dyn_into().ok()?;
    fetch.call0(&JsValue::UNDEFINED).ok()?.dyn_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sheet_has_five_cells_in_each_line_and_reasons_where_a_command_is_missing() {
        let text = include_str!("../cheats.tsv");
        let lines = text.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
        let rows = parse(text);
        assert_eq!(rows.len(), lines.count(), "a line has not five cells");
        assert!(rows.len() >= 50, "only {} rows", rows.len());
        for row in &rows {
            assert!(!row.topic.is_empty() && !row.task.is_empty(), "{row:?}");
            let mut commands = 0;
            for (cell, tool) in row.cells.iter().zip(TOOLS) {
                let text = match cell {
                    Cell::Command(text) => {
                        commands += 1;
                        text
                    }
                    Cell::None(reason) => reason,
                };
                assert!(!text.is_empty(), "{}: nothing for {tool}", row.task);
            }
            assert!(commands > 0, "{} has no command at all", row.task);
        }
    }

    #[test]
    fn a_search_finds_rows_that_have_all_its_words() {
        let rows = parse("Keys\tStore a key\tetcdctl set /a 1\tetcdctl put a 1\t- no\nbad\tline\n");
        assert_eq!(rows.len(), 1);
        for (search, found) in
            [("", true), ("PUT", true), ("store set", true), ("keys no", true), ("delete", false)]
        {
            assert_eq!(rows[0].matches(search), found, "{search}");
        }
        assert_eq!(rows[0].cells[2], Cell::None("no".into()));
        assert_eq!(line(0, "etcdctl ls /"), "ETCDCTL_API=2 etcdctl ls /");
        assert_eq!(line(1, "etcdctl get a"), "etcdctl get a");
    }
}
