//! raft-rs against the tables of etcd's own raft: quorums, configuration changes, interactions.

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
        let levels = &interaction.levels;
        let end = interaction.wrong_states();
        let more = format!(
            " (exact {}, same content {}, set-up {}); end states {}",
            levels.exact,
            levels.same_content,
            levels.set_up,
            match (interaction.panicked, end.is_empty()) {
                (true, _) => "not reached",
                (false, true) => "agree",
                (false, false) => "differ",
            }
        );
        wrong.extend(judge.close(&more));
        wrong.extend(end.into_iter().map(|line| format!("{file}, at the end:{line}")));
    }
    settle(wrong);
}
