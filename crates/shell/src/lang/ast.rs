//! The tree that the parser makes and the interpreter walks. Parts are shared by reference count,
//! since pipeline elements and background jobs run as tasks of their own.

use std::rc::Rc;

/// Commands one after the other.
pub type List = Vec<Item>;

/// An and-or list and what ends it: `;` or `&`.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    pub and_or: Rc<AndOr>,
    pub background: bool,
}

/// `first && second || third`, from left to right.
#[derive(Clone, Debug, PartialEq)]
pub struct AndOr {
    pub first: Pipeline,
    pub rest: Vec<(Connector, Pipeline)>,
    /// The text as typed, for `jobs`.
    pub text: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Connector {
    And,
    Or,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Pipeline {
    /// `! pipeline`.
    pub negated: bool,
    /// `time pipeline`; true for `time -p`.
    pub timed: Option<bool>,
    pub commands: Vec<Rc<Command>>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Command {
    pub kind: Kind,
    pub redirects: Vec<Redirect>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    Simple {
        assigns: Vec<(String, Word)>,
        words: Vec<Word>,
    },
    Subshell(Rc<List>),
    Group(List),
    For {
        name: String,
        words: Option<Vec<Word>>,
        body: List,
    },
    While {
        until: bool,
        condition: List,
        body: List,
    },
    If {
        branches: Vec<(List, List)>,
        otherwise: Option<List>,
    },
    /// `for ((init; condition; step))`.
    ForArith {
        head: [Word; 3],
        body: List,
    },
    /// `((expression))`.
    Arith(Word),
    /// `[[ ... ]]`.
    Test(Test),
    Case {
        word: Word,
        arms: Vec<(Vec<Word>, List)>,
    },
    Function {
        name: String,
        body: Rc<Command>,
    },
}

/// What stands in `[[ ]]`.
#[derive(Clone, Debug, PartialEq)]
pub enum Test {
    Not(Box<Test>),
    And(Box<Test>, Box<Test>),
    Or(Box<Test>, Box<Test>),
    /// True if it is not empty.
    Text(Word),
    Unary(String, Word),
    Binary(Word, String, Word),
}

#[derive(Clone, Debug, PartialEq)]
pub struct Redirect {
    pub fd: u32,
    pub kind: RedirectKind,
}

#[derive(Clone, Debug, PartialEq)]
pub enum RedirectKind {
    Read(Word),
    Write(Word),
    Append(Word),
    /// `&>` and `&>>`: stdout and stderr to one file.
    Both {
        target: Word,
        append: bool,
    },
    /// `2>&1`; the word is a number or `-`.
    Duplicate(Word),
    /// `<<END` (expanded unless quoted) and `<<<word` (with a newline added).
    Text(Word),
}

/// A word before expansion.
pub type Word = Vec<Part>;

#[derive(Clone, Debug, PartialEq)]
pub enum Part {
    /// Plain text: subject to globbing.
    Literal(String),
    /// Text that quotes or a backslash protect.
    Quoted(String),
    /// `"..."`.
    Double(Vec<Part>),
    /// An unquoted `~` or `~/` at the start of a word.
    Tilde,
    Param(Box<Param>),
    Command(Rc<List>),
    Arith(Word),
}

impl Part {
    /// Nothing but blanks, as they were typed.
    pub(crate) fn is_blank(&self) -> bool {
        matches!(self, Part::Literal(text) if text.trim().is_empty())
    }
}

/// `${name...}`.
#[derive(Clone, Debug, PartialEq)]
pub struct Param {
    pub name: String,
    pub op: ParamOp,
}

#[derive(Clone, Debug, PartialEq)]
pub enum ParamOp {
    Plain,
    Length,
    /// `-`, `=`, `+` or `?`, with or without a colon.
    Default {
        sign: char,
        colon: bool,
        word: Word,
    },
    Trim {
        suffix: bool,
        longest: bool,
        pattern: Word,
    },
    Replace {
        all: bool,
        pattern: Word,
        with: Word,
    },
    Slice {
        offset: Word,
        length: Option<Word>,
    },
}
