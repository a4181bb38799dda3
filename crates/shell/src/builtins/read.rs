//! `read`.

use std::cell::RefCell;
use std::pin::pin;
use std::task::Poll;

use crate::io::{Fd, Io};
use crate::lang::is_name;
use crate::shell::{Run, Shell};

/// What the options say.
#[derive(Default)]
struct Wish {
    raw: bool,
    prompt: String,
    /// The line ends here; a newline by default.
    end: Option<u8>,
    count: Option<usize>,
    limit_us: Option<u64>,
    names: Vec<String>,
}

/// The error is bash's, without the name.
fn wish(words: &[String]) -> Result<Wish, String> {
    let mut wish = Wish::default();
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let Some(flags) = word.strip_prefix('-').filter(|flags| !flags.is_empty()) else {
            wish.names.push(word.clone());
            continue;
        };
        for (at, flag) in flags.char_indices() {
            match flag {
                'r' => wish.raw = true,
                's' | 'e' | '-' => {}
                'p' | 'd' | 'n' | 'N' | 't' => {
                    let attached = &flags[at + 1..];
                    let value = if attached.is_empty() {
                        let lacking = || format!("-{flag}: option requires an argument");
                        words.next().cloned().ok_or_else(lacking)?
                    } else {
                        attached.to_string()
                    };
                    wish.set(flag, value)?;
                    break;
                }
                _ => return Err(format!("-{flag}: invalid option")),
            }
        }
    }
    Ok(wish)
}

impl Wish {
    fn set(&mut self, flag: char, value: String) -> Result<(), String> {
        match flag {
            'p' => self.prompt = value,
            'd' => self.end = Some(value.bytes().next().unwrap_or(0)),
            't' => {
                let limit_us = crate::tools::duration_us(&value);
                self.limit_us =
                    Some(limit_us.ok_or(format!("{value}: invalid timeout specification"))?);
            }
            _ => {
                let count = value.parse();
                self.count = Some(count.map_err(|_| format!("{value}: invalid number"))?);
            }
        }
        Ok(())
    }

    /// Reads up to the end of the line, the count or the end of file; true if the line was ended.
    async fn line(&self, stdin: &Fd, line: &RefCell<Vec<u8>>) -> bool {
        let end = self.end.unwrap_or(b'\n');
        loop {
            if self.count.is_some_and(|count| line.borrow().len() >= count) {
                return true;
            }
            // Byte by byte, since what follows the line belongs to the next reader.
            let byte = stdin.read(1).await;
            let Some(byte) = byte.first().copied() else { return false };
            let escaped = !self.raw && byte == b'\n' && line.borrow().last() == Some(&b'\\');
            if escaped {
                line.borrow_mut().pop();
            } else if byte == end {
                return true;
            } else {
                line.borrow_mut().push(byte);
            }
        }
    }
}

/// Status of a `read` whose time is up: 128 and SIGALRM.
const TIMED_OUT: i32 = 142;

pub(super) async fn read(shell: &mut Shell, args: Vec<String>, io: &Io) -> Run {
    let wish = match wish(&args[1..]) {
        Ok(wish) => wish,
        Err(error) => {
            shell.complain(io, format!("read: {error}")).await;
            return Ok(2);
        }
    };
    if let Some(bad) = wish.names.iter().find(|name| !is_name(name)) {
        shell.complain(io, format!("read: `{bad}': not a valid identifier")).await;
        return Ok(1);
    }
    let stdin = io.get(0).cloned().unwrap_or(Fd::Null);
    if stdin.is_terminal() {
        let _ = io.write(2, wish.prompt.as_bytes()).await;
    }
    let line = RefCell::new(Vec::new());
    let status = {
        let mut reading = pin!(wish.line(&stdin, &line));
        let mut limit = wish.limit_us.map(|us| Box::pin(shell.sys.sleep_us(us)));
        std::future::poll_fn(|cx| {
            if let Poll::Ready(ended) = reading.as_mut().poll(cx) {
                return Poll::Ready(i32::from(!ended));
            }
            match &mut limit {
                Some(limit) => limit.as_mut().poll(cx).map(|()| TIMED_OUT),
                None => Poll::Pending,
            }
        })
        .await
    };
    let mut line = String::from_utf8_lossy(&line.into_inner()).into_owned();
    if !wish.raw {
        line = line.replace("\\\\", "\u{0}").replace('\\', "").replace('\u{0}', "\\");
    }
    if wish.names.is_empty() {
        shell.set_var("REPLY", line);
    } else {
        assign(shell, &wish.names, &line);
    }
    Ok(status)
}

/// A word for each name; the last one gets all that is left.
fn assign(shell: &mut Shell, names: &[String], line: &str) {
    let ifs = shell.ifs().to_string();
    let blank = |c: char| ifs.contains(c) && c.is_whitespace();
    let mut rest = line.trim_start_matches(blank);
    for (at, name) in names.iter().enumerate() {
        if at + 1 == names.len() {
            shell.set_var(name, rest.trim_end_matches(blank));
            break;
        }
        let end = rest.find(|c| ifs.contains(c)).unwrap_or(rest.len());
        shell.set_var(name, &rest[..end]);
        let after = rest[end..].trim_start_matches(blank);
        let hard = after.chars().next().filter(|c| ifs.contains(*c));
        rest = hard.map_or(after, |c| after[c.len_utf8()..].trim_start_matches(blank));
    }
}
