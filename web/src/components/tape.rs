//! The time line: who led in which term, and what people did, from the start to now.

use super::shapes::num;
use crate::tape::Tape;
use frame::{LogKind, Micros};
use yew::prelude::*;

/// The drawing is this wide in its own units; the page stretches it.
const WIDTH: f64 = 1000.0;

/// Draws the tape up to `now`.
pub(crate) fn tape(tape: &Tape, now: Micros) -> Html {
    let whole = now.max(1_000_000) as f64;
    let x = |at: Micros| at.min(now) as f64 / whole * WIDTH;
    let span = |(index, span): (usize, &crate::tape::Span)| {
        let end = tape.spans.get(index + 1).map_or(now, |next| next.from_us);
        let (left, right) = (x(span.from_us), x(end));
        let (class, words) = if span.leader.is_empty() {
            ("tape-none".to_string(), "no leader".to_string())
        } else {
            let words = format!("term {}, {} leads", span.term, span.leader);
            (format!("tape-span {}", scene::term_class(span.term)), words)
        };
        html! {
            <rect
                key={format!("s{}", span.from_us)}
                {class}
                x={num(left)}
                y="6"
                width={num((right - left).max(1.0))}
                height="12"
            >
                <title>{ format!("{words}, from {}", scene::words::time(span.from_us)) }</title>
            </rect>
        }
    };
    let mark = |mark: &crate::tape::Mark| {
        let class = match mark.kind {
            LogKind::Fault => "tape-mark warn",
            LogKind::Violation => "tape-mark bad",
            _ => "tape-mark",
        };
        let at = num(x(mark.at_us));
        html! {
            <path key={format!("m{}", mark.seq)} {class} d={format!("M{at} 0V24")}>
                <title>{ format!("{} {}", scene::words::time(mark.at_us), mark.text) }</title>
            </path>
        }
    };
    html! {
        <svg
            class="tape"
            data-testid="time-tape"
            viewBox={format!("0 0 {WIDTH} 24")}
            preserveAspectRatio="none"
            role="img"
            aria-label={words(tape, now)}
        >
            <rect class="tape-track" x="0" y="6" width="1000" height="12" />
            { for tape.spans.iter().enumerate().map(span) }
            { for tape.marks.iter().map(mark) }
        </svg>
    }
}

fn words(tape: &Tape, now: Micros) -> String {
    let leaders = tape.spans.iter().filter(|s| !s.leader.is_empty()).count();
    let last = tape.spans.last().map(|s| s.leader.as_str()).unwrap_or_default();
    let last = if last.is_empty() { "nobody leads".into() } else { format!("{last} leads") };
    format!("Time line up to {}: {leaders} leaderships, {last}", scene::words::time(now))
}
