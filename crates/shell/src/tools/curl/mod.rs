//! `curl` against the members' client URLs: `/v2/...`, `/version`, `/health` and whatever else they
//! serve, with curl 7.88's texts and statuses.
//!
//! Left out: TLS, forms, cookies, proxies, ranges, globbing of URLs and the progress meter.

mod options;

use std::pin::pin;
use std::task::Poll;

use bytes::Bytes;
use prost::Message;
use proto::Metadata;
use proto::http::{Header, METHOD, Request, Response, header};

use crate::calls::CallResult;
use crate::process::{Exit, Process, ToolResult};
use options::Options;

/// Why there is no answer: curl's status and its text.
struct Failure(i32, String);

/// Redirections that `-L` follows.
const REDIRECTS_MAX: u32 = 50;

/// Parts of a URL.
struct Url {
    host: String,
    port: u16,
    /// Path and query.
    target: String,
}

impl Url {
    fn parse(text: &str) -> Result<Url, Failure> {
        let (scheme, rest) = text.split_once("://").unwrap_or(("http", text));
        match scheme {
            "http" => {}
            "https" => return Err(Failure(35, "https is not in this lab".into())),
            _ => {
                let text = format!("Protocol \"{scheme}\" not supported or disabled in libcurl");
                return Err(Failure(1, text));
            }
        }
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, target) = rest.split_at(end);
        let target = target.split('#').next().unwrap_or_default();
        let target =
            if target.starts_with('/') { target.to_string() } else { format!("/{target}") };
        if target.contains([' ', '\t', '\n']) {
            return Err(Failure(3, "URL using bad/illegal format or missing URL".into()));
        }
        let authority = authority.rsplit('@').next().unwrap_or_default();
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) => match port.parse() {
                Ok(port) => (host, port),
                Err(_) => {
                    let text = "URL using bad/illegal format or missing URL";
                    return Err(Failure(3, text.into()));
                }
            },
            None => (authority, 80),
        };
        if host.is_empty() {
            return Err(Failure(3, "URL using bad/illegal format or missing URL".into()));
        }
        Ok(Url { host: host.to_string(), port, target })
    }

    /// Where a call goes.
    fn address(&self) -> Result<String, Failure> {
        let numbers = self.host.split('.').map(str::parse::<u8>);
        let numeric = numbers.clone().count() == 4 && numbers.into_iter().all(|n| n.is_ok());
        match self.host.as_str() {
            "localhost" => Ok(format!("127.0.0.1:{}", self.port)),
            host if numeric => Ok(format!("{host}:{}", self.port)),
            host => Err(Failure(6, format!("Could not resolve host: {host}"))),
        }
    }

    fn authority(&self) -> String {
        match self.port {
            80 => self.host.clone(),
            port => format!("{}:{port}", self.host),
        }
    }
}

pub(super) async fn curl(process: Process) -> ToolResult {
    const HINT: &str = "curl: try 'curl --help' or 'curl --manual' for more information\n";
    let options = match Options::parse(&process).await {
        Ok(options) if options.urls.is_empty() => {
            process.err(HINT).await?;
            return Ok(2);
        }
        Ok(options) => options,
        Err(error) => {
            process.err(format!("curl: {error}\n{HINT}")).await?;
            return Ok(2);
        }
    };
    let mut status = 0;
    for url in &options.urls {
        let transfer = Transfer { process: &process, options: &options };
        status = match transfer.limited(url).await? {
            Ok(()) => 0,
            Err(Failure(code, text)) => {
                if !options.silent || options.show_error {
                    process.err(format!("curl: ({code}) {text}\n")).await?;
                }
                code
            }
        };
    }
    Ok(status)
}

struct Transfer<'a> {
    process: &'a Process,
    options: &'a Options,
}

type Outcome<T> = Result<Result<T, Failure>, Exit>;

