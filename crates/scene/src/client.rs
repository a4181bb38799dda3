//! The client outside the ring, with the outcome of its last call.

use crate::measure::Style;
use crate::place::Place;
use crate::{Group, Shape, Sign, item, text, words};
use frame::{HostView, Outcome};

pub(crate) fn draw(host: &HostView, place: &Place) -> Group {
    let at = place.client();
    let shoulders = format!("M{} {}q0 -14 13 -14t13 14z", at.x - 13.0, at.y + 16.0);
    let mut items = vec![
        item("figure", Shape::Circle { cx: at.x, cy: at.y - 9.0, r: 8.0 }),
        item("figure", Shape::Path(shoulders)),
    ];
    let name = Style::of("client-name").fit(76.0, std::slice::from_ref(&host.name));
    items.extend(name.map(|name| text("client-name", at.x, at.y + 32.0, name)));
    let mut title = format!("{}, where the console is", host.name);
    if let Some(call) = &host.last_call {
        let method = &call.method;
        let (class, sign, words) = match call.outcome {
            Outcome::Open => ("call open", "\u{2026}", method.clone()),
            Outcome::Ok => {
                ("call ok", "\u{2713}", format!("{method} {}", words::span(call.took_us)))
            }
            Outcome::Failed => ("call bad", "\u{2717}", format!("{method}: {}", call.reason)),
            Outcome::Unknown => ("call unknown", "?", format!("{method}: {}", call.reason)),
        };
        let words = format!("{sign} {words}");
        let (from, width) = place.call;
        let lines = [words::clip(&words, 30), format!("{sign} {method}"), sign.to_string()];
        let line = if call.outcome == Outcome::Ok {
            Style::of(class).fit(width, &lines)
        } else {
            Style::of(class).fit(width, &lines[..1])
        };
        items.extend(line.map(|line| text(class, from.x, from.y, line)));
        title = format!("{title}. Last call to {}: {words}", call.endpoint);
    }
    Group { sign: Sign::Client { name: host.name.clone() }, title, opacity: 1.0, items }
}
