//! `echo` and `printf`.

use crate::builtins::out;
use crate::escape::{Style, unescape};
use crate::io::Io;
use crate::lang::is_name;
use crate::shell::{Run, Shell};

pub(super) async fn echo(_shell: &mut Shell, args: Vec<String>, io: &Io) -> Run {
    let (mut newline, mut escapes) = (true, false);
    let mut words = &args[1..];
    while let Some((word, rest)) = words.split_first() {
        let flags = word.strip_prefix('-').unwrap_or_default();
        if flags.is_empty() || !flags.bytes().all(|b| b"neE".contains(&b)) {
            break;
        }
        for flag in flags.bytes() {
            match flag {
                b'n' => newline = false,
                flag => escapes = flag == b'e',
            }
        }
        words = rest;
    }
    let mut bytes = words.join(" ").into_bytes();
    if escapes {
        let unescaped = unescape(&words.join(" "), Style::Echo);
        bytes = unescaped.bytes;
        newline &= !unescaped.stop;
    }
    if newline {
        bytes.push(b'\n');
    }
    out(io, &bytes).await?;
    Ok(0)
}

pub(super) async fn printf(shell: &mut Shell, args: Vec<String>, io: &Io) -> Run {
    let mut args = &args[1..];
    let mut variable = None;
    if let [flag, name, rest @ ..] = args
        && flag == "-v"
    {
        variable = Some(name.clone());
        args = rest;
    }
    if args.first().is_some_and(|word| word == "--") {
        args = &args[1..];
    }
    let Some((format, mut rest)) = args.split_first() else {
        shell.complain(io, "printf: usage: printf [-v var] format [arguments]").await;
        return Ok(2);
    };
    let (mut bytes, mut status) = (Vec::new(), 0);
    loop {
        let before = rest.len();
        let done = format_once(format, &mut rest, &mut bytes);
        for error in &done.errors {
            shell.complain(io, format!("printf: {error}")).await;
            status = 1;
        }
        if done.stop || rest.is_empty() || rest.len() == before {
            break;
        }
    }
    match variable {
        Some(name) if !is_name(&name) => {
            shell.complain(io, format!("printf: `{name}': not a valid identifier")).await;
            status = 2;
        }
        Some(name) => shell.set_var(&name, String::from_utf8_lossy(&bytes)),
        None => out(io, &bytes).await?,
    }
    Ok(status)
}

#[derive(Default)]
struct Formatted {
    errors: Vec<String>,
    stop: bool,
}

/// Applies the format once, taking arguments as it needs them.
fn format_once(format: &str, args: &mut &[String], bytes: &mut Vec<u8>) -> Formatted {
    let mut done = Formatted::default();
    let mut rest = format;
    while let Some(at) = rest.find('%') {
        bytes.extend(unescape(&rest[..at], Style::Format).bytes);
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix('%') {
            bytes.push(b'%');
            rest = after;
            continue;
        }
        let mut spec = Spec::default();
        rest = spec.parse(rest, args);
        let Some(conversion) = rest.chars().next() else {
            done.errors.push("`%': missing format character".into());
            return done;
        };
        rest = &rest[conversion.len_utf8()..];
        let arg = args.split_first().map(|(first, others)| {
            *args = others;
            first.as_str()
        });
        match conversion {
            's' => spec.pad(arg.unwrap_or_default().as_bytes(), bytes),
            'b' => {
                let unescaped = unescape(arg.unwrap_or_default(), Style::Echo);
                spec.pad(&unescaped.bytes, bytes);
                if unescaped.stop {
                    done.stop = true;
                    return done;
                }
            }
            'c' => {
                let text: String = arg.unwrap_or_default().chars().take(1).collect();
                spec.pad(text.as_bytes(), bytes);
            }
            'q' => spec.pad(quote(arg.unwrap_or_default()).as_bytes(), bytes),
            'd' | 'i' | 'u' | 'x' | 'X' | 'o' => {
                let text = arg.unwrap_or("0");
                let value = integer(text).unwrap_or_else(|value| {
                    done.errors.push(format!("{text}: invalid number"));
                    value
                });
                spec.integer(conversion, value, bytes);
            }
            'f' | 'e' | 'g' => {
                let value: f64 = arg.unwrap_or("0").trim().parse().unwrap_or_else(|_| {
                    done.errors.push(format!("{}: invalid number", arg.unwrap_or_default()));
                    0.0
                });
                let precision = spec.precision.take().unwrap_or(6);
                spec.pad(format!("{value:.precision$}").as_bytes(), bytes);
            }
            other => {
                done.errors.push(format!("`{other}': invalid format character"));
                done.stop = true;
                return done;
            }
        }
    }
    bytes.extend(unescape(rest, Style::Format).bytes);
    done
}

