//! The text twin of the picture: the same facts as sentences.

use crate::cluster::{Cluster, Standing, cluster_of, clusters};
use crate::quorum::{Tally, tally};
use frame::{Frame, MemberView, Micros, PeerView, Role, Status};

/// The whole picture as sentences, most important first.
pub fn twin(frame: &Frame) -> Vec<String> {
    let mut lines = Vec::new();
    let clusters = clusters(frame);
    for cluster in &clusters {
        let tally = tally(cluster);
        let which = if clusters.len() > 1 { format!("{}: ", name(cluster)) } else { String::new() };
        let Tally { headline, detail, reserve, .. } = tally;
        lines.push(format!("{which}{headline}; {detail}. {reserve}."));
        lines.extend(cluster.members.iter().map(|m| format!("{}.", member_of(m, cluster))));
        lines.extend(cluster.absent().map(|peer| format!("{}.", absent(peer))));
    }
    lines.extend(cuts(frame));
    lines
}

/// `Cluster 1f2e…`, by its id in hex.
fn name(cluster: &Cluster) -> String {
    match cluster.id {
        0 => "Cluster not known yet".into(),
        id => format!("Cluster {id:x}"),
    }
}

/// One member in one sentence, without its full stop.
pub fn member(member: &MemberView, frame: &Frame) -> String {
    match cluster_of(frame, member) {
        Some(cluster) => member_of(member, &cluster),
        None => member.name.clone(),
    }
}

/// The same, with its cluster at hand.
pub(crate) fn member_of(member: &MemberView, cluster: &Cluster) -> String {
    let MemberView { name, term, commit, applied, .. } = member;
    let standing = cluster.standing(member);
    let state = match member.status {
        Status::Stopped | Status::Crashed => {
            let why = if member.reason.is_empty() {
                String::new()
            } else {
                format!(" ({})", member.reason)
            };
            let vote = if standing == Standing::Learner { ", a learner" } else { "" };
            return format!(
                "{name} is {}{why}{vote}; last known term {term}, commit {commit}",
                member.status.as_str()
            );
        }
        Status::Paused => format!("{name} is paused as {}", member.role.as_str()),
        Status::Running if standing == Standing::Removed => {
            format!("{name} was removed from the cluster; it is")
        }
        Status::Running => match member.role {
            Role::Leader if is_deposed(member, cluster) => {
                format!("{name} believes that it leads, but there is a newer leader; it is")
            }
            Role::Leader => format!("{name} leads"),
            Role::Learner if cluster.catches_up(member) => {
                format!("{name} is learner, without a vote, and catches up")
            }
            Role::Learner => format!("{name} is learner, without a vote,"),
            Role::Follower if member.leader.is_empty() => format!("{name} follows nobody"),
            Role::Follower => format!("{name} follows {}", member.leader),
            role => format!("{name} is {}", role.as_str()),
        },
    };
    let ahead = cluster.members.iter().map(|m| m.commit).max().unwrap_or(0);
    let behind = match ahead.saturating_sub(*commit) {
        0 => String::new(),
        n => format!(", {n} behind"),
    };
    let vote =
        if member.vote.is_empty() { String::new() } else { format!(", voted for {}", member.vote) };
    format!("{state} in term {term}{vote}; commit {commit}, applied {applied}{behind}")
}

/// Whether it leads an old term while another leads a newer one, as behind a cut link.
pub(crate) fn is_deposed(member: &MemberView, cluster: &Cluster) -> bool {
    member.role == Role::Leader && cluster.leader().is_some_and(|l| l.term > member.term)
}

/// A member that was added and never started, without the full stop.
pub(crate) fn absent(peer: &PeerView) -> String {
    let which =
        if peer.name.is_empty() { format!("member {:x}", peer.id) } else { peer.name.clone() };
    let counts =
        if peer.learner { "a learner, without a vote" } else { "it counts for the quorum" };
    format!("{which} is in the cluster and was not started; {counts}")
}

/// One sentence for each pair that is cut.
fn cuts(frame: &Frame) -> Vec<String> {
    let is_cut =
        |from: &str, to: &str| frame.links.iter().any(|l| l.from == from && l.to == to && l.cut);
    let mut lines = Vec::new();
    for link in frame.links.iter().filter(|l| l.cut) {
        let (from, to) = (&link.from, &link.to);
        if !is_cut(to, from) {
            lines.push(format!("The link from {from} to {to} is cut, the other direction works."));
        } else if from < to {
            lines.push(format!("The link between {from} and {to} is cut."));
        }
    }
    lines
}

/// What a listener should hear when one frame follows another: changes of role, status, term and
/// cuts always, of commit indexes only while time is held (a step), else it would never be quiet.
pub fn news(before: &Frame, after: &Frame) -> Vec<String> {
    let mut lines = Vec::new();
    for now in &after.members {
        let Some(was) = before.members.iter().find(|m| m.name == now.name) else {
            lines.push(format!("{}.", member(now, after)));
            continue;
        };
        let turned = was.role != now.role
            || was.status != now.status
            || was.term != now.term
            // One that joins a cluster says so once it knows.
            || (was.cluster_id != 0 && was.cluster_id != now.cluster_id);
        let moved = after.held && (was.commit != now.commit || was.applied != now.applied);
        if turned || moved {
            lines.push(format!("{}.", member(now, after)));
        }
    }
    let old_cuts = cuts(before);
    let new_cuts = cuts(after);
    if old_cuts != new_cuts {
        if new_cuts.is_empty() {
            lines.push("All links are healed.".into());
        }
        lines.extend(new_cuts.into_iter().filter(|line| !old_cuts.contains(line)));
    }
    lines
}

/// A time since the session's start: `12.345 s`.
pub fn time(micros: Micros) -> String {
    format!("{}.{:03} s", micros / 1_000_000, micros / 1000 % 1000)
}

/// A duration with the unit that suits it.
pub fn span(micros: Micros) -> String {
    match micros {
        0..=999 => format!("{micros} \u{b5}s"),
        1_000..=9_999 => format!("{}.{} ms", micros / 1000, micros / 100 % 10),
        10_000..=999_999 => format!("{} ms", micros / 1000),
        _ => format!("{}.{} s", micros / 1_000_000, micros / 100_000 % 10),
    }
}

/// At most `chars` characters, with an ellipsis where something is left out.
pub fn clip(text: &str, chars: usize) -> String {
    if text.chars().count() <= chars {
        return text.into();
    }
    let kept: String = text.chars().take(chars.saturating_sub(1)).collect();
    format!("{}\u{2026}", kept.trim_end())
}
