//! Where characters and words begin and end.

/// True for what stands on the character before it: accents, joiners, variation selectors, skin tones.
fn leans_back(c: char) -> bool {
    matches!(c,
        '\u{300}'..='\u{36f}' | '\u{1ab0}'..='\u{1aff}' | '\u{20d0}'..='\u{20ff}'
        | '\u{200d}' | '\u{fe00}'..='\u{fe0f}' | '\u{1f3fb}'..='\u{1f3ff}')
}

/// The place one visible character to the left.
pub(super) fn previous(text: &str, at: usize) -> usize {
    let mut chars = text[..at].char_indices().rev().peekable();
    while let Some((start, c)) = chars.next() {
        let joined = chars.peek().is_some_and(|(_, before)| *before == '\u{200d}');
        if !leans_back(c) && !joined {
            return start;
        }
    }
    0
}

/// The place one visible character to the right.
pub(super) fn next(text: &str, at: usize) -> usize {
    let mut before = '\0';
    for (index, c) in text[at..].char_indices() {
        if index > 0 && !leans_back(c) && before != '\u{200d}' {
            return at + index;
        }
        before = c;
    }
    text.len()
}

/// The start of the word before the cursor; words are of letters and digits.
pub(super) fn word_left(text: &str, at: usize) -> usize {
    back_while(text, back_while(text, at, |c| !c.is_alphanumeric()), char::is_alphanumeric)
}

/// The end of the word after the cursor.
pub(super) fn word_right(text: &str, at: usize) -> usize {
    on_while(text, on_while(text, at, |c| !c.is_alphanumeric()), char::is_alphanumeric)
}

/// Back to the blank before the word before the cursor.
pub(super) fn blank_left(text: &str, at: usize) -> usize {
    back_while(text, back_while(text, at, char::is_whitespace), |c| !c.is_whitespace())
}

fn back_while(text: &str, at: usize, skip: impl Fn(char) -> bool) -> usize {
    text[..at].trim_end_matches(skip).len()
}

fn on_while(text: &str, at: usize, skip: impl Fn(char) -> bool) -> usize {
    text.len() - text[at..].trim_start_matches(skip).len()
}

/// The last word of a line, as the shell divides it: quotes and `\` keep blanks inside.
pub(super) fn last_word(line: &str) -> &str {
    let line = line.trim_end();
    let (mut start, mut quote, mut escaped) = (0, None, false);
    for (at, c) in line.char_indices() {
        if std::mem::take(&mut escaped) {
            continue;
        }
        match (quote, c) {
            (None | Some('"'), '\\') => escaped = true,
            (None, '\'' | '"') => quote = Some(c),
            (Some(open), _) if open == c => quote = None,
            (None, _) if c.is_whitespace() => start = at + c.len_utf8(),
            _ => {}
        }
    }
    &line[start..]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_step_is_what_the_eye_sees_as_one_character() {
        for (text, stops) in [
            ("a\u{e9}z", vec![0, 1, 3, 4]),
            ("e\u{301}x", vec![0, 3, 4]),
            ("\u{1f469}\u{200d}\u{1f680}!", vec![0, 11, 12]),
            ("\u{1f44d}\u{1f3fd}", vec![0, 8]),
            ("\u{301}", vec![0, 2]),
        ] {
            let mut forth = vec![0];
            while *forth.last().unwrap() < text.len() {
                forth.push(next(text, *forth.last().unwrap()));
            }
            assert_eq!(forth, stops, "{text}");
            let mut back = vec![text.len()];
            while *back.last().unwrap() > 0 {
                back.push(previous(text, *back.last().unwrap()));
            }
            back.reverse();
            assert_eq!(back, stops, "{text}");
        }
    }

    #[test]
    fn the_last_word_is_the_shells() {
        for (line, word) in [
            ("etcdctl put a 'b c' ", "'b c'"),
            ("echo a\\ b", "a\\ b"),
            ("echo \"a \\\" b\"", "\"a \\\" b\""),
            ("one", "one"),
            ("", ""),
            ("echo 'open quote", "'open quote"),
        ] {
            assert_eq!(last_word(line), word, "{line}");
        }
    }
}
