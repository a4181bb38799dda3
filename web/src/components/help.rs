//! Help: what to try first, the shortcuts, and the legend of the picture.

use super::LabHandle;
use super::modal::Modal;
use super::shapes::shapes;
use crate::keys::{LINE_KEYS, SHORTCUTS};
use scene::Legend;
use yew::prelude::*;

#[derive(Properties, PartialEq)]
pub(crate) struct Props {
    pub(crate) lab: LabHandle,
    pub(crate) open: bool,
}

const TRY: [&str; 6] = [
    "etcdctl put name Alice",
    "etcdctl --endpoints=127.0.0.1:22379 get name",
    "etcdctl endpoint status --cluster -w table",
    "lab kill m1",
    "lab cut 'm1|m2,m3'",
    "lab heal",
];

#[component]
pub(crate) fn Help(props: &Props) -> Html {
    // The legend is drawn once: it does not depend on the session.
    let legend = use_memo((), |()| scene::legend().iter().map(line).collect::<Html>());
    html! {
        <Modal lab={props.lab.clone()} open={props.open} title="Help">
            <div class="columns">
                <section>
                    <h3>{ "Try this, in the console" }</h3>
                    <ol class="try">
                        { for TRY.iter().map(|line| html! { <li key={*line}><code>{ *line }</code></li> }) }
                    </ol>
                    <h3>{ "Keys" }</h3>
                    <dl class="keys">
                        { for SHORTCUTS.iter().map(|(key, what)| html! {
                            <div key={*key}><dt><kbd>{ *key }</kbd></dt><dd>{ *what }</dd></div>
                        }) }
                    </dl>
                    <h3>{ "Keys in the console's line" }</h3>
                    <dl class="keys line-keys">
                        { for LINE_KEYS.iter().map(|(key, what)| html! {
                            <div key={*key}><dt><kbd>{ *key }</kbd></dt><dd>{ *what }</dd></div>
                        }) }
                    </dl>
                </section>
                <section>
                    <h3>{ "Signs" }</h3>
                    <ul class="legend">{ (*legend).clone() }</ul>
                    <p>
                        { "A member's fill is its term. A crown and a double outline: leader. " }
                        { "Dashed and dotted outlines: pre-candidate and candidate, with a petal for each voter. " }
                        { "The ring around a member is its election timer: it shrinks from the tick, " }
                        { "its drawn limit, and a heartbeat refills it. " }
                        { "The arc behind the voters closes when a majority has agreed." }
                    </p>
                    <p>
                        { "At real speed a message takes milliseconds: too short to see, so its flight is drawn " }
                        { "stretched to about half a second. Hold time, or slow it down, to see exact places." }
                    </p>
                </section>
            </div>
        </Modal>
    }
}

fn line(legend: &Legend) -> Html {
    html! {
        <li key={legend.words}>
            <svg viewBox="-14 -14 28 28" aria-hidden="true">{ shapes(&legend.items) }</svg>
            <span>{ legend.words }</span>
        </li>
    }
}
