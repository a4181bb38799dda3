//! Pure drawing: a [`Frame`] becomes a list of shapes with classes, and words that say the same.
//!
//! Nothing here knows a browser. [`draw`] is a function of the frame and of the [`View`] (size of
//! the pane, selection); the page turns each [`Group`] into one SVG group. Every sign is listed in
//! [`legend`], and [`words`] is the text twin of the picture, for screen readers and for anyone
//! who would rather read.
//!
//! Coordinates are pixels of the pane, as `f64`: this is display, nothing is computed from it.
//! Left out: zoom, and any drawing of what a frame does not carry.

mod flight;
mod glyph;
mod link;
mod member;
mod place;
mod print;
mod quorum;
pub mod words;

pub use glyph::{Legend, legend};

use frame::{Frame, MemberView, MessageKind, Role, Status};
use place::Place;

/// What the page decides about the picture.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct View {
    /// Size of the pane in pixels; sizes below 240 are drawn as 240.
    pub width: f64,
    pub height: f64,
    /// Name of the selected member.
    pub selected: Option<String>,
    /// Draws rafthttp's keep-alives too.
    pub keepalives: bool,
    /// No frame has come yet: members are drawn as places.
    pub starting: bool,
}

/// What to draw, back to front.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scene {
    pub width: f64,
    pub height: f64,
    pub groups: Vec<Group>,
}

/// Shapes that belong together and have one name.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    pub sign: Sign,
    /// The accessible name and tooltip.
    pub title: String,
    /// 0 to 1.
    pub opacity: f64,
    pub items: Vec<Item>,
}

/// What a group stands for.
#[derive(Clone, Debug, PartialEq)]
pub enum Sign {
    Quorum,
    Headline,
    Link { from: String, to: String, cut: bool },
    Client { name: String },
    Member { name: String, role: Role, status: Status, term: u64, selected: bool },
    Flight { id: u64, kind: MessageKind },
}

impl Sign {
    /// A key that is stable from frame to frame.
    pub fn key(&self) -> String {
        match self {
            Sign::Quorum => "quorum".into(),
            Sign::Headline => "headline".into(),
            Sign::Link { from, to, .. } => format!("link-{from}-{to}"),
            Sign::Client { name } => format!("client-{name}"),
            Sign::Member { name, .. } => format!("member-{name}"),
            Sign::Flight { id, .. } => format!("flight-{id}"),
        }
    }
}

/// One shape. Colours, widths and dashes belong to the classes.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    pub class: String,
    pub shape: Shape,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Shape {
    Circle {
        cx: f64,
        cy: f64,
        r: f64,
    },
    /// A filled circle of the stripe pattern with that number.
    Stripes {
        cx: f64,
        cy: f64,
        r: f64,
        pattern: u64,
    },
    Path(String),
    Text {
        x: f64,
        y: f64,
        text: String,
    },
}

/// Terms cycle through so many fills and stripe patterns.
pub const TERM_FILLS: u64 = 8;

/// The class of a term's fill.
pub fn term_class(term: u64) -> String {
    if term == 0 { "term-none".into() } else { format!("term-{}", term % TERM_FILLS) }
}

/// Draws one moment.
pub fn draw(frame: &Frame, view: &View) -> Scene {
    let place = Place::new(frame, view);
    let mut groups = vec![quorum::draw(frame, &place, view)];
    groups.extend(frame.links.iter().filter_map(|l| link::draw(l, &place)));
    groups.push(quorum::caption(frame, &place, view));
    groups.extend(flight::draw(frame, &place, view));
    groups.extend(frame.hosts.iter().take(1).map(|h| member::client(h, &place)));
    groups.extend(frame.members.iter().filter_map(|m| member::draw(m, frame, &place, view)));
    Scene { width: place.width, height: place.height, groups }
}

/// A frame for the time before the first one: the right number of members, nothing known of them.
pub fn placeholder(members: u32) -> Frame {
    let names: Vec<String> = (1..=members).map(|n| format!("m{n}")).collect();
    let links = names.iter().flat_map(|from| {
        names.iter().filter(move |to| *to != from).map(move |to| frame::LinkView {
            from: from.clone(),
            to: to.clone(),
            cut: false,
        })
    });
    Frame {
        links: links.collect(),
        members: names
            .iter()
            .map(|name| MemberView { name: name.clone(), ..MemberView::default() })
            .collect(),
        hosts: vec![frame::HostView { name: "client".into(), ..frame::HostView::default() }],
        ..Frame::default()
    }
}

fn item(class: impl Into<String>, shape: Shape) -> Item {
    Item { class: class.into(), shape }
}

fn text(class: &str, x: f64, y: f64, text: impl Into<String>) -> Item {
    item(class, Shape::Text { x, y, text: text.into() })
}
