//! The direction of dependencies: a crate may use only crates that stand before it in [`ORDER`].

use super::Source;
use super::pure::PURE;

/// Workspace packages from the innermost outwards.
///
/// `frame` is plain data and stands before everything that speaks it.
const ORDER: &[&str] = &[
    "frame",
    "judge",
    "proto",
    "bolt",
    "pki",
    "wal",
    "mvcc",
    "v2store",
    "auth",
    "history",
    "member",
    "cluster",
    "etcdctl",
    "drills",
    "shell",
    "kube",
    "course",
    "lab",
    "scene",
    "peer",
    "worker",
    "console",
    "ui",
    "etcd-lab",
    "xtask",
    "codegen",
    "etcd-lab-tests",
];

/// What the page may know of the workspace, so that `ui.wasm` carries none of the lab's own code.
const PAGE: [&str; 2] = ["frame", "scene"];

/// Dependencies that would let the outside into a pure crate.
const OUTSIDE: [&str; 9] =
    ["rand", "getrandom", "web-sys", "js-sys", "wasm-bindgen", "gloo", "tokio", "web-time", "yew"];

/// Findings over all manifests of the workspace.
pub fn findings(sources: &[Source]) -> Vec<String> {
    let manifests = sources.iter().filter(|source| source.path.ends_with("/Cargo.toml"));
    manifests.flat_map(|source| manifest_findings(&source.path, &source.text)).collect()
}

fn manifest_findings(path: &str, text: &str) -> Vec<String> {
    let Some(name) = package_name(text) else {
        return vec![format!("{path}:1: no package name")];
    };
    let Some(place) = ORDER.iter().position(|item| *item == name) else {
        return vec![format!("{path}:1: give {name} its place in the order of tidy::layers")];
    };
    let mut found = Vec::new();
    for (number, dependency, for_tests) in dependencies(text) {
        let other = ORDER.iter().position(|item| *item == dependency);
        let page = name == "ui" || name == "scene";
        let what = match other {
            Some(other) if other >= place => "stands after it in the order of tidy::layers",
            Some(_) if page && !for_tests && !PAGE.contains(&&*dependency) => {
                "would put the lab's own code into the page"
            }
            None if PURE.contains(&&*name) && !for_tests && OUTSIDE.contains(&&*dependency) => {
                "would let the outside into a pure crate"
            }
            _ => continue,
        };
        found.push(format!("{path}:{number}: {name} uses {dependency}, which {what}"));
    }
    found
}

fn package_name(text: &str) -> Option<String> {
    let line = text.lines().find(|line| line.starts_with("name = "))?;
    Some(line.split('"').nth(1)?.to_owned())
}

/// Line, name and whether it is for tests alone, of every dependency of a manifest.
fn dependencies(text: &str) -> Vec<(usize, String, bool)> {
    let mut found = Vec::new();
    let mut section = String::new();
    for (number, line) in text.lines().enumerate() {
        let line = line.trim();
        let dev = section.ends_with("dev-dependencies");
        if let Some(header) = line.strip_prefix('[') {
            section = header.trim_end_matches(']').to_owned();
            // `[dependencies.raft]` names the dependency in the header itself.
            if let Some((before, name)) = section.rsplit_once("dependencies.") {
                found.push((number + 1, name.to_owned(), before.ends_with("dev-")));
            }
        } else if section.ends_with("dependencies") && !line.is_empty() && !line.starts_with('#') {
            let name = line.split(['.', '=', ' ']).next().unwrap_or("").trim_matches('"');
            found.push((number + 1, name.to_owned(), dev));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrows_point_one_way() {
        for (name, section, dependency, found) in [
            ("member", "dependencies", "mvcc.workspace = true", 0),
            ("mvcc", "dependencies", "member.workspace = true", 1),
            ("mvcc", "dev-dependencies", "lab = { path = \"../lab\" }", 1),
            ("mvcc", "dependencies.member", "path = \"../member\"", 1),
            ("cluster", "dependencies", "frame.workspace = true", 0),
            ("frame", "dependencies", "proto.workspace = true", 1),
            ("ui", "dependencies", "lab.workspace = true", 1),
            ("ui", "dependencies", "scene.workspace = true", 0),
            ("member", "dependencies", "getrandom = \"0.2\"", 1),
            ("member", "target.'cfg(unix)'.dependencies", "rand = \"0.8\"", 1),
            ("worker", "dependencies", "getrandom = \"0.2\"", 0),
            ("stranger", "dependencies", "", 1),
        ] {
            let text = format!("[package]\nname = \"{name}\"\n\n[{section}]\n{dependency}\n");
            let list = manifest_findings("x/Cargo.toml", &text);
            assert_eq!(list.len(), found, "{name} [{section}] {dependency}: {list:?}");
        }
    }
}
