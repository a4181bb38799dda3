//! The console as a terminal: type-ahead, unfinished lines, end of input, the editor. What programs
//! and the shell print was checked with bash 5.2 on a pseudo-terminal.

use cluster::{Actor, Console as _, HostInput, HostOutput};
use shell::{Host, HostOptions};

/// A terminal, and what came out of it so far: `1:text` for output of exec 1, `1=0` for its end,
/// `1...` unfinished, `2>1` taken.
struct Desk {
    host: Host,
    now: u64,
    exec: u64,
    log: Vec<String>,
}

impl Desk {
    fn new() -> Desk {
        let options = HostOptions { terminal: true, ..HostOptions::default() };
        Desk { host: Host::new(options), now: 0, exec: 0, log: Vec::new() }
    }

    fn turn(&mut self, inputs: Vec<HostInput>) {
        for output in self.host.turn(self.now, inputs) {
            match output {
                HostOutput::Print { exec, text, .. } => {
                    self.log.push(format!("{exec}:{}", String::from_utf8_lossy(&text)));
                }
                HostOutput::Done { exec, code } => self.log.push(format!("{exec}={code}")),
                HostOutput::Unfinished { exec } => self.log.push(format!("{exec}...")),
                HostOutput::Taken { exec, by } => self.log.push(format!("{exec}>{by}")),
                HostOutput::Edit { exec, edit, path, text } => {
                    let text = String::from_utf8_lossy(&text).into_owned();
                    self.log.push(format!("{exec} edits {edit} {path} {text:?}"));
                }
                _ => {}
            }
        }
    }

    /// An input, and all that follows from it within ten seconds.
    fn input(&mut self, input: HostInput) -> &mut Desk {
        self.turn(vec![input]);
        self.run(10_000_000)
    }

    fn run(&mut self, us: u64) -> &mut Desk {
        let until = self.now + us;
        while let Some(wake) = self.host.next_wake().filter(|wake| *wake <= until) {
            self.now = wake;
            self.turn(vec![]);
        }
        self.now = until;
        self
    }

    fn enter(&mut self, line: &str) -> &mut Desk {
        self.exec += 1;
        let exec = self.exec;
        self.input(HostInput::Exec { exec, line: line.into() })
    }

    /// What came since the last call.
    fn took(&mut self) -> String {
        self.log.drain(..).map(|text| text.replace('\n', "|")).collect::<Vec<_>>().join(" ")
    }
}

/// Enters the lines one by one (`^C` and `^D` are keys) and compares what came of all of them.
fn check(name: &str, lines: &[&str], expected: &str) {
    let mut desk = Desk::new();
    for line in lines {
        match *line {
            "^C" => drop(desk.input(HostInput::Interrupt)),
            "^D" => drop(desk.input(HostInput::EndOfInput)),
            line => drop(desk.enter(line)),
        }
    }
    assert_eq!(desk.took(), expected, "{name}");
}

#[test]
fn a_program_reads_the_lines_that_follow_it() {
    check("cat", &["cat", "a", "b", "^D", "echo c"], "2>1 1:a| 3>1 1:b| 1=0 4:c| 4=0");
    check("read", &["read x y", "one two three", "echo $y"], "2>1 1=0 3:two three| 3=0");
    check(
        "read -p prompts at a terminal only",
        &["read -p 'name? ' x; echo hi $x", "Bob"],
        "1:name?  2>1 1:hi Bob| 1=0",
    );
    check("read -t", &["read -t 2 x; echo $?"], "1:142| 1=0");
    check("file", &["cat > f", "x", "^D", "cat f"], "2>1 1=0 3:x| 3=0");
    check("head takes one", &["head -n 1", "a", "echo b"], "2>1 1:a| 1=0 3:b| 3=0");
    check(
        "while read",
        &["while read l; do echo [$l]; done", "a", "b", "^D"],
        "2>1 1:[a]| 3>1 1:[b]| 1=0",
    );
    check("pipe", &["cat | tr a-z A-Z", "abc", "^D"], "2>1 1:ABC| 1=0");
    check("substitution", &["x=$(cat); echo \"<$x>\"", "q", "^D"], "2>1 1:<q>| 1=0");
    check("end of file is for one read", &["cat; cat", "^D", "b", "^D"], "2>1 1:b| 1=0");
    check("-t", &["test -t 0 && echo yes; [ -t 0 ] < /dev/null || echo no"], "1:yes|no| 1=0");
}

#[test]
fn background_jobs_read_end_of_file_and_leave_the_lines_alone() {
    check("job", &["cat > f &", "echo x", "wait; wc -c < f"], "1=0 2:x| 2=0 3:0| 3=0");
}

