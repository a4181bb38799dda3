//! Where things stand: each cluster on a ring in a cell of its own, the client outside it.

use crate::View;
use crate::cluster::Cluster;
use crate::room::{self, Room, Slot};
use std::collections::BTreeMap;
use std::f64::consts::PI;

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Point {
    pub(crate) x: f64,
    pub(crate) y: f64,
}

impl Point {
    pub(crate) fn along(self, angle: f64, distance: f64) -> Point {
        Point { x: self.x + angle.cos() * distance, y: self.y + angle.sin() * distance }
    }

    pub(crate) fn angle_to(self, other: Point) -> f64 {
        (other.y - self.y).atan2(other.x - self.x)
    }

    pub(crate) fn toward(self, other: Point, part: f64) -> Point {
        Point { x: self.x + (other.x - self.x) * part, y: self.y + (other.y - self.y) * part }
    }
}

/// A part of the pane.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Cell {
    pub(crate) x: f64,
    pub(crate) y: f64,
    pub(crate) width: f64,
    pub(crate) height: f64,
}

impl Cell {
    pub(crate) fn right(self) -> f64 {
        self.x + self.width
    }

    pub(crate) fn bottom(self) -> f64 {
        self.y + self.height
    }
}

/// The layout of one picture.
pub(crate) struct Place {
    pub(crate) width: f64,
    pub(crate) height: f64,
    /// Radius of a member's disc.
    pub(crate) radius: f64,
    /// One for each cluster, in their order.
    pub(crate) rings: Vec<Ring>,
    /// Lines between cells, from and to.
    pub(crate) dividers: Vec<(Point, Point)>,
    /// Where the client's last call is told, from its start, and the room for it.
    pub(crate) call: (Point, f64),
    /// How well cells suit their clusters; more is better.
    fit: f64,
    spots: BTreeMap<String, Spot>,
    client: Point,
}

/// Where one cluster stands.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ring {
    pub(crate) cell: Cell,
    pub(crate) center: Point,
    pub(crate) rx: f64,
    pub(crate) ry: f64,
    /// How many stand on it.
    pub(crate) count: u32,
    /// The angle of the first.
    pub(crate) first: f64,
    pub(crate) headline: Slot,
}

/// Where one member stands.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spot {
    pub(crate) at: Point,
    /// Its direction from the middle of its ring.
    pub(crate) angle: f64,
    /// Room for each of the two lines of its captions.
    pub(crate) captions: [f64; 2],
    /// How far beyond its disc its petals reach.
    pub(crate) petals: f64,
}

/// Room above the topmost disc for crown and petals, and below the lowest for its captions.
const ABOVE: f64 = 34.0;
const BELOW: f64 = 52.0;
/// Room beside the outermost discs for petals.
const SIDE: f64 = 27.0;
/// Half the width that a member's captions get at least, where the pane is not tiny.
const CAPTION: f64 = 58.0;
/// Room below the ring itself.
const EDGE: f64 = 10.0;
/// Lanes of the two directions of a link stand this far from its middle.
pub(crate) const LANE: f64 = 5.0;
/// A link ends this far from a disc, outside the election timer.
const GAP: f64 = 15.0;
/// With several clusters: room for the cluster's name, and below the page's own buttons.
const CLUSTER_NAME: f64 = 20.0;
const BUTTONS: f64 = 26.0;

/// How much larger a pane may be laid out than it is, least first.
const SCALES: [f64; 8] = [1.0, 1.08, 1.16, 1.25, 1.4, 1.6, 1.9, 2.3];
/// So many of those leave words a good size.
const GOOD: usize = 4;
/// How much wider than high a ring may be, least first: a flat pane gets a flat ring before its
/// words shrink.
const STRETCHES: [f64; 3] = [1.7, 2.3, 3.0];

/// What one layout tries.
#[derive(Clone, Copy)]
struct Try {
    scale: f64,
    stretch: f64,
    /// Columns that clusters stand in.
    columns: usize,
}

impl Place {
    /// The layout in the pane's own pixels or, where those are too few for what has to be said, in
    /// a larger picture of the same shape, which the page then shrinks. Before words get small,
    /// the indexes below members are given up.
    pub(crate) fn new(clusters: &[Cluster], view: &View) -> Place {
        let (width, height) = (view.width.max(240.0), view.height.max(240.0));
        let good = &SCALES[..GOOD];
        for (scales, lines) in [(good, 2), (good, 1), (&SCALES[GOOD..], 1)] {
            for scale in scales {
                for stretch in STRETCHES {
                    let at = |columns| {
                        let shape = Try { scale: *scale, stretch, columns };
                        Place::laid_out(clusters, width, height, shape)
                    };
                    let all = (1..=clusters.len()).rev().map(at);
                    let roomy = all.filter(|place| place.is_roomy(lines));
                    if let Some(place) = roomy.max_by(|a, b| a.fit.total_cmp(&b.fit)) {
                        return place;
                    }
                }
            }
        }
        let last = Try { scale: SCALES[SCALES.len() - 1], stretch: STRETCHES[0], columns: 1 };
        Place::laid_out(clusters, width, height, last)
    }

