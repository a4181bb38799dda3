//! Messages under way, placed between sender and receiver by virtual time.
//!
//! At real speed a message of five milliseconds is gone before an eye sees it. Such a flight is
//! drawn stretched over the window for which frames keep it; the legend says so. While time is
//! held, or slow enough, the place is the exact one.

use crate::glyph::{self, Turned};
use crate::place::{Place, Point, path};
use crate::{Group, Item, Shape, Sign, View, item, term_class};
use frame::{FLIGHT_LINGER_WALL_MS, Flight, Frame, MessageKind, Micros};
use std::f64::consts::PI;

/// So many of the newest are drawn; at high speed more would be a blur.
const FLIGHTS_MAX: usize = 72;
/// An arrived message fades for so long in virtual time.
const GLOW_US: Micros = 4_000;
/// Where on its way a lost message breaks.
const BREAK_AT: f64 = 0.55;

pub(crate) fn draw(frame: &Frame, place: &Place, view: &View) -> Vec<Group> {
    let shown =
        frame.flights.iter().filter(|f| view.keepalives || f.kind != MessageKind::LinkHeartbeat);
    let mut groups: Vec<Group> = shown.rev().filter_map(|f| one(f, frame, place)).collect();
    groups.truncate(FLIGHTS_MAX);
    groups.reverse();
    groups
}

fn one(flight: &Flight, frame: &Frame, place: &Place) -> Option<Group> {
    let (start, end) = place.lane(&flight.from, &flight.to)?;
    let phase = phase(flight, frame)?;
    let angle = start.angle_to(end);
    let reach = if flight.lost { BREAK_AT } else { 1.0 };
    let (part, opacity, broken) = match phase {
        Phase::Under(part) => (part * reach, 1.0, 0.0),
        Phase::Over(fade) => (reach, 1.0 - fade, if flight.lost { fade } else { 0.0 }),
    };
    let at = start.toward(end, part);
    let mut class = format!("{} {}", glyph::class(flight), term_class(flight.term));
    // A lost message reddens on the last third of its way.
    if flight.lost && (broken > 0.0 || matches!(phase, Phase::Under(p) if p > 0.66)) {
        class += " lost";
    }
    let items = if broken > 0.0 {
        fragments(at, angle, broken)
    } else {
        glyph::shapes(flight, &class, Turned { at, angle })
    };
    let title = if flight.text.is_empty() {
        format!("{} from {} to {}", glyph::name(flight.kind), flight.from, flight.to)
    } else {
        format!("{} to {}: {}", flight.from, flight.to, flight.text)
    };
    let sign = Sign::Flight { id: flight.id, kind: flight.kind };
    Some(Group { sign, title, opacity: (opacity * 100.0).round() / 100.0, items })
}

enum Phase {
    /// Part of the way, 0 to 1.
    Under(f64),
    /// Arrived or broken; how far faded, 0 to 1.
    Over(f64),
}

fn phase(flight: &Flight, frame: &Frame) -> Option<Phase> {
    let since = frame.time_us.checked_sub(flight.sent_us)?;
    let stretch =
        if frame.held { 0 } else { frame.rate_us.saturating_mul(FLIGHT_LINGER_WALL_MS) / 1000 };
    let glow = GLOW_US.max(stretch / 4);
    // What breaks must still be seen breaking before its frame window ends.
    let window = if flight.lost { stretch.saturating_sub(glow) } else { stretch };
    let whole = flight.arrives_us.saturating_sub(flight.sent_us).max(window).max(1);
    if since <= whole {
        return Some(Phase::Under(since as f64 / whole as f64));
    }
    let after = since - whole;
    (after < glow).then(|| Phase::Over(after as f64 / glow as f64))
}

/// Pieces that drift apart where the message was lost.
fn fragments(at: Point, angle: f64, fade: f64) -> Vec<Item> {
    let mut items = Vec::new();
    for (turn, length) in [(0.5, 5.0), (1.9, 4.0), (3.3, 5.0), (4.8, 4.0)] {
        let from = at.along(angle + turn, 3.0 + 9.0 * fade);
        let to = from.along(angle + turn + PI / 3.0, length);
        items.push(item("fragment", Shape::Path(path(&[from, to], false))));
    }
    items
}
