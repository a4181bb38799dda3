//! The members' logs, aligned by index, a table for each cluster.
//!
//! A cell's fill is its term; hatched is not committed, solid is committed, a dot is applied. A
//! caret under a follower's cell is the last index that the leader knows to be there.

use frame::{Frame, LogCell, MemberView};
use scene::Cluster;
use std::collections::BTreeSet;
use std::rc::Rc;
use yew::prelude::*;

#[derive(Properties, PartialEq)]
pub(crate) struct Props {
    pub(crate) frame: Rc<Frame>,
    pub(crate) started: bool,
}

/// So many of the newest indexes get a column.
const COLUMNS: usize = 12;

#[component]
pub(crate) fn Matrix(props: &Props) -> Html {
    let clusters = scene::clusters(&props.frame);
    let columns: Vec<Vec<u64>> = clusters.iter().map(columns).collect();
    // Tables below each other have cells of one width.
    let widest = columns.iter().map(Vec::len).max().unwrap_or(0);
    let several = (clusters.len() > 1).then_some(widest);
    html! {
        <div class="matrix" tabindex="0" role="group" aria-label="Logs of the members">
            { for clusters.iter().zip(&columns).map(|(cluster, at)| table(cluster, at, several)) }
        </div>
    }
}

/// The newest indexes of a cluster's logs, oldest first.
fn columns(cluster: &Cluster) -> Vec<u64> {
    let cells = cluster.members.iter().flat_map(|m| m.cells.iter());
    let all: BTreeSet<u64> = cells.map(|c| c.index).collect();
    let mut columns: Vec<u64> = all.into_iter().rev().take(COLUMNS).collect();
    columns.reverse();
    columns
}

/// The logs of one cluster: indexes of different clusters have nothing in common. `several` is the
/// width of the widest where there is more than one.
fn table(cluster: &Cluster, columns: &[u64], several: Option<usize>) -> Html {
    let blanks = several.unwrap_or(0).saturating_sub(columns.len());
    let head = |index: &u64| html! { <th key={*index} scope="col">{ *index }</th> };
    let row = |member: &&MemberView| row(member, columns, cluster.leader());
    let hint = if columns.is_empty() {
        "The logs fill as entries come. Try: etcdctl put name Alice"
    } else {
        "Fill: term \u{b7} hatched: not committed \u{b7} dot: applied \u{b7} caret: known to the leader"
    };
    let title = if several.is_some() {
        format!("Raft log of cluster {:x}", cluster.id)
    } else {
        "Raft log".to_string()
    };
    html! {
        <table key={cluster.id.to_string()}>
            <caption>
                { title }
                if several.is_none() { <span class="hint">{ hint }</span> }
            </caption>
            <thead>
                <tr>
                    <th scope="col" class="corner">{ "index" }</th>
                    { for columns.iter().map(head) }
                    { for (0..blanks).map(|_| html! { <td /> }) }
                </tr>
            </thead>
            <tbody>{ for cluster.members.iter().map(row) }</tbody>
        </table>
    }
}

fn row(member: &MemberView, columns: &[u64], leader: Option<&MemberView>) -> Html {
    let known = leader
        .and_then(|l| l.matches.iter().find(|(name, _)| *name == member.name))
        .map(|(_, index)| *index);
    let cell = |index: &u64| {
        let cell = member.cells.iter().find(|c| c.index == *index);
        html! {
            <td key={*index} class={class(member, cell, known == Some(*index))} title={title(member, cell)}>
                <span class="entry-term">{ cell.map(|c| c.term.to_string()).unwrap_or_default() }</span>
                <span class="entry-label">{ cell.map(|c| c.label.clone()).unwrap_or_default() }</span>
                <span class="unseen">{ cell.map(|c| state(member, c)).unwrap_or("none") }</span>
            </td>
        }
    };
    html! {
        <tr key={member.name.clone()}>
            <th scope="row">{ &member.name }</th>
            { for columns.iter().map(cell) }
        </tr>
    }
}

fn class(member: &MemberView, cell: Option<&LogCell>, known: bool) -> Classes {
    let Some(cell) = cell else { return classes!("gap") };
    classes!(
        "entry",
        scene::term_class(cell.term),
        if cell.index <= member.commit { "committed" } else { "pending" },
        (cell.index <= member.applied).then_some("applied"),
        known.then_some("known"),
    )
}

fn state(member: &MemberView, cell: &LogCell) -> &'static str {
    match cell.index {
        index if index <= member.applied => "applied",
        index if index <= member.commit => "committed",
        _ => "not committed",
    }
}

fn title(member: &MemberView, cell: Option<&LogCell>) -> Option<String> {
    let cell = cell?;
    Some(format!(
        "{} entry {} of term {}: {} ({})",
        member.name,
        cell.index,
        cell.term,
        cell.label,
        state(member, cell)
    ))
}
