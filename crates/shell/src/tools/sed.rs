//! `sed`: `s///` with `g p i N`, `p d q = y`, addresses (`N`, `$`, `/re/`, ranges, `!`), `-n -E -e`.
//!
//! Left out: the hold space, branches, `a i c`, files written by `w`, and `-i`.

use regex_lite::Regex;

use super::regex::{Dialect, compile};
use crate::process::{Process, ToolResult};
use crate::tools::options::Options;

enum Address {
    Line(u64),
    Last,
    Regex(Regex),
}

struct Command {
    from: Option<Address>,
    to: Option<Address>,
    negated: bool,
    /// Inside a range whose first address matched.
    active: bool,
    action: Action,
}

enum Action {
    Print,
    Delete,
    Quit,
    Number,
    Replace { regex: Regex, with: String, all: bool, nth: usize, print: bool },
    Translate(Vec<char>, Vec<char>),
}

pub(super) async fn sed(process: Process) -> ToolResult {
    let long = [("quiet", 'n'), ("silent", 'n'), ("regexp-extended", 'E'), ("expression", 'e')];
    let mut options = match Options::parse(process.operands(), "nErsu", "e", &long) {
        Ok(options) => options,
        Err(bad) => return process.bad_option(1, &bad).await,
    };
    let script = match options.value('e') {
        Some(script) => script.to_string(),
        None if options.operands.is_empty() => {
            process
                .err("Usage: sed [OPTION]... {script-only-if-no-other-script} [input-file]...\n")
                .await?;
            return Ok(1);
        }
        None => options.operands.remove(0),
    };
    let extended = options.has('E') || options.has('r');
    let mut parser = Parser { text: script.chars().collect(), at: 0, extended };
    let mut commands = match parser.commands() {
        Ok(commands) => commands,
        Err(error) => {
            return process.fail(1, format!("-e expression #1, char {}: {error}", parser.at)).await;
        }
    };
    let (mut number, mut status) = (0, 0);
    let files = options.files();
    for (at, name) in files.iter().enumerate() {
        let mut reader = match process.open(name) {
            Ok(reader) => reader,
            Err(error) => {
                process.fail(2, format!("can't read {name}: {error}")).await?;
                status = 2;
                continue;
            }
        };
        let mut next = reader.line().await;
        while let Some((line, newline)) = next {
            next = reader.line().await;
            number += 1;
            let last = next.is_none() && at + 1 == files.len();
            let text = String::from_utf8_lossy(&line).into_owned();
            let done = run(&mut commands, text, number, last, options.has('n'));
            let mut out = done.out;
            if !newline && out.ends_with('\n') {
                out.pop();
            }
            process.out(out).await?;
            if done.quit {
                return Ok(status);
            }
        }
    }
    Ok(status)
}

struct Done {
    out: String,
    quit: bool,
}

/// One cycle over one line.
fn run(commands: &mut [Command], mut text: String, number: u64, last: bool, quiet: bool) -> Done {
    let (mut out, mut quit) = (String::new(), false);
    for command in commands {
        if command.applies(&text, number, last) == command.negated {
            continue;
        }
        match &command.action {
            Action::Print => out.push_str(&format!("{text}\n")),
            Action::Delete => return Done { out, quit },
            Action::Number => out.push_str(&format!("{number}\n")),
            Action::Quit => {
                quit = true;
                break;
            }
            Action::Replace { regex, with, all, nth, print } => {
                let (changed, any) = substitute(regex, &text, with, *all, *nth);
                text = changed;
                if any && *print {
                    out.push_str(&format!("{text}\n"));
                }
            }
            Action::Translate(from, to) => {
                let map = |c| from.iter().position(|f| *f == c).map_or(c, |at| to[at]);
                text = text.chars().map(map).collect();
            }
        }
    }
    if !quiet {
        out.push_str(&format!("{text}\n"));
    }
    Done { out, quit }
}

impl Command {
    fn applies(&mut self, text: &str, number: u64, last: bool) -> bool {
        let hit = |address: &Address| match address {
            Address::Line(line) => *line == number,
            Address::Last => last,
            Address::Regex(regex) => regex.is_match(text),
        };
        let Some(from) = &self.from else { return true };
        let Some(to) = &self.to else { return hit(from) };
        if self.active {
            // A line number that has passed ends the range with this line or before it.
            self.active = match to {
                Address::Line(line) => number < *line,
                to => !hit(to),
            };
            return !matches!(to, Address::Line(line) if number > *line);
        }
        if hit(from) {
            self.active = !matches!(to, Address::Line(line) if *line <= number) && !last;
            return true;
        }
        false
    }
}