    fn laid_out(clusters: &[Cluster], width: f64, height: f64, shape: Try) -> Place {
        let Try { scale, stretch, columns } = shape;
        let names: Vec<Vec<String>> = clusters.iter().map(names).collect();
        let pane = Cell { x: 0.0, y: 0.0, width: width * scale, height: height * scale };
        let counts: Vec<u32> = names.iter().map(|names| names.len() as u32).collect();
        let (cells, dividers) = grid(pane, &counts, columns, scale);
        let fit = cells.iter().zip(&counts).map(fit).fold(f64::INFINITY, f64::min);
        let fair = cells.iter().zip(&counts).map(|(cell, count)| radius(*cell, *count));
        let radius = (fair.fold(46.0, f64::min) / scale).max(24.0);
        let mut rings: Vec<Ring> = Vec::new();
        let mut spots = BTreeMap::new();
        for ((names, cell), cluster) in names.iter().zip(&cells).zip(clusters) {
            let ring = room::ring(*cell, names.len() as u32, (radius, stretch), cluster);
            let petals = room::petals(&ring, radius);
            let all = (0..ring.count).map(|index| room::captions(&ring, index, radius, petals));
            let all: Vec<[f64; 2]> = all.collect();
            // Indexes are said in the same way of all members, or of none.
            let second = all.iter().map(|captions| captions[1]).fold(f64::INFINITY, f64::min);
            for ((index, name), [first, _]) in (0..).zip(names).zip(all) {
                let (at, angle) = (ring.at(index), ring.angle(index));
                let captions = [first, second];
                spots.insert(name.clone(), Spot { at, angle, captions, petals });
            }
            rings.push(ring);
        }
        let client = Point { x: 46.0, y: 42.0 };
        let call = room::call(Room { pane, radius, scale }, &spots);
        let Cell { width, height, .. } = pane;
        Place { width, height, radius, rings, dividers, call, fit, spots, client }
    }

    /// Whether members have room for so many lines of captions, and everything is apart.
    fn is_roomy(&self, lines: u32) -> bool {
        self.rings.iter().all(|ring| room::is_roomy(ring, self.radius, lines))
            && room::clears_client(self.radius, &self.spots)
    }

    pub(crate) fn spot(&self, name: &str) -> Option<&Spot> {
        self.spots.get(name)
    }

    pub(crate) fn member(&self, name: &str) -> Option<Point> {
        self.spot(name).map(|spot| spot.at)
    }

    pub(crate) fn client(&self) -> Point {
        self.client
    }

    /// The lane on which messages go from one to the other: on the right of the way.
    pub(crate) fn lane(&self, from: &str, to: &str) -> Option<(Point, Point)> {
        let is_member = |name: &str| self.spots.contains_key(name);
        let (a, b) = (self.end(from)?, self.end(to)?);
        let angle = a.angle_to(b);
        let gap = |name: &str| if is_member(name) { self.radius + GAP } else { 26.0 };
        let side = angle + PI / 2.0;
        let start = a.along(angle, gap(from)).along(side, LANE);
        let end = b.along(angle + PI, gap(to)).along(side, LANE);
        Some((start, end))
    }

    /// Whoever is not a member is drawn at the client's place.
    fn end(&self, name: &str) -> Option<Point> {
        if name.is_empty() { None } else { Some(self.member(name).unwrap_or(self.client)) }
    }
}

impl Ring {
    /// The ring of so many discs of a radius that fills a cell, at most so much wider than high.
    pub(crate) fn new(cell: Cell, count: u32, (radius, stretch): (f64, f64)) -> Ring {
        let many = f64::from(count.max(1));
        let free = cell.height - 2.0 * radius - ABOVE - BELOW;
        // Two stand side by side where one below the other would be too near.
        let flat = count == 2 && free < 2.0 * radius + 2.0 * BELOW;
        // The lowest member of an odd ring stands above the ring's lowest point.
        let lowest = if count % 2 == 1 && count > 1 { (PI / many).cos() } else { 1.0 };
        let ry = if flat { 24.0 } else { free / (1.0 + lowest) };
        let ry = ry.min((cell.height - radius - ABOVE - EDGE) / 2.0).max(12.0);
        let side = (radius + SIDE).max(CAPTION);
        let widest = if flat { f64::INFINITY } else { ry * stretch };
        let rx = (cell.width / 2.0 - side).min(widest).max(40.0);
        // A narrow pane gets no needle: what height is left over goes above and below.
        let (full, ry) = (ry, ry.min(rx * 1.35));
        let slack = (full - ry) * (1.0 + lowest) / 2.0;
        let center = Point {
            x: cell.x + cell.width / 2.0,
            y: cell.y + ABOVE + radius + if flat { free / 2.0 } else { ry + slack },
        };
        let first = if flat { -PI } else { -PI / 2.0 };
        Ring { cell, center, rx, ry, count, first, headline: Slot::default() }
    }

