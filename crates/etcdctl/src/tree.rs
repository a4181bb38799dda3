//! The tree of commands with their flags: names, arguments and defaults are 3.4.23's, the
//! descriptions the lab's own words. The order is that of registration, which shows in suggestions.

use crate::cobra::Command;
use crate::commands::Run;
use crate::pflag::Kind::{Bool, Duration, Int, Slice, Text};
use crate::pflag::Spec;

const NONE: &[Spec] = &[];

/// A command without subcommands.
const fn plain(
    name: &'static str,
    usage: &'static str,
    short: &'static str,
    flags: &'static [Spec],
    run: Run,
) -> Command {
    Command { name, usage, short, long: "", flags, persistent: NONE, children: &[], run }
}

/// A command that the lab does not have yet.
const fn later(name: &'static str, short: &'static str) -> Command {
    plain(name, "", short, NONE, Run::NotYet)
}

/// A command that only holds others.
const fn group(
    name: &'static str,
    short: &'static str,
    persistent: &'static [Spec],
    children: &'static [Command],
) -> Command {
    let run = Run::Group;
    Command { name, usage: "<subcommand>", short, long: "", flags: NONE, persistent, children, run }
}

const GLOBAL: &[Spec] = &[
    Spec::new("endpoints", Slice, "127.0.0.1:2379", "where the members listen for clients"),
    Spec::new("debug", Bool, "false", "show what the client does"),
    Spec::new(
        "write-out",
        Text,
        "simple",
        "output format: fields, json, protobuf, simple or table",
    )
    .short('w'),
    Spec::new("hex", Bool, "false", "show keys and values as hexadecimal escapes"),
    Spec::new("dial-timeout", Duration, "2s", "time limit for opening a connection"),
    Spec::new(
        "command-timeout",
        Duration,
        "5s",
        "time limit for a command that is not meant to last",
    ),
    Spec::new("keepalive-time", Duration, "2s", "pause between pings on an idle connection"),
    Spec::new("keepalive-timeout", Duration, "6s", "how long to wait for the answer to a ping"),
    Spec::new("insecure-transport", Bool, "true", "connect without TLS"),
    Spec::new("insecure-discovery", Bool, "true", "take DNS records that name plain endpoints"),
    Spec::new("insecure-skip-tls-verify", Bool, "false", "do not check the server's certificate"),
    Spec::new("cert", Text, "", "file of the client's TLS certificate"),
    Spec::new("key", Text, "", "file of the key to that certificate"),
    Spec::new("cacert", Text, "", "file of the authorities that vouch for servers"),
    Spec::new("user", Text, "", "name[:password] to log in with"),
    Spec::new("password", Text, "", "password to log in with, apart from --user"),
    Spec::new("discovery-srv", Text, "", "domain whose DNS SRV records list the endpoints")
        .short('d'),
    Spec::new("discovery-srv-name", Text, "", "service name in those records"),
];

const GET: &[Spec] = &[
    Spec::new("consistency", Text, "l", "l: linearizable read, s: serializable read"),
    Spec::new("order", Text, "", "ASCEND or DESCEND"),
    Spec::new("sort-by", Text, "", "CREATE, KEY, MODIFY, VALUE or VERSION"),
    Spec::new("limit", Int, "0", "at most so many keys; 0 is all"),
    Spec::new("prefix", Bool, "false", "all keys that begin with KEY"),
    Spec::new("from-key", Bool, "false", "all keys from KEY on, in byte order"),
    Spec::new("rev", Int, "0", "read the store as of this revision"),
    Spec::new("keys-only", Bool, "false", "keys without their values"),
    Spec::new("print-value-only", Bool, "false", "values without their keys (simple format only)"),
];

const PUT: &[Spec] = &[
    Spec::new("lease", Text, "0", "id (hexadecimal) of the lease to attach the key to"),
    Spec::new("prev-kv", Bool, "false", "also show the pair as it was before"),
    Spec::new("ignore-value", Bool, "false", "keep the key's value"),
    Spec::new("ignore-lease", Bool, "false", "keep the key's lease"),
];

const DEL: &[Spec] = &[
    Spec::new("prefix", Bool, "false", "all keys that begin with KEY"),
    Spec::new("prev-kv", Bool, "false", "also show the deleted pairs"),
    Spec::new("from-key", Bool, "false", "all keys from KEY on, in byte order"),
];

const CLUSTER: &[Spec] =
    &[Spec::new("cluster", Bool, "false", "ask every member in the member list")];
const HASH_KV: &[Spec] =
    &[Spec::new("rev", Int, "0", "hash the store up to this revision; 0 is now")];

/// `etcdctl` itself.
pub(crate) static ROOT: Command = Command {
    name: "etcdctl",
    usage: "",
    short: "A simple command line client for etcd3.",
    long: "",
    flags: NONE,
    persistent: GLOBAL,
    children: COMMANDS,
    run: Run::Group,
};

