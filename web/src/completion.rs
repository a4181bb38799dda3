//! Tab: asking for candidates, their longest common beginning, and the list to choose from. Pure.
//!
//! The first Tab asks; one candidate is put in, of several what they have in common. The next Tab
//! lists them. Choosing shows the candidate in the line at once; going on by typing keeps it.

use frame::{Candidate, Completion};

/// A line and its cursor in bytes.
pub(crate) type Line = (String, usize);

#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) enum Tab {
    #[default]
    Idle,
    /// The question of that call is under way for this line.
    Asked {
        call: u64,
        line: Line,
        /// Tab was pressed again meanwhile: several candidates are listed at once.
        again: bool,
    },
    /// Several candidates for this line; the next Tab lists them.
    Several {
        line: Line,
        completion: Completion,
    },
    Listed(Listed),
}

#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Listed {
    /// The line without any of the candidates.
    line: Line,
    pub(crate) completion: Completion,
    pub(crate) chosen: Option<usize>,
}

/// What a Tab comes to.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Pressed {
    Ask,
    /// The list is shown, or another candidate of it is chosen: the line becomes this, if anything.
    Shown(Option<Line>),
}

impl Tab {
    pub(crate) fn press(&mut self, line: Line, back: bool) -> Pressed {
        match std::mem::take(self) {
            Tab::Several { line: of, completion } if of == line => {
                *self = Tab::Listed(Listed { line, completion, chosen: None });
                Pressed::Shown(None)
            }
            Tab::Listed(mut listed) => {
                let line = listed.go(if back { -1 } else { 1 });
                *self = Tab::Listed(listed);
                Pressed::Shown(Some(line))
            }
            // One question at a time is enough.
            Tab::Asked { call, line: of, .. } if of == line => {
                *self = Tab::Asked { call, line, again: true };
                Pressed::Shown(None)
            }
            _ => Pressed::Ask,
        }
    }

    /// Takes the answer in. The new line, if it changes `line`, which is what stands there now.
    pub(crate) fn answer(
        &mut self,
        call: u64,
        completion: &Completion,
        line: Line,
    ) -> Option<Line> {
        let again = match self {
            Tab::Asked { call: asked, line: of, again } if *asked == call && *of == line => *again,
            // Too late: the line has changed since, or nobody asked.
            _ => return None,
        };
        *self = Tab::Idle;
        let (text, cursor) = &line;
        let start = completion.start as usize;
        if start > *cursor || !text.is_char_boundary(start) {
            return None;
        }
        let put = match completion.candidates.as_slice() {
            [] => return None,
            [only] if !completion.more => return Some(with(&line, start, &only.text)),
            // Of a part of them nothing can be said in common.
            _ if completion.more => "",
            all => common(all),
        };
        let typed = &text[start..*cursor];
        let next = (put.len() > typed.len()).then(|| with(&line, start, put));
        let line = next.clone().unwrap_or(line);
        let completion = completion.clone();
        *self = match again {
            true => Tab::Listed(Listed { line, completion, chosen: None }),
            false => Tab::Several { line, completion },
        };
        next
    }

    /// An arrow in the list: the line with the next candidate. None: there is no list.
    pub(crate) fn go(&mut self, way: isize) -> Option<Line> {
        match self {
            Tab::Listed(listed) => Some(listed.go(way)),
            _ => None,
        }
    }

    /// A click on a candidate: the line with it; the list closes.
    pub(crate) fn pick(&mut self, index: usize) -> Option<Line> {
        match std::mem::take(self) {
            Tab::Listed(listed) => listed.with(index),
            _ => None,
        }
    }

    /// Esc: the list closes, and the line is what it was. None: there was no list.
    pub(crate) fn leave(&mut self) -> Option<Line> {
        match std::mem::take(self) {
            Tab::Listed(listed) => Some(listed.line),
            _ => None,
        }
    }

    pub(crate) fn listed(&self) -> Option<&Listed> {
        match self {
            Tab::Listed(listed) => Some(listed),
            _ => None,
        }
    }
}

impl Listed {
    fn go(&mut self, way: isize) -> Line {
        let count = self.completion.candidates.len().max(1);
        let next = match self.chosen {
            None if way < 0 => count - 1,
            None => 0,
            Some(at) => (at + count).saturating_add_signed(way) % count,
        };
        self.chosen = Some(next);
        self.with(next).unwrap_or_else(|| self.line.clone())
    }

    fn with(&self, index: usize) -> Option<Line> {
        let candidate = self.completion.candidates.get(index)?;
        Some(with(&self.line, self.completion.start as usize, &candidate.text))
    }
}

/// The line with a text in place of what stands from `start` to the cursor.
fn with((text, cursor): &Line, start: usize, put: &str) -> Line {
    (format!("{}{put}{}", &text[..start], &text[*cursor..]), start + put.len())
}

