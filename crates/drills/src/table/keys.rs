//! Keys and values, ranges, deletes.

use crate::{BASE, Pattern, Topic};

const THREE: &str = "etcdctl put {k} {v}\netcdctl put {k2} {v2}\netcdctl put {k3} {v3}";
const LETTERS: &str = "for i in a b c d e f; do etcdctl put {p}$i {v}; done; etcdctl put {q}a {v2}";
const TWO_PREFIXES: &str =
    "for i in 1 2 3; do etcdctl put {p}$i {v}; done; etcdctl put {q}1 {v2}; etcdctl put {q}2 {v3}";

pub(crate) const DRILLS: &[Pattern] = &[
    Pattern {
        id: "put-value",
        title: "Store a value",
        task: "Store the value `{v}` under the key `{k}`.",
        goals: &[("`{k}` is `{v}`", "key({k})==\"{v}\"")],
        hint: "`etcdctl put KEY VALUE`",
        solution: "etcdctl put {k} {v}",
        wrong: &[("etcdctl put {k} {v2}", "key {k} is {v2}, not {v}")],
        ..BASE
    },
    Pattern {
        id: "put-spaces",
        title: "A value with a space",
        task: "Store the two words `{v} {v2}`, with one space between them, as the value of `{k}`.",
        goals: &[("`{k}` is `{v} {v2}`", "key({k})==\"{v} {v2}\"")],
        hint: "The shell splits words at spaces. Quotes keep them together.",
        solution: "etcdctl put {k} \"{v} {v2}\"",
        wrong: &[
            ("etcdctl put {k} {v} {v2}", "key {k} is {v}, not {v} {v2}"),
            ("etcdctl put {k} {v}{v2}", "key {k} is {v}{v2}, not {v} {v2}"),
        ],
        ..BASE
    },
    Pattern {
        id: "put-dash",
        title: "A value that looks like a flag",
        task: "Store the value `-{n}` (with the minus sign) under `{k}`.",
        goals: &[("`{k}` is `-{n}`", "key({k})==\"-{n}\"")],
        hint: "After `--` nothing is taken for a flag.",
        solution: "etcdctl put {k} -- -{n}",
        wrong: &[("etcdctl put {k} -{n}", "key {k} does not exist")],
        ..BASE
    },
    Pattern {
        id: "put-file",
        title: "A value from a file",
        task: "The file `note.txt` is here. Store what is in it as the value of `{k}`.",
        setup: "printf '{v} {v2} {v3}' > note.txt",
        goals: &[("`{k}` is the content of the file", "key({k})==file(/root/note.txt)")],
        hint: "With a key alone, `put` reads the value from its standard input.",
        solution: "etcdctl put {k} < note.txt",
        wrong: &[("etcdctl put {k} note.txt", "key {k} is note.txt, not {v} {v2} {v3}")],
        ..BASE
    },
    Pattern {
        id: "put-previous",
        title: "What was there before",
        minutes: 2,
        task: "Set `{k}` to `{v2}`, and write the value that it had before, alone, to `answer.txt`.",
        setup: "etcdctl put {k} {v}",
        goals: &[
            ("`{k}` is `{v2}`", "key({k})==\"{v2}\""),
            ("`answer.txt` holds the old value", "file(/root/answer.txt)==\"{v}\""),
        ],
        hint: "Read first, or ask an old revision: `get` has `--print-value-only` and `--rev`.",
        solution: "etcdctl get {k} --print-value-only > answer.txt\netcdctl put {k} {v2}",
        wrong: &[(
            "etcdctl put {k} {v2}; etcdctl get {k} --print-value-only > answer.txt",
            "file /root/answer.txt is {v2}, not {v}",
        )],
        ..BASE
    },
    Pattern {
        id: "get-value",
        title: "The value alone",
        task: "Write the value of `{k2}`, and only the value, to `answer.txt`.",
        setup: THREE,
        goals: &[("`answer.txt` holds the value", "file(/root/answer.txt)==\"{v2}\"")],
        hint: "`get` has a flag `--print-value-only`; `> answer.txt` writes its output to a file.",
        solution: "etcdctl get {k2} --print-value-only > answer.txt",
        wrong: &[(
            "etcdctl get {k2} > answer.txt",
            "file /root/answer.txt is {k2}\u{23ce}{v2}, not {v2}",
        )],
        ..BASE
    },
    Pattern {
        id: "count-keys",
        title: "Count the keys of a prefix",
        topic: Topic::Ranges,
        minutes: 2,
        task: "How many keys begin with `{p}`? Write the number to `answer.txt`.",
        setup: "for i in $(seq {n}); do etcdctl put {p}$i {v}; done; etcdctl put {q}1 {v2}",
        goals: &[("`answer.txt` holds the number", "file(/root/answer.txt)==count({p})")],
        hint: "Look and count, or let the shell: `etcdctl get {p} --prefix --keys-only | grep -c .`",
        solution: "etcdctl get {p} --prefix --keys-only | grep -c . > answer.txt",
        wrong: &[
            ("etcdctl get '' --prefix --keys-only | grep -c . > answer.txt", ", not {n}"),
            ("etcdctl get {p} --keys-only | grep -c . > answer.txt", "is 0, not {n}"),
        ],
        ..BASE
    },
    Pattern {
        id: "range-half-open",
        title: "A range of keys",
        topic: Topic::Ranges,
        minutes: 2,
        task: "Write the keys from `{p}b` up to, but without, `{p}e` to `answer.txt`, one a line.",
        setup: LETTERS,
        goals: &[(
            "`answer.txt` lists the keys",
            "file(/root/answer.txt).lines==\"{p}b {p}c {p}d\"",
        )],
        hint: "`get FROM TO` leaves TO out. `--keys-only` leaves the values out.",
        solution: "etcdctl get {p}b {p}e --keys-only > answer.txt",
        wrong: &[
            (
                "etcdctl get {p}b {p}f --keys-only > answer.txt",
                "the text of file /root/answer.txt is",
            ),
            ("etcdctl get {p}b {p}e > answer.txt", "the text of file /root/answer.txt is"),
        ],
        ..BASE
    },
    Pattern {
        id: "range-prefix",
        title: "All keys of a prefix",
        topic: Topic::Ranges,
        task: "Write all keys that begin with `{p}` to `answer.txt`, one a line, without values.",
        setup: TWO_PREFIXES,
        goals: &[(
            "`answer.txt` lists the keys",
            "file(/root/answer.txt).lines==\"{p}1 {p}2 {p}3\"",
        )],
        hint: "There are no directories: `--prefix` asks for all keys that begin so.",
        solution: "etcdctl get {p} --prefix --keys-only > answer.txt",
        wrong: &[("etcdctl get {p} --keys-only > answer.txt", "is empty, not {p}1 {p}2 {p}3")],
        ..BASE
    },
    Pattern {
        id: "range-from-key",
        title: "From a key to the end",
        topic: Topic::Ranges,
        minutes: 2,
        task: "Write `{p}d` and every key of the whole store that comes after it to `answer.txt`, one a line.",
        setup: "for i in a b c d e f; do etcdctl put {p}$i {v}; done; etcdctl put zz/last {v2}",
        goals: &[(
            "`answer.txt` lists the keys",
            "file(/root/answer.txt).lines==\"{p}d {p}e {p}f zz/last\"",
        )],
        hint: "`get` has a flag `--from-key`.",
        solution: "etcdctl get {p}d --from-key --keys-only > answer.txt",
        wrong: &[("etcdctl get {p}d --prefix --keys-only > answer.txt", "is {p}d, not {p}d {p}e")],
        ..BASE
    },
    Pattern {
        id: "range-newest",
        title: "The key that changed last",
        topic: Topic::Ranges,
        minutes: 2,
        task: "Which key under `{p}` was changed last? Write its name to `answer.txt`.",
        setup: "etcdctl put {k} {v}\netcdctl put {k2} {v2}\netcdctl put {k3} {v3}\netcdctl put {k2} {v}\netcdctl put {q}1 {v}",
        goals: &[("`answer.txt` names the key", "file(/root/answer.txt)==\"{k2}\"")],
        hint: "`get` can sort: `--sort-by=MODIFY --order=DESCEND`.",
        solution: "etcdctl get {p} --prefix --sort-by=MODIFY --order=DESCEND --keys-only | head -1 > answer.txt",
        wrong: &[
            ("etcdctl get {p} --prefix --keys-only | head -1 > answer.txt", "is {k}, not {k2}"),
            (
                "etcdctl get {p} --prefix --order=DESCEND --keys-only | head -1 > answer.txt",
                "is {k3}, not {k2}",
            ),
        ],
        ..BASE
    },
    Pattern {
        id: "del-one",
        title: "Delete one key",
        topic: Topic::Deletes,
        task: "Delete `{k2}`, and nothing else.",
        setup: THREE,
        goals: &[
            ("`{k2}` is gone", "absent({k2})"),
            ("the other two are still there", "count({p})==2"),
        ],
        hint: "`etcdctl del KEY`",
        solution: "etcdctl del {k2}",
        wrong: &[("etcdctl del {p} --prefix", "the number of keys under {p} is 0, not 2")],
        ..BASE
    },
    Pattern {
        id: "del-prefix",
        title: "Delete a prefix",
        topic: Topic::Deletes,
        task: "Delete every key that begins with `{p}`. Leave `{q}` alone.",
        setup: TWO_PREFIXES,
        goals: &[
            ("nothing is left under `{p}`", "count({p})==0"),
            ("`{q}` still has its two keys", "count({q})==2"),
        ],
        hint: "`del` knows `--prefix` too.",
        solution: "etcdctl del {p} --prefix",
        wrong: &[
            ("etcdctl del {p}", "the number of keys under {p} is 3, not 0"),
            ("etcdctl del '' --prefix", "the number of keys under {q} is 0, not 2"),
        ],
        ..BASE
    },
    Pattern {
        id: "del-range",
        title: "Delete a range, the end included",
        topic: Topic::Deletes,
        minutes: 2,
        task: "Delete the keys from `{p}b` to `{p}d`, with `{p}d` itself, in any way. The others stay.",
        setup: LETTERS,
        goals: &[
            ("`{p}b` to `{p}d` are gone", "absent({p}b) && absent({p}c) && absent({p}d)"),
            ("the other three are still there", "count({p})==3"),
        ],
        hint: "`del FROM TO` leaves TO out, so TO must come just after `{p}d`.",
        solution: "etcdctl del {p}b {p}e",
        wrong: &[
            ("etcdctl del {p}b {p}d", "key {p}d is still there"),
            ("etcdctl del {p}b --from-key", "the number of keys under {p} is 1, not 3"),
        ],
        ..BASE
    },
    Pattern {
        id: "del-keep-value",
        title: "Delete, but note the value",
        topic: Topic::Deletes,
        minutes: 2,
        task: "Delete `{k}` and write the value that it had, alone, to `answer.txt`.",
        setup: THREE,
        goals: &[
            ("`{k}` is gone", "absent({k})"),
            ("`answer.txt` holds its value", "file(/root/answer.txt)==\"{v}\""),
        ],
        hint: "Read it before you delete it; or see what `del --prev-kv` prints.",
        solution: "etcdctl get {k} --print-value-only > answer.txt\netcdctl del {k}",
        wrong: &[("etcdctl del {k} > answer.txt", "file /root/answer.txt is 1, not {v}")],
        ..BASE
    },
];
