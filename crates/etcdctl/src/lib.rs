//! etcdctl as of 3.4.23 and 3.5.1, to the letter: flags, commands, printers, error lines, exit
//! statuses; as of 3.3 and 3.6 after their source; and etcdutl, which came with 3.5. Which release it is
//! comes with the [`System`], which of etcdctl's two APIs with `ETCDCTL_API`.
//!
//! [`run`] is one process: words in, an exit status out, everything else through a [`System`].
//! There is no state outside of it. Layers, from the outside: `process` (environment, command
//! tree, usage errors), `commands` (one file each), `client` (clientv3: endpoints, deadlines,
//! retries, watches, leases, recipes), `printers` (one file per `-w` format). `pflag`, `cobra`,
//! `help`, `table` and `go` stand for the libraries whose texts show. `v2` is a tool of its own, which
//! shares little more than `go` with the rest. `memory` is a system for tests.
//!
//! Left out so far, and answered honestly when used: completion, transformers of `migrate`, DNS
//! discovery, and gRPC's own log lines under `--debug`.

mod client;
mod cobra;
mod commands;
mod data_dir;
mod endpoint;
mod exit;
pub mod files;
mod globals;
mod go;
mod help;
pub mod lines;
pub mod memory;
pub mod outline;
mod pflag;
mod printers;
mod process;
mod releases;
pub mod system;
mod table;
mod task;
mod tree;
mod tree_utl;
mod v2;

pub use files::{FileKind, Files};
pub use process::{run, run_etcdutl};
pub use system::{CallError, Ended, LocalFuture, Signal, Stream, System};
