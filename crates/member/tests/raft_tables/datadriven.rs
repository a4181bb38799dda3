//! The text form of raft's tables: a directive, perhaps some input, `----`, and what is expected.
//!
//! A case ends at the first blank line after its expectation. Lines that start with `#` between
//! cases are comments. An expectation that has blank lines itself stands between two pairs of
//! `----` lines; no table of raft needs that today.

/// One argument: `key`, `key=value` or `key=(value, value)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Arg {
    pub(crate) key: String,
    pub(crate) values: Vec<String>,
}

/// One case of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Case {
    /// Line of the directive, from 1.
    pub(crate) line: usize,
    pub(crate) command: String,
    pub(crate) args: Vec<Arg>,
    /// The lines between directive and `----`.
    pub(crate) input: String,
    pub(crate) expected: Vec<String>,
}

impl Case {
    /// The values of an argument, if it is there.
    pub(crate) fn values(&self, key: &str) -> Option<&[String]> {
        self.args.iter().find(|arg| arg.key == key).map(|arg| &arg.values[..])
    }

    /// The single value of an argument, if it is there.
    pub(crate) fn value(&self, key: &str) -> Option<&str> {
        self.values(key).and_then(|values| values.first()).map(String::as_str)
    }

    /// The directive as it stands in the table, in one spelling.
    pub(crate) fn title(&self) -> String {
        let mut title = self.command.clone();
        for arg in &self.args {
            title.push(' ');
            title.push_str(&arg.key);
            match &arg.values[..] {
                [] => {}
                [one] => title.push_str(&format!("={one}")),
                more => title.push_str(&format!("=({})", more.join(","))),
            }
        }
        title
    }
}

/// All cases of a table, in order. Errors name the line.
pub(crate) fn parse(text: &str) -> Result<Vec<Case>, String> {
    let mut lines = text.lines().enumerate().peekable();
    let mut cases = Vec::new();
    while let Some((at, line)) = lines.next() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let mut words = split(line).map_err(|e| format!("line {}: {e}", at + 1))?.into_iter();
        let command = words.next().ok_or_else(|| format!("line {}: no directive", at + 1))?;
        let args = words.map(|word| argument(&word)).collect();
        let mut input = Vec::new();
        loop {
            match lines.next() {
                Some((_, "----")) => break,
                Some((_, line)) => input.push(line),
                None => return Err(format!("line {}: no ---- after the directive", at + 1)),
            }
        }
        let mut expected = Vec::new();
        let framed = lines.next_if(|(_, line)| *line == "----").is_some();
        while let Some((_, line)) = lines.next() {
            if framed && line == "----" && lines.next_if(|(_, l)| *l == "----").is_some() {
                break;
            }
            if !framed && line.trim().is_empty() {
                break;
            }
            expected.push(line.to_owned());
        }
        cases.push(Case { line: at + 1, command, args, input: input.join("\n"), expected });
    }
    Ok(cases)
}

/// Words between blanks; blanks inside parentheses separate nothing.
fn split(line: &str) -> Result<Vec<String>, String> {
    let (mut words, mut word, mut inside) = (Vec::new(), String::new(), false);
    for c in line.chars() {
        match c {
            '(' if inside => return Err("parentheses inside parentheses".to_owned()),
            '(' => inside = true,
            ')' if !inside => return Err("a parenthesis that was never opened".to_owned()),
            ')' => inside = false,
            _ => {}
        }
        if c.is_whitespace() && !inside {
            if !word.is_empty() {
                words.push(std::mem::take(&mut word));
            }
        } else {
            word.push(c);
        }
    }
    if inside {
        return Err("a parenthesis that is never closed".to_owned());
    }
    if !word.is_empty() {
        words.push(word);
    }
    Ok(words)
}

fn argument(word: &str) -> Arg {
    let Some((key, values)) = word.split_once('=') else {
        return Arg { key: word.to_owned(), values: Vec::new() };
    };
    let inner = values.strip_prefix('(').and_then(|rest| rest.strip_suffix(')'));
    let values = match inner {
        Some(inner) if inner.trim().is_empty() => Vec::new(),
        Some(inner) => inner.split(',').map(|value| value.trim().to_owned()).collect(),
        None => vec![values.to_owned()],
    };
    Arg { key: key.to_owned(), values }
}

mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_case_has_a_line_a_directive_arguments_input_and_an_expectation() {
        let text = "# why\n\ncommitted cfg=(1, 2) x=y plain\nin\n----\nout\n more\n\nnext\n----\n";
        let cases = parse(text).expect("a table");
        assert_eq!(cases.len(), 2);
        assert_eq!((cases[0].line, cases[1].line), (3, 9));
        assert_eq!(cases[0].title(), "committed cfg=(1,2) x=y plain");
        assert_eq!(cases[0].input, "in");
        assert_eq!(cases[0].expected, ["out", " more"]);
        assert_eq!((cases[1].input.as_str(), cases[1].expected.len()), ("", 0));
    }

    #[test]
    fn two_pairs_of_rules_frame_an_expectation_with_blank_lines() {
        let cases =
            parse("a\n----\n----\none\n\ntwo\n----\n----\n\nb\n----\nok\n").expect("a table");
        assert_eq!(cases[0].expected, ["one", "", "two"]);
        assert_eq!(cases[1].expected, ["ok"]);
    }

    proptest! {
        // There is no lib.rs above a test file to keep a failure beside.
        #![proptest_config(ProptestConfig { failure_persistence: None, ..Default::default() })]

        #[test]
        fn no_text_is_too_odd_to_be_read_or_refused(text in "[-a-z#()=, \n]{0,200}") {
            let _ = parse(&text);
        }

        #[test]
        fn what_is_written_down_is_read_back(
            words in prop::collection::vec(("[a-z]{1,6}", prop::collection::vec("[0-9_]{1,3}", 0..4)), 0..5),
            expected in prop::collection::vec("[a-z>]{1,20}", 0..4),
        ) {
            let args = words.into_iter().map(|(key, values)| Arg { key, values }).collect();
            let case = Case { line: 1, command: "do".into(), args, input: String::new(), expected };
            let text = format!("{}\n----\n{}\n", case.title(), case.expected.join("\n"));
            prop_assert_eq!(parse(&text), Ok(vec![case]));
        }
    }
}
