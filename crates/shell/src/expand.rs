//! Expansion of words: parameters, command substitution, arithmetic, field splitting, globbing.

use std::future::Future;
use std::pin::Pin;

use cluster::executor::pipe;

use crate::io::{Fd, Io};
use crate::lang::ast::*;
use crate::process::Reader;
use crate::shell::{Flow, Shell, TEXT_BYTES_MAX};
use crate::{arith, braces, glob, interp, pattern};

/// A stretch of expanded text.
#[derive(Clone, Debug)]
struct Piece {
    text: String,
    /// Protected from globbing and splitting.
    quoted: bool,
    /// Came from an unquoted expansion, so it is split into fields.
    split: bool,
    /// A field ends after this piece (`"$@"`).
    last: bool,
}

fn piece(text: impl Into<String>, quoted: bool, split: bool) -> Piece {
    Piece { text: text.into(), quoted, split, last: false }
}

type Pieces = Result<Vec<Piece>, Flow>;

impl Shell {
    /// Words of a command: split and globbed.
    pub(crate) async fn fields(&mut self, words: &[Word], io: &Io) -> Result<Vec<String>, Flow> {
        let mut fields = Vec::new();
        for word in words.iter().flat_map(braces::expand) {
            let pieces = self.pieces(&word, false, io).await?;
            for field in split(&pieces, self.ifs()) {
                let found = match field.glob {
                    true => self.glob(&field.pattern).await,
                    false => Vec::new(),
                };
                if found.is_empty() {
                    fields.push(field.text);
                } else {
                    fields.extend(found);
                }
            }
        }
        Ok(fields)
    }

    async fn glob(&self, pattern: &str) -> Vec<String> {
        let plain = pattern.find(['*', '?', '[']).map_or(pattern, |at| &pattern[..at]);
        let folder = plain.rfind('/').map_or("", |at| &plain[..at]);
        let folder = crate::fs::normal(&self.cwd, if folder.is_empty() { plain } else { folder });
        self.sys.fetch_data_dirs(&[folder]).await;
        glob::expand(&self.sys.fs(), &self.cwd, pattern)
    }

    /// A word as one string, as in assignments and redirections.
    pub(crate) async fn text(&mut self, word: &Word, io: &Io) -> Result<String, Flow> {
        let mut text = String::new();
        let pieces = self.pieces(word, false, io).await?;
        let count = pieces.len();
        for (at, piece) in pieces.into_iter().enumerate() {
            text.push_str(&piece.text);
            if piece.last && at + 1 < count {
                text.push(' ');
            }
        }
        if text.len() > TEXT_BYTES_MAX {
            self.complain(io, "xrealloc: cannot allocate memory").await;
            return Err(Flow::Abort(2));
        }
        Ok(text)
    }

    /// A word as a shell pattern, quoted characters protected.
    pub(crate) async fn pattern(&mut self, word: &Word, io: &Io) -> Result<String, Flow> {
        let pieces = self.pieces(word, false, io).await?;
        Ok(pieces
            .into_iter()
            .map(|piece| if piece.quoted { pattern::escape(&piece.text) } else { piece.text })
            .collect())
    }

    /// A word as an extended regular expression, quoted characters protected.
    pub(crate) async fn expression(&mut self, word: &Word, io: &Io) -> Result<String, Flow> {
        let mut text = String::new();
        for piece in self.pieces(word, false, io).await? {
            for c in piece.text.chars() {
                if piece.quoted && "\\.[]{}()*+?^$|".contains(c) {
                    text.push('\\');
                }
                text.push(c);
            }
        }
        Ok(text)
    }

