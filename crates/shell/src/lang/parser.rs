//! Recursive descent over characters: the grammar of lists, pipelines and compound commands.
//!
//! Errors carry bash's own words. Where a text is unfinished they also say what it waits for: a
//! terminal asks for more lines then, and elsewhere it is bash's "unexpected end of file".

use std::collections::BTreeMap;
use std::rc::Rc;

use super::ast::*;

/// What is wrong with the text. Its status is 2.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyntaxError {
    /// bash's words without `bash: `.
    pub text: String,
    /// More text could make it right.
    pub(super) wanted: Option<Wanted>,
}

impl SyntaxError {
    pub(super) fn new(text: impl Into<String>) -> SyntaxError {
        SyntaxError { text: text.into(), wanted: None }
    }

    /// The same of a text within the text, to which no further line can add.
    pub(super) fn inner(self) -> SyntaxError {
        SyntaxError { wanted: None, ..self }
    }
}

/// What an unfinished text cannot be finished without.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// Any line may do.
    More,
    /// A line with this character.
    Char(char),
    /// The end of a here-document that began on line `from`, counted from 1.
    Line { text: String, strip_tabs: bool, from: u32 },
}

/// What a terminal's lines amount to.
pub(crate) enum Reading {
    Commands(List),
    Unfinished(Wanted),
    Wrong(SyntaxError),
}

/// Aliases by name.
pub(crate) type Aliases = BTreeMap<String, String>;

pub(super) type Parse<T> = Result<T, SyntaxError>;

/// Deepest nesting of compound commands, substitutions and quotes.
const DEPTH_MAX: usize = 40;

const OPERATORS: [&str; 21] = [
    "&>>", "<<<", "<<-", "&&", "||", ";;", "&>", "|&", "<<", ">>", ">&", "<&", ">|", "<>", "&",
    "|", ";", "(", ")", "<", ">",
];

/// Aliases that one text may use, for they can name each other.
const ALIASES_MAX: u32 = 100;

/// Parses a whole console line or block.
pub fn parse(text: &str) -> Result<List, SyntaxError> {
    Parser::new(text, 0).whole()
}

/// The same with aliases.
pub(crate) fn parse_with(text: &str, aliases: &Aliases) -> Result<List, SyntaxError> {
    Parser { aliases: Some(aliases), ..Parser::new(text, 0) }.whole()
}

/// Parses what was typed so far, whose last line ends with a newline.
pub(crate) fn read(text: &str, aliases: &Aliases) -> Reading {
    let mut parser = Parser { aliases: Some(aliases), ..Parser::new(text, 0) };
    let parsed = parser.whole();
    match (parser.open, parsed) {
        (Some(wanted), _) | (None, Err(SyntaxError { wanted: Some(wanted), .. })) => {
            Reading::Unfinished(wanted)
        }
        (None, Ok(list)) => Reading::Commands(list),
        (None, Err(error)) => Reading::Wrong(error),
    }
}

pub(super) struct Parser<'a> {
    pub(super) text: Vec<char>,
    pub(super) at: usize,
    pub(super) depth: usize,
    /// The text can be read, but a line should follow.
    pub(super) open: Option<Wanted>,
    aliases: Option<&'a Aliases>,
    /// Aliases whose text ends here: they do not name themselves.
    inside: Vec<(String, usize)>,
    expanded: u32,
}

pub(super) fn unexpected(token: &str) -> SyntaxError {
    let token = if token == "\n" { "newline" } else { token };
    SyntaxError::new(format!("syntax error near unexpected token `{token}'"))
}

pub(super) fn end_of_file() -> SyntaxError {
    let wanted = Some(Wanted::More);
    SyntaxError { wanted, ..SyntaxError::new("syntax error: unexpected end of file") }
}

