//! A member's disc with all its signs, and the place of one that never started.

use crate::cluster::{Cluster, Standing};
use crate::measure::Style;
use crate::place::{Place, Point, Spot, absent_name, arc, path};
use crate::{Group, Item, Shape, Sign, TERM_FILLS, View, item, term_class, text, words};
use frame::{MemberView, PeerView, Role, Status};
use std::f64::consts::PI;

pub(crate) fn draw(
    member: &MemberView,
    cluster: &Cluster,
    place: &Place,
    view: &View,
) -> Option<Group> {
    let spot = *place.spot(&member.name)?;
    let at = spot.at;
    let selected = view.selected.as_deref() == Some(&member.name);
    let r = place.radius;
    let mut items = vec![item("focus-mark", Shape::Circle { cx: at.x, cy: at.y, r: r + 14.0 })];
    items.extend(disc(member, at, r, view.starting));
    items.extend(timer(member, cluster, at, r));
    items.extend(petals(member, cluster, place, spot));
    items.extend(crown_or_book(member, at, r));
    items.extend(status_sign(member, at, r, view.starting));
    items.extend(line("name", at, -2.0, 2.0 * r - 8.0, std::slice::from_ref(&member.name)));
    if !view.starting {
        let term = [format!("term {}", member.term), member.term.to_string()];
        items.extend(line("in-term", at, 14.0, 2.0 * r - 8.0, &term));
        items.extend(captions(member, cluster, spot, r));
    }
    let sign = Sign::Member {
        name: member.name.clone(),
        role: member.role,
        status: member.status,
        term: member.term,
        selected,
    };
    let title = if view.starting {
        format!("{}: starting", member.name)
    } else {
        words::member_of(member, cluster)
    };
    Some(Group { sign, title, opacity: 1.0, items })
}

/// The disc: filled with its term's colour while it runs, hollow otherwise.
fn disc(member: &MemberView, at: Point, r: f64, starting: bool) -> Vec<Item> {
    let (cx, cy) = (at.x, at.y);
    let runs = matches!(member.status, Status::Running | Status::Paused);
    let mut items = Vec::new();
    if starting {
        items.push(item("disc place", Shape::Circle { cx, cy, r }));
    } else if runs {
        let fill = term_class(member.term);
        let class = format!("disc {} {fill}", member.role.as_str());
        items.push(item(class, Shape::Circle { cx, cy, r }));
        let pattern = member.term % TERM_FILLS;
        items.push(item("stripes", Shape::Stripes { cx, cy, r: r - 1.0, pattern }));
        if member.role == Role::Leader {
            items.push(item("second-outline", Shape::Circle { cx, cy, r: r + 5.0 }));
        }
    } else {
        items.push(item("disc hollow", Shape::Circle { cx, cy, r }));
        let class = format!("last-term {}", term_class(member.term));
        items.push(item(class, Shape::Circle { cx, cy, r: r - 5.0 }));
    }
    items
}

/// The election timer: an arc that shrinks from the drawn limit (a tick mark) to the top.
fn timer(member: &MemberView, cluster: &Cluster, at: Point, r: f64) -> Vec<Item> {
    let limit = member.election_timeout_ticks;
    let runs = matches!(member.status, Status::Running | Status::Paused);
    let waits = member.role != Role::Leader && cluster.standing(member) == Standing::Voter;
    // Who has no vote never campaigns, whatever its clock says.
    if !runs || limit == 0 || !waits {
        return Vec::new();
    }
    // One scale for all members: the whole circle is the longest limit that etcd can draw,
    // twice the election timeout less one tick.
    let limits = cluster.members.iter().map(|m| m.election_timeout_ticks);
    let longest = limits.max().unwrap_or(0).max(20);
    let left = limit.saturating_sub(member.election_elapsed_ticks);
    let part = |ticks: u32| f64::from(ticks) / f64::from(longest);
    let (radius, top) = (r + 7.0, -PI / 2.0);
    let mark = top + 2.0 * PI * part(limit);
    let class = if left * 4 <= limit { "timer late" } else { "timer" };
    vec![
        item("timer-track", Shape::Circle { cx: at.x, cy: at.y, r: radius }),
        item(class, Shape::Path(arc(at, radius, radius, top, part(left)))),
        item(
            "timer-limit",
            Shape::Path(path(&[at.along(mark, r + 3.0), at.along(mark, r + 12.0)], false)),
        ),
    ]
}

