//! A member's disc with all its signs, and the client outside the ring.

use crate::place::{Place, Point, arc, path};
use crate::{Group, Item, Shape, Sign, TERM_FILLS, View, item, term_class, text, words};
use frame::{Frame, HostView, MemberView, Outcome, Role, Status};
use std::f64::consts::PI;

pub(crate) fn draw(
    member: &MemberView,
    frame: &Frame,
    place: &Place,
    view: &View,
) -> Option<Group> {
    let at = place.member(&member.name)?;
    let selected = view.selected.as_deref() == Some(&member.name);
    let r = place.radius;
    let mut items = vec![item("focus-mark", Shape::Circle { cx: at.x, cy: at.y, r: r + 14.0 })];
    items.extend(disc(member, at, r, view.starting));
    items.extend(timer(member, frame, at, r));
    items.extend(petals(member, frame, place, at));
    items.extend(crown_or_book(member, at, r));
    items.extend(status_sign(member, at, r, view.starting));
    items.push(text("name", at.x, at.y - 2.0, member.name.clone()));
    if !view.starting {
        items.push(text("in-term", at.x, at.y + 14.0, format!("term {}", member.term)));
        items.extend(captions(member, at, r));
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
        words::member(member, frame)
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
fn timer(member: &MemberView, frame: &Frame, at: Point, r: f64) -> Vec<Item> {
    let limit = member.election_timeout_ticks;
    let runs = matches!(member.status, Status::Running | Status::Paused);
    if !runs || limit == 0 || member.role == Role::Leader {
        return Vec::new();
    }
    // One scale for all members: the whole circle is the longest limit that etcd can draw,
    // twice the election timeout less one tick.
    let longest = frame.members.iter().map(|m| m.election_timeout_ticks).max().unwrap_or(0).max(20);
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
fn petals(member: &MemberView, frame: &Frame, place: &Place, at: Point) -> Vec<Item> {
    let campaigns = matches!(member.role, Role::Candidate | Role::PreCandidate);
    if !campaigns || member.status != Status::Running {
        return Vec::new();
    }
    let mut items = Vec::new();
    for voter in frame.members.iter().filter(|m| m.role != Role::Learner) {
        let Some(spot) = place.member(&voter.name) else { continue };
        let away = place.center.angle_to(at);
        let angle = if voter.name == member.name { away } else { at.angle_to(spot) };
        let Point { x: cx, y: cy } = at.along(angle, place.radius + 19.0);
        let granted = member.votes_granted.contains(&voter.name);
        let refused = member.votes_refused.contains(&voter.name);
        let class = match (granted, refused) {
            (true, _) => format!("petal granted {}", term_class(member.term)),
            (_, true) => "petal refused".into(),
            _ => "petal".into(),
        };
        items.push(item(class, Shape::Circle { cx, cy, r: 6.0 }));
        let sign = if granted {
            "\u{2713}"
        } else if refused {
            "\u{2717}"
        } else {
            ""
        };
        if !sign.is_empty() {
            items.push(text("petal-sign", cx, cy + 3.5, sign));
        }
    }
    items
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

fn captions(member: &MemberView, at: Point, r: f64) -> Vec<Item> {
    let first = match member.status {
        Status::Running => member.role.as_str().to_string(),
        Status::Paused => format!("{}, paused", member.role.as_str()),
        status if member.reason.is_empty() => status.as_str().to_string(),
        status => words::clip(&format!("{}: {}", status.as_str(), member.reason), 26),
    };
    let class = match member.status {
        Status::Running => "role",
        Status::Crashed => "role bad",
        _ => "role muted",
    };
    let y = at.y + r + 24.0;
    let indexes = format!("commit {} \u{b7} applied {}", member.commit, member.applied);
    vec![text(class, at.x, y, first), text("indexes", at.x, y + 16.0, indexes)]
}

/// The client's figure, with the outcome of its last call.
pub(crate) fn client(host: &HostView, place: &Place) -> Group {
    let at = place.client();
    let shoulders = format!("M{} {}q0 -14 13 -14t13 14z", at.x - 13.0, at.y + 16.0);
    let mut items = vec![
        item("figure", Shape::Circle { cx: at.x, cy: at.y - 9.0, r: 8.0 }),
        item("figure", Shape::Path(shoulders)),
        text("client-name", at.x, at.y + 32.0, host.name.clone()),
    ];
    let mut title = format!("{}, where the console is", host.name);
    if let Some(call) = &host.last_call {
        let (class, words) = match call.outcome {
            Outcome::Open => ("call open", format!("\u{2026} {}", call.method)),
            Outcome::Ok => {
                ("call ok", format!("\u{2713} {} {}", call.method, words::span(call.took_us)))
            }
            Outcome::Failed => ("call bad", format!("\u{2717} {}: {}", call.method, call.reason)),
            Outcome::Unknown => ("call unknown", format!("? {}: {}", call.method, call.reason)),
        };
        let line = words::clip(&words, 30);
        items.push(text(class, at.x - 30.0, at.y + 50.0, line));
        title = format!("{title}. Last call to {}: {words}", call.endpoint);
    }
    Group { sign: Sign::Client { name: host.name.clone() }, title, opacity: 1.0, items }
}
