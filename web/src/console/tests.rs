//! Blocks as messages come in.

use super::*;

fn open(console: &mut Console, call: u64, line: &str) {
    console.open(call, "$ ".into(), line.into());
}

fn lines(console: &Console) -> Vec<&str> {
    console.blocks.iter().map(|block| block.line.as_str()).collect()
}

#[test]
fn old_output_goes_before_new() {
    let mut console = Console::default();
    open(&mut console, 1, "cat big");
    console.output(1, &"\u{e9}\n".repeat(BLOCK_MAX));
    assert!(console.blocks[0].output.bytes <= BLOCK_MAX);
    assert!(console.blocks[0].output.dropped_lines > 0);
    for call in 2..40 {
        open(&mut console, call, "cat big");
        console.output(call, &"x\n".repeat(BLOCK_MAX / 8));
    }
    let total: usize = console.blocks.iter().map(|b| b.output.bytes).sum();
    assert!(total <= TOTAL_MAX);
    assert_eq!(console.dropped as usize + console.blocks.len(), 39);
}

#[test]
fn a_repeated_quiet_echo_is_counted() {
    let mut console = Console::default();
    for call in 1..=3 {
        console.echo(call, "$".into(), "lab step event".into());
        console.done(call, 0, None);
    }
    assert_eq!(console.blocks.len(), 1);
    assert_eq!((console.blocks[0].times, console.blocks[0].code), (3, Some(0)));
    console.echo(4, "$".into(), "lab heal".into());
    assert_eq!(console.blocks.len(), 2);
}

#[test]
fn output_finds_its_command_while_others_wait() {
    let mut console = Console::default();
    open(&mut console, 1, "first");
    open(&mut console, 2, "second");
    console.output(1, "one\n");
    console.done(1, 0, None);
    console.output(2, "two\n");
    assert_eq!(console.blocks[0].output.text(), "one\n");
    assert_eq!(console.blocks[1].output.text(), "two\n");
    assert_eq!(console.running(), 1);
}

#[test]
fn an_unfinished_line_goes_on_in_its_block() {
    let mut console = Console::default();
    open(&mut console, 1, "for k in a b; do");
    console.unfinished(1);
    assert!(console.is_continuing());
    open(&mut console, 2, "echo $k");
    assert!(!console.is_continuing(), "it is known again when the shell says so");
    console.unfinished(2);
    open(&mut console, 3, "done");
    console.output(3, "a\nb\n");
    assert_eq!(console.siblings(2), [1, 2, 3]);
    console.done(3, 0, None);
    assert_eq!(console.blocks.len(), 1);
    let block = &console.blocks[0];
    assert_eq!(
        (block.more.as_slice(), block.code),
        (&["echo $k".into(), "done".into()][..], Some(0))
    );
    assert_eq!(block.output.text(), "a\nb\n");
}

#[test]
fn lines_that_were_sent_early_continue_all_the_same() {
    let mut console = Console::default();
    open(&mut console, 1, "echo 'one");
    console.echo(2, "$ ".into(), "lab heal".into());
    open(&mut console, 3, "two'");
    open(&mut console, 4, "echo next");
    console.unfinished(1);
    assert_eq!(lines(&console), ["echo 'one", "lab heal", "echo next"]);
    assert_eq!(console.blocks[0].more, ["two'"]);
    // Whoever of the calls the shell names, the block is meant.
    console.output(1, "one\ntwo\n");
    console.done(1, 0, None);
    assert_eq!(console.blocks[0].code, Some(0));
    assert!(!console.is_continuing());
}

#[test]
fn an_interrupted_line_is_continued_by_nothing() {
    let mut console = Console::default();
    open(&mut console, 1, "echo 'one");
    console.unfinished(1);
    console.interrupted("> ".into(), "tw");
    assert!(!console.is_continuing());
    assert_eq!(console.blocks[0].output.text(), "tw^C\n");
    console.done(1, 130, None);
    console.interrupted("$ ".into(), "draft");
    assert_eq!(lines(&console), ["echo 'one", "draft^C"]);
    assert_eq!(console.blocks[1].code, Some(0));
}

#[test]
fn input_shows_in_the_command_that_read_it() {
    let mut console = Console::default();
    open(&mut console, 1, "cat");
    open(&mut console, 2, "hello");
    console.taken(2, 1);
    console.output(1, "hello\n");
    assert_eq!(lines(&console), ["cat"]);
    assert_eq!(console.blocks[0].output.text(), "hello\nhello\n");
    let kinds: Vec<Kind> = console.blocks[0].output.pieces.iter().map(|p| p.kind).collect();
    assert_eq!(kinds, [Kind::Typed, Kind::Printed]);
    assert_eq!(console.running(), 1);
}

#[test]
fn a_password_does_not_show() {
    let mut console = Console::default();
    open(&mut console, 1, "etcdctl user add root");
    console.output(1, "Password of root: ");
    assert!(console.asks_for_secret());
    open(&mut console, 2, "secret");
    console.taken(2, 1);
    assert!(!console.asks_for_secret());
    assert_eq!(console.blocks[0].output.text(), "Password of root: \n");
}

#[test]
fn input_of_an_unknown_command_ends_without_a_trace_elsewhere() {
    let mut console = Console::default();
    open(&mut console, 2, "hello");
    console.taken(2, 0);
    console.taken(2, 2);
    console.taken(9, 2);
    console.unfinished(9);
    assert_eq!((lines(&console), console.running()), (vec!["hello"], 0));
}

#[test]
fn hints_are_bounded_and_apart_from_the_output() {
    let mut console = Console::default();
    open(&mut console, 1, "etcdctl gte");
    for _ in 0..10 {
        console.hint(1, &"x".repeat(5000));
    }
    assert_eq!(console.blocks[0].hints.len(), HINTS_MAX);
    assert!(console.blocks[0].hints[0].len() <= HINT_MAX + 3);
    assert!(console.blocks[0].output.is_empty());
}

#[test]
fn what_is_spoken_of_a_long_block_is_short() {
    let mut console = Console::default();
    open(&mut console, 1, "seq");
    console.output(1, &"line\n".repeat(10_000));
    console.done(1, 0, None);
    assert_eq!(spoken(&console.blocks[0]), "10000 lines, exit 0. First: line");
}
