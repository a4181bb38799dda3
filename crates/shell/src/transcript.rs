//! Recorded console sessions (`.trycmd`): reading them, and comparing with what really came.
//!
//! The format: `# Title`, header lines `<!-- key: value -->`, blocks fenced by three backquotes and
//! `console`. `$ ` starts a command, `> ` continues it, `? N` is a nonzero status, then the output
//! with exactly one empty line after it. `[..]` matches any characters within a line, and `[CWD]`
//! the case's working directory.

use std::collections::BTreeMap;

/// One recording.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Case {
    pub title: String,
    /// Header keys, such as `members`.
    pub header: BTreeMap<String, String>,
    pub steps: Vec<Step>,
}

/// A command and what it answered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Step {
    /// Line of the command in the file, from 1.
    pub line: usize,
    /// The command, continuation lines joined by newlines.
    pub command: String,
    pub status: i32,
    /// Expected output lines, stdout and stderr merged.
    pub output: Vec<String>,
}

/// Reads a recording. The error names the line that cannot be understood.
pub fn parse(text: &str) -> Result<Case, String> {
    let mut case = Case::default();
    let mut inside = false;
    for (at, line) in text.lines().enumerate() {
        if !inside {
            if line.starts_with("```") {
                inside = line.trim_end() == "```console";
            } else if let Some(comment) = line.strip_prefix("<!--") {
                let comment = comment.trim_end().trim_end_matches("-->").trim();
                if let Some((key, value)) = comment.split_once(':') {
                    case.header.insert(key.trim().to_string(), value.trim().to_string());
                }
            } else if let Some(title) = line.strip_prefix("# ")
                && case.title.is_empty()
            {
                case.title = title.trim().to_string();
            }
            continue;
        }
        if line == "```" {
            inside = false;
            continue;
        }
        step_line(&mut case.steps, at + 1, line)?;
    }
    if inside {
        return Err("the last block has no end".into());
    }
    for step in &mut case.steps {
        if step.output.last().is_some_and(String::is_empty) {
            step.output.pop();
        }
    }
    Ok(case)
}

fn step_line(steps: &mut Vec<Step>, number: usize, line: &str) -> Result<(), String> {
    if let Some(command) = line.strip_prefix("$ ") {
        steps.push(Step { line: number, command: command.to_string(), ..Step::default() });
        return Ok(());
    }
    let Some(step) = steps.last_mut() else {
        return if line.is_empty() {
            Ok(())
        } else {
            Err(format!("line {number}: output before the first command"))
        };
    };
    let fresh = step.output.is_empty() && step.status == 0;
    let more = line.strip_prefix("> ").or(if line == ">" { Some("") } else { None });
    // Only the lines right after the command continue it: output may begin with `> ` too.
    if let Some(more) = more
        && fresh
        && step.line + step.command.matches('\n').count() + 1 == number
    {
        step.command.push('\n');
        step.command.push_str(more);
    } else if let Some(status) = line.strip_prefix("? ")
        && fresh
        && let Ok(status) = status.trim().parse()
    {
        step.status = status;
    } else {
        step.output.push(line.to_string());
    }
    Ok(())
}

/// Splits what a command printed into lines as a recording shows them: a missing last newline is
/// not recorded.
pub fn lines(output: &str) -> Vec<String> {
    let body = output.strip_suffix('\n').unwrap_or(output);
    if output.is_empty() { Vec::new() } else { body.split('\n').map(str::to_string).collect() }
}