impl Transfer<'_> {
    /// With `-m`'s limit.
    async fn limited(&self, url: &str) -> Outcome<()> {
        let mut running = pin!(self.run(url));
        let mut limit =
            self.options.limit_us.map(|us| (us, Box::pin(self.process.sys.sleep_us(us))));
        std::future::poll_fn(|cx| {
            if let Poll::Ready(outcome) = running.as_mut().poll(cx) {
                return Poll::Ready(outcome);
            }
            let Some((us, timer)) = &mut limit else { return Poll::Pending };
            timer.as_mut().poll(cx).map(|()| {
                let ms = *us / 1_000;
                let text =
                    format!("Operation timed out after {ms} milliseconds with 0 bytes received");
                Ok(Err(Failure(28, text)))
            })
        })
        .await
    }

    async fn run(&self, url: &str) -> Outcome<()> {
        let mut url = match Url::parse(url) {
            Ok(url) => url,
            Err(failure) => return Ok(Err(failure)),
        };
        let mut request = self.request(&url);
        for _ in 0..=REDIRECTS_MAX {
            let address = match url.address() {
                Ok(address) => address,
                Err(failure) => return Ok(Err(failure)),
            };
            self.tell_request(&url, &request).await?;
            let message = Bytes::from(request.encode_to_vec());
            let streams = request.target.contains("stream=true");
            let answer = match streams {
                true => self.stream(&url, &address, message).await?,
                false => self.call(&url, &address, message).await?,
            };
            let response = match answer {
                Ok(response) => response,
                Err(failure) => return Ok(Err(failure)),
            };
            let place = header(&response.headers, "Location");
            if let Some(place) = place.filter(|_| (300..400).contains(&response.status))
                && self.options.follow
            {
                if place.starts_with('/') {
                    url.target = place.to_string();
                } else {
                    url = match Url::parse(place) {
                        Ok(url) => url,
                        Err(failure) => return Ok(Err(failure)),
                    };
                }
                request.target = url.target.clone();
                continue;
            }
            return self.finish(&response, streams).await;
        }
        Ok(Err(Failure(47, format!("Maximum ({REDIRECTS_MAX}) redirects followed"))))
    }

    fn request(&self, url: &Url) -> Request {
        let options = self.options;
        let mut target = url.target.clone();
        let mut body = options.data.clone();
        if options.data_in_query
            && let Some(data) = body.take()
        {
            target.push(if target.contains('?') { '&' } else { '?' });
            target.push_str(&String::from_utf8_lossy(&data));
        }
        let usual = match (options.head, &body) {
            (true, _) => "HEAD",
            (_, Some(_)) => "POST",
            _ => "GET",
        };
        let method = options.method.clone().unwrap_or_else(|| usual.to_string());
        let mut headers = vec![Header::new("Host", url.authority())];
        if let Some(user) = &options.user {
            let user = proto::base64::encode_padded(user.as_bytes());
            headers.push(Header::new("Authorization", format!("Basic {user}")));
        }
        let own =
            |name: &str| options.headers.iter().any(|(own, _)| own.eq_ignore_ascii_case(name));
        for (name, value) in [("User-Agent", "curl/7.88.1"), ("Accept", "*/*")] {
            if !own(name) {
                headers.push(Header::new(name, value));
            }
        }
        for (name, value) in &options.headers {
            headers.push(Header::new(name, value.as_str()));
        }
        if let Some(body) = &body {
            headers.push(Header::new("Content-Length", body.len().to_string()));
            if !own("Content-Type") {
                headers.push(Header::new("Content-Type", "application/x-www-form-urlencoded"));
            }
        }
        Request { method, target, headers, body: body.unwrap_or_default().into() }
    }

    async fn call(&self, url: &Url, address: &str, message: Bytes) -> Outcome<Response> {
        let sys = &self.process.sys;
        Ok(match sys.call(address, METHOD, Metadata::default(), message).await {
            CallResult::Reply(Ok(bytes)) => Response::decode(bytes).map_err(|_| empty()),
            other => Err(broken(url, &other)),
        })
    }

    /// An answer in pieces: its head first, then what comes is printed as it comes.
    async fn stream(&self, url: &Url, address: &str, message: Bytes) -> Outcome<Response> {
        let stream = self.process.sys.open(address, METHOD, Metadata::default());
        stream.send(message);
        let head = match stream.next().await {
            Ok(bytes) => Response::decode(bytes),
            Err(end) => return Ok(Err(broken(url, &end))),
        };
        let Ok(mut head) = head else { return Ok(Err(empty())) };
        self.tell_head(&head).await?;
        self.write(&std::mem::take(&mut head.body), false).await?;
        loop {
            match stream.next().await {
                Ok(piece) => self.write(&piece, true).await?,
                Err(CallResult::Reply(_)) => return Ok(Ok(head)),
                Err(_) => {
                    let text = "transfer closed with outstanding read data remaining";
                    return Ok(Err(Failure(18, text.into())));
                }
            }
        }
    }

    async fn finish(&self, response: &Response, streamed: bool) -> Outcome<()> {
        if !streamed {
            self.tell_head(response).await?;
        }
        let failed = self.options.fail && response.status >= 400;
        if !streamed && !failed {
            self.write(&response.body, false).await?;
        }
        if let Some(format) = &self.options.write_out {
            let size = response.body.len().to_string();
            let kind = header(&response.headers, "Content-Type").unwrap_or_default();
            let text = format
                .replace("%{http_code}", &format!("{:03}", response.status))
                .replace("%{response_code}", &format!("{:03}", response.status))
                .replace("%{size_download}", &size)
                .replace("%{content_type}", kind);
            let text = crate::escape::unescape(&text, crate::escape::Style::Echo).bytes;
            self.process.out(text).await?;
        }
        if failed {
            let text = format!("The requested URL returned error: {}", response.status);
            return Ok(Err(Failure(22, text)));
        }
        Ok(Ok(()))
    }

    async fn tell_request(&self, url: &Url, request: &Request) -> Result<(), Exit> {
        if !self.options.verbose {
            return Ok(());
        }
        let mut text = format!("*   Trying {}:{}...\n", url.host, url.port);
        text.push_str(&format!("> {} {} HTTP/1.1\n", request.method, request.target));
        for header in &request.headers {
            text.push_str(&format!("> {}: {}\n", header.name, header.value));
        }
        text.push_str("> \n");
        self.process.err(text).await
    }

    /// The head of an answer, where it is wanted.
    async fn tell_head(&self, response: &Response) -> Result<(), Exit> {
        let mut lines = vec![format!("HTTP/1.1 {} {}", response.status, reason(response.status))];
        lines.extend(response.headers.iter().map(|h| format!("{}: {}", h.name, h.value)));
        lines.push(String::new());
        if self.options.verbose {
            let text: String = lines.iter().map(|line| format!("< {line}\n")).collect();
            self.process.err(text).await?;
        }
        if self.options.include || self.options.head {
            let text: String = lines.iter().map(|line| format!("{line}\r\n")).collect();
            self.write(text.as_bytes(), false).await?;
        }
        Ok(())
    }

    /// To standard output or to `-o`'s file.
    async fn write(&self, bytes: &[u8], append: bool) -> Result<(), Exit> {
        let process = self.process;
        let name = match (&self.options.output, self.options.remote_name) {
            (Some(name), _) if name == "-" => None,
            (Some(name), _) => Some(name.clone()),
            (None, true) => {
                let url = self.options.urls.first().map_or("", String::as_str);
                url.split('?').next().and_then(|url| url.rsplit('/').next()).map(String::from)
            }
            _ => None,
        };
        let Some(name) = name else { return process.out(bytes).await };
        let (path, wall_us) = (process.path(&name), process.sys.wall_us());
        let mut all = Vec::new();
        if append || self.options.include {
            all = process.sys.fs().read(&path).unwrap_or_default();
        }
        all.extend_from_slice(bytes);
        let written = process.sys.fs().write(&path, &all, wall_us);
        if written.is_err() {
            process.err("curl: (23) Failure writing output to destination\n").await?;
            return Err(Exit(23));
        }
        Ok(())
    }
}

fn empty() -> Failure {
    Failure(52, "Empty reply from server".into())
}

fn broken(url: &Url, end: &CallResult) -> Failure {
    match end {
        CallResult::Refused => {
            let (host, port) = (&url.host, url.port);
            let text = format!(
                "Failed to connect to {host} port {port} after 0 ms: Couldn't connect to server"
            );
            Failure(7, text)
        }
        // Whoever answers with a gRPC status speaks no HTTP.
        _ => empty(),
    }
}

/// The words after a status.
fn reason(status: u32) -> &'static str {
    match status {
        200 => "OK",
        201 => "Created",
        204 => "No Content",
        301 => "Moved Permanently",
        302 => "Found",
        307 => "Temporary Redirect",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        408 => "Request Timeout",
        409 => "Conflict",
        410 => "Gone",
        412 => "Precondition Failed",
        415 => "Unsupported Media Type",
        500 => "Internal Server Error",
        501 => "Not Implemented",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => "",
    }
}
