//! Where things are: the workspace root, cargo's target folder, and `cargo metadata`.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde_json::Value;

use crate::process::{cargo, output};

/// The workspace that this xtask belongs to.
#[derive(Clone, Debug)]
pub struct Workspace {
    pub root: PathBuf,
    /// Cargo's target folder, which `CARGO_TARGET_DIR` can move out of the root.
    pub target: PathBuf,
}

impl Workspace {
    /// Finds the workspace from this crate's own place in it.
    ///
    /// # Errors
    /// When cargo cannot describe the workspace.
    pub fn find() -> Result<Workspace> {
        let manifest = match std::env::var_os("CARGO_MANIFEST_DIR") {
            Some(dir) => PathBuf::from(dir),
            None => PathBuf::from(env!("CARGO_MANIFEST_DIR")),
        };
        let root = manifest
            .ancestors()
            .find(|dir| dir.join("Cargo.lock").is_file())
            .context("no Cargo.lock above crates/xtask")?
            .to_path_buf();
        let text = output(cargo(&root).args([
            "metadata",
            "--format-version=1",
            "--no-deps",
            "--offline",
        ]))?;
        let value: Value = serde_json::from_str(&text)?;
        let target = value["target_directory"].as_str().context("no target_directory")?;
        Ok(Workspace { root, target: target.into() })
    }

    /// A folder for this tool's own products below the target folder.
    pub fn scratch(&self, name: &str) -> PathBuf {
        self.target.join("xtask").join(name)
    }
}

/// Files below `dir` in a stable order, without hidden ones, `target`, `dist` and `node_modules`.
///
/// # Errors
/// When a folder cannot be read.
pub fn files_below(dir: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut entries: Vec<PathBuf> = std::fs::read_dir(dir)
        .with_context(|| format!("cannot read {}", dir.display()))?
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .collect();
    entries.sort();
    for path in entries {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.starts_with('.') || ["target", "dist", "node_modules"].contains(&name.as_str()) {
            continue;
        }
        if path.is_dir() {
            found.extend(files_below(&path)?);
        } else {
            found.push(path);
        }
    }
    Ok(found)
}
