//! Where things stand: members on a ring, the client outside it.

use crate::View;
use frame::Frame;
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

/// The layout of one picture.
pub(crate) struct Place {
    pub(crate) width: f64,
    pub(crate) height: f64,
    pub(crate) center: Point,
    pub(crate) rx: f64,
    pub(crate) ry: f64,
    /// Radius of a member's disc.
    pub(crate) radius: f64,
    names: Vec<String>,
    client: Point,
}

/// Room above the topmost disc for crown and petals, and below the lowest for its captions.
const ABOVE: f64 = 34.0;
const BELOW: f64 = 52.0;
/// Half the width of a member's captions.
const CAPTION: f64 = 70.0;
/// Room below the ring itself.
const EDGE: f64 = 10.0;
/// Lanes of the two directions of a link stand this far from its middle.
pub(crate) const LANE: f64 = 5.0;
/// A link ends this far from a disc, outside the election timer.
const GAP: f64 = 15.0;

impl Place {
    pub(crate) fn new(frame: &Frame, view: &View) -> Place {
        let (width, height) = (view.width.max(240.0), view.height.max(240.0));
        let crowd = if frame.members.len() > 5 { 0.8 } else { 1.0 };
        let radius = (width.min(height) * 0.095 * crowd).clamp(24.0, 46.0);
        let count = frame.members.len().max(1);
        // The lowest member of an odd ring stands above the ring's lowest point.
        let lowest = if count % 2 == 1 && count > 1 { (PI / count as f64).cos() } else { 1.0 };
        let ry = ((height - 2.0 * radius - ABOVE - BELOW) / (1.0 + lowest))
            .min((height - radius - ABOVE - EDGE) / 2.0);
        let side = (radius + 18.0).max(CAPTION);
        let rx = (width / 2.0 - side).min(ry * 1.7).max(40.0);
        // A narrow pane gets no needle: what height is left over goes above and below.
        let (full, ry) = (ry, ry.min(rx * 1.35));
        let slack = (full - ry) * (1.0 + lowest) / 2.0;
        let center = Point { x: width / 2.0, y: ABOVE + radius + ry + slack };
        let client = Point { x: 46.0, y: 42.0 };
        let names = frame.members.iter().map(|m| m.name.clone()).collect();
        Place { width, height, center, rx, ry, radius, names, client }
    }

    /// The angle of a member on the ring; the first is on top, the others follow clockwise.
    pub(crate) fn angle(&self, name: &str) -> Option<f64> {
        let index = self.names.iter().position(|n| n == name)?;
        Some(2.0 * PI * index as f64 / self.names.len() as f64 - PI / 2.0)
    }

    pub(crate) fn on_ring(&self, angle: f64) -> Point {
        Point { x: self.center.x + angle.cos() * self.rx, y: self.center.y + angle.sin() * self.ry }
    }

    pub(crate) fn member(&self, name: &str) -> Option<Point> {
        // One member alone stands in the middle: a ring of one says nothing.
        if self.names.len() == 1 && self.names[0] == name {
            return Some(self.center);
        }
        Some(self.on_ring(self.angle(name)?))
    }

    pub(crate) fn client(&self) -> Point {
        self.client
    }

    /// The lane on which messages go from one to the other: on the right of the way.
    pub(crate) fn lane(&self, from: &str, to: &str) -> Option<(Point, Point)> {
        let is_member = |name: &str| self.names.iter().any(|n| n == name);
        let (a, b) = (self.spot(from)?, self.spot(to)?);
        let angle = a.angle_to(b);
        let gap = |name: &str| if is_member(name) { self.radius + GAP } else { 26.0 };
        let side = angle + PI / 2.0;
        let start = a.along(angle, gap(from)).along(side, LANE);
        let end = b.along(angle + PI, gap(to)).along(side, LANE);
        Some((start, end))
    }

    /// Whoever is not a member is drawn at the client's place.
    fn spot(&self, name: &str) -> Option<Point> {
        if name.is_empty() { None } else { Some(self.member(name).unwrap_or(self.client)) }
    }
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