/// One petal for each voter around a campaigning member, turned toward that voter.
fn petals(member: &MemberView, cluster: &Cluster, place: &Place, spot: Spot) -> Vec<Item> {
    let campaigns = matches!(member.role, Role::Candidate | Role::PreCandidate);
    if !campaigns || member.status != Status::Running {
        return Vec::new();
    }
    let (at, reach) = (spot.at, place.radius + spot.petals - 8.0);
    let voters = cluster.voters();
    let toward = |voter: &&str| match place.member(voter) {
        Some(other) if *voter != member.name => at.angle_to(other),
        _ => spot.angle,
    };
    let angles = beside_captions(voters.iter().map(toward).collect(), place.radius, reach);
    let mut items = Vec::new();
    for (voter, angle) in voters.into_iter().zip(angles) {
        let Point { x: cx, y: cy } = at.along(angle, reach);
        let granted = member.votes_granted.iter().any(|name| name == voter);
        let refused = member.votes_refused.iter().any(|name| name == voter);
        let class = match (granted, refused) {
            (true, _) => format!("petal granted {}", term_class(member.term)),
            (_, true) => "petal refused".into(),
            _ => "petal".into(),
        };
        items.push(item(class, Shape::Circle { cx, cy, r: 6.0 }));
        let sign = match (granted, refused) {
            (true, _) => "\u{2713}",
            (_, true) => "\u{2717}",
            _ => continue,
        };
        items.push(text("petal-sign", cx, cy + 3.5, sign));
    }
    items
}

/// Turns petals that would cover the captions below the disc, or each other, just far enough.
fn beside_captions(angles: Vec<f64>, radius: f64, reach: f64) -> Vec<f64> {
    // Angles count from where the captions end on the left, clockwise to where they begin.
    let low = ((radius + 5.0) / reach).asin();
    let (start, whole) = (PI - low, PI + 2.0 * low);
    let gap = (17.0 / reach).min(whole / angles.len().max(1) as f64);
    let mut order: Vec<(usize, f64)> = angles.iter().copied().enumerate().collect();
    for (_, angle) in &mut order {
        let from = (*angle - start).rem_euclid(2.0 * PI);
        // Beyond both ends: to the nearer one.
        *angle = if from <= whole {
            from
        } else if from - whole < 2.0 * PI - from {
            whole
        } else {
            0.0
        };
    }
    order.sort_by(|a, b| a.1.total_cmp(&b.1));
    let mut least = 0.0;
    for (_, angle) in &mut order {
        *angle = angle.max(least);
        least = *angle + gap;
    }
    let mut most = whole;
    for (_, angle) in order.iter_mut().rev() {
        *angle = angle.min(most);
        most = *angle - gap;
    }
    let mut turned = angles;
    for (index, angle) in order {
        turned[index] = start + angle;
    }
    turned
}

fn crown_or_book(member: &MemberView, at: Point, r: f64) -> Vec<Item> {
    if member.status != Status::Running && member.status != Status::Paused {
        return Vec::new();
    }
    let top = at.y - r - 9.0;
    let p = |dx: f64, dy: f64| Point { x: at.x + dx, y: top + dy };
    match member.role {
        Role::Leader => {
            let crown = [
                p(-13.0, 0.0),
                p(-15.0, -14.0),
                p(-7.0, -7.0),
                p(0.0, -17.0),
                p(7.0, -7.0),
                p(15.0, -14.0),
                p(13.0, 0.0),
            ];
            vec![item("crown", Shape::Path(path(&crown, true)))]
        }
        Role::Learner => {
            let book = [p(0.0, -2.0), p(-11.0, -6.0), p(-11.0, -16.0), p(0.0, -12.0)];
            let page = [p(0.0, -2.0), p(11.0, -6.0), p(11.0, -16.0), p(0.0, -12.0)];
            vec![
                item("book", Shape::Path(path(&book, true))),
                item("book", Shape::Path(path(&page, true))),
            ]
        }
        _ => Vec::new(),
    }
}

