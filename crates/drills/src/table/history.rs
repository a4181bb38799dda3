//! Revisions, transactions, watches, leases.

use crate::{BASE, Pattern, Topic};

const THREE_VALUES: &str = "etcdctl put {q}1 x\netcdctl put {k} {v}\netcdctl put {k} {v2}\netcdctl put {q}2 y\netcdctl put {k} {v3}";

pub(crate) const DRILLS: &[Pattern] = &[
    Pattern {
        id: "old-value",
        title: "Read the past",
        topic: Topic::Revisions,
        minutes: 3,
        task: "`{k}` was changed twice. Write the value that it had just before its last change to `answer.txt`.",
        setup: THREE_VALUES,
        goals: &[("`answer.txt` holds the old value", "file(/root/answer.txt)==\"{v2}\"")],
        hint: "`-w fields` shows the ModRevision of the last change; `--rev` reads as of an older one.",
        solution: "rev=$(etcdctl get {k} -w fields | awk '/ModRevision/ {print $3}')\netcdctl get {k} --rev=$((rev - 1)) --print-value-only > answer.txt",
        wrong: &[
            ("etcdctl get {k} --print-value-only > answer.txt", "is {v3}, not {v2}"),
            ("etcdctl get {k} --rev=3 --print-value-only > answer.txt", "is {v}, not {v2}"),
        ],
        ..BASE
    },
    Pattern {
        id: "mod-revision",
        title: "The revision of the last change",
        topic: Topic::Revisions,
        minutes: 2,
        task: "At which revision was `{k}` changed last? Write the number to `answer.txt`.",
        setup: "etcdctl put {k} {v}\netcdctl put {k} {v2}\netcdctl put {q}1 {v}\netcdctl put {q}2 {v}",
        goals: &[("`answer.txt` holds the mod revision", "file(/root/answer.txt)==modrev({k})")],
        hint: "`etcdctl get {k} -w fields` (or `-w json`) shows it as ModRevision.",
        solution: "etcdctl get {k} -w fields | awk '/ModRevision/ {print $3}' > answer.txt",
        wrong: &[
            (
                "etcdctl get {k} -w fields | awk '/\"Revision/ {print $3}' > answer.txt",
                "is 5, not 3",
            ),
            (
                "etcdctl get {k} -w fields | awk '/CreateRevision/ {print $3}' > answer.txt",
                "is 2, not 3",
            ),
        ],
        ..BASE
    },
    Pattern {
        id: "version-up",
        title: "A key with a history",
        topic: Topic::Revisions,
        task: "Bring `{k}` to version {n}: it must have been put {n} times since it was made. Any values will do.",
        goals: &[("the version of `{k}` is {n}", "ver({k})=={n}")],
        hint: "Each `put` of a key adds one to its version. The shell has `for`.",
        solution: "for i in $(seq {n}); do etcdctl put {k} $i; done",
        wrong: &[("etcdctl put {k} {n}", "the version of key {k} is 1, not {n}")],
        ..BASE
    },
    Pattern {
        id: "version-one",
        title: "Begin anew",
        topic: Topic::Revisions,
        minutes: 2,
        task: "`{k}` has been changed often. Give it the value `{v}` and the version 1 again.",
        setup: "for i in 1 2 3; do etcdctl put {k} {v2}$i; done",
        goals: &[("`{k}` is `{v}`", "key({k})==\"{v}\""), ("its version is 1", "ver({k})==1")],
        hint: "A version counts from when the key was made.",
        solution: "etcdctl del {k}\netcdctl put {k} {v}",
        wrong: &[("etcdctl put {k} {v}", "the version of key {k} is 4, not 1")],
        ..BASE
    },
    Pattern {
        id: "compact",
        title: "Forget the past",
        topic: Topic::Revisions,
        minutes: 2,
        task: "Compact the history so that revision {n} is the oldest that can still be read.",
        setup: "for i in 1 2 3 4 5 6 7 8; do etcdctl put {k} {v}$i; done",
        goals: &[("history is compacted at {n}", "compacted()=={n}")],
        hint: "`etcdctl compaction REVISION`; that revision itself can still be read.",
        solution: "etcdctl compaction {n}",
        wrong: &[("etcdctl compaction 9", "the compacted revision is 9, not {n}")],
        ..BASE
    },
    Pattern {
        id: "txn-both",
        title: "Two keys at once",
        topic: Topic::Txn,
        minutes: 3,
        task: "Set `{k}` to `{v}` and `{k2}` to `{v2}` in one transaction, so that both have the same mod revision.",
        goals: &[
            ("both keys have their values", "key({k})==\"{v}\" && key({k2})==\"{v2}\""),
            ("they were changed at one revision", "modrev({k})==modrev({k2})"),
        ],
        hint: "`etcdctl txn` reads compares, an empty line, what to do, an empty line, what to do else, an empty line.",
        solution: "etcdctl txn <<END\n\nput {k} {v}\nput {k2} {v2}\n\n\nEND",
        wrong: &[(
            "etcdctl put {k} {v}; etcdctl put {k2} {v2}",
            "the mod revision of key {k} is 2, not 3",
        )],
        ..BASE
    },
    Pattern {
        id: "txn-create",
        title: "Only if it is not there",
        topic: Topic::Txn,
        minutes: 3,
        task: "With a transaction, put `{v}` under `{k}`, but only if that key does not exist yet.",
        goals: &[
            ("`{k}` is `{v}`", "key({k})==\"{v}\""),
            ("a transaction did it", "ran(/txn/, rc==0)"),
        ],
        hint: "A key that does not exist has create revision 0: `create(\"{k}\") = \"0\"`.",
        solution: "etcdctl txn <<END\ncreate(\"{k}\") = \"0\"\n\nput {k} {v}\n\n\nEND",
        wrong: &[("etcdctl put {k} {v}", "no command with txn has succeeded yet")],
        ..BASE
    },
    Pattern {
        id: "txn-swap",
        title: "Compare and swap",
        topic: Topic::Txn,
        minutes: 3,
        task: "With one transaction: if `{k}` is `{v}`, put `{v2}` there; else put `wrong` under `{k2}`.",
        setup: "etcdctl put {k} {v}",
        goals: &[
            ("`{k}` is `{v2}`", "key({k})==\"{v2}\""),
            ("`{k2}` was not made", "absent({k2})"),
            ("a transaction did it", "ran(/txn/, rc==0)"),
        ],
        hint: "The compare is `value(\"{k}\") = \"{v}\"`, on a line of its own, then an empty line.",
        solution: "etcdctl txn <<END\nvalue(\"{k}\") = \"{v}\"\n\nput {k} {v2}\n\nput {k2} wrong\n\nEND",
        wrong: &[
            ("etcdctl put {k} {v2}", "no command with txn has succeeded yet"),
            (
                "etcdctl txn <<END\nvalue(\"{k}\") = \"{v3}\"\n\nput {k} {v2}\n\nput {k2} wrong\n\nEND",
                "key {k} is {v}, not {v2}",
            ),
        ],
        ..BASE
    },
    Pattern {
        id: "txn-rename",
        title: "Rename a key in one go",
        topic: Topic::Txn,
        minutes: 3,
        task: "Move the value of `{k}` to `{k2}` and delete `{k}`, both in one revision.",
        setup: "etcdctl put {k} {v}",
        saves: &[("rev", "rev()")],
        goals: &[
            ("`{k2}` is `{v}`", "key({k2})==\"{v}\""),
            ("`{k}` is gone", "absent({k})"),
            ("it took one revision", "rev()==saved(rev)+1"),
        ],
        hint: "A transaction without compares does all its operations at one revision: `put ...` and `del ...`.",
        solution: "etcdctl txn <<END\n\nput {k2} {v}\ndel {k}\n\n\nEND",
        wrong: &[(
            "etcdctl put {k2} {v}; etcdctl del {k}",
            "the revision of the store is 4, not 3",
        )],
        ..BASE
    },
    Pattern {
        id: "watch-file",
        title: "Watch a key change",
        topic: Topic::Watch,
        minutes: 3,
        task: "Let a watch on `{k}` run in the background and write to `watch.txt`. Then set `{k}` to `{v}`, so that the file shows it.",
        goals: &[
            ("`{k}` is `{v}`", "key({k})==\"{v}\""),
            (
                "the watch has seen it",
                "file(/root/watch.txt).lines contains \"PUT\" && file(/root/watch.txt).lines contains \"{v}\"",
            ),
        ],
        hint: "`COMMAND > watch.txt &` runs a command in the background. Give it a second before you put.",
        solution: "etcdctl watch {k} > watch.txt &\nsleep 1; etcdctl put {k} {v}; sleep 1",
        wrong: &[(
            "etcdctl put {k} {v}; etcdctl watch {k} > watch.txt & sleep 2",
            "the text of file /root/watch.txt does not contain PUT",
        )],
        ..BASE
    },
    Pattern {
        id: "watch-delete",
        title: "Watch a prefix",
        topic: Topic::Watch,
        minutes: 3,
        task: "Let a watch on all keys under `{p}` run in the background and write to `watch.txt`. Then delete `{k}`, so that the file shows it.",
        setup: "etcdctl put {k} {v}",
        goals: &[
            ("`{k}` is gone", "absent({k})"),
            ("the watch has seen it", "file(/root/watch.txt).lines contains \"DELETE\""),
        ],
        hint: "`watch` has `--prefix`; an `&` at the end of the line keeps the console free.",
        solution: "etcdctl watch {p} --prefix > watch.txt &\nsleep 1; etcdctl del {k}; sleep 1",
        wrong: &[(
            "etcdctl watch {p} > watch.txt &\nsleep 1; etcdctl del {k}; sleep 1",
            "the text of file /root/watch.txt does not contain DELETE",
        )],
        ..BASE
    },
    Pattern {
        id: "watch-history",
        title: "Watch what has been",
        topic: Topic::Watch,
        minutes: 3,
        task: "With a watch, write every change of `{k}` since its beginning to `history.txt`.",
        setup: THREE_VALUES,
        goals: &[(
            "`history.txt` shows all three values",
            "file(/root/history.txt).lines==\"PUT {k} {v} PUT {k} {v2} PUT {k} {v3}\"",
        )],
        hint: "`watch KEY --rev=1` begins with the past. Ctrl-C ends it, or `timeout 2` before it.",
        solution: "timeout 2 etcdctl watch {k} --rev=1 > history.txt",
        wrong: &[
            ("timeout 2 etcdctl watch {k} > history.txt", "is empty, not PUT {k} {v}"),
            ("timeout 2 etcdctl watch {k} --rev=4 > history.txt", "is PUT {k} {v2} PUT {k} "),
        ],
        ..BASE
    },
    Pattern {
        id: "lease-put",
        title: "A key that will expire",
        topic: Topic::Leases,
        minutes: 2,
        task: "Store `{v}` under `{k}` with a lease of {ttl} seconds.",
        goals: &[
            ("`{k}` is `{v}`", "key({k})==\"{v}\""),
            ("its lease was granted for {ttl} seconds", "ttl({k})=={ttl}"),
        ],
        hint: "`lease grant` prints an ID; `put` takes it with `--lease=ID`.",
        solution: "id=$(etcdctl lease grant {ttl} | cut -d' ' -f2)\netcdctl put {k} {v} --lease=$id",
        wrong: &[
            ("etcdctl lease grant {ttl}; etcdctl put {k} {v}", "key {k} has no lease"),
            (
                "etcdctl put {k} {v} --lease=$(etcdctl lease grant 100 | cut -d' ' -f2)",
                "the TTL of the lease of key {k} is 100, not {ttl}",
            ),
        ],
        ..BASE
    },
    Pattern {
        id: "lease-share",
        title: "One lease, two keys",
        topic: Topic::Leases,
        minutes: 2,
        task: "Put `{k}` and `{k2}` on the same lease, so that they go together. Any values and any TTL of a minute or more will do.",
        goals: &[
            ("both keys have a lease", "lease({k}) && lease({k2})"),
            ("it is the same one", "lease({k})==lease({k2})"),
        ],
        hint: "Grant one lease and use its ID with both puts.",
        solution: "id=$(etcdctl lease grant 600 | cut -d' ' -f2)\netcdctl put {k} {v} --lease=$id\netcdctl put {k2} {v2} --lease=$id",
        wrong: &[(
            "for k in {k} {k2}; do etcdctl put $k x --lease=$(etcdctl lease grant 600 | cut -d' ' -f2); done",
            "the lease of key {k} is",
        )],
        ..BASE
    },
    Pattern {
        id: "lease-revoke",
        title: "End a lease early",
        topic: Topic::Leases,
        minutes: 2,
        task: "`{k}` is held by a lease. End the lease now, so that all its keys go with it.",
        setup: "id=$(etcdctl lease grant {ttl} | cut -d' ' -f2)\netcdctl put {k} {v} --lease=$id\netcdctl put {k2} {v} --lease=$id\netcdctl put {k3} {v}\nunset id",
        goals: &[
            ("no lease is left", "leases()==0"),
            ("only `{k3}` is left", "count({p})==1 && key({k3})"),
        ],
        hint: "`lease list` names the leases; `lease revoke ID` ends one.",
        solution: "etcdctl lease revoke $(etcdctl lease list | tail -1)",
        wrong: &[("etcdctl del {k}; etcdctl del {k2}", "the number of leases is 1, not 0")],
        ..BASE
    },
    Pattern {
        id: "lease-detach",
        title: "Keep a key for good",
        topic: Topic::Leases,
        minutes: 2,
        task: "`{k}` will expire with its lease. Keep it, with its value `{v}`, without any lease.",
        setup: "etcdctl put {k} {v} --lease=$(etcdctl lease grant {ttl} | cut -d' ' -f2)",
        goals: &[("`{k}` is `{v}`", "key({k})==\"{v}\""), ("it has no lease", "!lease({k})")],
        hint: "A plain `put` takes the key off its lease.",
        solution: "etcdctl put {k} {v}",
        wrong: &[
            ("etcdctl lease revoke $(etcdctl lease list | tail -1)", "key {k} does not exist"),
            ("etcdctl put {k} {v} --ignore-lease", "key {k} still has a lease"),
        ],
        ..BASE
    },
    Pattern {
        id: "lease-ttl",
        title: "How long was it granted for?",
        topic: Topic::Leases,
        minutes: 2,
        task: "There is one lease. For how many seconds was it granted? Write the number to `answer.txt`.",
        setup: "etcdctl put {k} {v} --lease=$(etcdctl lease grant {ttl} | cut -d' ' -f2); sleep 3",
        goals: &[("`answer.txt` holds the granted TTL", "file(/root/answer.txt)==ttl({k})")],
        hint: "`lease timetolive ID` tells both what was granted and what remains.",
        solution: "etcdctl lease timetolive $(etcdctl lease list | tail -1) | sed 's/.*TTL(\\([0-9]*\\)s).*/\\1/' > answer.txt",
        wrong: &[(
            "etcdctl lease timetolive $(etcdctl lease list | tail -1) | sed 's/.*remaining(\\([0-9]*\\)s).*/\\1/' > answer.txt",
            ", not {ttl}",
        )],
        ..BASE
    },
    Pattern {
        id: "lock-run",
        title: "Run under a lock",
        topic: Topic::Leases,
        minutes: 2,
        task: "While you hold the lock `{lock}`, run `etcdctl put {k} {v}`; the lock must be free again afterwards.",
        goals: &[
            ("`{k}` is `{v}`", "key({k})==\"{v}\""),
            ("it was run under the lock", "ran(/lock {lock} /, rc==0)"),
            ("the lock is free", "count({lock}/)==0"),
        ],
        hint: "`etcdctl lock NAME COMMAND ...` takes the lock, runs the command and lets go.",
        solution: "etcdctl lock {lock} etcdctl put {k} {v}",
        wrong: &[
            ("etcdctl put {k} {v}", "no command with lock {lock}  has succeeded yet"),
            ("etcdctl lock {lock} & sleep 1; etcdctl put {k} {v}", "under {lock}/ is 1, not 0"),
        ],
        ..BASE
    },
    Pattern {
        id: "elect",
        title: "Stand for an election",
        topic: Topic::Leases,
        minutes: 2,
        task: "Campaign in the election `{lock}` with the proposal `{v}`, in the background, so that you stay its leader.",
        goals: &[
            ("the election has a leader", "count({lock}/)>=1"),
            ("a lease keeps it", "leases()>=1"),
        ],
        hint: "`etcdctl elect NAME PROPOSAL` holds on until it is ended; `&` sends it to the background.",
        solution: "etcdctl elect {lock} {v} &\nsleep 1",
        wrong: &[
            ("etcdctl put {lock} {v}", "the number of keys under {lock}/ is 0"),
            ("etcdctl put {lock}/1 {v}", "the number of leases is 0"),
        ],
        ..BASE
    },
];
