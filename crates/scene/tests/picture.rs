//! Pictures as text: what is drawn of typical moments, and what is said of them.

use expect_test::expect;
use frame::{Flight, Frame, LinkView, MemberView, MessageKind, Role, Status};
use scene::{Sign, View, draw, words};

fn member(name: &str, role: Role) -> MemberView {
    MemberView {
        name: name.into(),
        role,
        status: Status::Running,
        term: 2,
        leader: "m1".into(),
        commit: 5,
        applied: 5,
        last_index: 5,
        election_timeout_ticks: if role == Role::Leader { 0 } else { 15 },
        election_elapsed_ticks: 5,
        ..MemberView::default()
    }
}

/// Three members, m1 leads, all agree on entry 5.
fn calm() -> Frame {
    let names = ["m1", "m2", "m3"];
    let mut m1 = member("m1", Role::Leader);
    m1.matches = vec![("m2".into(), 5), ("m3".into(), 5)];
    let pairs = names.iter().flat_map(|a| names.iter().map(move |b| (*a, *b)));
    Frame {
        time_us: 2_000_000,
        rate_us: 1_000_000,
        members: vec![m1, member("m2", Role::Follower), member("m3", Role::Follower)],
        links: pairs
            .filter(|(a, b)| a != b)
            .map(|(a, b)| LinkView { from: a.into(), to: b.into(), cut: false })
            .collect(),
        ..Frame::default()
    }
}

fn view() -> View {
    View { width: 600.0, height: 400.0, ..View::default() }
}

/// The picture's groups whose key begins so, as text.
fn part(frame: &Frame, key: &str) -> String {
    let mut scene = draw(frame, &view());
    scene.groups.retain(|g| g.sign.key().starts_with(key));
    scene.to_string()
}

