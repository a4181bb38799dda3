//! Recursive descent over characters: the grammar of lists, pipelines and compound commands.
//!
//! Errors carry bash's own words. An interactive bash would ask for more input where a line is
//! unfinished; a console line here is a whole, so that case is bash's "unexpected end of file".

use std::rc::Rc;

use super::ast::*;

/// What is wrong with the text: bash's words without `bash: `. Its status is 2.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyntaxError(pub String);

pub(super) type Parse<T> = Result<T, SyntaxError>;

/// Deepest nesting of compound commands, substitutions and quotes.
const DEPTH_MAX: usize = 40;

const OPERATORS: [&str; 21] = [
    "&>>", "<<<", "<<-", "&&", "||", ";;", "&>", "|&", "<<", ">>", ">&", "<&", ">|", "<>", "&",
    "|", ";", "(", ")", "<", ">",
];

/// Parses a whole console line or block.
pub fn parse(text: &str) -> Result<List, SyntaxError> {
    let mut parser = Parser::new(text, 0);
    let list = parser.list()?;
    match parser.token() {
        None => Ok(list),
        Some(token) => Err(unexpected(&token)),
    }
}

pub(super) struct Parser {
    pub(super) text: Vec<char>,
    pub(super) at: usize,
    pub(super) depth: usize,
}

fn unexpected(token: &str) -> SyntaxError {
    let token = if token == "\n" { "newline" } else { token };
    SyntaxError(format!("syntax error near unexpected token `{token}'"))
}

fn end_of_file() -> SyntaxError {
    SyntaxError("syntax error: unexpected end of file".into())
}

