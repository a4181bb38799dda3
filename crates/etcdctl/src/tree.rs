//! The tree of commands with their flags: names, arguments and defaults are 3.4.23's, the
//! descriptions the lab's own words. The order is that of registration, which shows in suggestions.

use proto::Profile;

use crate::cobra::Command;
use crate::commands::Run;
use crate::pflag::Kind::{Bool, Duration, Int, Slice, Text};
use crate::pflag::Spec;
use crate::releases::Releases;

const NONE: &[Spec] = &[];

/// A command without subcommands.
pub(crate) const fn plain(
    name: &'static str,
    usage: &'static str,
    short: &'static str,
    flags: &'static [Spec],
    run: Run,
) -> Command {
    Command {
        name,
        usage,
        short,
        long: "",
        flags,
        persistent: NONE,
        children: &[],
        run,
        releases: Releases::ALL,
    }
}

/// A command that the lab does not have yet.
pub(crate) const fn later(name: &'static str, short: &'static str) -> Command {
    plain(name, "", short, NONE, Run::NotYet)
}

/// A command that only holds others.
pub(crate) const fn group(
    name: &'static str,
    short: &'static str,
    persistent: &'static [Spec],
    children: &'static [Command],
) -> Command {
    let run = Run::Group;
    let usage = "<subcommand>";
    Command {
        name,
        usage,
        short,
        long: "",
        flags: NONE,
        persistent,
        children,
        run,
        releases: Releases::ALL,
    }
}

impl Command {
    pub(crate) const fn since(mut self, first: Profile) -> Self {
        self.releases = self.releases.since(first);
        self
    }

    pub(crate) const fn until(mut self, last: Profile) -> Self {
        self.releases = self.releases.until(last);
        self
    }
}

const RESTORE: &[Spec] = &[
    Spec::new("data-dir", Text, "", "where the directory goes"),
    WAL_DIR,
    INITIAL_CLUSTER,
    INITIAL_CLUSTER_TOKEN,
    INITIAL_ADVERTISE,
    NAME,
    SKIP_HASH_CHECK,
];
pub(crate) const WAL_DIR: Spec =
    Spec::new("wal-dir", Text, "", "where the log goes, if not into it");
pub(crate) const INITIAL_CLUSTER: Spec = Spec::new(
    "initial-cluster",
    Text,
    "default=http://localhost:2380",
    "all members of the new cluster",
);
pub(crate) const INITIAL_CLUSTER_TOKEN: Spec =
    Spec::new("initial-cluster-token", Text, "etcd-cluster", "what tells clusters apart");
pub(crate) const INITIAL_ADVERTISE: Spec = Spec::new(
    "initial-advertise-peer-urls",
    Text,
    "http://localhost:2380",
    "where this member listens for its peers",
);
pub(crate) const NAME: Spec = Spec::new("name", Text, "default", "this member's name");
pub(crate) const SKIP_HASH_CHECK: Spec =
    Spec::new("skip-hash-check", Bool, "false", "take a file without a sum, or with a wrong one");

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
    Spec::new("password", Text, "", "password to log in with, apart from --user")
        .since(Profile::V3_4),
    Spec::new("discovery-srv", Text, "", "domain whose DNS SRV records list the endpoints")
        .short('d'),
    Spec::new("discovery-srv-name", Text, "", "service name in those records").since(Profile::V3_4),
    Spec::new("max-request-bytes", Int, "0", "largest request to send, in bytes; 0 is 2 MiB")
        .since(Profile::V3_6),
    Spec::new("max-recv-bytes", Int, "0", "largest answer to take, in bytes; 0 is no limit")
        .since(Profile::V3_6),
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
    Spec::new("count-only", Bool, "false", "only how many there are (fields format only)")
        .since(Profile::V3_5),
    Spec::new("min-create-rev", Int, "0", "only keys made at this revision or later")
        .since(Profile::V3_6),
    Spec::new("max-create-rev", Int, "0", "only keys made at this revision or before")
        .since(Profile::V3_6),
    Spec::new("min-mod-rev", Int, "0", "only keys changed last at this revision or later")
        .since(Profile::V3_6),
    Spec::new("max-mod-rev", Int, "0", "only keys changed last at this revision or before")
        .since(Profile::V3_6),
    Spec::new("print-value-only", Bool, "false", "values without their keys (simple format only)"),
];

