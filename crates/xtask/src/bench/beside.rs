//! `cargo xtask bench beside-etcd`: the same loads on a real etcd, natively and in the browser, in one
//! run on one machine, and how many times the real one's figures ours are.
//!
//! The comparison is honest only with its remark: the real members write to a file system in memory
//! and speak gRPC over loopback sockets; ours have neither files nor sockets.

use std::process::Stdio;

use anyhow::{Context, Result, bail};

use super::{Row, browser_rows, native_rows, rows_of};
use crate::process::{apt_install, cargo, exists, step};
use crate::workspace::Workspace;

/// Debian's package with the server.
const PACKAGE: &str = "etcd-server";
/// Names another etcd than that of the search path (crate `peer` reads it).
const ETCD_VARIABLE: &str = "ETCD_LAB_REAL_ETCD";

pub(super) fn measure(workspace: &Workspace) -> Result<Vec<Row>> {
    step("a real etcd", ensure)?;
    let real = real_rows(workspace)?;
    let mut ours = native_rows(workspace, &["bench"])?;
    ours.extend(browser_rows(workspace, &["loads"])?);
    let mut rows = Vec::new();
    for row in &ours {
        let beside = real.iter().find(|other| other.what == row.what);
        let ratio = beside.and_then(|other| Some(number(&row.value)? / number(&other.value)?));
        let value = match ratio {
            Some(ratio) => format!("{}  = {ratio:.2} x real", per_second(&row.value)),
            None => row.value.clone(),
        };
        rows.push(Row { what: row.what.clone(), value, mode: row.mode.clone() });
    }
    let remark = "real etcd: files in memory, gRPC over loopback; ours: neither files nor sockets";
    println!("\n{remark}");
    Ok(real.into_iter().chain(rows).collect())
}

fn ensure() -> Result<()> {
    if std::env::var_os(ETCD_VARIABLE).is_some() || exists("etcd") {
        return Ok(());
    }
    println!("   installing {PACKAGE}");
    apt_install(&[PACKAGE]).with_context(|| format!("{ETCD_VARIABLE} may name an etcd elsewhere"))
}

fn real_rows(workspace: &Workspace) -> Result<Vec<Row>> {
    let mut command = cargo(&workspace.root);
    command.args(["run", "--quiet", "--release", "--package", "peer", "--bin", "real-etcd-bench"]);
    let output = command.stderr(Stdio::inherit()).output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    print!("{text}");
    if !output.status.success() {
        bail!("real-etcd-bench ended with {}", output.status);
    }
    Ok(rows_of(&text, ""))
}

/// The number that a value begins with.
fn number(value: &str) -> Option<f64> {
    value.split(' ').next()?.parse().ok()
}

/// A value up to its unit.
fn per_second(value: &str) -> &str {
    value.split_once(" /s").map_or(value, |(number, _)| &value[..number.len() + 3])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read_as_they_are_printed() {
        assert_eq!(number("12345 /s, 3.1 times real time"), Some(12345.0));
        assert_eq!(per_second("12345 /s, 3.1 times real time"), "12345 /s");
        assert_eq!(per_second("41 MB"), "41 MB");
    }
}
