//! The console's language: a subset of bash 5.2, from text to a tree.
//!
//! Left out: arrays, `[[ ]]`, `(( ))` as a command, `select`, `coproc`, process substitution,
//! brace expansion, aliases and history.

pub mod ast;
mod parser;
mod word;

pub(crate) use parser::is_name;
pub use parser::{SyntaxError, parse};
pub(crate) use word::BAD_SUBSTITUTION;
