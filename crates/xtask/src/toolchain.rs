//! A compiler for `wasm32-unknown-unknown`: installed if it is there, by rustup if that is to be had,
//! and by Debian's `rustc-web` where it is not.

use std::path::Path;
use std::process::Command;

use anyhow::{Result, bail};

use crate::process::{apt_install, cargo, exists, output, run};

/// The target triple of everything that runs in the page.
pub const TARGET: &str = "wasm32-unknown-unknown";

/// Debian's packages that together can build for [`TARGET`], for machines without rustup.
const DEBIAN_PACKAGES: [&str; 3] = ["rustc-web", "rust-web-src", "lld-19"];

/// Set to `debian` to use the fallback although the target is installed; for testing it.
const FORCE: &str = "ETCD_LAB_WASM_TOOLCHAIN";

/// Which compiler builds the wasm modules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Toolchain {
    /// The toolchain at hand has the target's standard library.
    Native,
    /// Debian's `rustc-web`; cargo builds the standard library from `rust-web-src`.
    DebianWeb,
}

impl Toolchain {
    /// A `cargo` command that builds for [`TARGET`]; the subcommand comes first.
    pub fn cargo(self, root: &Path, subcommand: &str) -> Command {
        let mut command = cargo(root);
        command.args([subcommand, "--target", TARGET]);
        if self == Toolchain::DebianWeb {
            // Only nightly compilers know -Zbuild-std; this variable lets a stable one have it.
            command.env("RUSTC_BOOTSTRAP", "1").env("RUSTC", "/usr/bin/rustc");
            command.env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", "wasm-ld-19");
            command.arg("-Zbuild-std=std,panic_abort");
        }
        command
    }
}

/// Makes sure that the wasm target can be built, installing what is missing where that is allowed.
///
/// # Errors
/// When nothing could be installed; the text says what to do by hand.
pub fn ensure_wasm(root: &Path) -> Result<Toolchain> {
    if std::env::var(FORCE).is_ok_and(|value| value == "debian") {
        return debian(root);
    }
    if has_target(root) {
        println!("   {TARGET} is installed");
        return Ok(Toolchain::Native);
    }
    if exists("rustup") {
        println!("   adding {TARGET} with rustup (about 20 MB, once)");
        let added = run(Command::new("rustup").args(["target", "add", TARGET]).current_dir(root));
        match added {
            Ok(()) if has_target(root) => return Ok(Toolchain::Native),
            Ok(()) => println!("   rustup has added the target to another toolchain"),
            Err(error) => println!("   rustup could not: {error:#}"),
        }
    }
    debian(root)
}

/// Asks the compiler itself, so that toolchains without rustup count too.
fn has_target(root: &Path) -> bool {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let mut command = Command::new(rustc);
    command.current_dir(root).args(["--print", "target-libdir", "--target", TARGET]);
    output(&mut command).is_ok_and(|dir| {
        std::fs::read_dir(dir.trim()).is_ok_and(|mut entries| {
            entries.any(|e| e.is_ok_and(|e| e.file_name().to_string_lossy().contains("std")))
        })
    })
}

fn debian(root: &Path) -> Result<Toolchain> {
    let sources = "/usr/lib/rustlib/src/rust/library/std/Cargo.toml";
    let sysroot = Command::new("/usr/bin/rustc").args(["--print", "sysroot"]).output();
    let sysroot = sysroot.map(|out| String::from_utf8_lossy(&out.stdout).trim().to_owned());
    let has_sources = || {
        let below = sysroot.as_ref().is_ok_and(|dir| {
            Path::new(dir).join("lib/rustlib/src/rust/library/std/Cargo.toml").is_file()
        });
        below || Path::new(sources).is_file()
    };
    if !(exists("wasm-ld-19") && Path::new("/usr/bin/rustc").is_file() && has_sources()) {
        println!("   using Debian's {} instead", DEBIAN_PACKAGES.join(", "));
        if let Err(error) = apt_install(&DEBIAN_PACKAGES) {
            bail!(
                "the wasm target is missing. With rustup: `rustup target add {TARGET}`. \
                 Without: {error:#}"
            );
        }
    }
    let version = output(Command::new("/usr/bin/rustc").arg("--version").current_dir(root))?;
    println!("   building {TARGET} and its standard library with {}", version.trim());
    Ok(Toolchain::DebianWeb)
}