/// Flags, width and precision of one conversion; shared with awk's `printf`.
#[derive(Default)]
pub(crate) struct Spec {
    left: bool,
    zero: bool,
    plus: bool,
    width: usize,
    pub(crate) precision: Option<usize>,
}

/// Widest field that is filled with blanks.
const WIDTH_MAX: usize = 100_000;

impl Spec {
    /// Reads the specification after `%` and returns the rest of the format.
    pub(crate) fn parse<'a>(&mut self, mut text: &'a str, args: &mut &[String]) -> &'a str {
        while let Some(c) = text.chars().next().filter(|c| "-0+ #".contains(*c)) {
            self.left |= c == '-';
            self.zero |= c == '0';
            self.plus |= c == '+';
            text = &text[1..];
        }
        let (width, rest) = Self::number(text, args);
        self.width = width.unwrap_or(0);
        text = rest;
        if let Some(rest) = text.strip_prefix('.') {
            let (precision, rest) = Self::number(rest, args);
            self.precision = Some(precision.unwrap_or(0));
            text = rest;
        }
        text.trim_start_matches(['l', 'h'])
    }

    fn number<'a>(text: &'a str, args: &mut &[String]) -> (Option<usize>, &'a str) {
        if let Some(rest) = text.strip_prefix('*') {
            let value = args.split_first().and_then(|(first, others)| {
                *args = others;
                first.parse::<usize>().ok()
            });
            return (value.map(|v| v.min(WIDTH_MAX)), rest);
        }
        let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        (text[..end].parse().ok().map(|v: usize| v.min(WIDTH_MAX)), &text[end..])
    }

    /// A text, cut to the precision and padded to the width.
    pub(crate) fn pad(&self, text: &[u8], out: &mut Vec<u8>) {
        let text = &text[..self.precision.unwrap_or(text.len()).min(text.len())];
        let fill = self.width.saturating_sub(text.len());
        if !self.left {
            out.extend(std::iter::repeat_n(b' ', fill));
        }
        out.extend(text);
        if self.left {
            out.extend(std::iter::repeat_n(b' ', fill));
        }
    }

    pub(crate) fn integer(&self, conversion: char, value: i64, out: &mut Vec<u8>) {
        let (sign, mut digits) = match conversion {
            'x' => ("", format!("{value:x}")),
            'X' => ("", format!("{value:X}")),
            'o' => ("", format!("{value:o}")),
            'u' => ("", (value as u64).to_string()),
            _ if value < 0 => ("-", value.unsigned_abs().to_string()),
            _ if self.plus => ("+", value.to_string()),
            _ => ("", value.to_string()),
        };
        let least = match self.precision {
            Some(precision) => precision,
            None if self.zero && !self.left => self.width.saturating_sub(sign.len()),
            None => 0,
        };
        digits = format!("{digits:0>least$}");
        let spec = Spec { precision: None, left: self.left, width: self.width, ..Spec::default() };
        spec.pad(format!("{sign}{digits}").as_bytes(), out);
    }
}

/// A number as printf reads it: the error holds what could be read.
fn integer(text: &str) -> Result<i64, i64> {
    let text = text.trim_start();
    if let Some(c) = text.strip_prefix(['\'', '"']) {
        return Ok(c.chars().next().map_or(0, |c| i64::from(u32::from(c))));
    }
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (digits, radix) = match digits.strip_prefix("0x") {
        Some(hex) => (hex, 16),
        None if digits.len() > 1 && digits.starts_with('0') => (&digits[1..], 8),
        None => (digits, 10),
    };
    let end = digits.find(|c: char| !c.is_digit(radix)).unwrap_or(digits.len());
    let value = i64::from_str_radix(&digits[..end], radix).unwrap_or(0);
    let value = if negative { -value } else { value };
    if end == digits.len() { Ok(value) } else { Err(value) }
}

/// In single quotes, as `alias` shows it.
pub(super) fn quote_single(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// `%q`: text that the shell reads back as the same word.
pub(crate) fn quote(text: &str) -> String {
    if text.is_empty() {
        return "''".into();
    }
    if text.contains(['\n', '\t']) {
        return format!(
            "$'{}'",
            text.replace('\\', "\\\\")
                .replace('\'', "\\'")
                .replace('\n', "\\n")
                .replace('\t', "\\t")
        );
    }
    let mut out = String::new();
    for c in text.chars() {
        if !(c.is_alphanumeric() || "_-./:=@%+,^".contains(c)) {
            out.push('\\');
        }
        out.push(c);
    }
    out
}
