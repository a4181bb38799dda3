//! Ctrl-R: search back through the history while typing.

use super::keys::{self, Command};
use super::{Effect, History, Key, Last, LineEditor};

#[derive(Clone, Debug, Default)]
pub(super) struct Search {
    query: String,
    /// The line that was found, as a number of steps back.
    at: Option<usize>,
    failed: bool,
    /// The line as it was before.
    before: (String, usize),
}

impl Search {
    pub(super) fn prompt(&self) -> String {
        let failed = if self.failed { "failed " } else { "" };
        format!("({failed}reverse-i-search)`{}': ", self.query)
    }
}

impl LineEditor {
    pub(super) fn begin_search(&mut self) {
        self.search =
            Some(Search { before: (self.text.clone(), self.cursor), ..Search::default() });
    }

    /// A key during a search. None: the search is over, what it found is the line, and the key is
    /// still to be done.
    pub(super) fn press_in_search(&mut self, key: &Key, history: &History) -> Option<Effect> {
        let mut search = self.search.take()?;
        let plain = !key.ctrl && !key.alt;
        match (keys::command(key), key.name) {
            (Some(Command::Search), _) => {
                if search.query.is_empty() {
                    search.query.clone_from(&self.searched);
                    self.find(search, history, 1);
                } else {
                    let from = search.at.map_or(1, |at| at + 1);
                    self.find(search, history, from);
                }
            }
            (Some(Command::Leave), _) => self.leave_search(search),
            (None, "g" | "G") if key.ctrl => self.leave_search(search),
            (Some(Command::Interrupt), _) => {
                self.take();
                return Some(Effect::Interrupt(String::new()));
            }
            (None | Some(Command::DeleteBack), name)
                if name == "Backspace" || (key.ctrl && name.eq_ignore_ascii_case("h")) =>
            {
                search.query.pop();
                self.find(search, history, 1);
            }
            (None, name) if plain && name.chars().count() == 1 => {
                search.query.push_str(name);
                // What was found may match the longer text as well.
                let from = search.at.unwrap_or(1);
                self.find(search, history, from);
            }
            // A key that changes nothing by itself, such as Shift.
            (None, name) if name.len() > 1 && !name.starts_with("Arrow") && name != "Home" => {
                self.search = Some(search);
                return Some(Effect::Browser);
            }
            // Tab takes the line as an arrow does.
            (Some(Command::Complete { .. }), _) => self.last = Last::Other,
            _ => return None,
        }
        Some(Effect::Edited)
    }

    /// Looks for the query from that many steps back; the line becomes what is found.
    fn find(&mut self, mut search: Search, history: &History, from: usize) {
        self.searched.clone_from(&search.query);
        match history.find(&search.query, from) {
            Some(back) => {
                search.at = Some(back);
                search.failed = false;
                self.text = history.back(back).unwrap_or_default().to_owned();
                self.cursor = self.text.find(&search.query).unwrap_or(self.text.len());
            }
            None => search.failed = !search.query.is_empty(),
        }
        self.search = Some(search);
    }

    fn leave_search(&mut self, search: Search) {
        (self.text, self.cursor) = search.before;
    }
}
