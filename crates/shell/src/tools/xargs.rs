//! `xargs`: commands from words of standard input.
//!
//! Left out: `-P` runs one after the other, `-p`, `-L`, and limits on the length of a command.

use crate::process::{Process, ToolResult};
use crate::signals::End;
use crate::tools::run::checked;

/// Words that one command may get.
const WORDS_MAX: usize = 5_000;

/// What the options say.
struct Wish {
    most: usize,
    /// `-I`: a line at a time, in place of this text.
    replace: Option<String>,
    delimiter: Option<u8>,
    skip_empty: bool,
    trace: bool,
    command: Vec<String>,
}

/// The error is the option that is not known, as [`Process::bad_option`] wants it.
fn wish(words: &[String]) -> Result<Wish, String> {
    let mut wish = Wish {
        most: WORDS_MAX,
        replace: None,
        delimiter: None,
        skip_empty: false,
        trace: false,
        command: Vec::new(),
    };
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let Some(letters) = word.strip_prefix('-').filter(|letters| !letters.is_empty()) else {
            wish.command.push(word.clone());
            wish.command.extend(words.cloned());
            break;
        };
        match letters {
            "-null" => wish.delimiter = Some(0),
            "-no-run-if-empty" => wish.skip_empty = true,
            "-verbose" => wish.trace = true,
            _ => {
                for (at, letter) in letters.char_indices() {
                    match letter {
                        '0' => wish.delimiter = Some(0),
                        'r' => wish.skip_empty = true,
                        't' => wish.trace = true,
                        'n' | 'I' | 'd' | 'P' => {
                            let attached = &letters[at + 1..];
                            let value = match attached {
                                "" => words.next().ok_or(format!("={letter}"))?,
                                attached => attached,
                            };
                            wish.set(letter, value)?;
                            break;
                        }
                        _ if letters.starts_with('-') => return Err(word.clone()),
                        letter => return Err(format!("-{letter}")),
                    }
                }
            }
        }
    }
    Ok(wish)
}

impl Wish {
    fn set(&mut self, letter: char, value: &str) -> Result<(), String> {
        match letter {
            'n' => {
                let most = value.parse().ok().filter(|most| *most > 0);
                self.most = most.ok_or("-n")?;
            }
            'I' => self.replace = Some(value.to_string()),
            'd' => {
                let unescaped = crate::escape::unescape(value, crate::escape::Style::Echo).bytes;
                self.delimiter = unescaped.first().copied();
            }
            _ => {}
        }
        Ok(())
    }

    /// The words of the input.
    fn words(&self, input: &[u8]) -> Result<Vec<String>, &'static str> {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        if let Some(delimiter) = self.delimiter {
            let mut words: Vec<String> = input.split(|b| *b == delimiter).map(text).collect();
            if words.last().is_some_and(String::is_empty) {
                words.pop();
            }
            return Ok(words);
        }
        if self.replace.is_some() {
            let lines = input.split(|b| *b == b'\n').map(|line| text(line.trim_ascii_start()));
            return Ok(lines.filter(|line| !line.is_empty()).collect());
        }
        quoted_words(&text(input))
    }

    /// The commands to run.
    fn commands(&self, words: &[String]) -> Vec<Vec<String>> {
        let command = match self.command.is_empty() {
            true => vec!["echo".to_string()],
            false => self.command.clone(),
        };
        if let Some(mark) = self.replace.as_ref().filter(|mark| !mark.is_empty()) {
            let filled = |word: &String| {
                command.iter().map(|part| part.replace(mark.as_str(), word)).collect()
            };
            return words.iter().map(filled).collect();
        }
        if words.is_empty() {
            return if self.skip_empty { Vec::new() } else { vec![command] };
        }
        words.chunks(self.most).map(|words| [command.clone(), words.to_vec()].concat()).collect()
    }
}

/// Words between blanks; quotes and backslashes protect.
fn quoted_words(text: &str) -> Result<Vec<String>, &'static str> {
    let (mut words, mut word, mut chars) = (Vec::new(), None::<String>, text.chars());
    while let Some(c) = chars.next() {
        match c {
            '\'' | '"' => {
                let word = word.get_or_insert_default();
                loop {
                    match chars.next() {
                        Some(inner) if inner == c => break,
                        None | Some('\n') => {
                            return Err(match c {
                                '"' => {
                                    "unmatched double quote; by default quotes are special to \
                                        xargs unless you use the -0 option"
                                }
                                _ => {
                                    "unmatched single quote; by default quotes are special to \
                                      xargs unless you use the -0 option"
                                }
                            });
                        }
                        Some(inner) => word.push(inner),
                    }
                }
            }
            '\\' => word.get_or_insert_default().extend(chars.next()),
            c if c.is_whitespace() => words.extend(word.take()),
            c => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    Ok(words)
}

pub(super) async fn xargs(process: Process) -> ToolResult {
    let wish = match wish(process.operands()) {
        Ok(wish) => wish,
        Err(bad) => return process.bad_option(1, &bad).await,
    };
    let input = process.stdin().all().await;
    let words = match wish.words(&input) {
        Ok(words) => words,
        Err(error) => return process.fail(1, error).await,
    };
    let mut status = 0;
    for command in wish.commands(&words) {
        let name = command[0].clone();
        if wish.trace {
            process.err(format!("{}\n", command.join(" "))).await?;
        }
        let mut child = process.child(command);
        child.io.set(0, crate::io::Fd::Null);
        if let Err(status) = checked(&process, &child).await {
            return Ok(status);
        }
        match child.run().await {
            End::Status(0) => {}
            End::Status(255) => {
                let text = format!("{name}: exited with status 255; aborting");
                return process.fail(124, text).await;
            }
            End::Status(126 | 127) => status = 127,
            End::Status(_) => status = 123,
            End::Signal(number) => {
                return process.fail(125, format!("{name}: terminated by signal {number}")).await;
            }
        }
    }
    Ok(status)
}
