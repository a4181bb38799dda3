//! Paths of keys, as Go's `path.Clean` makes them.

/// How deep a key may lie, namespace included. etcd has no bound, and no memory is large enough for
/// what a path of half a million slashes does to it; nor is a stack, when a tree is read back.
pub const PARTS_MAX: usize = 60;

/// The absolute path without empty parts, `.` and `..` (`path.Clean(path.Join("/", path))`).
pub fn clean(path: &str) -> String {
    let mut clean = String::with_capacity(path.len() + 1);
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    for part in parts {
        clean.push('/');
        clean.push_str(part);
    }
    if clean.is_empty() {
        clean.push('/');
    }
    clean
}

/// The parts of a clean path; none for the root.
pub(crate) fn parts(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter(|part| !part.is_empty())
}

/// Directory and name of a clean path that is not the root.
pub(crate) fn split(path: &str) -> (&str, &str) {
    let at = path.rfind('/').unwrap_or(0);
    (if at == 0 { "/" } else { &path[..at] }, path.get(at + 1..).unwrap_or(""))
}

/// The path of a child.
pub(crate) fn join(dir: &str, name: &str) -> String {
    if dir == "/" { format!("/{name}") } else { format!("{dir}/{name}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_cleaned_as_go_does() {
        for (given, wanted) in [
            ("", "/"),
            ("/", "/"),
            ("//a//b/", "/a/b"),
            ("a/./b", "/a/b"),
            ("/a/../../b", "/b"),
            ("/..", "/"),
            ("/a/...", "/a/..."),
        ] {
            assert_eq!(clean(given), wanted, "{given}");
        }
    }

    #[test]
    fn the_last_part_is_the_name() {
        assert_eq!(split("/a"), ("/", "a"));
        assert_eq!(split("/a/b"), ("/a", "b"));
        assert_eq!(join("/", "a"), "/a");
        assert_eq!(join("/a", "b"), "/a/b");
    }
}
