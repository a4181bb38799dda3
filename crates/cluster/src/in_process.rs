//! Runs a world's actors where the world is: native tests, `etcd-lab`, boot and replay.
//!
//! Natively a panic in a member is caught and becomes that member's trap. In wasm, where a panic
//! ends the instance, members that may trap live in instances of their own (crate `worker`).

use std::panic::{AssertUnwindSafe, catch_unwind};

use member::{Input, Member, Output};

use crate::world::{Batch, HostAnswer, MemberAnswer, Turn};
use crate::{Actor, HostInput, HostOutput, Micros};

/// Runs one member's batch. The turns before a trap count, the one that trapped has no outputs.
pub fn run_member(member: &mut Member, batch: Batch<Input>) -> MemberAnswer {
    let mut outputs: Vec<Vec<Output>> = Vec::with_capacity(batch.turns.len());
    let mut trap = None;
    for turn in &batch.turns {
        let inputs = turn.items.clone();
        // A member that trapped is dropped by its owner, so a half-changed one is never seen.
        match catch_unwind(AssertUnwindSafe(|| member.turn(turn.time, inputs))) {
            Ok(done) => outputs.push(done),
            Err(panic) => {
                trap = Some(panic_text(panic.as_ref()));
                break;
            }
        }
    }
    MemberAnswer { actor: batch.actor, inputs: batch.turns, outputs, trap }
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    if let Some(text) = panic.downcast_ref::<&str>() {
        (*text).to_string()
    } else if let Some(text) = panic.downcast_ref::<String>() {
        text.clone()
    } else {
        "panic without a text".to_string()
    }
}

/// Runs one host's batch up to the window's end, its own timers in between.
pub fn run_host<H>(host: &mut H, batch: Batch<HostInput>, end: Micros) -> HostAnswer
where
    H: Actor<Input = HostInput, Output = HostOutput> + ?Sized,
{
    let mut turns = Vec::new();
    let mut given: std::collections::VecDeque<Turn<HostInput>> = batch.turns.into();
    loop {
        let wake = host.next_wake().filter(|wake| *wake < end);
        let input = given.front().map(|turn| turn.time);
        let Some(time) = wake.into_iter().chain(input).min() else { break };
        let inputs = match given.front() {
            Some(turn) if turn.time == time => {
                given.pop_front().map(|turn| turn.items).unwrap_or_default()
            }
            _ => Vec::new(),
        };
        let outputs = host.turn(time, inputs.clone());
        turns.push((time, inputs, outputs));
    }
    HostAnswer { actor: batch.actor, turns, next_wake: host.next_wake() }
}
