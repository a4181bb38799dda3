//! A small static file server: what `cargo xtask serve` shows and what the browser tests open.
//!
//! It serves one folder that [`crate::bundle`] has written, picks the precompressed `.br` or `.gz`
//! twin of a file when the client accepts it, and sends the page's security policy with every answer.
//! Threads and `std::net` only. It leaves out what a static lab does not need: ranges, uploads, TLS,
//! directory listings.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::assets::{is_hashed_name, short_hash};

/// The Content-Security-Policy of the page; `index.html` repeats it in a meta tag.
pub const CSP: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; \
    worker-src 'self'; connect-src 'self'; style-src 'self'; img-src 'self' data: blob:; \
    font-src 'self'; base-uri 'none'; form-action 'none'";

const IDLE_TIMEOUT: Duration = Duration::from_secs(30);
const HEAD_BYTES_MAX: u64 = 16 * 1024;
const LINGER_TIMEOUT: Duration = Duration::from_secs(1);
const LINGER_BYTES_MAX: u64 = 256 * 1024;
const CONNECTIONS_MAX: usize = 256;

/// A running server. Dropping it stops the accepting thread and frees the port.
pub struct Server {
    addr: SocketAddr,
    stop: Arc<AtomicBool>,
    acceptor: Option<JoinHandle<()>>,
}

impl Server {
    /// Serves `root` on `listener` until the value is dropped.
    ///
    /// # Errors
    /// When the listener's address cannot be read.
    pub fn start(listener: TcpListener, root: PathBuf) -> io::Result<Server> {
        let addr = listener.local_addr()?;
        let stop = Arc::new(AtomicBool::new(false));
        let stopping = Arc::clone(&stop);
        let acceptor = thread::spawn(move || accept(&listener, &root, &stopping));
        Ok(Server { addr, stop, acceptor: Some(acceptor) })
    }

    /// Serves `root` on a free port of 127.0.0.1; for tests.
    ///
    /// # Errors
    /// When no port can be bound.
    pub fn ephemeral(root: PathBuf) -> io::Result<Server> {
        Server::start(TcpListener::bind(("127.0.0.1", 0))?, root)
    }

    /// Where the server listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The address to open, with a trailing slash.
    pub fn url(&self) -> String {
        format!("http://{}/", self.addr)
    }

