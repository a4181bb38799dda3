//! What the linker must keep and nobody ever calls: protobuf's descriptors, reflection and text format.
//!
//! One `{:?}` of a message in one of raft-rs's panics makes them all reachable through vtables, half a
//! megabyte of code. Their functions get an empty body here; wasm-opt then folds those into one and
//! drops what only they used. Formatting a message prints nothing instead, so that such a panic still
//! ends with the rest of its words; anything else would trap, which ends a member as the panic would.

use anyhow::{Result, bail};
use wasmparser::{KnownCustom, Name, Parser, Payload, TypeRef};

/// Parts of mangled names.
const NEVER_CALLED: [&str; 7] = [
    "$LT$protobuf..descriptor..",
    "8protobuf10descriptor",
    "$LT$protobuf..reflect..",
    "protobuf..reflect..acc..",
    "8protobuf7reflect",
    "8protobuf11text_format",
    "descriptor_static",
];
/// The one way in.
const FORMAT: &str = "8protobuf11text_format3fmt";

/// No locals, `unreachable`, `end`.
const TRAP: [u8; 3] = [0x00, 0x00, 0x0b];
/// No locals, `i32.const 0`, `end`: `Ok(())`.
const NOTHING_PRINTED: [u8; 4] = [0x00, 0x41, 0x00, 0x0b];

/// The module without those bodies, how many there were, and how many bytes they had.
///
/// # Errors
/// When the module is malformed or none of the names is in it: then they are spelled another way now.
pub fn snip(wasm: &[u8]) -> Result<(Vec<u8>, usize, usize)> {
    let names = names(wasm)?;
    let mut imported = 0;
    let mut out = wasm[..8].to_vec();
    let (mut count, mut bytes) = (0, 0);
    let mut bodies: Vec<Vec<u8>> = Vec::new();
    for payload in Parser::new(0).parse_all(wasm) {
        match payload? {
            Payload::ImportSection(section) => {
                let range = section.range();
                for import in section.into_imports() {
                    imported += usize::from(matches!(import?.ty, TypeRef::Func(_)));
                }
                put_section(&mut out, 2, &wasm[range]);
            }
            Payload::CodeSectionStart { .. } => {}
            Payload::CodeSectionEntry(body) => {
                let name = names.get(imported + bodies.len()).map_or("", String::as_str);
                let old = &wasm[body.range()];
                let new = if name.contains(FORMAT) {
                    &NOTHING_PRINTED[..]
                } else if NEVER_CALLED.iter().any(|part| name.contains(part)) {
                    &TRAP[..]
                } else {
                    old
                };
                if new.len() < old.len() {
                    count += 1;
                    bytes += old.len() - new.len();
                    bodies.push(new.to_vec());
                } else {
                    bodies.push(old.to_vec());
                }
            }
            other => {
                let Some((id, range)) = other.as_section() else { continue };
                // The bodies come between the sections of functions and of data.
                if id == 11 {
                    put_code(&mut out, &std::mem::take(&mut bodies));
                }
                put_section(&mut out, id, &wasm[range]);
            }
        }
    }
    if count == 0 || !bodies.is_empty() {
        bail!("no function of protobuf's reflection was found in lab.wasm: see xtask::snip");
    }
    Ok((out, count, bytes))
}

/// Names of functions by index, imported ones included.
fn names(wasm: &[u8]) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for payload in Parser::new(0).parse_all(wasm) {
        let Payload::CustomSection(section) = payload? else { continue };
        let KnownCustom::Name(reader) = section.as_known() else { continue };
        for name in reader {
            let Name::Function(functions) = name? else { continue };
            for naming in functions {
                let naming = naming?;
                let at = naming.index as usize;
                names.resize(names.len().max(at + 1), String::new());
                names[at] = naming.name.to_owned();
            }
        }
    }
    Ok(names)
}

fn put_code(out: &mut Vec<u8>, bodies: &[Vec<u8>]) {
    let mut section = Vec::new();
    put_number(&mut section, bodies.len());
    for body in bodies {
        put_number(&mut section, body.len());
        section.extend_from_slice(body);
    }
    put_section(out, 10, &section);
}

fn put_section(out: &mut Vec<u8>, id: u8, bytes: &[u8]) {
    out.push(id);
    put_number(out, bytes.len());
    out.extend_from_slice(bytes);
}

/// LEB128.
fn put_number(out: &mut Vec<u8>, mut number: usize) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}
