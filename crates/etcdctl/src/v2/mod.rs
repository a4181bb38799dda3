//! etcdctl with `ETCDCTL_API=2` (`etcdctl/ctlv2` of release 3.4, client/v2 beneath it): one process of
//! that tool, as 3.4.23 and 3.5.1 carry it.
//!
//! Layers, from the outside: `cli`, `tree` and `help` (what urfave/cli v1 does with words), `context`
//! (flags, variables, endpoints, errors), the commands (one file per family), `keys` (what requests
//! and answers of `/v2/keys` mean), `http` (client/v2: endpoints, failover, time limits), `show`
//! (formats). Left out: DNS discovery, redirects (members send none), and the complaints of stty
//! when a password is read from something that is no terminal.

mod auth;
pub(crate) mod backup;
mod cli;
mod context;
mod health;
mod help;
mod http;
mod keys;
mod member;
pub(crate) mod outline;
mod path;
mod role;
mod show;
mod store;
mod tree;
mod user;
mod watch;

use cli::Parsed;
use context::{Context, Outcome};
use help::{Form, help};
use tree::{COMMANDS, Command, GLOBAL, Run};

use crate::system::System;

/// Runs `etcdctl ARGS...` to its end and returns its exit status: 0, 1 (usage, users, roles,
/// members), 2 (no connection), 3 (no such command), 4 (server error), 5 (cluster not healthy), 128
/// (wrong arguments, from 3.5 on).
pub(crate) async fn run(system: &dyn System, args: &[String]) -> i32 {
    let global = Parsed::in_order(GLOBAL, args);
    match walk(system, global).await {
        Ok(()) => 0,
        Err(code) => code,
    }
}

/// Goes down the tree to a command and runs it.
async fn walk(system: &dyn System, global: Parsed) -> Outcome {
    let mut place = Place { system, path: Vec::new() };
    place.accept(&global, Form::App)?;
    if global.bool(tree::VERSION) {
        let version = system.profile().version();
        place.print(&format!("etcdctl version: {version}\nAPI version: 2\n"));
        return Ok(());
    }
    let mut words = global.args.clone();
    loop {
        let Some((name, rest)) = words.split_first() else {
            let form = if place.path.is_empty() { Form::App } else { Form::Group };
            return place.help(form);
        };
        let Some(command) = place.child(name) else { return place.topic(name) };
        place.path.push(command);
        if command.run == Run::Group {
            let parsed = Parsed::in_order(&[], rest);
            place.accept(&parsed, Form::Group)?;
            words = parsed.args;
            continue;
        }
        let local = Parsed::of_command(command.flags, rest, system.profile());
        place.accept(&local, Form::Command)?;
        if command.run == Run::Help {
            place.path.pop();
            return match local.args.first() {
                Some(topic) => place.topic(topic),
                None => place.help(Form::App),
            };
        }
        return carry_out(Context { system, run: command.run, global, local }).await;
    }
}

async fn carry_out(context: Context<'_>) -> Outcome {
    let context = &context;
    match context.run {
        Run::Group | Run::Help => Ok(()),
        Run::Backup => backup::run(context),
        Run::ClusterHealth => health::run(context).await,
        Run::Watch => watch::show(context).await,
        Run::ExecWatch => watch::execute(context).await,
        Run::MemberList => member::list(context).await,
        Run::MemberAdd => member::add(context).await,
        Run::MemberRemove => member::remove(context).await,
        Run::MemberUpdate => member::update(context).await,
        Run::UserList => user::list(context).await,
        Run::UserGet => user::get(context).await,
        Run::UserAdd | Run::UserRemove | Run::UserPasswd => user::change(context).await,
        Run::UserGrant | Run::UserRevoke => user::grant_or_revoke(context).await,
        Run::RoleList => role::list(context).await,
        Run::RoleGet => role::get(context).await,
        Run::RoleAdd | Run::RoleRemove => role::add_or_remove(context).await,
        Run::RoleGrant | Run::RoleRevoke => role::grant_or_revoke(context).await,
        Run::AuthEnable | Run::AuthDisable => auth::run(context).await,
        _ => store::run(context).await,
    }
}

/// Where in the tree the words have led: the tool itself, a group or a command.
struct Place<'a> {
    system: &'a dyn System,
    path: Vec<&'static Command>,
}

impl Place<'_> {
    fn print(&self, text: &str) {
        self.system.print(false, text.as_bytes());
    }

    /// A command here, or the help command that every group has.
    fn child(&self, name: &str) -> Option<&'static Command> {
        let children = self.path.last().map_or(COMMANDS, |group| group.children);
        tree::find(children, name).or_else(|| tree::find(&[tree::HELP], name))
    }

    fn help(&self, form: Form) -> Outcome {
        self.print(&help(&self.path, form, self.system.profile()));
        Ok(())
    }

    /// The help of a command here; an empty name is this place itself.
    fn topic(&self, name: &str) -> Outcome {
        if name.is_empty() {
            return self.help(Form::Group);
        }
        let Some(command) = self.child(name) else {
            self.system.print(true, format!("No help topic for '{name}'\n").as_bytes());
            return Err(3);
        };
        let path = [&self.path[..], &[command]].concat();
        self.print(&help(&path, Form::Command, self.system.profile()));
        Ok(())
    }

    /// Ends with the help where the words are wrong or ask for it.
    fn accept(&self, parsed: &Parsed, form: Form) -> Outcome {
        let (error, twice) = (parsed.error.as_ref(), parsed.twice.as_ref());
        // Only a command looks for mistakes before it looks for names given twice.
        let wrong = if form == Form::Command { error.or(twice) } else { twice.or(error) };
        if let Some(wrong) = wrong {
            self.print(&match form {
                Form::Command => format!("Incorrect Usage: {wrong}\n\n"),
                _ if twice.is_none() => format!("Incorrect Usage. {wrong}\n\n"),
                Form::App => format!("{wrong}\n"),
                Form::Group => format!("{wrong}\n\n"),
            });
            self.help(form)?;
            self.system.print(true, format!("{wrong}\n").as_bytes());
            return Err(1);
        }
        if parsed.bool("help") {
            self.help(form)?;
            return Err(0);
        }
        Ok(())
    }
}
