//! Whatever is typed: the parser answers, and what is quoted comes back as it was.

use cluster::{Actor, Console as _, HostInput, HostOutput};
use proptest::prelude::*;
use shell::{Host, HostOptions, lang};

proptest! {
    #[test]
    fn the_parser_never_panics(text in "\\PC{0,60}") {
        let _ = lang::parse(&text);
    }

    #[test]
    fn the_parser_never_panics_on_shell_like_text(
        words in prop::collection::vec(prop::sample::select(vec![
            "if", "then", "fi", "for", "in", "do", "done", "case", "esac", "while", "{", "}", "(",
            ")", "$(", "$((", "))", "${", "${x%", "`", "\"", "'", "\\", "|", "||", "&&", "&", ";",
            ";;", "<<E", "<<<", ">", "2>&1", "<", "\n", "E", "a", "x=", "$x", "#", "!", "$'", "*",
        ]), 0..40),
        space in any::<bool>(),
    ) {
        let _ = lang::parse(&words.join(if space { " " } else { "" }));
    }

    /// A host that answers nothing ends or waits, whatever is entered, with keys in between.
    #[test]
    fn the_shell_never_panics(
        lines in prop::collection::vec(prop::collection::vec(prop::sample::select(vec![
            "if", "then", "fi", "for i in", "do", "done", "while read x", "until", "{", "}", "(", ")",
            "$(", "((", "))", "${x:-", "`", "\"", "'", "\\", "|", "||", "&&", "&", ";", ";;", "<<E",
            "<<<", "> f", ">> f", "2>&1", "< f", "\n", "E", "echo", "cat", "cat f", "read", "x=1", "$x",
            "#", "!", "!!", "!1", "[[", "]]", "=~", "==", "-f", "{1..3}", "{a,b}", "{", "alias a=",
            "a", "history", "time", "xargs", "find .", "-exec", "diff f", "vi f", "watch", "tail -f f",
            "curl", "-d", "stat f", "du", "ps", "pkill", "kill", "jobs", "wait", "case", "in", "esac",
            "exit", "printf %q", "head -n", "sort", "less f", "sleep 1", "é世", "*", "\t", "f()",
        ]), 0..12), 1..5),
        terminal in any::<bool>(),
        keys in prop::collection::vec(0..4u8, 4),
    ) {
        let mut host = Host::new(HostOptions { terminal, ..HostOptions::default() });
        let (mut now, mut edit) = (0, 0);
        for (exec, line) in (1..).zip(&lines) {
            let line = line.join(" ");
            let mut inputs = vec![HostInput::Exec { exec, line }];
            match keys[(exec as usize) % keys.len()] {
                0 => inputs.push(HostInput::Interrupt),
                1 => inputs.push(HostInput::EndOfInput),
                2 => {
                    edit += 1;
                    inputs.push(HostInput::Edited { edit, text: Some("t".into()) });
                }
                _ => {}
            }
            host.turn(now, inputs);
            for _ in 0..200 {
                let Some(wake) = host.next_wake() else { break };
                now = wake;
                host.turn(now, vec![]);
            }
        }
    }

    #[test]
    fn every_word_that_printf_q_quotes_is_read_back(
        words in prop::collection::vec("[ -~\n\t\u{e9}\u{4e16}]{0,12}", 1..6),
        terminal in any::<bool>(),
    ) {
        let mut host = Host::new(HostOptions { terminal, ..HostOptions::default() });
        let single = |word: &String| format!("'{}'", word.replace('\'', "'\\''"));
        let quoted: Vec<String> = words.iter().map(single).collect();
        let first = run(&mut host, 1, &format!("printf '%q ' {}", quoted.join(" ")));
        let second = run(&mut host, 2, &format!("printf '<%s>' {first}"));
        let expected: String = words.iter().map(|word| format!("<{word}>")).collect();
        prop_assert_eq!(second, expected);
    }

    #[test]
    fn quoted_text_comes_back(text in "[ -~\n\t\u{e9}\u{4e16}]{0,40}") {
        let single = format!("'{}'", text.replace('\'', "'\\''"));
        let mut double = String::new();
        for c in text.chars() {
            if "\"\\$`".contains(c) {
                double.push('\\');
            }
            double.push(c);
        }
        for word in [single, format!("\"{double}\"")] {
            let mut host = Host::new(HostOptions::default());
            let line = format!("printf '%s|' {word}");
            let outputs = host.turn(0, vec![HostInput::Exec { exec: 1, line }]);
            let expected = HostOutput::Print { exec: 1, stderr: false, text: format!("{text}|").into() };
            prop_assert_eq!(&outputs[0], &expected);
        }
    }
}

/// What a line prints.
fn run(host: &mut Host, exec: u64, line: &str) -> String {
    let mut text = String::new();
    let mut inputs = vec![HostInput::Exec { exec, line: line.into() }];
    loop {
        for output in host.turn(exec * 1_000_000, std::mem::take(&mut inputs)) {
            if let HostOutput::Print { text: bytes, .. } = output {
                text.push_str(&String::from_utf8_lossy(&bytes));
            }
        }
        if host.next_wake().is_none() {
            return text;
        }
    }
}

#[test]
fn deep_nesting_is_an_error_and_not_a_stack_overflow() {
    for open in ["(", "$(", "{ ", "if ", "\"$(", "${x:-", "while ", "[[ ! ", "[[ ( "] {
        assert!(lang::parse(&open.repeat(5_000)).is_err(), "{open}");
    }
    for line in [
        "f() { f; }; f".to_string(),
        "echo 'sh x' > x; sh x".to_string(),
        format!("echo $(({}1{}))", "(".repeat(5_000), ")".repeat(5_000)),
        format!("echo $(({}1))", "-".repeat(5_000)),
        format!("awk 'BEGIN {{ print {}1 }}'", "(".repeat(5_000)),
        "eval 'e() { eval e; }; e'".to_string(),
    ] {
        let mut host = Host::new(HostOptions::default());
        let mut outputs = host.turn(0, vec![HostInput::Exec { exec: 1, line: line.clone() }]);
        while let Some(now) = host.next_wake().filter(|_| host.is_busy()) {
            outputs.extend(host.turn(now, vec![]));
        }
        assert!(matches!(outputs.last(), Some(HostOutput::Done { code: 1.., .. })), "{line:.40}");
    }
}
