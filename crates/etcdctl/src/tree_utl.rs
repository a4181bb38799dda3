//! The tree of etcdutl's commands with their flags (`etcdutl/etcdutl`): names, arguments and defaults are
//! those of 3.5.1 and of 3.6, the descriptions the lab's own words.

use proto::Profile;

use crate::cobra::Command;
use crate::commands::Run;
use crate::pflag::Kind::{Bool, Int, Text};
use crate::pflag::Spec;
use crate::releases::Releases;
use crate::tree::{
    INITIAL_ADVERTISE, INITIAL_CLUSTER, INITIAL_CLUSTER_TOKEN, NAME, SKIP_HASH_CHECK, WAL_DIR,
    group, later, plain,
};

const NONE: &[Spec] = &[];

const GLOBAL: &[Spec] = &[Spec::new(
    "write-out",
    Text,
    "simple",
    "output format: fields, json, protobuf, simple or table",
)
.short('w')];

const DATA_DIR: Spec =
    Spec::new("data-dir", Text, "", "data directory of a member that is not running").required();

const BACKUP: &[Spec] = &[
    Spec::new("data-dir", Text, "", "data directory to copy").required(),
    Spec::new("wal-dir", Text, "", "where its log is, if not in there"),
    Spec::new("backup-dir", Text, "", "where the copy goes").required(),
    Spec::new("backup-wal-dir", Text, "", "where the copy's log goes, if not into it"),
    Spec::new("with-v3", Bool, "true", "copy the keys of v3 too"),
];

const RESTORE: &[Spec] = &[
    Spec::new("data-dir", Text, "", "where the directory goes").required(),
    WAL_DIR,
    INITIAL_CLUSTER,
    INITIAL_CLUSTER_TOKEN,
    INITIAL_ADVERTISE,
    NAME,
    SKIP_HASH_CHECK,
    Spec::new("initial-memory-map-size", Int, "10737418240", "bytes to map of the database")
        .since(Profile::V3_6),
    Spec::new("bump-revision", Int, "0", "by how much the revision goes up").since(Profile::V3_6),
    Spec::new("mark-compacted", Bool, "false", "compact up to the new revision (goes with a bump)")
        .since(Profile::V3_6),
];

const MIGRATE: &[Spec] = &[
    DATA_DIR,
    Spec::new("target-version", Text, "", "release that is to read it, such as 3.6").required(),
    Spec::new("force", Bool, "false", "write the version down even where that is not safe"),
];

const HASH_KV: &[Spec] = &[Spec::new("rev", Int, "0", "hash up to this revision; 0 is the last")];

/// `etcdutl` itself.
pub(crate) static ROOT: Command = Command {
    name: "etcdutl",
    usage: "",
    short: "Works on the files of members that do not run.",
    long: "",
    flags: NONE,
    persistent: GLOBAL,
    children: COMMANDS,
    run: Run::Group,
    releases: Releases::ALL,
};

const COMMANDS: &[Command] = &[
    plain("backup", "", "[legacy] Copies a data directory", BACKUP, Run::Backup)
        .until(Profile::V3_5),
    plain("defrag", "", "Gives free pages of a database back", &[DATA_DIR], Run::DefragFile),
    group(
        "snapshot",
        "Works on saved databases",
        NONE,
        &[
            plain("save", "<filename>", "", NONE, Run::SaveElsewhere),
            plain(
                "restore",
                "<filename> --data-dir {output dir} [options]",
                "Makes a data directory from a saved database",
                RESTORE,
                Run::SnapshotRestore,
            ),
            plain("status", "<filename>", "Describes a saved database", NONE, Run::SnapshotStatus),
        ],
    ),
    plain("hashkv", "<filename>", "Hashes the history in a file", HASH_KV, Run::HashKvFile)
        .since(Profile::V3_6),
    plain("version", "", "Shows the version of etcdutl", NONE, Run::Version),
    later("completion", "Completion scripts for shells").since(Profile::V3_6),
    plain(
        "migrate",
        "",
        "Makes a data directory fit for another release",
        MIGRATE,
        Run::MigrateSchema,
    )
    .since(Profile::V3_6),
    plain("help", "[command]", "Describes a command", NONE, Run::Help),
];
