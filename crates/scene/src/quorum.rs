//! The arc behind the voters: it closes when a majority has agreed.

use crate::place::{Place, arc};
use crate::{Group, Shape, Sign, View, item, text};
use frame::{Frame, MemberView, Role, Status};
use std::f64::consts::PI;

/// What the voters are agreeing on at this moment.
pub(crate) struct Tally {
    /// From whom the arc starts.
    pub(crate) from: String,
    pub(crate) agreed: usize,
    pub(crate) needed: usize,
    pub(crate) headline: String,
    pub(crate) detail: String,
    pub(crate) sound: bool,
}

pub(crate) fn draw(frame: &Frame, place: &Place, view: &View) -> Group {
    let tally = tally(frame);
    let mut items = Vec::new();
    if frame.members.len() > 1 {
        items.push(item("quorum-track", Shape::Path(ring(place, -PI / 2.0, 1.0))));
        if tally.agreed > 0 && !view.starting {
            let part = tally.agreed as f64 / tally.needed as f64;
            let start = place.angle(&tally.from).unwrap_or(-PI / 2.0);
            let class = if part >= 1.0 { "quorum-arc closed" } else { "quorum-arc" };
            items.push(item(class, Shape::Path(ring(place, start, part.min(1.0)))));
        }
    }
    Group { sign: Sign::Quorum, title: title(&tally, view), opacity: 1.0, items }
}

fn title(tally: &Tally, view: &View) -> String {
    if view.starting {
        "The cluster is starting".into()
    } else {
        format!("{}. {}", tally.headline, tally.detail)
    }
}

fn ring(place: &Place, start: f64, part: f64) -> String {
    arc(place.center, place.rx, place.ry, start, part)
}

/// What is being agreed on, in words, in the middle of the ring.
pub(crate) fn caption(frame: &Frame, place: &Place, view: &View) -> Group {
    let tally = tally(frame);
    let (x, y) = (place.center.x, place.center.y);
    let items = if view.starting {
        vec![text("headline", x, y, "Starting")]
    } else if frame.members.len() < 2 {
        // A lone member stands in the middle itself, with its own captions.
        Vec::new()
    } else {
        let class = if tally.sound { "headline" } else { "headline bad" };
        vec![
            text(class, x, y - 4.0, tally.headline.clone()),
            text("detail", x, y + 14.0, tally.detail.clone()),
        ]
    };
    Group { sign: Sign::Headline, title: title(&tally, view), opacity: 1.0, items }
}

/// Who agrees on what: votes while someone campaigns, copies of the newest entry otherwise.
pub(crate) fn tally(frame: &Frame) -> Tally {
    let voters: Vec<&MemberView> =
        frame.members.iter().filter(|m| m.role != Role::Learner).collect();
    let needed = voters.len() / 2 + 1;
    let running = voters.iter().filter(|m| m.status == Status::Running).count();
    let base = |from: &str, agreed: usize, headline: String, detail: String, sound: bool| Tally {
        from: from.into(),
        agreed,
        needed,
        headline,
        detail,
        sound,
    };
    let on_top = |role: fn(Role) -> bool| {
        let live = voters.iter().filter(|m| m.status == Status::Running && role(m.role));
        live.max_by_key(|m| m.term).copied()
    };
    let leader = on_top(|r| r == Role::Leader);
    let candidate = on_top(|r| matches!(r, Role::Candidate | Role::PreCandidate));
    match (leader, candidate) {
        (Some(leader), rival) if rival.is_none_or(|r| r.term <= leader.term) => {
            let agreed = voters.iter().filter(|v| has_newest(leader, v)).count();
            let headline = format!("{} leads term {}", leader.name, leader.term);
            let detail = format!(
                "entry {} on {agreed} of {}, {needed} needed",
                leader.last_index,
                voters.len()
            );
            base(&leader.name, agreed, headline, detail, running >= needed)
        }
        (_, Some(candidate)) => {
            let granted = candidate.votes_granted.len();
            let what = if candidate.role == Role::PreCandidate { "pre-votes" } else { "votes" };
            let headline = format!("{} asks for {what}, term {}", candidate.name, candidate.term);
            let detail = format!("{granted} of {} granted, {needed} needed", voters.len());
            base(&candidate.name, granted, headline, detail, running >= needed)
        }
        _ if running < needed => {
            let detail = format!("{running} of {} run, {needed} needed", voters.len());
            base("", 0, "No quorum".into(), detail, false)
        }
        _ => {
            let detail = format!("an election needs {needed} of {}", voters.len());
            base("", 0, "No leader".into(), detail, true)
        }
    }
}

fn has_newest(leader: &MemberView, voter: &MemberView) -> bool {
    voter.name == leader.name
        || leader.matches.iter().any(|(n, index)| *n == voter.name && *index >= leader.last_index)
}
