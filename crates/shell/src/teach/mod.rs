//! The teacher's line: after a line has ended, perhaps one or two sentences on why it failed or what
//! it probably meant. Never part of a tool's output, and nothing is said where it would be a guess.
//!
//! A rule looks at a [`Case`]: the line, its words, how it ended, what it showed, and which API and
//! release are in force. The rules stand in tables, one file for each kind; the first that has
//! something to say is heard.

mod answers;
mod api;
mod case;
mod connection;
mod near;
mod shell;
#[cfg(test)]
mod tests;
mod usage;

use std::cell::{Cell, Ref, RefCell};

use cluster::HostOutput;

use crate::names::{Names, lab_members};
use crate::shell::Shell;
use crate::sys::Sys;
use case::Case;

/// Has something to say about a case, or not.
type Rule = fn(&Case<'_>) -> Option<String>;

/// All rules; those that know more come first.
const RULES: &[&[Rule]] =
    &[shell::RULES, api::RULES, usage::RULES, connection::RULES, answers::RULES];

/// So much of what a line showed is kept: its end.
const HEARD_BYTES_MAX: usize = 16 << 10;

/// Listens to a console, and knows the shell's names as of the last command's end.
#[derive(Default)]
pub(crate) struct Teacher {
    /// A person is there to be taught.
    is_on: Cell<bool>,
    names: RefCell<Names>,
    /// The command that runs, as typed.
    command: RefCell<String>,
    heard: RefCell<Vec<u8>>,
    /// What there is to say once the entry has ended.
    thought: RefCell<Option<String>>,
}

impl Teacher {
    pub(crate) fn begin(&self, shell: &Shell, is_on: bool) {
        self.is_on.set(is_on);
        self.names.replace(Names::of(shell));
    }

    pub(crate) fn names(&self) -> Ref<'_, Names> {
        self.names.borrow()
    }

    /// The console reads this command; nothing if it could not be read.
    pub(crate) fn reads(&self, command: &str) {
        if self.is_on.get() {
            self.command.replace(command.into());
        }
    }

    /// The console shows this.
    pub(crate) fn hear(&self, bytes: &[u8]) {
        if !self.is_on.get() {
            return;
        }
        let mut heard = self.heard.borrow_mut();
        heard.extend_from_slice(&bytes[bytes.len().saturating_sub(HEARD_BYTES_MAX)..]);
        if heard.len() > 2 * HEARD_BYTES_MAX {
            let surplus = heard.len() - HEARD_BYTES_MAX;
            heard.drain(..surplus);
        }
    }

    /// A command ended. Of several in an entry the first that calls for words gets them.
    pub(crate) fn after_command(&self, shell: &Shell, code: i32) {
        self.names.replace(Names::of(shell));
        if !self.is_on.get() {
            return;
        }
        let heard = std::mem::take(&mut *self.heard.borrow_mut());
        let command = self.command.take();
        if self.thought.borrow().is_some() {
            return;
        }
        let names = self.names.borrow();
        let members = lab_members(&shell.sys.fs());
        let output = String::from_utf8_lossy(&heard);
        let command = command.trim_end_matches('\n');
        let case = Case::new(command, code, &output, shell.sys.profile(), &names, members);
        self.thought.replace(hint(&case));
    }

    /// The entry ended: says what there is to say, before the end itself is told.
    pub(crate) fn tell(&self, sys: &Sys, exec: u64) {
        if let Some(text) = self.thought.take() {
            sys.output(HostOutput::Hint { exec, text });
        }
    }
}

fn hint(case: &Case<'_>) -> Option<String> {
    RULES.iter().flat_map(|rules| rules.iter()).find_map(|rule| rule(case))
}
