//! Commands that the shell runs itself, since they touch its own state.

mod basic;
pub(crate) use basic::{run_list, run_text, wrong};
pub(crate) use echo::Spec;
mod echo;
mod jobs;
mod read;
mod recall;
mod test;
mod vars;

use std::future::Future;
use std::pin::Pin;

use crate::io::Io;
use crate::shell::{Flow, Run, Shell};

pub(crate) type Running<'a> = Pin<Box<dyn Future<Output = Run> + 'a>>;
pub(crate) type Builtin = for<'a> fn(&'a mut Shell, Vec<String>, &'a Io) -> Running<'a>;

/// The builtin of that name.
pub(crate) fn find(name: &str) -> Option<Builtin> {
    let builtin: Builtin = match name {
        ":" | "true" => |_, _, _| Box::pin(async { Ok(0) }),
        "false" => |_, _, _| Box::pin(async { Ok(1) }),
        "echo" => |s, a, io| Box::pin(echo::echo(s, a, io)),
        "printf" => |s, a, io| Box::pin(echo::printf(s, a, io)),
        "test" | "[" => |s, a, io| Box::pin(test::test(s, a, io)),
        "cd" => |s, a, io| Box::pin(basic::cd(s, a, io)),
        "pwd" => |s, a, io| Box::pin(basic::pwd(s, a, io)),
        "exit" => |s, a, io| Box::pin(basic::exit(s, a, io)),
        "return" => |s, a, io| Box::pin(basic::leave(s, a, io)),
        "break" | "continue" => |s, a, io| Box::pin(basic::leave_loop(s, a, io)),
        "type" | "which" | "command" => |s, a, io| Box::pin(basic::type_of(s, a, io)),
        "eval" => |s, a, io| Box::pin(basic::eval(s, a, io)),
        "source" | "." => |s, a, io| Box::pin(basic::source(s, a, io)),
        "read" => |s, a, io| Box::pin(read::read(s, a, io)),
        "history" => |s, a, io| Box::pin(recall::history(s, a, io)),
        "alias" => |s, a, io| Box::pin(recall::alias(s, a, io)),
        "unalias" => |s, a, io| Box::pin(recall::unalias(s, a, io)),
        "export" => |s, a, io| Box::pin(vars::export(s, a, io)),
        "unset" => |s, a, io| Box::pin(vars::unset(s, a, io)),
        "local" | "declare" => |s, a, io| Box::pin(vars::declare(s, a, io)),
        "set" => |s, a, io| Box::pin(vars::set(s, a, io)),
        "shift" => |s, a, io| Box::pin(vars::shift(s, a, io)),
        "wait" => |s, a, io| Box::pin(jobs::wait(s, a, io)),
        "jobs" => |s, a, io| Box::pin(jobs::jobs(s, a, io)),
        "kill" => |s, a, io| Box::pin(jobs::kill(s, a, io)),
        _ => return None,
    };
    Some(builtin)
}

/// Writes to standard output; a broken pipe ends the subshell as SIGPIPE would.
pub(crate) async fn out(io: &Io, bytes: &[u8]) -> Result<(), Flow> {
    match io.write(1, bytes).await {
        Err(crate::io::WriteError::BrokenPipe) => Err(Flow::Exit(141)),
        _ => Ok(()),
    }
}
