//! npm's binaryen, if it is to be had: the release build is smaller with it and whole without it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use crate::process::{exists, output};
use crate::workspace::Workspace;

const PACKAGE: &str = "binaryen@132";

/// What rustc emits today; older defaults of wasm-opt refuse some of it.
const FEATURES: [&str; 6] = [
    "--enable-bulk-memory",
    "--enable-nontrapping-float-to-int",
    "--enable-sign-ext",
    "--enable-mutable-globals",
    "--enable-reference-types",
    "--enable-multivalue",
];

/// An installed wasm-opt.
pub struct WasmOpt {
    program: PathBuf,
    scratch: PathBuf,
}

impl WasmOpt {
    /// Installs binaryen below the target folder; says in one line when it cannot.
    pub fn ensure(workspace: &Workspace) -> Option<WasmOpt> {
        let scratch = workspace.scratch("binaryen");
        let program = scratch.join("node_modules/.bin/wasm-opt");
        if !program.exists() {
            if !exists("npm") {
                println!(
                    "   npm is not installed: wasm is not optimised further (sizes are larger)"
                );
                return None;
            }
            println!("   installing {PACKAGE} from npm");
            if let Err(error) = install(&scratch) {
                println!("   {PACKAGE} is not to be had ({error}): wasm is not optimised further");
                return None;
            }
        }
        Some(WasmOpt { program, scratch })
    }

    /// Optimises for size; gives the input back when the result is not smaller.
    ///
    /// # Errors
    /// When wasm-opt fails, which means that [`FEATURES`] lacks something.
    pub fn shrink(&self, name: &str, wasm: Vec<u8>) -> Result<Vec<u8>> {
        let (from, to) = (self.scratch.join("in.wasm"), self.scratch.join("out.wasm"));
        fs::write(&from, &wasm)?;
        let mut command = Command::new(&self.program);
        output(command.arg(&from).arg("-o").arg(&to).arg("-Oz").args(FEATURES))?;
        let smaller = fs::read(&to)?;
        println!("   wasm-opt -Oz {name}: {} -> {} bytes", wasm.len(), smaller.len());
        Ok(if smaller.len() < wasm.len() { smaller } else { wasm })
    }
}

fn install(scratch: &Path) -> Result<()> {
    fs::create_dir_all(scratch)?;
    let mut command = Command::new("npm");
    command.arg("install").arg("--prefix").arg(scratch);
    command.args([PACKAGE, "--no-save", "--no-audit", "--no-fund", "--silent"]);
    output(&mut command).map(drop)
}
