//! Equal states: members that have applied the same entries are in the same state, keys, leases,
//! users, members and alarms alike. Each tells a digest of its whole state at agreed indexes.

use std::collections::BTreeMap;

use member::Trace;

use super::{Checker, Step, What};

#[derive(Default)]
pub(crate) struct EqualStates {
    /// The digest at each index, and who told it first.
    digests: BTreeMap<u64, (u64, u16)>,
}

impl Checker for EqualStates {
    fn name(&self) -> &'static str {
        "equal states"
    }

    fn step(&mut self, step: &Step<'_>) -> Result<(), String> {
        let What::Trace(Trace::State { index, digest }) = step.what else { return Ok(()) };
        let (first, teller) = *self.digests.entry(*index).or_insert((*digest, step.member));
        if first == *digest {
            return Ok(());
        }
        let name = |member: u16| &step.members[usize::from(member)].name;
        Err(format!("{} and {} differ at index {index}", name(teller), name(step.member)))
    }
}
