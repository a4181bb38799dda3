//! etcdctl v3 as of 3.4.23, to the letter: flags, commands, printers, error lines, exit statuses.
//!
//! [`run`] is one process: words in, an exit status out, everything else through a [`System`].
//! There is no state outside of it. Layers, from the outside: `process` (environment, command
//! tree, usage errors), `commands` (one file each), `client` (clientv3: endpoints, deadlines,
//! retries), `printers` (one file per `-w` format). `pflag`, `cobra`, `help`, `table` and `go`
//! stand for the libraries whose texts show.
//!
//! Left out so far, and answered honestly when used: the commands beyond put, get, del, member
//! list, endpoint and version, API version 2, users and passwords, TLS, DNS discovery, and gRPC's
//! own log lines under `--debug`.

mod client;
mod cobra;
mod commands;
mod endpoint;
mod exit;
mod globals;
mod go;
mod help;
mod pflag;
mod printers;
mod process;
pub mod system;
mod table;
mod task;
mod tree;

pub use process::run;
pub use system::{CallError, Ended, LocalFuture, Signal, Stream, System};

/// The version that this tool gives out as its own.
pub const VERSION: &str = "3.4.23";
/// The version of the API that it speaks.
pub const API_VERSION: &str = "3.4";
