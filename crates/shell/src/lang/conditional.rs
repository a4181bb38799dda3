//! `[[ ... ]]`: tests whose words are neither split nor globbed.

use super::ast::*;
use super::parser::{Parse, Parser, SyntaxError, end_of_file, unexpected};

/// Operators between two words that are words themselves.
const BINARY: [&str; 12] =
    ["=", "==", "!=", "=~", "-eq", "-ne", "-lt", "-le", "-gt", "-ge", "-nt", "-ot"];
/// The letters of tests of one word.
const UNARY: &str = "abcdefghknprstuvwxzLNOGS";

impl Parser<'_> {
    /// The test after `[[`, up to and including `]]`.
    pub(super) fn conditional(&mut self) -> Parse<Test> {
        let test = self.deeper(Self::test_or)?;
        self.skip_newlines();
        if self.raw_word() != "]]" {
            return Err(self.test_error());
        }
        self.at += 2;
        Ok(test)
    }

    fn test_error(&mut self) -> SyntaxError {
        match self.token() {
            None => end_of_file(),
            Some(token) if token == "\n" => unexpected(&token),
            Some(token) => {
                SyntaxError::new(format!("syntax error in conditional expression near `{token}'"))
            }
        }
    }

    fn test_or(&mut self) -> Parse<Test> {
        let mut left = self.test_and()?;
        self.skip_newlines();
        while self.eat("||") {
            left = Test::Or(Box::new(left), Box::new(self.test_and()?));
            self.skip_newlines();
        }
        Ok(left)
    }

    fn test_and(&mut self) -> Parse<Test> {
        let mut left = self.test_not()?;
        self.skip_newlines();
        while self.eat("&&") {
            left = Test::And(Box::new(left), Box::new(self.test_not()?));
            self.skip_newlines();
        }
        Ok(left)
    }

    fn test_not(&mut self) -> Parse<Test> {
        self.skip_newlines();
        if self.raw_word() == "!" {
            self.at += 1;
            return Ok(Test::Not(Box::new(self.deeper(Self::test_not)?)));
        }
        if self.eat("(") {
            let test = self.deeper(Self::test_or)?;
            self.skip_newlines();
            return if self.eat(")") { Ok(test) } else { Err(self.test_error()) };
        }
        self.test_words()
    }

    fn test_words(&mut self) -> Parse<Test> {
        if self.raw_word() == "]]" {
            return Err(self.test_error());
        }
        let flag = self.raw_word();
        let mut letters = flag.strip_prefix('-').unwrap_or_default().chars();
        if letters.next().is_some_and(|c| UNARY.contains(c)) && letters.next().is_none() {
            let start = self.at;
            self.at += 2;
            self.skip_blanks();
            if self.raw_word() != "]]"
                && !BINARY.contains(&self.raw_word().as_str())
                && let Some(word) = self.word()?
            {
                return Ok(Test::Unary(flag, word));
            }
            self.at = start;
        }
        let Some(left) = self.word()? else { return Err(self.test_error()) };
        self.skip_blanks();
        let op = match self.operator() {
            Some(op @ ("<" | ">")) => op.to_string(),
            _ => self.raw_word(),
        };
        if !["<", ">"].contains(&op.as_str()) && !BINARY.contains(&op.as_str()) {
            return Ok(Test::Text(left));
        }
        self.at += op.len();
        self.skip_blanks();
        let right = if op == "=~" { self.expression()? } else { self.word()? };
        match right {
            Some(right) => Ok(Test::Binary(left, op, right)),
            None => Err(self.test_error()),
        }
    }

    /// A regular expression, in which brackets and bars are plain.
    fn expression(&mut self) -> Parse<Option<Word>> {
        let (start, mut parts) = (self.at, Word::new());
        let mut depth = 0;
        self.deeper(|parser| {
            parser.word_parts(&mut parts, &mut |c| {
                depth += i32::from(c == '(') - i32::from(c == ')');
                c == '\n' || (depth <= 0 && " \t\r".contains(c))
            })
        })?;
        Ok((self.at > start).then_some(parts))
    }
}
