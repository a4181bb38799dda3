//! Leader Completeness (Raft paper, figure 3): an entry committed in one term is in the log of
//! every leader of a later term.

use frame::Role;
use member::{LogDigest, Trace};

use super::{Checker, Step, What};

#[derive(Default)]
pub(crate) struct LeaderCompleteness {
    /// Entries known to be committed, by index from 1, and the term whose leader committed each
    /// (at the latest: the term of the member that told).
    committed: Vec<LogDigest>,
    terms: Vec<u64>,
}

impl Checker for LeaderCompleteness {
    fn name(&self) -> &'static str {
        "leader completeness"
    }

    fn step(&mut self, step: &Step<'_>) -> Result<(), String> {
        let Some(shadow) = step.members.get(usize::from(step.member)) else { return Ok(()) };
        match step.what {
            What::Trace(Trace::Committed { index }) => {
                for at in self.committed.len() as u64 + 1..=*index {
                    let Some(entry) = shadow.entry(at) else { break };
                    self.committed.push(entry);
                    self.terms.push(entry.term);
                }
                Ok(())
            }
            What::Trace(Trace::Role { role: Role::Leader, term, .. }) => {
                for (index, (entry, committed_in)) in
                    (1..).zip(self.committed.iter().zip(&self.terms))
                {
                    let shown = index > shadow.offset;
                    if shown && committed_in < term && shadow.entry(index) != Some(*entry) {
                        return Err(format!(
                            "{} leads term {term} without the committed entry {index} of term {}",
                            shadow.name, entry.term
                        ));
                    }
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }
}
