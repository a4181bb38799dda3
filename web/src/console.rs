//! The console's memory: blocks of command and output, and the history of typed lines. Pure.

use std::rc::Rc;

/// One command and what it said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Block {
    pub(crate) id: u64,
    /// The call that fills it, or 0 for one that is complete.
    pub(crate) call: u64,
    pub(crate) prompt: String,
    pub(crate) line: String,
    pub(crate) output: String,
    /// Output beyond [`BLOCK_MAX`] bytes was left out.
    pub(crate) clipped: bool,
    /// The exit status, once it ended.
    pub(crate) code: Option<i32>,
    /// A click's echo, not a typed line.
    pub(crate) echo: bool,
    /// How often the same echo came in a row.
    pub(crate) times: u32,
}

/// Most bytes of output in one block.
pub(crate) const BLOCK_MAX: usize = 48 * 1024;
/// Most blocks, and most bytes of output in all of them.
pub(crate) const BLOCKS_MAX: usize = 300;
pub(crate) const TOTAL_MAX: usize = 384 * 1024;
/// Most lines that the arrow keys go back through.
pub(crate) const HISTORY_MAX: usize = 500;

/// Blocks are shared: a frame that changes one leaves the others as they are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Console {
    pub(crate) blocks: Vec<Rc<Block>>,
    pub(crate) history: Vec<String>,
    /// Blocks that were dropped to stay within the limits.
    pub(crate) dropped: u64,
    next_id: u64,
}

impl Console {
    /// Opens a block for a line that was typed, pasted or sent by the page API.
    pub(crate) fn open(&mut self, call: u64, prompt: String, line: String) {
        if !line.trim().is_empty() && self.history.last() != Some(&line) {
            self.history.push(line.clone());
            let excess = self.history.len().saturating_sub(HISTORY_MAX);
            self.history.drain(..excess);
        }
        self.push(Block { call, prompt, line, times: 1, ..Block::default() });
    }

    /// Opens a block for a click. The same quiet echo in a row is counted, not repeated.
    pub(crate) fn echo(&mut self, call: u64, prompt: String, line: String) {
        if let Some(last) = self.blocks.last_mut() {
            let quiet = last.output.is_empty() && last.code.is_none_or(|c| c == 0);
            if last.echo && last.line == line && quiet {
                let last = Rc::make_mut(last);
                last.call = call;
                last.times += 1;
                last.code = None;
                return;
            }
        }
        self.push(Block { call, prompt, line, echo: true, times: 1, ..Block::default() });
    }

    /// A block without a command's call: `^C`, or a note of the page.
    pub(crate) fn note(&mut self, prompt: String, line: String, output: String) {
        self.push(Block { prompt, line, output, code: Some(0), times: 1, ..Block::default() });
    }

    fn push(&mut self, block: Block) {
        self.next_id += 1;
        self.blocks.push(Rc::new(Block { id: self.next_id, ..block }));
        self.shrink();
    }

    pub(crate) fn output(&mut self, call: u64, text: &str) {
        let Some(block) = self.block_mut(call) else { return };
        let room = BLOCK_MAX.saturating_sub(block.output.len());
        if text.len() <= room {
            block.output.push_str(text);
        } else {
            let cut = (0..=room).rev().find(|i| text.is_char_boundary(*i)).unwrap_or(0);
            block.output.push_str(&text[..cut]);
            block.clipped = true;
        }
        self.shrink();
    }

    pub(crate) fn done(&mut self, call: u64, code: i32) {
        if let Some(block) = self.block_mut(call) {
            block.code = Some(code);
            block.call = 0;
        }
    }

    pub(crate) fn clear(&mut self) {
        self.blocks.retain(|b| b.code.is_none());
    }

    /// The number of commands that have not ended.
    pub(crate) fn running(&self) -> usize {
        self.blocks.iter().filter(|b| b.code.is_none()).count()
    }

    fn block_mut(&mut self, call: u64) -> Option<&mut Block> {
        let found = self.blocks.iter_mut().rev().find(|b| b.call == call && call != 0)?;
        Some(Rc::make_mut(found))
    }

    fn shrink(&mut self) {
        let mut total: usize = self.blocks.iter().map(|b| b.output.len()).sum();
        // The newest block always stays.
        while self.blocks.len() > 1 && (self.blocks.len() > BLOCKS_MAX || total > TOTAL_MAX) {
            let gone = self.blocks.remove(0);
            total -= gone.output.len();
            self.dropped += 1;
        }
    }
}

/// What a screen reader should hear of a finished block: all of a short one, the gist of a long.
pub(crate) fn spoken(block: &Block) -> String {
    let lines = block.output.lines().count();
    let code = block.code.unwrap_or(0);
    match lines {
        0 => format!("{}: exit {code}", block.line),
        1..=8 if code == 0 => block.output.clone(),
        1..=8 => format!("{} exit {code}", block.output),
        _ => format!(
            "{lines} lines, exit {code}. First: {}",
            block.output.lines().next().unwrap_or_default()
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn output_beyond_the_limits_is_left_out_and_said_so() {
        let mut console = Console::default();
        console.open(1, "$".into(), "cat big".into());
        console.output(1, &"\u{e9}".repeat(BLOCK_MAX));
        assert!(console.blocks[0].output.len() <= BLOCK_MAX);
        assert!(console.blocks[0].clipped);
        for call in 2..40 {
            console.open(call, "$".into(), "cat big".into());
            console.output(call, &"x".repeat(BLOCK_MAX));
        }
        let total: usize = console.blocks.iter().map(|b| b.output.len()).sum();
        assert!(total <= TOTAL_MAX);
        assert_eq!(console.dropped as usize + console.blocks.len(), 39);
    }

    #[test]
    fn a_repeated_quiet_echo_is_counted() {
        let mut console = Console::default();
        for call in 1..=3 {
            console.echo(call, "$".into(), "lab step event".into());
            console.done(call, 0);
        }
        assert_eq!(console.blocks.len(), 1);
        assert_eq!((console.blocks[0].times, console.blocks[0].code), (3, Some(0)));
        console.echo(4, "$".into(), "lab heal".into());
        assert_eq!(console.blocks.len(), 2);
    }

    #[test]
    fn output_finds_its_command_while_others_wait() {
        let mut console = Console::default();
        console.open(1, "$".into(), "first".into());
        console.open(2, "$".into(), "second".into());
        console.output(1, "one\n");
        console.done(1, 0);
        console.output(2, "two\n");
        assert_eq!(console.blocks[0].output, "one\n");
        assert_eq!(console.blocks[1].output, "two\n");
        assert_eq!(console.running(), 1);
    }

    #[test]
    fn the_history_holds_no_neighbouring_twins() {
        let mut console = Console::default();
        for line in ["a", "a", "  ", "b", "a"] {
            console.open(9, "$".into(), line.into());
        }
        assert_eq!(console.history, ["a", "b", "a"]);
    }
}
