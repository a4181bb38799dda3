//! A glance at a console line that may be unfinished or wrong: the simple commands in it, and where
//! its end stands. Completion asks about the text before the cursor, the teacher about a whole line.
//!
//! It reads quotes, substitutions, operators, redirections, comments and here-documents as
//! [`crate::lang`] does, but it never refuses. Words that only a run could tell have no value.

/// Looks a variable up.
pub(crate) type Lookup<'a> = &'a dyn Fn(&str) -> Option<String>;

/// A simple command. A word without a value is one that depends on more than variables.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Simple {
    pub(crate) assigns: Vec<(String, Option<String>)>,
    pub(crate) words: Vec<Option<String>>,
}

impl Simple {
    fn is_empty(&self) -> bool {
        self.assigns.is_empty() && self.words.is_empty()
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Quote {
    None,
    Single,
    Double,
}

/// The word at the end, which may be empty. Places are in bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Current {
    pub(crate) start: usize,
    /// Where what counts of it ends: before a backslash that has nothing to quote.
    pub(crate) kept: usize,
    pub(crate) value: Option<String>,
    /// The quote that is open.
    pub(crate) quote: Quote,
}

/// What stands at the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// The name of a command, or an assignment before one.
    Command,
    Argument,
    /// The file of a redirection.
    Target,
    /// A variable's name, which begins at this byte.
    Name {
        from: usize,
        braces: bool,
    },
    /// A comment, arithmetic, the text of a here-document and the like.
    Nothing,
}

/// What a glance saw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Scan {
    /// The commands that are finished, in the order in which they end.
    pub(crate) commands: Vec<Simple>,
    /// The command at the end, without its last word.
    pub(crate) last: Simple,
    pub(crate) word: Current,
    pub(crate) place: Place,
}

/// The simple commands of a whole line.
pub(crate) fn commands(line: &str, lookup: Lookup<'_>) -> Vec<Simple> {
    let mut reader = Reader::new(line, lookup);
    reader.run();
    while let Some(mut level) = reader.levels.pop() {
        level.end_command(&mut reader.done, &mut reader.heredocs);
    }
    reader.done
}