#[test]
fn lines_entered_early_become_commands_when_nobody_reads_them() {
    let mut desk = Desk::new();
    desk.exec = 3;
    let exec = |exec, line: &str| HostInput::Exec { exec, line: line.into() };
    desk.turn(vec![exec(1, "sleep 1"), exec(2, "echo b"), exec(3, "read x"), exec(4, "y")]);
    assert!(desk.host.is_busy());
    assert_eq!(desk.run(5_000_000).took(), "1=0 2:b| 2=0 4>3 3=0");
    assert!(!desk.host.is_busy());
}

#[test]
fn a_pasted_block_feeds_the_programs_that_it_starts() {
    check("input in a paste", &["head -n 2\na\nb"], "1:a|b| 1=0");
    check("commands print as they go", &["echo a\nsleep 1\necho b\nfalse"], "1:a| 1:b| 1=1");
    check(
        "the rest of a paste is the next commands",
        &["read x\nhello\necho got $x"],
        "1:got hello| 1=0",
    );
    check(
        "function, loop, here-document",
        &["f() {\n  echo f$1\n}\nfor i in 1 2\ndo\n  f $i\ndone\ncat <<E\nx$(f 3)\nE\n"],
        "1:f1|f2| 1:xf3| 1=0",
    );
    check(
        "a wrong line ends only itself",
        &["echo a; )\necho b"],
        "1:bash: syntax error near unexpected token `)'| 1:b| 1=0",
    );
    check("exit ends the paste", &["echo a\nexit 3\necho b", "echo c"], "1:a| 1=3 2:c| 2=0");
    check(
        "a paste that waits for more takes it from the next entry",
        &["cat\na", "b", "^D"],
        "1:a| 2>1 1:b| 1=0",
    );
    check("an entry can be input and commands", &["read x", "in\necho $x"], "1=0 2:in| 2=0");
}

#[test]
fn an_unfinished_line_waits_for_the_next_one() {
    for (lines, expected) in [
        (&["echo 'a", "b'"][..], "1... 2>1 1:a|b| 1=0"),
        (&["echo a \\", "b"], "1... 2>1 1:a b| 1=0"),
        (&["echo a |", "cat"], "1... 2>1 1:a| 1=0"),
        (&["true &&", "", "echo b"], "1... 2>1 1... 3>1 1:b| 1=0"),
        (&["for i in 1 2", "do", "echo $i; done"], "1... 2>1 1... 3>1 1:1|2| 1=0"),
        (&["if true; then", "echo y", "fi"], "1... 2>1 1... 3>1 1:y| 1=0"),
        (&["{ echo a", "}"], "1... 2>1 1:a| 1=0"),
        (&["(echo a", ")"], "1... 2>1 1:a| 1=0"),
        (&["echo $(echo a", ")"], "1... 2>1 1:a| 1=0"),
        (&["echo \"${x:-", "}\""], "1... 2>1 1:|| 1=0"),
        (&["cat <<E", "a", "E"], "1... 2>1 1... 3>1 1:a| 1=0"),
        (&["cat <<-E; echo z", "\ta", "\tE"], "1... 2>1 1... 3>1 1:a|z| 1=0"),
        (&["cat <<A <<B", "a", "A", "b", "B"], "1... 2>1 1... 3>1 1... 4>1 1... 5>1 1:b| 1=0"),
        (&["case x in", "x) echo y;;", "esac"], "1... 2>1 1... 3>1 1:y| 1=0"),
        (&["[[ a == a &&", "b == b ]]; echo $?"], "1... 2>1 1:0| 1=0"),
        (&["# it's", "echo a #'"], "1=0 2:a| 2=0"),
    ] {
        check("unfinished", lines, expected);
    }
    check("what follows in the same entry", &["{ echo a", "}\necho b"], "1... 1:a| 1=0 2:b| 2=0");
}

#[test]
fn ctrl_c_drops_what_is_unfinished_and_what_nobody_has_read() {
    check("unfinished", &["echo 'a", "^C", "echo $?"], "1... 1=130 2:130| 2=0");
    check("nothing at the idle prompt", &["^C", "echo a"], "1:a| 1=0");
    check("reader", &["cat; echo no", "a", "^C", "echo b"], "2>1 1:a| 1=130 3:b| 3=0");
    check("the rest of a paste", &["sleep 100\necho no", "^C", "echo b"], "1=130 2:b| 2=0");
    check("type-ahead", &["sleep 100", "echo no", "^C", "echo b"], "2=130 1=130 3:b| 3=0");
}

