//! Votes and commit indexes of majorities and of pairs of majorities.
//!
//! Compared is the verdict, the last line of each case; the picture above it is drawn by the other
//! side's harness. raft-rs does not let a caller build a pair of majorities or hand in commit
//! indexes, so each configuration is reached the way a cluster reaches it: single changes up to
//! the outgoing half, then one joint change. A pair must give the same verdict with its halves
//! exchanged, and a majority the same when it is paired with itself.

use raft::eraftpb::{ConfChangeSingle, ConfChangeType};
use raft::{Changer, MajorityConfig, ProgressTracker};

use crate::datadriven::Case;
use crate::report::Outcome;

fn change(id: u64, change_type: ConfChangeType) -> ConfChangeSingle {
    let mut change = ConfChangeSingle { node_id: id, ..ConfChangeSingle::default() };
    change.set_change_type(change_type);
    change
}

/// A tracker whose configuration is `incoming`, joint with `outgoing` unless that is empty.
fn tracker(incoming: &[u64], outgoing: &[u64]) -> ProgressTracker {
    let mut tracker = ProgressTracker::new(16);
    let first = if outgoing.is_empty() { incoming } else { outgoing };
    for id in first {
        let add = [change(*id, ConfChangeType::AddNode)];
        let (conf, changes) = Changer::new(&tracker).simple(&add).expect("a simple change");
        tracker.apply_conf(conf, changes, 1);
    }
    if !outgoing.is_empty() {
        let gone = outgoing.iter().filter(|id| !incoming.contains(id));
        let mut steps: Vec<_> = gone.map(|id| change(*id, ConfChangeType::RemoveNode)).collect();
        steps.extend(incoming.iter().map(|id| change(*id, ConfChangeType::AddNode)));
        let (conf, changes) =
            Changer::new(&tracker).enter_joint(false, &steps).expect("a joint change");
        tracker.apply_conf(conf, changes, 1);
    }
    tracker
}

/// Voters of an argument; absent or `zero` is the empty majority.
fn ids(case: &Case, key: &str) -> Vec<u64> {
    let values = case.values(key).unwrap_or_default().iter();
    values.filter(|v| *v != "zero").map(|v| v.parse().expect("an id")).collect()
}

/// The voters of both halves in the order in which the tables give their values.
fn voters(incoming: &[u64], outgoing: &[u64]) -> Vec<u64> {
    let mut voters = incoming.to_vec();
    voters.extend(outgoing.iter().filter(|id| !incoming.contains(id)));
    voters
}

/// The values of an argument by voter, without the placeholders.
fn by_voter<'a>(case: &'a Case, key: &str, voters: &[u64]) -> Vec<(u64, &'a str)> {
    let values = case.values(key).unwrap_or_default();
    assert!(values.is_empty() || values.len() == voters.len(), "line {}: values", case.line);
    let pairs = voters.iter().copied().zip(values.iter().map(String::as_str));
    pairs.filter(|(_, value)| *value != "_").collect()
}

fn committed(case: &Case, group_commit: bool, incoming: &[u64], outgoing: &[u64]) -> String {
    let order = voters(&ids(case, "cfg"), &ids(case, "cfgj"));
    let mut tracker = tracker(incoming, outgoing);
    tracker.enable_group_commit(group_commit);
    for (id, index) in by_voter(case, "idx", &order) {
        tracker.get_mut(id).expect("a voter").matched = index.parse().expect("an index");
    }
    for (id, group) in by_voter(case, "gid", &order) {
        tracker.get_mut(id).expect("a voter").commit_group_id = group.parse().expect("a group");
    }
    match tracker.maximal_committed_index().0 {
        u64::MAX => "∞".to_owned(),
        index => index.to_string(),
    }
}

fn vote(case: &Case, incoming: &[u64], outgoing: &[u64]) -> String {
    let order = voters(&ids(case, "cfg"), &ids(case, "cfgj"));
    let votes = by_voter(case, "votes", &order);
    let granted = |id: u64| votes.iter().find(|(voter, _)| *voter == id).map(|(_, v)| *v == "y");
    let mut tracker = tracker(incoming, outgoing);
    for (id, _) in &votes {
        tracker.record_vote(*id, granted(*id).expect("a vote"));
    }
    let verdict = tracker.tally_votes().2.to_string();
    assert_eq!(tracker.conf().voters().vote_result(granted).to_string(), verdict);
    if outgoing.is_empty() {
        let majority = MajorityConfig::new(incoming.iter().copied().collect());
        assert_eq!(majority.vote_result(granted).to_string(), verdict);
    }
    verdict
}

pub(crate) fn run(case: &Case) -> Outcome {
    let verdict = |incoming: &[u64], outgoing: &[u64]| match case.command.as_str() {
        "committed" => committed(case, false, incoming, outgoing),
        "group_committed" => committed(case, true, incoming, outgoing),
        "vote" => vote(case, incoming, outgoing),
        other => panic!("unknown directive {other}"),
    };
    let last = case.expected.last().expect("an expectation");
    let expected = last.strip_prefix("<empty majority quorum>").unwrap_or(last);
    let (incoming, outgoing) = (ids(case, "cfg"), ids(case, "cfgj"));
    let mut verdicts = vec![("as given", verdict(&incoming, &outgoing))];
    if outgoing.is_empty() {
        verdicts.push(("paired with itself", verdict(&incoming, &incoming)));
    } else {
        verdicts.push(("halves exchanged", verdict(&outgoing, &incoming)));
    }
    match verdicts.iter().find(|(_, verdict)| verdict != expected) {
        Some((how, verdict)) => Outcome::Differs(format!("  {how}: {verdict}, not {expected}")),
        None => Outcome::Agrees,
    }
}
