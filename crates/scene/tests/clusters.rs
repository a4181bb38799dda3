//! Who counts for which quorum: several clusters, learners, members added and removed.

use frame::{Frame, LinkView, MemberView, PeerView, Role, Status};
use scene::{Sign, Standing, View, clusters, draw, words};

fn member(name: &str, id: u64, cluster_id: u64, role: Role) -> MemberView {
    MemberView {
        name: name.into(),
        id,
        cluster_id,
        role,
        status: Status::Running,
        term: 2,
        commit: 5,
        applied: 5,
        last_index: 5,
        ..MemberView::default()
    }
}

/// What etcd's members know of each other.
fn know(members: &mut [MemberView], learners: &[u64], added: &[u64]) {
    let ids: Vec<u64> = members.iter().map(|m| m.id).chain(added.iter().copied()).collect();
    let peer = |id: &u64| PeerView { id: *id, name: String::new(), learner: learners.contains(id) };
    let peers: Vec<PeerView> = ids.iter().map(peer).collect();
    for m in members {
        m.peers = peers.clone();
    }
}

/// m1 leads m2 and m3; all have its five entries.
fn three() -> Vec<MemberView> {
    let mut m1 = member("m1", 1, 7, Role::Leader);
    m1.matches = vec![("m2".into(), 5), ("m3".into(), 5)];
    let mut members =
        vec![m1, member("m2", 2, 7, Role::Follower), member("m3", 3, 7, Role::Follower)];
    know(&mut members, &[], &[]);
    members
}

/// A restored member that leads itself.
fn restored() -> MemberView {
    let mut r1 = [MemberView { last_index: 9, term: 4, ..member("r1", 9, 8, Role::Leader) }];
    know(&mut r1, &[], &[]);
    let [r1] = r1;
    r1
}

fn with(members: Vec<MemberView>) -> Frame {
    let pairs = members.iter().flat_map(|a| members.iter().map(move |b| (a, b)));
    let link = |(a, b): (&MemberView, &MemberView)| LinkView {
        from: a.name.clone(),
        to: b.name.clone(),
        cut: false,
    };
    let links = pairs.filter(|(a, b)| a.name != b.name).map(link).collect();
    Frame { members, links, ..Frame::default() }
}

/// What stands over each cluster: the titles of the arcs.
fn arcs(frame: &Frame) -> Vec<String> {
    let scene = draw(frame, &View { width: 766.0, height: 430.0, ..View::default() });
    let arc = |g: &scene::Group| matches!(g.sign, Sign::Quorum { .. }).then(|| g.title.clone());
    scene.groups.iter().filter_map(arc).collect()
}

fn signs(frame: &Frame, is: fn(&Sign) -> bool) -> usize {
    let scene = draw(frame, &View { width: 766.0, height: 430.0, ..View::default() });
    scene.groups.iter().filter(|g| is(&g.sign)).count()
}

fn standing(frame: &Frame, name: &str) -> Standing {
    let found = frame.members.iter().find(|m| m.name == name).expect("a member");
    scene::cluster_of(frame, found).expect("a cluster").standing(found)
}

#[test]
fn one_cluster_of_three_has_one_arc_and_no_name() {
    let frame = with(three());
    assert_eq!(arcs(&frame), ["m1 leads term 2. entry 5 on 3 of 3, 2 needed. One more may fail"]);
    assert_eq!(signs(&frame, |s| matches!(s, Sign::Cluster { .. })), 0);
    assert_eq!(signs(&frame, |s| matches!(s, Sign::Link { .. })), 6);
}

