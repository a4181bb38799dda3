//! Room for words: where the headline of a ring goes, and how wide captions may be.
//!
//! It depends on sizes, names and the number of members, never on what is said at the moment, so
//! nothing jumps when the words change; words that need more room are cut short.

use crate::cluster::Cluster;
use crate::measure::Style;
use crate::place::{Cell, Point, Ring, Spot};
use std::collections::BTreeMap;

/// Room for a headline and its detail.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Slot {
    pub(crate) middle: f64,
    /// 0 where there is no headline.
    pub(crate) width: f64,
    /// Each of the two sentences is broken into two lines.
    pub(crate) broken: bool,
}

impl Slot {
    fn height(self) -> f64 {
        if self.broken { 4.0 * LINE } else { 2.0 * LINE }
    }
}

/// The pane and the radius of discs.
#[derive(Clone, Copy)]
pub(crate) struct Room {
    pub(crate) pane: Cell,
    pub(crate) radius: f64,
    /// Of the layout to the pane's own pixels.
    pub(crate) scale: f64,
}

/// From line to line.
pub(crate) const LINE: f64 = 18.0;
/// Beyond a disc: the election timer with its mark, and the petals of a campaign.
const TIMER: f64 = 16.0;
const PETALS: f64 = 27.0;
/// Captions stand between these, measured from the disc's edge.
const CAPTION_TOP: f64 = 12.0;
const CAPTION_BOTTOM: f64 = 45.0;
/// Captions that a headline leaves room for.
const CAPTION_USUAL: f64 = 124.0;
/// Between words of different things.
const APART: f64 = 4.0;

/// The ring of a cluster with a place for its headline: in the middle, where the longest usual
/// words fit there, else below.
pub(crate) fn ring(cell: Cell, count: u32, shape: (f64, f64), cluster: &Cluster) -> Ring {
    let ring = Ring::new(cell, count, shape);
    let (radius, _) = shape;
    if count <= 1 && cluster.voters().len() <= 1 {
        // A lone member says all that there is to say itself.
        return ring;
    }
    let longest = cluster.members.iter().map(|m| m.name.as_str()).max_by_key(|n| n.len());
    let longest = longest.unwrap_or_default();
    let (whole, broken) = (needs(longest, false), needs(longest, true));
    let tries = [(whole, false), (broken, true)];
    for (width, broken) in tries {
        if let Some(headline) = in_the_middle(&ring, radius, width, broken) {
            return Ring { headline, ..ring };
        }
    }
    let broken = whole > cell.width - 2.0 * APART;
    let mut slot = Slot { middle: 0.0, width: cell.width - 2.0 * APART, broken };
    let height = slot.height() + APART;
    slot.middle = cell.bottom() - height / 2.0;
    let above = Cell { height: cell.height - height, ..cell };
    Ring { headline: slot, cell, ..Ring::new(above, count, shape) }
}

/// Width of the longest usual headline and detail.
fn needs(name: &str, broken: bool) -> f64 {
    let (headline, detail) = match broken {
        false => (format!("{name} asks for pre-votes, term 88"), "entry 8888 on 8 of 8, 8 needed"),
        true => (format!("{name} asks for pre-votes"), "entry 8888 on 8 of 8"),
    };
    Style::of("headline").width(&headline).max(Style::of("detail").width(detail))
}

/// The place nearest to the ring's middle where such a headline meets nothing.
fn in_the_middle(ring: &Ring, radius: f64, width: f64, broken: bool) -> Option<Slot> {
    let mut slot = Slot { middle: 0.0, width, broken };
    let reach = ring.ry / 2.0;
    for step in 0..=20 {
        let shift = reach * f64::from(step) / 20.0;
        for middle in [ring.center.y + shift, ring.center.y - shift] {
            slot.middle = middle;
            if free_width(ring, radius, slot) >= width {
                return Some(slot);
            }
        }
    }
    None
}

/// How wide words around the ring's axis may be in the rows of such a slot.
fn free_width(ring: &Ring, radius: f64, slot: Slot) -> f64 {
    let (top, bottom) = (slot.middle - slot.height() / 2.0, slot.middle + slot.height() / 2.0);
    let mut half = ring.cell.width / 2.0 - APART;
    for index in 0..ring.count {
        let at = ring.at(index);
        let away = (at.x - ring.center.x).abs();
        half = half.min(away - chord(at, radius + PETALS, top, bottom));
        let (from, to) = caption_rows(at, radius);
        if from < bottom + APART && top - APART < to {
            half = half.min(away - CAPTION_USUAL / 2.0 - APART);
        }
    }
    2.0 * half
}

/// How far beyond a disc the petals of a campaign are: closer, over the timer, where a cell is so
/// crowded that they would meet what belongs to others.
pub(crate) fn petals(ring: &Ring, radius: f64) -> f64 {
    let meets = |index: u32| {
        let at = ring.at(index);
        let near = |other: u32| {
            let other = ring.at(other);
            (other.x - at.x).hypot(other.y - at.y) < 2.0 * (radius + PETALS)
        };
        let cramped = captions(ring, index, radius, PETALS).into_iter().any(|width| width < 100.0);
        cramped || (0..ring.count).any(|other| other != index && near(other))
    };
    if (0..ring.count).any(meets) { TIMER } else { PETALS }
}