impl Parser {
    pub(super) fn new(text: &str, depth: usize) -> Self {
        let text = text.chars().collect();
        Parser { text, at: 0, depth }
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
            return Err(SyntaxError(format!("maximum nesting depth exceeded ({DEPTH_MAX})")));
        }
        self.depth += 1;
        let result = parse(self);
        self.depth -= 1;
        result
    }

    /// Skips blanks, line continuations and a comment, but no newline.
    fn skip_blanks(&mut self) {
        loop {
            match self.peek() {
                Some(' ' | '\t' | '\r') => self.at += 1,
                Some('\\') if self.peek_at(1) == Some('\n') => self.at += 2,
                Some('#') => {
                    while self.peek().is_some_and(|c| c != '\n') {
                        self.at += 1;
                    }
                }
                _ => return,
            }
        }
    }

    fn skip_newlines(&mut self) {
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

    fn eat(&mut self, operator: &str) -> bool {
        self.skip_blanks();
        let found = self.operator() == Some(operator);
        if found {
            self.at += operator.len();
        }
        found
    }

    /// The next token as error messages name it.
    fn token(&mut self) -> Option<String> {
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
    fn raw_word(&self) -> String {
        self.text[self.at..].iter().take_while(|c| !" \t\n;&|()<>".contains(**c)).collect()
    }

    fn keyword(&mut self) -> Option<String> {
        self.skip_blanks();
        let word = self.raw_word();
        let known = [
            "if", "then", "elif", "else", "fi", "for", "while", "until", "do", "done", "case",
            "esac", "{", "}", "!", "in", "function",
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
        let mut negated = false;
        while self.keyword().as_deref() == Some("!") {
            self.at += 1;
            negated = !negated;
        }
        let mut commands = vec![Rc::new(self.command()?)];
        loop {
            let both = self.eat("|&");
            if !both && !self.eat("|") {
                return Ok(Pipeline { negated, commands });
            }
            if both && let Some(last) = commands.last_mut().and_then(Rc::get_mut) {
                let one = vec![Part::Literal("1".into())];
                last.redirects.push(Redirect { fd: 2, kind: RedirectKind::Duplicate(one) });
            }
            self.skip_newlines();
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
            "in" => return Ok(None),
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
        let name = self.raw_word();
        if !is_name(&name) {
            return match self.token() {
                Some(token) if self.operator().is_some() || token == "\n" => {
                    Err(unexpected(&token))
                }
                Some(token) => Err(SyntaxError(format!("`{token}': not a valid identifier"))),
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

    fn redirect(&mut self) -> Parse<Option<Redirect>> {
        self.skip_blanks();
        let digits = self.text[self.at..].iter().take_while(|c| c.is_ascii_digit()).count();
        let number: String = self.text[self.at..self.at + digits].iter().collect();
        let start = self.at;
        self.at += digits;
        let operator = match self.operator() {
            Some(op @ ("<" | ">" | ">>" | ">|" | "<<" | "<<-" | "<<<" | ">&" | "<&" | "<>")) => op,
            Some(op @ ("&>" | "&>>")) if digits == 0 => op,
            _ => {
                self.at = start;
                return Ok(None);
            }
        };
        self.at += operator.len();
        let default = if operator.starts_with('<') { 0 } else { 1 };
        let fd = number.parse().unwrap_or(default);
        if operator.starts_with("<<") && operator != "<<<" {
            return self.heredoc(fd, operator == "<<-").map(Some);
        }
        self.skip_blanks();
        let Some(target) = self.word()? else {
            return Err(unexpected(&self.token().unwrap_or("newline".into())));
        };
        let kind = match operator {
            "<" | "<>" => RedirectKind::Read(target),
            ">" | ">|" => RedirectKind::Write(target),
            ">>" => RedirectKind::Append(target),
            "<<<" => {
                let mut text = vec![Part::Double(target)];
                text.push(Part::Quoted("\n".into()));
                RedirectKind::Text(text)
            }
            "&>" | "&>>" => RedirectKind::Both { target, append: operator == "&>>" },
            ">&" if digits == 0 && !is_descriptor(&target) => {
                RedirectKind::Both { target, append: false }
            }
            _ => RedirectKind::Duplicate(target),
        };
        Ok(Some(Redirect { fd, kind }))
    }

    /// The body starts on the next line. It is read ahead and cut out of the text, so that the tree
    /// needs no holes to be filled in later.
    fn heredoc(&mut self, fd: u32, strip_tabs: bool) -> Parse<Redirect> {
        self.skip_blanks();
        let Some(word) = self.word()? else {
            return Err(unexpected(&self.token().unwrap_or("newline".into())));
        };
        let mut end = String::new();
        let mut quoted = false;
        for part in &word {
            match part {
                Part::Literal(text) => end.push_str(text),
                Part::Quoted(text) => {
                    end.push_str(text);
                    quoted = true;
                }
                Part::Double(parts) => {
                    quoted = true;
                    for part in parts {
                        if let Part::Literal(text) | Part::Quoted(text) = part {
                            end.push_str(text);
                        }
                    }
                }
                _ => {}
            }
        }
        let text = self.cut_heredoc(&end, strip_tabs);
        let body = if quoted {
            vec![Part::Quoted(text)]
        } else {
            vec![Part::Double(Parser::new(&text, self.depth).heredoc_parts()?)]
        };
        Ok(Redirect { fd, kind: RedirectKind::Text(body) })
    }

    /// Removes the lines after this one up to `end` and returns them; without the end, all of them.
    fn cut_heredoc(&mut self, end: &str, strip_tabs: bool) -> String {
        let rest = &self.text[self.at..];
        let Some(newline) = rest.iter().position(|c| *c == '\n') else { return String::new() };
        let start = self.at + newline + 1;
        let (mut at, mut body) = (start, String::new());
        while at < self.text.len() {
            let line: String = self.text[at..].iter().take_while(|c| **c != '\n').collect();
            at = (at + line.chars().count() + 1).min(self.text.len());
            let line = if strip_tabs { line.trim_start_matches('\t') } else { line.as_str() };
            if line == end {
                break;
            }
            body.push_str(line);
            body.push('\n');
        }
        self.text.drain(start..at);
        body
    }
}

fn is_descriptor(word: &Word) -> bool {
    matches!(word.as_slice(), [Part::Literal(text)]
        if text == "-" || text.bytes().all(|b| b.is_ascii_digit()))
}

/// True for a word that can name a variable.
pub(crate) fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}
