//! The cluster, as SVG, with its text twin.

use super::LabHandle;
use super::shapes::{num, shapes};
use crate::state::Event;
use frame::{Action, Frame};
use scene::{Group, Sign, View};
use std::rc::Rc;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::{Element, ResizeObserver};
use yew::prelude::*;

#[derive(Properties, PartialEq)]
pub(crate) struct Props {
    pub(crate) lab: LabHandle,
    pub(crate) frame: Rc<Frame>,
    pub(crate) started: bool,
    pub(crate) selected: Option<String>,
    pub(crate) keepalives: bool,
    pub(crate) size: (f64, f64),
}

#[component]
pub(crate) fn Picture(props: &Props) -> Html {
    let pane = use_node_ref();
    use_effect_with(pane.clone(), {
        let lab = props.lab.clone();
        move |pane| observe_size(pane.clone(), lab)
    });
    let (width, height) = props.size;
    let view = View {
        width,
        height,
        selected: props.selected.clone(),
        keepalives: props.keepalives,
        starting: !props.started,
    };
    let scene = scene::draw(&props.frame, &view);
    let size = format!("0 0 {} {}", num(scene.width), num(scene.height));
    html! {
        <div class="picture" ref={pane}>
            <svg viewBox={size} role="group" aria-label="The cluster" aria-describedby="twin">
                <defs key="defs">{ for (0..scene::TERM_FILLS).map(stripes) }</defs>
                { for scene.groups.iter().map(|g| group(g, props)) }
            </svg>
            { controls(props) }
            { twin(props) }
        </div>
    }
}

/// The second channel of a term beside its colour: stripes whose angle follows the term.
fn stripes(pattern: u64) -> Html {
    html! {
        <pattern
            key={pattern}
            id={format!("stripes-{pattern}")}
            width="7"
            height="7"
            patternUnits="userSpaceOnUse"
            patternTransform={format!("rotate({})", pattern * 45 / 2)}
        >
            <rect class="stripe" width="1.6" height="7" />
        </pattern>
    }
}

fn group(group: &Group, props: &Props) -> Html {
    let key = group.sign.key();
    let title = html! { <title>{ &group.title }</title> };
    let items = shapes(&group.items);
    let label = group.title.clone();
    match &group.sign {
        Sign::Member { name, role, status, term, selected } => {
            let event = Event::Select((!selected).then(|| name.clone()));
            let press = press(&props.lab, move |lab, _| lab.0.dispatch(event.clone()));
            html! {
                <g
                    {key}
                    class="member"
                    role="button"
                    tabindex="0"
                    aria-pressed={selected.to_string()}
                    aria-label={label}
                    data-testid="member"
                    data-name={name.clone()}
                    data-role={role.as_str()}
                    data-status={status.as_str()}
                    data-term={term.to_string()}
                    onclick={press.0}
                    onkeydown={press.1}
                >
                    { title }
                    { items }
                </g>
            }
        }
        Sign::Link { from, to, cut } => {
            let (a, b) = (from.clone(), to.clone());
            let press = press(&props.lab, move |lab, shift| press_link(lab, &a, &b, shift));
            // Both lanes can be clicked; one of them is enough in the order of focus.
            let tabindex = if from < to { "0" } else { "-1" };
            html! {
                <g
                    {key}
                    class="link"
                    role="button"
                    {tabindex}
                    aria-pressed={cut.to_string()}
                    aria-label={label}
                    data-testid="link"
                    data-from={from.clone()}
                    data-to={to.clone()}
                    data-cut={cut.to_string()}
                    onclick={press.0}
                    onkeydown={press.1}
                >
                    { title }
                    { items }
                </g>
            }
        }
        Sign::Flight { .. } => html! {
            <g {key} class="flight" opacity={group.opacity.to_string()}>{ title }{ items }</g>
        },
        Sign::Client { .. } => html! { <g {key} class="client">{ title }{ items }</g> },
        Sign::Headline { .. } => html! { <g {key} class="words">{ items }</g> },
        Sign::Quorum { .. } => html! { <g {key} class="quorum">{ title }{ items }</g> },
        Sign::Cluster { .. } => html! { <g {key} class="cluster-name">{ title }{ items }</g> },
        Sign::Absent { .. } => html! { <g {key} class="absent">{ title }{ items }</g> },
    }
}

/// Click, and Enter or Space; the flag says whether Shift was down.
fn press(
    lab: &LabHandle,
    act: impl Fn(&LabHandle, bool) + 'static,
) -> (Callback<MouseEvent>, Callback<KeyboardEvent>) {
    let act = Rc::new(act);
    let (click_lab, click_act) = (lab.clone(), Rc::clone(&act));
    let key_lab = lab.clone();
    (
        Callback::from(move |event: MouseEvent| click_act(&click_lab, event.shift_key())),
        Callback::from(move |event: KeyboardEvent| {
            if matches!(event.key().as_str(), "Enter" | " ") {
                event.prevent_default();
                act(&key_lab, event.shift_key());
            }
        }),
    )
}

