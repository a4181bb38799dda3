//! The console's memory: blocks of command and output. Pure.

mod output;
mod strip;

pub(crate) use output::{Kind, Piece};
pub(crate) use strip::strip;

use frame::After;
use output::Output;
use std::rc::Rc;

/// One command and what came of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Block {
    pub(crate) id: u64,
    /// The calls that fill it: one, and one more for each line that continues it.
    pub(crate) calls: Vec<u64>,
    pub(crate) prompt: String,
    pub(crate) line: String,
    /// Lines that continue the first.
    pub(crate) more: Vec<String>,
    pub(crate) output: Output,
    /// The exit status, once it ended.
    pub(crate) code: Option<i32>,
    /// How things stood then; none for what is no command of a host.
    pub(crate) after: Option<After>,
    /// What a teacher says of it.
    pub(crate) hints: Vec<String>,
    /// A click's echo, not a typed line.
    pub(crate) echo: bool,
    /// How often the same echo came in a row.
    pub(crate) times: u32,
}

/// Most bytes of output in one block; the newest lines stay.
pub(crate) const BLOCK_MAX: usize = 8 * 1024 * 1024;
/// Most blocks, and most bytes of output in all of them.
pub(crate) const BLOCKS_MAX: usize = 300;
pub(crate) const TOTAL_MAX: usize = 12 * 1024 * 1024;
/// Most hints to one command, and most bytes of each.
const HINTS_MAX: usize = 4;
const HINT_MAX: usize = 1000;

/// Blocks are shared: a frame that changes one leaves the others as they are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Console {
    pub(crate) blocks: Vec<Rc<Block>>,
    /// Blocks that were dropped to stay within the limits.
    pub(crate) dropped: u64,
    /// A call whose line is unfinished: the next line continues it.
    continues: Option<u64>,
    next_id: u64,
}

impl Console {
    /// Takes a line in that was typed, pasted or sent by the page API: in a block of its own, or as
    /// the continuation of an unfinished one.
    pub(crate) fn open(&mut self, call: u64, prompt: String, line: String) {
        let continued = self.continues.take();
        if let Some(block) = continued.and_then(|first| self.block_mut(first)) {
            block.calls.push(call);
            block.more.push(line);
            return;
        }
        self.push(Block { calls: vec![call], prompt, line, times: 1, ..Block::default() });
    }

    /// Opens a block for a click. The same quiet echo in a row is counted, not repeated.
    pub(crate) fn echo(&mut self, call: u64, prompt: String, line: String) {
        if let Some(last) = self.blocks.last_mut() {
            let quiet = last.output.is_empty() && last.code.is_none_or(|c| c == 0);
            if last.echo && last.line == line && quiet {
                let last = Rc::make_mut(last);
                last.calls = vec![call];
                last.times += 1;
                last.code = None;
                return;
            }
        }
        let calls = vec![call];
        self.push(Block { calls, prompt, line, echo: true, times: 1, ..Block::default() });
    }

    /// Ctrl-C: shown in the command that runs, or else on a line of its own.
    pub(crate) fn interrupted(&mut self, prompt: String, typed: &str) {
        let text = format!("{typed}^C");
        self.continues = None;
        let running = self.blocks.iter_mut().find(|b| b.code.is_none() && !b.echo);
        match running {
            Some(block) => {
                let block = Rc::make_mut(block);
                block.output.push(Kind::Typed, &format!("{text}\n"), BLOCK_MAX);
            }
            None => {
                self.push(Block { prompt, line: text, code: Some(0), times: 1, ..Block::default() })
            }
        }
    }

    fn push(&mut self, block: Block) {
        self.next_id += 1;
        self.blocks.push(Rc::new(Block { id: self.next_id, ..block }));
        self.shrink();
    }

    pub(crate) fn output(&mut self, call: u64, text: &str) {
        let Some(block) = self.block_mut(call) else { return };
        block.output.push(Kind::Printed, text, BLOCK_MAX);
        self.shrink();
    }

