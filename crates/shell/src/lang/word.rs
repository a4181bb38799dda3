//! Words: quotes, `$` in all its forms, and backquotes.

use std::rc::Rc;

use super::ast::*;
use super::parser::{Parse, Parser, SyntaxError, Wanted};

/// How bash ends the message about a `${}` that it cannot read; the status is 1, not 2.
pub(crate) const BAD_SUBSTITUTION: &str = ": bad substitution";

fn missing(quote: char) -> SyntaxError {
    let text = format!("unexpected EOF while looking for matching `{quote}'");
    SyntaxError { text, wanted: Some(Wanted::Char(quote)) }
}

/// Adds text to the last part if it is of the same kind.
fn push_literal(parts: &mut Word, c: char) {
    if let Some(Part::Literal(text)) = parts.last_mut() {
        text.push(c);
    } else {
        parts.push(Part::Literal(c.into()));
    }
}

impl Parser<'_> {
    /// The word that starts here, or None before a blank, an operator or the end.
    pub(super) fn word(&mut self) -> Parse<Option<Word>> {
        let start = self.at;
        let mut parts = Word::new();
        if self.peek() == Some('~')
            && matches!(self.peek_at(1), None | Some('/' | ' ' | '\n' | ';'))
        {
            self.at += 1;
            parts.push(Part::Tilde);
        }
        self.deeper(|parser| parser.word_parts(&mut parts, &mut |c| " \t\r\n;&|()<>".contains(c)))?;
        Ok((self.at > start).then_some(parts))
    }

    /// Parts of a word up to an unquoted character of `stop`.
    pub(super) fn word_parts(
        &mut self,
        parts: &mut Word,
        stop: &mut dyn FnMut(char) -> bool,
    ) -> Parse<()> {
        while let Some(c) = self.peek() {
            match c {
                '\\' => {
                    self.at += 1;
                    match self.peek() {
                        Some('\n') => {
                            self.at -= 1;
                            self.continuation();
                        }
                        Some(c) => {
                            self.at += 1;
                            parts.push(Part::Quoted(c.into()));
                        }
                        None => push_literal(parts, '\\'),
                    }
                }
                '\'' => {
                    self.at += 1;
                    parts.push(Part::Quoted(self.until_quote()?));
                }
                '"' => {
                    self.at += 1;
                    let inner = self.deeper(|parser| parser.double_parts(Some('"')))?;
                    parts.push(Part::Double(inner));
                }
                '$' | '`' => self.dollar(parts, false)?,
                c if stop(c) => return Ok(()),
                c => {
                    self.at += 1;
                    push_literal(parts, c);
                }
            }
        }
        Ok(())
    }

    fn until_quote(&mut self) -> Parse<String> {
        let rest = &self.text[self.at..];
        let end = rest.iter().position(|c| *c == '\'').ok_or_else(|| missing('\''))?;
        let text = rest[..end].iter().collect();
        self.at += end + 1;
        Ok(text)
    }

    /// The inside of double quotes up to `end`, or of a here-document up to the end of the text.
    fn double_parts(&mut self, end: Option<char>) -> Parse<Word> {
        let mut parts = Word::new();
        loop {
            match self.peek() {
                None if end.is_none() => return Ok(parts),
                None => return Err(missing('"')),
                Some(c) if Some(c) == end => {
                    self.at += 1;
                    return Ok(parts);
                }
                Some('\\') => self.double_escape(&mut parts, end.is_some()),
                Some('$' | '`') => self.dollar(&mut parts, true)?,
                Some(c) => {
                    self.at += 1;
                    push_literal(&mut parts, c);
                }
            }
        }
    }

    fn double_escape(&mut self, parts: &mut Word, in_quotes: bool) {
        match self.peek_at(1) {
            Some('\n') => self.at += 2,
            Some(c) if "$`\\".contains(c) || (c == '"' && in_quotes) => {
                self.at += 2;
                push_literal(parts, c);
            }
            _ => {
                self.at += 1;
                push_literal(parts, '\\');
            }
        }
    }

    /// The body of an unquoted here-document.
    pub(super) fn heredoc_parts(&mut self) -> Parse<Word> {
        self.deeper(|parser| parser.double_parts(None))
    }

    /// A `$` or backquote.
    fn dollar(&mut self, parts: &mut Word, quoted: bool) -> Parse<()> {
        if self.peek() == Some('`') {
            parts.push(self.backquote()?);
            return Ok(());
        }
        self.at += 1;
        let plain = |name: String| Part::Param(Box::new(Param { name, op: ParamOp::Plain }));
        match self.peek() {
            Some('\'') if !quoted => {
                self.at += 1;
                parts.push(Part::Quoted(self.ansi_quote()?));
            }
            Some('"') if !quoted => {}
            Some('{') => {
                self.at += 1;
                let part = self.deeper(|parser| parser.braces(quoted))?;
                parts.push(part);
            }
            Some('(') => {
                let part = self.deeper(Self::parenthesis)?;
                parts.push(part);
            }
            Some(c) if c.is_ascii_alphabetic() || c == '_' => {
                let name = self.name();
                parts.push(plain(name));
            }
            Some(c) if c.is_ascii_digit() || "?$!#@*-".contains(c) => {
                self.at += 1;
                parts.push(plain(c.into()));
            }
            _ => push_literal(parts, '$'),
        }
        Ok(())
    }

    fn name(&mut self) -> String {
        let rest = &self.text[self.at..];
        let name: String =
            rest.iter().take_while(|c| c.is_ascii_alphanumeric() || **c == '_').collect();
        self.at += name.len();
        name
    }

    fn backquote(&mut self) -> Parse<Part> {
        self.at += 1;
        let mut inner = String::new();
        loop {
            match self.peek() {
                None => return Err(missing('`')),
                Some('`') => break,
                Some('\\') if self.peek_at(1).is_some_and(|c| "$`\\".contains(c)) => {
                    inner.extend(self.peek_at(1));
                    self.at += 2;
                }
                Some(c) => {
                    inner.push(c);
                    self.at += 1;
                }
            }
        }
        self.at += 1;
        self.deeper(|parser| {
            let mut parser = Parser::new(&inner, parser.depth);
            let list = parser.list().map_err(SyntaxError::inner)?;
            if parser.peek().is_some() {
                return Err(SyntaxError::new(format!(
                    "syntax error near unexpected token `{}'",
                    parser.text[parser.at..].iter().collect::<String>()
                )));
            }
            Ok(Part::Command(Rc::new(list)))
        })
    }

    /// `$((...))` or `$(...)`.
    fn parenthesis(&mut self) -> Parse<Part> {
        if self.peek_at(1) == Some('(')
            && let Some(parts) = self.double_parens()?
        {
            return Ok(Part::Arith(parts));
        }
        self.at += 1;
        let list = self.list()?;
        match self.peek() {
            Some(')') => {
                self.at += 1;
                Ok(Part::Command(Rc::new(list)))
            }
            None => Err(missing(')')),
            Some(_) => {
                let token = self.operator().map_or_else(
                    || self.text[self.at..].iter().take_while(|c| !c.is_whitespace()).collect(),
                    str::to_string,
                );
                Err(SyntaxError::new(format!("syntax error near unexpected token `{token}'")))
            }
        }
    }

    /// The expression in `((...))` here; None if this is a subshell in another.
    pub(super) fn double_parens(&mut self) -> Parse<Option<Word>> {
        let Some(end) = self.arithmetic_end() else { return Ok(None) };
        let inner: String = self.text[self.at + 2..end].iter().collect();
        self.at = end + 2;
        let parts = Parser::new(&inner, self.depth).heredoc_parts();
        parts.map(Some).map_err(SyntaxError::inner)
    }

    /// Where the `))` stands that closes the `((` here; None if this is a subshell in a
    /// substitution.
    fn arithmetic_end(&self) -> Option<usize> {
        let mut depth = 0;
        for at in self.at..self.text.len() {
            match self.text[at] {
                '(' => depth += 1,
                ')' => {
                    depth -= 1;
                    if depth == 1 {
                        return (self.text.get(at + 1) == Some(&')')).then_some(at);
                    }
                }
                _ => {}
            }
        }
        None
    }

    /// `${...}` after the brace.
    fn braces(&mut self, quoted: bool) -> Parse<Part> {
        let start = self.at;
        let bad = |parser: &Parser| {
            if !parser.text[parser.at..].contains(&'}') {
                return missing('}');
            }
            let text: String = parser.text[start..].iter().take_while(|c| **c != '\n').collect();
            SyntaxError::new(format!("${{{text}{BAD_SUBSTITUTION}"))
        };
        let length = self.peek() == Some('#') && self.peek_at(1).is_some_and(|c| c != '}');
        if length {
            self.at += 1;
        }
        let name = match self.peek() {
            Some(c) if c.is_ascii_alphabetic() || c == '_' => self.name(),
            Some(c) if c.is_ascii_digit() => {
                let rest = &self.text[self.at..];
                let digits: String = rest.iter().take_while(|c| c.is_ascii_digit()).collect();
                self.at += digits.len();
                digits
            }
            Some(c) if "?$!#@*-".contains(c) => {
                self.at += 1;
                c.into()
            }
            None => return Err(missing('}')),
            _ => return Err(bad(self)),
        };
        let op = if length { ParamOp::Length } else { self.param_op(quoted)? };
        match self.peek() {
            Some('}') => {
                self.at += 1;
                Ok(Part::Param(Box::new(Param { name, op })))
            }
            None => Err(missing('}')),
            _ => Err(bad(self)),
        }
    }

    fn param_op(&mut self, quoted: bool) -> Parse<ParamOp> {
        let colon = self.peek() == Some(':');
        let sign = if colon { self.peek_at(1) } else { self.peek() };
        if let Some(sign @ ('-' | '=' | '+' | '?')) = sign {
            self.at += 1 + usize::from(colon);
            let word = self.operand("}", quoted)?;
            return Ok(ParamOp::Default { sign, colon, word });
        }
        if colon {
            self.at += 1;
            let offset = self.operand(":}", quoted)?;
            let mut length = None;
            if self.peek() == Some(':') {
                self.at += 1;
                length = Some(self.operand("}", quoted)?);
            }
            return Ok(ParamOp::Slice { offset, length });
        }
        match sign {
            Some(c @ ('%' | '#')) => {
                self.at += 1;
                let longest = self.peek() == Some(c);
                self.at += usize::from(longest);
                let pattern = self.operand("}", false)?;
                Ok(ParamOp::Trim { suffix: c == '%', longest, pattern })
            }
            Some('/') => {
                self.at += 1;
                let all = self.peek() == Some('/');
                self.at += usize::from(all);
                let pattern = self.operand("/}", false)?;
                let mut with = Word::new();
                if self.peek() == Some('/') {
                    self.at += 1;
                    with = self.operand("}", quoted)?;
                }
                Ok(ParamOp::Replace { all, pattern, with })
            }
            _ => Ok(ParamOp::Plain),
        }
    }

    /// A word inside `${}` up to one of the characters of `stop`. Inside double quotes single
    /// quotes stand for themselves.
    fn operand(&mut self, stop: &str, quoted: bool) -> Parse<Word> {
        let mut parts = Word::new();
        if !quoted {
            self.word_parts(&mut parts, &mut |c| stop.contains(c))?;
            return Ok(parts);
        }
        while let Some(c) = self.peek() {
            match c {
                c if stop.contains(c) => break,
                '\\' => self.double_escape(&mut parts, true),
                '"' => {
                    self.at += 1;
                    let inner = self.deeper(|parser| parser.double_parts(Some('"')))?;
                    parts.push(Part::Double(inner));
                }
                '$' | '`' => self.dollar(&mut parts, true)?,
                c => {
                    self.at += 1;
                    push_literal(&mut parts, c);
                }
            }
        }
        Ok(parts)
    }

    /// `$'...'` after the quote.
    fn ansi_quote(&mut self) -> Parse<String> {
        let start = self.at;
        loop {
            match self.peek() {
                None => return Err(missing('\'')),
                Some('\\') => self.at = (self.at + 2).min(self.text.len()),
                Some('\'') => break,
                Some(_) => self.at += 1,
            }
        }
        let raw: String = self.text[start..self.at].iter().collect();
        self.at += 1;
        let bytes = crate::escape::unescape(&raw, crate::escape::Style::Ansi).bytes;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }
}