/// True if one line of output is as expected.
pub fn line_matches(expected: &str, actual: &str, cwd: &str) -> bool {
    let expected = expected.replace("[CWD]", cwd);
    let mut parts = expected.split("[..]");
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = actual.strip_prefix(first) else { return false };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else { return rest.is_empty() };
    for part in parts {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}

/// Compares a step with what came. None if it agrees, else a diff with `-` for expected and `+` for
/// what came.
pub fn compare(step: &Step, status: i32, output: &str, cwd: &str) -> Option<String> {
    let actual = lines(output);
    let same = step.output.len() == actual.len()
        && step.output.iter().zip(&actual).all(|(e, a)| line_matches(e, a, cwd));
    if same && step.status == status {
        return None;
    }
    let mut diff = format!("line {}: $ {}\n", step.line, step.command.replace('\n', "\n> "));
    if step.status != status {
        diff.push_str(&format!("-? {}\n+? {status}\n", step.status));
    }
    for (mark, line) in diff_lines(&step.output, &actual, cwd) {
        diff.push_str(&format!("{mark}{line}\n"));
    }
    Some(diff)
}

/// Longest sides that are aligned; longer ones are cut.
const DIFF_LINES_MAX: usize = 400;

/// A line diff by longest common subsequence, where wildcards count as equal.
fn diff_lines(expected: &[String], actual: &[String], cwd: &str) -> Vec<(char, String)> {
    let expected = &expected[..expected.len().min(DIFF_LINES_MAX)];
    let actual = &actual[..actual.len().min(DIFF_LINES_MAX)];
    let width = actual.len() + 1;
    let mut best = vec![0usize; (expected.len() + 1) * width];
    let same = |e: usize, a: usize| line_matches(&expected[e], &actual[a], cwd);
    for e in (0..expected.len()).rev() {
        for a in (0..actual.len()).rev() {
            best[e * width + a] = if same(e, a) {
                best[(e + 1) * width + a + 1] + 1
            } else {
                best[(e + 1) * width + a].max(best[e * width + a + 1])
            };
        }
    }
    let (mut e, mut a, mut out) = (0, 0, Vec::new());
    while e < expected.len() || a < actual.len() {
        if e < expected.len() && a < actual.len() && same(e, a) {
            out.push((' ', actual[a].clone()));
            (e, a) = (e + 1, a + 1);
        } else if a == actual.len()
            || (e < expected.len() && best[(e + 1) * width + a] >= best[e * width + a + 1])
        {
            out.push(('-', expected[e].clone()));
            e += 1;
        } else {
            out.push(('+', actual[a].clone()));
            a += 1;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recording_is_read_as_its_description_says() {
        let text = "# A title\n<!-- members: 3 -->\n\n```console\n$ cat <<END\n> x\n>\n> END\nx\n\n\n\
                    $ false\n? 1\n\n$ printf '> no'\n> no\n? 7\n\n```\n";
        let case = parse(text).expect("well formed");
        assert_eq!(case.title, "A title");
        assert_eq!(case.header.get("members").map(String::as_str), Some("3"));
        assert_eq!(case.steps[0].command, "cat <<END\nx\n\nEND");
        assert_eq!(case.steps[0].output, ["x", ""]);
        assert_eq!((case.steps[1].status, case.steps[1].output.len()), (1, 0));
        assert_eq!(
            parse("```console\nx\n```"),
            Err("line 2: output before the first command".into())
        );
    }

    #[test]
    fn wildcards_match_within_a_line_only() {
        for (expected, actual, same) in [
            ("a[..]c", "abbc", true),
            ("a[..]c", "ac", true),
            ("a[..]c", "acb", false),
            ("[..]", "", true),
            ("x [..] y [..] z", "x 1 y 2 z", true),
            ("x [..] y [..] z", "x 1 z", false),
            ("plain", "plain", true),
            ("plain", "plainer", false),
            ("[CWD]/f", "/root/f", true),
        ] {
            assert_eq!(line_matches(expected, actual, "/root"), same, "{expected} {actual}");
        }
        let step =
            Step { line: 3, command: "c".into(), status: 0, output: vec!["a".into(), "b".into()] };
        assert_eq!(compare(&step, 0, "a\nb", "/"), None);
        assert_eq!(
            compare(&step, 1, "a\nc\n", "/").as_deref(),
            Some("line 3: $ c\n-? 0\n+? 1\n a\n-b\n+c\n")
        );
    }
}
