//! Waiting for several things at once, without a runtime and without wakers.
//!
//! Everything is polled in a fixed order, so what finishes at one instant finishes in the order in
//! which it was started. What it leaves out: wakers; the executor polls the whole tree.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;

use crate::system::LocalFuture;

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