#[test]
fn a_leader_has_a_crown_and_a_double_outline_and_no_election_timer() {
    expect![[r#"
        600 x 400
        member-m1 [1] m1 leads in term 2; commit 5, applied 5
          focus-mark | o 300 72 r52
          disc leader term-2 | o 300 72 r38
          stripes | stripes 2 300 72 r37
          second-outline | o 300 72 r43
          crown | M287 25L285 11L293 18L300 8L307 18L315 11L313 25Z
          name | "m1" 300 70
          in-term | "term 2" 300 86
          role | "leader" 300 134
          indexes | "commit 5 · applied 5" 300 150
    "#]]
    .assert_eq(&part(&calm(), "member-m1"));
}

#[test]
fn a_follower_shows_its_timer_and_the_drawn_limit() {
    expect![[r#"
        600 x 400
        member-m2 [1] m2 follows m1 in term 2; commit 5, applied 5
          focus-mark | o 503.5 310 r52
          disc follower term-2 | o 503.5 310 r38
          stripes | stripes 2 503.5 310 r37
          timer-track | o 503.5 310 r45
          timer | M503.5 265A45 45 0 0 1 548.5 310A45 45 0 0 1 503.5 355
          timer-limit | M462.5 310L453.5 310
          name | "m2" 503.5 308
          in-term | "term 2" 503.5 324
          role | "follower" 503.5 372
          indexes | "commit 5 · applied 5" 503.5 388
    "#]]
    .assert_eq(&part(&calm(), "member-m2"));
}

#[test]
fn the_arc_closes_when_a_majority_has_agreed() {
    let mut frame = calm();
    expect![[r#"
        600 x 400
        quorum-0 [1] m1 leads term 2. entry 5 on 3 of 3, 2 needed. One more may fail
          quorum-track | M300 72A235 158.7 0 0 1 300 389.3A235 158.7 0 0 1 300 72
          quorum-arc closed | M300 72A235 158.7 0 0 1 300 389.3A235 158.7 0 0 1 300 72
    "#]]
    .assert_eq(&part(&frame, "quorum"));
    frame.members[0].last_index = 6;
    expect![[r#"
        600 x 400
        quorum-0 [1] m1 leads term 2. entry 6 on 1 of 3, 2 needed. One more may fail
          quorum-track | M300 72A235 158.7 0 0 1 300 389.3A235 158.7 0 0 1 300 72
          quorum-arc | M300 72A235 158.7 0 0 1 535 230.7A235 158.7 0 0 1 300 389.3
    "#]]
    .assert_eq(&part(&frame, "quorum"));
}

#[test]
fn a_candidate_has_one_petal_for_each_voter() {
    let mut frame = calm();
    frame.members[0].status = Status::Crashed;
    frame.members[0].reason = "panicked at 'index out of bounds: the len is 3'".into();
    let candidate = &mut frame.members[1];
    candidate.role = Role::Candidate;
    candidate.term = 3;
    candidate.votes_granted = vec!["m2".into()];
    candidate.votes_refused = vec!["m3".into()];
    expect![[r#"
        600 x 400
        member-m2 [1] m2 is candidate in term 3; commit 5, applied 5
          focus-mark | o 503.5 310 r52
          disc candidate term-3 | o 503.5 310 r38
          stripes | stripes 3 503.5 310 r37
          timer-track | o 503.5 310 r45
          timer | M503.5 265A45 45 0 0 1 548.5 310A45 45 0 0 1 503.5 355
          timer-limit | M462.5 310L453.5 310
          petal | o 466.5 266.7 r6
          petal granted term-3 | o 552.9 338.5 r6
          petal-sign | "✓" 552.9 342
          petal refused | o 446.5 310 r6
          petal-sign | "✗" 446.5 313.5
          name | "m2" 503.5 308
          in-term | "term 3" 503.5 324
          role | "candidate" 503.5 372
          indexes | "commit 5 · applied 5" 503.5 388
    "#]]
    .assert_eq(&part(&frame, "member-m2"));
    expect![[r#"
        600 x 400
        member-m1 [1] m1 is crashed (panicked at 'index out of bounds: the len is 3'); last known term 2, commit 5
          focus-mark | o 300 72 r52
          disc hollow | o 300 72 r38
          last-term term-2 | o 300 72 r33
          crack | M309.5 30.2L298.1 44.6L308.4 50L300 59.1
          crack | M296.2 113.8L304.6 102.4L294.7 97.1L301.5 89.5
          name | "m1" 300 70
          in-term | "term 2" 300 86
          role bad | "crashed: panicked at 'ind…" 300 134
          indexes | "commit 5 · applied 5" 300 150
    "#]].assert_eq(&part(&frame, "member-m1"));
    expect![[r#"
        600 x 400
        headline-0 [1] m2 asks for votes, term 3. 1 of 3 granted, 2 needed. No member may fail
          headline | "m2 asks for votes, term 3" 300 226.7
          detail | "1 of 3 granted, 2 needed" 300 244.7
    "#]]
    .assert_eq(&part(&frame, "headline"));
}

#[test]
fn one_cut_direction_is_barred_and_the_other_is_not() {
    let mut frame = calm();
    frame.links[0].cut = true;
    expect![[r#"
        600 x 400
        link-m1-m2 [1] Link m1 to m2: cut. Enter heals it
          hit | M330.6 115.5L465.3 273
          lane cut | M330.6 115.5L465.3 273
          focus-mark | o 401.8 191 r14
          bar | M401.8 191L391.9 199.4
          bar-head | M395.4 191.2L387.1 187.7L393.2 182.5Z
    "#]]
    .assert_eq(&part(&frame, "link-m1-m2"));
    expect![[r#"
        600 x 400
        link-m2-m1 [1] Link m2 to m1. Enter cuts both directions, Shift+Enter only this one
          hit | M472.9 266.5L338.2 109
          lane | M472.9 266.5L338.2 109
          focus-mark | o 401.8 191 r14
    "#]]
    .assert_eq(&part(&frame, "link-m2-m1"));
}

fn flight(lost: bool) -> Flight {
    Flight {
        id: 9,
        from: "m1".into(),
        to: "m2".into(),
        kind: MessageKind::Append,
        entries: 2,
        term: 2,
        text: "MsgAppend index 5".into(),
        sent_us: 1_998_000,
        arrives_us: 2_003_000,
        lost,
        ..Flight::default()
    }
}

/// Where the drawn message is, from 0 (sender) to 1 (receiver), measured along its way.
fn progress(frame: &Frame) -> Option<f64> {
    let at = |time_us: u64| {
        let exact = Frame { time_us, held: true, ..frame.clone() };
        shape_place(&exact)
    };
    let (start, end) = (at(1_998_000)?, at(2_003_000)?);
    let now = shape_place(frame)?;
    Some((now - start) / (end - start))
}

/// The x coordinate at which the flight's first shape begins.
fn shape_place(frame: &Frame) -> Option<f64> {
    let scene = draw(frame, &view());
    let group = scene.groups.into_iter().find(|g| matches!(g.sign, Sign::Flight { .. }))?;
    match &group.items[0].shape {
        scene::Shape::Path(d) => d.trim_start_matches('M').split(' ').next()?.parse().ok(),
        shape => panic!("an append is drawn as a path, not {shape}"),
    }
}

#[test]
fn a_held_picture_shows_the_exact_place_and_a_fast_one_is_stretched() {
    let mut frame = calm();
    frame.flights = vec![flight(false)];
    frame.held = true;
    let held = progress(&frame).expect("a message under way is drawn");
    assert!((held - 0.4).abs() < 0.01, "{held}");
    frame.held = false;
    // At real speed 2 ms of a flight that is drawn over 450 ms.
    let fast = progress(&frame).expect("a message under way is drawn");
    assert!((fast - 2.0 / 450.0).abs() < 0.01, "{fast}");
    // A hundredth of real time shows five milliseconds for half a second: no need to stretch.
    frame.rate_us = 10_000;
    let slow = progress(&frame).expect("a message under way is drawn");
    assert!((slow - 0.4).abs() < 0.05, "{slow}");
}

#[test]
fn a_lost_message_breaks_on_its_way() {
    let mut frame = calm();
    frame.held = true;
    frame.flights = vec![flight(true)];
    frame.time_us = 2_004_000;
    expect![[r#"
        600 x 400
        flight-9 [0.75] m1 to m2: MsgAppend index 5
          fragment | M405.8 207.3L402 210.6
          fragment | M399.8 204.1L396.7 201.6
          fragment | M401.9 197.6L404.3 193.3
          fragment | M409 199.1L412.6 200.7
    "#]]
    .assert_eq(&part(&frame, "flight"));
    frame.time_us = 2_100_000;
    assert_eq!(shape_place(&frame), None, "it is gone");
}

#[test]
fn every_size_keeps_every_member_inside_the_picture() {
    for count in 1..=frame::MEMBERS_MAX {
        for (width, height) in [(320.0, 300.0), (390.0, 460.0), (760.0, 430.0), (1600.0, 900.0)] {
            let view = View { width, height, starting: true, ..View::default() };
            let scene = draw(&scene::placeholder(count), &view);
            let (width, height) = (scene.width, scene.height);
            for group in scene.groups {
                for item in group.items {
                    if let (true, scene::Shape::Circle { cx, cy, r }) =
                        (item.class.starts_with("disc"), item.shape)
                    {
                        let inside =
                            cx >= r && cx + r <= width && cy >= r && cy + r + 40.0 <= height;
                        assert!(inside, "{count} members in {width} x {height}: {cx} {cy} {r}");
                    }
                }
            }
        }
    }
}

#[test]
fn the_twin_says_what_the_picture_shows() {
    let mut frame = calm();
    frame.members[2].status = Status::Crashed;
    frame.members[2].reason = "trap".into();
    frame.members[1].commit = 3;
    for link in frame.links.iter_mut().filter(|l| l.from == "m1" && l.to == "m2") {
        link.cut = true;
    }
    expect![[r#"
        m1 leads term 2; entry 5 on 3 of 3, 2 needed. No member may fail.
        m1 leads in term 2; commit 5, applied 5.
        m2 follows m1 in term 2; commit 3, applied 5, 2 behind.
        m3 is crashed (trap); last known term 2, commit 5.
        The link from m1 to m2 is cut, the other direction works."#]]
    .assert_eq(&words::twin(&frame).join("\n"));
}

#[test]
fn commits_are_news_only_while_time_is_held() {
    let before = calm();
    let mut after = calm();
    after.members[0].commit = 6;
    assert_eq!(words::news(&before, &after), Vec::<String>::new());
    after.held = true;
    assert_eq!(words::news(&before, &after).len(), 1);
}