    fn pieces<'a>(
        &'a mut self,
        word: &'a [Part],
        quoted: bool,
        io: &'a Io,
    ) -> Pin<Box<dyn Future<Output = Pieces> + 'a>> {
        Box::pin(async move {
            let mut pieces = Vec::new();
            for part in word {
                match part {
                    Part::Literal(text) => pieces.push(piece(text, quoted, false)),
                    Part::Quoted(text) => pieces.push(piece(text, true, false)),
                    Part::Tilde => {
                        pieces.push(piece(self.var("HOME").unwrap_or("~"), true, false));
                    }
                    Part::Double(inner) => {
                        let inner_pieces = self.pieces(inner, true, io).await?;
                        let only_at = matches!(inner.as_slice(), [Part::Param(p)] if p.name == "@");
                        if inner_pieces.is_empty() && !only_at {
                            pieces.push(piece("", true, false));
                        }
                        pieces.extend(inner_pieces);
                    }
                    Part::Command(list) => {
                        let text = self.substitute(list.clone(), io).await?;
                        pieces.push(piece(text, quoted, !quoted));
                    }
                    Part::Arith(word) => {
                        let text = self.text(word, io).await?;
                        match arith::evaluate(&text, self) {
                            Ok(value) => pieces.push(piece(value.to_string(), quoted, !quoted)),
                            Err(error) => {
                                self.complain(io, error).await;
                                return Err(Flow::Abort(1));
                            }
                        }
                    }
                    Part::Param(param) => pieces.extend(self.param(param, quoted, io).await?),
                }
            }
            Ok(pieces)
        })
    }

    /// `$(...)`: output of a subshell without its last newlines.
    async fn substitute(&mut self, list: std::rc::Rc<List>, io: &Io) -> Result<String, Flow> {
        let (writer, reader) = pipe(1 << 16);
        let child_io = io.with(1, Fd::Writer(writer));
        let child = interp::spawn_list(self.subshell(), list, child_io);
        let bytes = Reader::new(Fd::Reader(reader)).all().await;
        self.status = self.wait_for(child).await?;
        let mut text = String::from_utf8_lossy(&bytes).replace('\0', "");
        text.truncate(text.trim_end_matches('\n').len());
        Ok(text)
    }

    fn value(&self, name: &str) -> Option<String> {
        match name {
            "?" => Some(self.status.to_string()),
            "$" => Some(self.pid.to_string()),
            "!" => self.last_background.map(|pid| pid.to_string()),
            "#" => Some(self.positional.len().to_string()),
            "@" | "*" if self.positional.is_empty() => None,
            "@" | "*" => {
                let separator: String = self.ifs().chars().take(1).collect();
                Some(self.positional.join(&separator))
            }
            "-" => Some("hB".into()),
            "0" => Some(self.name.clone()),
            "RANDOM" => Some((self.sys.random_u64() % 32_768).to_string()),
            "SECONDS" => Some((self.sys.clock().now_us() / 1_000_000).to_string()),
            _ => match name.parse::<usize>() {
                Ok(number) => self.positional.get(number.wrapping_sub(1)).cloned(),
                Err(_) => self.var(name).map(str::to_string),
            },
        }
    }

    async fn param(&mut self, param: &Param, quoted: bool, io: &Io) -> Pieces {
        let name = param.name.as_str();
        if param.op == ParamOp::Plain && (name == "@" || name == "*" && !quoted) {
            let mut pieces: Vec<Piece> =
                self.positional.iter().map(|text| piece(text, quoted, !quoted)).collect();
            let count = pieces.len();
            for piece in pieces.iter_mut().take(count.saturating_sub(1)) {
                piece.last = true;
            }
            return Ok(pieces);
        }
        let value = self.value(name);
        let set = value.is_some();
        let value = value.unwrap_or_default();
        let text = match &param.op {
            ParamOp::Plain => value,
            ParamOp::Length if name == "@" || name == "*" => self.positional.len().to_string(),
            ParamOp::Length => value.chars().count().to_string(),
            ParamOp::Default { sign, colon, word } => {
                let present = set && !(*colon && value.is_empty());
                let how = (*sign, *colon);
                return self.default(name, value, present, how, word, quoted, io).await;
            }
            ParamOp::Trim { suffix, longest, pattern } => {
                let pattern = self.pattern(pattern, io).await?;
                pattern::trim(&value, &pattern, *suffix, *longest)
            }
            ParamOp::Replace { all, pattern, with } => {
                let pattern = self.pattern(pattern, io).await?;
                let with = self.text(with, io).await?;
                pattern::replace(&value, &pattern, &with, *all)
            }
            ParamOp::Slice { offset, length } => {
                let offset = self.number(offset, io).await?;
                let length = match length {
                    Some(length) => Some(self.number(length, io).await?),
                    None => None,
                };
                match slice(&value, offset, length) {
                    Some(text) => text,
                    None => {
                        self.complain(io, "substring expression < 0").await;
                        return Err(Flow::Abort(1));
                    }
                }
            }
        };
        // An unset or empty unquoted parameter makes no field; a quoted one is in a Double part,
        // which keeps the empty piece.
        Ok(vec![piece(text, quoted, !quoted)])
    }

    pub(crate) async fn number(&mut self, word: &Word, io: &Io) -> Result<i64, Flow> {
        let text = self.text(word, io).await?;
        match arith::evaluate(&text, self) {
            Ok(value) => Ok(value),
            Err(error) => {
                self.complain(io, error).await;
                Err(Flow::Abort(1))
            }
        }
    }

    /// `${v-w}`, `${v=w}`, `${v+w}` and `${v?w}`, with and without colon.
    #[allow(clippy::too_many_arguments)]
    async fn default(
        &mut self,
        name: &str,
        value: String,
        present: bool,
        (sign, colon): (char, bool),
        word: &Word,
        quoted: bool,
        io: &Io,
    ) -> Pieces {
        match (sign, present) {
            ('+', false) => Ok(vec![piece("", quoted, !quoted)]),
            ('-', false) | ('+', true) => {
                let mut pieces = self.pieces(word, quoted, io).await?;
                for piece in &mut pieces {
                    piece.split |= !piece.quoted;
                }
                Ok(pieces)
            }
            ('=', false) => {
                let text = self.text(word, io).await?;
                self.set_var(name, text.clone());
                Ok(vec![piece(text, quoted, !quoted)])
            }
            ('?', false) => {
                let mut text = self.text(word, io).await?;
                if text.is_empty() {
                    text = if colon { "parameter null or not set" } else { "parameter not set" }
                        .into();
                }
                self.complain(io, format!("{name}: {text}")).await;
                Err(Flow::Abort(1))
            }
            _ => Ok(vec![piece(value, quoted, !quoted)]),
        }
    }
}

