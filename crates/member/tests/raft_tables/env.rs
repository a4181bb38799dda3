//! Nodes in one room: raft-rs driven by the directives of an interaction table.
//!
//! Each node is configured and driven as the member drives it (`advance_append_async`,
//! `on_persist_ready`, messages in order of their destination), with a disk that takes no time.
//! The clock is the tables': an election after 3 ticks, a heartbeat every tick, and check-quorum
//! and pre-vote only where a table asks for them.

use std::collections::BTreeMap;

use raft::eraftpb::{
    ConfChange, ConfChangeTransition, ConfChangeV2, ConfState, Entry, EntryType, Message,
    MessageType, Snapshot,
};
use raft::{Config, RawNode};

use crate::confchange::changes;
use crate::datadriven::Case;
use crate::expect::{Event, ReadyDump};
use crate::notation;
use crate::store::Store;

/// The member's limits; the tables override the second.
const SIZE_PER_MSG_BYTES_MAX: u64 = 1 << 20;
const INFLIGHT_MSGS_MAX: usize = 512;

const ELECTION_TICKS: usize = 3;

#[derive(Default)]
pub(crate) struct Env {
    /// Not what the tables expect: a leader that applies its own removal becomes a follower.
    pub(crate) removed_leaders_step_down: bool,
    pub(crate) nodes: BTreeMap<u64, RawNode<Store>>,
    pub(crate) network: Vec<Message>,
}

/// What one directive did.
#[derive(Default)]
pub(crate) struct Answer {
    pub(crate) events: Vec<Event>,
    /// Lines about a state that the directive asks for.
    pub(crate) lines: Vec<String>,
    pub(crate) error: Option<String>,
}

/// Ids of a directive's arguments, or of an argument's values.
fn ids<'a>(words: impl IntoIterator<Item = &'a String>) -> Vec<u64> {
    words.into_iter().filter_map(|word| word.parse().ok()).collect()
}

fn targets(case: &Case) -> Vec<u64> {
    ids(case.args.iter().filter(|arg| arg.values.is_empty()).map(|arg| &arg.key))
}

impl Env {
    pub(crate) fn run(&mut self, case: &Case) -> Answer {
        let mut answer = Answer::default();
        let nodes = targets(case);
        let first = nodes.first().copied().unwrap_or_default();
        let result = match case.command.as_str() {
            "log-level" => Ok(()),
            "add-nodes" => {
                self.add_nodes(case, first);
                Ok(())
            }
            "campaign" => self.node(first).campaign(),
            "propose" => {
                let data = case.args[1].key.clone().into_bytes();
                self.node(first).propose(Vec::new(), data)
            }
            "propose-conf-change" => self.propose_conf_change(case, first),
            "process-ready" => {
                nodes.iter().for_each(|id| self.process_ready(*id, &mut answer.events));
                Ok(())
            }
            "deliver-msgs" => {
                self.deliver(case, &nodes, &mut answer.events);
                Ok(())
            }
            "stabilize" => {
                self.stabilize(&nodes, &mut answer.events);
                Ok(())
            }
            "tick-heartbeat" => {
                self.node(first).tick();
                Ok(())
            }
            "tick-election" => {
                (0..ELECTION_TICKS).for_each(|_| {
                    self.node(first).tick();
                });
                Ok(())
            }
            "set-randomized-election-timeout" => {
                let ticks = case.value("timeout").expect("a timeout").parse().expect("ticks");
                self.node(first).raft.set_randomized_election_timeout(ticks);
                Ok(())
            }
            "transfer-leadership" => {
                let id = |key| case.value(key).expect("an id").parse().expect("an id");
                self.node(id("from")).transfer_leader(id("to"));
                Ok(())
            }
            "report-unreachable" => {
                self.node(first).report_unreachable(nodes[1]);
                let status = self.nodes[&first].status();
                let name = format!("{}: ", nodes[1]);
                let mut lines = notation::progress(&status).into_iter();
                answer.lines.extend(lines.find(|line| line.starts_with(&name)));
                Ok(())
            }
            "compact" => {
                self.node(first).mut_store().compact(nodes[1]);
                answer.lines = self.log(first);
                Ok(())
            }
            "raft-log" => {
                answer.lines = self.log(first);
                Ok(())
            }
            "raft-state" => {
                answer.lines = self.nodes.values().map(state).collect();
                Ok(())
            }
            "status" => {
                answer.lines = notation::progress(&self.nodes[&first].status());
                Ok(())
            }
            "send-snapshot" => {
                let message = self.send_snapshot(first, nodes[1]);
                answer.events.push(Event::Received { message, error: None });
                Ok(())
            }
            other => panic!("line {}: unknown directive {other}", case.line),
        };
        answer.error = result.err().map(|error| error.to_string());
        answer
    }

