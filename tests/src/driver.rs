//! The chromedriver process, and how it is to start Chromium.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::{Map, json};
use thirtyfour::Capabilities;
use xtask::browser;

/// What Chromium needs to run headless, quietly, as root in a container, and without the network.
const FLAGS: [&str; 10] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    // A foreign address fails at once and shows in the console.
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
];

/// A running chromedriver; it is ended when the value is dropped.
pub(crate) struct Driver {
    child: Child,
    port: u16,
}

impl Driver {
    /// Starts chromedriver on a port of its own choice.
    pub(crate) fn start() -> Driver {
        let program = browser::driver();
        let mut command = Command::new(&program);
        command.arg("--port=0").stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap_or_else(|error| {
            panic!("cannot start {} (cargo xtask test installs it): {error}", program.display())
        });
        let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
        let port = lines.by_ref().map_while(Result::ok).find_map(|line| {
            line.split_once("started successfully on port ")?.1.trim_end_matches('.').parse().ok()
        });
        // Nobody reads on, but a full pipe would stop the driver.
        std::thread::spawn(move || lines.map_while(Result::ok).for_each(drop));
        Driver { child, port: port.expect("chromedriver names its port") }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Ends a browser that did not end when asked.
    pub(crate) fn kill(&self, pid: u64) {
        let _ = Command::new("kill").args(["-9", &pid.to_string()]).status();
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The session to ask for: Chromium with a profile of its own, and its console kept for the tests.
pub(crate) fn capabilities(profile: &Path) -> Capabilities {
    let mut args: Vec<String> = FLAGS.map(str::to_owned).to_vec();
    args.push(format!("--user-data-dir={}", profile.display()));
    args.push("--window-size=1366,768".into());
    let mut map = Map::new();
    map.insert("browserName".into(), json!("chrome"));
    map.insert("goog:loggingPrefs".into(), json!({"browser": "ALL"}));
    let options = json!({"binary": browser::browser(), "args": args});
    map.insert("goog:chromeOptions".into(), options);
    Capabilities::from(map)
}
