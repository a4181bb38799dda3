//! How the tool reads lines: their words, and what the words of `watch` mean. Public for the tables
//! that others have written about it.

pub use crate::commands::line::words;
pub use crate::commands::watch_args::{Options, Wanted, from_command_line, from_line};
