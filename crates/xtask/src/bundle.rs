//! The web build: two cargo calls, wasm-bindgen, hashed names, precompressed twins, a static folder.
//!
//! The modules are built by separate cargo calls on purpose: in one call cargo would unify their
//! features, and the page's `getrandom/js` would reach into `lab.wasm`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::assets::{Files, INDEX, hash_names};
use crate::bindgen::{Bound, Glue, bind};
use crate::compress::{Effort, brotli, gzip};
use crate::imports::check_deterministic;
use crate::process::{run, step};
use crate::server::CSP;
use crate::sizes::{Size, Sizes};
use crate::snip::snip;
use crate::toolchain::{TARGET, Toolchain, ensure_wasm};
use crate::wasm_opt::WasmOpt;
use crate::workspace::Workspace;

/// How a build is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Profile `quick`: for `serve` and the tests.
    Quick,
    /// Profile `web`: what goes under `dist/`.
    Release,
}

impl Mode {
    fn profile(self) -> &'static str {
        match self {
            Mode::Quick => "quick",
            Mode::Release => "web",
        }
    }

    fn effort(self) -> Effort {
        match self {
            Mode::Quick => Effort::Quick,
            Mode::Release => Effort::Best,
        }
    }
}

/// A finished build.
pub struct Bundle {
    pub dir: PathBuf,
    pub sizes: Sizes,
}

/// Kinds of files that `web/` may hold beside its Rust code.
const WEB_KINDS: [&str; 7] = ["js", "css", "svg", "png", "tsv", "woff2", "webmanifest"];

/// Builds everything into `dir`, replacing what was there.
///
/// # Errors
/// The first step that fails.
pub fn build(workspace: &Workspace, mode: Mode, dir: &Path) -> Result<Bundle> {
    let toolchain = step("wasm target", || ensure_wasm(&workspace.root))?;
    let profile = mode.profile();
    step(&format!("lab.wasm (package worker, profile {profile})"), || {
        run(&mut wasm_build(toolchain, &workspace.root, "worker", mode))
    })?;
    step(&format!("console.wasm (package console, profile {profile})"), || {
        run(&mut wasm_build(toolchain, &workspace.root, "console", mode))
    })?;
    step(&format!("ui.wasm (package ui, profile {profile})"), || {
        run(&mut wasm_build(toolchain, &workspace.root, "ui", mode))
    })?;
    let sources = step("wasm-bindgen", || sources(workspace, mode))?;
    step("static files", || write(&sources, mode, dir))
}

fn wasm_build(toolchain: Toolchain, root: &Path, package: &str, mode: Mode) -> Command {
    let mut command = toolchain.cargo(root, "build");
    command.args(["--package", package, "--profile", mode.profile()]);
    command
}

/// Every module, the package that it is made of, and the shape of its glue.
const MODULES: [(&str, &str, Glue); 3] = [
    ("lab", "worker", Glue::Factory),
    ("console", "console", Glue::Factory),
    ("ui", "ui", Glue::Module),
];

/// Every file of the page under its source name, the made ones included.
fn sources(workspace: &Workspace, mode: Mode) -> Result<Files> {
    let mut files = static_sources(&workspace.root)?;
    let optimiser = match mode {
        Mode::Release => WasmOpt::ensure(workspace),
        Mode::Quick => None,
    };
    for (name, package, glue) in MODULES {
        let input =
            workspace.target.join(TARGET).join(mode.profile()).join(format!("{package}.wasm"));
        let scratch = workspace.scratch("bindgen").join(name);
        let input = match (name, mode) {
            ("lab", Mode::Release) => snipped(&input, workspace)?,
            _ => input,
        };
        let Bound { js, mut wasm } = bind(name, &input, &scratch, glue, mode == Mode::Quick)?;
        if let Some(optimiser) = &optimiser {
            wasm = optimiser.shrink(&format!("{name}.wasm"), wasm)?;
        }
        if name != "ui" {
            let imports = check_deterministic(&format!("{name}.wasm"), &wasm)?;
            println!("   {name}.wasm has {imports} imports, none of them random");
        }
        files.insert(format!("{name}.js"), js);
        files.insert(format!("{name}.wasm"), wasm);
    }
    Ok(files)
}

