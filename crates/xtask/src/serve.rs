//! `cargo xtask serve`: from a fresh machine to the running lab, saying what it does.

use std::io::ErrorKind;
use std::net::TcpListener;
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Result, bail};

use crate::bundle::{Mode, build};
use crate::process::exists;
use crate::server::Server;
use crate::workspace::Workspace;

/// The port when none is named.
pub const DEFAULT_PORT: u16 = 8080;

/// What `serve` was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// 0 takes any free port.
    pub port: u16,
    pub mode: Mode,
    pub open: bool,
}

/// Builds the page and serves it until the process is ended.
///
/// # Errors
/// When the port is taken or the build fails.
pub fn serve(workspace: &Workspace, options: Options) -> Result<()> {
    // The port comes first: nobody should wait for a build to learn that it is taken.
    let listener = bind(options.port)?;
    let start = Instant::now();
    println!("Building the lab; the first time takes some minutes, then some seconds.");
    let name = if options.mode == Mode::Release { "serve-release" } else { "serve" };
    let bundle = build(workspace, options.mode, &workspace.scratch(name))?;
    let server = Server::start(listener, bundle.dir)?;
    let url = server.url();
    println!("\nReady after {:.1} s.", start.elapsed().as_secs_f64());
    println!("The lab runs at {url}   (Ctrl-C ends it)");
    if options.open {
        open(&url);
    }
    server.wait();
    Ok(())
}

fn bind(port: u16) -> Result<TcpListener> {
    match TcpListener::bind(("127.0.0.1", port)) {
        Ok(listener) => Ok(listener),
        Err(error) if error.kind() == ErrorKind::AddrInUse => bail!(
            "port {port} on 127.0.0.1 is taken by another program; \
             choose one with `cargo xtask serve --port {}`",
            port.checked_add(1).unwrap_or(DEFAULT_PORT)
        ),
        Err(error) => bail!("cannot listen on 127.0.0.1:{port}: {error}"),
    }
}

/// Shows the page where there is a desktop; nobody is told when there is none.
fn open(url: &str) {
    let desktop =
        ["DISPLAY", "WAYLAND_DISPLAY"].iter().any(|name| std::env::var_os(name).is_some());
    let program = match () {
        () if cfg!(target_os = "macos") => "open",
        () if desktop && exists("xdg-open") => "xdg-open",
        () => return,
    };
    let _ = Command::new(program).arg(url).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_taken_port_names_the_option() {
        let holder = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = holder.local_addr().unwrap().port();
        let error = bind(port).expect_err("taken").to_string();
        assert!(error.starts_with(&format!("port {port} on 127.0.0.1 is taken")), "{error}");
        assert!(error.contains("--port"), "{error}");
    }
}
