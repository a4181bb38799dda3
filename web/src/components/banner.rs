//! Complaints about the address, and what ended the session.

use super::LabHandle;
use crate::state::Event;
use std::rc::Rc;
use yew::prelude::*;

#[derive(Properties, PartialEq)]
pub(crate) struct Props {
    pub(crate) lab: LabHandle,
    pub(crate) notices: Rc<Vec<String>>,
    pub(crate) fatal: Option<String>,
}

#[component]
pub(crate) fn Banner(props: &Props) -> Html {
    let notice = |(index, text): (usize, &String)| {
        html! {
            <p key={format!("{index} {text}")} class="notice">
                <span>{ text }</span>
                <button class="quiet" onclick={props.lab.on(Event::Dismiss(index))}>
                    { "Dismiss" }
                </button>
            </p>
        }
    };
    let fatal = props.fatal.iter().map(|text| {
        html! {
            <p key="fatal" class="notice fatal" data-testid="fatal">
                <span>
                    { text }{ ". The session has ended; what is on the page is its last moment." }
                </span>
                <a href={props.lab.0.link()}>{ "Start it again" }</a>
            </p>
        }
    });
    html! {
        <div class="banner" role="alert">
            { for fatal }
            { for props.notices.iter().enumerate().map(notice) }
        </div>
    }
}
