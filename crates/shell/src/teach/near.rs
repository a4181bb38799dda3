//! Which known name is near to one that was typed.

/// The one name that is nearest, if it is near enough to be meant: one edit for short words, two for
/// longer ones. An edit is a letter too many, too few, another one, or two that changed places.
pub(super) fn nearest<'a>(
    typed: &str,
    names: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let length = typed.chars().count();
    if !(2..=40).contains(&length) {
        return None;
    }
    let limit = if length <= 4 { 1 } else { 2 };
    let mut best: Option<(usize, &str)> = None;
    let mut alone = true;
    for name in names {
        let distance = distance(typed, name);
        match best {
            _ if distance > limit || name == typed => {}
            Some((least, _)) if distance > least => {}
            Some((least, other)) if distance == least => alone &= other == name,
            _ => (best, alone) = (Some((distance, name)), true),
        }
    }
    best.filter(|_| alone).map(|(_, name)| name)
}

/// Edits between two words, in letters.
fn distance(left: &str, right: &str) -> usize {
    let left: Vec<char> = left.chars().collect();
    let right: Vec<char> = right.chars().collect();
    let mut before: Vec<usize> = Vec::new();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (i, a) in left.iter().enumerate() {
        let mut next = vec![i + 1];
        for (j, b) in right.iter().enumerate() {
            let mut least = (row[j] + usize::from(a != b)).min(row[j + 1] + 1).min(next[j] + 1);
            if i > 0 && j > 0 && *a == right[j - 1] && left[i - 1] == *b {
                least = least.min(before[j - 1] + 1);
            }
            next.push(least);
        }
        before = std::mem::replace(&mut row, next);
    }
    row[right.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_are_near_are_found() {
        for (left, right, edits) in [
            ("ectd", "etcd", 1),
            ("etcdclt", "etcdctl", 1),
            ("", "abc", 3),
            ("gte", "get", 1),
            ("a", "a", 0),
        ] {
            assert_eq!(distance(left, right), edits, "{left} {right}");
        }
        let names = ["etcd", "etcdctl", "get", "cat", "cut"];
        for (typed, name) in [
            ("ectd", Some("etcd")),
            ("ectdctl", Some("etcdctl")),
            ("etctctl", Some("etcdctl")),
            ("ct", None),
            ("frobnicate", None),
            ("x", None),
        ] {
            assert_eq!(nearest(typed, names), name, "{typed}");
        }
    }
}
