//! What every command takes from its global flags and the `ETCDCTL_` variables
//! (`ctlv3/command/global.go`, `pkg/flags`): the client's configuration and the printer.

use std::collections::BTreeSet;

use crate::client::{Client, Config, Deadline};
use crate::exit::Exit;
use crate::go::quote::quote;
use crate::go::time::capnslog;
use crate::printers::Display;
use crate::process::{Invocation, not_yet};

const PREFIX: &str = "ETCDCTL_";

impl<'a> Invocation<'a> {
    /// Everything between the flags and the first call, in the order in which the tool does it, for
    /// that is the order of its errors.
    pub(crate) fn client(&mut self) -> Result<(Client<'a>, Display), Exit> {
        self.take_environment()?;
        self.show_debug();
        let config = self.config()?;
        let display = self.display()?;
        self.check_files()?;
        Ok((Client::new(self.system, config)?, display))
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
        env.retain(|(name, _)| name != "ETCDCTL_API");
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
                let name = quote(name.as_bytes());
                self.log(
                    'C',
                    &format!(
                        "conflicting environment variable {name} is shadowed by corresponding \
                     command-line flag (either unset environment variable or disable flag)"
                    ),
                );
                return Err(Exit::silent(1));
            }
            if name.starts_with(PREFIX) {
                self.log('W', &format!("unrecognized environment variable {name}={value}"));
            }
        }
        Ok(())
    }

    fn log(&self, level: char, text: &str) {
        let time = capnslog(self.system.wall_us());
        self.stderr(format!("{time} {level} | pkg/flags: {text}\n"));
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
        Display::new(self.flags.text("write-out"), self.flags.bool("hex"))
            .ok_or_else(|| Exit::bad_feature("unsupported output format"))
    }

    /// Endpoints and security from the flags.
    pub(crate) fn config(&self) -> Result<Config, Exit> {
        for later in ["discovery-srv", "user"] {
            if !self.flags.text(later).is_empty() {
                return Err(Exit::silent(not_yet(self.system, &format!("--{later}"))));
            }
        }
        for file in ["cert", "key", "cacert"] {
            if self.flags.changed(file) && self.flags.text(file).is_empty() {
                return Err(Exit::bad_args(format!("empty string is passed to --{file} option")));
            }
        }
        let endpoints =
            self.flags.slice("endpoints").iter().map(|ep| ep.trim().to_string()).collect();
        Ok(Config { endpoints, tls: !self.flags.bool("insecure-transport") })
    }

    /// Certificates are read before the first connection; there are no files here, so naming one is
    /// an error in any case.
    pub(crate) fn check_files(&self) -> Result<(), Exit> {
        let [cert, key, cacert] = ["cert", "key", "cacert"].map(|name| self.flags.text(name));
        if cert.is_empty() != key.is_empty() {
            return Err(Exit::bad_args(format!(
                "KeyFile and CertFile must both be present[key: {key}, cert: {cert}]"
            )));
        }
        match [cert, cacert].iter().find(|path| !path.is_empty()) {
            Some(path) => Err(Exit::bad_args(format!("open {path}: no such file or directory"))),
            None => Ok(()),
        }
    }
}

/// The variable of a flag: `ETCDCTL_WRITE_OUT`.
fn variable(flag: &str) -> String {
    format!("{PREFIX}{}", flag.to_ascii_uppercase().replace('-', "_"))
}
