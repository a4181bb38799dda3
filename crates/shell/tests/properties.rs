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

#[test]
fn deep_nesting_is_an_error_and_not_a_stack_overflow() {
    for open in ["(", "$(", "{ ", "if ", "\"$(", "${x:-", "while "] {
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
