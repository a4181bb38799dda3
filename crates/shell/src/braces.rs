//! Brace expansion: `{a,b}`, `{1..9}`, `{01..10..3}` and `{a..e}`, before any other.

use std::borrow::Cow;

use crate::lang::ast::{Part, Word};

/// Words that one word may become.
const WORDS_MAX: usize = 100_000;
/// Deepest nesting.
const DEPTH_MAX: u32 = 20;

/// A character that was typed as it is, or something that braces leave alone.
#[derive(Clone)]
enum Atom {
    Char(char),
    Part(Part),
}

/// The words that a word stands for, often just itself.
pub(crate) fn expand(word: &Word) -> Vec<Cow<'_, Word>> {
    let braces = |part: &Part| matches!(part, Part::Literal(text) if text.contains('{'));
    if !word.iter().any(braces) {
        return vec![Cow::Borrowed(word)];
    }
    let mut atoms = Vec::new();
    for part in word {
        match part {
            Part::Literal(text) => atoms.extend(text.chars().map(Atom::Char)),
            part => atoms.push(Atom::Part(part.clone())),
        }
    }
    match alternatives(&atoms, 0) {
        Some(words) if words.len() > 1 || !same(&words, &atoms) => {
            words.into_iter().map(|atoms| Cow::Owned(word_of(atoms))).collect()
        }
        _ => vec![Cow::Borrowed(word)],
    }
}

fn same(words: &[Vec<Atom>], atoms: &[Atom]) -> bool {
    matches!(words, [only] if only.len() == atoms.len())
}

fn word_of(atoms: Vec<Atom>) -> Word {
    let mut word = Word::new();
    for atom in atoms {
        match (atom, word.last_mut()) {
            (Atom::Char(c), Some(Part::Literal(text))) => text.push(c),
            (Atom::Char(c), _) => word.push(Part::Literal(c.into())),
            (Atom::Part(part), _) => word.push(part),
        }
    }
    word
}

fn is(atom: &Atom, wanted: char) -> bool {
    matches!(atom, Atom::Char(c) if *c == wanted)
}

/// All that the atoms stand for; None if that is too much.
fn alternatives(atoms: &[Atom], depth: u32) -> Option<Vec<Vec<Atom>>> {
    if depth > DEPTH_MAX {
        return None;
    }
    let mut start = 0;
    while let Some(open) = atoms[start..].iter().position(|atom| is(atom, '{')) {
        let open = start + open;
        if let Some((close, commas)) = group(atoms, open)
            && let Some(middles) = middles(&atoms[open + 1..close], open + 1, &commas, depth)?
        {
            let tails = alternatives(&atoms[close + 1..], depth + 1)?;
            if middles.len().checked_mul(tails.len())? > WORDS_MAX {
                return None;
            }
            let mut words = Vec::new();
            for middle in &middles {
                for tail in &tails {
                    words.push([&atoms[..open], middle, tail].concat());
                }
            }
            return Some(words);
        }
        start = open + 1;
    }
    Some(vec![atoms.to_vec()])
}

/// Where the group closes that opens here, and its own commas.
fn group(atoms: &[Atom], open: usize) -> Option<(usize, Vec<usize>)> {
    let (mut depth, mut commas) = (0, Vec::new());
    for (at, atom) in atoms.iter().enumerate().skip(open) {
        match atom {
            Atom::Char('{') => depth += 1,
            Atom::Char('}') if depth == 1 => return Some((at, commas)),
            Atom::Char('}') => depth -= 1,
            Atom::Char(',') if depth == 1 => commas.push(at),
            _ => {}
        }
    }
    None
}

/// What stands between braces: a list or a sequence. The inner None is plain text.
#[allow(clippy::option_option, clippy::type_complexity)]
fn middles(
    inner: &[Atom],
    offset: usize,
    commas: &[usize],
    depth: u32,
) -> Option<Option<Vec<Vec<Atom>>>> {
    if commas.is_empty() {
        let mut text = String::new();
        for atom in inner {
            let Atom::Char(c) = atom else { return Some(None) };
            text.push(*c);
        }
        let words = sequence(&text);
        return Some(words.map(|words| {
            words.into_iter().map(|word| word.chars().map(Atom::Char).collect()).collect()
        }));
    }
    let (mut words, mut from) = (Vec::new(), 0);
    for comma in commas.iter().map(|at| at - offset).chain([inner.len()]) {
        words.extend(alternatives(&inner[from..comma], depth + 1)?);
        from = comma + 1;
        if words.len() > WORDS_MAX {
            return None;
        }
    }
    Some(Some(words))
}

/// `1..9`, `09..1..2` or `a..e`.
fn sequence(text: &str) -> Option<Vec<String>> {
    let mut ends = text.split("..");
    let (first, last) = (ends.next()?, ends.next()?);
    let step: i64 = ends.next().map_or(Some(1), |step| step.parse().ok())?;
    if ends.next().is_some() {
        return None;
    }
    let step = i64::try_from(step.unsigned_abs().max(1)).ok()?;
    if let (Ok(from), Ok(to)) = (first.parse::<i64>(), last.parse::<i64>()) {
        let padded = |text: &str| {
            let digits = text.trim_start_matches('-');
            digits.len() > 1 && digits.starts_with('0')
        };
        let wide = padded(first) || padded(last);
        let width = if wide { first.len().max(last.len()) } else { 0 };
        return Some(steps(from, to, step)?.map(|n| format!("{n:0width$}")).collect());
    }
    let letter = |text: &str| {
        let mut chars = text.chars();
        let c = chars.next().filter(char::is_ascii_alphabetic);
        c.filter(|_| chars.next().is_none())
    };
    let (from, to) = (letter(first)?, letter(last)?);
    let letters = steps(i64::from(u32::from(from)), i64::from(u32::from(to)), step)?;
    Some(letters.map(|n| char::from(n as u8).to_string()).collect())
}

fn steps(from: i64, to: i64, step: i64) -> Option<impl Iterator<Item = i64>> {
    let count = from.abs_diff(to) / step.unsigned_abs();
    let sign = if to < from { -1 } else { 1 };
    let count = i64::try_from(count).ok().filter(|count| *count < WORDS_MAX as i64)?;
    Some((0..=count).map(move |n| from + sign * step * n))
}
