//! raft-rs against the tables of etcd's own raft: quorums, configuration changes, interactions.

#[path = "raft_tables/confchange.rs"]
mod confchange;
#[path = "raft_tables/datadriven.rs"]
mod datadriven;
#[path = "raft_tables/known.rs"]
mod known;
#[path = "raft_tables/quorum.rs"]
mod quorum;
#[path = "raft_tables/report.rs"]
mod report;

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
