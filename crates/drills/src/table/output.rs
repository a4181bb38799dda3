//! Output formats.

use crate::{BASE, Pattern, Topic};

pub(crate) const DRILLS: &[Pattern] = &[
    Pattern {
        id: "format-json",
        title: "JSON for a program",
        topic: Topic::Formats,
        task: "Write the key `{k}` with its value and revisions to `answer.json`, as JSON.",
        setup: "etcdctl put {k} {v}",
        goals: &[
            (
                "`answer.json` is etcd's JSON",
                "file(/root/answer.json) matches /^\\{.*\"mod_revision\":[0-9]+.*\\}$/",
            ),
            ("it has the one key", "file(/root/answer.json) contains \"\\\"count\\\":1\""),
        ],
        hint: "`-w` (or `--write-out`) takes simple, json, fields, table and protobuf.",
        solution: "etcdctl get {k} -w json > answer.json",
        wrong: &[
            ("etcdctl get {k} > answer.json", "which is not of the right form"),
            ("etcdctl get {q} -w json > answer.json", "which is not of the right form"),
        ],
        ..BASE
    },
    Pattern {
        id: "format-table",
        title: "A table of the members",
        topic: Topic::Formats,
        minutes: 2,
        task: "Write the status of the endpoints of the whole cluster to `status.txt`, as a table.",
        goals: &[
            (
                "`status.txt` is a table of endpoints",
                "file(/root/status.txt) matches /\\| +ENDPOINT +\\|/",
            ),
            (
                "all three are in it",
                "file(/root/status.txt) contains \":2379 \" && file(/root/status.txt) contains \":22379 \" && file(/root/status.txt) contains \":32379 \"",
            ),
        ],
        hint: "`endpoint status` has `--cluster`, and every command has `-w table`.",
        solution: "etcdctl endpoint status --cluster -w table > status.txt",
        wrong: &[
            ("etcdctl endpoint status --cluster > status.txt", "which is not of the right form"),
            ("etcdctl endpoint status -w table > status.txt", "does not contain :22379"),
        ],
        ..BASE
    },
    Pattern {
        id: "format-base64",
        title: "Read etcd's JSON",
        topic: Topic::Formats,
        minutes: 3,
        task: "`saved.json` is what `etcdctl get -w json` once said of a key. Write the value that is in it, decoded, to `answer.txt`.",
        setup: "etcdctl put {k} {v}-{v2}; etcdctl get {k} -w json > saved.json; etcdctl del {k}",
        goals: &[("`answer.txt` holds the value", "file(/root/answer.txt)==\"{v}-{v2}\"")],
        hint: "Keys and values are base64 in JSON; `base64 -d` decodes.",
        solution: "sed 's/.*\"value\":\"\\([^\"]*\\)\".*/\\1/' saved.json | base64 -d > answer.txt",
        wrong: &[
            (
                "sed 's/.*\"value\":\"\\([^\"]*\\)\".*/\\1/' saved.json > answer.txt",
                ", not {v}-{v2}",
            ),
            (
                "sed 's/.*\"key\":\"\\([^\"]*\\)\".*/\\1/' saved.json | base64 -d > answer.txt",
                "is {k}, not {v}-{v2}",
            ),
        ],
        ..BASE
    },
];
