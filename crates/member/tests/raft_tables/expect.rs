//! What an interaction table says a directive did: its text taken apart.
//!
//! Taken are Readies, messages received and dropped, refusals, the lines about states, and from
//! Go's log lines the role and term that a node came to and the configuration that it switched to.

use std::collections::BTreeMap;

/// Something that happened in the room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    Ready(ReadyDump),
    Received { message: String, error: Option<String> },
    Dropped(String),
}

/// One Ready in etcd's notation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ReadyDump {
    pub(crate) node: u64,
    /// `None` where the two libraries mean different things by it.
    pub(crate) must_sync: Option<bool>,
    pub(crate) soft: Option<String>,
    pub(crate) hard: Option<String>,
    pub(crate) snapshot: Option<String>,
    pub(crate) entries: Vec<String>,
    pub(crate) committed: Vec<String>,
    /// In order of their destination, as the member sends them.
    pub(crate) messages: Vec<String>,
}

#[derive(Debug, Default)]
pub(crate) struct Expected {
    pub(crate) events: Vec<Event>,
    pub(crate) lines: Vec<String>,
    pub(crate) error: Option<String>,
    /// By node: the last `leader at term 1` and the like.
    pub(crate) roles: BTreeMap<u64, String>,
    /// By node: the last configuration that it switched to.
    pub(crate) configurations: BTreeMap<u64, String>,
    /// By node: the state in which a new one starts.
    pub(crate) started: BTreeMap<u64, String>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Section {
    None,
    Entries,
    Committed,
    Messages,
}

fn is_message(line: &str) -> bool {
    let Some((from, rest)) = line.split_once("->") else { return false };
    from.parse::<u64>().is_ok() && rest.split(' ').nth(1).is_some_and(|w| w.starts_with("Msg"))
}

fn is_entry(line: &str) -> bool {
    let Some((at, kind)) = line.split_once(' ') else { return false };
    let Some((term, index)) = at.split_once('/') else { return false };
    term.parse::<u64>().is_ok() && index.parse::<u64>().is_ok() && kind.starts_with("Entry")
}

/// Destination of a message.
pub(crate) fn destination(message: &str) -> u64 {
    let to = message.split_once("->").and_then(|(_, rest)| rest.split(' ').next());
    to.and_then(|to| to.parse().ok()).expect("a message")
}

/// Messages that Go breaks over lines in one line each.
fn joined(lines: &[String]) -> Vec<String> {
    let mut lines = lines.iter().map(|line| line.trim()).peekable();
    let mut joined = Vec::new();
    while let Some(line) = lines.next() {
        let mut line = line.to_owned();
        if line.ends_with("Entries:[") {
            let entries: Vec<&str> = lines.by_ref().take_while(|entry| *entry != "]").collect();
            line.push_str(&entries.join(", "));
            line.push(']');
        }
        if let Some(snapshot) = lines.next_if(|next| next.starts_with("Snapshot: ")) {
            line.push(' ');
            line.push_str(snapshot);
        }
        joined.push(line);
    }
    joined
}

/// Reads an expectation; `node` is whom a Ready without a heading belongs to.
pub(crate) fn parse(lines: &[String], node: u64) -> Expected {
    let mut expected = Expected::default();
    let (mut node, mut section) = (node, Section::None);
    for line in joined(lines) {
        let level = line.split(' ').next().unwrap_or_default();
        if let Some(heading) = line.strip_prefix("> ") {
            node = heading.split(' ').next().and_then(|id| id.parse().ok()).expect("a node");
            section = Section::None;
        } else if let Some(must_sync) = line.strip_prefix("Ready MustSync=") {
            let must_sync = Some(must_sync == "true:");
            expected.events.push(Event::Ready(ReadyDump { node, must_sync, ..Default::default() }));
            section = Section::None;
        } else if matches!(level, "DEBUG" | "INFO" | "WARN" | "ERROR") {
            log_line(&mut expected, &line[level.len() + 1..]);
        } else if let Some(dropped) = line.strip_prefix("dropped: ") {
            expected.events.push(Event::Dropped(dropped.to_owned()));
        } else if line.starts_with("raft: ") {
            if let Some(Event::Received { error, .. }) = expected.events.last_mut() {
                *error = Some(line);
            }
        } else if line == "raft proposal dropped" {
            expected.error = Some("raft: proposal dropped".to_owned());
        } else if line != "ok"
            && !line.is_empty()
            && !ready_line(&mut expected, &mut section, &line)
        {
            if is_message(&line) {
                expected.events.push(Event::Received { message: line, error: None });
            } else {
                expected.lines.push(line);
            }
        }
    }
    for event in &mut expected.events {
        if let Event::Ready(ready) = event {
            ready.messages.sort_by_key(|message| destination(message));
            if ready.snapshot.is_some() {
                ready.must_sync = None;
            }
        }
    }
    expected
}

/// Takes a line that belongs to the Ready above it.
fn ready_line(expected: &mut Expected, section: &mut Section, line: &str) -> bool {
    let Some(Event::Ready(ready)) = expected.events.last_mut() else { return false };
    match line {
        "Entries:" => *section = Section::Entries,
        "CommittedEntries:" => *section = Section::Committed,
        "Messages:" => *section = Section::Messages,
        _ if line.starts_with("Lead:") => ready.soft = Some(line.to_owned()),
        _ if line.starts_with("HardState ") => {
            ready.hard = Some(line["HardState ".len()..].to_owned());
        }
        _ if line.starts_with("Snapshot ") => {
            ready.snapshot = Some(line["Snapshot ".len()..].to_owned());
        }
        _ if *section == Section::Entries && is_entry(line) => ready.entries.push(line.to_owned()),
        _ if *section == Section::Committed && is_entry(line) => {
            ready.committed.push(line.to_owned());
        }
        _ if *section == Section::Messages && is_message(line) => {
            ready.messages.push(line.to_owned());
        }
        _ => return false,
    }
    true
}

/// What one of Go's log lines says about a state, if anything.
fn log_line(expected: &mut Expected, line: &str) {
    if let Some(started) = line.strip_prefix("newRaft ") {
        let (id, state) = started.split_once(' ').expect("a node and its state");
        let state = state.split_once("], ").map_or(state, |(_, state)| state);
        expected.started.insert(id.parse().expect("an id"), state.trim_end_matches(']').to_owned());
        return;
    }
    if let Some((_, unreachable)) = line.split_once(" failed to send message to ") {
        let (id, _) = unreachable.split_once(' ').expect("an id");
        let progress = unreachable.split_once('[').map_or("", |(_, rest)| rest);
        expected.lines.push(format!("{id}: {}", progress.trim_end_matches(']')));
        return;
    }
    let Some((Ok(id), said)) = line.split_once(' ').map(|(id, said)| (id.parse(), said)) else {
        return;
    };
    if let Some(role) = said.strip_prefix("became ") {
        expected.roles.insert(id, role.to_owned());
    }
    if let Some(configuration) = said.strip_prefix("switched to configuration ") {
        expected.configurations.insert(id, configuration.to_owned());
    }
}
