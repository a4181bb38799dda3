//! PEM (RFC 7468, with the headers of RFC 1421) as Go's `encoding/pem` reads and writes it.
//!
//! Whatever stands between blocks is skipped, and so is a block that does not hold together.

use proto::base64::{decode_padded, encode_padded};

/// One block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// `CERTIFICATE`, `EC PRIVATE KEY`, ...
    pub label: String,
    pub bytes: Vec<u8>,
}

/// A block's label and base64 text so far, while its lines are read.
struct Open<'t> {
    label: &'t str,
    text: Vec<u8>,
    /// Lines of the form `Proc-Type: 4,ENCRYPTED` may still come.
    in_headers: bool,
}

/// All blocks of a file, in one pass over it.
pub fn blocks(file: &[u8]) -> Vec<Block> {
    let mut found = Vec::new();
    let mut open: Option<Open<'_>> = None;
    for line in file.split(|byte| *byte == b'\n') {
        let line = line.trim_ascii_end();
        if let Some(label) = boundary(line, "-----BEGIN ") {
            // A block that begins within another means that the first one never ended.
            open = Some(Open { label, text: Vec::new(), in_headers: true });
            continue;
        }
        let Some(block) = &mut open else { continue };
        if let Some(label) = boundary(line, "-----END ") {
            if label == block.label
                && let Some(bytes) = std::str::from_utf8(&block.text).ok().and_then(decode_padded)
            {
                found.push(Block { label: label.to_string(), bytes });
            }
            open = None;
        } else if block.in_headers && line.contains(&b':') {
            continue;
        } else {
            block.in_headers &= line.is_empty();
            block.text.extend(line.iter().filter(|byte| !byte.is_ascii_whitespace()));
        }
    }
    found
}

/// The label of a line such as `-----BEGIN CERTIFICATE-----`.
fn boundary<'l>(line: &'l [u8], start: &str) -> Option<&'l str> {
    let rest = line.strip_prefix(start.as_bytes())?.strip_suffix(b"-----")?;
    std::str::from_utf8(rest).ok()
}

/// A block as a file has it: lines of 64 characters.
pub fn encode(label: &str, bytes: &[u8]) -> String {
    let mut text = format!("-----BEGIN {label}-----\n");
    for line in bytes.chunks(48) {
        text.push_str(&encode_padded(line));
        text.push('\n');
    }
    text.push_str(&format!("-----END {label}-----\n"));
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn labels(text: &str) -> Vec<String> {
        blocks(text.as_bytes()).into_iter().map(|block| block.label).collect()
    }

    #[test]
    fn blocks_are_found_among_other_text() {
        let text = "subject: x\n-----BEGIN A-----\nAAEC\n-----END A-----\r\ngarbage\n\
                    -----BEGIN B C-----\r\nProc-Type: 4,ENCRYPTED\r\n\r\nAA==\r\n-----END B C-----";
        let found = blocks(text.as_bytes());
        assert_eq!(found[0], Block { label: "A".into(), bytes: vec![0, 1, 2] });
        assert_eq!(found[1], Block { label: "B C".into(), bytes: vec![0] });
        assert_eq!(found.len(), 2);
    }

    #[test]
    fn what_does_not_hold_together_is_skipped() {
        for (text, kept) in [
            ("garbage\n", vec![]),
            ("-----BEGIN A-----\nAAEC\n", vec![]),
            ("-----BEGIN A-----\nAAEC\n-----END B-----\n", vec![]),
            ("-----BEGIN A-----\nA*EC\n-----END A-----\n", vec![]),
            ("-----BEGIN A-----\nAAE\n-----END A-----\n", vec![]),
            ("-----BEGIN A-----\nA===\n-----END A-----\n", vec![]),
            ("-----BEGIN A-----\n-----BEGIN B-----\nAAEC\n-----END B-----\n", vec!["B"]),
        ] {
            assert_eq!(labels(text), kept, "{text}");
        }
    }

    proptest! {
        #[test]
        fn blocks_come_back_as_they_went(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let text = format!("x\n{}y\n", encode("EC PRIVATE KEY", &bytes));
            let block = Block { label: "EC PRIVATE KEY".into(), bytes };
            prop_assert_eq!(blocks(text.as_bytes()), vec![block]);
        }

        #[test]
        fn no_text_makes_it_panic(text in "(-----(BEGIN|END) [A-B]-----|[A-D=:]{0,4}|\\PC|\n){0,40}") {
            let _ = blocks(text.as_bytes());
        }
    }
}