/// What stands at the end of a text.
pub(crate) fn scan(text: &str, lookup: Lookup<'_>) -> Scan {
    let mut reader = Reader::new(text, lookup);
    reader.run();
    let end = text.len();
    let level = reader.levels.pop().unwrap_or_default();
    let place = match (reader.end, level.redirect) {
        (Some(place), _) => place,
        _ if matches!(level.kind, Kind::Arithmetic(_)) => Place::Nothing,
        (None, Some(Redirect::File)) => Place::Target,
        (None, Some(_)) => Place::Nothing,
        (None, None) if level.at_command => Place::Command,
        (None, None) => Place::Argument,
    };
    let word = level.word.unwrap_or_else(|| Word::at(end));
    let (start, value, quote) = (word.start, word.value, word.quote);
    let word = Current { start, kept: reader.kept.unwrap_or(end), value, quote };
    Scan { commands: reader.done, last: level.simple, word, place }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Top,
    /// `( )` or `$( )`; a substitution is part of a word around it.
    Parenthesis {
        substitution: bool,
    },
    Backquote,
    /// `$(( ))`, and how many parentheses are open.
    Arithmetic(u32),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Redirect {
    File,
    /// `>&` and `<&`.
    Number,
    /// `<<<`.
    Text,
    Heredoc {
        tabs: bool,
    },
}

#[derive(Clone, Debug)]
struct Word {
    start: usize,
    value: Option<String>,
    quote: Quote,
    /// Some of it was quoted.
    quoted: bool,
}

impl Word {
    fn at(start: usize) -> Word {
        Word { start, value: Some(String::new()), quote: Quote::None, quoted: false }
    }

    fn push(&mut self, text: &str) {
        if let Some(value) = &mut self.value {
            value.push_str(text);
        }
    }
}

/// One nesting of commands.
#[derive(Debug)]
struct Level {
    kind: Kind,
    simple: Simple,
    at_command: bool,
    word: Option<Word>,
    redirect: Option<Redirect>,
}

impl Default for Level {
    fn default() -> Self {
        Level::new(Kind::Top)
    }
}

/// Words after which a command begins.
const KEYWORDS: &[&str] =
    &["if", "then", "else", "elif", "fi", "do", "done", "while", "until", "!", "{", "}", "time"];

impl Level {
    fn new(kind: Kind) -> Level {
        Level { kind, simple: Simple::default(), at_command: true, word: None, redirect: None }
    }

    fn end_word(&mut self, heredocs: &mut Vec<(String, bool)>) {
        let Some(word) = self.word.take() else { return };
        match self.redirect.take() {
            Some(Redirect::Heredoc { tabs }) => {
                heredocs.push((word.value.unwrap_or_default(), tabs));
            }
            Some(_) => {}
            None if self.at_command => self.first_word(word),
            None => self.simple.words.push(word.value),
        }
    }

    fn first_word(&mut self, word: Word) {
        let text = word.value.as_deref().unwrap_or_default();
        if let Some((name, value)) = assignment(text) {
            let value = word.value.is_some().then(|| value.to_string());
            self.simple.assigns.push((name.to_string(), value));
        } else if word.quoted || !KEYWORDS.contains(&text) {
            self.simple.words.push(word.value);
            self.at_command = false;
        }
    }

    fn end_command(&mut self, done: &mut Vec<Simple>, heredocs: &mut Vec<(String, bool)>) {
        self.end_word(heredocs);
        self.redirect = None;
        let simple = std::mem::take(&mut self.simple);
        if !simple.is_empty() {
            done.push(simple);
        }
        self.at_command = true;
    }
}

/// `NAME=value` apart.
pub(crate) fn assignment(text: &str) -> Option<(&str, &str)> {
    text.split_once('=').filter(|(name, _)| crate::lang::is_name(name))
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    lookup: Lookup<'a>,
    levels: Vec<Level>,
    done: Vec<Simple>,
    heredocs: Vec<(String, bool)>,
    /// Set when the text ends inside something that is no word.
    end: Option<Place>,
    kept: Option<usize>,
}

impl<'a> Reader<'a> {
    fn new(text: &'a str, lookup: Lookup<'a>) -> Reader<'a> {
        Reader {
            text,
            at: 0,
            lookup,
            levels: vec![Level::default()],
            done: Vec::new(),
            heredocs: Vec::new(),
            end: None,
            kept: None,
        }
    }

    fn peek(&self) -> Option<char> {
        self.text[self.at..].chars().next()
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn take(&mut self, prefix: &str) -> bool {
        let there = self.rest().starts_with(prefix);
        if there {
            self.at += prefix.len();
        }
        there
    }

    fn level(&mut self) -> &mut Level {
        self.levels.last_mut().expect("the top level is never left before the end")
    }

    fn word(&mut self) -> &mut Word {
        let at = self.at;
        self.level().word.get_or_insert_with(|| Word::at(at))
    }

    fn run(&mut self) {
        while self.end.is_none()
            && let Some(c) = self.peek()
        {
            let level = self.level();
            if let Kind::Arithmetic(depth) = level.kind {
                self.arithmetic(c, depth);
                continue;
            }
            match level.word.as_ref().map_or(Quote::None, |word| word.quote) {
                Quote::Single => self.in_single(c),
                Quote::Double => self.in_double(c),
                Quote::None => self.bare(c),
            }
        }
    }

    fn arithmetic(&mut self, c: char, depth: u32) {
        self.at += c.len_utf8();
        let depth = match c {
            '(' => depth + 1,
            ')' => depth - 1,
            _ => depth,
        };
        if depth == 0 {
            self.levels.pop();
        } else {
            self.level().kind = Kind::Arithmetic(depth);
        }
    }

    fn in_single(&mut self, c: char) {
        self.at += c.len_utf8();
        let word = self.word();
        if c == '\'' {
            word.quote = Quote::None;
        } else {
            word.push(c.encode_utf8(&mut [0; 4]));
        }
    }

    fn in_double(&mut self, c: char) {
        match c {
            '"' => {
                self.at += 1;
                self.word().quote = Quote::None;
            }
            '\\' => self.backslash("$`\"\\"),
            '$' => self.dollar(true),
            '`' => self.backquote(),
            c => self.push(c),
        }
    }

    fn push(&mut self, c: char) {
        self.word().push(c.encode_utf8(&mut [0; 4]));
        self.at += c.len_utf8();
    }

    /// A backslash; it quotes all characters if `only` is empty.
    fn backslash(&mut self, only: &str) {
        let at = self.at;
        let next = self.text[at + 1..].chars().next();
        match next {
            None => {
                self.word();
                self.kept = Some(at);
                self.at += 1;
            }
            Some('\n') => self.at += 2,
            Some(c) => {
                let quotes = only.is_empty() || only.contains(c);
                let word = self.word();
                word.quoted = true;
                if !quotes {
                    word.push("\\");
                }
                word.push(c.encode_utf8(&mut [0; 4]));
                self.at += 1 + c.len_utf8();
            }
        }
    }

    fn bare(&mut self, c: char) {
        match c {
            ' ' | '\t' | '\r' => {
                self.at += 1;
                let Some(level) = self.levels.last_mut() else { return };
                level.end_word(&mut self.heredocs);
            }
            '\n' => self.newline(),
            ';' | '|' | '&' => self.operator(),
            '<' | '>' => self.redirection(),
            '(' => {
                self.at += 1;
                self.levels.push(Level::new(Kind::Parenthesis { substitution: false }));
            }
            ')' => self.closing(),
            '#' if self.level().word.is_none() => self.comment(),
            '\'' | '"' => {
                let quote = if c == '"' { Quote::Double } else { Quote::Single };
                let word = self.word();
                (word.quote, word.quoted) = (quote, true);
                self.at += 1;
            }
            '\\' => self.backslash(""),
            '$' => self.dollar(false),
            '`' => self.backquote(),
            '~' if self.level().word.is_none() => self.tilde(),
            c => self.push(c),
        }
    }

    fn end_command(&mut self) {
        let Some(level) = self.levels.last_mut() else { return };
        level.end_command(&mut self.done, &mut self.heredocs);
    }

    fn newline(&mut self) {
        self.at += 1;
        self.end_command();
        for (end, tabs) in std::mem::take(&mut self.heredocs) {
            loop {
                let Some(length) = self.rest().find('\n') else {
                    self.at = self.text.len();
                    self.end = Some(Place::Nothing);
                    return;
                };
                let line = &self.rest()[..length];
                let line = if tabs { line.trim_start_matches('\t') } else { line };
                self.at += length + 1;
                if line == end {
                    break;
                }
            }
        }
    }

    fn operator(&mut self) {
        if self.rest().starts_with("&>") {
            self.at += 1;
            return self.redirection();
        }
        self.at += 1;
        self.end_command();
    }

    fn redirection(&mut self) {
        let level = self.level();
        let is_number = |word: &Word| {
            let digits = |text: &String| text.bytes().all(|byte| byte.is_ascii_digit());
            !word.quoted && word.value.as_ref().is_some_and(digits)
        };
        if level.redirect.is_none() && level.word.as_ref().is_some_and(is_number) {
            level.word = None;
        }
        if let Some(level) = self.levels.last_mut() {
            level.end_word(&mut self.heredocs);
        }
        let kinds = [
            ("<<<", Redirect::Text),
            ("<<-", Redirect::Heredoc { tabs: true }),
            ("<<", Redirect::Heredoc { tabs: false }),
            (">>", Redirect::File),
            (">|", Redirect::File),
            ("<>", Redirect::File),
            (">&", Redirect::Number),
            ("<&", Redirect::Number),
            (">", Redirect::File),
            ("<", Redirect::File),
        ];
        let kind = kinds.into_iter().find(|(sign, _)| self.take(sign));
        self.level().redirect = kind.map(|(_, kind)| kind);
    }

    fn comment(&mut self) {
        match self.rest().find('\n') {
            Some(length) => self.at += length,
            None => {
                self.at = self.text.len();
                self.end = Some(Place::Nothing);
            }
        }
    }

    fn closing(&mut self) {
        self.at += 1;
        self.end_command();
        // Without an open parenthesis it ends the pattern of a `case`.
        if matches!(self.level().kind, Kind::Parenthesis { .. }) {
            self.leave();
        }
    }

    /// Leaves a level; the word around a substitution is known only to a run.
    fn leave(&mut self) {
        self.end_command();
        let kind = self.levels.pop().map(|level| level.kind);
        if kind == Some(Kind::Parenthesis { substitution: false }) {
            // Only a redirection or an operator can follow; `name()` names a function.
            let level = self.level();
            (level.word, level.simple) = (None, Simple::default());
        }
    }

    fn backquote(&mut self) {
        if self.level().kind == Kind::Backquote {
            self.at += 1;
            return self.leave();
        }
        self.word().value = None;
        self.at += 1;
        self.levels.push(Level::new(Kind::Backquote));
    }

    fn tilde(&mut self) {
        let rest = &self.rest()[1..];
        let home = rest.is_empty() || rest.starts_with(['/', ' ', '\n', ';']);
        match (self.lookup)("HOME").filter(|_| home) {
            Some(home) => {
                self.word().push(&home);
                self.at += 1;
            }
            None => self.push('~'),
        }
    }

    fn dollar(&mut self, quoted: bool) {
        let start = self.at;
        self.word();
        self.at += 1;
        match self.peek() {
            None => self.end = Some(Place::Name { from: self.at, braces: false }),
            Some('(') => {
                self.word().value = None;
                let arithmetic = self.take("((");
                self.at += usize::from(!arithmetic);
                let kind = Kind::Parenthesis { substitution: true };
                let kind = if arithmetic { Kind::Arithmetic(2) } else { kind };
                self.levels.push(Level::new(kind));
            }
            Some('{') => self.braces(quoted),
            Some('\'') if !quoted => self.ansi(),
            Some('"') if !quoted => {}
            Some(c) if c.is_ascii_alphabetic() || c == '_' => {
                let name = self.name();
                if self.peek().is_none() {
                    self.end = Some(Place::Name { from: start + 1, braces: false });
                }
                self.expand(name, quoted);
            }
            Some(c) if c.is_ascii_digit() || "?$!#@*-".contains(c) => {
                self.word().value = None;
                self.at += 1;
            }
            Some(_) => self.word().push("$"),
        }
    }

    fn name(&mut self) -> &'a str {
        let rest = self.rest();
        let ends = |c: char| !(c.is_ascii_alphanumeric() || c == '_');
        let name = &rest[..rest.find(ends).unwrap_or(rest.len())];
        self.at += name.len();
        name
    }

    /// A variable's value, unless the shell would split it or look for files.
    fn expand(&mut self, name: &str, quoted: bool) {
        let value = (self.lookup)(name).unwrap_or_default();
        let plain = quoted || !value.contains(|c: char| c.is_whitespace() || "*?[".contains(c));
        match plain {
            true => self.word().push(&value),
            false => self.word().value = None,
        }
        self.word().quoted |= quoted;
    }

    fn braces(&mut self, quoted: bool) {
        self.at += 1;
        let from = self.at;
        let name = self.name();
        match self.peek() {
            None => self.end = Some(Place::Name { from, braces: true }),
            Some('}') => {
                self.at += 1;
                self.expand(name, quoted);
            }
            Some(_) => {
                self.word().value = None;
                match self.rest().find('}') {
                    Some(length) => self.at += length + 1,
                    None => {
                        self.at = self.text.len();
                        self.end = Some(Place::Nothing);
                    }
                }
            }
        }
    }

    /// `$'...'`, whose escapes are not read here.
    fn ansi(&mut self) {
        self.at += 1;
        self.word().value = None;
        while let Some(c) = self.peek() {
            self.at += c.len_utf8();
            match c {
                '\'' => return,
                '\\' => self.at += self.peek().map_or(0, char::len_utf8),
                _ => {}
            }
        }
        self.end = Some(Place::Nothing);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lookup(name: &str) -> Option<String> {
        let value = match name {
            "HOME" => "/root",
            "E" => "127.0.0.1:2379",
            "TWO" => "a b",
            _ => return None,
        };
        Some(value.to_string())
    }

    fn words(line: &str) -> Vec<Vec<String>> {
        let word = |word: Option<String>| word.unwrap_or_else(|| "?".into());
        let simple = |simple: Simple| simple.words.into_iter().map(word).collect();
        commands(line, &lookup).into_iter().map(simple).collect()
    }

    #[test]
    fn a_line_falls_into_its_simple_commands() {
        for (line, expected) in [
            ("a 'b c' \"d\\\"e\" f\\ g", vec![vec!["a", "b c", "d\"e", "f g"]]),
            (
                "X=1 a $E \"$TWO\" $TWO ~/x",
                vec![vec!["a", "127.0.0.1:2379", "a b", "?", "/root/x"]],
            ),
            ("a; b && c | d & e", vec![vec!["a"], vec!["b"], vec!["c"], vec!["d"], vec!["e"]]),
            ("a $(b c) d", vec![vec!["b", "c"], vec!["a", "?", "d"]]),
            ("a \"x $(b `c`) y\" d", vec![vec!["c"], vec!["b", "?"], vec!["a", "?", "d"]]),
            ("a 2>&1 >f <<<x b", vec![vec!["a", "b"]]),
            ("if a; then b; fi # c", vec![vec!["a"], vec!["b"]]),
            ("a <<E\nb\nE\nc", vec![vec!["a"], vec!["c"]]),
            ("a \\\n b", vec![vec!["a", "b"]]),
            ("a $((1 + (2))) ${X:-y} b", vec![vec!["a", "?", "?", "b"]]),
            ("(a b); f() { c; }", vec![vec!["a", "b"], vec!["c"]]),
        ] {
            assert_eq!(words(line), expected, "{line}");
        }
    }

    #[test]
    fn the_end_of_a_line_has_a_place() {
        let name = |from, braces| Place::Name { from, braces };
        for (text, place, start, value) in [
            ("", Place::Command, 0, Some("")),
            ("et", Place::Command, 0, Some("et")),
            ("a b", Place::Argument, 2, Some("b")),
            ("a b ", Place::Argument, 4, Some("")),
            ("a | ", Place::Command, 4, Some("")),
            ("X=1 b", Place::Command, 4, Some("b")),
            ("a >", Place::Target, 3, Some("")),
            ("a > x", Place::Target, 4, Some("x")),
            ("a $(b", Place::Command, 4, Some("b")),
            ("a $(b) c", Place::Argument, 7, Some("c")),
            ("a $(b)", Place::Argument, 2, None),
            ("a \"b c", Place::Argument, 2, Some("b c")),
            ("a 'b", Place::Argument, 2, Some("b")),
            ("a $E", name(3, false), 2, Some("127.0.0.1:2379")),
            ("a ${E", name(4, true), 2, Some("")),
            ("a # b", Place::Nothing, 5, Some("")),
            ("a $((1", Place::Nothing, 6, Some("")),
            ("a <<E\nb", Place::Nothing, 7, Some("")),
            ("a\nb", Place::Command, 2, Some("b")),
        ] {
            let scan = scan(text, &lookup);
            assert_eq!(
                (scan.place, scan.word.start, scan.word.value.as_deref()),
                (place, start, value),
                "{text}"
            );
        }
        let open = scan("a b\\", &lookup);
        assert_eq!((open.word.kept, open.word.value.as_deref()), (3, Some("b")));
    }
}
