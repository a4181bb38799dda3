//! Ranges of keys: what a look must show, and what roles allow.

use frame::{LookRange, PermissionView};

/// One key, with its value.
pub(crate) fn one(key: &str) -> LookRange {
    LookRange { key: key.as_bytes().to_vec(), limit: 1, ..LookRange::default() }
}

/// How many keys begin so: the count comes whatever the limit.
pub(crate) fn prefix(prefix: &str) -> LookRange {
    LookRange::prefix(prefix.as_bytes(), 1)
}

/// The role's permissions together allow it for all keys of the range (A9: neighbouring ranges join).
pub(crate) fn allows(permissions: &[PermissionView], write: bool, wanted: &LookRange) -> bool {
    let end_of = |key: &[u8], range_end: &[u8]| match range_end {
        [] => Some([key, &[0]].concat()),
        [0] => None,
        end => Some(end.to_vec()),
    };
    let wanted_end = end_of(&wanted.key, &wanted.range_end);
    // How far the wanted range is covered; None once it is to the end of all keys.
    let mut covered = Some(wanted.key.clone());
    // Each permission can carry on what another has reached, in any order.
    for _ in 0..=permissions.len() {
        for permission in permissions {
            let grants = if write { permission.write } else { permission.read };
            let Some(reached) = &covered else { return true };
            if !grants || permission.key > *reached {
                continue;
            }
            match end_of(&permission.key, &permission.range_end) {
                None => covered = None,
                Some(end) if end > *reached => covered = Some(end),
                Some(_) => {}
            }
        }
    }
    match (covered, wanted_end) {
        (None, _) => true,
        (Some(_), None) => false,
        (Some(covered), Some(end)) => covered >= end,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn permissions_join() {
        let permission = |key: &str, end: &str| PermissionView {
            read: true,
            write: key == "w",
            key: key.into(),
            range_end: end.into(),
        };
        let all = |permissions: &[PermissionView], wanted| allows(permissions, false, &wanted);
        assert!(all(&[permission("/a/", "/a0")], prefix("/a/")));
        assert!(all(&[permission("/a/5", "/a0"), permission("/a/", "/a/5")], prefix("/a/")));
        assert!(!all(&[permission("/a/", "")], prefix("/a/")));
        assert!(!all(&[permission("/a/", "/a/5"), permission("/a/6", "/a0")], prefix("/a/")));
        assert!(all(&[permission("/a/", "")], one("/a/")));
        assert!(all(&[permission("", "\0")], prefix("")));
        assert!(!all(&[], one("x")));
        assert!(!allows(&[permission("x", "")], true, &one("x")));
        assert!(allows(&[permission("w", "")], true, &one("w")));
    }
}
