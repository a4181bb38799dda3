//! A real browser on the real page: what every end-to-end test starts with.
//!
//! [`Lab::start`] serves the built page on a free port and opens a headless Chromium with a fresh
//! profile through chromedriver. Its methods block, and panic as a failed assertion does.
//! When a [`Lab`] is dropped, what it has started is ended, by process id.
//! One browser runs at a time, so that tests do not take each other's processor.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use thirtyfour::prelude::*;
pub use thirtyfour::{Key, TypingData};
use tokio::runtime::{Builder, Runtime};
use xtask::check::DIST_VARIABLE;
use xtask::server::Server;

use crate::driver::{Driver, capabilities};

/// How long a command, a script or a wait may take, in wall time.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Longer than [`PATIENCE`], so that a promise that hangs is reported by its own name.
const SCRIPT_TIMEOUT: Duration = Duration::from_secs(120);

static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// The folder of the built page, or `None` (with one line that says so) outside `cargo xtask test`.
pub fn dist() -> Option<PathBuf> {
    let dir = std::env::var_os(DIST_VARIABLE).map(PathBuf::from);
    match dir {
        Some(dir) if dir.join("index.html").is_file() => Some(dir),
        Some(dir) => panic!("{DIST_VARIABLE} names {}, which holds no page", dir.display()),
        None => {
            eprintln!(
                "skipped: {DIST_VARIABLE} does not name a built page (cargo xtask test does)"
            );
            None
        }
    }
}

/// A browser, the server it talks to, and everything that must end with them.
pub struct Lab {
    runtime: Runtime,
    web: Option<WebDriver>,
    driver: Driver,
    server: Server,
    profile: PathBuf,
    _turn: MutexGuard<'static, ()>,
}

impl Lab {
    /// Starts server, driver and browser; `None` when there is no built page to test.
    pub fn start() -> Option<Lab> {
        let dist = dist()?;
        let turn = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
        let server = Server::ephemeral(dist).expect("a free port");
        let driver = Driver::start();
        let profile = fresh_profile();
        let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
        let connect = WebDriver::new(driver.url(), capabilities(&profile));
        let web = runtime.block_on(connect).expect("a browser session");
        let lab = Lab { runtime, web: Some(web), driver, server, profile, _turn: turn };
        lab.wait(lab.web().set_script_timeout(SCRIPT_TIMEOUT), "script timeout");
        Some(lab)
    }

    /// The address of the page, with a trailing slash.
    pub fn url(&self) -> String {
        self.server.url()
    }

    /// Opens the page with a query such as `?seed=7` and waits until its cluster runs.
    pub fn open(&self, query: &str) {
        self.goto(query);
        self.until("window.etcdlab", || self.eval("return !!window.etcdlab") == json!(true));
        self.promise("window.etcdlab.ready.then(() => true)", vec![]);
    }

    /// Opens the page without waiting for a cluster.
    pub fn goto(&self, query: &str) {
        self.wait(self.web().goto(format!("{}{query}", self.url())), "open the page");
    }

    /// A console line through the page API, on the visible host: exit code and merged output.
    pub fn exec_api(&self, line: &str) -> (i64, String) {
        let done = self.promise("window.etcdlab.exec(args[0])", vec![json!(line)]);
        let code = done["code"].as_i64().unwrap_or_else(|| panic!("no code in {done}"));
        let output = done["output"].as_str().unwrap_or_else(|| panic!("no output in {done}"));
        (code, output.to_owned())
    }

    /// `window.etcdlab.state()`.
    pub fn state(&self) -> Value {
        self.eval("return window.etcdlab.state()")
    }

    /// `window.etcdlab.act(action)`; panics when the page refuses it.
    pub fn act(&self, action: Value) -> Value {
        self.promise("window.etcdlab.act(args[0])", vec![action])
    }

    /// `window.etcdlab.traceHash()`.
    pub fn trace_hash(&self) -> String {
        let hash = self.promise("window.etcdlab.traceHash()", vec![]);
        hash.as_str().unwrap_or_else(|| panic!("not a hash: {hash}")).to_owned()
    }