const PUT: &[Spec] = &[
    Spec::new("lease", Text, "0", "id (hexadecimal) of the lease to attach the key to"),
    Spec::new("prev-kv", Bool, "false", "also show the pair as it was before"),
    Spec::new("ignore-value", Bool, "false", "keep the key's value"),
    Spec::new("ignore-lease", Bool, "false", "keep the key's lease"),
];

const DEL: &[Spec] = &[
    Spec::new("range", Bool, "false", "delete all keys from KEY up to END, and do not ask")
        .since(Profile::V3_6),
    Spec::new("prefix", Bool, "false", "all keys that begin with KEY"),
    Spec::new("prev-kv", Bool, "false", "also show the deleted pairs"),
    Spec::new("from-key", Bool, "false", "all keys from KEY on, in byte order"),
];

const TXN: &[Spec] =
    &[Spec::new("interactive", Bool, "false", "prompt for each section").short('i')];

const COMPACTION: &[Spec] =
    &[Spec::new("physical", Bool, "false", "wait until the old revisions are off the disk")];

const DEFRAG: &[Spec] = &[
    Spec::new("cluster", Bool, "false", "do it on every member in the member list"),
    Spec::new("data-dir", Text, "", "data directory of a member that is not running")
        .until(Profile::V3_5),
];

/// Also of the lines of `watch -i`.
pub(crate) const WATCH: &[Spec] = &[
    Spec::new("interactive", Bool, "false", "take watches line by line").short('i'),
    Spec::new("prefix", Bool, "false", "all keys that begin with KEY"),
    Spec::new("rev", Int, "0", "begin at this revision; 0 is now"),
    Spec::new("prev-kv", Bool, "false", "also show the pairs as they were before"),
    Spec::new("progress-notify", Bool, "false", "show now and then how far the server is")
        .since(Profile::V3_5),
];

const TIME_TO_LIVE: &[Spec] =
    &[Spec::new("keys", Bool, "false", "also show the keys that the lease holds")];
const KEEP_ALIVE: &[Spec] =
    &[Spec::new("once", Bool, "false", "renew once and show what is left then")];

const MEMBER_ADD: &[Spec] = &[
    Spec::new("peer-urls", Text, "", "where the new member listens for its peers"),
    Spec::new("learner", Bool, "false", "add it without a vote").since(Profile::V3_4),
];
const MEMBER_UPDATE: &[Spec] =
    &[Spec::new("peer-urls", Text, "", "where the member listens for its peers from now on")];

const MEMBER_LIST: &[Spec] =
    &[Spec::new("consistency", Text, "l", "l: linearizable read, s: this member's own view")
        .since(Profile::V3_6)];

const LOCK: &[Spec] = &[Spec::new("ttl", Int, "10", "seconds that the lock outlives its holder")];
const ELECT: &[Spec] = &[Spec::new("listen", Bool, "false", "only show who leads").short('l')];

const USER_ADD: &[Spec] = &[
    Spec::new("interactive", Bool, "true", "ask for the password instead of reading it"),
    Spec::new("new-user-password", Text, "", "the password").since(Profile::V3_4),
    Spec::new("no-password", Bool, "false", "a user who logs in with a certificate only")
        .since(Profile::V3_4),
];
const USER_GET: &[Spec] = &[Spec::new("detail", Bool, "false", "also what the roles may do")];
const PASSWORD: &[Spec] =
    &[Spec::new("interactive", Bool, "true", "ask for the password instead of reading it")];