    /// The line of this call is unfinished. A line that was sent before this was known continues it.
    pub(crate) fn unfinished(&mut self, call: u64) {
        let Some(at) = self.position(call) else { return };
        let next = self.blocks.iter().skip(at + 1).position(|b| b.code.is_none() && !b.echo);
        match next {
            Some(after) => {
                let next = self.blocks.remove(at + 1 + after);
                let block = Rc::make_mut(&mut self.blocks[at]);
                block.calls.extend(&next.calls);
                block.more.push(next.line.clone());
                block.more.extend(next.more.iter().cloned());
                block.output.append(&next.output, BLOCK_MAX);
            }
            None => self.continues = Some(call),
        }
    }

    /// The line of this call was input of the command of `by`: it shows there. True: it was a secret,
    /// and does not show.
    pub(crate) fn taken(&mut self, call: u64, by: u64) {
        let Some(at) = self.position(call) else { return };
        if self.position(by).is_none() || self.blocks[at].calls.contains(&by) {
            // Nobody is known to have read it; it is done with all the same.
            return self.done(call, 0, None);
        }
        let gone = self.blocks.remove(at);
        if let Some(reader) = self.block_mut(by) {
            let secret = reader.output.asks_for_secret();
            let shown = if secret { "" } else { gone.line.as_str() };
            reader.output.push(Kind::Typed, &format!("{shown}\n"), BLOCK_MAX);
        }
    }

    pub(crate) fn hint(&mut self, call: u64, text: &str) {
        if let Some(block) = self.block_mut(call).filter(|b| b.hints.len() < HINTS_MAX) {
            block.hints.push(scene::words::clip(text.trim(), HINT_MAX));
        }
    }

    pub(crate) fn done(&mut self, call: u64, code: i32, after: Option<After>) {
        if self.continues.is_some_and(|first| self.position(first) == self.position(call)) {
            self.continues = None;
        }
        if let Some(block) = self.block_mut(call) {
            block.code = Some(code);
            block.after = after;
        }
    }

    /// Removes what has ended. What continues an unfinished line stays with it.
    pub(crate) fn clear(&mut self) {
        self.blocks.retain(|b| b.code.is_none());
    }

    /// The number of commands that have not ended.
    pub(crate) fn running(&self) -> usize {
        self.blocks.iter().filter(|b| b.code.is_none()).count()
    }

    /// The next line continues an unfinished one.
    pub(crate) fn is_continuing(&self) -> bool {
        self.continues.is_some()
    }

    /// The command in the foreground asks for a password.
    pub(crate) fn asks_for_secret(&self) -> bool {
        let running = self.blocks.iter().find(|b| b.code.is_none() && !b.echo);
        running.is_some_and(|block| block.output.asks_for_secret())
    }

    /// All calls that fill the same block.
    pub(crate) fn siblings(&self, call: u64) -> Vec<u64> {
        self.position(call).map_or_else(Vec::new, |at| self.blocks[at].calls.clone())
    }

    pub(crate) fn block(&self, call: u64) -> Option<&Block> {
        self.position(call).map(|at| &*self.blocks[at])
    }

    fn position(&self, call: u64) -> Option<usize> {
        self.blocks.iter().rposition(|b| b.calls.contains(&call))
    }

    fn block_mut(&mut self, call: u64) -> Option<&mut Block> {
        let at = self.position(call)?;
        Some(Rc::make_mut(&mut self.blocks[at]))
    }

    fn shrink(&mut self) {
        let mut total: usize = self.blocks.iter().map(|b| b.output.bytes).sum();
        // The newest block always stays.
        while self.blocks.len() > 1 && (self.blocks.len() > BLOCKS_MAX || total > TOTAL_MAX) {
            let gone = self.blocks.remove(0);
            total -= gone.output.bytes;
            self.dropped += 1;
        }
    }
}

/// What a screen reader should hear of a finished block: all of a short one, the gist of a long.
pub(crate) fn spoken(block: &Block) -> String {
    let lines = block.output.line_count();
    let code = block.code.unwrap_or(0);
    match lines {
        0 => format!("{}: exit {code}", scene::words::clip(&block.line, 200)),
        1..=8 if code == 0 => block.output.first_lines(8),
        1..=8 => format!("{} exit {code}", block.output.first_lines(8)),
        _ => {
            format!("{lines} lines, exit {code}. First: {}", block.output.first_lines(1).trim_end())
        }
    }
}

#[cfg(test)]
mod tests;
