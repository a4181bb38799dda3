//! `cargo xtask test`: everything that belongs to a change, cheapest first, ending at the first failure.
//!
//! All tests run in one `cargo test`, with the page already built: so every crate is compiled once for
//! the tests, and the run ends with cargo's own lines.

use std::path::Path;
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result};

use crate::bundle::{Mode, build};
use crate::process::{apt_install, cargo, exists, may_apt, output, run, step};
use crate::toolchain::{Toolchain, ensure_wasm};
use crate::workspace::Workspace;
use crate::{axe, browser, deps, tidy};

/// Tells the browser tests where the built page is; without it they are skipped.
pub const DIST_VARIABLE: &str = "ETCD_LAB_DIST";

/// The server of Debian's package, which the tests compare with.
const REAL_ETCD: &str = "etcd";
const REAL_ETCD_PACKAGES: [&str; 2] = ["etcd-server", "etcd-client"];

/// The crates that exist for the wasm target only.
const WASM_ONLY: [&str; 6] = ["--exclude", "ui", "--exclude", "worker", "--exclude", "console"];

/// Runs every step.
///
/// # Errors
/// The first step that fails.
pub fn test(workspace: &Workspace) -> Result<()> {
    let start = Instant::now();
    let root = &workspace.root;
    step("tools", || tools(root))?;
    step("formatting", || run(cargo(root).args(["fmt", "--all", "--check"])))?;
    step("tidy", || tidy::check(root))?;
    step("dependencies: licences, sources, bans", || deps::check(root))?;
    step("browser", browser::ensure)?;
    step("etcd, to compare with", real_etcd)?;
    step("clippy, native", || clippy_native(root))?;
    step("clippy, wasm", || clippy_wasm(root))?;
    let axe = step("accessibility checker", || axe::find_or_fetch(&workspace.scratch("axe")))?;
    let bundle = build(workspace, Mode::Quick, &workspace.scratch("test"))?;
    step("tests of the page's own code", || {
        run(cargo(root).args(["test", "--locked", "--package", "ui"]))
    })?;
    step("tests, native and in the browser", || {
        let mut command = cargo(root);
        command.args(["test", "--locked", "--no-fail-fast", "--workspace"]).args(WASM_ONLY);
        command.envs(axe.iter().map(|script| (axe::VARIABLE, script)));
        run(command.env(DIST_VARIABLE, &bundle.dir))
    })?;
    println!("cargo xtask test: passed in {:.0} s", start.elapsed().as_secs_f64());
    Ok(())
}

/// The tests against a real etcd are skipped, in one line, where there is none.
fn real_etcd() -> Result<()> {
    if exists(REAL_ETCD) && exists("etcdctl") {
        println!("   {REAL_ETCD} is there");
    } else if may_apt()
        && let Err(error) = apt_install(&REAL_ETCD_PACKAGES)
    {
        println!("   not installed, so not compared with: {error:#}");
    }
    Ok(())
}

/// A minimal installation of Rust has neither rustfmt nor clippy.
fn tools(root: &Path) -> Result<()> {
    for (subcommand, component) in [("fmt", "rustfmt"), ("clippy", "clippy")] {
        let version = || output(cargo(root).args([subcommand, "--version"]));
        if version().is_err() && exists("rustup") {
            let mut command = Command::new("rustup");
            run(command.args(["component", "add", component]).current_dir(root))?;
        }
        let version = version().with_context(|| format!("please install {component}"))?;
        println!("   {}", version.trim());
    }
    Ok(())
}

fn clippy_native(root: &Path) -> Result<()> {
    let mut command = cargo(root);
    command.args(["clippy", "--locked", "--workspace"]).args(WASM_ONLY);
    run(command.args(["--all-targets", "--", "-D", "warnings"]))
}

fn clippy_wasm(root: &Path) -> Result<()> {
    let toolchain = ensure_wasm(root)?;
    if toolchain == Toolchain::DebianWeb {
        println!("   left out: Debian's compiler for wasm brings no clippy of its own version");
        return Ok(());
    }
    for package in ["worker", "console", "ui"] {
        let mut command = toolchain.cargo(root, "clippy");
        run(command.args(["--locked", "--package", package, "--", "-D", "warnings"]))?;
    }
    Ok(())
}