/// The module without what nobody calls.
fn snipped(input: &Path, workspace: &Workspace) -> Result<PathBuf> {
    let (wasm, count, bytes) = snip(&fs::read(input)?)?;
    println!("   left {count} functions of protobuf's reflection out of lab.wasm: {bytes} bytes");
    let dir = workspace.scratch("snipped");
    fs::create_dir_all(&dir)?;
    let path = dir.join("lab.wasm");
    fs::write(&path, wasm)?;
    Ok(path)
}

/// `index.html` and the assets that lie directly in `web/`.
fn static_sources(root: &Path) -> Result<Files> {
    let web = root.join("web");
    let index = [root.join(INDEX), web.join(INDEX)].into_iter().find(|path| path.is_file());
    let index = fs::read(index.context("index.html does not exist")?)?;
    check_index(&String::from_utf8_lossy(&index))?;
    let mut files = Files::from([(INDEX.to_owned(), index)]);
    for entry in fs::read_dir(&web)? {
        let path = entry?.path();
        let kind = path.extension().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_file() && WEB_KINDS.contains(&kind.as_str()) {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            files.insert(name, fs::read(&path)?);
        }
    }
    Ok(files)
}

/// The policy forbids inline code, so the page must not hold any, and must state the policy itself.
fn check_index(html: &str) -> Result<()> {
    let flat = html.split_whitespace().collect::<Vec<_>>().join(" ");
    if !flat.contains(&format!("content=\"{CSP}\"")) {
        bail!(
            "index.html must hold <meta http-equiv=\"Content-Security-Policy\" content=\"{CSP}\">"
        );
    }
    let inline_script = flat
        .match_indices("<script")
        .any(|(at, _)| flat[at..].split_once('>').is_some_and(|(tag, _)| !tag.contains(" src=")));
    if inline_script || flat.contains("<style") || flat.contains(" style=") {
        bail!("index.html holds an inline script or style, which its own policy forbids");
    }
    Ok(())
}

/// Hashes, compresses and writes; the old folder is replaced only when all of the new one is there.
fn write(sources: &Files, mode: Mode, dir: &Path) -> Result<Bundle> {
    let hashed = hash_names(sources)?;
    if !hashed.unused.is_empty() {
        println!("   left out, for nothing refers to it: {}", hashed.unused.join(", "));
    }
    let fresh = dir.with_extension("new");
    let _ = fs::remove_dir_all(&fresh);
    fs::create_dir_all(&fresh)?;
    let mut sizes = Sizes::new();
    for (source, name) in &hashed.names {
        let raw = &hashed.files[name];
        let (br, gz) = (brotli(raw, mode.effort())?, gzip(raw, mode.effort())?);
        let size = Size { raw: raw.len(), gzip: gz.len(), brotli: br.len() };
        sizes.insert(source.clone(), size);
        fs::write(fresh.join(name), raw)?;
        fs::write(fresh.join(format!("{name}.br")), br)?;
        fs::write(fresh.join(format!("{name}.gz")), gz)?;
    }
    let _ = fs::remove_dir_all(dir);
    fs::rename(&fresh, dir)?;
    println!("   {} files in {}", sizes.len(), dir.display());
    Ok(Bundle { dir: dir.to_path_buf(), sizes })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_that_breaks_its_own_policy_is_refused() {
        let meta = format!("<meta http-equiv=\"Content-Security-Policy\"\n content=\"{CSP}\">");
        let tag = "<script type=\"module\" src=\"./boot.js\"></script>";
        for (html, sound) in [
            (format!("{meta}{tag}"), true),
            (tag.to_owned(), false),
            (format!("{meta}<script>x</script>"), false),
            (format!("{meta}{tag}<style>p{{}}</style>"), false),
            (format!("{meta}{tag}<p style=\"x\">"), false),
        ] {
            assert_eq!(check_index(&html).is_ok(), sound, "{html}");
        }
    }
}