    fn node(&mut self, id: u64) -> &mut RawNode<Store> {
        self.nodes.get_mut(&id).expect("a node")
    }

    fn add_nodes(&mut self, case: &Case, count: u64) {
        let flag = |key| case.value(key) == Some("true");
        let index: u64 = case.value("index").map_or(0, |i| i.parse().expect("an index"));
        let inflight = case.value("inflight").map(|i| i.parse().expect("a number"));
        let mut snapshot = Snapshot::default();
        if index > 0 {
            let conf_state = ConfState::from((
                ids(case.values("voters").unwrap_or_default()),
                ids(case.values("learners").unwrap_or_default()),
            ));
            let meta = snapshot.mut_metadata();
            (meta.index, meta.term) = (index, 1);
            meta.set_conf_state(conf_state);
        }
        for _ in 0..count {
            let id = self.nodes.len() as u64 + 1;
            let config = Config {
                id,
                election_tick: ELECTION_TICKS,
                heartbeat_tick: 1,
                applied: index,
                max_size_per_msg: SIZE_PER_MSG_BYTES_MAX,
                max_inflight_msgs: inflight.unwrap_or(INFLIGHT_MSGS_MAX),
                check_quorum: flag("checkquorum"),
                pre_vote: flag("prevote"),
                ..Config::default()
            };
            let logger = slog::Logger::root(slog::Discard, slog::o!());
            let node = RawNode::new(&config, Store::new(snapshot.clone()), &logger);
            self.nodes.insert(id, node.expect("a node"));
        }
    }

    fn propose_conf_change(&mut self, case: &Case, id: u64) -> raft::Result<()> {
        let changes = changes(&case.input).expect("changes that raft-rs has");
        if case.value("v1") == Some("true") {
            let mut change = ConfChange { node_id: changes[0].node_id, ..ConfChange::default() };
            change.set_change_type(changes[0].get_change_type());
            return self.node(id).propose_conf_change(Vec::new(), change);
        }
        let mut change = ConfChangeV2::default();
        change.set_changes(changes.into());
        change.set_transition(match case.value("transition") {
            None | Some("auto") => ConfChangeTransition::Auto,
            Some("implicit") => ConfChangeTransition::Implicit,
            Some("explicit") => ConfChangeTransition::Explicit,
            Some(other) => panic!("unknown transition {other}"),
        });
        self.node(id).propose_conf_change(Vec::new(), change)
    }

    fn send_snapshot(&mut self, from: u64, to: u64) -> String {
        let node = self.node(from);
        let mut message = Message { from, to, term: node.raft.term, ..Message::default() };
        message.set_msg_type(MessageType::MsgSnapshot);
        message.set_snapshot(node.store().latest_snapshot().clone());
        let text = notation::message(&message);
        self.network.push(message);
        text
    }

