//! From a compiled wasm module to a module and its JavaScript glue.
//!
//! `ui` is an ordinary ES module with one instance per page.
//! `lab` must be instantiated many times in one worker (`?workers=0`), and wasm-bindgen's glue keeps its
//! instance in module-level variables; so its glue is wrapped into a function, and each call of
//! `create()` makes a set of variables, hence an instance, of its own.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use wasm_bindgen_cli_support::Bindgen;

/// Which of the two shapes the glue takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Glue {
    /// `import init, { .. } from "./ui.js"`.
    Module,
    /// `import { create } from "./lab.js"`, many independent instances.
    Factory,
}

/// The pair that takes the place of one compiled module.
pub struct Bound {
    pub js: Vec<u8>,
    pub wasm: Vec<u8>,
}

/// Runs wasm-bindgen over `input`. `keep_names` keeps function names for readable traps.
///
/// The glue never guesses where its module is: the page passes it in.
///
/// # Errors
/// When wasm-bindgen refuses the module, or it brings JavaScript snippets, which have no place here.
pub fn bind(
    name: &str,
    input: &Path,
    scratch: &Path,
    glue: Glue,
    keep_names: bool,
) -> Result<Bound> {
    let mut bindgen = Bindgen::new();
    bindgen.input_path(input).out_name(name).typescript(false).omit_default_module_path(true);
    bindgen.remove_name_section(!keep_names).remove_producers_section(!keep_names);
    match glue {
        Glue::Module => bindgen.web(true)?,
        Glue::Factory => bindgen.no_modules(true)?,
    };
    let _ = fs::remove_dir_all(scratch);
    bindgen
        .generate(scratch)
        .with_context(|| format!("wasm-bindgen refused {}", input.display()))?;
    if scratch.join("snippets").exists() {
        bail!("{} brings JavaScript snippets; write the function into web/*.js", input.display());
    }
    let js = fs::read_to_string(scratch.join(format!("{name}.js")))?;
    let wasm = fs::read(scratch.join(format!("{name}_bg.wasm")))?;
    let js = match glue {
        Glue::Module => js,
        Glue::Factory => wrap_factory(&js)?,
    };
    Ok(Bound { js: js.into_bytes(), wasm })
}

/// Wraps wasm-bindgen's `no-modules` glue into `create()`.
fn wrap_factory(js: &str) -> Result<String> {
    if !js.contains("let wasm_bindgen = ") {
        bail!("wasm-bindgen's no-modules glue no longer defines `wasm_bindgen`");
    }
    Ok(format!("export function create() {{\n{}\nreturn wasm_bindgen;\n}}\n", js.trim_end()))
}
