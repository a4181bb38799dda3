//! The old API: its tree, TTLs, and administration.

use crate::{Api, BASE, Pattern, Topic};

/// Those that serve the old API.
const OLD: [&str; 3] = ["3.3", "3.4", "3.5"];

const V2: Pattern = Pattern { api: Api::V2, topic: Topic::V2Tree, profiles: &OLD, ..BASE };

pub(crate) const DRILLS: &[Pattern] = &[
    Pattern {
        id: "v2-set",
        title: "Set a key of the tree",
        task: "Set the key `{x}` of the old tree to `{v}`.",
        goals: &[("`{x}` is `{v}`", "node({x})==\"{v}\"")],
        hint: "In version 2 the command is `set`; directories on the way are made.",
        solution: "etcdctl set {x} {v}",
        wrong: &[
            ("ETCDCTL_API=3 etcdctl put {x} {v}", "there is no node {x} in the old tree"),
            ("etcdctl put {x} {v}", "there is no node {x} in the old tree"),
        ],
        ..V2
    },
    Pattern {
        id: "v2-mkdir",
        title: "An empty directory",
        task: "Make an empty directory `{d}` in the old tree.",
        goals: &[("`{d}` is a directory", "node({d}).dir"), ("it is empty", "nodes({d})==0")],
        hint: "As in a shell: `mkdir`.",
        solution: "etcdctl mkdir {d}",
        wrong: &[
            ("etcdctl mk {d} {v}", "node {d} is a key, not a directory"),
            ("etcdctl set {x} {v}", "the number of nodes in {d} is 1, not 0"),
        ],
        ..V2
    },
    Pattern {
        id: "v2-update",
        title: "Change, do not replace",
        minutes: 2,
        task: "Give `{x}` the value `{v2}` so that it stays the same node: its created index must not change.",
        setup: "etcdctl set {x} {v}",
        saves: &[("created", "node({x}).created")],
        goals: &[
            ("`{x}` is `{v2}`", "node({x})==\"{v2}\""),
            ("its created index is the old one", "node({x}).created==saved(created)"),
        ],
        hint: "`set` makes a new node in its place. `update` does not.",
        solution: "etcdctl update {x} {v2}",
        wrong: &[("etcdctl set {x} {v2}", "the created index of node {x} is")],
        ..V2
    },
    Pattern {
        id: "v2-rm",
        title: "Remove a key",
        task: "Remove the key `{x}`. The directory `{d}` and what else is in it stay.",
        setup: "etcdctl set {x} {v}; etcdctl set {y} {v2}",
        goals: &[("`{x}` is gone", "!node({x})"), ("`{y}` is still there", "node({y})==\"{v2}\"")],
        hint: "`etcdctl rm KEY`",
        solution: "etcdctl rm {x}",
        wrong: &[
            ("etcdctl rm --recursive {d}", "there is no node {y} in the old tree"),
            ("etcdctl del {x}", "node {x} still exists"),
        ],
        ..V2
    },
    Pattern {
        id: "v2-rm-recursive",
        title: "Remove a directory and all in it",
        task: "Remove the directory `{d}` with everything in it.",
        setup: "etcdctl set {x} {v}; etcdctl set {y} {v2}; etcdctl set /other/key {v3}",
        goals: &[("`{d}` is gone", "!node({d})"), ("`/other` is still there", "node(/other/key)")],
        hint: "`rm` has a flag `--recursive`; `rmdir` is for empty ones.",
        solution: "etcdctl rm --recursive {d}",
        wrong: &[
            ("etcdctl rmdir {d}", "node {d} still exists"),
            ("etcdctl rm {d}", "node {d} still exists"),
        ],
        ..V2
    },
    Pattern {
        id: "v2-swap",
        title: "Compare and swap",
        minutes: 2,
        task: "Set `{x}` to `{v2}`, but in such a way that it fails unless the value is still `{v}`.",
        setup: "etcdctl set {x} {v}",
        goals: &[
            ("`{x}` is `{v2}`", "node({x})==\"{v2}\""),
            ("it was compared first", "ran(/--swap-with-(value|index)/, rc==0)"),
        ],
        hint: "`etcdctl set --swap-with-value OLD KEY NEW`",
        solution: "etcdctl set --swap-with-value {v} {x} {v2}",
        wrong: &[
            ("etcdctl set {x} {v2}", "has succeeded yet"),
            ("etcdctl set --swap-with-value {v3} {x} {v2}", "node {x} is {v}, not {v2}"),
        ],
        ..V2
    },
    Pattern {
        id: "v2-mk",
        title: "Make, never overwrite",
        minutes: 2,
        task: "Two names, `{x}` and `{y}`: make whichever of the two does not exist yet, with the value `{v}`, and leave the other as it is.",
        setup: "etcdctl set {x} {v2}",
        goals: &[
            ("`{y}` is `{v}`", "node({y})==\"{v}\""),
            ("`{x}` is as it was", "node({x})==\"{v2}\""),
        ],
        hint: "`mk` refuses to overwrite, `set` does not.",
        solution: "etcdctl mk {x} {v}\netcdctl mk {y} {v}",
        wrong: &[("etcdctl set {x} {v}; etcdctl set {y} {v}", "node {x} is {v}, not {v2}")],
        ..V2
    },
    Pattern {
        id: "v2-ls",
        title: "List all that is below",
        minutes: 2,
        task: "Write the paths of everything below `{d}`, at any depth, to `answer.txt`, one a line.",
        setup: "etcdctl set {x}/a {v}; etcdctl set {y} {v2}; etcdctl set /other/key {v3}",
        goals: &[
            ("`{x}/a` is listed", "file(/root/answer.txt).lines contains \"{x}/a\""),
            ("`{y}` is listed", "file(/root/answer.txt).lines contains \"{y}\""),
            ("`/other` is not", "!(file(/root/answer.txt) contains \"/other\")"),
        ],
        hint: "`ls` shows one level, unless it is told `--recursive`.",
        solution: "etcdctl ls --recursive {d} > answer.txt",
        wrong: &[
            (
                "etcdctl ls {d} > answer.txt",
                "the text of file /root/answer.txt does not contain {x}/a",
            ),
            ("etcdctl ls --recursive / > answer.txt", "this must not hold"),
        ],
        ..V2
    },
    Pattern {
        id: "v2-index",
        title: "The modified index",
        minutes: 2,
        task: "Write the modified index of `{x}` to `answer.txt`.",
        setup: "etcdctl set {x} {v}; etcdctl set {x} {v2}; etcdctl set {y} {v3}; etcdctl set {y} {v}",
        goals: &[("`answer.txt` holds the index", "file(/root/answer.txt)==node({x}).modified")],
        hint: "`etcdctl -o extended get KEY` shows a node's indices.",
        solution: "etcdctl -o extended get {x} | awk '/Modified-Index/ {print $2}' > answer.txt",
        wrong: &[
            (
                "etcdctl -o extended get {y} | awk '/Modified-Index/ {print $2}' > answer.txt",
                "file /root/answer.txt is",
            ),
            ("etcdctl get {x} > answer.txt", "file /root/answer.txt is {v2}, not"),
        ],
        ..V2
    },
    Pattern {
        id: "v2-watch",
        title: "Wait for one change",
        minutes: 3,
        task: "Let a watch on `{x}` wait in the background and write to `watch.txt`; then set `{x}` to `{v}`, so that the file shows it.",
        goals: &[
            ("`{x}` is `{v}`", "node({x})==\"{v}\""),
            ("the watch has seen it", "file(/root/watch.txt).lines contains \"{v}\""),
        ],
        hint: "`etcdctl watch KEY` ends with the first change. `> watch.txt &` goes behind it.",
        solution: "etcdctl watch {x} > watch.txt &\nsleep 1; etcdctl set {x} {v}; sleep 1",
        wrong: &[(
            "etcdctl set {x} {v}; etcdctl watch {x} > watch.txt & sleep 1",
            "the text of file /root/watch.txt does not contain {v}",
        )],
        ..V2
    },
    Pattern {
        id: "v2-two-stores",
        title: "One path, two stores",
        topic: Topic::Endpoints,
        minutes: 2,
        task: "Store `{v}` under `{x}` by version 2 of the API, and `{v2}` under the same name by version 3.",
        goals: &[
            ("in the old tree `{x}` is `{v}`", "node({x})==\"{v}\""),
            ("the key of version 3 is `{v2}`", "key({x})==\"{v2}\""),
        ],
        hint: "`ETCDCTL_API=3` before a command is for that command alone.",
        solution: "ETCDCTL_API=2 etcdctl set {x} {v}\nETCDCTL_API=3 etcdctl put {x} {v2}",
        wrong: &[
            ("etcdctl set {x} {v}; etcdctl set {x} {v2}", "node {x} is {v2}, not {v}"),
            ("etcdctl set {x} {v}", "key {x} does not exist"),
        ],
        ..V2
    },
    Pattern {
        id: "v2-ttl",
        title: "A key that expires",
        topic: Topic::V2Ttl,
        minutes: 2,
        task: "Set `{x}` to `{v}` with a TTL of {ttl} seconds.",
        goals: &[
            ("`{x}` is `{v}`", "node({x})==\"{v}\""),
            ("its TTL is {ttl} seconds", "node({x}).ttl<={ttl} && node({x}).ttl>={least}"),
        ],
        hint: "`set` has a flag `--ttl`, in seconds.",
        solution: "etcdctl set --ttl {ttl} {x} {v}",
        wrong: &[
            ("etcdctl set {x} {v}", "node {x} has no TTL"),
            ("etcdctl set --ttl 20 {x} {v}", "the TTL of node {x} is"),
        ],
        ..V2
    },
    Pattern {
        id: "v2-ttl-dir",
        title: "A directory that expires",
        topic: Topic::V2Ttl,
        minutes: 2,
        task: "Make the directory `{d}` with a TTL of {ttl} seconds, and in it the key `{x}` with the value `{v}`.",
        goals: &[
            ("`{x}` is `{v}`", "node({x})==\"{v}\""),
            (
                "`{d}` has the TTL",
                "node({d}).dir && node({d}).ttl<={ttl} && node({d}).ttl>={least}",
            ),
        ],
        hint: "`mkdir` knows `--ttl` as well; what is in a directory goes with it.",
        solution: "etcdctl mkdir --ttl {ttl} {d}\netcdctl set {x} {v}",
        wrong: &[
            ("etcdctl set --ttl {ttl} {x} {v}", "node {d} has no TTL"),
            ("etcdctl mkdir {d}; etcdctl set {x} {v}", "node {d} has no TTL"),
        ],
        ..V2
    },
    Pattern {
        id: "v2-ttl-keep",
        title: "Keep a key for good",
        topic: Topic::V2Ttl,
        minutes: 2,
        task: "`{x}` will expire. Keep it, with its value `{v}`, for ever.",
        setup: "etcdctl set --ttl {ttl} {x} {v}",
        goals: &[("`{x}` is `{v}`", "node({x})==\"{v}\""), ("it has no TTL", "!node({x}).ttl")],
        hint: "A node that is set again without a TTL has none.",
        solution: "etcdctl set {x} {v}",
        wrong: &[
            ("etcdctl rm {x}", "there is no node {x} in the old tree"),
            ("etcdctl set --ttl 9999 {x} {v}", "node {x} still has a TTL"),
        ],
        ..V2
    },
    Pattern {
        id: "v2-user",
        title: "A user of the old API",
        topic: Topic::V2Admin,
        minutes: 2,
        task: "By version 2 of the API, add the user `{user}` with the password `{pass}`.",
        goals: &[("there is a user `{user}`", "v2user({user})")],
        hint: "`user add NAME:PASSWORD`. The two APIs have users of their own.",
        solution: "etcdctl user add {user}:{pass}",
        wrong: &[(
            "ETCDCTL_API=3 etcdctl user add {user}:{pass}",
            "the old API's user {user} does not exist",
        )],
        ..V2
    },
    Pattern {
        id: "v2-role",
        title: "A role of the old API",
        topic: Topic::V2Admin,
        minutes: 3,
        task: "By version 2 of the API, make the role `{role}`, which may read and write everything below `{d}`.",
        goals: &[
            ("there is a role `{role}`", "v2role({role})"),
            (
                "it may read and write `{d}/*`",
                "v2role({role}) contains \"\\\"read\\\":[\\\"{d}/*\\\"]\" && v2role({role}) contains \"\\\"write\\\":[\\\"{d}/*\\\"]\"",
            ),
        ],
        hint: "`role add`, then `role grant ROLE --path '/PATH/*' --readwrite`. Quote the star.",
        solution: "etcdctl role add {role}\netcdctl role grant {role} --path '{d}/*' --readwrite",
        wrong: &[
            ("etcdctl role add {role}", "the old API's role {role} does not contain"),
            (
                "etcdctl role add {role}; etcdctl role grant {role} --path '{d}/*' --read",
                "the old API's role {role} does not contain",
            ),
        ],
        ..V2
    },
    Pattern {
        id: "v2-who-leads",
        title: "Who leads?",
        topic: Topic::V2Admin,
        minutes: 2,
        task: "Which member leads the cluster? Write its name to `answer.txt`. The old `member list` tells it.",
        goals: &[("`answer.txt` names the leader", "file(/root/answer.txt)==leader()")],
        hint: "Look for `isLeader=true`.",
        solution: "etcdctl member list | grep isLeader=true | sed 's/.*name=\\([^ ]*\\).*/\\1/' > answer.txt",
        wrong: &[(
            "etcdctl member list | grep isLeader=false | head -1 | sed 's/.*name=\\([^ ]*\\).*/\\1/' > answer.txt",
            "file /root/answer.txt is m",
        )],
        ..V2
    },
    Pattern {
        id: "v2-health",
        title: "Is the cluster well?",
        topic: Topic::V2Admin,
        minutes: 3,
        task: "A member does not run. Write its ID, as `cluster-health` shows it, to `answer.txt`; leave it as it is.",
        setup: "lab kill {m}; lab settle",
        goals: &[
            ("`answer.txt` holds its ID", "file(/root/answer.txt)==member({m}).id"),
            ("it is still down", "member({m}).state==\"down\""),
        ],
        hint: "`etcdctl --endpoints=URL,URL,... cluster-health` has a line for each member.",
        solution: "etcdctl --endpoints=http://127.0.0.1:2379,http://127.0.0.1:22379,http://127.0.0.1:32379 cluster-health | grep unreachable | awk '{print $2}' > answer.txt",
        wrong: &[
            ("echo {m} > answer.txt", "file /root/answer.txt is {m}, not"),
            (
                "etcdctl --endpoints=http://127.0.0.1:{op} cluster-health | grep ' is healthy' | head -1 | awk '{print $2}' > answer.txt",
                "file /root/answer.txt is",
            ),
        ],
        ..V2
    },
    Pattern {
        id: "v2-backup",
        title: "Back a data directory up",
        topic: Topic::V2Admin,
        minutes: 2,
        task: "With the old `backup` command, copy the data directory `$LAB/{m}.data` of `{m}` to `/root/backup`.",
        setup: "etcdctl set {x} {v}",
        goals: &[
            ("`/root/backup` has a log", "file(/root/backup/member/wal).exists"),
            ("and a folder for snapshots", "file(/root/backup/member/snap).exists"),
        ],
        hint: "`etcdctl backup --data-dir DIR --backup-dir DIR`",
        solution: "etcdctl backup --data-dir $LAB/{m}.data --backup-dir /root/backup",
        wrong: &[(
            "ETCDCTL_API=3 etcdctl snapshot save /root/backup",
            "file /root/backup/member/wal does not exist",
        )],
        ..V2
    },
];