/// The longest common beginning, not cut within a character or after a lone `\`.
fn common(all: &[Candidate]) -> &str {
    let Some((first, rest)) = all.split_first() else { return "" };
    let mut length = first.text.len();
    for candidate in rest {
        let pairs = first.text.char_indices().zip(candidate.text.chars());
        let same = pairs.take_while(|((_, a), b)| a == b).last();
        length = length.min(same.map_or(0, |((at, c), _)| at + c.len_utf8()));
    }
    let found = &first.text[..length];
    let slashes = found.len() - found.trim_end_matches('\\').len();
    &found[..length - slashes % 2]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn completion(start: u32, texts: &[&str]) -> Completion {
        let candidate = |text: &&str| Candidate {
            text: (*text).into(),
            shown: (*text).into(),
            about: "".into(),
        };
        Completion { start, candidates: texts.iter().map(candidate).collect(), more: false }
    }

    fn line(text: &str) -> Line {
        (text.into(), text.len())
    }

    /// The line after one Tab that these candidates answer, and what the Tab came to.
    fn answered(text: &str, start: u32, texts: &[&str]) -> (String, Tab) {
        let mut tab = Tab::Idle;
        assert_eq!(tab.press(line(text), false), Pressed::Ask);
        tab = Tab::Asked { call: 7, line: line(text), again: false };
        let next = tab.answer(7, &completion(start, texts), line(text));
        (next.map_or(text.into(), |(text, _)| text), tab)
    }

    #[test]
    fn one_candidate_is_put_in_and_of_several_what_they_share() {
        for (text, start, texts, expected) in [
            ("etcdctl pu", 8, vec!["put "], "etcdctl put "),
            ("etcdctl ", 8, vec![], "etcdctl "),
            ("cat f", 4, vec!["file-a ", "file-b "], "cat file-"),
            ("cat file-", 4, vec!["file-a ", "file-b "], "cat file-"),
            ("get \u{e9}", 4, vec!["\u{e9}\u{e8}a", "\u{e9}\u{e9}b"], "get \u{e9}"),
            ("cat a", 4, vec!["a\\ b ", "a\\$c "], "cat a"),
            ("cat a", 4, vec!["a\\\\b ", "a\\\\c "], "cat a\\\\"),
            ("x", 0, vec!["y1", "z1"], "x"),
            ("x", 9, vec!["y1"], "x"),
        ] {
            assert_eq!(answered(text, start, &texts).0, expected, "{text}");
        }
    }

    #[test]
    fn what_stands_behind_the_cursor_stays() {
        let mut tab = Tab::Asked { call: 1, line: ("lab ki m1".into(), 6), again: false };
        let next = tab.answer(1, &completion(4, &["kill "]), ("lab ki m1".into(), 6));
        assert_eq!(next, Some(("lab kill  m1".into(), 9)));
    }

    #[test]
    fn of_a_part_of_the_candidates_nothing_is_in_common() {
        let mut tab = Tab::Asked { call: 1, line: line("get k"), again: false };
        let some = Completion { more: true, ..completion(4, &["k100 ", "k101 "]) };
        assert_eq!(tab.answer(1, &some, line("get k")), None);
        assert_eq!(tab.press(line("get k"), false), Pressed::Shown(None));
        assert!(tab.listed().is_some());
    }

    #[test]
    fn the_second_tab_lists_and_further_ones_choose() {
        let (text, mut tab) = answered("lab s", 4, &["settle ", "speed ", "start "]);
        assert_eq!(text, "lab s");
        assert_eq!(tab.press(line("lab s"), false), Pressed::Shown(None));
        assert_eq!(tab.listed().map(|l| l.chosen), Some(None));
        let chosen = |pressed| match pressed {
            Pressed::Shown(Some((text, _))) => text,
            other => panic!("{other:?}"),
        };
        assert_eq!(chosen(tab.press(line("lab s"), false)), "lab settle ");
        assert_eq!(chosen(tab.press(line("lab settle "), false)), "lab speed ");
        assert_eq!(chosen(tab.press(line("lab speed "), true)), "lab settle ");
        assert_eq!(tab.go(-1), Some(line("lab start ")), "around the end");
        assert_eq!(tab.go(1), Some(line("lab settle ")));
        assert_eq!(tab.leave(), Some(line("lab s")));
        assert_eq!((tab.leave(), tab.go(1)), (None, None));
    }

    #[test]
    fn two_quick_tabs_list_as_soon_as_the_answer_comes() {
        let mut tab = Tab::Asked { call: 7, line: line("cat f"), again: false };
        assert_eq!(tab.press(line("cat f"), false), Pressed::Shown(None));
        let next = tab.answer(7, &completion(4, &["file-a ", "file-b "]), line("cat f"));
        assert_eq!(next, Some(line("cat file-")));
        assert_eq!(tab.listed().map(|l| l.chosen), Some(None));
    }

    #[test]
    fn a_click_takes_its_candidate() {
        let (_, mut tab) = answered("lab s", 4, &["settle ", "speed "]);
        tab.press(line("lab s"), false);
        assert_eq!(tab.pick(1), Some(line("lab speed ")));
        assert_eq!(tab, Tab::Idle);
    }

    #[test]
    fn an_answer_that_comes_too_late_changes_nothing() {
        for (call, now) in [(1, line("lab s")), (2, line("lab st"))] {
            let mut tab = Tab::Asked { call: 2, line: line("lab s"), again: false };
            assert_eq!(tab.answer(call, &completion(4, &["start "]), now), None);
        }
        let (_, mut tab) = answered("lab s", 4, &["settle ", "speed "]);
        assert_eq!(
            tab.press(line("lab se"), false),
            Pressed::Ask,
            "another line, another question"
        );
    }
}
