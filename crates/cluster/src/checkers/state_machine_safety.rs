//! State Machine Safety (Raft paper, figure 3): no two members apply different entries at the same
//! index. A restarted member applies its log again and is held to the same.

use member::LogDigest;

use super::{Checker, Step, What};

#[derive(Default)]
pub(crate) struct StateMachineSafety {
    /// What was applied at each index from 1, by whoever came first.
    applied: Vec<LogDigest>,
}

impl Checker for StateMachineSafety {
    fn name(&self) -> &'static str {
        "state machine safety"
    }

    fn step(&mut self, step: &Step<'_>) -> Result<(), String> {
        let What::Applied { from, to } = step.what else { return Ok(()) };
        let shadow = &step.members[usize::from(step.member)];
        for index in from..=to {
            let Some(entry) = shadow.entry(index) else {
                return Err(format!("{} applied index {index}, not in its log", shadow.name));
            };
            match self.applied.get((index - 1) as usize) {
                None => self.applied.push(entry),
                Some(first) if *first == entry => {}
                Some(_) => {
                    return Err(format!(
                        "{} applied another entry at index {index} than the first to apply it",
                        shadow.name
                    ));
                }
            }
        }
        Ok(())
    }
}