/// Room for each line of a member's captions, clear of all that is so close to other discs.
pub(crate) fn captions(ring: &Ring, index: u32, radius: f64, beyond: f64) -> [f64; 2] {
    let at = ring.at(index);
    let (top, bottom) = caption_rows(at, radius);
    let between = (top + bottom) / 2.0;
    [(top, between), (between, bottom)].map(|rows| caption(ring, index, radius + beyond, rows))
}

fn caption(ring: &Ring, index: u32, reach: f64, (top, bottom): (f64, f64)) -> f64 {
    let (at, cell) = (ring.at(index), ring.cell);
    let mut half = (at.x - cell.x - APART).min(cell.right() - at.x - APART);
    for other in (0..ring.count).filter(|other| *other != index) {
        let other = ring.at(other);
        let away = (other.x - at.x).abs();
        half = half.min(away - chord(other, reach, top, bottom));
        // Captions stand equally far below all discs.
        if (other.y - at.y).abs() < CAPTION_BOTTOM - CAPTION_TOP {
            half = half.min(away / 2.0 - APART);
        }
    }
    let slot = ring.headline;
    let (from, to) = (slot.middle - slot.height() / 2.0, slot.middle + slot.height() / 2.0);
    if from < bottom && top < to {
        half = half.min((at.x - ring.center.x).abs() - slot.width / 2.0 - APART);
    }
    // The client's figure and name.
    if top < 80.0 {
        half = half.min(at.x - 84.0);
    }
    2.0 * half.max(0.0)
}

fn caption_rows(at: Point, radius: f64) -> (f64, f64) {
    (at.y + radius + CAPTION_TOP, at.y + radius + CAPTION_BOTTOM)
}

/// Whether so many lines of what a cluster's members usually say have their room.
pub(crate) fn is_roomy(ring: &Ring, radius: f64, lines: u32) -> bool {
    let role = Style::of("role").width("pre-candidate");
    let indexes = Style::of("indexes").width("commit 1234");
    let beyond = petals(ring, radius);
    let clear = |index: u32| {
        let at = ring.at(index);
        let apart = |other: u32| {
            let other = ring.at(other);
            (other.x - at.x).hypot(other.y - at.y) > 2.0 * (radius + beyond)
        };
        let [first, second] = captions(ring, index, radius, beyond);
        let inside = at.y + radius + CAPTION_BOTTOM <= ring.cell.bottom();
        let said = first >= role && (lines < 2 || second >= indexes);
        inside && said && (0..index).all(apart)
    };
    (0..ring.count).all(clear)
}

/// Whether no disc with its petals comes near to the client's figure and name.
pub(crate) fn clears_client(radius: f64, spots: &BTreeMap<String, Spot>) -> bool {
    let left = |spot: &Spot| spot.at.x - chord(spot.at, radius + spot.petals, 20.0, 78.0);
    spots.values().all(|spot| left(spot) > 84.0)
}

/// Half the width of a disc in these rows; negative, as nothing is in the way, where it is not.
fn chord(at: Point, radius: f64, top: f64, bottom: f64) -> f64 {
    let off = if at.y < top {
        top - at.y
    } else if at.y > bottom {
        at.y - bottom
    } else {
        0.0
    };
    if off >= radius { f64::NEG_INFINITY } else { (radius * radius - off * off).sqrt() + APART }
}

/// Where the last call is told: under the client or beside it, wherever there is more room.
pub(crate) fn call(room: Room, spots: &BTreeMap<String, Spot>) -> (Point, f64) {
    let free = |from: Point| {
        let (top, bottom) = (from.y - 11.0, from.y + 4.0);
        let mut width = room.pane.right() - from.x - 8.0;
        let mut meet = |left: f64, right: f64| {
            if right > from.x {
                width = width.min(left - from.x - 2.0 * APART);
            }
        };
        for spot in spots.values() {
            let half = chord(spot.at, room.radius + PETALS, top, bottom);
            if half > 0.0 {
                meet(spot.at.x - half, spot.at.x + half);
            }
            let (from, to) = caption_rows(spot.at, room.radius);
            let half = spot.captions[0].max(spot.captions[1]) / 2.0;
            if from < bottom && top < to {
                meet(spot.at.x - half, spot.at.x + half);
            }
        }
        // The page's own buttons.
        if top < 40.0 * room.scale {
            meet(room.pane.right() - 200.0 * room.scale, room.pane.right());
        }
        (from, width.max(0.0))
    };
    let (under, beside) = (free(Point { x: 16.0, y: 92.0 }), free(Point { x: 76.0, y: 28.0 }));
    if under.1 >= beside.1 { under } else { beside }
}
