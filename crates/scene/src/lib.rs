//! Pure drawing: a [`Frame`] becomes a list of shapes with classes, and words that say the same.
//!
//! Nothing here knows a browser. [`draw`] is a function of the frame and of the [`View`] (size of
//! the pane, selection); the page turns each [`Group`] into one SVG group. Every sign is listed in
//! [`legend`], and [`words`] is the text twin of the picture, for screen readers and for anyone
//! who would rather read.
//!
//! Coordinates are pixels of the pane, as `f64`: this is display, nothing is computed from it.
//! Left out: zoom, and any drawing of what a frame does not carry.

mod client;
mod cluster;
mod flight;
mod glyph;
mod link;
mod measure;
mod member;
mod place;
mod print;
mod quorum;
mod room;
pub mod words;

pub use cluster::{Cluster, Standing, cluster_of, clusters};
pub use glyph::{Legend, legend};
pub use measure::TextBox;

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

/// What to draw, back to front. `width` and `height` are the picture's own: larger than the pane,
/// and of its shape, where the pane is too small for what has to be said.
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
    /// The arc of the cluster with that id.
    Quorum {
        cluster: u64,
    },
    Headline {
        cluster: u64,
    },
    /// A cluster's name and its border, where there are several.
    Cluster {
        id: u64,
    },
    /// A place that waits for a member: added, but never started.
    Absent {
        id: u64,
    },
    Link {
        from: String,
        to: String,
        cut: bool,
    },
    Client {
        name: String,
    },
    Member {
        name: String,
        role: Role,
        status: Status,
        term: u64,
        selected: bool,
    },
    Flight {
        id: u64,
        kind: MessageKind,
    },
}

impl Sign {
    /// A key that is stable from frame to frame.
    pub fn key(&self) -> String {
        match self {
            Sign::Quorum { cluster } => format!("quorum-{cluster:x}"),
            Sign::Headline { cluster } => format!("headline-{cluster:x}"),
            Sign::Cluster { id } => format!("cluster-{id:x}"),
            Sign::Absent { id } => format!("absent-{id:x}"),
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
    let clusters = clusters(frame);
    let place = Place::new(&clusters, view);
    let each = || clusters.iter().zip(&place.rings);
    let mut groups: Vec<Group> = Vec::new();
    if clusters.len() > 1 {
        groups.extend(each().map(|(cluster, ring)| cluster_name(cluster, ring)));
        groups[0].items.extend(
            place
                .dividers
                .iter()
                .map(|(from, to)| item("divider", Shape::Path(place::path(&[*from, *to], false)))),
        );
    }
    groups.extend(each().map(|(cluster, ring)| quorum::draw(cluster, ring, &place, view)));
    groups.extend(frame.links.iter().filter_map(|l| link::draw(l, &clusters, &place)));
    groups.extend(each().map(|(cluster, ring)| quorum::caption(cluster, ring, view)));
    groups.extend(flight::draw(frame, &place, view));
    groups.extend(frame.hosts.iter().take(1).map(|h| client::draw(h, &place)));
    for cluster in &clusters {
        groups.extend(cluster.absent().filter_map(|peer| member::absent(peer, &place)));
        groups
            .extend(cluster.members.iter().filter_map(|m| member::draw(m, cluster, &place, view)));
    }
    Scene { width: place.width, height: place.height, groups }
}

fn cluster_name(cluster: &Cluster, ring: &place::Ring) -> Group {
    let name = match cluster.id {
        0 => "cluster not known yet".into(),
        id => format!("cluster {id:x}"),
    };
    let (x, y) = (ring.center.x, ring.cell.bottom() + 12.0);
    let short =
        measure::Style::of("cluster").fit(ring.cell.width - 8.0, std::slice::from_ref(&name));
    let items = short.into_iter().map(|short| text("cluster", x, y, short)).collect();
    Group { sign: Sign::Cluster { id: cluster.id }, title: name, opacity: 1.0, items }
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
