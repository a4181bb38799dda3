//! Blanks out comments and literals, so that a rule about code never trips over prose.

/// The code of a Rust text: comments, strings and characters become spaces, line breaks stay.
pub fn mask(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while at < chars.len() {
        let end = skip(&chars, at);
        if end == at {
            out.push(chars[at]);
            at += 1;
        } else {
            out.extend(chars[at..end].iter().map(|c| if *c == '\n' { '\n' } else { ' ' }));
            at = end;
        }
    }
    out
}

/// The code before the file's own test module, masked.
pub fn mask_without_tests(text: &str) -> String {
    let masked = mask(text);
    match masked.find("#[cfg(test)]\nmod ") {
        Some(at) => masked[..at].to_owned(),
        None => masked,
    }
}

/// Where the comment or literal that starts at `at` ends; `at` itself when none does.
fn skip(chars: &[char], at: usize) -> usize {
    let two = (chars[at], chars.get(at + 1).copied().unwrap_or(' '));
    match two {
        ('/', '/') => find(chars, at, |rest| rest[0] == '\n'),
        ('/', '*') => skip_block(chars, at),
        ('"', _) => skip_quoted(chars, at, '"'),
        ('r', '"' | '#') if !is_word(chars, at) => skip_raw(chars, at),
        ('\'', _) => skip_char(chars, at),
        _ => at,
    }
}

fn is_word(chars: &[char], at: usize) -> bool {
    // `br"..."` is a raw literal too, so a lone `b` before it does not make a word.
    let before = |back: usize| at.checked_sub(back).map_or(' ', |index| chars[index]);
    let part = |c: char| c.is_alphanumeric() || c == '_';
    if before(1) == 'b' { part(before(2)) } else { part(before(1)) }
}

fn find(chars: &[char], from: usize, done: impl Fn(&[char]) -> bool) -> usize {
    (from..chars.len()).find(|at| done(&chars[*at..])).unwrap_or(chars.len())
}

fn skip_block(chars: &[char], at: usize) -> usize {
    let (mut depth, mut here) = (0_usize, at);
    while here < chars.len() {
        if chars[here..].starts_with(&['/', '*']) {
            depth += 1;
            here += 2;
        } else if chars[here..].starts_with(&['*', '/']) {
            depth -= 1;
            here += 2;
            if depth == 0 {
                return here;
            }
        } else {
            here += 1;
        }
    }
    here
}

fn skip_quoted(chars: &[char], at: usize, quote: char) -> usize {
    let mut here = at + 1;
    while here < chars.len() && chars[here] != quote {
        here += if chars[here] == '\\' { 2 } else { 1 };
    }
    (here + 1).min(chars.len())
}

fn skip_raw(chars: &[char], at: usize) -> usize {
    let hashes = chars[at + 1..].iter().take_while(|c| **c == '#').count();
    if chars.get(at + 1 + hashes) != Some(&'"') {
        return at;
    }
    let mut close = vec!['"'];
    close.extend(std::iter::repeat_n('#', hashes));
    let inner = at + 2 + hashes;
    (find(chars, inner, |rest| rest.starts_with(&close)) + close.len()).min(chars.len())
}

/// A character literal; a lifetime has no closing quote two places on.
fn skip_char(chars: &[char], at: usize) -> usize {
    let escaped = chars.get(at + 1) == Some(&'\\');
    if escaped || chars.get(at + 2) == Some(&'\'') { skip_quoted(chars, at, '\'') } else { at }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_code_stays() {
        for (text, code) in [
            ("a // b\nc", "a     \nc"),
            ("a /* b /* c */ d */ e", "a                   e"),
            (r#"x("a\"b", y)"#, "x(      , y)"),
            ("r#\"a\"b\"# z", "         z"),
            ("br\"ab\" z", "b      z"),
            ("'a' 'x: &'static b'\\''", "    'x: &'static b    "),
            ("for\"x\"", "for   "),
        ] {
            assert_eq!(mask(text), code, "{text}");
        }
    }
}