    /// Polls the state until `predicate` holds and returns that state; panics after [`PATIENCE`].
    pub fn wait_for(&self, what: &str, predicate: impl Fn(&Value) -> bool) -> Value {
        let start = Instant::now();
        loop {
            let state = self.state();
            if predicate(&state) {
                return state;
            }
            assert!(start.elapsed() < PATIENCE, "waited in vain for {what}; now {state:#}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Polls until `condition` holds; panics after [`PATIENCE`].
    pub fn until(&self, what: &str, condition: impl Fn() -> bool) {
        let start = Instant::now();
        while !condition() {
            let log = || self.log().join("\n");
            assert!(start.elapsed() < PATIENCE, "waited in vain for {what}; the log:\n{}", log());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Runs statements in the page; `return` gives the value.
    pub fn eval(&self, script: &str) -> Value {
        self.wait(self.web().execute(script, vec![]), script).json().clone()
    }

    /// Awaits an expression in the page, with `args`; panics when it rejects or takes too long.
    pub fn promise(&self, expression: &str, args: Vec<Value>) -> Value {
        match self.try_promise(expression, args) {
            Ok(value) => value,
            Err(error) => panic!("{expression} was rejected: {error}"),
        }
    }

    /// Awaits an expression in the page and returns its value or the text of its rejection.
    pub fn try_promise(&self, expression: &str, args: Vec<Value>) -> Result<Value, String> {
        let script = format!(
            "const args = [...arguments], done = args.pop();
             const late = setTimeout(() => done({{error: 'took too long'}}), {});
             const end = (answer) => {{ clearTimeout(late); done(answer); }};
             (async () => {expression})().then(
               (value) => end({{value: value ?? null}}), (error) => end({{error: String(error)}}));",
            PATIENCE.as_millis()
        );
        let answer = self.wait(self.web().execute_async(script, args), expression);
        match answer.json()["error"].as_str() {
            Some(error) => Err(error.to_owned()),
            None => Ok(answer.json()["value"].clone()),
        }
    }

    /// Types into whatever has the focus, as a person does. [`Key`]s may be mixed in by `+`.
    pub fn type_keys(&self, keys: impl Into<TypingData>) {
        self.wait(self.web().action_chain().send_keys(keys).perform(), "type");
    }

    /// Presses a key while a modifier is held down.
    pub fn chord(&self, modifier: Key, key: &str) {
        let chain = self.web().action_chain().key_down(modifier.clone()).send_keys(key);
        self.wait(chain.key_up(modifier).perform(), "type a chord");
    }

    /// Clicks the first element that the CSS selector finds.
    pub fn click(&self, css: &str) {
        // What an earlier click brings up may take the page a moment.
        self.until(&format!("`{css}` to click"), || self.count(css) > 0);
        self.wait(self.element(css).click(), css);
    }

    /// The visible text of the first element that the CSS selector finds.
    pub fn text(&self, css: &str) -> String {
        self.wait(self.element(css).text(), css)
    }

    /// An attribute of the first element that the CSS selector finds.
    pub fn attribute(&self, css: &str, name: &str) -> Option<String> {
        self.wait(self.element(css).attr(name), css)
    }

    /// How many elements the CSS selector finds.
    pub fn count(&self, css: &str) -> usize {
        self.wait(self.web().find_all(By::Css(css)), css).len()
    }

    /// Gives the page a viewport of that many CSS pixels, narrower than a window can be if need be.
    pub fn resize(&self, width: u32, height: u32) {
        let metrics =
            json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": false});
        self.cdp("Emulation.setDeviceMetricsOverride", metrics);
    }

    /// Calls a method of the browser's own debugging protocol.
    pub fn cdp(&self, method: &str, parameters: Value) -> Value {
        self.wait(self.web().cdp().send_raw(method, parameters), method)
    }

    /// Writes a PNG of the viewport.
    pub fn screenshot(&self, path: &Path) {
        self.wait(self.web().screenshot(path), "screenshot");
    }

    /// What the browser's console has said since the last call, errors and policy violations included.
    pub fn log(&self) -> Vec<String> {
        let entries = self.wait(self.web().browser_log(), "browser log");
        entries.into_iter().map(|entry| format!("{} {}", entry.level, entry.message)).collect()
    }

    /// Addresses that the page has fetched from anywhere but its own server.
    pub fn foreign_requests(&self) -> Vec<String> {
        let names = self.eval("return performance.getEntries().map((entry) => entry.name)");
        let names: Vec<String> = serde_json::from_value(names).expect("a list of names");
        let own = self.url();
        let foreign = |name: &String| {
            name.contains("://") && !name.starts_with(&own) && !name.starts_with("blob:http://127.")
        };
        names.into_iter().filter(foreign).collect()
    }

    /// Panics when the console holds an error or a policy violation, or the page asked a stranger.
    pub fn assert_clean(&self) {
        let bad: Vec<String> = self
            .log()
            .into_iter()
            .filter(|line| line.starts_with("SEVERE") || line.contains("Content Security Policy"))
            .collect();
        assert!(bad.is_empty(), "errors in the console:\n{}", bad.join("\n"));
        let foreign = self.foreign_requests();
        assert!(foreign.is_empty(), "foreign requests: {foreign:?}");
    }

    fn element(&self, css: &str) -> WebElement {
        self.wait(self.web().find(By::Css(css)), css)
    }

    fn web(&self) -> &WebDriver {
        self.web.as_ref().expect("taken only when the lab is dropped")
    }

    fn wait<T>(&self, work: impl Future<Output = WebDriverResult<T>>, what: &str) -> T {
        match self.runtime.block_on(work) {
            Ok(value) => value,
            Err(error) => panic!("the browser failed at `{what}`: {error}"),
        }
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        if let Some(web) = self.web.take() {
            let browser = web.capabilities().get("goog:processID").and_then(Value::as_u64);
            let quit = self.runtime.block_on(web.quit());
            if let (Err(_), Some(pid)) = (quit, browser) {
                self.driver.kill(pid);
            }
        }
        let _ = fs::remove_dir_all(&self.profile);
    }
}

fn fresh_profile() -> PathBuf {
    use std::sync::atomic::{AtomicU32, Ordering};
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let name = format!("etcd-lab-profile-{}-{number}", std::process::id());
    let path = std::env::temp_dir().join(name);
    let _ = fs::remove_dir_all(&path);
    fs::create_dir_all(&path).expect("a folder for the profile");
    path
}