fn press_link(lab: &LabHandle, from: &str, to: &str, one_way: bool) {
    let actions = link_actions(&lab.0.state().frame, from, to, one_way);
    for action in actions {
        lab.0.act(action);
    }
}

/// Cuts a link that works; heals one that is cut, in both directions.
///
/// There is one command that heals, and it heals all, so the other cuts are made again after it.
pub(crate) fn link_actions(frame: &Frame, from: &str, to: &str, one_way: bool) -> Vec<Action> {
    let is_cut = |a: &str, b: &str| frame.links.iter().any(|l| l.cut && l.from == a && l.to == b);
    let one = |name: &str| vec![name.to_string()];
    let cut_one = |a: &str, b: &str| Action::CutOneWay { from: one(a), to: one(b) };
    let cut_both = |a: &str, b: &str| Action::Cut { groups: vec![one(a), one(b)] };
    if !is_cut(from, to) {
        return vec![if one_way { cut_one(from, to) } else { cut_both(from, to) }];
    }
    let mut actions = vec![Action::Heal];
    for link in frame.links.iter().filter(|l| l.cut) {
        let (a, b) = (link.from.as_str(), link.to.as_str());
        if (a, b) == (from, to) || (b, a) == (from, to) {
            continue;
        }
        match is_cut(b, a) {
            false => actions.push(cut_one(a, b)),
            true if a < b => actions.push(cut_both(a, b)),
            true => {}
        }
    }
    actions
}

fn controls(props: &Props) -> Html {
    let any_cut = props.frame.links.iter().any(|l| l.cut);
    let keepalives = !props.keepalives;
    html! {
        <div class="picture-controls">
            <button
                class="quiet keepalives"
                aria-pressed={props.keepalives.to_string()}
                title="Draw rafthttp's own keep-alives too"
                onclick={props.lab.on(Event::Keepalives(keepalives))}
            >
                { "Keep-alives" }
            </button>
            <button
                disabled={!any_cut}
                title="Heal all links (h)"
                data-testid="heal-all"
                onclick={props.lab.acts(Action::Heal)}
            >
                { "Heal all" }
            </button>
        </div>
    }
}

/// The same in words. It is read on request; what changes is announced elsewhere.
fn twin(props: &Props) -> Html {
    let lines =
        if props.started { scene::words::twin(&props.frame) } else { vec!["Starting.".into()] };
    html! {
        <ul id="twin" class="unseen" data-testid="picture-words">
            { for lines.into_iter().enumerate().map(|(i, line)| html! { <li key={i}>{ line }</li> }) }
        </ul>
    }
}

/// Tells the state how large the picture's pane is, now and whenever that changes.
fn observe_size(pane: NodeRef, lab: LabHandle) -> impl FnOnce() + 'static {
    let element = pane.cast::<Element>();
    let measured = element.clone();
    let told = Closure::<dyn FnMut()>::new(move || {
        let Some(element) = &measured else { return };
        let (width, height) = (element.client_width(), element.client_height());
        if width > 0 && height > 0 {
            lab.0.dispatch(Event::Sized(f64::from(width), f64::from(height)));
        }
    });
    let observer = ResizeObserver::new(told.as_ref().unchecked_ref()).ok();
    if let (Some(observer), Some(element)) = (&observer, &element) {
        observer.observe(element);
    }
    move || {
        if let Some(observer) = observer {
            observer.disconnect();
        }
        drop(told);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use frame::LinkView;

    fn commands(cuts: &[(&str, &str)], one_way: bool) -> Vec<String> {
        let names = ["m1", "m2", "m3"];
        let pairs = names.iter().flat_map(|a| names.iter().map(move |b| (*a, *b)));
        let links = pairs.filter(|(a, b)| a != b).map(|(a, b)| LinkView {
            from: a.into(),
            to: b.into(),
            cut: cuts.contains(&(a, b)),
        });
        let frame = Frame { links: links.collect(), ..Frame::default() };
        link_actions(&frame, "m1", "m2", one_way).iter().map(Action::as_command).collect()
    }

    #[test]
    fn a_press_on_a_link_cuts_it_or_heals_it_alone() {
        assert_eq!(commands(&[], false), ["lab cut 'm1|m2'"]);
        assert_eq!(commands(&[], true), ["lab cut 'm1>m2'"]);
        assert_eq!(commands(&[("m1", "m2"), ("m2", "m1")], false), ["lab heal"]);
        assert_eq!(
            commands(&[("m1", "m2"), ("m3", "m1"), ("m2", "m3"), ("m3", "m2")], false),
            ["lab heal", "lab cut 'm2|m3'", "lab cut 'm3>m1'"]
        );
    }
}
