//! A scene as text, one shape a line: what the snapshot tests compare.

use crate::place::num;
use crate::{Scene, Shape};
use std::fmt;

impl fmt::Display for Scene {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} x {}", num(self.width), num(self.height))?;
        for group in &self.groups {
            writeln!(f, "{} [{}] {}", group.sign.key(), group.opacity, group.title)?;
            for item in &group.items {
                writeln!(f, "  {} | {}", item.class, item.shape)?;
            }
        }
        Ok(())
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Shape::Circle { cx, cy, r } => write!(f, "o {} {} r{}", num(*cx), num(*cy), num(*r)),
            Shape::Stripes { cx, cy, r, pattern } => {
                write!(f, "stripes {pattern} {} {} r{}", num(*cx), num(*cy), num(*r))
            }
            Shape::Path(d) => write!(f, "{d}"),
            Shape::Text { x, y, text } => write!(f, "{text:?} {} {}", num(*x), num(*y)),
        }
    }
}
