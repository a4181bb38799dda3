//! The console's language: a subset of bash 5.2, from text to a tree.
//!
//! Left out: arrays, `select`, `coproc` and process substitution.

pub mod ast;
mod conditional;
mod parser;
mod redirect;
mod word;

pub(crate) use parser::{Aliases, Reading, Wanted, is_name, parse_with, read};
pub use parser::{SyntaxError, parse};
pub(crate) use word::BAD_SUBSTITUTION;
