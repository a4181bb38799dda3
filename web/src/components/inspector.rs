//! The members as a table, and one member in full with what can be done to it.

use super::LabHandle;
use super::picture::link_actions;
use crate::keys;
use crate::state::Event;
use frame::{Action, Frame, Kind, MemberView, Role, Status};
use std::rc::Rc;
use yew::prelude::*;

#[derive(Properties, PartialEq)]
pub(crate) struct Props {
    pub(crate) lab: LabHandle,
    pub(crate) frame: Rc<Frame>,
    pub(crate) started: bool,
    pub(crate) selected: Option<String>,
}

#[component]
pub(crate) fn Inspector(props: &Props) -> Html {
    let chosen = props.selected.as_ref();
    let member = props.frame.members.iter().find(|m| Some(&m.name) == chosen);
    html! {
        <div class="inspector">
            if let Some(member) = member {
                <div key="one" class="one">{ detail(member, props) }</div>
            } else {
                <div key="all" class="all">{ table(props) }</div>
            }
        </div>
    }
}

fn table(props: &Props) -> Html {
    let several = scene::clusters(&props.frame).len() > 1;
    let row = |member: &MemberView| {
        let name = &member.name;
        let role = match member.status {
            Status::Running => member.role.as_str().to_string(),
            status => format!("{} ({})", status.as_str(), member.role.as_str()),
        };
        html! {
            <tr key={name.clone()} data-status={member.status.as_str()}>
                <th scope="row">
                    <button
                        class="link-like"
                        title={format!("Select {name}")}
                        onclick={props.lab.on(Event::Select(Some(name.clone())))}
                    >
                        { name }
                    </button>
                </th>
                <td>{ if props.started { role } else { "starting".into() } }</td>
                <td class="number">{ member.term }</td>
                <td class="number">{ member.commit }</td>
                <td class="number">{ member.applied }</td>
                <td class="number">{ member.revision }</td>
                <td class="number">{ member.keys }</td>
                <td class="machine">{ endpoint(member) }</td>
                if several {
                    <td class="machine">{ cluster(member) }</td>
                }
            </tr>
        }
    };
    html! {
        <>
            <h2>{ "Members" }</h2>
            <div class="scroll" tabindex="0" role="group" aria-label="Table of members">
                <table class="facts" data-testid="member-table">
                    <thead>
                        <tr>
                            <th scope="col">{ "name" }</th>
                            <th scope="col">{ "role" }</th>
                            <th scope="col" class="number">{ "term" }</th>
                            <th scope="col" class="number">{ "commit" }</th>
                            <th scope="col" class="number">{ "applied" }</th>
                            <th scope="col" class="number" title="MVCC revision">{ "rev" }</th>
                            <th scope="col" class="number">{ "keys" }</th>
                            <th scope="col">{ "endpoint" }</th>
                            if several {
                                <th scope="col">{ "cluster" }</th>
                            }
                        </tr>
                    </thead>
                    <tbody>{ for props.frame.members.iter().map(row) }</tbody>
                </table>
            </div>
            <p class="hint">
                { "Select a member to stop, kill or cut it off: click it, or press its number." }
            </p>
        </>
    }
}

fn endpoint(member: &MemberView) -> &str {
    member.client_endpoint.trim_start_matches("http://")
}

/// The cluster's id in hex, as etcd's log has it; empty until it is known.
fn cluster(member: &MemberView) -> String {
    if member.cluster_id == 0 { String::new() } else { format!("{:x}", member.cluster_id) }
}

fn detail(member: &MemberView, props: &Props) -> Html {
    html! {
        <>
            <div class="title-row">
                <h2>{ &member.name }{ " " }<span class="machine muted">{ format!("{:x}", member.id) }</span></h2>
                <button
                    class="quiet"
                    title="Back to all members (Esc)"
                    onclick={props.lab.on(Event::Select(None))}
                >
                    { "All members" }
                </button>
            </div>
            <p class="sentence">{ scene::words::member(member, &props.frame) }{ "." }</p>
            <div class="verbs" role="group" aria-label={format!("Actions on {}", member.name)}>
                { for kinds(member.status).iter().map(|kind| verb(*kind, member, &props.lab)) }
            </div>
            { links(member, props) }
            { facts(member) }
        </>
    }
}