/// `${v:offset:length}`; None for a length that ends before the offset.
fn slice(value: &str, offset: i64, length: Option<i64>) -> Option<String> {
    let chars: Vec<char> = value.chars().collect();
    let count = chars.len() as i64;
    let start = if offset < 0 { count.saturating_add(offset) } else { offset };
    if start < 0 || start > count {
        return Some(String::new());
    }
    let end = match length {
        None => count,
        Some(length) if length < 0 => count.saturating_add(length),
        Some(length) => start.saturating_add(length).min(count),
    };
    if end < start {
        return None;
    }
    Some(chars[start as usize..end as usize].iter().collect())
}

struct Field {
    text: String,
    pattern: String,
    /// Has an unquoted `*`, `?` or `[`.
    glob: bool,
    /// Holds quoted text, so it counts even if empty.
    keep: bool,
}

/// Field splitting by `IFS`.
fn split(pieces: &[Piece], ifs: &str) -> Vec<Field> {
    let new = || Field { text: String::new(), pattern: String::new(), glob: false, keep: false };
    let mut fields = Vec::new();
    let mut field = new();
    let mut open = false;
    for piece in pieces {
        if !piece.split {
            if piece.quoted {
                field.keep = true;
                field.pattern.push_str(&pattern::escape(&piece.text));
            } else {
                field.glob |= piece.text.contains(['*', '?', '[']);
                field.pattern.push_str(&piece.text);
            }
            field.text.push_str(&piece.text);
            open = true;
        } else {
            let mut chars = piece.text.chars().peekable();
            while let Some(c) = chars.next() {
                if !ifs.contains(c) {
                    field.glob |= "*?[".contains(c);
                    if c == '\\' {
                        field.pattern.push('\\');
                    }
                    field.pattern.push(c);
                    field.text.push(c);
                    open = true;
                    continue;
                }
                // Blanks around one other separator belong to it.
                let mut hard = !c.is_whitespace();
                while let Some(next) = chars.peek().copied() {
                    if !ifs.contains(next) || (hard && !next.is_whitespace()) {
                        break;
                    }
                    hard |= !next.is_whitespace();
                    chars.next();
                }
                if hard || (open && (!field.text.is_empty() || field.keep)) {
                    fields.push(std::mem::replace(&mut field, new()));
                    open = false;
                }
            }
        }
        if piece.last && (open || piece.quoted) {
            fields.push(std::mem::replace(&mut field, new()));
            open = false;
        }
    }
    if open && (!field.text.is_empty() || field.keep) {
        fields.push(field);
    }
    fields
}