    /// Blocks for as long as the server runs.
    pub fn wait(mut self) {
        if let Some(acceptor) = self.acceptor.take() {
            let _ = acceptor.join();
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        // The acceptor sleeps in accept(); one connection wakes it to see the flag.
        let _ = TcpStream::connect(self.addr);
        if let Some(acceptor) = self.acceptor.take() {
            let _ = acceptor.join();
        }
    }
}

fn accept(listener: &TcpListener, root: &Path, stop: &Arc<AtomicBool>) {
    let open = Arc::new(AtomicUsize::new(0));
    for stream in listener.incoming() {
        if stop.load(Ordering::Relaxed) {
            return;
        }
        let Ok(stream) = stream else { continue };
        if open.fetch_add(1, Ordering::Relaxed) >= CONNECTIONS_MAX {
            open.fetch_sub(1, Ordering::Relaxed);
            continue;
        }
        let (root, open) = (root.to_path_buf(), Arc::clone(&open));
        thread::spawn(move || {
            // A client that goes away is not the server's trouble.
            let _ = converse(&stream, &root);
            open.fetch_sub(1, Ordering::Relaxed);
        });
    }
}

/// Answers requests on one connection until either side closes it.
fn converse(stream: &TcpStream, root: &Path) -> io::Result<()> {
    stream.set_read_timeout(Some(IDLE_TIMEOUT))?;
    stream.set_nodelay(true)?;
    let mut reader = BufReader::new(stream);
    loop {
        let (answer, head_only, close) = match read_request(&mut reader)? {
            Head::End => return Ok(()),
            Head::Bad(status) => (Answer::text(status), false, true),
            Head::Request(request) => {
                (answer(root, &request), request.method == "HEAD", request.close)
            }
        };
        answer.write(stream, head_only, close)?;
        if close {
            // Closing with unread bytes would reset the connection before the answer is read.
            stream.shutdown(Shutdown::Write)?;
            stream.set_read_timeout(Some(LINGER_TIMEOUT))?;
            io::copy(&mut reader.take(LINGER_BYTES_MAX), &mut io::sink())?;
            return Ok(());
        }
    }
}

#[derive(Debug, PartialEq)]
enum Head {
    /// The client closed the connection between two requests.
    End,
    Bad(u16),
    Request(Request),
}

#[derive(Debug, Default, PartialEq)]
struct Request {
    method: String,
    /// The path as sent, without query and fragment.
    path: String,
    accept_encoding: String,
    if_none_match: String,
    close: bool,
}

fn read_request(reader: &mut impl BufRead) -> io::Result<Head> {
    let mut head = reader.take(HEAD_BYTES_MAX);
    let mut line = Vec::new();
    if head.read_until(b'\n', &mut line)? == 0 {
        return Ok(Head::End);
    }
    let Some(mut request) = parse_request_line(&line) else { return Ok(Head::Bad(400)) };
    let mut hosts = 0;
    let old = line.trim_ascii_end().ends_with(b"1.0");
    request.close = old;
    loop {
        line.clear();
        if head.read_until(b'\n', &mut line)? == 0 || !line.ends_with(b"\n") {
            return Ok(Head::Bad(if head.limit() == 0 { 431 } else { 400 }));
        }
        let Ok(text) = std::str::from_utf8(line.trim_ascii_end()) else {
            return Ok(Head::Bad(400));
        };
        if text.is_empty() {
            break;
        }
        let Some((name, value)) = text.split_once(':') else { return Ok(Head::Bad(400)) };
        if name.is_empty() || name.contains([' ', '\t']) {
            return Ok(Head::Bad(400));
        }
        let value = value.trim();
        match name.to_ascii_lowercase().as_str() {
            "host" => hosts += 1,
            "accept-encoding" => request.accept_encoding = value.to_owned(),
            "if-none-match" => request.if_none_match = value.to_owned(),
            "connection" if has_token(value, "close") => request.close = true,
            "connection" if has_token(value, "keep-alive") => request.close = false,
            // Bodies are not read, so the connection cannot carry a further request.
            "transfer-encoding" => request.close = true,
            "content-length" if value != "0" => request.close = true,
            _ => {}
        }
    }
    if hosts != 1 && !old {
        return Ok(Head::Bad(400));
    }
    Ok(Head::Request(request))
}

/// `GET /path?query HTTP/1.1`; an absolute target loses its scheme and authority.
fn parse_request_line(line: &[u8]) -> Option<Request> {
    let text = std::str::from_utf8(line.strip_suffix(b"\n")?).ok()?.trim_end_matches('\r');
    let mut words = text.split(' ');
    let (method, target, version) = (words.next()?, words.next()?, words.next()?);
    let known = version == "HTTP/1.1" || version == "HTTP/1.0";
    let plain = !method.is_empty() && method.bytes().all(|b| b.is_ascii_uppercase());
    if words.next().is_some() || !known || !plain {
        return None;
    }
    let path = match target.strip_prefix("http://") {
        Some(rest) => rest.find('/').map_or("/", |at| &rest[at..]),
        None => target,
    };
    let path = path.split(['?', '#']).next().unwrap_or("");
    (path.starts_with('/')).then(|| Request {
        method: method.to_owned(),
        path: path.to_owned(),
        ..Request::default()
    })
}

fn has_token(list: &str, token: &str) -> bool {
    list.split(',').any(|item| item.trim().eq_ignore_ascii_case(token))
}

fn answer(root: &Path, request: &Request) -> Answer {
    if request.method != "GET" && request.method != "HEAD" {
        let mut answer = Answer::text(405);
        answer.headers.push(("Allow", "GET, HEAD".into()));
        return answer;
    }
    let Some(name) = file_name(&request.path) else { return Answer::text(400) };
    let path = root.join(&name);
    if !path.is_file() {
        return Answer::text(404);
    }
    let (encoding, suffix) = match encoding_for(&request.accept_encoding, &path) {
        Some("br") => (Some("br"), ".br"),
        Some(_) => (Some("gzip"), ".gz"),
        None => (None, ""),
    };
    let Ok(body) = std::fs::read(with_suffix(&path, suffix)) else { return Answer::text(404) };
    let etag = format!("\"{}{suffix}\"", short_hash(&body));
    let fresh = request.if_none_match.split(',').any(|t| t.trim() == etag || t.trim() == "*");
    let mut answer = Answer { status: 200, headers: Vec::new(), body };
    answer.headers.push(("Content-Type", mime(&name).into()));
    if let Some(encoding) = encoding {
        answer.headers.push(("Content-Encoding", encoding.into()));
    }
    answer.headers.push(("Vary", "Accept-Encoding".into()));
    answer.headers.push(("ETag", etag));
    let hashed = is_hashed_name(&name);
    let cache = if hashed { "public, max-age=31536000, immutable" } else { "no-cache" };
    answer.headers.push(("Cache-Control", cache.into()));
    if fresh {
        answer.status = 304;
        answer.body.clear();
    }
    answer
}

/// Turns a request path into a name below the root, or `None` when it is malformed or would leave it.
fn file_name(path: &str) -> Option<String> {
    let decoded = percent_decode(path)?;
    let inner = decoded.strip_prefix('/')?;
    if inner.is_empty() {
        return Some("index.html".into());
    }
    let ordinary = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    let sound = inner.split('/').all(|part| !part.starts_with('.') && part.chars().all(ordinary));
    match sound {
        true if inner.ends_with('/') => Some(format!("{inner}index.html")),
        true => Some(inner.to_owned()),
        false => None,
    }
}

fn percent_decode(text: &str) -> Option<String> {
    let mut bytes = text.bytes();
    let mut decoded = Vec::new();
    while let Some(byte) = bytes.next() {
        if byte == b'%' {
            let hex = [bytes.next()?, bytes.next()?];
            let hex = std::str::from_utf8(&hex).ok()?;
            decoded.push(u8::from_str_radix(hex, 16).ok()?);
        } else {
            decoded.push(byte);
        }
    }
    String::from_utf8(decoded).ok()
}

/// The best content coding that the client accepts and that exists beside the file.
fn encoding_for(accept: &str, path: &Path) -> Option<&'static str> {
    let accepts = |coding: &str| {
        accept.split(',').any(|item| {
            let mut parts = item.split(';');
            let named = parts.next().unwrap_or("").trim().eq_ignore_ascii_case(coding);
            let refused = parts
                .filter_map(|p| p.trim().strip_prefix("q="))
                .any(|q| q.trim_matches(['0', '.']).is_empty());
            named && !refused
        })
    };
    [("br", ".br"), ("gzip", ".gz")]
        .into_iter()
        .find(|(coding, suffix)| accepts(coding) && with_suffix(path, suffix).is_file())
        .map(|(coding, _)| coding)
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

fn mime(name: &str) -> &'static str {
    match name.rsplit('.').next().unwrap_or("") {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "tsv" => "text/tab-separated-values; charset=utf-8",
        "json" | "map" => "application/json",
        "txt" | "md" => "text/plain; charset=utf-8",
        "wasm" => "application/wasm",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "woff2" => "font/woff2",
        _ => "application/octet-stream",
    }
}

