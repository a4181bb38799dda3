//! Precompressed twins of a file: brotli for the browsers, gzip for everything else.

use std::io::Write;

use anyhow::Result;
use flate2::Compression;
use flate2::write::GzEncoder;

/// How hard to try: 11 is brotli's best and slow, 5 is quick.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effort {
    Quick,
    Best,
}

/// Compresses with brotli; the window covers the largest module whole.
///
/// # Errors
/// Never in practice: the target is memory.
pub fn brotli(bytes: &[u8], effort: Effort) -> Result<Vec<u8>> {
    let quality = match effort {
        Effort::Quick => 5,
        Effort::Best => 11,
    };
    let params = brotli::enc::BrotliEncoderParams {
        quality,
        lgwin: 22,
        size_hint: bytes.len(),
        ..Default::default()
    };
    let mut out = Vec::new();
    brotli::BrotliCompress(&mut &*bytes, &mut out, &params)?;
    Ok(out)
}

/// Compresses with gzip, without a time stamp, so that equal input gives equal bytes.
///
/// # Errors
/// Never in practice: the target is memory.
pub fn gzip(bytes: &[u8], effort: Effort) -> Result<Vec<u8>> {
    let level = match effort {
        Effort::Quick => Compression::new(6),
        Effort::Best => Compression::best(),
    };
    let mut encoder = GzEncoder::new(Vec::new(), level);
    encoder.write_all(bytes)?;
    Ok(encoder.finish()?)
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    #[test]
    fn both_codings_give_back_what_went_in() {
        let text = "key index, revisions, range; ".repeat(400).into_bytes();
        for effort in [Effort::Quick, Effort::Best] {
            let mut plain = Vec::new();
            brotli::BrotliDecompress(&mut &*brotli(&text, effort).unwrap(), &mut plain).unwrap();
            assert_eq!(plain, text);
            plain.clear();
            let packed = gzip(&text, effort).unwrap();
            flate2::read::GzDecoder::new(&*packed).read_to_end(&mut plain).unwrap();
            assert_eq!(plain, text);
        }
    }
}
