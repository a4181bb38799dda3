//! `etcd-lab sh`: the lab's console in a terminal, or a script from standard input.
//!
//! Virtual time runs while a command does, as fast as this machine can, and stands still between
//! commands: nobody is watching the cluster then. While a command waits for a line, or has run for a
//! virtual minute since the last key (`etcdctl watch`), it runs as fast as real time. A script is read whole and its programs have no standard input, as in the recordings.
//!
//! Ctrl-C comes as a character that ends a line, for which `stty` is asked; without `stty` it ends the
//! whole program. The editor needs the page.

use std::collections::BTreeSet;
use std::io::{IsTerminal, Read, Write};
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TryRecvError, sync_channel};
use std::time::Duration;

use lab::{InProcess, Lab, LabEvent, WorldOptions};
use shell::{Host, HostOptions};

use crate::args::Args;

/// A script that runs longer than this in virtual time is given up.
const COMMAND_US_MAX: u64 = 3_600_000_000;
/// The first command comes so long after the first leader.
const SETTLE_US: u64 = 1_000_000;
/// For so long after a key time runs as fast as it can.
const FAST_US: u64 = 60_000_000;
/// Step of time where it runs as fast as real time.
const STEP_US: u64 = 50_000;
/// Lines that are typed ahead of the lab.
const KEYS_MAX: usize = 1_000;

pub(crate) fn run(words: &[String]) -> Result<u8, String> {
    let args = Args::parse(words, &["members", "profile", "quota", "seed", "v2"])?;
    args.no_rest()?;
    let options = args.session()?;
    let terminal = std::io::stdin().is_terminal();
    let world = WorldOptions::new(options.seed);
    let lab = Lab::with_console(options, world, Default::default(), |options| {
        Box::new(Host::new(HostOptions { terminal, ..options }))
    })?;
    let mut session = InProcess::new(lab);
    let leader_us = session.run_to_first_leader(60_000_000)?;
    // By then the members have told each other where they listen.
    session.run_until(leader_us + SETTLE_US);
    if terminal {
        return Desk::new(session).run();
    }
    let mut script = String::new();
    std::io::stdin().read_to_string(&mut script).map_err(|e| e.to_string())?;
    Ok(exec(&mut session, &script) as u8)
}

/// Runs a script to its end, printing as it goes.
pub(crate) fn exec(session: &mut InProcess, script: &str) -> i32 {
    let Ok(exec) = session.lab_mut().exec("client", script) else { return 1 };
    let until = session.lab().now() + COMMAND_US_MAX;
    loop {
        for event in session.take_events() {
            match event {
                LabEvent::Output { stderr, text, .. } => print_text(stderr, &text),
                LabEvent::Done { exec: ended, code, .. } if ended == exec => return code,
                _ => {}
            }
        }
        // A reader that went away is no reason to stop the cluster.
        let _ = std::io::stdout().flush();
        if !session.run_window(until) {
            eprintln!("etcd-lab: the command did not end within an hour of virtual time");
            return 124;
        }
    }
}

fn print_text(stderr: bool, text: &str) {
    if stderr {
        eprint!("{text}");
    } else {
        print!("{text}");
    }
}

/// What a person does at the terminal.
enum Key {
    Line(String),
    /// Ctrl-C.
    Interrupt,
    /// Ctrl-D.
    End,
}

/// The terminal's settings as they were; dropping it puts them back.
struct Settings(Option<String>);

impl Settings {
    /// From here on Ctrl-C is a character that ends a line.
    fn change() -> Settings {
        let before = Command::new("stty").arg("-g").stdin(Stdio::inherit()).output();
        let before = before.ok().filter(|output| output.status.success());
        let before = before.and_then(|output| String::from_utf8(output.stdout).ok());
        let changed = before.is_some()
            && Command::new("stty")
                .args(["-isig", "eol", "^C"])
                .status()
                .is_ok_and(|s| s.success());
        Settings(before.filter(|_| changed))
    }
}

impl Drop for Settings {
    fn drop(&mut self) {
        if let Some(before) = &self.0 {
            let _ = Command::new("stty").arg(before.trim()).status();
        }
    }
}

/// Reads the terminal for ever.
fn read_keys(keys: &SyncSender<Key>) {
    const CTRL_C: u8 = 3;
    let (mut line, mut chunk) = (Vec::new(), [0; 4096]);
    loop {
        let count = std::io::stdin().lock().read(&mut chunk).unwrap_or(0);
        let mut found = Vec::new();
        if count == 0 {
            found.push(Key::End);
        }
        for byte in &chunk[..count] {
            match *byte {
                CTRL_C => {
                    line.clear();
                    found.push(Key::Interrupt);
                }
                b'\n' => {
                    found.push(Key::Line(String::from_utf8_lossy(&line).into_owned()));
                    line.clear();
                }
                byte => line.push(byte),
            }
        }
        for key in found {
            if keys.send(key).is_err() {
                return;
            }
        }
    }
}

