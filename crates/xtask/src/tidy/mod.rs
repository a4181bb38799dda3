//! The rules of the sources that no compiler checks.
//!
//! [`text`] holds the rules of every file, [`pure`] those of the crates that must stay deterministic,
//! [`layers`] the direction of dependencies. Each rule returns findings as `path:line: what`.

pub mod layers;
pub mod mask;
pub mod pure;
pub mod text;

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::workspace::files_below;

/// Top-level folders and files that belong to the project.
const ROOTS: [&str; 5] = ["crates", "web", "tests", "lessons", "docs"];

/// One text file, its path relative to the workspace root with `/` between parts.
pub struct Source {
    pub path: String,
    pub text: String,
}

impl Source {
    /// Whether the file was made by a generator and only has to compile.
    pub fn is_generated(&self) -> bool {
        self.path.contains("/gen/")
    }

    /// Whether the file is Rust.
    pub fn is_rust(&self) -> bool {
        self.path.ends_with(".rs")
    }
}

/// Runs all rules over the workspace.
///
/// # Errors
/// Lists every finding.
pub fn check(root: &Path) -> Result<()> {
    let (sources, mut findings) = read(root)?;
    for source in &sources {
        findings.extend(text::findings(source));
        findings.extend(pure::findings(source));
    }
    findings.extend(layers::findings(&sources));
    findings.sort();
    if !findings.is_empty() {
        bail!("{} findings:\n  {}", findings.len(), findings.join("\n  "));
    }
    println!("   {} files are tidy", sources.len());
    Ok(())
}

/// All text files of the project, and the findings about files that are too large.
fn read(root: &Path) -> Result<(Vec<Source>, Vec<String>)> {
    let mut paths = Vec::new();
    for name in ROOTS.iter().map(|name| root.join(name)).filter(|dir| dir.is_dir()) {
        paths.extend(files_below(&name)?);
    }
    for entry in fs::read_dir(root)? {
        let path = entry?.path();
        if path.is_file() {
            paths.push(path);
        }
    }
    let (mut sources, mut findings) = (Vec::new(), Vec::new());
    for path in paths {
        let relative = path.strip_prefix(root).context("below the root")?;
        let relative = relative.to_string_lossy().replace('\\', "/");
        let bytes = fs::read(&path)?;
        findings.extend(text::size_finding(&relative, bytes.len()));
        if let Ok(text) = String::from_utf8(bytes) {
            sources.push(Source { path: relative, text });
        }
    }
    Ok((sources, findings))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_workspace_is_tidy() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap();
        if let Err(error) = check(root) {
            panic!("{error:#}");
        }
    }
}
