//! How much room words take, without a font at hand.
//!
//! Widths are those of a wide sans serif (DejaVu and Verdana are about the widest that a page
//! falls back to), rounded up: words that fit here fit in a browser. Sizes and weights repeat what
//! `web/style.css` says of the classes.

use crate::{Item, Shape};

/// A box around words, in pixels of the pane.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TextBox {
    pub left: f64,
    pub top: f64,
    pub right: f64,
    pub bottom: f64,
}

impl TextBox {
    /// Whether two boxes share more than an edge.
    pub fn overlaps(&self, other: &TextBox) -> bool {
        self.left < other.right
            && other.left < self.right
            && self.top < other.bottom
            && other.top < self.bottom
    }
}

impl Item {
    /// The room that its words take at most; nothing for other shapes.
    pub fn text_box(&self) -> Option<TextBox> {
        let Shape::Text { x, y, text } = &self.shape else { return None };
        let style = Style::of(&self.class);
        let width = style.width(text);
        let left = if style.from_start { *x } else { x - width / 2.0 };
        let (top, bottom) = (y - 0.8 * style.size, y + 0.24 * style.size);
        Some(TextBox { left, top, right: left + width, bottom })
    }
}

/// What a class makes of words.
#[derive(Clone, Copy)]
pub(crate) struct Style {
    /// Font size in pixels.
    size: f64,
    bold: bool,
    /// Anchored at the start and not in the middle.
    from_start: bool,
}

impl Style {
    pub(crate) fn of(class: &str) -> Style {
        let (size, bold) = match class.split(' ').next().unwrap_or_default() {
            "headline" | "name" => (16.0, true),
            "role" | "client-name" => (13.0, true),
            "indexes" | "in-term" | "call" | "cluster" => (12.0, false),
            "count" => (11.0, true),
            "petal-sign" => (10.0, true),
            _ => (13.0, false),
        };
        Style { size, bold, from_start: class.starts_with("call") }
    }

    /// At most so many pixels.
    pub(crate) fn width(self, text: &str) -> f64 {
        let em: f64 = text.chars().map(advance).sum();
        em * self.size * if self.bold { 1.13 } else { 1.0 }
    }

    /// The first of these that fits as it is: half a number would be another number.
    pub(crate) fn choose(self, width: f64, texts: &[String]) -> Option<String> {
        texts.iter().find(|text| self.width(text) <= width).cloned()
    }

    /// The first of these that fits, or what fits of the last; nothing where a few letters would
    /// say nothing.
    pub(crate) fn fit(self, width: f64, texts: &[String]) -> Option<String> {
        if let Some(text) = self.choose(width, texts) {
            return Some(text);
        }
        let mut kept = texts.last()?.clone();
        while kept.pop().is_some() {
            let clipped = format!("{}\u{2026}", kept.trim_end());
            if self.width(&clipped) <= width {
                return (kept.chars().count() > 2).then_some(clipped);
            }
        }
        None
    }
}

/// Width of a character in parts of the font's size.
fn advance(c: char) -> f64 {
    match c {
        'i' | 'j' | 'l' | '\'' | '|' => 0.3,
        ' ' | '.' | ',' | '\u{b7}' => 0.33,
        'f' | ':' | ';' | '-' | '/' | '!' => 0.38,
        't' | 'r' | '(' | ')' | '[' | ']' => 0.42,
        's' | 'c' | 'z' => 0.56,
        'm' | 'M' | 'W' | 'w' | '%' | '@' => 1.0,
        'a'..='z' | '0'..='9' => 0.645,
        'A'..='Z' | '_' | '"' | '?' => 0.8,
        c if c.is_ascii() => 0.85,
        _ => 1.05,
    }
}