impl Parser<'_> {
    pub(super) fn new(text: &str, depth: usize) -> Self {
        let text = text.chars().collect();
        let (open, aliases, inside) = (None, None, Vec::new());
        Parser { text, at: 0, depth, open, aliases, inside, expanded: 0 }
    }

    fn whole(&mut self) -> Parse<List> {
        let list = self.list()?;
        match self.token() {
            None => Ok(list),
            Some(token) => Err(unexpected(&token)),
        }
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.text.get(self.at).copied()
    }

    pub(super) fn peek_at(&self, ahead: usize) -> Option<char> {
        self.text.get(self.at + ahead).copied()
    }

    pub(super) fn starts_with(&self, text: &str) -> bool {
        text.chars().enumerate().all(|(i, c)| self.peek_at(i) == Some(c))
    }

    pub(super) fn deeper<T>(&mut self, parse: impl FnOnce(&mut Self) -> Parse<T>) -> Parse<T> {
        if self.depth >= DEPTH_MAX {
            return Err(SyntaxError::new(format!("maximum nesting depth exceeded ({DEPTH_MAX})")));
        }
        self.depth += 1;
        let result = parse(self);
        self.depth -= 1;
        result
    }

    /// Skips blanks, line continuations and a comment, but no newline.
    pub(super) fn skip_blanks(&mut self) {
        loop {
            match self.peek() {
                Some(' ' | '\t' | '\r') => self.at += 1,
                Some('\\') if self.peek_at(1) == Some('\n') => self.continuation(),
                Some('#') => {
                    while self.peek().is_some_and(|c| c != '\n') {
                        self.at += 1;
                    }
                }
                _ => return,
            }
        }
    }

    /// Skips a backslash and the newline after it.
    pub(super) fn continuation(&mut self) {
        self.at += 2;
        if self.at == self.text.len() {
            self.open = Some(Wanted::More);
        }
    }

    pub(super) fn skip_newlines(&mut self) {
        loop {
            self.skip_blanks();
            if self.peek() != Some('\n') {
                return;
            }
            self.at += 1;
        }
    }

    pub(super) fn operator(&self) -> Option<&'static str> {
        OPERATORS.into_iter().find(|op| self.starts_with(op))
    }

    pub(super) fn eat(&mut self, operator: &str) -> bool {
        self.skip_blanks();
        let found = self.operator() == Some(operator);
        if found {
            self.at += operator.len();
        }
        found
    }

    /// The next token as error messages name it.
    pub(super) fn token(&mut self) -> Option<String> {
        self.skip_blanks();
        if let Some(op) = self.operator() {
            return Some(op.into());
        }
        match self.peek()? {
            '\n' => Some("\n".into()),
            _ => Some(self.raw_word()),
        }
    }

    /// The characters up to the next blank or operator, for keywords and messages.
    pub(super) fn raw_word(&self) -> String {
        self.text[self.at..].iter().take_while(|c| !" \t\n;&|()<>".contains(**c)).collect()
    }

    fn keyword(&mut self) -> Option<String> {
        self.skip_blanks();
        let word = self.raw_word();
        let known = [
            "if", "then", "elif", "else", "fi", "for", "while", "until", "do", "done", "case",
            "esac", "{", "}", "!", "in", "function", "[[", "time",
        ];
        known.contains(&word.as_str()).then_some(word)
    }

    fn expect_keyword(&mut self, keyword: &str) -> Parse<()> {
        self.skip_newlines();
        if self.keyword().as_deref() == Some(keyword) {
            self.at += keyword.len();
            return Ok(());
        }
        Err(self.token().map_or_else(end_of_file, |token| unexpected(&token)))
    }

    /// Commands up to something that cannot start one; the caller looks at what that is.
    pub(super) fn list(&mut self) -> Parse<List> {
        let mut list = Vec::new();
        loop {
            self.skip_newlines();
            let stop = match self.peek() {
                None => true,
                Some(_) if self.starts_with(";;") || self.starts_with(")") => true,
                Some(_) => matches!(
                    self.keyword().as_deref(),
                    Some("then" | "elif" | "else" | "fi" | "do" | "done" | "esac" | "}")
                ),
            };
            if stop {
                return Ok(list);
            }
            let and_or = Rc::new(self.and_or()?);
            self.skip_blanks();
            let background = self.operator() == Some("&");
            list.push(Item { and_or, background });
            match (self.operator(), self.peek()) {
                (Some("&" | ";"), _) => self.at += 1,
                (None, Some('\n')) => {}
                _ => return Ok(list),
            }
        }
    }

    /// A list that must not be empty.
    fn body(&mut self) -> Parse<List> {
        let list = self.deeper(Self::list)?;
        if list.is_empty() {
            return Err(self.token().map_or_else(end_of_file, |token| unexpected(&token)));
        }
        Ok(list)
    }

    fn and_or(&mut self) -> Parse<AndOr> {
        let start = self.at;
        let first = self.pipeline()?;
        let mut rest = Vec::new();
        loop {
            let connector = if self.eat("&&") {
                Connector::And
            } else if self.eat("||") {
                Connector::Or
            } else {
                let text: String = self.text[start..self.at].iter().collect();
                return Ok(AndOr { first, rest, text: text.trim().to_string() });
            };
            self.skip_newlines();
            rest.push((connector, self.pipeline()?));
        }
    }

    fn pipeline(&mut self) -> Parse<Pipeline> {
        let (mut negated, mut timed) = (false, None);
        self.alias();
        loop {
            match self.keyword().as_deref() {
                Some("!") => {
                    self.at += 1;
                    negated = !negated;
                }
                Some("time") => {
                    self.at += 4;
                    self.skip_blanks();
                    let posix = self.raw_word() == "-p";
                    self.at += if posix { 2 } else { 0 };
                    timed = Some(posix);
                }
                _ => break,
            }
            self.alias();
        }
        self.skip_blanks();
        if timed.is_some() && self.peek().is_none_or(|c| "\n;".contains(c)) {
            return Ok(Pipeline { negated, timed, commands: Vec::new() });
        }
        let mut commands = vec![Rc::new(self.command()?)];
        loop {
            let both = self.eat("|&");
            if !both && !self.eat("|") {
                return Ok(Pipeline { negated, timed, commands });
            }
            if both && let Some(last) = commands.last_mut().and_then(Rc::get_mut) {
                let one = vec![Part::Literal("1".into())];
                last.redirects.push(Redirect { fd: 2, kind: RedirectKind::Duplicate(one) });
            }
            self.skip_newlines();
            self.alias();
            commands.push(Rc::new(self.command()?));
        }
    }

    fn command(&mut self) -> Parse<Command> {
        let kind = self.deeper(Self::compound)?;
        let Some(kind) = kind else { return self.simple() };
        let mut redirects = Vec::new();
        while let Some(redirect) = self.redirect()? {
            redirects.push(redirect);
        }
        if redirects.is_empty() || !matches!(kind, Kind::Function { .. }) {
            return Ok(Command { kind, redirects });
        }
        Err(unexpected(">"))
    }

    fn compound(&mut self) -> Parse<Option<Kind>> {
        self.skip_blanks();
        if self.starts_with("((")
            && let Some(inner) = self.double_parens()?
        {
            return Ok(Some(Kind::Arith(inner)));
        }
        if self.eat("(") {
            let list = self.body()?;
            self.expect(")")?;
            return Ok(Some(Kind::Subshell(Rc::new(list))));
        }
        let Some(keyword) = self.keyword() else { return self.function() };
        let kind = match keyword.as_str() {
            "{" => {
                self.at += 1;
                let list = self.body()?;
                self.expect_keyword("}")?;
                Kind::Group(list)
            }
            "if" => self.if_clause()?,
            "for" => self.for_clause()?,
            "case" => self.case_clause()?,
            "while" | "until" => {
                self.at += keyword.len();
                let condition = self.body()?;
                Kind::While { until: keyword == "until", condition, body: self.do_group()? }
            }
            "function" => {
                self.at += keyword.len();
                self.skip_blanks();
                let name = self.raw_word();
                self.at += name.chars().count();
                if self.eat("(") {
                    self.expect(")")?;
                }
                self.skip_newlines();
                Kind::Function { name, body: Rc::new(self.command()?) }
            }
            "[[" => {
                self.at += 2;
                Kind::Test(self.conditional()?)
            }
            "in" | "time" => return Ok(None),
            _ => return Err(unexpected(&keyword)),
        };
        Ok(Some(kind))
    }

    /// `name() command`.
    fn function(&mut self) -> Parse<Option<Kind>> {
        let name = self.raw_word();
        let start = self.at;
        if !name.is_empty() && !name.contains(['$', '\'', '"', '\\', '=', '`']) {
            self.at += name.chars().count();
            if self.eat("(") {
                self.expect(")")?;
                self.skip_newlines();
                return Ok(Some(Kind::Function { name, body: Rc::new(self.command()?) }));
            }
            self.at = start;
        }
        Ok(None)
    }

    fn expect(&mut self, operator: &str) -> Parse<()> {
        self.skip_newlines();
        if self.eat(operator) {
            return Ok(());
        }
        Err(self.token().map_or_else(end_of_file, |token| unexpected(&token)))
    }

    fn do_group(&mut self) -> Parse<List> {
        self.expect_keyword("do")?;
        let body = self.body()?;
        self.expect_keyword("done")?;
        Ok(body)
    }

    fn if_clause(&mut self) -> Parse<Kind> {
        let mut branches = Vec::new();
        self.at += 2;
        loop {
            let condition = self.body()?;
            self.expect_keyword("then")?;
            branches.push((condition, self.body()?));
            match self.keyword().as_deref() {
                Some("elif") => self.at += 4,
                Some("else") => {
                    self.at += 4;
                    let otherwise = Some(self.body()?);
                    self.expect_keyword("fi")?;
                    return Ok(Kind::If { branches, otherwise });
                }
                _ => {
                    self.expect_keyword("fi")?;
                    return Ok(Kind::If { branches, otherwise: None });
                }
            }
        }
    }

    fn for_clause(&mut self) -> Parse<Kind> {
        self.at += 3;
        self.skip_blanks();
        if self.starts_with("((")
            && let Some(head) = self.double_parens()?
        {
            self.eat(";");
            return Ok(Kind::ForArith { head: split_head(head)?, body: self.do_group()? });
        }
        let name = self.raw_word();
        if !is_name(&name) {
            return match self.token() {
                Some(token) if self.operator().is_some() || token == "\n" => {
                    Err(unexpected(&token))
                }
                Some(token) => Err(SyntaxError::new(format!("`{token}': not a valid identifier"))),
                None => Err(end_of_file()),
            };
        }
        self.at += name.chars().count();
        self.skip_newlines();
        let mut words = None;
        if self.keyword().as_deref() == Some("in") {
            self.at += 2;
            let mut list = Vec::new();
            self.skip_blanks();
            while let Some(word) = self.word()? {
                list.push(word);
                self.skip_blanks();
            }
            words = Some(list);
        }
        self.eat(";");
        Ok(Kind::For { name, words, body: self.do_group()? })
    }

    fn case_clause(&mut self) -> Parse<Kind> {
        self.at += 4;
        self.skip_blanks();
        let word = self.word()?;
        let Some(word) = word else {
            return Err(self.token().map_or_else(end_of_file, |token| unexpected(&token)));
        };
        self.expect_keyword("in")?;
        let mut arms = Vec::new();
        loop {
            self.skip_newlines();
            if self.keyword().as_deref() == Some("esac") {
                self.at += 4;
                return Ok(Kind::Case { word, arms });
            }
            self.eat("(");
            let mut patterns = Vec::new();
            loop {
                self.skip_blanks();
                match self.word()? {
                    Some(pattern) => patterns.push(pattern),
                    None => {
                        return Err(self
                            .token()
                            .map_or_else(end_of_file, |token| unexpected(&token)));
                    }
                }
                if !self.eat("|") {
                    break;
                }
            }
            self.expect(")")?;
            let body = self.deeper(Self::list)?;
            arms.push((patterns, body));
            if !self.eat(";;") {
                self.expect_keyword("esac")?;
                return Ok(Kind::Case { word, arms });
            }
        }
    }

    /// Puts an alias's text where its name stands. A command begins here.
    fn alias(&mut self) {
        let Some(aliases) = self.aliases else { return };
        loop {
            self.skip_blanks();
            let (name, at) = (self.raw_word(), self.at);
            let Some(text) = aliases.get(&name) else { return };
            self.inside.retain(|(_, end)| *end > at);
            let own = self.inside.iter().any(|(inside, _)| *inside == name);
            if own || self.expanded >= ALIASES_MAX {
                return;
            }
            self.expanded += 1;
            let (old, new) = (name.chars().count(), text.chars().count());
            self.text.splice(at..at + old, text.chars());
            for (_, end) in &mut self.inside {
                *end = (*end + new).saturating_sub(old);
            }
            self.inside.push((name, at + new));
        }
    }

    fn simple(&mut self) -> Parse<Command> {
        let (mut assigns, mut words, mut redirects) = (Vec::new(), Vec::new(), Vec::new());
        loop {
            self.skip_blanks();
            if let Some(redirect) = self.redirect()? {
                redirects.push(redirect);
                continue;
            }
            if words.is_empty()
                && let Some(assign) = self.assignment()?
            {
                assigns.push(assign);
                self.skip_blanks();
                self.alias();
                continue;
            }
            match self.word()? {
                Some(word) => words.push(word),
                None => break,
            }
        }
        if assigns.is_empty() && words.is_empty() && redirects.is_empty() {
            return Err(self.token().map_or_else(end_of_file, |token| unexpected(&token)));
        }
        Ok(Command { kind: Kind::Simple { assigns, words }, redirects })
    }

    fn assignment(&mut self) -> Parse<Option<(String, Word)>> {
        let rest = &self.text[self.at..];
        let Some(equals) = rest.iter().position(|c| !(c.is_ascii_alphanumeric() || *c == '_'))
        else {
            return Ok(None);
        };
        let name: String = rest[..equals].iter().collect();
        if rest[equals] != '=' || !is_name(&name) {
            return Ok(None);
        }
        self.at += equals + 1;
        Ok(Some((name, self.word()?.unwrap_or_default())))
    }
}

/// `init; condition; step` of an arithmetic `for`.
fn split_head(head: Word) -> Parse<[Word; 3]> {
    let (mut words, mut at) = ([Word::new(), Word::new(), Word::new()], 0);
    for part in head {
        let Part::Literal(text) = part else {
            words[at].push(part);
            continue;
        };
        for (number, text) in text.split(';').enumerate() {
            at += usize::from(number > 0);
            let Some(word) = words.get_mut(at) else {
                return Err(SyntaxError::new("syntax error: `;' unexpected"));
            };
            word.push(Part::Literal(text.to_string()));
        }
    }
    if at < 2 {
        return Err(SyntaxError::new("syntax error: arithmetic expression required"));
    }
    Ok(words)
}

/// True for a word that can name a variable.
pub(crate) fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}
