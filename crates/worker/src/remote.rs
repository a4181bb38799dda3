//! The console host, whose code is a module of its own and runs in an instance beside this one.
//!
//! Nothing is asked of it before a person enters a line, so the conductor can go on without it until
//! then; lines wait for it in the page's inbox.

use cluster::{
    Actor, Answer, Ask, Console, ConsoleTurn, HostInput, HostOptions, HostOutput, Micros,
};

use crate::hooks::ConsoleHandle;

/// What a question gets whose module could not be loaded.
const NOT_THERE: &str = "the console could not be loaded";

pub(crate) struct RemoteConsole {
    handle: ConsoleHandle,
    /// Without its outputs.
    last: ConsoleTurn,
}

impl RemoteConsole {
    pub(crate) fn new(handle: ConsoleHandle, options: &HostOptions) -> Self {
        let last = ConsoleTurn { cwd: options.cwd.clone(), ..ConsoleTurn::default() };
        RemoteConsole { handle, last }
    }
}

impl Actor for RemoteConsole {
    type Input = HostInput;
    type Output = HostOutput;

    fn turn(&mut self, now: Micros, inputs: Vec<HostInput>) -> Vec<HostOutput> {
        let bytes = self.handle.turn(frame::encode(&(now, inputs)));
        let mut turn: ConsoleTurn =
            frame::decode(&bytes).expect("the console of this very build wrote it");
        let outputs = std::mem::take(&mut turn.outputs);
        self.last = turn;
        outputs
    }

    fn next_wake(&self) -> Option<Micros> {
        self.last.next_wake
    }
}

impl Console for RemoteConsole {
    fn cwd(&self) -> String {
        self.last.cwd.clone()
    }

    fn is_busy(&self) -> bool {
        self.last.is_busy
    }

    fn ask(&self, question: Ask) -> Answer {
        if !self.handle.ready() {
            return match question {
                Ask::Complete { .. } => Answer::Completion(frame::Completion::default()),
                Ask::Judge { .. } => Answer::Judged(Err(NOT_THERE.into())),
                Ask::Drill(_) => Answer::Drill(Err(NOT_THERE.into())),
            };
        }
        let bytes = self.handle.ask(frame::encode(&question));
        frame::decode(&bytes).expect("the console of this very build wrote it")
    }
}
