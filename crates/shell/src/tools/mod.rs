//! The programs of the host, one per file, and how they are found and started.

mod awk;
mod base64;
mod cat;
mod curl;
mod cut;
mod diff;
mod edit;
pub(crate) mod etcd;
mod etcdctl;
mod files;
mod find;
mod go_files;
mod grep;
mod head;
#[cfg(feature = "jq")]
mod jq;
mod lab;
mod options;
mod ps;
mod regex;
mod run;
mod sed;
mod sort;
mod stat;
mod text;
mod watch;
mod xargs;

use proto::Profile;

use crate::interp;
use crate::process::{Exit, Process, Program};
use crate::shell::Shell;
pub(crate) use regex::finds;
pub(crate) use run::duration_us;

/// Programs that real machines have and this one has not. Their names answer
/// `NAME: not in this lab` with status 127 instead of pretending that they do not exist.
pub(crate) const NOT_IN_THIS_LAB: &[&str] = &[
    "apt",
    "apt-get",
    "bash-completion",
    "cargo",
    "chown",
    "crictl",
    "crontab",
    "ctr",
    "df",
    "dig",
    "docker",
    "emacs",
    "gcc",
    "git",
    "go",
    "helm",
    "htop",
    "ip",
    "journalctl",
    "ln",
    "lsof",
    "jq",
    "kubeadm",
    "kubectl",
    "kubelet",
    "make",
    "man",
    "md5sum",
    "mount",
    "nc",
    "netstat",
    "nslookup",
    "od",
    "openssl",
    "ping",
    "pip",
    "podman",
    "python",
    "python3",
    "rsync",
    "scp",
    "service",
    "ss",
    "ssh",
    "strace",
    "su",
    "sudo",
    "systemctl",
    "tar",
    "tcpdump",
    "tmux",
    "top",
    "tree",
    "wget",
    "yum",
];

/// The program of that name on a machine with this release of etcd.
pub(crate) fn find(name: &str, profile: Profile) -> Option<Program> {
    macro_rules! program {
        ($function:path) => {
            Some(|process| Box::pin($function(process)))
        };
    }
    match name {
        "awk" | "mawk" | "gawk" => program!(awk::awk),
        "base64" => program!(base64::base64),
        "xxd" | "hexdump" => program!(base64::dump),
        // What is printed stands in the console to be scrolled through.
        "cat" | "less" | "more" => program!(cat::cat),
        "tee" => program!(cat::tee),
        "cut" => program!(cut::cut),
        "paste" => program!(cut::paste),
        "tr" => program!(cut::tr),
        "curl" => program!(curl::curl),
        "diff" => program!(diff::diff),
        "vi" | "vim" | "nano" => program!(edit::edit),
        "find" => program!(find::find),
        "ps" => program!(ps::ps),
        "pgrep" | "pkill" => program!(ps::pgrep),
        "stat" => program!(stat::stat),
        "du" => program!(stat::du),
        "sha256sum" => program!(stat::sha256sum),
        "chmod" => program!(stat::chmod),
        "uname" | "id" | "nproc" => program!(stat::machine),
        "watch" => program!(watch::watch),
        "xargs" => program!(xargs::xargs),
        "etcd" => program!(etcd::etcd),
        "etcdctl" => program!(etcdctl::etcdctl),
        // It came with 3.5.
        "etcdutl" if profile >= Profile::V3_5 => program!(etcdctl::etcdutl),
        "ls" => program!(files::ls),
        "mkdir" => program!(files::mkdir),
        "rm" => program!(files::rm),
        "rmdir" => program!(files::rmdir),
        "cp" => program!(files::cp),
        "mv" => program!(files::mv),
        "touch" => program!(files::touch),
        "basename" | "dirname" => program!(files::name_part),
        "grep" | "egrep" | "fgrep" => program!(grep::grep),
        "head" => program!(head::head),
        "tail" => program!(head::tail),
        "wc" => program!(head::wc),
        #[cfg(feature = "jq")]
        "jq" => program!(jq::jq),
        "lab" => program!(lab::lab),
        "sh" | "bash" => program!(run::sh),
        "timeout" => program!(run::timeout),
        "env" => program!(run::env),
        "sleep" => program!(run::sleep),
        "date" => program!(run::date),
        "clear" | "hostname" | "whoami" => program!(run::small),
        "sed" => program!(sed::sed),
        "sort" => program!(sort::sort),
        "uniq" => program!(sort::uniq),
        "seq" => program!(text::seq),
        "rev" => program!(text::rev),
        "nl" => program!(text::nl),
        _ => None,
    }
}

