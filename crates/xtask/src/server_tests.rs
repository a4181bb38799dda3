//! What the static server answers, over a real socket.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;

use super::*;

struct Site {
    server: Server,
    root: PathBuf,
}

impl Drop for Site {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.root);
    }
}

fn site(name: &str) -> Site {
    let root = std::env::temp_dir().join(format!("etcd-lab-{}-{name}", std::process::id()));
    let _ = fs::remove_dir_all(&root);
    fs::create_dir_all(root.join("sub")).unwrap();
    for (file, text) in [
        ("index.html", "<!doctype html>"),
        ("lab-0123abcd.wasm", "raw wasm"),
        ("lab-0123abcd.wasm.br", "brotli"),
        ("lab-0123abcd.wasm.gz", "gzip"),
        ("boot.js", "import"),
        ("sub/index.html", "below"),
    ] {
        fs::write(root.join(file), text).unwrap();
    }
    Site { server: Server::ephemeral(root.clone()).unwrap(), root }
}

/// Sends `raw` on one connection and returns everything that comes back.
fn send(site: &Site, raw: &str) -> String {
    let mut stream = TcpStream::connect(site.server.addr()).unwrap();
    stream.write_all(raw.as_bytes()).unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    text
}

fn get(site: &Site, path: &str, more: &str) -> String {
    send(site, &format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{more}\r\n"))
}

#[test]
fn every_answer_carries_the_policy_and_nosniff() {
    let site = site("policy");
    for path in ["/", "/lab-0123abcd.wasm", "/missing", "/.hidden"] {
        let text = get(&site, path, "");
        assert!(text.contains(&format!("Content-Security-Policy: {CSP}\r\n")), "{path}: {text}");
        assert!(text.contains("X-Content-Type-Options: nosniff\r\n"), "{path}: {text}");
    }
}

#[test]
fn files_have_their_type_and_caching() {
    let site = site("types");
    for (path, content_type, cache) in [
        ("/", "text/html; charset=utf-8", "no-cache"),
        ("/?seed=7&members=5", "text/html; charset=utf-8", "no-cache"),
        ("/sub/", "text/html; charset=utf-8", "no-cache"),
        ("/boot.js", "text/javascript; charset=utf-8", "no-cache"),
        ("/lab-0123abcd.wasm", "application/wasm", "public, max-age=31536000, immutable"),
    ] {
        let text = get(&site, path, "");
        assert!(text.starts_with("HTTP/1.1 200 OK\r\n"), "{path}: {text}");
        assert!(text.contains(&format!("Content-Type: {content_type}\r\n")), "{path}: {text}");
        assert!(text.contains(&format!("Cache-Control: {cache}\r\n")), "{path}: {text}");
    }
}

#[test]
fn the_best_accepted_encoding_is_sent() {
    let site = site("encodings");
    for (accept, encoding, body) in [
        ("gzip, deflate, br", Some("br"), "brotli"),
        ("gzip", Some("gzip"), "gzip"),
        ("br;q=0, gzip;q=0.5", Some("gzip"), "gzip"),
        ("br;q=0.0", None, "raw wasm"),
        ("identity", None, "raw wasm"),
    ] {
        let text = get(&site, "/lab-0123abcd.wasm", &format!("Accept-Encoding: {accept}\r\n"));
        let sent = text.lines().find_map(|line| line.strip_prefix("Content-Encoding: "));
        assert_eq!(sent, encoding, "{accept}");
        assert!(text.ends_with(&format!("\r\n\r\n{body}")), "{accept}: {text}");
    }
    let plain = get(&site, "/boot.js", "Accept-Encoding: br\r\n");
    assert!(!plain.contains("Content-Encoding"), "no twin on disk: {plain}");
}

#[test]
fn an_etag_saves_the_body_and_differs_between_encodings() {
    let site = site("etag");
    let tag = |text: &str| {
        text.lines().find_map(|line| line.strip_prefix("ETag: ")).expect("an ETag").to_owned()
    };
    let raw = tag(&get(&site, "/lab-0123abcd.wasm", ""));
    let br = tag(&get(&site, "/lab-0123abcd.wasm", "Accept-Encoding: br\r\n"));
    assert_ne!(raw, br);
    let again = get(&site, "/lab-0123abcd.wasm", &format!("If-None-Match: {raw}\r\n"));
    assert!(again.starts_with("HTTP/1.1 304 Not Modified\r\n"), "{again}");
    assert!(again.ends_with("\r\n\r\n"), "{again}");
    let other = get(&site, "/lab-0123abcd.wasm", "If-None-Match: \"else\"\r\n");
    assert!(other.starts_with("HTTP/1.1 200"), "{other}");
}

#[test]
fn bad_requests_are_refused_with_their_status() {
    let site = site("bad");
    let long = format!("GET / HTTP/1.1\r\nHost: x\r\nX: {}\r\n\r\n", "a".repeat(20_000));
    for (raw, status) in [
        ("GET /missing HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 404),
        ("GET /sub HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 404),
        ("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc", 405),
        ("DELETE / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 405),
        ("GET /../Cargo.toml HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 400),
        ("GET /%2e%2e/x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 400),
        ("GET /sub%2f..%2f..%2fx HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 400),
        ("GET /a%00b HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 400),
        ("GET /%zz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\n\r\n", 400),
        ("GET / HTTP/3\r\n\r\n", 400),
        ("hello\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nno colon\r\n\r\n", 400),
        (&long, 431),
    ] {
        let text = send(&site, raw);
        assert!(text.starts_with(&format!("HTTP/1.1 {status} ")), "{raw:.60}: {text}");
    }
}

#[test]
fn head_has_the_length_but_no_body() {
    let site = site("head");
    let text = send(&site, "HEAD / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    assert!(text.contains("Content-Length: 15\r\n"), "{text}");
    assert!(text.ends_with("\r\n\r\n"), "{text}");
}

#[test]
fn a_connection_carries_many_requests() {
    let site = site("alive");
    let one = "GET /boot.js HTTP/1.1\r\nHost: x\r\n\r\n";
    let last = "GET /boot.js HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    let text = send(&site, &format!("{one}{one}{last}"));
    assert_eq!(text.matches("HTTP/1.1 200 OK\r\n").count(), 3);
    assert_eq!(text.matches("Connection: keep-alive\r\n").count(), 2);
}

#[test]
fn a_dropped_server_frees_its_port() {
    let site = site("drop");
    let addr = site.server.addr();
    drop(site);
    assert!(TcpListener::bind(addr).is_ok());
}
