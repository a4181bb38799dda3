//! Whole interactions: elections, replication, snapshots, configuration changes, directive by
//! directive.
//!
//! A directive is compared at two levels. Exact: the same Readies with the same content, the same
//! messages received and dropped, in the same order. Same content: every pair of nodes exchanged
//! the same messages in the same order, every node appended and committed the same entries,
//! restored the same snapshots and stored the same last hard state, but in other Readies. A node that appends or commits some directives
//! early is listed there, and held until the table catches up. Lines about states,
//! refusals, roles, terms and configurations are compared at both levels.
//!
//! Where a table is silent (`log-level none`) there is only the refusal to compare: such a
//! directive is counted as set-up. At the end of a file, what was last said about role, term,
//! configuration and hard state of each node must hold, whatever happened in between.

use std::collections::BTreeMap;

use crate::datadriven::Case;
use crate::env::{Answer, Env};
use crate::expect::{self, Event, Expected, destination};
use crate::notation;
use crate::report::Outcome;

/// How many directives of a file reached which level.
#[derive(Default)]
pub(crate) struct Levels {
    pub(crate) exact: usize,
    pub(crate) same_content: usize,
    pub(crate) set_up: usize,
}

/// What is left of both sides' sequences after their common beginning.
#[derive(Default)]
struct Streams {
    expected: BTreeMap<String, Vec<String>>,
    actual: BTreeMap<String, Vec<String>>,
}

/// What the table has said about the nodes, and not taken back by a silent directive.
#[derive(Default)]
struct Said {
    roles: BTreeMap<u64, String>,
    configurations: BTreeMap<u64, String>,
    hard: BTreeMap<u64, String>,
}

#[derive(Default)]
pub(crate) struct Interaction {
    env: Env,
    pub(crate) panicked: bool,
    silent: bool,
    streams: Streams,
    said: Said,
    /// The last hard state of each node: what its storage has.
    hard: BTreeMap<u64, String>,
    pub(crate) levels: Levels,
}

impl Interaction {
    pub(crate) fn run(&mut self, case: &Case) -> Outcome {
        if case.command == "log-level" {
            self.silent = case.args[0].key == "none";
        }
        let node = case.args.first().and_then(|arg| arg.key.parse().ok()).unwrap_or_default();
        let expected = expect::parse(&case.expected, node);
        if self.panicked {
            return Outcome::NotReached;
        }
        let run = std::panic::AssertUnwindSafe(|| self.env.run(case));
        let Ok(answer) = std::panic::catch_unwind(run) else {
            self.panicked = true;
            self.said = Said::default();
            return Outcome::Differs("  raft-rs panicked".to_owned());
        };
        for event in &answer.events {
            if let Event::Ready(ready) = event
                && let Some(hard) = &ready.hard
            {
                self.hard.insert(ready.node, hard.clone());
            }
        }
        if expected.error != answer.error {
            return Outcome::Differs(format!("  {:?}\n  not {:?}", answer.error, expected.error));
        }
        let said_ok = case.expected == ["ok"];
        if case.command == "log-level" || (self.silent && said_ok) {
            self.levels.set_up += 1;
            self.streams = Streams::default();
            self.said = Said::default();
            return Outcome::Agrees;
        }
        self.compare(case, &expected, &answer)
    }

    fn compare(&mut self, case: &Case, expected: &Expected, answer: &Answer) -> Outcome {
        let held = !self.streams.expected.is_empty() || !self.streams.actual.is_empty();
        let exact = !held && expected.events == answer.events;
        self.say(expected);
        let mut wrong = self.streams.take(&expected.events, &answer.events);
        wrong.extend(lines(case, &expected.lines, &answer.lines));
        wrong.extend(self.started(expected));
        wrong.extend(self.wrong_states());
        if !wrong.is_empty() {
            return Outcome::Differs(wrong.join("\n"));
        }
        let level = if exact { &mut self.levels.exact } else { &mut self.levels.same_content };
        *level += 1;
        Outcome::Agrees
    }

    fn say(&mut self, expected: &Expected) {
        self.said.roles.extend(expected.roles.clone());
        self.said.configurations.extend(expected.configurations.clone());
        for event in &expected.events {
            if let Event::Ready(ready) = event
                && let Some(hard) = &ready.hard
            {
                self.said.hard.insert(ready.node, hard.clone());
            }
        }
    }

