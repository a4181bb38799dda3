//! The whole page. It reads one snapshot of the state for each drawing.

use super::LabHandle;
use super::banner::Banner;
use super::cheats::CheatSheet;
use super::console::{ConsolePane, Props as ConsoleProps};
use super::editor::Editor;
use super::events::Events;
use super::header::Header;
use super::help::Help;
use super::honest::Honest;
use super::inspector::Inspector;
use super::matrix::Matrix;
use super::picture::Picture;
use super::transport::Transport;
use crate::state::{Dialog, Event, Pane, State};
use std::rc::Rc;
use yew::prelude::*;

#[derive(Properties, PartialEq)]
pub(crate) struct AppProps {
    pub(crate) lab: LabHandle,
}

#[component]
pub(crate) fn App(props: &AppProps) -> Html {
    let lab = &props.lab;
    let redraw = use_force_update();
    use_effect_with((), {
        let lab = lab.clone();
        move |()| lab.0.listen(Rc::new(move || redraw.force_update()))
    });
    let state: State = lab.0.state().clone();
    let console = ConsoleProps::of(lab, &state, state.pane == Pane::Console);
    html! {
        <div class="page" data-pane={state.pane.as_str()}>
            <Header lab={lab.clone()} frame={state.shown.clone()} started={state.started} />
            <Banner lab={lab.clone()} notices={state.notices.clone()} fatal={state.fatal.clone()} />
            <main>
                <section class="pane cluster" aria-label="Cluster">
                    <Picture
                        lab={lab.clone()}
                        frame={state.shown.clone()}
                        started={state.started}
                        selected={state.selected.clone()}
                        keepalives={state.keepalives}
                        size={state.size}
                    />
                    <Transport
                        lab={lab.clone()}
                        frame={state.shown.clone()}
                        tape={state.tape.clone()}
                        started={state.started}
                    />
                    <Matrix frame={state.shown.clone()} started={state.started} />
                </section>
                <section class="pane members" aria-label="Members">
                    <Inspector
                        lab={lab.clone()}
                        frame={state.shown.clone()}
                        started={state.started}
                        selected={state.selected.clone()}
                    />
                </section>
                <section class="pane log" aria-label="Events">
                    <Events frame={state.shown.clone()} />
                </section>
                <section class="pane console" aria-label="Console">
                    <ConsolePane ..console />
                </section>
            </main>
            { tabs(lab, state.pane) }
            <div class="unseen" aria-live="polite" data-testid="picture-news">{ &state.news }</div>
            <div class="unseen" aria-live="polite">{ &state.said }</div>
            <Honest
                lab={lab.clone()}
                open={state.dialog == Dialog::Honest}
                measure={state.measure.clone()}
                frame={state.shown.clone()}
            />
            <Help lab={lab.clone()} open={state.dialog == Dialog::Help} />
            <CheatSheet
                lab={lab.clone()}
                open={state.dialog == Dialog::Cheats}
                cheats={state.cheats.clone()}
            />
            <Editor lab={lab.clone()} editing={state.edits.first().cloned()} />
        </div>
    }
}

/// What a small screen shows at its lower edge.
fn tabs(lab: &LabHandle, shown: Pane) -> Html {
    let tab = |pane: Pane| {
        let current = (pane == shown).then_some("page");
        html! {
            <button key={pane.as_str()} aria-current={current} onclick={lab.on(Event::Show(pane))}>
                { pane.title() }
            </button>
        }
    };
    html! { <nav class="tabs" aria-label="Panes">{ for Pane::ALL.into_iter().map(tab) }</nav> }
}