#[test]
fn ctrl_d_in_the_middle_of_a_command_is_bash_s_error() {
    for (line, expected) in [
        ("echo \"a", "unexpected EOF while looking for matching `\"'"),
        ("echo $(ls", "unexpected EOF while looking for matching `)'"),
        ("echo ${x", "unexpected EOF while looking for matching `}'"),
        ("echo `ls", "unexpected EOF while looking for matching ``'"),
        ("if true", "syntax error: unexpected end of file"),
        ("echo a |", "syntax error: unexpected end of file"),
        ("f()", "syntax error: unexpected end of file"),
    ] {
        let expected = format!("1... 1:bash: {expected}| 1=2 2:2| 2=0");
        check(line, &[line, "^D", "echo $?"], &expected);
    }
    check(
        "here-document",
        &["cat <<E", "foo", "^D"],
        "1... 2>1 1... 1:bash: warning: here-document at line 1 delimited by end-of-file (wanted \
         `E')| 1:foo| 1=0",
    );
    check("idle", &["^D", "echo a"], "1:a| 1=0");
}

#[test]
fn history_is_listed_and_called_back() {
    check(
        "events",
        &["echo a", "!!", "echo b", "!1", "!echo; echo c", "!nope", "history 3"],
        "1:a| 1=0 2:echo a| 2:a| 2=0 3:b| 3=0 4:echo a| 4:a| 4=0 5:echo a; echo c| 5:a|c| 5=0 \
         6:bash: !nope: event not found| 6=1 7:    4  echo a|    5  echo a; echo c|    6  history \
         3| 7=0",
    );
}

#[test]
fn the_editor_opens_a_file_and_writes_what_was_saved() {
    let mut desk = Desk::new();
    let saved = |edit, text: &str| HostInput::Edited { edit, text: Some(text.to_string().into()) };
    desk.enter("vi new.txt");
    assert_eq!(desk.took(), "1 edits 1 /root/new.txt \"\"");
    assert!(desk.host.is_busy());
    assert_eq!(desk.input(saved(1, "one\n")).took(), "1=0");
    desk.enter("nano +3 new.txt; cat new.txt");
    assert_eq!(desk.took(), "2 edits 2 /root/new.txt \"one|\"".replace('|', "\\n"));
    let closed = HostInput::Edited { edit: 2, text: None };
    assert_eq!(desk.input(closed).took(), "2:one| 2=0");
    desk.enter("vim new.txt");
    desk.took();
    assert_eq!(desk.input(HostInput::Interrupt).took(), "3=130");
    assert_eq!(desk.input(saved(3, "late")).took(), "");
    desk.enter("cat new.txt; mkdir d; vi d; printf '\\0' > z; vi z; vi no/file; vi");
    assert_eq!(
        desk.took(),
        "4:one| 4:vi: d: Is a directory| 4:vi: z: not a text file| 4:vi: no/file: No such file or \
         directory| 4:vi: which file? Name one| 4=1"
    );
    let mut host = Host::new(HostOptions::default());
    let line = "vi f".to_string();
    let mut outputs = host.turn(0, vec![HostInput::Exec { exec: 1, line }]);
    while let Some(now) = host.next_wake() {
        outputs.extend(host.turn(now, vec![]));
    }
    let text = "vi: not in this lab without a terminal\n".into();
    assert_eq!(outputs[0], HostOutput::Print { exec: 1, stderr: true, text });
    assert_eq!(outputs[1], HostOutput::Done { exec: 1, code: 1 });
}

#[test]
fn watch_shows_an_output_again_when_it_differs() {
    let mut desk = Desk::new();
    desk.enter("echo a > f; (sleep 5.2; echo b > f) & watch -n1 cat f; echo $?");
    assert_eq!(
        desk.took(),
        "1:Every 1.0s: cat f                               client: Thu Jan  1 00:00:00 1970||a| \
         1:Every 1.0s: cat f                               client: Thu Jan  1 00:00:06 1970||b|"
    );
    assert!(desk.host.is_busy());
    assert_eq!(desk.input(HostInput::Interrupt).took(), "1:0| 1=0");
}

#[test]
fn tail_follows_a_file_until_ctrl_c() {
    let mut desk = Desk::new();
    desk.enter("echo a > f; (sleep 3; echo b >> f) & tail -f f");
    assert_eq!(desk.took(), "1:a| 1:b|");
    assert_eq!(desk.input(HostInput::Interrupt).took(), "1=130");
}

#[test]
fn a_long_here_document_is_not_read_again_for_every_line() {
    let mut desk = Desk::new();
    let body = "some line of text that is long enough to matter\n".repeat(20_000);
    desk.enter(&format!("wc -l <<'E'\n{body}E"));
    assert_eq!(desk.took(), "1:20000| 1=0");
}
