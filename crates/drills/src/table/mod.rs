//! The patterns, in files by what they are about.

mod cluster;
mod history;
mod keys;
mod output;
mod tree;
mod users;

use crate::Pattern;

pub(crate) const TABLES: &[&[Pattern]] =
    &[keys::DRILLS, history::DRILLS, users::DRILLS, cluster::DRILLS, output::DRILLS, tree::DRILLS];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use crate::patterns;

    #[test]
    fn every_pattern_is_whole_and_can_be_read() {
        let mut ids = BTreeSet::new();
        for pattern in patterns() {
            let id = pattern.id;
            assert!(ids.insert(id), "{id} twice");
            assert!(id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'));
            for text in [pattern.title, pattern.task, pattern.hint, pattern.solution] {
                assert!(!text.is_empty(), "{id}");
            }
            assert!((1..=5).contains(&pattern.minutes), "{id}");
            assert!(pattern.task.split_whitespace().count() <= 45, "{id}: its task is long");
            assert_eq!(pattern.task.matches('`').count() % 2, 0, "{id}");
            assert!(!pattern.wrong.is_empty(), "{id} has no wrong way");
            let drill = pattern.drill(1);
            for text in [&drill.task, &drill.hint] {
                assert!(!text.contains('{'), "{id}: {text}");
            }
            if let Err(error) = judge::Judge::new(&drill.step) {
                panic!("{id}: {error}");
            }
        }
        assert!(ids.len() >= 48, "{}", ids.len());
    }
}
