//! The arc behind the voters: it closes when a majority has agreed.

use crate::cluster::Cluster;
use crate::measure::Style;
use crate::place::{Place, Ring, arc};
use crate::room::LINE;
use crate::{Group, Shape, Sign, View, item, text};
use frame::{MemberView, Role, Status};
use std::f64::consts::PI;

/// What the voters of a cluster are agreeing on at this moment.
pub(crate) struct Tally {
    /// From whom the arc starts.
    from: String,
    agreed: usize,
    needed: usize,
    pub(crate) headline: String,
    pub(crate) detail: String,
    /// How many may fail, in words.
    pub(crate) reserve: String,
    sound: bool,
}

pub(crate) fn draw(cluster: &Cluster, ring: &Ring, place: &Place, view: &View) -> Group {
    let tally = tally(cluster);
    let mut items = Vec::new();
    if ring.count > 1 {
        items.push(item("quorum-track", Shape::Path(path(ring, -PI / 2.0, 1.0))));
        if tally.agreed > 0 && !view.starting {
            let part = tally.agreed as f64 / tally.needed as f64;
            let start = place.spot(&tally.from).map_or(-PI / 2.0, |spot| spot.angle);
            let class = if part >= 1.0 { "quorum-arc closed" } else { "quorum-arc" };
            items.push(item(class, Shape::Path(path(ring, start, part.min(1.0)))));
        }
    }
    let sign = Sign::Quorum { cluster: cluster.id };
    Group { sign, title: title(&tally, view), opacity: 1.0, items }
}

fn title(tally: &Tally, view: &View) -> String {
    if view.starting {
        "The cluster is starting".into()
    } else {
        format!("{}. {}. {}", tally.headline, tally.detail, tally.reserve)
    }
}

fn path(ring: &Ring, start: f64, part: f64) -> String {
    arc(ring.center, ring.rx, ring.ry, start, part)
}

/// What is being agreed on, in words, in the ring or below it.
pub(crate) fn caption(cluster: &Cluster, ring: &Ring, view: &View) -> Group {
    let tally = tally(cluster);
    let (slot, x) = (ring.headline, ring.center.x);
    let headline = if tally.sound { "headline" } else { "headline bad" };
    let mut lines: Vec<(&str, &str)> = Vec::new();
    if view.starting {
        lines.push(("headline", "Starting"));
    } else {
        for (class, words) in [(headline, &tally.headline), ("detail", &tally.detail)] {
            match words.split_once(", ").filter(|_| slot.broken) {
                Some((first, second)) => lines.extend([(class, first), (class, second)]),
                None => lines.push((class, words)),
            }
        }
    }
    let first = slot.middle - LINE * (lines.len() as f64 - 1.0) / 2.0 + 5.0;
    let mut items = Vec::new();
    for (index, (class, words)) in lines.into_iter().enumerate() {
        let words = Style::of(class).fit(slot.width, &[words.to_string()]);
        items.extend(words.map(|words| text(class, x, first + LINE * index as f64, words)));
    }
    let sign = Sign::Headline { cluster: cluster.id };
    Group { sign, title: title(&tally, view), opacity: 1.0, items }
}

/// Who agrees on what: votes while someone campaigns, copies of the newest entry otherwise.
pub(crate) fn tally(cluster: &Cluster) -> Tally {
    let voters = cluster.voters();
    let (all, needed) = (voters.len(), voters.len() / 2 + 1);
    let is_voter = |name: &str| voters.contains(&name);
    let runs = |m: &&&MemberView| m.status == Status::Running && is_voter(&m.name);
    let running = cluster.members.iter().filter(runs).count();
    let leader = cluster.leader();
    let campaigns = |role| matches!(role, Role::Candidate | Role::PreCandidate);
    let candidate = cluster.on_top(campaigns);
    let (from, agreed, headline, detail) = match (leader, candidate) {
        (Some(leader), rival) if rival.is_none_or(|r| r.term <= leader.term) => {
            let agreed = voters.iter().filter(|voter| has_newest(leader, voter)).count();
            let headline = format!("{} leads term {}", leader.name, leader.term);
            let detail =
                format!("entry {} on {agreed} of {all}, {needed} needed", leader.last_index);
            (leader.name.as_str(), agreed, headline, detail)
        }
        (_, Some(candidate)) => {
            let granted = candidate.votes_granted.iter().filter(|name| is_voter(name)).count();
            let what = if candidate.role == Role::PreCandidate { "pre-votes" } else { "votes" };
            let headline = format!("{} asks for {what}, term {}", candidate.name, candidate.term);
            let detail = format!("{granted} of {all} granted, {needed} needed");
            (candidate.name.as_str(), granted, headline, detail)
        }
        _ if running < needed => {
            let detail = format!("{running} of {all} run, {needed} needed");
            ("", 0, "No quorum".into(), detail)
        }
        _ => ("", 0, "No leader".into(), format!("an election needs {needed} of {all}")),
    };
    Tally {
        from: from.into(),
        agreed,
        needed,
        headline,
        detail,
        reserve: reserve(running, needed),
        sound: running >= needed,
    }
}

fn reserve(running: usize, needed: usize) -> String {
    match running.checked_sub(needed) {
        None => "Too few members run".into(),
        Some(0) => "No member may fail".into(),
        Some(1) => "One more may fail".into(),
        Some(more) => format!("{more} more may fail"),
    }
}

fn has_newest(leader: &MemberView, voter: &str) -> bool {
    voter == leader.name
        || leader.matches.iter().any(|(n, index)| n == voter && *index >= leader.last_index)
}
