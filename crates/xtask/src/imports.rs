//! What a wasm module asks of its surroundings.
//!
//! The lab's determinism rests on `lab.wasm` having no way to ambient randomness: its import section
//! may name wasm-bindgen's own functions and nothing that smells of `crypto`.

use anyhow::{Result, bail};
use wasmparser::{Parser, Payload};

/// Parts of names that mean ambient randomness.
const FORBIDDEN: [&str; 4] = ["crypto", "getrandom", "mscrypto", "random"];

/// Module and name of every import of a wasm module.
///
/// # Errors
/// When the bytes are not a wasm module.
pub fn imports(wasm: &[u8]) -> Result<Vec<(String, String)>> {
    let mut found = Vec::new();
    for payload in Parser::new(0).parse_all(wasm) {
        if let Payload::ImportSection(section) = payload? {
            for import in section.into_imports() {
                let import = import?;
                found.push((import.module.to_owned(), import.name.to_owned()));
            }
        }
    }
    Ok(found)
}

/// Fails when the module imports randomness, or anything that wasm-bindgen did not put there.
///
/// # Errors
/// Names every import that is not allowed.
pub fn check_deterministic(name: &str, wasm: &[u8]) -> Result<usize> {
    let imports = imports(wasm)?;
    let random = |text: &str| {
        let text = text.to_ascii_lowercase();
        FORBIDDEN.iter().any(|part| text.contains(part))
    };
    let ours = |module: &str| {
        module == "wbg"
            || module.starts_with("__wbindgen_")
            || module.starts_with("./snippets/")
            || (module.starts_with("./") && module.ends_with("_bg.js"))
    };
    let bad: Vec<String> = imports
        .iter()
        .filter(|(module, item)| random(module) || random(item) || !ours(module))
        .map(|(module, item)| format!("{module}.{item}"))
        .collect();
    if !bad.is_empty() {
        bail!("{name} imports what a deterministic module must not: {}", bad.join(", "));
    }
    Ok(imports.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A module that imports `module.name` as a function without parameters.
    fn importing(module: &str, name: &str) -> Vec<u8> {
        let mut wasm = b"\0asm\x01\0\0\0".to_vec();
        wasm.extend([1, 4, 1, 0x60, 0, 0]);
        let mut entry = vec![1, module.len() as u8];
        entry.extend(module.bytes());
        entry.push(name.len() as u8);
        entry.extend(name.bytes());
        entry.extend([0, 0]);
        wasm.extend([2, entry.len() as u8]);
        wasm.extend(entry);
        wasm
    }

    #[test]
    fn randomness_and_strangers_are_refused() {
        for (module, name, allowed) in [
            ("wbg", "__wbg_postMessage_1a2b", true),
            ("./worker_bg.js", "__wbg_log_1", true),
            ("wbg", "__wbg_getRandomValues_9f", false),
            ("wbg", "__wbg_crypto_ed58", false),
            ("wbg", "__wbg_msCrypto_1", false),
            ("wbg", "__wbg_random_3c", false),
            ("env", "memory_grow", false),
            ("wasi_snapshot_preview1", "random_get", false),
        ] {
            let wasm = importing(module, name);
            assert_eq!(imports(&wasm).unwrap(), [(module.into(), name.into())]);
            assert_eq!(check_deterministic("m", &wasm).is_ok(), allowed, "{module}.{name}");
        }
    }

    #[test]
    fn what_is_not_wasm_is_an_error() {
        assert!(imports(b"<!doctype html>").is_err());
    }
}
