//! Words never lie over other words, over a member's disc, or over the edge: for each number of
//! members, in each state, at the sizes of desktops and phones.

use frame::{CallView, Frame, HostView, LinkView, MemberView, Outcome, PeerView, Role, Status};
use scene::{Item, Scene, Shape, Sign, TextBox, View, draw};

/// Panes from a small phone with large buttons to a large screen.
const SIZES: [(f64, f64); 11] = [
    (390.0, 206.0),
    (390.0, 260.0),
    (766.0, 257.0),
    (320.0, 300.0),
    (390.0, 340.0),
    (390.0, 430.0),
    (412.0, 520.0),
    (640.0, 300.0),
    (766.0, 430.0),
    (900.0, 560.0),
    (1600.0, 900.0),
];

const NONE: &str = "";
const PANIC: &str = "panicked at 'index out of bounds: the len is 3 but the index is 7'";

/// What a member can be: role, status, reason.
const STATES: [(Role, Status, &str); 14] = [
    (Role::Leader, Status::Running, NONE),
    (Role::Follower, Status::Running, NONE),
    (Role::PreCandidate, Status::Running, NONE),
    (Role::Candidate, Status::Running, NONE),
    (Role::Learner, Status::Running, NONE),
    (Role::Leader, Status::Paused, NONE),
    (Role::PreCandidate, Status::Paused, NONE),
    (Role::Learner, Status::Paused, NONE),
    (Role::Follower, Status::Stopped, NONE),
    (Role::Follower, Status::Stopped, "killed"),
    (Role::Follower, Status::Stopped, "killed (SIGKILL)"),
    (Role::Follower, Status::Stopped, "removed from the cluster"),
    (Role::Follower, Status::Crashed, "trap"),
    (Role::Follower, Status::Crashed, PANIC),
];

fn member(name: &str, id: u64, cluster_id: u64, state: (Role, Status, &str)) -> MemberView {
    let (role, status, reason) = state;
    MemberView {
        name: name.into(),
        id,
        cluster_id,
        role,
        status,
        reason: reason.into(),
        term: 12,
        commit: 1234,
        applied: 1230,
        last_index: 1240,
        election_timeout_ticks: 17,
        ..MemberView::default()
    }
}

/// Clusters of so many members each; members take the states in turn from `turn` on, or all the
/// same one where `alike`. Each knows one more that never started where `absent`.
fn frame(sizes: &[u32], turn: usize, alike: bool, absent: bool) -> Frame {
    let mut members: Vec<MemberView> = Vec::new();
    for (cluster_id, size) in (0xef37_ad9d_c622_a7c4..).zip(sizes) {
        let from = members.len();
        for index in 0..*size as usize {
            let letter = ["m", "r", "s", "t"][(cluster_id & 3) as usize];
            let state = STATES[(turn + if alike { 0 } else { index }) % STATES.len()];
            let id = (members.len() + 1) as u64;
            members.push(member(&format!("{letter}{}", index + 1), id, cluster_id, state));
        }
        let peer = |m: &MemberView| PeerView {
            id: m.id,
            name: m.name.clone(),
            learner: m.role == Role::Learner,
        };
        let mut peers: Vec<PeerView> = members[from..].iter().map(peer).collect();
        if absent {
            peers.push(PeerView { id: cluster_id - 0x1000, ..PeerView::default() });
        }
        let names: Vec<String> = peers.iter().map(|p| p.name.clone()).collect();
        for m in &mut members[from..] {
            m.peers = peers.clone();
            // Every petal carries its sign.
            (m.votes_granted, m.votes_refused) = (names[..1].to_vec(), names[1..].to_vec());
        }
    }
    let call = CallView {
        method: "LeaseTimeToLive".into(),
        outcome: Outcome::Failed,
        reason: "etcdserver: request timed out, possibly due to connection lost".into(),
        ..CallView::default()
    };
    Frame {
        links: vec![LinkView::default()],
        hosts: vec![HostView {
            name: "client".into(),
            last_call: Some(call),
            ..HostView::default()
        }],
        members,
        ..Frame::default()
    }
}

fn scene(frame: &Frame, (width, height): (f64, f64)) -> Scene {
    draw(frame, &View { width, height, ..View::default() })
}

/// Words with the group that they belong to.
type Words<'a> = (usize, &'a Item, TextBox);
/// A disc's group, middle and radius.
type Disc = (usize, f64, f64, f64);

/// All words of a scene and all discs.
fn parts(scene: &Scene) -> (Vec<Words<'_>>, Vec<Disc>) {
    let (mut words, mut discs) = (Vec::new(), Vec::new());
    for (group, item) in
        scene.groups.iter().enumerate().flat_map(|(i, g)| g.items.iter().map(move |x| (i, x)))
    {
        if let Some(found) = item.text_box() {
            words.push((group, item, found));
        }
        if let (true, Shape::Circle { cx, cy, r }) = (item.class.starts_with("disc"), &item.shape) {
            discs.push((group, *cx, *cy, *r));
        }
    }
    (words, discs)
}

