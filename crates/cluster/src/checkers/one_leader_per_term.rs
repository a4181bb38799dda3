//! Election Safety (Raft paper, figure 3): at most one leader is elected in a term.

use std::collections::BTreeMap;

use frame::Role;
use member::Trace;

use super::{Checker, Step, What};

#[derive(Default)]
pub(crate) struct OneLeaderPerTerm {
    leaders: BTreeMap<u64, u16>,
}

impl Checker for OneLeaderPerTerm {
    fn name(&self) -> &'static str {
        "one leader per term"
    }

    fn step(&mut self, step: &Step<'_>) -> Result<(), String> {
        let What::Trace(Trace::Role { role: Role::Leader, term, .. }) = step.what else {
            return Ok(());
        };
        let first = *self.leaders.entry(*term).or_insert(step.member);
        if first == step.member {
            return Ok(());
        }
        let name = |member: u16| &step.members[usize::from(member)].name;
        Err(format!("{} and {} both lead term {term}", name(first), name(step.member)))
    }
}