const COMMANDS: &[Command] = &[
    plain("get", "[options] <key> [range_end]", "Reads a key or a range of keys", GET, Run::Get),
    Command {
        name: "put",
        usage: "[options] <key> <value> (<value> can also be given from stdin)",
        short: "Writes a key",
        long: PUT_LONG,
        flags: PUT,
        persistent: NONE,
        children: &[],
        run: Run::Put,
    },
    plain("del", "[options] <key> [range_end]", "Deletes a key or a range of keys", DEL, Run::Del),
    later("txn", "Runs compares and requests as one transaction"),
    later("compaction", "Drops the history before a revision"),
    group(
        "alarm",
        "Alarm related commands",
        NONE,
        &[later("disarm", "Clears all alarms"), later("list", "Shows the alarms that are raised")],
    ),
    later("defrag", "Gives free pages of a member's database back"),
    group(
        "endpoint",
        "Endpoint related commands",
        CLUSTER,
        &[
            plain("health", "", "Tells whether endpoints can commit", NONE, Run::EndpointHealth),
            Command {
                name: "status",
                usage: "",
                short: "Shows the state of the members behind endpoints",
                long: STATUS_LONG,
                flags: NONE,
                persistent: NONE,
                children: &[],
                run: Run::EndpointStatus,
            },
            plain(
                "hashkv",
                "",
                "Shows each endpoint's hash of its history",
                HASH_KV,
                Run::EndpointHashKv,
            ),
        ],
    ),
    later("move-leader", "Hands the leadership to another member"),
    later("watch", "Follows the changes of keys"),
    plain("version", "", "Shows the version of etcdctl", NONE, Run::Version),
    group(
        "lease",
        "Lease related commands",
        NONE,
        &[
            later("grant", "Makes a lease"),
            later("revoke", "Ends a lease and deletes its keys"),
            later("timetolive", "Shows what is left of a lease"),
            later("list", "Lists the leases that are alive"),
            later("keep-alive", "Renews a lease again and again"),
        ],
    ),
    group(
        "member",
        "Membership related commands",
        NONE,
        &[
            later("add", "Adds a member"),
            later("remove", "Removes a member"),
            later("update", "Changes the peer URLs of a member"),
            plain("list", "", "Lists the members", NONE, Run::MemberList),
            later("promote", "Makes a learner a voting member"),
        ],
    ),
    group(
        "snapshot",
        "Snapshot related commands",
        NONE,
        &[
            later("save", "Saves a member's database to a file"),
            later("restore", "Makes a data directory from a saved database"),
            later("status", "Describes a saved database"),
        ],
    ),
    later("make-mirror", "Copies keys to another cluster and keeps on copying"),
    later("migrate", "Brings keys from the v2 store over"),
    later("lock", "Holds a named lock"),
    later("elect", "Stands for a named election or watches one"),
    group(
        "auth",
        "Authentication related commands",
        NONE,
        &[later("enable", "Turns authentication on"), later("disable", "Turns authentication off")],
    ),
    group(
        "user",
        "User related commands",
        NONE,
        &[
            later("add", "Makes a user"),
            later("get", "Describes a user"),
            later("list", "Lists the users"),
            later("delete", "Deletes a user"),
            later("passwd", "Changes a user's password"),
            later("grant-role", "Gives a user a role"),
            later("revoke-role", "Takes a role from a user"),
        ],
    ),
    group(
        "role",
        "Role related commands",
        NONE,
        &[
            later("add", "Makes a role"),
            later("grant-permission", "Lets a role read or write keys"),
            later("get", "Describes a role"),
            later("list", "Lists the roles"),
            later("delete", "Deletes a role"),
            later("revoke-permission", "Takes keys from a role"),
        ],
    ),
    group(
        "check",
        "Commands that check a cluster",
        NONE,
        &[
            later("perf", "Measures how fast the cluster writes"),
            later("datascale", "Measures the memory that keys take"),
        ],
    ),
    plain("help", "[command]", "Describes a command", NONE, Run::Help),
    group(
        "completion",
        "Completion scripts for shells",
        NONE,
        &[
            later("bash", "Writes the script for bash"),
            later("zsh", "Writes the script for zsh"),
            later("fish", "Writes the script for fish"),
            later("powershell", "Writes the script for PowerShell"),
        ],
    ),
];

const PUT_LONG: &str = "\
Writes a key and prints OK.

A value that begins with a dash looks like a flag. Two dashes before it help:

$ put <key> -- <value>
$ put -- <key> <value>

Without a value on the command line, and without --ignore-value, the value is everything
on standard input:

$ cat file | put <key>";

const STATUS_LONG: &str = "\
The simple format prints one line per endpoint:
endpoint, ID, version, db size, is leader, is learner, raft term, raft index, raft applied index, errors.";
