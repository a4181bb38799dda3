//! Links: one lane for each direction, and a bar across what is cut.

use crate::cluster::{Cluster, Standing};
use crate::place::{LANE, Place, Point, path};
use crate::{Group, Shape, Sign, item};
use frame::LinkView;
use std::f64::consts::PI;

/// Members of different clusters have nothing to say to each other, nor has one that was removed:
/// between those only what was cut is drawn, so that it can be healed.
pub(crate) fn draw(link: &LinkView, clusters: &[Cluster], place: &Place) -> Option<Group> {
    if !link.cut && !clusters.iter().any(|cluster| joins(cluster, link)) {
        return None;
    }
    let (start, end) = place.lane(&link.from, &link.to)?;
    let angle = start.angle_to(end);
    let line = path(&[start, end], false);
    let mut items = vec![
        item("hit", Shape::Path(line.clone())),
        item(if link.cut { "lane cut" } else { "lane" }, Shape::Path(line)),
    ];
    let middle = start.toward(end, 0.5);
    let (inner, outer) =
        (middle.along(angle - PI / 2.0, LANE), middle.along(angle + PI / 2.0, LANE * 1.6));
    // The focus mark, seen only while the link has the focus.
    items.push(item("focus-mark", Shape::Circle { cx: inner.x, cy: inner.y, r: 14.0 }));
    if link.cut {
        items.push(item("bar", Shape::Path(path(&[inner, outer], false))));
        items.push(item("bar-head", Shape::Path(head(middle, angle))));
    }
    let title = title(link);
    let sign = Sign::Link { from: link.from.clone(), to: link.to.clone(), cut: link.cut };
    Some(Group { sign, title, opacity: 1.0, items })
}

fn joins(cluster: &Cluster, link: &LinkView) -> bool {
    let belongs = |name: &String| {
        let mut members = cluster.members.iter();
        members.any(|m| m.name == *name && cluster.standing(m) != Standing::Removed)
    };
    belongs(&link.from) && belongs(&link.to)
}

/// An arrow head just before the bar: which direction is cut.
fn head(at: Point, angle: f64) -> String {
    let tip = at.along(angle, -4.0);
    let back = tip.along(angle, -8.0);
    path(&[tip, back.along(angle + PI / 2.0, 4.0), back.along(angle - PI / 2.0, 4.0)], true)
}

fn title(link: &LinkView) -> String {
    let LinkView { from, to, cut } = link;
    if *cut {
        format!("Link {from} to {to}: cut. Enter heals it")
    } else {
        format!("Link {from} to {to}. Enter cuts both directions, Shift+Enter only this one")
    }
}