    /// Nodes that do not start where the table's do.
    fn started(&self, expected: &Expected) -> Option<String> {
        expected.started.iter().find_map(|(id, state)| {
            let log = &self.env.nodes[id].raft.raft_log;
            let actual = format!(
                "term: {}, commit: {}, applied: {}, lastindex: {}, lastterm: {}",
                self.env.nodes[id].raft.term,
                log.committed,
                log.applied,
                log.last_index(),
                log.last_term()
            );
            (actual != *state).then(|| format!("  {id} starts at {actual}\n  not {state}"))
        })
    }

    /// What was last said about the nodes and does not hold.
    pub(crate) fn wrong_states(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        let mut check = |what: &str, id: u64, said: &String, actual: &str| {
            if said != actual {
                wrong.push(format!("  {what} of {id} is {actual}, not {said}"));
            }
        };
        for (id, said) in &self.said.roles {
            let raft = &self.env.nodes[id].raft;
            let actual = format!("{} at term {}", notation::role(raft.state), raft.term);
            check("role", *id, said, &actual);
        }
        for (id, said) in &self.said.configurations {
            let actual = crate::confchange::describe(self.env.nodes[id].raft.prs());
            check("configuration", *id, said, &actual);
        }
        for (id, said) in &self.said.hard {
            check("hard state", *id, said, self.hard.get(id).map_or("none", String::as_str));
        }
        wrong
    }
}

/// The lines about states must be the same, one by one.
fn lines(case: &Case, expected: &[String], actual: &[String]) -> Option<String> {
    // What a silent part of a table compacted to is not told.
    if expected == actual || (case.command == "compact" && expected.is_empty()) {
        return None;
    }
    Some(format!("  {}\n  not\n  {}", actual.join("\n  "), expected.join("\n  ")))
}

impl Streams {
    /// Adds one directive's events, drops what both sides have, and tells what they have not.
    fn take(&mut self, expected: &[Event], actual: &[Event]) -> Vec<String> {
        let mut names: Vec<String> = spread(&mut self.expected, expected);
        names.extend(spread(&mut self.actual, actual));
        names.sort_unstable();
        names.dedup();
        let mut wrong = Vec::new();
        for name in names {
            let mut expected = self.expected.remove(&name).unwrap_or_default();
            let mut actual = self.actual.remove(&name).unwrap_or_default();
            let same = expected.iter().zip(&actual).take_while(|(e, a)| e == a).count();
            expected.drain(..same);
            actual.drain(..same);
            for (side, rest) in [("too few", &expected), ("too many", &actual)] {
                wrong.extend(rest.iter().map(|item| format!("  {name}, {side}: {item}")));
            }
            // A node may be early with its own log; a message too many is one for good, and two
            // different continuations never meet again.
            let may_be_early = !name.contains("->");
            match (expected.is_empty(), actual.is_empty()) {
                (false, true) if may_be_early => drop(self.expected.insert(name, expected)),
                (true, false) if may_be_early => drop(self.actual.insert(name, actual)),
                _ => {}
            }
        }
        wrong
    }
}

/// Sorts events into sequences whose order means something, and names those that grew.
fn spread(streams: &mut BTreeMap<String, Vec<String>>, events: &[Event]) -> Vec<String> {
    let mut grown = Vec::new();
    let mut add = |name: String, item: &String| {
        streams.entry(name.clone()).or_default().push(item.clone());
        grown.push(name);
    };
    for event in events {
        match event {
            Event::Ready(ready) => {
                let id = ready.node;
                ready.entries.iter().for_each(|e| add(format!("appended by {id}"), e));
                ready.committed.iter().for_each(|e| add(format!("committed by {id}"), e));
                ready.snapshot.iter().for_each(|s| add(format!("restored by {id}"), s));
                for message in &ready.messages {
                    add(format!("sent {id}->{}", destination(message)), message);
                }
            }
            Event::Received { message, error } => {
                let link = message.split(' ').next().unwrap_or_default();
                let refused = error.as_ref().map_or(String::new(), |error| format!(" {error}"));
                add(format!("received {link}"), &format!("{message}{refused}"));
            }
            Event::Dropped(message) => {
                let link = message.split(' ').next().unwrap_or_default();
                add(format!("dropped {link}"), message);
            }
        }
    }
    grown
}
