//! Calls by HTTP, written as curl's words, and answers as curl -i shows them.

use member::{CallId, MemberConfig, PeerConfig, Profile};
use proto::http::{Header, METHOD, Request, Response};

use super::{Lab, S};

/// One member as the recordings had it, with API v2.
pub(crate) fn recorded(config: &mut MemberConfig) {
    let peer_urls = vec!["http://127.0.0.1:2380".into()];
    config.initial_cluster = vec![PeerConfig { name: "m1".into(), peer_urls }];
    config.initial_cluster_token = "etcd-lab".into();
    config.advertise_client_urls = vec!["http://127.0.0.1:2379".into()];
    with_v2(config);
}

pub(crate) fn with_v2(config: &mut MemberConfig) {
    config.profile = Profile::V3_4;
    config.enable_v2 = true;
}

/// `-XPUT /v2/keys/a -d value=1`: words without quotes, so that bodies and headers hold no space but
/// for `_`, which stands for one in a header.
pub(crate) fn request(words: &str) -> Request {
    let mut request = Request { method: "GET".into(), ..Request::default() };
    let mut data: Vec<&str> = Vec::new();
    let mut words = words.split_whitespace();
    while let Some(word) = words.next() {
        match word {
            "-d" => data.push(words.next().expect("data")),
            "-u" => {
                let credentials = base64(words.next().expect("a user").as_bytes());
                request.headers.push(Header::new("Authorization", format!("Basic {credentials}")));
            }
            "-H" => {
                let header = words.next().expect("a header").replace('_', " ");
                let (name, value) = header.split_once(':').expect("a colon");
                request.headers.push(Header::new(name, value.trim()));
            }
            _ => match word.strip_prefix("-X") {
                Some(method) => request.method = method.into(),
                None => request.target = word.replacen("http://127.0.0.1:2379", "", 1),
            },
        }
    }
    if !data.is_empty() {
        request.body = data.join("&").into();
        if proto::http::header(&request.headers, "Content-Type").is_none() {
            let form = "application/x-www-form-urlencoded";
            request.headers.push(Header::new("Content-Type", form));
        }
    }
    request
}

fn base64(bytes: &[u8]) -> String {
    let letters = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for group in bytes.chunks(3) {
        let bits = (0..3).fold(0, |bits, at| bits << 8 | u32::from(*group.get(at).unwrap_or(&0)));
        let letter = |at: usize| char::from(letters[(bits >> (18 - 6 * at) & 63) as usize]);
        (0..4).for_each(|at| out.push(if at > group.len() { '=' } else { letter(at) }));
    }
    out
}

/// Status, headers but for those that every answer has, and body. Places in raft's log are masked.
pub(crate) fn shown(response: &Response) -> String {
    let mut out = format!("{}\n", response.status);
    let mut common = 0;
    for Header { name, value } in &response.headers {
        if name.starts_with("Access-Control-Allow-") {
            common += 1;
            continue;
        }
        let value = if name.starts_with("X-Raft-") { ".." } else { value };
        out.push_str(&format!("{name}: {value}\n"));
    }
    assert_eq!(common, 3, "what every answer has: {response:?}");
    out.push_str(std::str::from_utf8(&response.body).expect("text"));
    out
}

impl Lab {
    /// Asks the first member, and waits for the answer.
    pub(crate) fn curl(&mut self, words: &str) -> String {
        self.curl_at(0, words)
    }

    pub(crate) fn curl_at(&mut self, at: usize, words: &str) -> String {
        let response: Response = self.call(at, METHOD, &request(words)).expect("an answer");
        shown(&response)
    }

    /// Asks, and does not wait.
    pub(crate) fn begin_curl(&mut self, at: usize, words: &str) -> CallId {
        self.begin(at, METHOD, &request(words))
    }

    /// What has come of it, if anything has after a moment.
    pub(crate) fn curl_answer(&mut self, call: CallId) -> Option<String> {
        self.run(S / 2);
        self.answer::<Response>(call).map(|answer| shown(&answer.expect("an answer")))
    }

    /// The body alone.
    pub(crate) fn curl_body(&mut self, words: &str) -> String {
        let response: Response = self.call(0, METHOD, &request(words)).expect("an answer");
        String::from_utf8(response.body.into()).expect("text")
    }
}

/// Asks in order; each answer must have this status and this body.
pub(crate) fn all_as_recorded(lab: &mut Lab, table: &[(&str, u32, &str)]) {
    for (words, status, body) in table {
        let response: Response = lab.call(0, METHOD, &request(words)).expect("an answer");
        let ours = std::str::from_utf8(&response.body).expect("text");
        assert_eq!((response.status, ours), (*status, *body), "curl {words}");
    }
}
