//! A session with all members in the caller's process: native tests, `etcd-lab`, and boot in the
//! page, where it also records each member's inputs so that a worker can be brought to the same
//! state with one batch.

use cluster::{Answer, Ask, Batch, Turn, run_member};
use frame::{Completion, Look, Looked};
use member::{Input, Member, MemberStatus};

use crate::{Lab, LabEvent, Micros};

pub struct InProcess {
    lab: Lab,
    members: Vec<Option<Member>>,
    /// What a member shows once its process is gone.
    last: Vec<MemberStatus>,
    /// Inputs of each running member since its start, when they are wanted.
    recorded: Option<Vec<Vec<Turn<Input>>>>,
    /// Width of a window; the lookahead bounds it.
    width_us: Micros,
    events: Vec<LabEvent>,
}

impl InProcess {
    pub fn new(lab: Lab) -> Self {
        let count = lab.world().member_count();
        let mut this = InProcess {
            lab,
            members: (0..count).map(|_| None).collect(),
            last: vec![MemberStatus::default(); count],
            recorded: None,
            width_us: Micros::MAX,
            events: Vec::new(),
        };
        this.take_events_in();
        this
    }

    /// Keeps every member's inputs from here on. To be called before anything runs.
    pub fn record_inputs(&mut self) {
        self.recorded = Some(vec![Vec::new(); self.members.len()]);
    }

    /// Narrows the windows: 1 runs event by event. The run is the same.
    pub fn set_width_us(&mut self, width_us: Micros) {
        self.width_us = width_us;
    }

    pub fn lab(&self) -> &Lab {
        &self.lab
    }

    pub fn lab_mut(&mut self) -> &mut Lab {
        &mut self.lab
    }

    /// Hands the session over, with each running member's inputs so far.
    pub fn into_parts(self) -> (Lab, Vec<Vec<Turn<Input>>>) {
        (self.lab, self.recorded.unwrap_or_default())
    }

    /// Runs everything that is due up to and including `until`.
    pub fn run_until(&mut self, until: Micros) {
        while self.run_window(until) {}
        self.lab.idle_until(until);
    }

    /// Runs one window of at most that; false when nothing is due.
    pub fn run_window(&mut self, until: Micros) -> bool {
        self.take_events_in();
        let Some(mut window) = self.lab.plan(until, self.width_us) else { return false };
        self.take_events_in();
        let mut answers = Vec::with_capacity(window.members.len());
        for batch in std::mem::take(&mut window.members) {
            answers.push(self.run_batch(batch));
        }
        self.lab.absorb(window, answers);
        self.take_events_in();
        true
    }

    fn run_batch(&mut self, batch: Batch<Input>) -> cluster::MemberAnswer {
        let at = usize::from(batch.actor);
        if let Some(recorded) = &mut self.recorded {
            recorded[at].extend(batch.turns.iter().cloned());
        }
        match &mut self.members[at] {
            Some(member) => run_member(member, batch),
            None => unreachable!("a batch for a member that does not run"),
        }
    }

    fn take_events_in(&mut self) {
        for event in self.lab.take_events() {
            match event {
                LabEvent::MemberStarted { actor } => {
                    self.make_room(actor);
                    self.members[usize::from(actor)] = Some(Member::new());
                    if let Some(recorded) = &mut self.recorded {
                        recorded[usize::from(actor)].clear();
                    }
                }
                LabEvent::MemberEnded { actor } => {
                    if let Some(member) = self.members[usize::from(actor)].take() {
                        self.last[usize::from(actor)] = member.status();
                    }
                }
                event => self.events.push(event),
            }
        }
    }

    /// Members can be added at any time.
    fn make_room(&mut self, actor: u16) {
        let count = self.members.len().max(usize::from(actor) + 1);
        self.members.resize_with(count, || None);
        self.last.resize_with(count, MemberStatus::default);
        if let Some(recorded) = &mut self.recorded {
            recorded.resize_with(count, Vec::new);
        }
    }

    /// What happened since the last call, but for members' processes, which are kept here.
    pub fn take_events(&mut self) -> Vec<LabEvent> {
        self.take_events_in();
        std::mem::take(&mut self.events)
    }

    /// Runs to the first leader, then on to a whole millisecond. The error names the time that
    /// passed without one.
    pub fn run_to_first_leader(&mut self, until: Micros) -> Result<Micros, String> {
        while self.lab.world().leader().is_none() {
            if !self.run_window(until) {
                return Err(format!("no leader within {} ms of virtual time", until / 1000));
            }
        }
        let leader_us = self.lab.now();
        self.run_until(leader_us.next_multiple_of(1000));
        Ok(leader_us)
    }

    /// Runs a console line to its end, for scripts and tests. None: still running at `until`.
    pub fn exec(&mut self, line: &str, until: Micros) -> Option<(i32, String)> {
        let exec = self.lab.exec("client", line).ok()?;
        loop {
            for event in self.take_events() {
                match event {
                    LabEvent::Done { exec: ended, code, output, .. } if ended == exec => {
                        return Some((code, output));
                    }
                    _ => {}
                }
            }
            if !self.run_window(until) {
                return None;
            }
        }
    }

    /// A look at what the leader has stored or, without a leader, the running member that applied
    /// most. None while no member runs. It changes nothing.
    pub fn look(&self, look: &Look) -> Option<Looked> {
        let running =
            |actor: u16| self.members.get(usize::from(actor)).is_some_and(Option::is_some);
        let from = self.lab.world().best_informed(running)?;
        self.members[usize::from(from)].as_ref()?.look(look)
    }

    /// What could stand at a place of a console line, as a Tab in the page asks for it.
    pub fn complete(&self, line: &str, cursor: u32) -> Completion {
        let ask = |looked| {
            let line = line.to_string();
            self.lab.client().ask(Ask::Complete { line, cursor, looked })
        };
        let answer = match ask(None) {
            Answer::Need(look) => ask(Some(Box::new(self.look(&look).unwrap_or_default()))),
            answer => answer,
        };
        match answer {
            Answer::Completion(completion) => completion,
            _ => Completion::default(),
        }
    }

    pub fn statuses(&self) -> Vec<MemberStatus> {
        self.members
            .iter()
            .zip(&self.last)
            .map(|(member, last)| member.as_ref().map_or_else(|| last.clone(), Member::status))
            .collect()
    }
}
