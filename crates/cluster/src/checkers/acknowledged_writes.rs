//! Durability (G2): a write that was acknowledged to its client is never lost. Its entry is in the
//! log of every later leader, and, at the end of a run, applied by every member that got that far.

use std::collections::BTreeMap;

use frame::Role;
use member::{LogDigest, Trace};

use super::{Checker, Shadow, Step, What};

#[derive(Default)]
pub(crate) struct AcknowledgedWrites {
    acknowledged: BTreeMap<u64, LogDigest>,
}

impl Checker for AcknowledgedWrites {
    fn name(&self) -> &'static str {
        "acknowledged writes survive"
    }

    fn step(&mut self, step: &Step<'_>) -> Result<(), String> {
        let Some(shadow) = step.members.get(usize::from(step.member)) else { return Ok(()) };
        match step.what {
            // A recipe's answer may rest on an entry that a snapshot has since taken in.
            What::Acknowledged { index } if index <= shadow.offset => Ok(()),
            What::Acknowledged { index } => {
                let entry = shadow
                    .entry(index)
                    .filter(|_| index <= shadow.applied)
                    .ok_or_else(|| format!("{} acknowledged {index} unapplied", shadow.name))?;
                let first = *self.acknowledged.entry(index).or_insert(entry);
                if first != entry {
                    return Err(format!("two different writes acknowledged at index {index}"));
                }
                Ok(())
            }
            What::Trace(Trace::Role { role: Role::Leader, .. }) => {
                self.all_there(shadow, u64::MAX, "leads without")
            }
            What::Finish => self.all_there(shadow, shadow.applied, "ends without"),
            _ => Ok(()),
        }
    }
}

impl AcknowledgedWrites {
    fn all_there(&self, shadow: &Shadow, up_to: u64, how: &str) -> Result<(), String> {
        if up_to <= shadow.offset {
            return Ok(());
        }
        for (index, entry) in self.acknowledged.range(shadow.offset + 1..=up_to) {
            if shadow.entry(*index) != Some(*entry) {
                return Err(format!(
                    "{} {how} the write that was acknowledged at index {index}",
                    shadow.name
                ));
            }
        }
        Ok(())
    }
}
