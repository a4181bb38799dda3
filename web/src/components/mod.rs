//! What is on the page, one component a file.
//!
//! yew#4092: a conditional child always sits in an element of its own, lists are keyed, and no
//! component renders zero nodes.

pub(crate) mod app;
mod banner;
mod block;
mod cheats;
mod completions;
mod console;
mod editor;
mod events;
mod header;
mod help;
mod honest;
mod input;
mod inspector;
mod matrix;
mod modal;
mod picture;
mod shapes;
mod tape;
mod transport;

use crate::lab::Lab;
use crate::state::Event;
use frame::Action;
use std::rc::Rc;
use yew::Callback;

/// The session, as a property. Two handles are equal when they are the same session.
#[derive(Clone)]
pub(crate) struct LabHandle(pub Rc<Lab>);

impl PartialEq for LabHandle {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

impl LabHandle {
    /// A callback that changes the page's state.
    pub(crate) fn on<E>(&self, event: Event) -> Callback<E> {
        let lab = Rc::clone(&self.0);
        Callback::from(move |_| lab.dispatch(event.clone()))
    }

    /// A callback that acts on the cluster and echoes the command.
    pub(crate) fn acts<E>(&self, action: Action) -> Callback<E> {
        let lab = Rc::clone(&self.0);
        Callback::from(move |_| {
            lab.act(action.clone());
        })
    }
}
