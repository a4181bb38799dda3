//! The console host `client`: a bash-like shell, a virtual file system, processes and small tools,
//! as one deterministic actor.
//!
//! [`Host`] takes console lines and answers of the cluster and gives output, calls and exit
//! statuses. Everything inside runs on the executor of the `cluster` crate, so a host is a function
//! of its inputs and its seed. It mirrors the Linux machine that one types `etcdctl` on, and leaves
//! out users, permissions, terminals and `trap`. Standard input of a console command is empty, as
//! in the recorded transcripts.
//!
//! Messages are bash 5.2's in interactive wording: `bash: foo: command not found`, without the
//! `line 1:` that a script would add. An unfinished line is an error here (`unexpected EOF while
//! looking for matching`), since a console line arrives whole.

mod arith;
mod builtins;
mod calls;
mod data_dirs;
mod escape;
mod expand;
mod fs;
mod glob;
mod host;
mod interp;
mod io;
pub mod lang;
mod pattern;
mod process;
mod redirect;
mod shell;
mod signals;
mod sys;
mod tools;
pub mod transcript;

pub use cluster::HostOptions;
pub use host::Host;
pub use tools::etcd::{AutoCompaction, EtcdFlags, FlagError};