fn check(frame: &Frame, size: (f64, f64), what: &str) {
    let scene = scene(frame, size);
    let (words, discs) = parts(&scene);
    for (index, (group, item, found)) in words.iter().enumerate() {
        let inside = found.left >= 0.0
            && found.top >= 0.0
            && found.right <= scene.width
            && found.bottom <= scene.height;
        assert!(inside, "{what} at {size:?}: {item:?} leaves the pane: {found:?}");
        for (_, other, of_other) in &words[index + 1..] {
            let over = found.overlaps(of_other);
            assert!(!over, "{what} at {size:?}: {item:?} over {other:?}: {found:?} {of_other:?}");
        }
        for (_, cx, cy, r) in discs.iter().filter(|disc| disc.0 != *group) {
            let dx = cx - cx.clamp(found.left, found.right);
            let dy = cy - cy.clamp(found.top, found.bottom);
            let over = dx.hypot(dy) < *r;
            assert!(!over, "{what} at {size:?}: {item:?} over a disc: {found:?} {cx} {cy} {r}");
        }
    }
}

#[test]
fn words_keep_clear_of_each_other_with_one_cluster_in_every_state() {
    for size in SIZES {
        for count in 1..=frame::MEMBERS_MAX {
            for turn in 0..STATES.len() {
                for alike in [false, true] {
                    for absent in [false, true] {
                        let what = format!("{count} from state {turn} {alike} {absent}");
                        check(&frame(&[count], turn, alike, absent), size, &what);
                    }
                }
            }
        }
    }
}

#[test]
fn words_keep_clear_of_each_other_with_several_clusters() {
    let several: [&[u32]; 8] =
        [&[3, 1], &[1, 1], &[1, 3], &[3, 3], &[5, 1], &[3, 1, 1], &[5, 2], &[1, 1, 1, 1]];
    for size in SIZES {
        for sizes in several {
            for turn in 0..STATES.len() {
                for alike in [false, true] {
                    let what = format!("{sizes:?} from state {turn} {alike}");
                    check(&frame(sizes, turn, alike, false), size, &what);
                }
            }
        }
    }
}

#[test]
fn long_names_and_numbers_are_cut_short() {
    for size in SIZES {
        for count in 1..=5 {
            let mut frame = frame(&[count, 1], 0, false, false);
            for m in &mut frame.members {
                m.name = format!("infrastructure-{}", m.name);
                (m.term, m.last_index) = (123_456, 123_456_789);
                (m.commit, m.applied) = (123_456_789, 123_456_780);
            }
            check(&frame, size, &format!("{count} with long names"));
        }
    }
}

/// Who says nothing overlaps nothing: at usual sizes each member's captions are all there.
#[test]
fn what_a_member_is_can_be_read_on_a_phone() {
    for size in [(390.0, 430.0), (766.0, 430.0)] {
        for sizes in [&[1][..], &[2], &[3], &[4], &[5], &[6], &[7], &[3, 1]] {
            for (turn, (role, status, _)) in STATES.iter().enumerate() {
                let scene = scene(&frame(sizes, turn, true, false), size);
                let members = sizes.iter().sum::<u32>();
                let shrunk = scene.width / size.0;
                assert!(
                    shrunk <= if sizes.len() == 1 && members < 6 { 1.0 } else { 1.25 },
                    "{sizes:?} {size:?} {shrunk}"
                );
                for group in &scene.groups {
                    let Sign::Member { name, .. } = &group.sign else { continue };
                    let text = |class: &str| {
                        let found = group.items.iter().find(|i| i.class.starts_with(class));
                        found.map(|i| i.shape.to_string()).unwrap_or_default()
                    };
                    let word = match status {
                        Status::Running if *role == Role::Leader => "leader",
                        Status::Running => role.as_str(),
                        Status::Paused => "paused",
                        status => status.as_str(),
                    };
                    let read = text("role");
                    assert!(read.contains(word), "{sizes:?} {size:?} {name}: {read} for {word}");
                    let indexes = text("indexes");
                    let room = size.0 > 400.0 || sizes.iter().sum::<u32>() < 6;
                    assert!(
                        !room || indexes.contains("1234"),
                        "{sizes:?} {size:?} {name}: {indexes}"
                    );
                }
            }
        }
    }
}

#[test]
fn a_reason_loses_its_signal_before_it_is_cut_short() {
    let mut frame = frame(&[4], 0, true, false);
    (frame.members[0].status, frame.members[0].reason) =
        (Status::Stopped, "killed (SIGKILL)".into());
    (frame.members[1].status, frame.members[1].reason) =
        (Status::Crashed, "m2 was told to trap".into());
    let words = scene(&frame, (390.0, 430.0)).to_string();
    assert!(words.contains("\"stopped: killed\"") && words.contains("crashed: told"), "{words}");
}

#[test]
fn a_headline_is_whole_on_a_phone() {
    for count in 2..=frame::MEMBERS_MAX {
        let frame = frame(&[count], 3, true, false);
        let scene = scene(&frame, (390.0, 430.0));
        let found = scene.groups.iter().find(|g| matches!(g.sign, Sign::Headline { .. }));
        let words: String =
            found.expect("a headline").items.iter().map(|i| i.shape.to_string()).collect();
        assert!(words.contains("term 12") && !words.contains('\u{2026}'), "{words}");
    }
}
