//! A scene's shapes as SVG elements. Only attributes and classes: the policy allows no styles.

use scene::{Item, Shape};
use yew::prelude::*;

/// The shapes of one group.
pub(crate) fn shapes(items: &[Item]) -> Html {
    items.iter().enumerate().map(|(index, item)| shape(index, item)).collect()
}

fn shape(index: usize, item: &Item) -> Html {
    let class = item.class.clone();
    // Different elements never share a key, so none is changed into another.
    match &item.shape {
        Shape::Circle { cx, cy, r } => html! {
            <circle key={format!("c{index}")} {class} cx={num(*cx)} cy={num(*cy)} r={num(*r)} />
        },
        Shape::Stripes { cx, cy, r, pattern } => html! {
            <circle
                key={format!("s{index}")}
                {class}
                cx={num(*cx)}
                cy={num(*cy)}
                r={num(*r)}
                fill={format!("url(#stripes-{pattern})")}
            />
        },
        Shape::Path(d) => html! { <path key={format!("p{index}")} {class} d={d.clone()} /> },
        Shape::Text { x, y, text } => html! {
            <text key={format!("t{index}")} {class} x={num(*x)} y={num(*y)}>{ text }</text>
        },
    }
}

/// A coordinate with at most one decimal.
pub(crate) fn num(value: f64) -> String {
    ((value * 10.0).round() / 10.0).to_string()
}
