//! Globbing: names in the file system that match a pattern, in byte order.

use crate::fs::{self, Fs};
use crate::pattern;

/// The names that match; none if nothing does.
pub(crate) fn expand(fs: &Fs, cwd: &str, pattern: &str) -> Vec<String> {
    let (mut found, rest) = match pattern.strip_prefix('/') {
        Some(rest) => (vec!["/".to_string()], rest),
        None => (vec![String::new()], pattern),
    };
    let parts: Vec<&str> = rest.split('/').collect();
    for (at, part) in parts.iter().enumerate() {
        let last = at + 1 == parts.len();
        let mut next = Vec::new();
        for prefix in found {
            let dir = fs::normal(cwd, if prefix.is_empty() { "." } else { &prefix });
            if !part.contains(['*', '?', '[']) {
                let plain: String = part.replace('\\', "");
                let path = format!("{prefix}{plain}");
                if part.is_empty() || fs.exists(&fs::normal(cwd, &path)) {
                    next.push(if last { path } else { format!("{path}/") });
                }
                continue;
            }
            for name in fs.list(&dir) {
                let hidden = name.starts_with('.') && !part.starts_with('.');
                if hidden || !pattern::matches(part, &name) {
                    continue;
                }
                let path = format!("{prefix}{name}");
                if last {
                    next.push(path);
                } else if fs.is_dir(&fs::normal(cwd, &path)) {
                    next.push(format!("{path}/"));
                }
            }
        }
        found = next;
    }
    found
}