/// Finds and runs a program to its exit status.
pub(crate) async fn run(process: Process) -> i32 {
    let name = process.name().to_string();
    let base = name.strip_prefix("/usr/bin/").or(name.strip_prefix("/bin/")).unwrap_or(&name);
    let Some(program) = find(base, process.sys.profile()) else {
        return missing(&process, &name).await;
    };
    let sys = process.sys.clone();
    process.proc.becomes(&process.args);
    Shell::start_cost(&sys).await;
    sys.fetch_data_dirs(&process.paths()).await;
    let ended = program(process).await;
    sys.return_data_dirs();
    match ended {
        Ok(status) | Err(Exit(status)) => status,
    }
}

/// Why a program cannot be started at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NotStarted {
    /// No such name in PATH.
    NotInPath,
    /// The path leads nowhere, or to no file: the C library's text.
    Path(crate::fs::FsError),
}

/// Whether the words of a process name something that [`run`] can start. The builtins of the shell
/// have programs of the same name beside them, as on real machines.
pub(crate) fn startable(process: &Process) -> Result<(), NotStarted> {
    let name = process.name();
    let base = name.strip_prefix("/usr/bin/").or(name.strip_prefix("/bin/")).unwrap_or(name);
    if find(base, process.sys.profile()).is_some() || NOT_IN_THIS_LAB.contains(&name) {
        return Ok(());
    }
    if !name.contains('/') {
        let builtin = crate::builtins::find(name).is_some();
        return if builtin { Ok(()) } else { Err(NotStarted::NotInPath) };
    }
    let node = process.sys.fs().node(&process.path(name));
    match node {
        Ok(crate::fs::Node::File(_)) => Ok(()),
        Ok(_) => Err(NotStarted::Path(crate::fs::DENIED)),
        Err(error) => Err(NotStarted::Path(error)),
    }
}

async fn missing(process: &Process, name: &str) -> i32 {
    if NOT_IN_THIS_LAB.contains(&name) {
        let _ = process.err(format!("{name}: not in this lab\n")).await;
        return 127;
    }
    if name.contains('/') {
        let path = process.path(name);
        let node = process.sys.fs().node(&path);
        let (error, status) = match node {
            Ok(crate::fs::Node::File(file)) => {
                let text = String::from_utf8_lossy(&file.borrow().bytes).into_owned();
                return interp_script(process, name, &text).await;
            }
            Ok(_) => (crate::fs::IS_DIRECTORY, 126),
            Err(error) => (error, 127),
        };
        let _ = process.err(format!("bash: {name}: {error}\n")).await;
        return status;
    }
    // A builtin's name, as in `env echo x` or `timeout 1 printf x`.
    if crate::builtins::find(name).is_some() {
        let mut shell = Shell::of(process);
        // Boxed, since a shell runs programs and this program runs a shell.
        let (args, io) = (process.args.clone(), process.io.clone());
        let run: std::pin::Pin<Box<dyn Future<Output = crate::shell::Run>>> =
            Box::pin(async move {
                let run = shell.run(args, &io).await;
                Ok(interp::finish(run, &shell))
            });
        return run.await.unwrap_or(1);
    }
    let _ = process.err(format!("bash: {name}: command not found\n")).await;
    127
}

/// `./script.sh`: the lab's files have no execute permission to check.
async fn interp_script(process: &Process, name: &str, text: &str) -> i32 {
    run::script(process, name, &process.args[1..], text).await
}
