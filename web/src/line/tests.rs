//! Keys in order, and the line that they make.

use super::*;

fn key(name: &str) -> Key<'_> {
    let (ctrl, alt) = (name.starts_with("C-"), name.starts_with("A-"));
    let name = if ctrl || alt { &name[2..] } else { name };
    Key { name, ctrl, alt, ..Key::default() }
}

fn history(lines: &[&str]) -> History {
    let mut history = History::default();
    lines.iter().for_each(|line| history.push(line));
    history
}

/// The text with `|` at the cursor, after these keys. A letter without a modifier is typed.
fn after(start: &str, keys: &str, lines: &[&str]) -> String {
    let mut editor = LineEditor::default();
    let cursor = start.find('|').expect("a cursor");
    editor.set(start.replace('|', ""), cursor);
    let history = history(lines);
    for name in keys.split_whitespace() {
        let before = (editor.text.clone(), editor.cursor);
        let typed = name.chars().count() == 1;
        if editor.press(&key(name), &history, false) == Effect::Browser && typed {
            let (mut text, at) = before;
            text.insert_str(at, name);
            editor.sync(&text, at + name.len());
        }
    }
    let mut text = editor.text.clone();
    text.insert(editor.cursor, '|');
    text
}

#[test]
fn keys_move_cut_and_put_back() {
    for (start, keys, expected) in [
        ("put na|me", "C-a", "|put name"),
        ("|put name", "C-e", "put name|"),
        ("ab|c", "C-b C-b C-b C-f", "a|bc"),
        ("put foo.bar|", "A-b A-b", "put |foo.bar"),
        ("|put foo", "A-f A-f", "put foo|"),
        ("put| name", "C-k", "put|"),
        ("put| name", "C-u", "| name"),
        ("put foo.bar|", "C-w", "put |"),
        ("put foo.bar|", "A-w", "put |"),
        ("put foo.bar|", "A-Backspace", "put foo.|"),
        ("|put name", "A-d", "| name"),
        ("put name|", "C-w C-y C-y", "put namename|"),
        ("a b c|", "C-w C-w C-y", "a b c|"),
        ("a b c|", "C-w C-b C-w C-y", "a b| "),
        ("one two|", "C-w C-a C-k C-y A-y", "two|"),
        ("one two|", "C-w C-a C-k C-y A-y A-y", "one |"),
        ("one two|", "A-y", "one two|"),
        ("ab|", "C-t", "ba|"),
        ("a|b", "C-t", "ba|"),
        ("|ab", "C-t", "|ab"),
        ("a|", "A-t", "a|"),
        ("a\u{e9}|b", "C-h", "a|b"),
        ("a|\u{e9}b", "C-d", "a|b"),
        ("ab|", "C-d", "ab|"),
        ("x|", "C-k C-y", "x|"),
        ("one\ntwo| x", "C-a", "one\n|two x"),
        ("on|e\ntwo", "C-k", "on|\ntwo"),
    ] {
        assert_eq!(after(start, keys, &[]), expected, "{keys} in {start}");
    }
}

#[test]
fn arrows_bring_lines_back_and_what_was_typed() {
    let lines = ["first", "second", "two\nlines"];
    for (start, keys, expected) in [
        ("dra|ft", "ArrowUp", "two\nlines|"),
        ("dra|ft", "C-p C-p", "second|"),
        ("draft|", "C-p C-p C-p C-p C-p", "first|"),
        ("draft|", "C-p C-p A-n C-n", "draft|"),
        ("draft|", "ArrowUp ArrowUp", "two\nlines|"),
        ("draft|", "C-n", "draft|"),
    ] {
        assert_eq!(after(start, keys, &lines), expected, "{keys} in {start}");
    }
}

#[test]
fn the_last_word_of_earlier_lines_comes_by_alt_dot() {
    let lines = ["etcdctl get a", "etcdctl put 'b c'", "lab heal"];
    for (keys, expected) in [
        ("A-.", "x heal|"),
        ("A-. A-.", "x 'b c'|"),
        ("A-. A-. A-.", "x a|"),
        ("A-. A-. A-. A-. A-.", "x a|"),
        ("A-. C-a C-e A-.", "x healheal|"),
    ] {
        assert_eq!(after("x |", keys, &lines), expected, "{keys}");
    }
}

#[test]
fn a_search_goes_back_through_the_history() {
    let lines = ["etcdctl put a 1", "lab heal", "etcdctl put b 2", "etcdctl get a"];
    for (keys, expected) in [
        ("C-r p u t", "etcdctl |put b 2"),
        ("C-r p u t C-r", "etcdctl |put a 1"),
        ("C-r p u t C-r C-r", "etcdctl |put a 1"),
        ("C-r p u t C-g", "dra|ft"),
        ("C-r p u t Escape", "dra|ft"),
        ("C-r p u t C-e", "etcdctl put b 2|"),
        ("C-r p u t Tab", "etcdctl |put b 2"),
        ("C-r p u t C-r Backspace", "etcdctl |put b 2"),
        ("C-r h e a l C-a", "|lab heal"),
        ("C-r h e a l C-g C-r C-r", "lab |heal"),
        ("C-r n o n e C-g", "dra|ft"),
    ] {
        assert_eq!(after("dra|ft", keys, &lines), expected, "{keys}");
    }
}

