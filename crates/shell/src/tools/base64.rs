//! `base64`, and byte dumps: `xxd [-p]` and `hexdump -C`.

use proto::base64::{STANDARD, encode_padded};

use crate::process::{Process, ToolResult};
use crate::tools::options::Options;

pub(super) async fn base64(process: Process) -> ToolResult {
    let long = [("decode", 'd'), ("wrap", 'w'), ("ignore-garbage", 'i')];
    let options = match Options::parse(process.operands(), "dDi", "w", &long) {
        Ok(options) => options,
        Err(bad) => return process.bad_option(1, &bad).await,
    };
    let wrap = match options.value('w') {
        None => 76,
        Some(text) => match text.parse() {
            Ok(wrap) => wrap,
            Err(_) => return process.fail(1, format!("invalid wrap size: '{text}'")).await,
        },
    };
    let (bytes, fine) = process.read_files(&options.operands).await?;
    if !fine {
        return Ok(1);
    }
    if options.has('d') || options.has('D') {
        let (decoded, valid) = decode(&bytes, options.has('i'));
        process.out(decoded).await?;
        return if valid { Ok(0) } else { process.fail(1, "invalid input").await };
    }
    let text = encode_padded(&bytes);
    if wrap == 0 {
        process.out(text).await?;
        return Ok(0);
    }
    for line in text.as_bytes().chunks(wrap) {
        process.out([line, b"\n"].concat()).await?;
    }
    Ok(0)
}

/// The bytes up to the first error, and whether there was none.
fn decode(text: &[u8], ignore: bool) -> (Vec<u8>, bool) {
    let (mut out, mut group, mut count, mut padding) = (Vec::new(), 0u32, 0, 0);
    for byte in text {
        let digit = match STANDARD.iter().position(|a| a == byte) {
            Some(digit) if padding == 0 => digit,
            None if *byte == b'=' && count >= 2 && count + padding < 4 => {
                padding += 1;
                if count + padding == 4 {
                    flush(&mut out, group << (6 * padding), count);
                    (group, count, padding) = (0, 0, 0);
                }
                continue;
            }
            None if *byte == b'\n' || ignore => continue,
            _ => {
                flush(&mut out, group << (6 * (4 - count)), count);
                return (out, false);
            }
        };
        group = group << 6 | digit as u32;
        count += 1;
        if count == 4 {
            flush(&mut out, group, 4);
            (group, count) = (0, 0);
        }
    }
    if count > 0 {
        flush(&mut out, group << (6 * (4 - count)), count);
    }
    (out, count == 0)
}

fn flush(out: &mut Vec<u8>, group: u32, count: usize) {
    let bytes = [(group >> 16) as u8, (group >> 8) as u8, group as u8];
    out.extend(&bytes[..count.saturating_sub(1)]);
}

pub(super) async fn dump(process: Process) -> ToolResult {
    let options = match Options::parse(process.operands(), "pCrv", "lcn", &[]) {
        Ok(options) => options,
        Err(bad) => return process.bad_option(1, &bad).await,
    };
    let (mut bytes, fine) = process.read_files(&options.operands).await?;
    if let Some(most) = options.value('l').or(options.value('n')).and_then(|text| text.parse().ok())
    {
        bytes.truncate(most);
    }
    let mut out = String::new();
    if options.has('p') {
        for line in bytes.chunks(30) {
            line.iter().for_each(|byte| out.push_str(&format!("{byte:02x}")));
            out.push('\n');
        }
        process.out(out).await?;
        return Ok(i32::from(!fine));
    }
    let canonical = process.name() == "hexdump";
    if canonical && !options.has('C') {
        process.out(words(&bytes)).await?;
        return Ok(i32::from(!fine));
    }
    for (at, line) in bytes.chunks(16).enumerate() {
        let shown: String =
            line.iter().map(|b| if (32..127).contains(b) { char::from(*b) } else { '.' }).collect();
        let mut hex = String::new();
        for (column, byte) in line.iter().enumerate() {
            if canonical {
                hex.push_str(if column == 8 { "  " } else { " " });
            } else if column % 2 == 0 {
                hex.push(' ');
            }
            hex.push_str(&format!("{byte:02x}"));
        }
        let offset = at * 16;
        if canonical {
            out.push_str(&format!("{offset:08x} {hex:<49}  |{shown}|\n"));
        } else {
            out.push_str(&format!("{offset:08x}:{hex:<40}  {shown}\n"));
        }
    }
    if canonical && !bytes.is_empty() {
        out.push_str(&format!("{:08x}\n", bytes.len()));
    }
    process.out(out).await?;
    Ok(i32::from(!fine))
}

/// What hexdump shows without `-C`: words of two bytes, the low one first; repeated lines are a star.
fn words(bytes: &[u8]) -> String {
    let (mut out, mut before, mut starred) = (String::new(), None, false);
    for (at, line) in bytes.chunks(16).enumerate() {
        if before == Some(line) {
            if !std::mem::replace(&mut starred, true) {
                out.push_str("*\n");
            }
            continue;
        }
        (before, starred) = (Some(line), false);
        out.push_str(&format!("{:07x}", at * 16));
        for pair in line.chunks(2) {
            out.push_str(&format!(" {:02x}{:02x}", pair.get(1).unwrap_or(&0), pair[0]));
        }
        out.push_str(&" ".repeat(5 * (8 - line.len().div_ceil(2))));
        out.push('\n');
    }
    if !bytes.is_empty() {
        out.push_str(&format!("{:07x}\n", bytes.len()));
    }
    out
}
