//! The console's line editor: readline's usual keys on a text and a cursor. Pure, no DOM.
//!
//! The page's text field stays the master of plain typing (and of input methods); before each key
//! its text and cursor are taken over with [`LineEditor::sync`], and what a key made of them is
//! written back. Left out of readline: its configuration, macros, undo and the vi mode.

mod edit;
mod history;
mod keys;
mod search;
mod words;

pub(crate) use history::History;
pub(crate) use keys::Key;

use keys::{Command, Motion};
use search::Search;

/// Most pieces of cut text that Alt-Y goes round.
const KILLS_MAX: usize = 16;

/// What a key comes to, beyond a changed line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    /// Not a key of the editor: the browser does what it does.
    Browser,
    /// Text, cursor or search may have changed.
    Edited,
    Run(String),
    /// Ctrl-C with this text in the line.
    Interrupt(String),
    /// Ctrl-D in an empty line.
    EndOfInput,
    Clear,
    /// Esc: give the focus away.
    Leave,
    Complete {
        back: bool,
    },
}

/// What the last key was, where the next one depends on it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
enum Last {
    #[default]
    Other,
    /// A cut: the next one joins it.
    Kill,
    /// Put in by Ctrl-Y or Alt-Y: where, and which piece (0 is the newest).
    Yank { start: usize, nth: usize },
    /// Put in by Alt-`.`: where, and of which line back.
    Word { start: usize, back: usize },
}

#[derive(Clone, Debug, Default)]
pub(crate) struct LineEditor {
    text: String,
    /// In bytes, on a boundary of characters.
    cursor: usize,
    kills: Vec<String>,
    last: Last,
    /// How many lines the arrows have gone back, and what was typed before they did.
    back: usize,
    draft: String,
    search: Option<Search>,
    /// The text of the last search, for Ctrl-R on an empty one.
    searched: String,
}

impl LineEditor {
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    pub(crate) fn cursor(&self) -> usize {
        self.cursor
    }

    /// Takes over what the text field holds; `cursor` in bytes.
    pub(crate) fn sync(&mut self, text: &str, cursor: usize) {
        if self.text != text {
            // Typed, pasted or dictated since the last key.
            self.text = text.to_owned();
            self.search = None;
            self.last = Last::Other;
        }
        let cursor = cursor.min(self.text.len());
        if self.cursor != cursor {
            self.last = Last::Other;
        }
        self.cursor = (0..=cursor).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    }

    /// Replaces the line, as completion and the cheat sheet do.
    pub(crate) fn set(&mut self, text: String, cursor: usize) {
        self.cursor = cursor.min(text.len());
        self.text = text;
        self.last = Last::Other;
        self.search = None;
    }

    /// The line's prompt while a search is on: `(reverse-i-search)` and what is looked for.
    pub(crate) fn search_prompt(&self) -> Option<String> {
        self.search.as_ref().map(Search::prompt)
    }

    /// The rest of the newest line that begins with this one, if the cursor is at its end.
    pub(crate) fn ghost<'a>(&self, history: &'a History) -> Option<&'a str> {
        let at_end = self.cursor == self.text.len() && self.search.is_none();
        if self.text.trim().is_empty() || !at_end {
            return None;
        }
        history.newest_after(&self.text)
    }

    /// Does what a key means. `ghost`: the offer of [`LineEditor::ghost`] is shown.
    pub(crate) fn press(&mut self, key: &Key, history: &History, ghost: bool) -> Effect {
        if let Some(effect) = self.press_in_search(key, history) {
            return effect;
        }
        let Some(command) = keys::command(key) else { return Effect::Browser };
        let last = std::mem::take(&mut self.last);
        match command {
            Command::Move(motion) => return self.go(motion, key, history, ghost),
            Command::Kill(motion) => self.kill(motion, last == Last::Kill),
            Command::DeleteForward if self.text.is_empty() => return Effect::EndOfInput,
            Command::DeleteForward => {
                let end = words::next(&self.text, self.cursor);
                self.text.replace_range(self.cursor..end, "");
            }
            Command::DeleteBack => {
                let start = words::previous(&self.text, self.cursor);
                self.replace(start, self.cursor, "");
            }
            Command::Yank => self.yank(),
            Command::YankOlder => self.yank_older(&last),
            Command::Transpose => self.transpose(),
            Command::LastWord => self.last_word(&last, history),
            Command::Older if !key.ctrl && !key.alt && self.text[..self.cursor].contains('\n') => {
                return Effect::Browser;
            }
            Command::Newer if !key.ctrl && !key.alt && self.text[self.cursor..].contains('\n') => {
                return Effect::Browser;
            }
            Command::Older => self.recall(history, 1),
            Command::Newer => self.recall(history, -1),
            Command::Search => self.begin_search(),
            Command::Run => return self.run(),
            Command::Interrupt => {
                let typed = self.take();
                return Effect::Interrupt(typed);
            }
            Command::Clear => return Effect::Clear,
            Command::Leave => return Effect::Leave,
            // An empty line gives Tab to the page: the console is no trap.
            Command::Complete { .. } if self.text.trim().is_empty() => return Effect::Browser,
            Command::Complete { back } => return Effect::Complete { back },
        }
        Effect::Edited
    }

    fn go(&mut self, motion: Motion, key: &Key, history: &History, ghost: bool) -> Effect {
        let forward = matches!(motion, Motion::Right | Motion::End);
        if let (true, Some(rest)) = (ghost && forward, self.ghost(history)) {
            self.text.push_str(rest);
            self.cursor = self.text.len();
            return Effect::Edited;
        }
        // The field's own arrows know selection and writing direction better.
        if !key.ctrl && !key.alt {
            return Effect::Browser;
        }
        self.cursor = self.target(motion);
        Effect::Edited
    }

    fn recall(&mut self, history: &History, way: isize) {
        if self.back == 0 {
            self.draft.clone_from(&self.text);
        }
        self.back = self.back.saturating_add_signed(way).min(history.len());
        self.text = match history.back(self.back) {
            Some(line) => line.to_owned(),
            None => self.draft.clone(),
        };
        self.cursor = self.text.len();
    }

    fn run(&mut self) -> Effect {
        Effect::Run(self.take())
    }

    /// Empties the line for the next one; the kill ring stays.
    fn take(&mut self) -> String {
        self.back = 0;
        self.draft.clear();
        self.search = None;
        self.cursor = 0;
        std::mem::take(&mut self.text)
    }
}

#[cfg(test)]
mod tests;