#[test]
fn a_restored_cluster_counts_for_itself_alone() {
    let mut members = three();
    members.push(restored());
    let mut frame = with(members);
    assert_eq!(
        arcs(&frame),
        [
            "m1 leads term 2. entry 5 on 3 of 3, 2 needed. One more may fail",
            "r1 leads term 4. entry 9 on 1 of 1, 1 needed. No member may fail",
        ]
    );
    assert_eq!(signs(&frame, |s| matches!(s, Sign::Cluster { .. })), 2);
    // The two clusters do not talk; what is cut between them can still be healed.
    assert_eq!(signs(&frame, |s| matches!(s, Sign::Link { .. })), 6);
    frame.links.iter_mut().filter(|l| l.from == "r1").for_each(|l| l.cut = true);
    assert_eq!(signs(&frame, |s| matches!(s, Sign::Link { .. })), 9);
    let twin = words::twin(&frame);
    assert_eq!(
        twin[0],
        "Cluster 7: m1 leads term 2; entry 5 on 3 of 3, 2 needed. One more may fail."
    );
    // Its higher commit index makes nobody of the others late.
    assert!(!twin[1].contains("behind"), "{}", twin[1]);
}

#[test]
fn both_of_two_leaders_wear_their_crowns_whoever_is_down_elsewhere() {
    let mut members = three();
    members[1].status = Status::Crashed;
    members[2].status = Status::Stopped;
    members[0].role = Role::Follower;
    members.push(restored());
    let frame = with(members);
    let arcs = arcs(&frame);
    assert_eq!(arcs[0], "No quorum. 1 of 3 run, 2 needed. Too few members run");
    assert!(arcs[1].starts_with("r1 leads term 4"), "{}", arcs[1]);
}

#[test]
fn behind_a_cut_the_term_decides_who_leads() {
    let mut members = three();
    members[1].role = Role::Leader;
    (members[1].term, members[1].last_index) = (3, 6);
    members[1].matches = vec![("m1".into(), 0), ("m3".into(), 6)];
    let frame = with(members);
    assert_eq!(arcs(&frame), ["m2 leads term 3. entry 6 on 2 of 3, 2 needed. One more may fail"]);
    let said = words::member(&frame.members[0], &frame);
    assert!(said.starts_with("m1 believes that it leads, but there is a newer leader"), "{said}");
}

#[test]
fn a_learner_has_no_vote_even_when_it_is_down() {
    let mut members = three();
    members.push(member("m4", 4, 7, Role::Learner));
    members[0].matches.push(("m4".into(), 2));
    know(&mut members, &[4], &[]);
    let mut frame = with(members);
    let whole = "m1 leads term 2. entry 5 on 3 of 3, 2 needed. One more may fail";
    assert_eq!(arcs(&frame), [whole]);
    assert!(words::member(&frame.members[3], &frame).contains("without a vote, and catches up"));
    // A process that is gone has no role any more.
    frame.members[3].role = Role::Follower;
    frame.members[3].status = Status::Stopped;
    assert_eq!(arcs(&frame), [whole]);
    assert_eq!(standing(&frame, "m4"), Standing::Learner);
}

#[test]
fn who_was_added_counts_before_it_starts() {
    let mut members = three();
    know(&mut members, &[], &[4]);
    members[0].matches.push((String::new(), 0));
    let mut frame = with(members);
    assert_eq!(arcs(&frame), ["m1 leads term 2. entry 5 on 3 of 4, 3 needed. No member may fail"]);
    assert_eq!(signs(&frame, |s| matches!(s, Sign::Absent { .. })), 1);
    // It starts and has not yet said which cluster it is in: the others know.
    frame.members.push(member("m4", 4, 0, Role::Follower));
    assert_eq!(clusters(&frame).len(), 1);
    assert_eq!(signs(&frame, |s| matches!(s, Sign::Absent { .. })), 0);
}

#[test]
fn who_was_removed_counts_no_more() {
    let mut members = three();
    know(&mut members[..2], &[], &[]);
    members[2].status = Status::Stopped;
    let frame = with(members);
    assert_eq!(arcs(&frame), ["m1 leads term 2. entry 5 on 2 of 2, 2 needed. No member may fail"]);
    assert_eq!(standing(&frame, "m3"), Standing::Removed);
    assert_eq!(signs(&frame, |s| matches!(s, Sign::Link { .. })), 2);
}
