//! Rules of every file: prose at the top, no trailing space, no shelved tests, no giants.

use super::Source;
use super::mask::mask;

const FILE_BYTES_MAX: usize = 512 * 1024;
const LINES_MAX: usize = 700;

/// Files that may be larger than [`FILE_BYTES_MAX`], each with its reason.
const LARGE: &[(&str, &str)] = &[];

/// Kinds of files in which a space at the end of a line is never meant.
const CLEAN_KINDS: [&str; 8] = [".rs", ".toml", ".md", ".js", ".css", ".html", ".proto", ".svg"];

/// Code that says "later": a test that does not run, a function that is not written.
const SHELVED: [(&str, &str); 4] = [
    ("#[ignore", "a test that is not run proves nothing"),
    ("should_panic", "assert the error itself"),
    ("todo!", "finish it or leave it out"),
    ("unimplemented!", "finish it or leave it out"),
];

/// Findings of the rules that hold for every text file.
pub fn findings(source: &Source) -> Vec<String> {
    let mut found = Vec::new();
    let path = &source.path;
    if CLEAN_KINDS.iter().any(|kind| path.ends_with(kind)) {
        for (number, line) in source.text.lines().enumerate() {
            if line.ends_with([' ', '\t']) && !source.is_generated() {
                found.push(format!("{path}:{}: space at the end of the line", number + 1));
            }
        }
    }
    let code = source.is_rust() || path.ends_with(".js") || path.ends_with(".css");
    let lines = source.text.lines().count();
    if code && lines > LINES_MAX && !source.is_generated() {
        found.push(format!("{path}:1: {lines} lines; at most {LINES_MAX}, one story a file"));
    }
    if source.is_rust() && !source.is_generated() {
        if !source.text.starts_with("//!") {
            found.push(format!("{path}:1: the first line says what the module is: `//! ...`"));
        }
        for (number, line) in mask(&source.text).lines().enumerate() {
            for (word, why) in SHELVED {
                if line.contains(word) {
                    found.push(format!("{path}:{}: {word}: {why}", number + 1));
                }
            }
        }
    }
    found
}

/// The finding about a file that is too large to belong in a repository.
pub fn size_finding(path: &str, bytes: usize) -> Option<String> {
    let listed = LARGE.iter().any(|(name, _)| *name == path);
    (bytes > FILE_BYTES_MAX && !listed)
        .then(|| format!("{path}:1: {bytes} bytes; at most {FILE_BYTES_MAX} unless listed in tidy"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_rule_finds_its_offender() {
        let long = format!("//! x\n{}", "\n".repeat(LINES_MAX));
        for (path, text, found) in [
            ("a.rs", "//! x\nfn f() {}\n", 0),
            ("a.rs", "fn f() {}\n", 1),
            ("a.rs", "//! x \n", 1),
            ("a.trycmd", "$ x \n", 0),
            ("a.rs", "//! x\n#[ignore]\n", 1),
            ("a.rs", "//! x\n#[ignore = \"slow\"]\n", 1),
            ("a.rs", "//! x\n#[should_panic]\n", 1),
            ("a.rs", "//! x\nfn f() { todo!() }\n", 1),
            ("a.rs", "//! todo!() is banned\nconst A: &str = \"todo!\";\n", 0),
            ("a.rs", &long, 1),
            ("a/gen/a.rs", &long[3..], 0),
        ] {
            let source = Source { path: path.into(), text: text.into() };
            assert_eq!(findings(&source).len(), found, "{path}: {text:.40}");
        }
        assert!(size_finding("a.db", FILE_BYTES_MAX + 1).is_some());
        assert!(size_finding("a.db", FILE_BYTES_MAX).is_none());
    }
}