/// A session at a terminal.
struct Desk {
    session: InProcess,
    /// Entries that have not ended.
    open: BTreeSet<u64>,
    /// The last of them waits for another line.
    unfinished: bool,
    /// When a key was pressed last, in virtual time.
    since_us: u64,
    code: i32,
}

impl Desk {
    fn new(session: InProcess) -> Desk {
        let since_us = session.lab().now();
        Desk { session, open: BTreeSet::new(), unfinished: false, since_us, code: 0 }
    }

    fn run(mut self) -> Result<u8, String> {
        let lab = self.session.lab();
        let leader_ms = lab.first_leader_us().unwrap_or(0) / 1000;
        let options = lab.options();
        println!(
            "etcd-lab: {} members, seed {}, profile {}; first leader after {leader_ms} ms of virtual time. Ctrl-D leaves.",
            options.members, options.seed, options.profile
        );
        let _settings = Settings::change();
        let (sender, keys) = sync_channel(KEYS_MAX);
        std::thread::spawn(move || read_keys(&sender));
        while let Some(key) = self.next_key(&keys)? {
            if !self.press(key) {
                break;
            }
        }
        println!();
        Ok(self.code as u8)
    }

    fn is_idle(&self) -> bool {
        self.open.is_empty() || self.unfinished
    }

    /// Lets the command run until a key is pressed; None once nobody can press one.
    fn next_key(&mut self, keys: &Receiver<Key>) -> Result<Option<Key>, String> {
        loop {
            self.show();
            if self.is_idle() {
                let cwd = self.session.lab().client().cwd();
                let prompt = if self.unfinished { "> ".into() } else { format!("client:{cwd}$ ") };
                print!("{prompt}");
                std::io::stdout().flush().map_err(|e| e.to_string())?;
                return Ok(keys.recv().ok());
            }
            let now = self.session.lab().now();
            if self.session.lab().client().is_reading() || now >= self.since_us + FAST_US {
                match keys.recv_timeout(Duration::from_micros(STEP_US)) {
                    Ok(key) => return Ok(Some(key)),
                    Err(RecvTimeoutError::Disconnected) => return Ok(None),
                    Err(RecvTimeoutError::Timeout) => {
                        self.session.run_until(now + STEP_US);
                    }
                }
                continue;
            }
            match keys.try_recv() {
                Ok(key) => return Ok(Some(key)),
                Err(TryRecvError::Disconnected) => return Ok(None),
                Err(TryRecvError::Empty) => {}
            }
            let until = self.since_us + FAST_US;
            if !self.session.run_window(until) {
                self.session.run_until(until);
            }
        }
    }

    /// Does what a key means; false to leave.
    fn press(&mut self, key: Key) -> bool {
        let idle = self.open.is_empty();
        self.since_us = self.session.lab().now();
        let lab = self.session.lab_mut();
        match key {
            Key::Line(line) if idle && line.trim() == "exit" => return false,
            Key::Line(line) => {
                if let Ok(exec) = lab.exec("client", &line) {
                    self.open.insert(exec);
                }
                self.unfinished = false;
            }
            Key::Interrupt => {
                println!();
                if !idle {
                    let _ = lab.interrupt("client");
                }
                self.unfinished = false;
            }
            Key::End if idle => return false,
            Key::End => {
                let _ = lab.end_of_input("client");
                self.unfinished = false;
            }
        }
        true
    }

    /// Prints what came.
    fn show(&mut self) {
        for event in self.session.take_events() {
            match event {
                LabEvent::Output { stderr, text, .. } => print_text(stderr, &text),
                LabEvent::Done { exec, code, .. } => {
                    self.open.remove(&exec);
                    self.unfinished &= !self.open.is_empty();
                    self.code = code;
                }
                LabEvent::Taken { exec, .. } => drop(self.open.remove(&exec)),
                LabEvent::Unfinished { .. } => self.unfinished = true,
                LabEvent::Edit { edit, .. } => {
                    eprintln!("etcd-lab: the editor needs the page; here, cat > FILE and Ctrl-D");
                    let _ = self.session.lab_mut().edited("client", edit, None);
                }
                _ => {}
            }
        }
        let _ = std::io::stdout().flush();
    }
}
