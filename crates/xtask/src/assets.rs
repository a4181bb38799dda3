//! Content-hashed names: `./ui.wasm` in a source becomes `./ui-1a2b3c4d.wasm` in the build.
//!
//! Sources name each other by plain literals (`"./lab.js"`, `url(./favicon.svg)`).
//! A file's hash covers its text after rewriting, so names change exactly when something below a file
//! has changed; files are therefore named in dependency order. `index.html` keeps its name.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Result, bail};
use sha2::{Digest, Sha256};

/// The page itself: the root of the references, and the only name that never changes.
pub const INDEX: &str = "index.html";

/// wasm-bindgen's glue: it refers to no file, but it names import modules as if they were files.
const GLUE: [&str; 3] = ["console.js", "lab.js", "ui.js"];

/// Files by name, before or after hashing.
pub type Files = BTreeMap<String, Vec<u8>>;

/// What [`hash_names`] makes of a set of sources.
pub struct Hashed {
    /// Contents by final name.
    pub files: Files,
    /// Final name by source name, of every file that the page needs.
    pub names: BTreeMap<String, String>,
    /// Sources that nothing refers to; they are left out of the build.
    pub unused: Vec<String>,
}

/// Names every file that `index.html` reaches after its content and rewrites the references.
///
/// # Errors
/// When a reference has no file, references form a circle, or a text is not UTF-8.
pub fn hash_names(sources: &Files) -> Result<Hashed> {
    let mut order = Vec::new();
    visit(INDEX, sources, &mut Vec::new(), &mut order)?;
    let mut names = BTreeMap::new();
    let mut files = Files::new();
    for source in order {
        let Some(bytes) = sources.get(&source) else { bail!("{source} does not exist") };
        let bytes = match is_text(&source) {
            true => rewrite(std::str::from_utf8(bytes)?, &names).into_bytes(),
            false => bytes.clone(),
        };
        let name = if source == INDEX { source.clone() } else { hashed_name(&source, &bytes) };
        files.insert(name.clone(), bytes);
        names.insert(source, name);
    }
    let unused = sources.keys().filter(|name| !names.contains_key(*name)).cloned().collect();
    Ok(Hashed { files, names, unused })
}

/// Depth first, so that a file comes after everything that it refers to.
fn visit(
    name: &str,
    sources: &Files,
    path: &mut Vec<String>,
    order: &mut Vec<String>,
) -> Result<()> {
    if order.iter().any(|done| done == name) {
        return Ok(());
    }
    let from = path.last().cloned().unwrap_or_else(|| "the build".into());
    let Some(bytes) = sources.get(name) else {
        bail!("{from} refers to ./{name}, which does not exist");
    };
    if path.iter().any(|open| open == name) {
        bail!("{} and ./{name} refer to each other: a hash cannot be in its own text", from);
    }
    path.push(name.to_owned());
    if is_text(name) {
        for inner in references(std::str::from_utf8(bytes)?) {
            visit(&inner, sources, path, order)?;
        }
    }
    path.pop();
    order.push(name.to_owned());
    Ok(())
}

fn is_text(name: &str) -> bool {
    !GLUE.contains(&name)
        && [".html", ".js", ".css", ".svg"].iter().any(|suffix| name.ends_with(suffix))
}

/// Names behind every quoted or parenthesised `./name.ext` of a text.
fn references(text: &str) -> BTreeSet<String> {
    literals(text).map(|(_, name)| name.to_owned()).collect()
}

/// Every literal reference with its position in the text.
fn literals(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let opens = |before: &str| before.ends_with(['"', '\'', '`', '(']);
    text.match_indices("./").filter_map(move |(at, _)| {
        let rest = &text[at + 2..];
        let length = rest.find(|c: char| !c.is_ascii_alphanumeric() && !"._-".contains(c))?;
        let (name, after) = rest.split_at(length);
        let closed = after.starts_with(['"', '\'', '`', ')', '?', '#']);
        (opens(&text[..at]) && closed && name.contains('.')).then_some((at + 2, name))
    })
}

