//! Redirections and here-documents.

use super::ast::*;
use super::parser::{Parse, Parser, SyntaxError, Wanted, unexpected};

impl Parser<'_> {
    pub(super) fn redirect(&mut self) -> Parse<Option<Redirect>> {
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
        let from = self.text[..self.at].iter().filter(|c| **c == '\n').count() + 1;
        let text = match self.cut_heredoc(&end, strip_tabs) {
            (text, true) => text,
            (text, false) => {
                let from = from as u32;
                // The first of several is the one that the next lines belong to.
                self.open.get_or_insert(Wanted::Line { text: end, strip_tabs, from });
                text
            }
        };
        let body = if quoted {
            vec![Part::Quoted(text)]
        } else {
            vec![Part::Double(
                Parser::new(&text, self.depth).heredoc_parts().map_err(SyntaxError::inner)?,
            )]
        };
        Ok(Redirect { fd, kind: RedirectKind::Text(body) })
    }

    /// Removes the lines after this one up to `end` and returns them, and whether the end was there;
    /// without it they are all.
    fn cut_heredoc(&mut self, end: &str, strip_tabs: bool) -> (String, bool) {
        let rest = &self.text[self.at..];
        let Some(newline) = rest.iter().position(|c| *c == '\n') else {
            return (String::new(), false);
        };
        let start = self.at + newline + 1;
        let (mut at, mut body, mut ended) = (start, String::new(), false);
        while at < self.text.len() {
            let line: String = self.text[at..].iter().take_while(|c| **c != '\n').collect();
            at = (at + line.chars().count() + 1).min(self.text.len());
            let line = if strip_tabs { line.trim_start_matches('\t') } else { line.as_str() };
            if line == end {
                ended = true;
                break;
            }
            body.push_str(line);
            body.push('\n');
        }
        self.text.drain(start..at);
        (body, ended)
    }
}

fn is_descriptor(word: &Word) -> bool {
    matches!(word.as_slice(), [Part::Literal(text)]
        if text == "-" || text.bytes().all(|b| b.is_ascii_digit()))
}
