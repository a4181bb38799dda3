//! What every command takes from its global flags and the `ETCDCTL_` variables
//! (`ctlv3/command/global.go`, `pkg/flags`): the client's configuration and the printer.

use std::collections::BTreeSet;

use proto::Profile;

use crate::client::{Client, Config, Deadline, Login, Tls, TlsFiles};
use crate::commands::{Run, watch};
use crate::exit::Exit;
use crate::go::quote::{log_string, quote};
use crate::go::time::{capnslog, epoch_s};
use crate::printers::Display;
use crate::process::{Invocation, not_yet};
use crate::system::LocalFuture;

const PREFIX: &str = "ETCDCTL_";

impl<'a> Invocation<'a> {
    /// Everything between the flags and the first call, in the order in which the tool does it, for
    /// that is the order of its errors.
    pub(crate) fn client(&mut self) -> LocalFuture<'_, Result<(Client<'a>, Display), Exit>> {
        Box::pin(async move {
            let (config, display) = self.config_and_display().await?;
            Ok((Client::new(self.system, config).await?, display))
        })
    }

    /// The same without the client, for commands that make one for each endpoint.
    pub(crate) async fn config_and_display(&mut self) -> Result<(Config, Display), Exit> {
        self.take_environment()?;
        self.show_debug();
        let config = self.config().await?;
        let display = self.display()?;
        Ok((self.with_tls(config)?, display))
    }

    /// The deadline of one command, from now. Most commands start their clock before they read the
    /// variables, so that `ETCDCTL_COMMAND_TIMEOUT` comes too late for them; that is so in 3.4.
    pub(crate) fn deadline(&self) -> Deadline {
        Deadline::after_ns(self.system, self.flags.duration_ns("command-timeout"))
    }

    /// Sets inherited flags from variables, unless the command line has. A variable that the
    /// command line shadows is fatal; one that names no flag is only warned of; a value that does
    /// not parse is ignored.
    pub(crate) fn take_environment(&mut self) -> Result<(), Exit> {
        let mut env = self.system.env();
        let own = |name: &str| {
            self.run == Run::Watch && matches!(name, watch::KEY_VARIABLE | watch::END_VARIABLE)
        };
        let knows_api = self.profile() < Profile::V3_6;
        env.retain(|(name, _)| !(own(name) || name == "ETCDCTL_API" && knows_api));
        let mut shadowed = BTreeSet::new();
        let mut used = BTreeSet::new();
        let inherited: Vec<(&str, bool)> = self
            .flags
            .sorted()
            .iter()
            .filter(|flag| flag.inherited)
            .map(|flag| (flag.spec.name, flag.changed))
            .collect();
        for (name, changed) in inherited {
            let variable = variable(name);
            if changed {
                shadowed.insert(variable);
                continue;
            }
            let value = env.iter().find(|(name, value)| *name == variable && !value.is_empty());
            if let Some((_, value)) = value {
                // The tool drops this error, so the default stays.
                let _ignored = self.flags.set(name, value);
                used.insert(variable);
            }
        }
        for (name, value) in env.iter().filter(|(name, _)| !used.contains(name)) {
            if shadowed.contains(name) {
                let why = "is shadowed by corresponding command-line flag (either unset environment \
                           variable or disable flag)";
                match self.profile() {
                    Profile::V3_3 | Profile::V3_4 => {
                        let name = quote(name.as_bytes());
                        let text = format!("conflicting environment variable {name} {why}");
                        self.log('C', &text);
                    }
                    // The second bracket is etcd's.
                    Profile::V3_5 | Profile::V3_6 => {
                        let trace = ",\"stacktrace\":\"go.etcd.io/etcd/pkg/v3/flags.verifyEnv\"";
                        let text = format!("conflicting environment variable {why})");
                        self.log_json("fatal", 85, &text, name, trace);
                    }
                }
                return Err(Exit::silent(1));
            }
            if name.starts_with(PREFIX) {
                let (text, pair) = ("unrecognized environment variable", format!("{name}={value}"));
                match self.profile() {
                    Profile::V3_3 | Profile::V3_4 => self.log('W', &format!("{text} {pair}")),
                    Profile::V3_5 | Profile::V3_6 => self.log_json("warn", 93, text, &pair, ""),
                }
            }
        }
        Ok(())
    }

    fn log(&self, level: char, text: &str) {
        let time = capnslog(self.system.wall_us());
        self.stderr(format!("{time} {level} | pkg/flags: {text}\n"));
    }

    fn log_json(&self, level: &str, line: u32, text: &str, variable: &str, more: &str) {
        let time = epoch_s(self.system.wall_us());
        let variable = log_string(variable);
        self.stderr(format!(
            "{{\"level\":\"{level}\",\"ts\":{time},\"caller\":\"flags/flag.go:{line}\",\
             \"msg\":\"{text}\",\"environment-variable\":{variable}{more}}}\n"
        ));
    }

    /// `--debug` lists the flags; gRPC's own log lines are left out.
    fn show_debug(&self) {
        if self.flags.bool("debug") {
            for flag in self.flags.sorted().iter().filter(|flag| flag.inherited) {
                self.stderr(format!("{}={}\n", variable(flag.spec.name), flag.text()));
            }
        }
    }

    /// The printer of `--write-out`; an unknown format is exit 4.
    pub(crate) fn display(&self) -> Result<Display, Exit> {
        Display::new(self.flags.text("write-out"), self.flags.bool("hex"), self.profile())
            .ok_or_else(|| Exit::bad_feature("unsupported output format"))
    }

    /// Endpoints and login from the flags.
    pub(crate) async fn config(&self) -> Result<Config, Exit> {
        Ok(Config { login: self.login().await?, ..self.plain_config()? })
    }

    /// The same without the login.
    pub(crate) fn plain_config(&self) -> Result<Config, Exit> {
        let discovery = "discovery-srv";
        if !self.flags.text(discovery).is_empty() {
            return Err(Exit::silent(not_yet(self.system, &format!("--{discovery}"))));
        }
        for file in ["cert", "key", "cacert"] {
            if self.flags.changed(file) && self.flags.text(file).is_empty() {
                return Err(Exit::bad_args(format!("empty string is passed to --{file} option")));
            }
        }
        let endpoints =
            self.flags.slice("endpoints").iter().map(|ep| ep.trim().to_string()).collect();
        Ok(Config {
            endpoints,
            tls: None,
            dial_timeout_ns: self.flags.duration_ns("dial-timeout"),
            login: None,
        })
    }

    /// `--user name:password`, `--user name --password password`, or a question. Without a name or
    /// without a password there is no login.
    async fn login(&self) -> Result<Option<Login>, Exit> {
        let (user, password) = (self.flags.text("user"), self.flags.text("password"));
        if user.is_empty() {
            return Ok(None);
        }
        let (name, password) = match user.split_once(':') {
            _ if !password.is_empty() => (user, password.to_string()),
            Some((name, password)) => (name, password.to_string()),
            None => (user, self.ask("Password: ").await.map_err(Exit::error)?),
        };
        let given = !name.is_empty() && !password.is_empty();
        Ok(given.then(|| Login { name: name.to_string(), password }))
    }

    /// Asks for a line at the terminal.
    pub(crate) async fn ask(&self, prompt: &str) -> Result<String, &'static str> {
        self.stdout(prompt);
        let line = self.system.read_line().await.ok_or("EOF");
        self.stdout("\n");
        Ok(String::from_utf8_lossy(&line?).trim_end_matches(['\r', '\n']).to_string())
    }

    /// Adds the certificates, which are read before the first connection.
    pub(crate) fn with_tls(&self, config: Config) -> Result<Config, Exit> {
        Ok(Config { tls: self.tls("")?, ..config })
    }

    /// TLS as the flags `--cert`, `--key`, `--cacert` and `--insecure-transport` with this prefix
    /// (`dest-` of make-mirror) want it; `None` leaves endpoints without a scheme in the clear.
    /// Verification can only be skipped where something else is said about TLS; that is so in the tool.
    pub(crate) fn tls(&self, prefix: &str) -> Result<Option<Tls>, Exit> {
        let name = |flag: &str| format!("{prefix}{flag}");
        let text = |flag: &str| self.flags.text(&name(flag));
        let files = TlsFiles { cert: text("cert"), key: text("key"), ca: text("cacert") };
        if files.is_empty() && self.flags.bool(&name("insecure-transport")) {
            return Ok(None);
        }
        let mut tls = files.load(self.system.files()).map_err(Exit::bad_args)?;
        tls.insecure_skip_verify = prefix.is_empty() && self.flags.bool("insecure-skip-tls-verify");
        Ok(Some(Tls::new(tls)))
    }
}

/// The variable of a flag: `ETCDCTL_WRITE_OUT`.
fn variable(flag: &str) -> String {
    format!("{PREFIX}{}", flag.to_ascii_uppercase().replace('-', "_"))
}
