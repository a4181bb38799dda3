//! The recorded answers of a real etcd 3.4.23 by HTTP, read in place and asked again in their order.

#![allow(clippy::disallowed_methods)] // a test reads its tables from real files

use crate::support::Lab;
use crate::support::http::recorded;

/// Words and answers of the notes' sections on `/version`, `/health` and API v2.
fn recordings() -> Vec<(String, String)> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/conformance/http-notes.md");
    let Ok(text) = std::fs::read_to_string(path) else {
        println!("skipped: ../shared/conformance/http-notes.md is not there");
        return Vec::new();
    };
    let wanted = |heading: &str| heading.starts_with("/version") || heading.starts_with("v2:");
    let sections = text.split("\n## ").filter(|section| wanted(section));
    let asked = sections.flat_map(|section| section.split("\n$ curl ").skip(1));
    asked
        .map(|asked| {
            let (words, answer) = asked.split_once('\n').expect("an answer");
            (words.to_owned(), answer.split("\n```").next().unwrap_or("").to_owned())
        })
        .collect()
}

/// Without what the transport adds, and with everything masked that is a time or a place in the log.
fn masked(answer: &str) -> String {
    let (head, body) = answer.split_once("\n\n").unwrap_or((answer, ""));
    let mut lines: Vec<String> = Vec::new();
    for line in head.lines() {
        match line.split_once(": ") {
            Some(("Transfer-Encoding", _)) => {}
            Some((name, _)) if name.starts_with("X-Raft-") => lines.push(format!("{name}: ..")),
            _ => lines.push(line.to_owned()),
        }
    }
    lines.push(mask_times(body.trim_end()));
    lines.join("\n")
}

fn mask_times(body: &str) -> String {
    let mut out = body.to_owned();
    for field in ["expiration", "startTime", "uptime"] {
        let start = format!("\"{field}\":\"");
        let pieces: Vec<&str> = out.split(&start).collect();
        let mut masked = pieces[0].to_owned();
        for piece in &pieces[1..] {
            masked.push_str(&start);
            masked.push_str(&piece[piece.find('"').expect("a string's end")..]);
        }
        out = masked;
    }
    out
}

#[test]
fn every_recorded_answer_is_ours() {
    let recordings = recordings();
    let mut lab = Lab::with(1, recorded);
    let mut count = 0;
    for (words, answer) in &recordings {
        let ours = lab.curl(words);
        let (head, _) = answer.split_once('\n').expect("a status line");
        let status = head.split(' ').nth(1).expect("a status");
        let recorded = masked(&answer.replacen(head, status, 1));
        let ours = mask_times(ours.trim_end());
        // How often the store was read before depends on who looked whether the member was there.
        let is_store_stats = words.contains("/v2/stats/store");
        let (ours, recorded) = match is_store_stats {
            true => (without_gets(&ours), without_gets(&recorded)),
            false => (ours, recorded),
        };
        assert_eq!(ours, recorded, "curl {words}");
        count += 1;
    }
    println!("http-notes: {count} answers");
    assert!(recordings.is_empty() || count >= 20, "the notes have shrunk");
}

fn without_gets(text: &str) -> String {
    let (before, after) = text.split_once("\"getsSuccess\"").expect("counts");
    format!("{before}{}", after.split_once("\"setsSuccess\"").expect("counts").1)
}
