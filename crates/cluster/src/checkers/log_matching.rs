//! Log Matching (Raft paper, figure 3): if two logs hold an entry with the same index and term,
//! they are equal up to it.
//!
//! Checked by induction: an (index, term) always stands for the same content and always follows an
//! entry of the same term. What a member alone had and lost in a crash is void: a sole voter that had
//! not written its vote begins the same term again.

use std::collections::BTreeMap;

use member::{LogDigest, Trace};

use super::{Checker, Step, What};

#[derive(Default)]
pub(crate) struct LogMatching {
    /// (index, term) to (digest, term of the entry before), and the bits of those who told it.
    entries: BTreeMap<(u64, u64), ((u64, u64), u64)>,
}

impl Checker for LogMatching {
    fn name(&self) -> &'static str {
        "log matching"
    }

    fn step(&mut self, step: &Step<'_>) -> Result<(), String> {
        let (first_index, log): (u64, &[LogDigest]) = match step.what {
            What::Trace(Trace::Started { first_index, log, .. }) => {
                let end = first_index + log.len() as u64;
                // The last bit may be several, whose entries then stay.
                let alone = if step.member < 63 { bit(step.member) } else { 0 };
                let after =
                    self.entries.extract_if((end, 0).., |_, (_, tellers)| *tellers == alone);
                after.for_each(drop);
                (*first_index, log)
            }
            What::Trace(Trace::Appended { first_index, log }) => (*first_index, log),
            _ => return Ok(()),
        };
        let shadow = &step.members[usize::from(step.member)];
        let mut before = shadow.entry(first_index - 1).map_or(0, |entry| entry.term);
        for (index, entry) in (first_index..).zip(log) {
            // What stands before the first entry after a snapshot is not told.
            if index == shadow.offset + 1 && shadow.offset > 0 {
                before = entry.term;
                continue;
            }
            let fact = (entry.digest, before);
            let (known, tellers) = self.entries.entry((index, entry.term)).or_insert((fact, 0));
            *tellers |= bit(step.member);
            if *known != fact {
                return Err(format!(
                    "{} has another entry at index {index} of term {} than some member before",
                    shadow.name, entry.term
                ));
            }
            before = entry.term;
        }
        Ok(())
    }
}

/// One of 64 bits for each member; the last stands for all beyond.
fn bit(member: u16) -> u64 {
    1 << member.min(63)
}