    /// One Ready, from the call to its last consequence.
    fn process_ready(&mut self, id: u64, events: &mut Vec<Event>) {
        let steps_down = self.removed_leaders_step_down;
        let node = self.node(id);
        if !node.has_ready() {
            return;
        }
        let mut ready = node.ready();
        let mut messages = ready.take_messages();
        messages.extend(ready.take_persisted_messages());
        messages.sort_by_key(|m| m.to);
        let committed = ready.take_committed_entries();
        let number = ready.number();
        let has_snapshot = !ready.snapshot().is_empty();
        let restored = ready.snapshot().get_metadata().index;
        let lines = |entries: &[Entry]| entries.iter().map(notation::entry).collect();
        events.push(Event::Ready(ReadyDump {
            node: id,
            // Go does not count a snapshot as something to be synced.
            must_sync: (!has_snapshot).then(|| ready.must_sync()),
            soft: ready.ss().map(|soft| {
                format!("Lead:{} State:{}", soft.leader_id, notation::role_state(soft.raft_state))
            }),
            hard: ready.hs().map(notation::hard_state),
            snapshot: has_snapshot.then(|| notation::snapshot(ready.snapshot())),
            entries: lines(ready.entries()),
            committed: lines(&committed),
            messages: messages.iter().map(notation::message).collect(),
        }));
        let store = node.mut_store();
        if has_snapshot {
            store.restore(ready.snapshot());
        }
        store.append(ready.entries());
        if let Some(hard_state) = ready.hs() {
            store.set_hard_state(hard_state.clone());
        }
        node.advance_append_async(ready);
        for entry in &committed {
            apply(node, entry);
            let raft = &mut node.raft;
            if steps_down && raft.leader_id == id && raft.prs().get(id).is_none() {
                let term = raft.term;
                raft.become_follower(term, raft::INVALID_ID);
            }
        }
        node.on_persist_ready(number);
        match committed.last() {
            Some(last) => node.advance_apply_to(last.index),
            None if has_snapshot => node.advance_apply_to(restored),
            None => {}
        }
        self.network.extend(messages);
    }

    fn deliver(&mut self, case: &Case, nodes: &[u64], events: &mut Vec<Event>) {
        for id in nodes {
            self.receive(*id, case.value("type"), false, events);
        }
        for id in ids(case.values("drop").unwrap_or_default()) {
            self.receive(id, case.value("type"), true, events);
        }
    }

    /// Delivers or drops what is under way to one node. True if there was anything.
    fn receive(
        &mut self,
        id: u64,
        kind: Option<&str>,
        drop: bool,
        events: &mut Vec<Event>,
    ) -> bool {
        let is_meant = |m: &Message| {
            let text = notation::message(m);
            m.to == id && kind.is_none_or(|kind| text.split(' ').nth(1) == Some(kind))
        };
        let (arrived, rest): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.network).into_iter().partition(is_meant);
        self.network = rest;
        let any = !arrived.is_empty();
        for message in arrived {
            let text = notation::message(&message);
            if drop {
                events.push(Event::Dropped(text));
                continue;
            }
            let error = self.node(id).step(message).err().map(|error| error.to_string());
            events.push(Event::Received { message: text, error });
        }
        any
    }

    /// Readies of all, then messages to all, until nobody has anything to do.
    fn stabilize(&mut self, only: &[u64], events: &mut Vec<Event>) {
        let all: Vec<u64> = self.nodes.keys().copied().collect();
        let nodes = if only.is_empty() { &all[..] } else { only };
        for _ in 0..1_000 {
            let mut done = true;
            for id in nodes {
                if self.nodes[id].has_ready() {
                    done = false;
                    self.process_ready(*id, events);
                }
            }
            for id in nodes {
                done &= !self.receive(*id, None, false, events);
            }
            if done {
                return;
            }
        }
        panic!("a room that never comes to rest");
    }

    fn log(&self, id: u64) -> Vec<String> {
        use raft::Storage;
        let store = self.nodes[&id].store();
        if store.log().is_empty() {
            let (first, last) = (store.first_index(), store.last_index());
            let (first, last) = (first.expect("an index"), last.expect("an index"));
            return vec![format!("log is empty: first index={first}, last index={last}")];
        }
        store.log().iter().map(notation::entry).collect()
    }
}

fn apply(node: &mut RawNode<Store>, entry: &Entry) {
    let conf_state = match entry.get_entry_type() {
        EntryType::EntryNormal => None,
        EntryType::EntryConfChange => Some(node.apply_conf_change(&notation::conf_change(entry))),
        EntryType::EntryConfChangeV2 => {
            Some(node.apply_conf_change(&notation::conf_change_v2(entry)))
        }
    };
    let conf_state = conf_state.map(|result| result.expect("a change that can be applied"));
    node.mut_store().applied(entry, conf_state);
}

/// A line of `raft-state`.
fn state(node: &RawNode<Store>) -> String {
    let raft = &node.raft;
    let voter = if raft.prs().conf().voters().contains(raft.id) { "Voter" } else { "Non-Voter" };
    let role = notation::role_state(raft.state);
    format!("{}: {role} ({voter}) Term:{} Lead:{}", raft.id, raft.term, raft.leader_id)
}