/// The text with the `nth` match (and with `all`, the later ones) replaced, and whether one was.
pub(super) fn substitute(
    regex: &Regex,
    text: &str,
    with: &str,
    all: bool,
    nth: usize,
) -> (String, bool) {
    let (mut out, mut at, mut any) = (String::new(), 0, false);
    for (count, captures) in regex.captures_iter(text).enumerate() {
        let Some(whole) = captures.get(0) else { continue };
        if count + 1 < nth {
            continue;
        }
        out.push_str(&text[at..whole.start()]);
        let mut chars = with.chars();
        while let Some(c) = chars.next() {
            match c {
                '&' => out.push_str(whole.as_str()),
                '\\' => match chars.next() {
                    Some('n') => out.push('\n'),
                    Some('t') => out.push('\t'),
                    Some(digit @ '0'..='9') => {
                        let group = digit.to_digit(10).unwrap_or(0) as usize;
                        out.push_str(captures.get(group).map_or("", |group| group.as_str()));
                    }
                    Some(other) => out.push(other),
                    None => out.push('\\'),
                },
                c => out.push(c),
            }
        }
        at = whole.end();
        any = true;
        if !all {
            break;
        }
    }
    out.push_str(&text[at..]);
    (out, any)
}

struct Parser {
    text: Vec<char>,
    at: usize,
    extended: bool,
}

impl Parser {
    fn next(&mut self) -> Option<char> {
        let c = self.text.get(self.at).copied();
        self.at += usize::from(c.is_some());
        c
    }

    fn peek(&self) -> Option<char> {
        self.text.get(self.at).copied()
    }

    fn skip(&mut self, set: &str) {
        while self.peek().is_some_and(|c| set.contains(c)) {
            self.at += 1;
        }
    }

    fn commands(&mut self) -> Result<Vec<Command>, String> {
        let mut commands = Vec::new();
        loop {
            self.skip(" \t\n;");
            if self.peek().is_none() {
                return Ok(commands);
            }
            let from = self.address()?;
            let mut to = None;
            if from.is_some() && self.peek() == Some(',') {
                self.at += 1;
                to = self.address()?;
                if to.is_none() {
                    return Err("unexpected `,'".into());
                }
            }
            self.skip(" \t");
            let negated = self.peek() == Some('!');
            self.skip("! \t");
            let action = self.action()?;
            commands.push(Command { from, to, negated, active: false, action });
            self.skip(" \t");
            if !matches!(self.peek(), None | Some(';' | '\n' | '}')) {
                self.at += 1;
                return Err("extra characters after command".into());
            }
        }
    }

    fn address(&mut self) -> Result<Option<Address>, String> {
        self.skip(" \t");
        match self.peek() {
            Some('$') => {
                self.at += 1;
                Ok(Some(Address::Last))
            }
            Some('/') => {
                self.at += 1;
                let text = self.until('/', "unterminated address regex")?;
                Ok(Some(Address::Regex(self.regex(&text, false)?)))
            }
            Some(c) if c.is_ascii_digit() => {
                let start = self.at;
                while self.peek().is_some_and(|c| c.is_ascii_digit()) {
                    self.at += 1;
                }
                let digits: String = self.text[start..self.at].iter().collect();
                Ok(Some(Address::Line(digits.parse().map_err(|_| "invalid line number")?)))
            }
            _ => Ok(None),
        }
    }

    fn regex(&self, text: &str, ignore_case: bool) -> Result<Regex, String> {
        let dialect = if self.extended { Dialect::Extended } else { Dialect::Basic };
        compile(text, dialect, ignore_case)
    }

    /// Text up to an unescaped delimiter; an escaped one is the plain character.
    fn until(&mut self, delimiter: char, error: &str) -> Result<String, String> {
        let (mut out, mut set) = (String::new(), false);
        while let Some(c) = self.next() {
            match c {
                c if c == delimiter && !set => return Ok(out),
                '\\' => match self.next() {
                    Some(next) if next == delimiter => out.push(next),
                    Some(next) => out.extend(['\\', next]),
                    None => break,
                },
                c => {
                    set = (c == '[' || set) && c != ']';
                    out.push(c);
                }
            }
        }
        Err(error.into())
    }

    fn action(&mut self) -> Result<Action, String> {
        let Some(c) = self.next() else { return Err("missing command".into()) };
        Ok(match c {
            'p' => Action::Print,
            'd' => Action::Delete,
            'q' => Action::Quit,
            '=' => Action::Number,
            's' => {
                let missing = "unterminated `s' command";
                let delimiter = self.next().ok_or(missing)?;
                let pattern = self.until(delimiter, missing)?;
                let with = self.until(delimiter, missing)?;
                let (mut all, mut print, mut ignore, mut nth) = (false, false, false, 1);
                while let Some(flag) = self.peek() {
                    match flag {
                        'g' => all = true,
                        'p' => print = true,
                        'i' | 'I' => ignore = true,
                        '1'..='9' => nth = flag.to_digit(10).unwrap_or(1) as usize,
                        ' ' | ';' | '\n' | '}' => break,
                        _ => {
                            self.at += 1;
                            return Err("unknown option to `s'".into());
                        }
                    }
                    self.at += 1;
                }
                let regex = self.regex(&pattern, ignore)?;
                Action::Replace { regex, with, all, nth, print }
            }
            'y' => {
                let missing = "unterminated `y' command";
                let delimiter = self.next().ok_or(missing)?;
                let from: Vec<char> = self.until(delimiter, missing)?.chars().collect();
                let to: Vec<char> = self.until(delimiter, missing)?.chars().collect();
                if from.len() != to.len() {
                    return Err("strings for `y' command are different lengths".into());
                }
                Action::Translate(from, to)
            }
            c => return Err(format!("unknown command: `{c}'")),
        })
    }
}
