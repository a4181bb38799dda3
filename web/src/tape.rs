//! The time line's memory: who led in which term, when, as far as the page has seen. With several
//! clusters it is about the first member's.

use frame::{Frame, LogKind, Micros};

/// A stretch of time with one leader, or with none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) from_us: Micros,
    pub(crate) term: u64,
    /// Empty while nobody leads.
    pub(crate) leader: String,
}

/// A moment worth a mark: what a person did, a fault, a violation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mark {
    pub(crate) at_us: Micros,
    pub(crate) seq: u64,
    pub(crate) kind: LogKind,
    pub(crate) text: String,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tape {
    pub(crate) spans: Vec<Span>,
    pub(crate) marks: Vec<Mark>,
}

/// Older spans and marks are dropped beyond these: the tape is a picture, not the record.
const SPANS_MAX: usize = 400;
const MARKS_MAX: usize = 300;

impl Tape {
    /// Takes one frame in. True when something has changed.
    pub(crate) fn take(&mut self, frame: &Frame) -> bool {
        let spans = self.take_span(frame);
        let marks = self.take_marks(frame);
        spans || marks
    }

    fn take_span(&mut self, frame: &Frame) -> bool {
        let clusters = scene::clusters(frame);
        let first = clusters.first();
        let leader = first.and_then(scene::Cluster::leader);
        let members = first.map(|cluster| cluster.members.as_slice()).unwrap_or_default();
        let term = members.iter().map(|m| m.term).max().unwrap_or(0);
        let (term, name) = match leader {
            Some(leader) => (leader.term, leader.name.as_str()),
            None => (term, ""),
        };
        let same = |s: &Span| s.leader == name && (s.term == term || name.is_empty());
        if self.spans.last().is_some_and(same) {
            return false;
        }
        // The first leader came before the first frame that shows it.
        let from_us = match (self.spans.len(), frame.first_leader_us) {
            (1, Some(first)) if first <= frame.time_us => first,
            (0, Some(first)) => {
                self.spans.push(Span { from_us: 0, term: 0, leader: String::new() });
                first
            }
            (0, None) => 0,
            _ => frame.time_us,
        };
        self.spans.push(Span { from_us, term, leader: name.into() });
        if self.spans.len() > SPANS_MAX {
            self.spans.remove(0);
        }
        true
    }

    fn take_marks(&mut self, frame: &Frame) -> bool {
        let seen = self.marks.last().map(|m| m.seq);
        let worth = |kind| matches!(kind, LogKind::Act | LogKind::Fault | LogKind::Violation);
        let before = self.marks.len();
        for line in &frame.log {
            if worth(line.kind) && seen.is_none_or(|seq| line.seq > seq) {
                self.marks.push(Mark {
                    at_us: line.time_us,
                    seq: line.seq,
                    kind: line.kind,
                    text: format!("{} {}", line.actor, line.text),
                });
            }
        }
        let changed = self.marks.len() != before;
        let excess = self.marks.len().saturating_sub(MARKS_MAX);
        self.marks.drain(..excess);
        changed
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use frame::{LogLine, MemberView, Role, Status};

    fn frame(time_us: Micros, leader: Option<(&str, u64)>) -> Frame {
        let members = leader.map(|(name, term)| MemberView {
            name: name.into(),
            term,
            role: Role::Leader,
            status: Status::Running,
            ..MemberView::default()
        });
        Frame {
            time_us,
            members: members.into_iter().collect(),
            first_leader_us: leader.map(|_| 900),
            ..Frame::default()
        }
    }

    #[test]
    fn a_span_begins_where_the_leader_changes() {
        let mut tape = Tape::default();
        assert!(tape.take(&frame(1_000, Some(("m1", 2)))));
        assert!(!tape.take(&frame(2_000, Some(("m1", 2)))));
        assert!(tape.take(&frame(3_000, None)));
        assert!(tape.take(&frame(4_000, Some(("m2", 3)))));
        let starts: Vec<_> = tape.spans.iter().map(|s| (s.from_us, s.leader.as_str())).collect();
        assert_eq!(starts, [(0, ""), (900, "m1"), (3_000, ""), (4_000, "m2")]);
    }

    #[test]
    fn a_leader_of_another_cluster_has_no_span() {
        let mut tape = Tape::default();
        let mut frame = frame(1_000, Some(("m1", 2)));
        frame.members[0].cluster_id = 1;
        tape.take(&frame);
        let restored =
            MemberView { name: "r1".into(), cluster_id: 2, term: 9, ..frame.members[0].clone() };
        frame.members.push(restored);
        assert!(!tape.take(&frame));
    }

    #[test]
    fn a_line_is_marked_once_however_often_it_is_seen() {
        let mut tape = Tape::default();
        let mut frame = frame(1_000, None);
        frame.log.push(LogLine { seq: 4, kind: LogKind::Fault, ..LogLine::default() });
        frame.log.push(LogLine { seq: 5, kind: LogKind::Commit, ..LogLine::default() });
        tape.take(&frame);
        tape.take(&frame);
        assert_eq!(tape.marks.iter().map(|m| m.seq).collect::<Vec<_>>(), [4]);
    }
}