/// What applies to a member in that state.
fn kinds(status: Status) -> &'static [Kind] {
    match status {
        Status::Running => &[Kind::Stop, Kind::Kill, Kind::Pause, Kind::Trap],
        Status::Paused => &[Kind::Resume, Kind::Kill],
        Status::Stopped | Status::Crashed => &[Kind::Start, Kind::Wipe],
    }
}

fn verb(kind: Kind, member: &MemberView, lab: &LabHandle) -> Html {
    let (word, title) = match kind {
        Kind::Stop => ("Stop", "SIGTERM: a leader hands over first (s)"),
        Kind::Kill => ("Kill", "SIGKILL: unsynced bytes are lost (k)"),
        Kind::Start => ("Start", "Start it from what is on its disk (s)"),
        Kind::Pause => ("Pause", "SIGSTOP: it freezes, its connections stay (p)"),
        Kind::Resume => ("Resume", "SIGCONT (p)"),
        Kind::Wipe => ("Wipe", "Delete its data directory"),
        Kind::Trap => ("Trap", "Make it panic in its own code"),
    };
    let class = match kind {
        Kind::Kill | Kind::Wipe | Kind::Trap => "danger",
        Kind::Start | Kind::Resume => "primary",
        _ => "",
    };
    let action = Action::Member { kind, member: member.name.clone() };
    html! {
        <button
            key={kind.as_str()}
            {class}
            {title}
            data-testid={format!("act-{}", kind.as_str())}
            onclick={lab.acts(action)}
        >
            { format!("{word} {}", member.name) }
        </button>
    }
}

fn links(member: &MemberView, props: &Props) -> Html {
    let (frame, lab, name) = (&props.frame, &props.lab, &member.name);
    let is_cut = |a: &str, b: &str| frame.links.iter().any(|l| l.cut && l.from == a && l.to == b);
    let others = frame.members.iter().map(|m| &m.name).filter(|n| *n != name);
    let link = |other: &String| {
        let (out, back) = (is_cut(name, other), is_cut(other, name));
        let from_cut = if out || !back { (name, other) } else { (other, name) };
        let actions = link_actions(frame, from_cut.0, from_cut.1, false);
        let press = {
            let lab = lab.clone();
            Callback::from(move |_: MouseEvent| {
                for action in &actions {
                    lab.0.act(action.clone());
                }
            })
        };
        let text = if out || back {
            format!("Heal {name}\u{2013}{other}")
        } else {
            format!("Cut {name}\u{2013}{other}")
        };
        html! { <button key={other.clone()} onclick={press}>{ text }</button> }
    };
    let isolated = keys::isolate(&lab.0.state(), name);
    html! {
        <div class="verbs" role="group" aria-label={format!("Links of {name}")}>
            { for others.map(link) }
            { for isolated.into_iter().map(|action| html! {
                <button
                    key="isolate"
                    class="danger"
                    title="Cut all its links (i)"
                    onclick={lab.acts(action)}
                >
                    { format!("Isolate {name}") }
                </button>
            }) }
        </div>
    }
}

fn facts(member: &MemberView) -> Html {
    let dash = |text: &str| if text.is_empty() { "\u{2013}".to_string() } else { text.to_string() };
    let timer =
        format!("{} of {} ticks", member.election_elapsed_ticks, member.election_timeout_ticks);
    let matches: Vec<String> =
        member.matches.iter().map(|(name, index)| format!("{name} {index}")).collect();
    let timer_name =
        if member.role == Role::Leader { "since quorum check" } else { "election timer" };
    let facts = [
        ("cluster", dash(&cluster(member))),
        ("leader", dash(&member.leader)),
        ("vote", dash(&member.vote)),
        (timer_name, timer),
        ("last index", member.last_index.to_string()),
        ("revision", member.revision.to_string()),
        ("keys", member.keys.to_string()),
        ("match index", dash(&matches.join(", "))),
        ("disk", bytes(member)),
        ("client", dash(&member.client_endpoint)),
        ("peer", dash(&member.peer_url)),
    ];
    html! {
        <dl class="facts-list">
            { for facts.into_iter().map(|(name, value)| html! {
                <div key={name}><dt>{ name }</dt><dd>{ value }</dd></div>
            }) }
        </dl>
    }
}

fn bytes(member: &MemberView) -> String {
    let synced = match member.disk_unsynced_bytes {
        0 => "all synced".into(),
        n => format!("{n} B not synced"),
    };
    let size = match member.disk_bytes {
        n @ 0..=9_999 => format!("{n} B"),
        n => format!("{} KiB", n / 1024),
    };
    format!("{size}, {synced}")
}
