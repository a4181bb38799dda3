//! Waiting for several things at once, without a runtime and without wakers.
//!
//! Everything is polled in a fixed order, so what finishes at one instant finishes in the order in
//! which it was started. What it leaves out: wakers; the executor polls the whole tree.

use std::cell::{Cell, RefCell};
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;

use crate::system::LocalFuture;

/// Counts what futures of one tree do for each other, so that a combinator knows that another round
/// of polling will find something new.
#[derive(Debug, Default)]
pub(crate) struct Stir(Cell<u64>);

impl Stir {
    /// Something was put where another future looks.
    pub(crate) fn note(&self) {
        self.0.set(self.0.get().wrapping_add(1));
    }
}

/// The result of `work`, or `None` when `limit` comes first. Work that is ready at the very moment
/// of the limit counts as done.
pub(crate) async fn before<T>(
    work: impl Future<Output = T>,
    limit: impl Future<Output = ()>,
) -> Option<T> {
    let (mut work, mut limit) = (pin!(work), pin!(limit));
    poll_fn(|context| match work.as_mut().poll(context) {
        Poll::Ready(value) => Poll::Ready(Some(value)),
        Poll::Pending => limit.as_mut().poll(context).map(|()| None),
    })
    .await
}

/// Runs all of `work` at once; results come in the order of completion.
pub(crate) async fn all<T>(mut work: Vec<LocalFuture<'_, T>>) -> Vec<T> {
    let mut done = Vec::with_capacity(work.len());
    poll_fn(|context| {
        work.retain_mut(|future| match future.as_mut().poll(context) {
            Poll::Ready(value) => {
                done.push(value);
                false
            }
            Poll::Pending => true,
        });
        if work.is_empty() { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    done
}

/// The result of `work`, with what stands in `crew` running beside it: more may join while it runs,
/// and one that ends with an error ends all.
pub(crate) async fn with_crew<'f, T, E>(
    stir: &Stir,
    crew: &RefCell<Vec<LocalFuture<'f, Result<(), E>>>>,
    work: impl Future<Output = Result<T, E>>,
) -> Result<T, E> {
    let mut work = pin!(work);
    let mut running = Vec::new();
    poll_fn(|context| {
        loop {
            let before = stir.0.get();
            running.append(&mut crew.borrow_mut());
            let mut failed = None;
            running.retain_mut(|future: &mut LocalFuture<'f, Result<(), E>>| {
                match future.as_mut().poll(context) {
                    Poll::Pending => true,
                    Poll::Ready(Ok(())) => false,
                    Poll::Ready(Err(error)) => {
                        failed.get_or_insert(error);
                        false
                    }
                }
            });
            if let Some(error) = failed {
                return Poll::Ready(Err(error));
            }
            if let Poll::Ready(result) = work.as_mut().poll(context) {
                return Poll::Ready(result);
            }
            if stir.0.get() == before {
                return Poll::Pending;
            }
        }
    })
    .await
}

/// The result of `work`, with `background` running beside it. Boxed, so that there is one of it.
pub(crate) async fn beside<'f, T>(
    stir: &Stir,
    mut background: LocalFuture<'f, ()>,
    mut work: LocalFuture<'f, T>,
) -> T {
    let mut over = false;
    poll_fn(|context| {
        loop {
            let before = stir.0.get();
            over = over || background.as_mut().poll(context).is_ready();
            if let Poll::Ready(value) = work.as_mut().poll(context) {
                return Poll::Ready(value);
            }
            if stir.0.get() == before {
                return Poll::Pending;
            }
        }
    })
    .await
}
