//! What commands have in common (`ctlv2/command/util.go`, `error.go`): the client that flags and
//! variables ask for, time limits, passwords, and how errors are shown.

use proto::Profile;
use proto::base64::encode_padded;

use super::cli::Parsed;
use super::http::{Client, Config, Failure};
use super::tree::Run;
use crate::client::{Tls, TlsFiles};
use crate::go::url::Url;
use crate::process::not_yet;
use crate::system::{LocalFuture, System};

/// How a command ends: well, or with an exit status (0 among them) when all has been said.
pub(super) type Outcome<T = ()> = Result<T, i32>;

/// The status of an answer that is an error.
pub(super) const SERVER_ERROR: i32 = 4;

const DEFAULT_ENDPOINTS: &str = "http://127.0.0.1:2379,http://127.0.0.1:4001";

/// A command about to run.
pub(super) struct Context<'a> {
    pub(super) system: &'a dyn System,
    pub(super) run: Run,
    /// The flags before the command.
    pub(super) global: Parsed,
    /// Its own flags, and the arguments.
    pub(super) local: Parsed,
}

impl<'a> Context<'a> {
    pub(super) fn args(&self) -> &[String] {
        &self.local.args
    }

    pub(super) fn print(&self, text: impl AsRef<[u8]>) {
        self.system.print(false, text.as_ref());
    }

    pub(super) fn complain(&self, text: &str) {
        self.system.print(true, text.as_bytes());
    }

    /// Exit 1 after a line that is the error itself.
    pub(super) fn plain<T>(&self, error: impl ToString) -> Outcome<T> {
        self.complain(&(error.to_string() + "\n"));
        Err(1)
    }

    /// What was asked for, or exit 1 after a line that is the error itself.
    pub(super) fn plainly<T>(&self, result: Result<T, Failure>) -> Outcome<T> {
        result.or_else(|failure| self.plain(failure))
    }

    /// What was asked for, or the status of an answer that is an error.
    pub(super) fn served<T>(&self, result: Result<T, Failure>) -> Outcome<T> {
        result.or_else(|failure| self.fail(SERVER_ERROR, &failure))
    }

    /// `handleError`: a line that begins with `Error:`, and what each endpoint said once more.
    pub(super) fn fail<T>(&self, code: i32, failure: &Failure) -> Outcome<T> {
        self.complain(&format!("Error:  {failure}\n"));
        if let Some(detail) = failure.detail() {
            self.complain(&(detail + "\n"));
        }
        Err(code)
    }

    /// Wrong arguments: 1, and 128 from 3.5 on.
    pub(super) fn bad_args<T>(&self, why: &str) -> Outcome<T> {
        self.complain(&format!("Error:  {why}\n"));
        Err(if self.system.profile() <= Profile::V3_4 { 1 } else { 128 })
    }

    pub(super) fn no_args(&self) -> Outcome {
        if self.args().is_empty() { Ok(()) } else { self.plain("No arguments accepted") }
    }

    /// The end of `--total-timeout`, from now.
    pub(super) fn deadline_us(&self) -> Option<u64> {
        let timeout_ns = self.global.duration_ns("total-timeout").max(0);
        Some(self.system.now_us().saturating_add(timeout_ns.unsigned_abs() / 1000))
    }

    /// A client that has asked the cluster for its members, unless `--no-sync`.
    pub(super) fn client(&self) -> LocalFuture<'_, Outcome<Client<'a>>> {
        Box::pin(async move {
            let client = self.client_without_sync().await?;
            let debug = self.global.bool("debug");
            let say = |what: &str, gap: &str, end: &str| {
                if debug {
                    self.complain(&format!("{what}{}{end}\n", client.endpoints(gap)));
                }
            };
            if !self.global.bool("no-sync") {
                say("start to sync cluster using endpoints(", ",", ")");
                match super::member::sync(&client, self.deadline_us()).await {
                    Ok(urls) if urls.is_empty() => return self.no_endpoints(&client),
                    Ok(urls) => {
                        // A member that publishes what is no URL changes nothing.
                        let _ignored = client.set_endpoints(urls);
                    }
                    Err(failure) if failure.is_connection() => return self.fail(2, &failure),
                    // Whatever else is wrong shows in the command's own request.
                    Err(_) => {}
                }
                say("got endpoints(", ",", ") after sync");
            }
            say("Cluster-Endpoints: ", ", ", "");
            Ok(client)
        })
    }

