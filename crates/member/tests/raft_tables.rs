//! raft-rs against the tables of etcd's own raft: quorums, configuration changes, interactions.
//!
//! raft-rs is configured and driven as the member does it. What the tables' raft has and raft-rs
//! has not, and where the two answer differently, stands in `raft_tables/known.rs` with the reason.

#[path = "raft_tables/confchange.rs"]
mod confchange;
#[path = "raft_tables/datadriven.rs"]
mod datadriven;
#[path = "raft_tables/env.rs"]
mod env;
#[path = "raft_tables/expect.rs"]
mod expect;
#[path = "raft_tables/interaction.rs"]
mod interaction;
#[path = "raft_tables/known.rs"]
mod known;
#[path = "raft_tables/notation.rs"]
mod notation;
#[path = "raft_tables/quorum.rs"]
mod quorum;
#[path = "raft_tables/report.rs"]
mod report;
#[path = "raft_tables/store.rs"]
mod store;

use report::{Judge, settle, tables};

#[test]
fn majorities_and_pairs_of_majorities_decide_like_etcds() {
    let mut wrong = Vec::new();
    for folder in ["quorum", "raft-rs-quorum"] {
        let Some(tables) = tables(folder) else { return };
        for (file, cases) in &tables {
            let mut judge = Judge::new(file, known::QUORUM);
            cases.iter().for_each(|case| judge.case(case, quorum::run(case)));
            wrong.extend(judge.close(""));
        }
    }
    settle(wrong);
}

#[test]
fn configurations_change_like_etcds() {
    let Some(tables) = tables("confchange") else { return };
    let mut wrong = Vec::new();
    for (file, cases) in &tables {
        let mut members = confchange::Members::new();
        let mut judge = Judge::new(file, known::CONFCHANGE);
        cases.iter().for_each(|case| judge.case(case, members.run(case)));
        wrong.extend(judge.close(""));
    }
    settle(wrong);
}

#[test]
fn rooms_of_nodes_interact_like_etcds() {
    let Some(tables) = tables("interaction") else { return };
    let mut wrong = Vec::new();
    for (file, cases) in &tables {
        if let Some(reason) = known::cannot_express(file) {
            println!("{file}: none of {} cases ran, cannot express: {reason}", cases.len());
            continue;
        }
        let mut interaction = interaction::Interaction::default();
        let mut judge = Judge::new(file, known::INTERACTION);
        cases.iter().for_each(|case| judge.case(case, interaction.run(case)));
        let end = match interaction.panicked {
            true => "not reached",
            false => judge.end(&interaction.wrong_states()),
        };
        let levels = &interaction.levels;
        let (exact, same, set_up) = (levels.exact, levels.same_content, levels.set_up);
        let more =
            format!(" (exact {exact}, same content {same}, set-up {set_up}); end states {end}");
        wrong.extend(judge.close(&more));
    }
    settle(wrong);
}

/// The panic that `confchange_v1_remove_leader.txt` found, and what keeps a member from it.
#[test]
fn a_leader_that_removed_itself_must_step_down_before_it_commits_more() {
    // `bar` is proposed before the removal is applied, and acknowledged after it.
    const ROOM: &[&str] = &[
        "add-nodes 3 voters=(1,2,3) index=2",
        "campaign 1",
        "stabilize",
        "propose-conf-change 1 v1=true\nr1",
        "process-ready 1",
        "stabilize 2",
        "propose 1 bar",
        "stabilize 1",
        "stabilize",
        "campaign 2",
        "stabilize",
        "raft-state",
    ];
    let text: String = ROOM.iter().map(|directive| format!("{directive}\n----\n\n")).collect();
    let cases = datadriven::parse(&text).expect("a table");
    let last_lines = |steps_down| {
        let mut env = env::Env { removed_leaders_step_down: steps_down, ..Default::default() };
        let run = || cases.iter().map(|case| env.run(case)).last().expect("an answer").lines;
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(run)).ok()
    };
    assert_eq!(last_lines(false), None, "raft-rs no longer panics: its entry in the list can go");
    let lines = last_lines(true).expect("no panic");
    assert_eq!(
        lines,
        [
            "1: StateFollower (Non-Voter) Term:1 Lead:0",
            "2: StateLeader (Voter) Term:2 Lead:2",
            "3: StateFollower (Voter) Term:2 Lead:2",
        ]
    );
}