const RANGE: &[Spec] = &[
    Spec::new("prefix", Bool, "false", "all keys that begin with KEY"),
    Spec::new("from-key", Bool, "false", "all keys from KEY on, in byte order"),
];
const LOAD: Spec = Spec::new("load", Text, "s", "s(mall), m(edium), l(arge) or xl(xLarge)");
const AUTO_COMPACT: Spec = Spec::new("auto-compact", Bool, "false", "drop the history afterwards");
const AUTO_DEFRAG: Spec =
    Spec::new("auto-defrag", Bool, "false", "give free pages back afterwards");
const CHECK_PERF: &[Spec] = &[
    LOAD,
    Spec::new("prefix", Text, "/etcdctl-check-perf/", "what the keys that are written begin with"),
    AUTO_COMPACT,
    AUTO_DEFRAG,
];
const CHECK_DATASCALE: &[Spec] = &[
    LOAD,
    Spec::new(
        "prefix",
        Text,
        "/etcdctl-check-datascale/",
        "what the keys that are written begin with",
    ),
    AUTO_COMPACT,
    AUTO_DEFRAG,
];

const MAKE_MIRROR: &[Spec] = &[
    Spec::new("prefix", Text, "", "only the keys that begin so"),
    Spec::new("dest-prefix", Text, "", "what stands there in place of the prefix"),
    Spec::new("no-dest-prefix", Bool, "false", "nothing stands there in place of the prefix"),
    Spec::new("rev", Int, "0", "copy only what has changed from this revision on")
        .since(Profile::V3_6),
    Spec::new("max-txn-ops", Int, "128", "at most so many changes in one transaction there")
        .since(Profile::V3_6),
    Spec::new("dest-cert", Text, "", "file of the certificate to show there"),
    Spec::new("dest-key", Text, "", "file of the key to that certificate"),
    Spec::new("dest-cacert", Text, "", "file of the authorities that vouch for the servers there"),
    Spec::new("dest-insecure-transport", Bool, "true", "connect there without TLS"),
    Spec::new("dest-user", Text, "", "name[:password] to log in with there").since(Profile::V3_5),
    Spec::new("dest-password", Text, "", "password to log in with there, apart from --dest-user")
        .since(Profile::V3_5),
];

const MIGRATE: &[Spec] = &[
    Spec::new("no-ttl", Bool, "false", "leave out the keys that expire"),
    Spec::new("data-dir", Text, "", "data directory of a member that is not running"),
    Spec::new("wal-dir", Text, "", "where its log is, if not in there"),
    Spec::new("transformer", Text, "", "program that turns the keys into others"),
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
    releases: Releases::ALL,
};

/// What a line of `txn` may begin with.
pub(crate) static OPERATIONS: Command = Command {
    name: "",
    usage: "",
    short: "",
    long: "",
    flags: NONE,
    persistent: NONE,
    children: &[GET_COMMAND, PUT_COMMAND, DEL_COMMAND],
    run: Run::Group,
    releases: Releases::ALL,
};

const GET_COMMAND: Command =
    plain("get", "[options] <key> [range_end]", "Reads a key or a range of keys", GET, Run::Get);
const PUT_COMMAND: Command = Command {
    name: "put",
    usage: "[options] <key> <value> (<value> can also be given from stdin)",
    short: "Puts the given key into the store",
    long: PUT_LONG,
    flags: PUT,
    persistent: NONE,
    children: &[],
    run: Run::Put,
    releases: Releases::ALL,
};
const DEL_COMMAND: Command =
    plain("del", "[options] <key> [range_end]", "Deletes a key or a range of keys", DEL, Run::Del);

