//! `cargo xtask soak`: what belongs to no single change because it takes too long.

use anyhow::Result;

use crate::process::{cargo, run, step};
use crate::workspace::Workspace;

/// Seeds of the long simulation, and the virtual time of each.
const SEEDS: &str = "1..1000";
const SIMULATED: &str = "30s";
/// Cases of each property test, where `cargo xtask test` takes some hundreds.
const PROPERTY_CASES: &str = "20000";
/// The crates that decode or model something.
const MODELS: [&str; 7] = ["wal", "mvcc", "v2store", "auth", "history", "member", "etcdctl"];

/// Runs every long check, the simulation first.
///
/// # Errors
/// The first that fails; a failed seed prints the command that replays it.
pub fn soak(workspace: &Workspace) -> Result<()> {
    let root = &workspace.root;
    step("simulation under all checkers", || {
        let mut command = cargo(root);
        command.args(["run", "--release", "--locked", "--package", "etcd-lab", "--", "sim"]);
        run(command.args(["--seeds", SEEDS, "--for", SIMULATED]))
    })?;
    step("property tests, many cases", || {
        let mut command = cargo(root);
        command.args(["test", "--release", "--locked", "--no-fail-fast"]);
        command.args(MODELS.iter().flat_map(|package| ["--package", package]));
        run(command.env("PROPTEST_CASES", PROPERTY_CASES))
    })
}
