//! `cargo xtask bench`: named measurements, each printed with the machine and the mode it ran in.
//!
//! A measurement is a function in [`REGISTRY`] that returns rows; nothing here judges them.

mod beside;

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::bundle::{Mode, build};
use crate::process::{cargo, run};
use crate::sizes;
use crate::workspace::Workspace;

/// One line of the table: what, how much, in which unit and mode.
pub struct Row {
    pub what: String,
    pub value: String,
    pub mode: String,
}

impl Row {
    fn seconds(what: &str, time: Duration, mode: &str) -> Row {
        let value = format!("{:.1} s", time.as_secs_f64());
        Row { what: what.into(), value, mode: mode.into() }
    }
}

/// What a program measured, line by line: `row`, what, value and mode, with tabs between.
fn rows_of(text: &str, before_mode: &str) -> Vec<Row> {
    let row = |line: &str| {
        let mut parts = line.strip_prefix("row\t")?.split('\t').map(str::to_owned);
        let (what, value) = (parts.next()?, parts.next()?);
        let mode = format!("{before_mode}{}", parts.next()?);
        Some(Row { what, value, mode })
    };
    text.lines().filter_map(row).collect()
}

type Measure = fn(&Workspace) -> Result<Vec<Row>>;

/// Every measurement: name, what it measures, how.
const REGISTRY: [(&str, &str, Measure); 7] = [
    ("native", "throughput and simulation in one process", native),
    ("browser", "the built page in headless Chromium", browser),
    ("beside-etcd", "native, in the browser and real etcd, one after the other", beside::measure),
    ("files", "snapshot, restore and restart with 100,000 keys, beside real etcd", files),
    ("transfer", "bytes of the release build", transfer),
    ("serve-cold", "serve from an empty cargo cache and target", serve_cold),
    ("rebuild", "build for serve after a one-line change", rebuild),
];

/// Runs the named measurements, or all of them, and prints one table.
///
/// # Errors
/// When a name is unknown or a measurement cannot be made.
pub fn bench(workspace: &Workspace, names: &[&str]) -> Result<()> {
    for name in names {
        if !REGISTRY.iter().any(|(known, ..)| known == name) {
            let known: Vec<_> =
                REGISTRY.iter().map(|(name, what, _)| format!("  {name:<12} {what}")).collect();
            bail!("unknown measurement: {name}; there are\n{}", known.join("\n"));
        }
    }
    let chosen = |name: &str| names.is_empty() || names.contains(&name);
    let mut rows = Vec::new();
    for (name, what, measure) in REGISTRY.iter().filter(|(name, ..)| chosen(name)) {
        println!("\n== bench {name}: {what}");
        let measured = measure(workspace).with_context(|| format!("bench {name}"))?;
        rows.extend(measured.into_iter().map(|row| (*name, row)));
    }
    println!("\n{}", machine(&workspace.root));
    println!("{:<12} {:<42} {:>16}  mode", "bench", "what", "value");
    for (name, Row { what, value, mode }) in rows {
        println!("{name:<12} {what:<42} {value:>16}  {mode}");
    }
    Ok(())
}

/// Processor, cores, memory, system and compiler in one line.
fn machine(root: &Path) -> String {
    let field = |file: &str, key: &str| {
        let text = fs::read_to_string(file).unwrap_or_default();
        let line = text.lines().find(|line| line.starts_with(key)).unwrap_or("").to_owned();
        line.split([':', '=']).nth(1).unwrap_or("unknown").trim().trim_matches('"').to_owned()
    };
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let rustc = Command::new("rustc").arg("--version").current_dir(root).output();
    let rustc = rustc.map(|out| String::from_utf8_lossy(&out.stdout).trim().to_owned());
    format!(
        "machine: {}, {cores} cores, {} memory, {}, {}",
        field("/proc/cpuinfo", "model name"),
        field("/proc/meminfo", "MemTotal"),
        field("/etc/os-release", "PRETTY_NAME"),
        rustc.unwrap_or_else(|_| "rustc unknown".into()),
    )
}

/// What `etcd-lab` itself measures, line by line.
fn native(workspace: &Workspace) -> Result<Vec<Row>> {
    let mut rows = native_rows(workspace, &["bench"])?;
    rows.extend(native_rows(workspace, &["sim", "--seeds", "1..200", "--for", "30s"])?);
    Ok(rows)
}

/// What `files-bench` of crate peer measures.
fn files(workspace: &Workspace) -> Result<Vec<Row>> {
    let mut command = cargo(&workspace.root);
    command.args(["run", "--quiet", "--release", "--package", "peer", "--bin", "files-bench"]);
    let output = command.stderr(std::process::Stdio::inherit()).output()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    print!("{text}");
    Ok(rows_of(&text, ""))
}

