//! Which key means what.
//!
//! Browsers keep some keys of readline for themselves: in a tab, Chromium never gives Ctrl-W,
//! Ctrl-T and Ctrl-N to a page. Their Alt twins do the same here.

/// A key as the browser tells it: `name` is its `KeyboardEvent.key`, or with Alt the plain letter.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Key<'a> {
    pub(crate) name: &'a str,
    pub(crate) ctrl: bool,
    pub(crate) alt: bool,
    pub(crate) shift: bool,
    /// Something is selected: Ctrl-C copies it.
    pub(crate) selected: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Motion {
    Left,
    Right,
    Start,
    End,
    /// Words of letters and digits, as Alt-B and Alt-F have them.
    WordLeft,
    WordRight,
    /// Back to a blank, as Ctrl-W has it.
    BlankLeft,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Command {
    Move(Motion),
    /// Cuts from the cursor to there.
    Kill(Motion),
    /// Ctrl-D: the end of input in an empty line.
    DeleteForward,
    DeleteBack,
    Yank,
    YankOlder,
    Transpose,
    LastWord,
    Older,
    Newer,
    Search,
    Run,
    Interrupt,
    Clear,
    Leave,
    Complete {
        back: bool,
    },
}

/// The command of a key, or none where the key is the browser's.
pub(super) fn command(key: &Key) -> Option<Command> {
    // Both at once is AltGr on many keyboards: it types characters.
    if key.ctrl && key.alt {
        return None;
    }
    if key.ctrl {
        return with_ctrl(key);
    }
    if key.alt {
        return with_alt(key.name);
    }
    Some(match key.name {
        "Enter" if !key.shift => Command::Run,
        "Escape" => Command::Leave,
        "Tab" => Command::Complete { back: key.shift },
        "ArrowUp" if !key.shift => Command::Older,
        "ArrowDown" if !key.shift => Command::Newer,
        "ArrowRight" if !key.shift => Command::Move(Motion::Right),
        "End" if !key.shift => Command::Move(Motion::End),
        _ => return None,
    })
}

fn with_ctrl(key: &Key) -> Option<Command> {
    let [letter] = key.name.as_bytes() else { return None };
    // With Shift they are the browser's: its tools, its private window.
    if key.shift {
        return None;
    }
    Some(match letter.to_ascii_lowercase() {
        b'a' => Command::Move(Motion::Start),
        b'e' => Command::Move(Motion::End),
        b'b' => Command::Move(Motion::Left),
        b'f' => Command::Move(Motion::Right),
        b'k' => Command::Kill(Motion::End),
        b'u' => Command::Kill(Motion::Start),
        b'w' => Command::Kill(Motion::BlankLeft),
        b'y' => Command::Yank,
        b'd' => Command::DeleteForward,
        b'h' => Command::DeleteBack,
        b't' => Command::Transpose,
        b'p' => Command::Older,
        b'n' => Command::Newer,
        b'r' => Command::Search,
        b'j' | b'm' => Command::Run,
        b'c' if !key.selected => Command::Interrupt,
        b'l' => Command::Clear,
        _ => return None,
    })
}

fn with_alt(name: &str) -> Option<Command> {
    Some(match name {
        "b" => Command::Move(Motion::WordLeft),
        "f" => Command::Move(Motion::WordRight),
        "d" => Command::Kill(Motion::WordRight),
        "Backspace" => Command::Kill(Motion::WordLeft),
        "w" => Command::Kill(Motion::BlankLeft),
        "t" => Command::Transpose,
        "y" => Command::YankOlder,
        "." | "_" => Command::LastWord,
        "p" => Command::Older,
        "n" => Command::Newer,
        _ => return None,
    })
}