#[test]
fn the_search_says_what_it_looks_for_and_enter_runs_what_it_found() {
    let history = history(&["lab heal", "lab status"]);
    let mut editor = LineEditor::default();
    editor.press(&key("C-r"), &history, false);
    assert_eq!(editor.search_prompt().as_deref(), Some("(reverse-i-search)`': "));
    editor.press(&key("h"), &history, false);
    assert_eq!(editor.search_prompt().as_deref(), Some("(reverse-i-search)`h': "));
    assert_eq!(editor.press(&key("Shift"), &history, false), Effect::Browser);
    assert_eq!(editor.text(), "lab heal");
    let enter = editor.press(&key("Enter"), &history, false);
    assert_eq!(enter, Effect::Run("lab heal".into()));
    assert_eq!((editor.text(), editor.search_prompt()), ("", None));
    editor.press(&key("C-r"), &history, false);
    editor.press(&key("x"), &history, false);
    assert_eq!(editor.search_prompt().as_deref(), Some("(failed reverse-i-search)`x': "));
    assert_eq!(editor.press(&key("C-c"), &history, false), Effect::Interrupt(String::new()));
    assert_eq!(editor.search_prompt(), None);
}

#[test]
fn typing_by_other_means_ends_a_search() {
    let history = history(&["lab heal"]);
    let mut editor = LineEditor::default();
    editor.press(&key("C-r"), &history, false);
    editor.press(&key("h"), &history, false);
    editor.sync("lab heal pasted", 15);
    assert_eq!(editor.search_prompt(), None);
    assert_eq!(editor.text(), "lab heal pasted");
}

#[test]
fn a_ghost_is_the_newest_line_that_goes_on_and_right_takes_it() {
    let history = history(&["etcdctl get a", "etcdctl put a 1", "for x\ndone"]);
    let mut editor = LineEditor::default();
    for (text, cursor, ghost) in [
        ("etcd", 4, Some("ctl put a 1")),
        ("etcdctl g", 9, Some("et a")),
        ("etcdctl get a", 13, None),
        ("etcd", 2, None),
        ("for", 3, None),
        ("", 0, None),
        (" ", 1, None),
    ] {
        editor.sync(text, cursor);
        assert_eq!(editor.ghost(&history), ghost, "{text} at {cursor}");
    }
    editor.sync("etcd", 4);
    assert_eq!(editor.press(&key("ArrowRight"), &history, false), Effect::Browser, "it is off");
    for name in ["ArrowRight", "End", "C-e", "C-f"] {
        editor.set("etcd".into(), 4);
        assert_eq!(editor.press(&key(name), &history, true), Effect::Edited);
        assert_eq!((editor.text(), editor.cursor()), ("etcdctl put a 1", 15), "{name}");
    }
    editor.set("etcd".into(), 4);
    let enter = editor.press(&key("Enter"), &history, true);
    assert_eq!(enter, Effect::Run("etcd".into()), "a ghost never runs by itself");
}

#[test]
fn some_keys_are_the_consoles_and_some_the_browsers() {
    let history = History::default();
    let with = |text: &str, key: Key| {
        let mut editor = LineEditor::default();
        editor.set(text.into(), text.len());
        editor.press(&key, &history, false)
    };
    assert_eq!(with("", key("C-d")), Effect::EndOfInput);
    assert_eq!(with("abc", key("C-c")), Effect::Interrupt("abc".into()));
    let selected = Key { selected: true, ..key("C-c") };
    assert_eq!(with("abc", selected), Effect::Browser, "it copies");
    assert_eq!(with("abc", key("C-l")), Effect::Clear);
    assert_eq!(with("abc", key("Escape")), Effect::Leave);
    assert_eq!(with("", key("Tab")), Effect::Browser, "no trap");
    assert_eq!(with("abc", key("Tab")), Effect::Complete { back: false });
    let back = Key { shift: true, ..key("Tab") };
    assert_eq!(with("abc", back), Effect::Complete { back: true });
    assert_eq!(with("abc", Key { shift: true, ..key("Enter") }), Effect::Browser);
    assert_eq!(with("abc", Key { alt: true, ..key("C-b") }), Effect::Browser, "AltGr");
    assert_eq!(with("abc", Key { shift: true, ..key("C-c") }), Effect::Browser);
    assert_eq!(with("abc", key("C-v")), Effect::Browser);
}

#[test]
fn a_cursor_within_a_character_is_moved_off_it() {
    let mut editor = LineEditor::default();
    editor.sync("\u{e9}", 1);
    assert_eq!(editor.cursor(), 0);
    editor.sync("ab", 99);
    assert_eq!(editor.cursor(), 2);
}