    /// The same for commands of users, roles and auth, which show the endpoints once more.
    pub(super) async fn auth_client(&self) -> Outcome<Client<'a>> {
        let client = self.client().await?;
        if self.global.bool("debug") {
            self.complain(&format!("Cluster-Endpoints: {}\n", client.endpoints(", ")));
        }
        Ok(client)
    }

    fn no_endpoints<T>(&self, client: &Client<'_>) -> Outcome<T> {
        let given = client.endpoints(",");
        self.complain("etcd cluster has no published client endpoints.\n");
        self.complain(&format!(
            "Try '--no-sync' if you want to access non-published client endpoints({given}).\n"
        ));
        self.fail(SERVER_ERROR, &Failure::Other("client: no endpoints available".to_string()))
    }

    /// A client of the endpoints as they are given.
    pub(super) async fn client_without_sync(&self) -> Outcome<Client<'a>> {
        let endpoints = match self.endpoints()? {
            Ok(endpoints) => endpoints,
            Err(why) => return self.plain(why),
        };
        let tls = match self.tls() {
            Ok(tls) => tls,
            Err(why) => return self.plain(why),
        };
        let user = self.setting("username", "ETCDCTL_USERNAME");
        let credentials = match user.split_once(':') {
            _ if user.is_empty() => None,
            Some(("", _)) => None,
            Some(_) => Some(encode_padded(user.as_bytes())),
            None => {
                let password = self.ask("Password: ").await;
                Some(encode_padded(format!("{user}:{password}").as_bytes()))
            }
        };
        let timeout_ns = self.global.duration_ns("timeout");
        let debug = self.global.bool("debug");
        Ok(Client::new(self.system, Config { endpoints, timeout_ns, credentials, debug, tls }))
    }

    /// A global flag, or where that is empty a variable.
    fn setting(&self, flag: &str, variable: &str) -> String {
        let value = self.global.text(flag);
        if !value.is_empty() {
            return value.to_string();
        }
        let env = self.system.env();
        env.into_iter().find(|(name, _)| name == variable).map_or(String::new(), |(_, value)| value)
    }

    /// The error inside is net/url's.
    fn endpoints(&self) -> Outcome<Result<Vec<Url>, String>> {
        const NAMES: [(&str, &str); 3] = [
            ("endpoints", "ETCDCTL_ENDPOINTS"),
            ("endpoint", "ETCDCTL_ENDPOINT"),
            ("peers", "ETCDCTL_PEERS"),
        ];
        if !self.setting("discovery-srv", "ETCDCTL_DISCOVERY_SRV").is_empty() {
            return Err(not_yet(self.system, "--discovery-srv"));
        }
        let mut given = NAMES.iter().map(|(flag, variable)| self.setting(flag, variable));
        let given = given.find(|given| !given.is_empty());
        let given = given.as_deref().unwrap_or(DEFAULT_ENDPOINTS);
        Ok(given.split(',').map(endpoint).collect())
    }

    /// Certificates are read before the first request; the error is the real tool's text.
    pub(super) fn tls(&self) -> Result<Tls, String> {
        let [cert, key, ca] = [
            ("cert-file", "ETCDCTL_CERT_FILE"),
            ("key-file", "ETCDCTL_KEY_FILE"),
            ("ca-file", "ETCDCTL_CA_FILE"),
        ]
        .map(|(flag, variable)| self.setting(flag, variable));
        let files = TlsFiles { cert: &cert, key: &key, ca: &ca };
        files.load(self.system.files()).map(Tls::new)
    }

    /// Asks for a line at the terminal; the end of input is an empty one.
    pub(super) async fn ask(&self, prompt: &str) -> String {
        self.print(prompt);
        let line = self.system.read_line().await.unwrap_or_default();
        self.print("\n");
        String::from_utf8_lossy(&line).trim_end_matches(['\r', '\n']).to_string()
    }
}

/// A URL without a scheme is one of HTTP, and its path is its host.
fn endpoint(text: &str) -> Result<Url, String> {
    let url = Url::parse(text)?;
    if !url.scheme.is_empty() {
        return Ok(url);
    }
    let (host, path) = match url.host.is_empty() {
        true => url.path.split_at(url.path.find('/').unwrap_or(url.path.len())),
        false => (url.host.as_str(), url.path.as_str()),
    };
    Ok(Url { scheme: "http".to_string(), host: host.to_string(), path: path.to_string() })
}
