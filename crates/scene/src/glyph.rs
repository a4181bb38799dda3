//! The sign of each kind of message, and the legend of the whole picture.

use crate::place::{Point, path};
use crate::{Item, Shape, item, text};
use frame::{Flight, MessageKind};
use std::f64::consts::PI;

/// A place and the direction of travel.
#[derive(Clone, Copy)]
pub(crate) struct Turned {
    pub(crate) at: Point,
    pub(crate) angle: f64,
}

impl Turned {
    /// A point given along the way and across it.
    fn point(self, along: f64, across: f64) -> Point {
        self.at.along(self.angle, along).along(self.angle + PI / 2.0, across)
    }

    fn polygon(self, corners: &[(f64, f64)]) -> String {
        let points: Vec<Point> = corners.iter().map(|(a, b)| self.point(*a, *b)).collect();
        path(&points, true)
    }
}

pub(crate) fn class(flight: &Flight) -> &'static str {
    use MessageKind as K;
    match flight.kind {
        K::PreVote => "glyph full pre",
        K::PreVoteReply => "glyph twin pre",
        K::VoteReply | K::AppendReply | K::HeartbeatReply | K::ReadIndexReply | K::Reply => {
            "glyph twin"
        }
        K::LinkHeartbeat => "glyph twin faint",
        _ => "glyph full",
    }
}

pub(crate) fn name(kind: MessageKind) -> &'static str {
    use MessageKind as K;
    match kind {
        K::Other => "message",
        K::PreVote => "pre-vote request",
        K::PreVoteReply => "pre-vote reply",
        K::Vote => "vote request",
        K::VoteReply => "vote reply",
        K::Append => "append",
        K::AppendReply => "append reply",
        K::Heartbeat => "heartbeat",
        K::HeartbeatReply => "heartbeat reply",
        K::ReadIndex => "read index",
        K::ReadIndexReply => "read index reply",
        K::Snapshot => "snapshot",
        K::TimeoutNow => "timeout now",
        K::Propose => "forwarded proposal",
        K::LinkHeartbeat => "keep-alive",
        K::Call => "client call",
        K::Reply => "client reply",
    }
}

pub(crate) fn shapes(flight: &Flight, class: &str, turned: Turned) -> Vec<Item> {
    use MessageKind as K;
    const TRIANGLE: [(f64, f64); 3] = [(9.0, 0.0), (-6.0, 7.0), (-6.0, -7.0)];
    const HOUSE: [(f64, f64); 5] = [(9.0, 0.0), (2.0, 7.0), (-7.0, 7.0), (-7.0, -7.0), (2.0, -7.0)];
    const DIAMOND: [(f64, f64); 4] = [(8.0, 0.0), (0.0, 8.0), (-8.0, 0.0), (0.0, -8.0)];
    let Point { x: cx, y: cy } = turned.at;
    // Squares stay upright, so that the number in them can be read.
    let square = |half: f64| {
        let corner = |dx: f64, dy: f64| Point { x: cx + dx * half, y: cy + dy * half };
        let corners = [corner(-1.0, -1.0), corner(1.0, -1.0), corner(1.0, 1.0), corner(-1.0, 1.0)];
        Shape::Path(path(&corners, true))
    };
    let mut items = match flight.kind {
        K::Vote | K::PreVote | K::VoteReply | K::PreVoteReply => {
            vec![item(class, Shape::Path(turned.polygon(&TRIANGLE)))]
        }
        K::Append if flight.entries > 0 => {
            vec![item(class, square(9.0)), text("count", cx, cy + 4.0, flight.entries.to_string())]
        }
        K::Append => vec![item(class, square(4.5))],
        K::AppendReply => vec![item(class, square(6.0))],
        K::Snapshot => vec![
            item(class.replace("full", "twin"), square(10.0)),
            item(class, {
                let c = |dx: f64, dy: f64| Point { x: cx + dx, y: cy + dy };
                Shape::Path(path(
                    &[c(-10.0, -10.0), c(10.0, -10.0), c(10.0, 0.0), c(-10.0, 0.0)],
                    true,
                ))
            }),
        ],
        K::ReadIndex | K::ReadIndexReply => {
            vec![item(class, Shape::Path(turned.polygon(&DIAMOND)))]
        }
        K::Propose | K::Call | K::Reply => {
            vec![item(class, Shape::Path(turned.polygon(&HOUSE)))]
        }
        K::TimeoutNow => vec![
            item(class, Shape::Path(turned.polygon(&[(2.0, 0.0), (-9.0, 7.0), (-9.0, -7.0)]))),
            item(class, Shape::Path(turned.polygon(&[(11.0, 0.0), (0.0, 7.0), (0.0, -7.0)]))),
        ],
        K::Heartbeat | K::HeartbeatReply => vec![item(class, Shape::Circle { cx, cy, r: 4.5 })],
        K::LinkHeartbeat | K::Other => vec![item(class, Shape::Circle { cx, cy, r: 2.5 })],
    };
    if flight.rejected {
        let strike = [turned.point(-8.0, -8.0), turned.point(8.0, 8.0)];
        items.push(item("refusal", Shape::Path(path(&strike, false))));
    }
    items
}

/// One line of the legend: shapes around (0, 0) and what they mean.
pub struct Legend {
    pub items: Vec<Item>,
    pub words: &'static str,
}

/// Every sign of the picture that is not written out in words.
pub fn legend() -> Vec<Legend> {
    use MessageKind as K;
    let messages: [(K, u32, &'static str); 10] = [
        (K::Vote, 0, "vote request (dashed: pre-vote)"),
        (K::VoteReply, 0, "vote reply; struck through when refused"),
        (K::Append, 3, "append with its number of entries"),
        (K::Append, 0, "append without entries"),
        (K::AppendReply, 0, "append reply"),
        (K::Heartbeat, 0, "heartbeat; its reply is hollow"),
        (K::ReadIndex, 0, "read index (a linearizable read asks for it)"),
        (K::Snapshot, 0, "snapshot"),
        (K::TimeoutNow, 0, "timeout now: the leader hands over"),
        (K::Call, 0, "client call or forwarded proposal; its reply is hollow"),
    ];
    let turned = Turned { at: Point { x: 0.0, y: 0.0 }, angle: 0.0 };
    let mut lines: Vec<Legend> = messages
        .into_iter()
        .map(|(kind, entries, words)| {
            let flight = Flight { kind, entries, ..Flight::default() };
            let class = format!("{} term-1", class(&flight));
            Legend { items: shapes(&flight, &class, turned), words }
        })
        .collect();
    let bar = path(&[Point { x: 0.0, y: -9.0 }, Point { x: 0.0, y: 9.0 }], false);
    lines.push(Legend {
        items: vec![item("bar", Shape::Path(bar))],
        words: "cut link; an arrow head shows which direction is cut",
    });
    lines
}
