//! POSIX basic and extended expressions, translated for the `regex-lite` crate.
//!
//! Left out: back-references. Text that is not UTF-8 is matched with replacement characters.

use regex_lite::{Regex, RegexBuilder};

/// Which of the two POSIX dialects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dialect {
    Basic,
    Extended,
    Fixed,
}

/// Compiles; the error says what is wrong.
pub(super) fn compile(text: &str, dialect: Dialect, ignore_case: bool) -> Result<Regex, String> {
    let translated = match dialect {
        Dialect::Fixed => regex_lite::escape(text),
        Dialect::Basic | Dialect::Extended => translate(text, dialect == Dialect::Extended)?,
    };
    RegexBuilder::new(&translated)
        .case_insensitive(ignore_case)
        .build()
        .map_err(|_| "Invalid regular expression".to_string())
}

/// Whether an extended expression is found in a text.
pub(crate) fn finds(expression: &str, text: &str) -> Result<bool, String> {
    compile(expression, Dialect::Extended, false).map(|regex| regex.is_match(text))
}

pub(super) fn translate(text: &str, extended: bool) -> Result<String, String> {
    let chars: Vec<char> = text.chars().collect();
    let (mut out, mut at) = (String::new(), 0);
    let mut depth = 0i32;
    // At the start of an expression `*` is plain and `^` an anchor.
    let mut start = true;
    while at < chars.len() {
        let c = chars[at];
        at += 1;
        let was_start = std::mem::replace(&mut start, false);
        match c {
            '\\' => {
                let Some(next) = chars.get(at).copied() else {
                    return Err("Trailing backslash".into());
                };
                at += 1;
                match next {
                    '(' | ')' | '{' | '}' | '|' | '+' | '?' if !extended => {
                        out.push(next);
                        depth += i32::from(next == '(') - i32::from(next == ')');
                        start = next == '(' || next == '|';
                    }
                    'w' | 'W' | 's' | 'S' | 'b' | 'B' | 'd' | 'n' | 't' => {
                        out.push('\\');
                        out.push(next);
                    }
                    '<' | '>' => out.push_str("\\b"),
                    '1'..='9' => return Err("Invalid back reference".into()),
                    next => push_plain(&mut out, next),
                }
            }
            '[' => at = bracket(&chars, at, &mut out)?,
            '*' if was_start => push_plain(&mut out, '*'),
            '^' if !extended && !was_start => out.push_str("\\^"),
            '^' => {
                out.push('^');
                start = true;
            }
            '$' if !extended && at < chars.len() && chars[at] != '\\' => out.push_str("\\$"),
            '(' | ')' | '{' | '}' | '|' | '+' | '?' => {
                if !extended {
                    push_plain(&mut out, c);
                } else if c == '{' && !chars.get(at).is_some_and(char::is_ascii_digit) {
                    out.push_str("\\{");
                } else {
                    out.push(c);
                    depth += i32::from(c == '(') - i32::from(c == ')');
                    start = c == '(' || c == '|';
                }
            }
            '.' | '*' | '$' => out.push(c),
            c => push_plain(&mut out, c),
        }
        if depth < 0 {
            return Err("Unmatched ) or \\)".into());
        }
    }
    if depth > 0 { Err("Unmatched ( or \\(".into()) } else { Ok(out) }
}

fn push_plain(out: &mut String, c: char) {
    if c.is_ascii_punctuation() && !"\"'/,;:<>=@!%_`".contains(c) {
        out.push('\\');
    }
    out.push(c);
}

/// A bracket expression, where a backslash is plain.
fn bracket(chars: &[char], mut at: usize, out: &mut String) -> Result<usize, String> {
    out.push('[');
    if chars.get(at) == Some(&'^') {
        out.push('^');
        at += 1;
    }
    let first = at;
    loop {
        let unmatched = "Unmatched [, [^, [:, [., or [=";
        let c = *chars.get(at).ok_or(unmatched)?;
        at += 1;
        match c {
            ']' if at - 1 > first => {
                out.push(']');
                return Ok(at);
            }
            '[' if chars.get(at) == Some(&':') => {
                let close = chars[at + 1..].iter().position(|c| *c == ']').ok_or(unmatched)?;
                out.push('[');
                out.extend(&chars[at..=at + 1 + close]);
                at += close + 2;
            }
            '\\' | '[' | ']' | '&' | '~' => {
                out.push('\\');
                out.push(c);
            }
            c => out.push(c),
        }
    }
}
