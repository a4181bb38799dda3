//! The listener for clients at `https` (`pkg/transport/listener.go`, `listener_tls.go`): handshakes,
//! and who stands behind each session.
//!
//! A client with a certificate proves that it has the key (`pki::handshake`); only then its common name
//! is put into the metadata of its calls. Sessions end with the process, or when so many others came
//! after them that a real member would long have run out of descriptors; a call on one that is over
//! finds its connection closed, and the client connects again. Left out: TLS between members,
//! revocation lists, and reading the files again for each connection.

use std::collections::BTreeMap;

use bytes::Bytes;
use pki::handshake::{RANDOM_BYTES, ServerConfig, Transcript};
use pki::{KeyPair, pool};
use prost::Message as _;
use proto::tls::{ClientFinished, ClientHello, HELLO, ServerHello, alert, closed};
use proto::{Metadata, Status};

use crate::chance::{Purpose, draw};
use crate::member::Running;
use crate::{CallId, MemberConfig, Micros};

/// Sessions that a listener remembers.
const SESSIONS_MAX: usize = 4_096;

/// What a member needs to listen with TLS.
pub(crate) struct Tls {
    config: ServerConfig,
    allowed_hostname: String,
    /// By number; numbers rise with time, over restarts too.
    sessions: BTreeMap<u64, Session>,
    next: u64,
}

/// How far a connection has come.
enum Session {
    /// The server has said who it is.
    Greeted(Transcript),
    /// Both have; the common name of a client that showed a certificate.
    Open(Option<String>),
}

impl Tls {
    /// Loads the files of the configuration. The error is of a file that does not hold together.
    pub(crate) fn new(config: &MemberConfig, now: Micros) -> Result<Option<Tls>, String> {
        let Some(info) = &config.client_tls else { return Ok(None) };
        let key_pair = KeyPair::parse(&info.cert, &info.key).map_err(|e| e.to_string())?;
        let roots = pool(info.trusted_ca.as_deref().unwrap_or_default());
        let roots = roots.map_err(|error| error.to_string())?;
        let asks = info.trusted_ca.is_some() || config.client_cert_auth;
        let config = ServerConfig { key_pair, client_roots: asks.then_some(roots) };
        let allowed_hostname = info.allowed_hostname.clone();
        // No process has made a session in each microsecond of its life.
        Ok(Some(Tls { config, allowed_hostname, sessions: BTreeMap::new(), next: now + 1 }))
    }

    fn hello(&mut self, seed: u64, who: u64, hello: &ClientHello) -> Option<ServerHello> {
        if hello.random.len() != RANDOM_BYTES {
            return None;
        }
        let session = self.next;
        self.next += 1;
        let word = |n| draw(seed, Purpose::TlsRandom, who, session * 4 + n).to_le_bytes();
        let random: Vec<u8> = (0..4).flat_map(word).collect();
        let certificates = self.config.key_pair.chain_der();
        let transcript = Transcript::new(&hello.random, &random, &certificates);
        let signature = self.config.prove(&transcript);
        self.sessions.insert(session, Session::Greeted(transcript));
        if self.sessions.len() > SESSIONS_MAX {
            self.sessions.pop_first();
        }
        let wants_certificate = self.config.client_roots.is_some();
        Some(ServerHello { session, random, certificates, signature, wants_certificate })
    }

    /// The session is open, or over: whoever failed must begin anew.
    fn finished(&mut self, finished: &ClientFinished, now_s: i64) -> Result<(), Status> {
        let Some(Session::Greeted(transcript)) = self.sessions.remove(&finished.session) else {
            return Err(closed());
        };
        let (chain, signature) = (&finished.certificates, &finished.signature);
        let client = self.config.check_client(&transcript, chain, signature, now_s);
        let client = client.map_err(|fault| alert(fault.alert()))?;
        let allowed = &self.allowed_hostname;
        if let Some(certificate) = &client
            && !allowed.is_empty()
            && certificate.verify_host(allowed).is_err()
        {
            return Err(alert("tls: bad certificate"));
        }
        let name = client.map(|certificate| certificate.common_name);
        self.sessions.insert(finished.session, Session::Open(name));
        Ok(())
    }
}

impl Running {
    /// One of the two calls of a handshake. A listener without TLS closes the connection.
    pub(crate) fn handshake(&mut self, now: Micros, call: CallId, method: &str, request: &Bytes) {
        let now_s = i64::try_from((self.config.epoch_us + now) / 1_000_000).unwrap_or(i64::MAX);
        let (seed, who) = (self.config.seed, self.id);
        let result = match &mut self.tls {
            None => Err(closed()),
            Some(tls) if method == HELLO => ClientHello::decode(request.clone())
                .ok()
                .and_then(|hello| tls.hello(seed, who, &hello))
                .map(|hello| Bytes::from(hello.encode_to_vec()))
                .ok_or_else(closed),
            Some(tls) => match ClientFinished::decode(request.clone()) {
                Ok(finished) => tls.finished(&finished, now_s).map(|()| Bytes::new()),
                Err(_) => Err(closed()),
            },
        };
        self.reply(call, result);
    }

    /// What is known of whoever calls by the connection that the call came on; `None` if the listener
    /// takes no such connection, which has been answered then.
    pub(crate) fn on_connection(&mut self, call: CallId, metadata: Metadata) -> Option<Metadata> {
        let name = match (&self.tls, metadata.tls_session) {
            (None, None) => return Some(metadata),
            (Some(tls), Some(session)) => match tls.sessions.get(&session) {
                Some(Session::Open(name)) => Some(name.clone()),
                _ => None,
            },
            _ => None,
        };
        if name.is_none() {
            self.reply(call, Err(closed()));
        }
        Some(Metadata { common_name: name?, ..metadata })
    }
}