    /// The angle of a member on the ring; the first is on top (or left), the others follow clockwise.
    pub(crate) fn angle(&self, index: u32) -> f64 {
        2.0 * PI * f64::from(index) / f64::from(self.count.max(1)) + self.first
    }

    pub(crate) fn at(&self, index: u32) -> Point {
        // One member alone stands in the middle: a ring of one says nothing.
        if self.count <= 1 {
            return self.center;
        }
        let angle = self.angle(index);
        Point { x: self.center.x + angle.cos() * self.rx, y: self.center.y + angle.sin() * self.ry }
    }
}

/// Who stands on a cluster's ring: its members, and those that it waits for, by id.
fn names(cluster: &Cluster) -> Vec<String> {
    let members = cluster.members.iter().map(|m| m.name.clone());
    members.chain(cluster.absent().map(|peer| absent_name(peer.id))).collect()
}

/// The place of a member that never started.
pub(crate) fn absent_name(id: u64) -> String {
    format!("{id:x}")
}

fn radius(cell: Cell, count: u32) -> f64 {
    let part = match count {
        0 | 1 => 0.16,
        2..=5 => 0.095,
        _ => 0.076,
    };
    cell.width.min(cell.height) * part
}

fn fit((cell, count): (&Cell, &u32)) -> f64 {
    match count {
        1 => (cell.width / 130.0).min(cell.height / 140.0),
        _ => (cell.width / 300.0).min(cell.height / 290.0),
    }
}

/// Divides the pane among clusters of so many members, into cells and the lines between them.
fn grid(
    pane: Cell,
    counts: &[u32],
    columns: usize,
    scale: f64,
) -> (Vec<Cell>, Vec<(Point, Point)>) {
    let weight = |count: &u32| match count {
        0 | 1 => 1.0,
        2 => 1.5,
        _ => 2.1,
    };
    if counts.len() < 2 {
        return (vec![pane], Vec::new());
    }
    let rows: Vec<&[u32]> = counts.chunks(columns).collect();
    let tall = |row: &&[u32]| row.iter().map(weight).fold(0.0, f64::max);
    let all: f64 = rows.iter().map(tall).sum();
    let (mut cells, mut dividers, mut y) = (Vec::new(), Vec::new(), pane.y);
    for row in &rows {
        let height = pane.height * tall(row) / all;
        let wide: f64 = row.iter().map(weight).sum();
        let mut x = pane.x;
        if y > pane.y {
            dividers.push((Point { x: 12.0, y }, Point { x: pane.right() - 12.0, y }));
        }
        for count in *row {
            let width = pane.width * weight(count) / wide;
            if x > pane.x {
                dividers.push((Point { x, y: y + 12.0 }, Point { x, y: y + height - 12.0 }));
            }
            // The page's own buttons are in the pane's upper right corner.
            let top = if y > pane.y || x == pane.x { 0.0 } else { BUTTONS * scale };
            let height = height - CLUSTER_NAME - top;
            cells.push(Cell { x, y: y + top, width, height });
            x += width;
        }
        y += height;
    }
    (cells, dividers)
}

/// A number in a path: at most one decimal.
pub(crate) fn num(value: f64) -> String {
    let rounded = (value * 10.0).round() / 10.0;
    // Minus zero prints a sign that says nothing.
    if rounded == 0.0 { "0".into() } else { rounded.to_string() }
}

/// A closed or open path through points.
pub(crate) fn path(points: &[Point], close: bool) -> String {
    let mut text = String::new();
    for (index, point) in points.iter().enumerate() {
        text += if index == 0 { "M" } else { "L" };
        text += &format!("{} {}", num(point.x), num(point.y));
    }
    if close {
        text.push('Z');
    }
    text
}

/// An arc of an ellipse, clockwise from `start` over `part` of the whole (0 to 1).
pub(crate) fn arc(center: Point, rx: f64, ry: f64, start: f64, part: f64) -> String {
    let part = part.clamp(0.0, 1.0);
    let at = |angle: f64| Point { x: center.x + angle.cos() * rx, y: center.y + angle.sin() * ry };
    // Two halves, since an arc whose ends meet draws nothing.
    let (a, b, c) = (at(start), at(start + PI * part), at(start + 2.0 * PI * part));
    let leg = |to: Point| format!("A{} {} 0 0 1 {} {}", num(rx), num(ry), num(to.x), num(to.y));
    format!("M{} {}{}{}", num(a.x), num(a.y), leg(b), leg(c))
}
