//! The commands of the v2 tool with their flags: names, arguments, defaults and order are 3.4.23's,
//! the descriptions the lab's own words.

use super::cli::{Flag, Kind};

/// What a command does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Run {
    /// Holds subcommands; alone it prints its help.
    Group,
    Help,
    Backup,
    ClusterHealth,
    Mk,
    MkDir,
    Rm,
    RmDir,
    Get,
    Ls,
    Set,
    SetDir,
    Update,
    UpdateDir,
    Watch,
    ExecWatch,
    MemberList,
    MemberAdd,
    MemberRemove,
    MemberUpdate,
    UserAdd,
    UserGet,
    UserList,
    UserRemove,
    UserGrant,
    UserRevoke,
    UserPasswd,
    RoleAdd,
    RoleGet,
    RoleList,
    RoleRemove,
    RoleGrant,
    RoleRevoke,
    AuthEnable,
    AuthDisable,
}

/// A command of the tree.
#[derive(Debug)]
pub(super) struct Command {
    pub(super) name: &'static str,
    /// A second name, or nothing.
    pub(super) alias: &'static str,
    /// What follows the name on the usage line.
    pub(super) usage: &'static str,
    /// One line.
    pub(super) short: &'static str,
    /// Paragraphs, or nothing.
    pub(super) long: &'static str,
    pub(super) flags: &'static [Flag],
    pub(super) children: &'static [Command],
    pub(super) run: Run,
}

