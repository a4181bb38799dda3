//! Shell patterns: `*`, `?` and `[...]`, for globbing, `case` and `${v%p}`. A backslash protects.

/// True if the whole text matches.
pub(crate) fn matches(pattern: &str, text: &str) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    let text: Vec<char> = text.chars().collect();
    matches_chars(&pattern, &text)
}

/// Iterative with one point to come back to, so the time is bounded by the product of lengths.
fn matches_chars(pattern: &[char], text: &[char]) -> bool {
    let (mut p, mut t) = (0, 0);
    let mut back: Option<(usize, usize)> = None;
    while t < text.len() {
        if pattern.get(p) == Some(&'*') {
            p += 1;
            back = Some((p, t));
            continue;
        }
        if let Some(used) = matches_one(&pattern[p..], text[t]) {
            p += used;
            t += 1;
            continue;
        }
        let Some((star, at)) = back else { return false };
        p = star;
        t = at + 1;
        back = Some((star, t));
    }
    pattern[p..].iter().all(|c| *c == '*')
}

/// How many pattern characters match this one character.
fn matches_one(pattern: &[char], c: char) -> Option<usize> {
    match *pattern.first()? {
        '?' => Some(1),
        '[' => match bracket(pattern) {
            Some((set, used)) => set_contains(set, c).then_some(used),
            None => (c == '[').then_some(1),
        },
        '\\' if pattern.len() > 1 => (pattern[1] == c).then_some(2),
        p => (p == c).then_some(1),
    }
}

/// The inside of `[...]` and the length with brackets.
fn bracket(pattern: &[char]) -> Option<(&[char], usize)> {
    let mut at = 1;
    if matches!(pattern.get(at), Some('!' | '^')) {
        at += 1;
    }
    if pattern.get(at) == Some(&']') {
        at += 1;
    }
    while at < pattern.len() {
        match pattern[at] {
            '[' if pattern.get(at + 1) == Some(&':') => {
                let close = pattern[at + 2..].windows(2).position(|w| w == [':', ']'])?;
                at += close + 4;
            }
            ']' => return Some((&pattern[1..at], at + 1)),
            '\\' => at += 2,
            _ => at += 1,
        }
    }
    None
}

fn set_contains(set: &[char], c: char) -> bool {
    let (negated, set) = match set.first() {
        Some('!' | '^') => (true, &set[1..]),
        _ => (false, set),
    };
    let (mut at, mut found) = (0, false);
    while at < set.len() {
        if set[at] == '[' && set.get(at + 1) == Some(&':') {
            let name: String = set[at + 2..].iter().take_while(|c| **c != ':').collect();
            at += name.len() + 4;
            found |= class_contains(&name, c);
            continue;
        }
        if set[at] == '\\' && at + 1 < set.len() {
            at += 1;
        }
        if set.get(at + 1) == Some(&'-') && at + 2 < set.len() {
            found |= set[at] <= c && c <= set[at + 2];
            at += 3;
        } else {
            found |= set[at] == c;
            at += 1;
        }
    }
    found != negated
}

/// POSIX character classes in the C locale.
pub(crate) fn class_contains(name: &str, c: char) -> bool {
    match name {
        "alpha" => c.is_ascii_alphabetic(),
        "digit" => c.is_ascii_digit(),
        "alnum" => c.is_ascii_alphanumeric(),
        "upper" => c.is_ascii_uppercase(),
        "lower" => c.is_ascii_lowercase(),
        "space" => c.is_ascii_whitespace() || c == '\x0b',
        "blank" => c == ' ' || c == '\t',
        "punct" => c.is_ascii_punctuation(),
        "xdigit" => c.is_ascii_hexdigit(),
        "cntrl" => c.is_ascii_control(),
        "print" => c.is_ascii_graphic() || c == ' ',
        "graph" => c.is_ascii_graphic(),
        _ => false,
    }
}

/// Text with every special character protected.
pub(crate) fn escape(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        if "*?[]\\!^-".contains(c) {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// `${v%p}` and its relatives: the text without the shortest or longest match at one end.
pub(crate) fn trim(text: &str, pattern: &str, suffix: bool, longest: bool) -> String {
    let pattern: Vec<char> = pattern.chars().collect();
    let chars: Vec<char> = text.chars().collect();
    let whole = |count: usize| {
        let part = if suffix { &chars[chars.len() - count..] } else { &chars[..count] };
        matches_chars(&pattern, part)
    };
    let found = if longest {
        (0..=chars.len()).rev().find(|n| whole(*n))
    } else {
        (0..=chars.len()).find(|n| whole(*n))
    };
    let count = found.unwrap_or(0);
    let rest = if suffix { &chars[..chars.len() - count] } else { &chars[count..] };
    rest.iter().collect()
}

/// `${v/p/r}` and `${v//p/r}`: longest match at each place.
pub(crate) fn replace(text: &str, pattern: &str, with: &str, all: bool) -> String {
    let pattern: Vec<char> = pattern.chars().collect();
    let chars: Vec<char> = text.chars().collect();
    let (mut out, mut at) = (String::new(), 0);
    while at < chars.len() {
        let end =
            (at + 1..=chars.len()).rev().find(|end| matches_chars(&pattern, &chars[at..*end]));
        match end {
            Some(end) if !pattern.is_empty() => {
                out.push_str(with);
                at = end;
                if !all {
                    break;
                }
            }
            _ => {
                out.push(chars[at]);
                at += 1;
            }
        }
    }
    out.extend(&chars[at..]);
    out
}