fn rewrite(text: &str, names: &BTreeMap<String, String>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut copied = 0;
    for (at, name) in literals(text) {
        if let Some(hashed) = names.get(name) {
            out += &text[copied..at];
            out += hashed;
            copied = at + name.len();
        }
    }
    out + &text[copied..]
}

fn hashed_name(name: &str, bytes: &[u8]) -> String {
    let (stem, ext) = name.rsplit_once('.').unwrap_or((name, "bin"));
    format!("{stem}-{}.{ext}", short_hash(bytes))
}

/// The first eight hex digits of the SHA-256 of `bytes`.
pub fn short_hash(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().take(4).map(|byte| format!("{byte:02x}")).collect()
}

/// Whether a name was made by [`hash_names`], so that its content can never change.
pub fn is_hashed_name(name: &str) -> bool {
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    let hash = stem.rsplit_once('-').map_or("", |(_, hash)| hash);
    hash.len() == 8 && hash.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sources(list: &[(&str, &str)]) -> Files {
        list.iter().map(|(name, text)| ((*name).into(), text.as_bytes().to_vec())).collect()
    }

    fn page() -> Files {
        sources(&[
            ("index.html", "<link href=\"./style.css\"><script src='./boot.js'></script>"),
            ("style.css", "a { background: url(./favicon.svg) }"),
            ("favicon.svg", "<svg/>"),
            ("boot.js", "import('./ui.js'); fetch(`./ui.wasm`); new Worker(\"./worker.js\")"),
            ("ui.js", "imports = { './ui_bg.js': {} }"),
            ("ui.wasm", "\0asm"),
            ("worker.js", "import { create } from './ui.js'"),
            ("notes.js", "nobody asks for this"),
        ])
    }

    #[test]
    fn references_are_rewritten_to_the_names_on_disk() {
        let hashed = hash_names(&page()).unwrap();
        for (name, bytes) in &hashed.files {
            if name.starts_with("ui-") {
                continue;
            }
            let text = String::from_utf8_lossy(bytes).into_owned();
            for inner in references(&text) {
                assert!(hashed.files.contains_key(&inner), "{name} names {inner}");
                assert!(is_hashed_name(&inner), "{name} names {inner}");
            }
        }
        assert_eq!(hashed.files.len(), 7);
        assert_eq!(hashed.names[INDEX], INDEX);
        assert_eq!(hashed.unused, ["notes.js"]);
    }

    #[test]
    fn a_change_renames_exactly_the_files_above_it() {
        let before = hash_names(&page()).unwrap().names;
        let mut changed = page();
        changed.insert("ui.js".into(), b"export { x }".to_vec());
        let after = hash_names(&changed).unwrap().names;
        let renamed: Vec<&str> =
            before.keys().filter(|name| before[*name] != after[*name]).map(|n| &**n).collect();
        assert_eq!(renamed, ["boot.js", "ui.js", "worker.js"]);
    }

    #[test]
    fn only_whole_literals_count_as_references() {
        for (text, expected) in [
            ("'./lab.js'", vec!["lab.js"]),
            ("'../lab.js'", vec![]),
            ("// see ./lab.js for more", vec![]),
            ("'./lab.js?x' './lab.js#y'", vec!["lab.js"]),
            ("'./dir/lab.js'", vec![]),
            ("'./' './lab'", vec![]),
        ] {
            assert_eq!(Vec::from_iter(references(text)), expected, "{text}");
        }
    }

    #[test]
    fn a_missing_file_and_a_circle_are_named() {
        let missing = sources(&[("index.html", "'./boot.js'")]);
        let error = hash_names(&missing).err().expect("missing").to_string();
        assert_eq!(error, "index.html refers to ./boot.js, which does not exist");
        let circle =
            sources(&[("index.html", "'./a.js'"), ("a.js", "'./b.js'"), ("b.js", "'./a.js'")]);
        let error = hash_names(&circle).err().expect("circle").to_string();
        assert!(error.starts_with("b.js and ./a.js refer to each other"), "{error}");
    }
}