/// A command by one of its names; only the help command has two.
pub(super) fn find(commands: &'static [Command], name: &str) -> Option<&'static Command> {
    commands
        .iter()
        .find(|command| command.name == name || (!name.is_empty() && command.alias == name))
}

const fn command(
    name: &'static str,
    usage: &'static str,
    short: &'static str,
    flags: &'static [Flag],
    run: Run,
) -> Command {
    Command { name, alias: "", usage, short, long: "", flags, children: &[], run }
}

const fn group(name: &'static str, short: &'static str, children: &'static [Command]) -> Command {
    Command { children, ..command(name, "", short, &[], Run::Group) }
}

const fn flag(name: &'static str, kind: Kind, default: &'static str, usage: &'static str) -> Flag {
    Flag { name, alias: "", kind, default, usage }
}

const fn switch(name: &'static str, alias: &'static str, usage: &'static str) -> Flag {
    Flag { alias, ..flag(name, Kind::Bool, "", usage) }
}

const fn text(name: &'static str, alias: &'static str, usage: &'static str) -> Flag {
    Flag { alias, ..flag(name, Kind::Text, "", usage) }
}

/// The help command, of which every group has one that it does not list.
pub(super) const HELP: Command = Command {
    alias: "h",
    ..command("help", "[command]", "show all commands, or the help of one", &[], Run::Help)
};

/// The flags before the command.
pub(super) const GLOBAL: &[Flag] = &[
    switch("debug", "", "show each request as a curl command"),
    switch("no-sync", "", "use the endpoints as given, without asking for the list of members"),
    Flag {
        alias: "o",
        ..flag("output", Kind::Text, "simple", "output format: `simple`, extended or json")
    },
    text("discovery-srv", "D", "domain whose DNS SRV records list the endpoints"),
    switch("insecure-discovery", "", "take DNS records that name plain endpoints"),
    text("peers", "C", "old name of --endpoints"),
    text("endpoint", "", "old name of --endpoints"),
    text("endpoints", "", "URLs of members, with commas between them"),
    text("cert-file", "", "file of the client's TLS certificate"),
    text("key-file", "", "file of the key to that certificate"),
    text("ca-file", "", "file of the authorities that vouch for servers"),
    text("username", "u", "name[:password] to log in with; without a password it is asked for"),
    flag("timeout", Kind::Duration, "2s", "time limit for the answer to one request"),
    flag("total-timeout", Kind::Duration, "5s", "time limit for a command that is not a watch"),
    switch(VERSION, "v", "show the version"),
];

/// The flag that stands after `--help` in the help.
pub(super) const VERSION: &str = "version";

const TTL: Flag = flag("ttl", Kind::Int, "0", "lifetime in seconds; 0 is forever");
const QUORUM: Flag = switch("quorum", "q", "read through a majority of the members");
const SORT: Flag = switch("sort", "", "in the order of names");
const AFTER_INDEX: Flag =
    flag("after-index", Kind::Int, "0", "begin with the first event after this index; 0 is now");
const RECURSIVE: Flag = switch("recursive", "r", "also everything below the key");
const ROLES: &[Flag] = &[flag("roles", Kind::Texts, "", "a role; may be given several times")];
const PERMISSION: &[Flag] = &[
    text("path", "", "the path that the permission is for; a star at its end is a prefix"),
    switch("read", "", "permission to read"),
    switch("write", "", "permission to write"),
    switch("readwrite", "rw", "permission to read and to write"),
];

const MEMBER: &[Command] = &[
    command("list", " ", "list the members of the cluster", &[], Run::MemberList),
    command("add", "<name> <peerURL>", "add a member to the cluster", &[], Run::MemberAdd),
    command("remove", "<memberID>", "remove a member from the cluster", &[], Run::MemberRemove),
    command(
        "update",
        "<memberID> <peerURLs>",
        "change a member's peer URLs",
        &[],
        Run::MemberUpdate,
    ),
];

const USER: &[Command] = &[
    command("add", "<user>", "add a user", &[], Run::UserAdd),
    command("get", "<user>", "show a user's roles", &[], Run::UserGet),
    command("list", "<user>", "list all users", &[], Run::UserList),
    command("remove", "<user>", "remove a user", &[], Run::UserRemove),
    command("grant", "<user>", "give roles to a user", ROLES, Run::UserGrant),
    command("revoke", "<user>", "take roles from a user", ROLES, Run::UserRevoke),
    command("passwd", "<user>", "change a user's password", &[], Run::UserPasswd),
];

const ROLE: &[Command] = &[
    command("add", "<role> ", "add a role", &[], Run::RoleAdd),
    command("get", "<role>", "show a role's permissions", &[], Run::RoleGet),
    command("list", " ", "list all roles", &[], Run::RoleList),
    command("remove", "<role>", "remove a role", &[], Run::RoleRemove),
    command("grant", "<role>", "give a role a permission", PERMISSION, Run::RoleGrant),
    command("revoke", "<role>", "take a permission from a role", PERMISSION, Run::RoleRevoke),
];

const AUTH: &[Command] = &[
    command("enable", " ", "ask for logins from now on", &[], Run::AuthEnable),
    command("disable", " ", "ask for no logins any more", &[], Run::AuthDisable),
];

/// The commands in the order of the help.
pub(super) const COMMANDS: &[Command] = &[
    command(
        "backup",
        " ",
        "copy a data directory under a new identity",
        &[
            text("data-dir", "", "data directory to copy"),
            text("wal-dir", "", "its WAL directory, if that is elsewhere"),
            text("backup-dir", "", "data directory to make"),
            text("backup-wal-dir", "", "its WAL directory, if that is to be elsewhere"),
            switch("with-v3", "", "also copy the v3 store"),
        ],
        Run::Backup,
    ),
    command(
        "cluster-health",
        " ",
        "ask every member for its health",
        &[switch("forever", "f", "every 10 seconds, until Ctrl-C")],
        Run::ClusterHealth,
    ),
    command(
        "mk",
        "<key> <value>",
        "make a key that does not exist",
        &[switch("in-order", "", "make a key with the next number in directory <key>"), TTL],
        Run::Mk,
    ),
    command("mkdir", "<key>", "make a directory that does not exist", &[TTL], Run::MkDir),
    command(
        "rm",
        "<key>",
        "remove a key or a directory",
        &[
            switch("dir", "", "also an empty directory"),
            switch("recursive", "r", "also a directory, with everything in it"),
            text("with-value", "", "only if this is its value"),
            flag("with-index", Kind::Int, "0", "only if it was last changed at this index"),
        ],
        Run::Rm,
    ),
    command("rmdir", "<key>", "remove a key or an empty directory", &[], Run::RmDir),
    command("get", "<key>", "show the value of a key", &[SORT, QUORUM], Run::Get),
    command(
        "ls",
        "[key]",
        "list a directory",
        &[SORT, RECURSIVE, switch("p", "", "write a slash after directories"), QUORUM],
        Run::Ls,
    ),
    Command {
        long: "A <value> that looks like a flag needs '--' before it:\n\n   $ set -- <key> <value>",
        ..command(
            "set",
            "<key> <value>",
            "set the value of a key",
            &[
                TTL,
                text("swap-with-value", "", "only if this is its value"),
                flag(
                    "swap-with-index",
                    Kind::Int,
                    "0",
                    "only if it was last changed at this index",
                ),
            ],
            Run::Set,
        )
    },
    command("setdir", "<key>", "make a directory", &[TTL], Run::SetDir),
    command("update", "<key> <value>", "set the value of a key that exists", &[TTL], Run::Update),
    command(
        "updatedir",
        "<key> <value>",
        "set the lifetime of a directory that exists",
        &[TTL],
        Run::UpdateDir,
    ),
    command(
        "watch",
        "<key>",
        "wait for a change and show it",
        &[switch("forever", "f", "show changes until Ctrl-C"), AFTER_INDEX, RECURSIVE],
        Run::Watch,
    ),
    command(
        "exec-watch",
        "<key> <command> [args...]",
        "run a program at every change",
        &[AFTER_INDEX, RECURSIVE],
        Run::ExecWatch,
    ),
    group("member", "the members of the cluster", MEMBER),
    group("user", "users and their roles", USER),
    group("role", "roles and their permissions", ROLE),
    group("auth", "whether logins are asked for", AUTH),
    HELP,
];
