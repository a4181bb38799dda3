//! The console host `client`: a bash-like shell, a virtual file system, processes and small tools,
//! as one deterministic actor.
//!
//! [`Host`] takes console lines and answers of the cluster and gives output, calls and exit
//! statuses. Everything inside runs on the executor of the `cluster` crate, so a host is a function
//! of its inputs and its seed. It mirrors the Linux machine that one types `etcdctl` on, and leaves
//! out users, permissions and `trap`.
//!
//! With [`HostOptions::terminal`] the console is a terminal: programs read what is entered while they
//! run, unfinished lines wait for more, Ctrl-D is an end of file (background jobs that read find one
//! at once). Without it standard input is empty, as in the recorded transcripts, and an entry arrives
//! whole, so that an unfinished one is an error (`unexpected EOF while looking for matching`).
//!
//! Messages are bash 5.2's in interactive wording: `bash: foo: command not found`, without the
//! `line 1:` that a script would add.

mod arith;
mod braces;
mod builtins;
mod calls;
mod complete;
mod data_dirs;
mod escape;
mod expand;
mod fs;
mod glob;
mod history;
mod host;
mod interp;
mod io;
mod judging;
pub mod lang;
mod names;
mod pattern;
mod process;
mod redirect;
mod scan;
mod session;
mod shell;
mod signals;
mod sys;
mod teach;
mod terminal;
mod tools;
pub mod transcript;

pub use cluster::HostOptions;
pub use host::Host;
pub use tools::etcd::{AutoCompaction, EtcdFlags, FlagError};