fn status_sign(member: &MemberView, at: Point, r: f64, starting: bool) -> Vec<Item> {
    match member.status {
        Status::Crashed if !starting => {
            let p = |dx: f64, dy: f64| Point { x: at.x + dx * r, y: at.y + dy * r };
            let crack = [p(0.25, -1.1), p(-0.05, -0.72), p(0.22, -0.58), p(0.0, -0.34)];
            let below = [p(-0.1, 1.1), p(0.12, 0.8), p(-0.14, 0.66), p(0.04, 0.46)];
            vec![
                item("crack", Shape::Path(path(&crack, false))),
                item("crack", Shape::Path(path(&below, false))),
            ]
        }
        Status::Paused => {
            let Point { x, y } = at.along(-PI / 4.0, r + 2.0);
            let bar = |dx: f64| [Point { x: x + dx, y: y - 5.0 }, Point { x: x + dx, y: y + 5.0 }];
            vec![
                item("badge", Shape::Circle { cx: x, cy: y, r: 11.0 }),
                item("pause-bar", Shape::Path(path(&bar(-3.0), false))),
                item("pause-bar", Shape::Path(path(&bar(3.0), false))),
            ]
        }
        _ => Vec::new(),
    }
}

fn captions(member: &MemberView, cluster: &Cluster, spot: Spot, r: f64) -> Vec<Item> {
    let role = member.role.as_str();
    let first = match member.status {
        Status::Running => in_words(member, cluster),
        Status::Paused => vec![format!("{role}, paused"), "paused".into()],
        status if member.reason.is_empty() => vec![status.as_str().to_string()],
        status => why(status.as_str(), member),
    };
    let class = match member.status {
        Status::Running => "role",
        Status::Crashed => "role bad",
        _ => "role muted",
    };
    let MemberView { commit, applied, .. } = member;
    let both = format!("commit {commit} \u{b7} applied {applied}");
    let indexes = if commit == applied {
        vec![both, format!("commit {commit}")]
    } else {
        let less = format!("{commit} \u{b7} applied {applied}");
        vec![both, less, format!("{commit} \u{b7} {applied}")]
    };
    let first = line(class, spot.at, r + 24.0, spot.captions[0], &first);
    first
        .into_iter()
        .chain(line("indexes", spot.at, r + 40.0, spot.captions[1], &indexes))
        .collect()
}

/// Why it does not run, in more words and in fewer: without its own name and the signal's.
fn why(status: &str, member: &MemberView) -> Vec<String> {
    let own = format!("{} was ", member.name);
    let reason = member.reason.strip_prefix(own.as_str()).unwrap_or(&member.reason);
    let less = reason.split_once(" (").map_or(reason, |(before, _)| before);
    [reason, less].iter().map(|why| words::clip(&format!("{status}: {why}"), 26)).collect()
}

/// What a running member is, in more words and in fewer.
fn in_words(member: &MemberView, cluster: &Cluster) -> Vec<String> {
    let role = member.role.as_str().to_string();
    match cluster.standing(member) {
        Standing::Removed => vec!["removed".into()],
        Standing::Learner if cluster.catches_up(member) => {
            vec!["learner, catching up".into(), "learner, behind".into(), "learner".into()]
        }
        Standing::Learner => vec!["learner, no vote".into(), "learner".into()],
        Standing::Voter if words::is_deposed(member, cluster) => {
            vec!["leader of an old term".into(), "old leader".into()]
        }
        Standing::Voter => vec![role],
    }
}

/// Words under the middle of a disc, if any of these fit; numbers are never cut short.
fn line(class: &str, at: Point, down: f64, width: f64, texts: &[String]) -> Option<Item> {
    let style = Style::of(class);
    let fits = match class {
        "in-term" | "indexes" => style.choose(width, texts),
        _ => style.fit(width, texts),
    };
    Some(text(class, at.x, at.y + down, fits?))
}

/// The place of a member that the cluster counts and nobody started.
pub(crate) fn absent(peer: &PeerView, place: &Place) -> Option<Group> {
    let Spot { at, captions, .. } = *place.spot(&absent_name(peer.id))?;
    let r = place.radius;
    let name = if peer.name.is_empty() { "new" } else { &peer.name };
    let mut items = vec![item("disc place", Shape::Circle { cx: at.x, cy: at.y, r })];
    items.extend(line("name", at, 5.0, 2.0 * r - 8.0, &[name.to_string()]));
    let waits = if peer.learner { "learner, not started" } else { "not started" };
    let words = [waits.to_string(), "unstarted".into()];
    items.extend(line("role muted", at, r + 24.0, captions[0], &words));
    let title = words::absent(peer);
    Some(Group { sign: Sign::Absent { id: peer.id }, title, opacity: 1.0, items })
}