const COMMANDS: &[Command] = &[
    GET_COMMAND,
    PUT_COMMAND,
    DEL_COMMAND,
    Command {
        name: "txn",
        usage: "[options]",
        short: "Runs compares and requests as one transaction",
        long: TXN_LONG,
        flags: TXN,
        persistent: NONE,
        children: &[],
        run: Run::Txn,
        releases: Releases::ALL,
    },
    plain(
        "compaction",
        "[options] <revision>",
        "Drops the history before a revision",
        COMPACTION,
        Run::Compaction,
    ),
    group(
        "alarm",
        "Alarm related commands",
        NONE,
        &[
            plain("disarm", "", "Clears all alarms", NONE, Run::AlarmDisarm),
            plain("list", "", "Shows the alarms that are raised", NONE, Run::AlarmList),
        ],
    ),
    plain("defrag", "", "Gives free pages of a member's database back", DEFRAG, Run::Defrag),
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
                releases: Releases::ALL,
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
    plain(
        "move-leader",
        "<transferee-member-id>",
        "Hands the leadership to another member",
        NONE,
        Run::MoveLeader,
    ),
    plain(
        "watch",
        "[options] [key or prefix] [range_end] [--] [exec-command arg1 arg2 ...]",
        "Follows the changes of keys",
        WATCH,
        Run::Watch,
    ),
    plain("version", "", "Shows the version of etcdctl", NONE, Run::Version),
    group(
        "lease",
        "Lease related commands",
        NONE,
        &[
            plain("grant", "<ttl>", "Makes a lease", NONE, Run::LeaseGrant),
            plain(
                "revoke",
                "<leaseID>",
                "Ends a lease and deletes its keys",
                NONE,
                Run::LeaseRevoke,
            ),
            plain(
                "timetolive",
                "<leaseID> [options]",
                "Shows what is left of a lease",
                TIME_TO_LIVE,
                Run::LeaseTimeToLive,
            ),
            plain("list", "", "Lists the leases that are alive", NONE, Run::LeaseList),
            plain(
                "keep-alive",
                "[options] <leaseID>",
                "Renews a lease again and again",
                KEEP_ALIVE,
                Run::LeaseKeepAlive,
            ),
        ],
    ),
    group(
        "member",
        "Membership related commands",
        NONE,
        &[
            plain("add", "<memberName> [options]", "Adds a member", MEMBER_ADD, Run::MemberAdd),
            plain("remove", "<memberID>", "Removes a member", NONE, Run::MemberRemove),
            plain(
                "update",
                "<memberID> [options]",
                "Changes the peer URLs of a member",
                MEMBER_UPDATE,
                Run::MemberUpdate,
            ),
            plain("list", "", "Lists the members", MEMBER_LIST, Run::MemberList),
            plain(
                "promote",
                "<memberID>",
                "Makes a learner a voting member",
                NONE,
                Run::MemberPromote,
            )
            .since(Profile::V3_4),
        ],
    ),
    group(
        "snapshot",
        "Manages etcd node snapshots",
        NONE,
        &[
            plain(
                "save",
                "<filename>",
                "Saves a member's database to a file",
                NONE,
                Run::SnapshotSave,
            ),
            plain("status", "<filename>", "Describes a saved database", NONE, Run::SnapshotStatus)
                .until(Profile::V3_5),
            plain(
                "restore",
                "<filename> [options]",
                "Makes a data directory from a saved database",
                RESTORE,
                Run::SnapshotRestore,
            )
            .until(Profile::V3_5),
        ],
    ),
    plain(
        "make-mirror",
        "[options] <destination>",
        "Copies keys to another cluster and keeps on copying",
        MAKE_MIRROR,
        Run::MakeMirror,
    ),
    plain("migrate", "", "Brings keys from the v2 store over", MIGRATE, Run::Migrate)
        .until(Profile::V3_4),
    plain("lock", "<lockname> [exec-command arg1 arg2 ...]", "Holds a named lock", LOCK, Run::Lock),
    plain(
        "elect",
        "<election-name> [proposal]",
        "Stands for a named election or watches one",
        ELECT,
        Run::Elect,
    ),
    group(
        "auth",
        "Authentication related commands",
        NONE,
        &[
            plain("enable", "", "Turns authentication on", NONE, Run::AuthEnable),
            plain("disable", "", "Turns authentication off", NONE, Run::AuthDisable),
            plain("status", "", "Tells whether authentication is on", NONE, Run::AuthStatus)
                .since(Profile::V3_5),
        ],
    ),
    group(
        "user",
        "User related commands",
        NONE,
        &[
            plain(
                "add",
                "<user name or user:password> [options]",
                "Makes a user",
                USER_ADD,
                Run::UserAdd,
            ),
            plain("delete", "<user name>", "Deletes a user", NONE, Run::UserDelete),
            plain("get", "<user name> [options]", "Describes a user", USER_GET, Run::UserGet),
            plain("list", "", "Lists the users", NONE, Run::UserList),
            plain(
                "passwd",
                "<user name> [options]",
                "Changes a user's password",
                PASSWORD,
                Run::UserPassword,
            ),
            plain(
                "grant-role",
                "<user name> <role name>",
                "Gives a user a role",
                NONE,
                Run::UserGrant,
            ),
            plain(
                "revoke-role",
                "<user name> <role name>",
                "Takes a role from a user",
                NONE,
                Run::UserRevoke,
            ),
        ],
    ),
    group(
        "role",
        "Role related commands",
        NONE,
        &[
            plain("add", "<role name>", "Makes a role", NONE, Run::RoleAdd),
            plain("delete", "<role name>", "Deletes a role", NONE, Run::RoleDelete),
            plain("get", "<role name>", "Describes a role", NONE, Run::RoleGet),
            plain("list", "", "Lists the roles", NONE, Run::RoleList),
            plain(
                "grant-permission",
                "[options] <role name> <permission type> <key> [endkey]",
                "Lets a role read or write keys",
                RANGE,
                Run::RoleGrant,
            ),
            plain(
                "revoke-permission",
                "<role name> <key> [endkey]",
                "Takes keys from a role",
                RANGE,
                Run::RoleRevoke,
            ),
        ],
    ),
    group(
        "check",
        "commands for checking properties of the etcd cluster",
        NONE,
        &[
            plain(
                "perf",
                "[options]",
                "Measures how fast the cluster writes",
                CHECK_PERF,
                Run::CheckPerf,
            ),
            plain(
                "datascale",
                "[options]",
                "Measures the memory that keys take",
                CHECK_DATASCALE,
                Run::CheckDatascale,
            ),
        ],
    ),
    group(
        "downgrade",
        "Downgrade related commands",
        NONE,
        &[
            plain(
                "validate",
                "<TARGET_VERSION>",
                "Tells whether the cluster could go back to a release",
                NONE,
                Run::DowngradeValidate,
            ),
            plain(
                "enable",
                "<TARGET_VERSION>",
                "Lets the members go back to a release",
                NONE,
                Run::DowngradeEnable,
            ),
            plain("cancel", "", "Ends a downgrade that is under way", NONE, Run::DowngradeCancel),
        ],
    )
    .since(Profile::V3_6),
    plain("help", "[command]", "Describes a command", NONE, Run::Help),
    // The recorded build of 3.4 has it, 3.5.1's has not.
    COMPLETION.since(Profile::V3_4).until(Profile::V3_4),
    COMPLETION.since(Profile::V3_6),
];

const COMPLETION: Command = group(
    "completion",
    "Completion scripts for shells",
    NONE,
    &[
        later("bash", "Writes the script for bash"),
        later("zsh", "Writes the script for zsh"),
        later("fish", "Writes the script for fish"),
        later("powershell", "Writes the script for PowerShell"),
    ],
);

const TXN_LONG: &str = "\
Reads from standard input, each section up to an empty line:

compares, such as  mod(\"key1\") > \"0\"  (value, version, create, mod; = != < >),
requests for when all compares hold, such as  put key1 \"some value\"  (get, put, del),
requests for when one does not.";

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