fn native_rows(workspace: &Workspace, arguments: &[&str]) -> Result<Vec<Row>> {
    let mut command = cargo(&workspace.root);
    command.args(["run", "--quiet", "--release", "--package", "etcd-lab", "--"]);
    let output = command.args(arguments).stderr(std::process::Stdio::inherit()).output()?;
    let mut rows = Vec::new();
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        println!("   | {line}");
        if let Some((what, value)) = line.split_once(": ") {
            let mode = "native, release, one process";
            rows.push(Row { what: what.into(), value: value.trim().into(), mode: mode.into() });
        } else if line.contains("times real time") {
            let mode = "native, release, 3 and 5 members, all checkers";
            rows.push(Row { what: "sim".into(), value: line.into(), mode: mode.into() });
        }
    }
    Ok(rows)
}

/// Builds the release page and lets crate tests drive a browser over it.
fn browser(workspace: &Workspace) -> Result<Vec<Row>> {
    browser_rows(workspace, &[])
}

fn browser_rows(workspace: &Workspace, arguments: &[&str]) -> Result<Vec<Row>> {
    let dist = workspace.scratch("bench-dist");
    build(workspace, Mode::Release, &dist)?;
    let mut command = cargo(&workspace.root);
    command.args(["run", "--quiet", "--package", "etcd-lab-tests", "--bin", "browser-bench", "--"]);
    command.args(arguments);
    let output = command.env(crate::check::DIST_VARIABLE, &dist).output()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    print!("{text}");
    if !output.status.success() {
        bail!("{}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(rows_of(&text, "release page, headless Chromium, "))
}

fn transfer(workspace: &Workspace) -> Result<Vec<Row>> {
    let bundle = build(workspace, Mode::Release, &workspace.scratch("bench-dist"))?;
    let sums = [
        ("to first paint".to_owned(), sizes::first_paint(&bundle.sizes)),
        ("to a running cluster".to_owned(), sizes::cluster(&bundle.sizes)),
    ];
    let parts = bundle.sizes.into_iter().chain(sums);
    let row = |(what, size): (String, sizes::Size)| Row {
        what,
        value: format!("{} B", size.brotli),
        mode: format!("brotli 11; gzip {} B, raw {} B", size.gzip, size.raw),
    };
    Ok(parts.map(row).collect())
}

/// A copy of the committed sources, an empty cargo cache and an empty target; the toolchain is there.
fn serve_cold(workspace: &Workspace) -> Result<Vec<Row>> {
    let scratch = workspace.scratch("bench-cold");
    let _ = fs::remove_dir_all(&scratch);
    fs::create_dir_all(&scratch)?;
    let clone = scratch.join("clone");
    let mut git = Command::new("git");
    run(git.args(["clone", "--quiet"]).arg(&workspace.root).arg(&clone))?;
    let start = Instant::now();
    let mut command = Command::new("cargo");
    command.current_dir(&clone).args(["xtask", "serve", "--port", "0", "--no-open"]);
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("CARGO")) {
        command.env_remove(name);
    }
    command.env("CARGO_HOME", scratch.join("cargo-home"));
    command.env("CARGO_TARGET_DIR", scratch.join("target"));
    let time = until_ready(&mut command, start)?;
    let _ = fs::remove_dir_all(&scratch);
    let mode = "profile quick, registry over the network, toolchain and target installed";
    Ok(vec![Row::seconds("cargo xtask serve, first time", time, mode)])
}

/// Starts a `serve`, waits for its address, and ends it again.
fn until_ready(command: &mut Command, start: Instant) -> Result<Duration> {
    use std::io::{BufRead, BufReader};
    let mut child = command.stdout(std::process::Stdio::piped()).spawn()?;
    let stdout = child.stdout.take().context("no standard output")?;
    let mut ready = None;
    for line in BufReader::new(stdout).lines() {
        let line = line?;
        println!("   | {line}");
        if line.starts_with("The lab runs at ") {
            ready = Some(start.elapsed());
            break;
        }
    }
    // `cargo run` becomes the program that it has built, so this ends the server itself.
    let _ = child.kill();
    let _ = child.wait();
    ready.context("serve ended before the lab was ready")
}

/// Adds one line to a source, builds, and takes the line out again.
fn rebuild(workspace: &Workspace) -> Result<Vec<Row>> {
    let dir = workspace.scratch("serve");
    build(workspace, Mode::Quick, &dir)?;
    let mut rows = Vec::new();
    for (what, file) in [
        ("one line in ui", "web/src/main.rs"),
        ("one line in ui", "web/src/lib.rs"),
        ("one line in member", "crates/member/src/lib.rs"),
    ] {
        let path = workspace.root.join(file);
        if !path.is_file() || rows.iter().any(|row: &Row| row.what == what) {
            continue;
        }
        let before = fs::read_to_string(&path)?;
        let line = "\n#[doc(hidden)]\npub const XTASK_BENCH: u32 = 1;\n";
        fs::write(&path, format!("{before}{line}"))?;
        let start = Instant::now();
        // The tool itself is part of what a person waits for.
        let built = run(cargo(&workspace.root).args(["build", "--quiet", "--package", "xtask"]))
            .and_then(|()| build(workspace, Mode::Quick, &dir));
        let time = start.elapsed();
        fs::write(&path, before)?;
        built?;
        rows.push(Row::seconds(what, time, "profile quick, warm target"));
    }
    Ok(rows)
}
