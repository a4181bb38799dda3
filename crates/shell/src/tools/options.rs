//! Options as getopt reads them: letters in any place, values attached or separate, `--` ends.

use std::collections::BTreeMap;

/// The options and operands of one command.
#[derive(Debug, Default)]
pub(super) struct Options {
    flags: Vec<char>,
    values: BTreeMap<char, String>,
    pub(super) operands: Vec<String>,
}

impl Options {
    /// `flags` take no value, `valued` take one, `long` maps long names to letters. The error is the
    /// option that is not known.
    pub(super) fn parse(
        args: &[String],
        flags: &str,
        valued: &str,
        long: &[(&str, char)],
    ) -> Result<Options, String> {
        let mut options = Options::default();
        let mut args = args.iter();
        while let Some(arg) = args.next() {
            if arg == "--" {
                options.operands.extend(args.cloned());
                break;
            }
            if let Some(name) = arg.strip_prefix("--") {
                let (name, value) = match name.split_once('=') {
                    Some((name, value)) => (name, Some(value.to_string())),
                    None => (name, None),
                };
                let found = long.iter().find(|(known, _)| *known == name);
                let Some((_, letter)) = found else { return Err(arg.clone()) };
                if valued.contains(*letter) {
                    let value = value.or_else(|| args.next().cloned()).unwrap_or_default();
                    options.values.insert(*letter, value);
                } else {
                    options.flags.push(*letter);
                }
                continue;
            }
            let Some(letters) = arg.strip_prefix('-').filter(|letters| !letters.is_empty()) else {
                options.operands.push(arg.clone());
                continue;
            };
            for (at, letter) in letters.char_indices() {
                if valued.contains(letter) {
                    let attached = &letters[at + letter.len_utf8()..];
                    let value = if attached.is_empty() {
                        args.next().cloned().unwrap_or_default()
                    } else {
                        attached.to_string()
                    };
                    options.values.insert(letter, value);
                    break;
                }
                if !flags.contains(letter) {
                    return Err(format!("-{letter}"));
                }
                options.flags.push(letter);
            }
        }
        Ok(options)
    }

    pub(super) fn has(&self, flag: char) -> bool {
        self.flags.contains(&flag)
    }

    pub(super) fn value(&self, letter: char) -> Option<&str> {
        self.values.get(&letter).map(String::as_str)
    }

    /// The operands, or `-` for standard input.
    pub(super) fn files(&self) -> Vec<String> {
        if self.operands.is_empty() { vec!["-".into()] } else { self.operands.clone() }
    }
}