struct Answer {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
}

impl Answer {
    fn text(status: u16) -> Answer {
        let headers = vec![
            ("Content-Type", "text/plain; charset=utf-8".into()),
            ("Cache-Control", "no-store".into()),
        ];
        let body = format!("{status} {}\n", reason(status)).into_bytes();
        Answer { status, headers, body }
    }

    fn write(&self, mut stream: &TcpStream, head_only: bool, close: bool) -> io::Result<()> {
        let mut head = format!("HTTP/1.1 {} {}\r\n", self.status, reason(self.status));
        for (name, value) in &self.headers {
            head += &format!("{name}: {value}\r\n");
        }
        head += &format!("Content-Security-Policy: {CSP}\r\nX-Content-Type-Options: nosniff\r\n");
        if self.status != 304 {
            head += &format!("Content-Length: {}\r\n", self.body.len());
        }
        head += if close { "Connection: close\r\n\r\n" } else { "Connection: keep-alive\r\n\r\n" };
        let mut bytes = head.into_bytes();
        if !head_only {
            bytes.extend_from_slice(&self.body);
        }
        stream.write_all(&bytes)
    }
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        304 => "Not Modified",
        400 => "Bad Request",
        404 => "Not Found",
        405 => "Method Not Allowed",
        431 => "Request Header Fields Too Large",
        _ => "Error",
    }
}

#[cfg(test)]
#[path = "server_tests.rs"]
mod tests;
