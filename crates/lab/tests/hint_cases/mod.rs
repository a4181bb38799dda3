//! The cases, one table for each file of rules.

mod more;
pub(crate) use more::{ANSWERS, CONNECTIONS, OLD_API};

use super::Case;

pub(crate) const fn case(bad: &'static str, hint: &'static str, good: &'static str) -> Case {
    after(&[], bad, hint, good)
}

pub(crate) const fn after(
    setup: &'static [&'static str],
    bad: &'static str,
    hint: &'static str,
    good: &'static str,
) -> Case {
    Case { profile: "3.4", members: 3, v2: false, setup, bad, hint, good }
}

const fn in_3_5(bad: &'static str, hint: &'static str, good: &'static str) -> Case {
    Case { profile: "3.5", ..case(bad, hint, good) }
}

pub(crate) const PROMPT: &[Case] = &[
    case("$ etcdctl get k", "Type only: etcdctl get k", "etcdctl get k"),
    case("root@master:~# etcdctl get k", "Type only: etcdctl get k", "echo root@master:~#"),
    case("# etcdctl put k v", "type only: etcdctl put k v", "# put a key"),
    case("etcdctl put k “hello world”", "curly quotes", "etcdctl put k 'hello world'"),
    case("etcdctl put k ‘hello’", "curly quotes", "etcdctl put k 'it’s'"),
    case("etcdctl get k –-prefix", "Type --prefix", "etcdctl get k --prefix"),
    case("etcdctl get k —keys-only", "Type --keys-only", "etcdctl put k 'a — b'"),
    case("etcdctl\u{a0}get k", "non-breaking space", "etcdctl put k 'a\u{a0}b'"),
    case("ExecStart=/usr/local/bin/etcd --name x", "unit file", "ExecStart=x"),
    case("--prefix --keys-only", "needs a \\", "etcdctl get / \\\n--prefix --keys-only"),
    case("OK", "looks like output", "echo OK"),
    case("Error: context deadline exceeded", "looks like output", "echo Error:"),
    case("put k v", "Type: etcdctl put k v", "etcdctl put k v"),
    case("member list", "Type: etcdctl member list", "etcdctl member list"),
    case("ectd --version", "Is it etcd that you mean?", "etcd --version"),
    case("ectdctl get k", "Is it etcdctl that you mean?", "etcdctl get k"),
    case("etcdclt get k", "Is it etcdctl that you mean?", "etcdctl get k"),
    case("kubectl get pods -n kube-system", "no Kubernetes", "echo kubectl"),
    case(
        "kubectl exec etcd-master -n kube-system -- etcdctl get / --prefix --keys-only",
        "Leave out everything up to the etcdctl part",
        "etcdctl get / --prefix --keys-only",
    ),
    case("sudo etcdctl get k", "You are root", "etcdctl get k"),
    case("systemctl start etcd", "lab start m1", "lab start m1"),
    case("docker ps", "no containers", "echo docker"),
    case("tar -xvf etcd.tar.gz", "there already", "etcd --version"),
    case("eval \"etcdctl put k 'v\"", "A ' is opened", "eval \"etcdctl put k 'v'\""),
    case("eval \"etcdctl put k it's\"", "is opened and not closed", "eval etcdctl put k it"),
    case("eval 'etcdctl put k \"v'", "A \" is opened", "eval 'etcdctl put k \"v\"'"),
    case("etcdctl get <key>", "<key> stands for", "etcdctl get '<key>'"),
    case("mod(\"k\") > \"0\"", "etcdctl txn -i", "echo 'mod(\"k\") > \"0\"' | cat"),
];

pub(crate) const APIS: &[Case] = &[
    case("ETCDCTL_API=4 etcdctl get k", "export ETCDCTL_API=3", "ETCDCTL_API=3 etcdctl get k"),
    case("etcdctl set k v", "etcdctl put KEY VALUE", "etcdctl put k v"),
    case("etcdctl mk k v", "belongs to the old API", "etcdctl put k v"),
    case("etcdctl mkdir d", "no directories", "etcdctl put d/k v"),
    case("etcdctl ls /", "get / --prefix --keys-only", "etcdctl get / --prefix --keys-only"),
    case("etcdctl rm k", "etcdctl del KEY", "etcdctl del k"),
    case(
        "etcdctl cluster-health",
        "endpoint health --cluster",
        "etcdctl endpoint health --cluster",
    ),
    case("etcdctl backup --data-dir d", "snapshot save FILE", "etcdctl snapshot save s.db"),
    case(
        "etcdctl endpoint-health",
        "two words: etcdctl endpoint health",
        "etcdctl endpoint health",
    ),
    case("etcdctl member-list", "two words: etcdctl member list", "etcdctl member list"),
    case("ETCDCTL_API=2 etcdctl put k v", "ETCDCTL_API=3 etcdctl put k v", "etcdctl put k v"),
    after(
        &["export ETCDCTL_API=2"],
        "etcdctl snapshot save x",
        "ETCDCTL_API=3 etcdctl snapshot save x",
        "ETCDCTL_API=3 etcdctl snapshot save x",
    ),
    case("ETCDCTL_API=2 etcdctl version", "etcdctl --version", "ETCDCTL_API=2 etcdctl --version"),
    case("etcdctl --version", "etcdctl version", "etcdctl version"),
    case("etcdctl get k --ca-file=/x", "it is --cacert", "etcdctl get k --hex"),
    case("etcdctl get / --recursive", "it is --prefix", "etcdctl get / --prefix"),
    case(
        "etcdctl get k --peers 127.0.0.1:2379",
        "--endpoints",
        "etcdctl get k --endpoints 127.0.0.1:2379",
    ),
    case("ETCDCTL_API=2 etcdctl --cacert=/x ls", "it is --ca-file", "etcdctl get / --prefix"),
    case(
        "ETCDCTL_API=2 etcdctl --prefix get /",
        "ETCDCTL_API=3 before",
        "ETCDCTL_API=3 etcdctl get / --prefix",
    ),
    case("ETCDCTL_API=2 etcdctl ls /", "do not serve the old API", "etcdctl get / --prefix"),
    case("etcdctl member lst", "etcdctl member list", "etcdctl member list"),
    case("etcdctl lease create 10", "etcdctl lease grant", "etcdctl lease grant 10"),
    case("etcdctl user frobnicate", "It has add, delete", "etcdctl user"),
    case("etcdutl snapshot status x", "came with release 3.5", "etcdctl help"),
    Case {
        profile: "3.6",
        ..case(
            "etcdctl snapshot restore s.db --data-dir d",
            "etcdutl snapshot restore",
            "etcdctl snapshot save s.db",
        )
    },
    Case { profile: "3.6", ..case("etcdctl set k v", "etcdctl put KEY VALUE", "etcdctl put k v") },
    Case {
        profile: "3.3",
        ..case("etcdctl put k v", "ETCDCTL_API=3 etcdctl put k v", "ETCDCTL_API=3 etcdctl put k v")
    },
    in_3_5("etcdctl set k v", "etcdctl put KEY VALUE", "etcdctl put k v"),
    in_3_5("ETCDCTL_API=2 etcdctl put k v", "API v3", "etcdctl put k v"),
];

pub(crate) const WORDS: &[Case] = &[
    case(
        "etcdctl get / --prefix -keys-only",
        "two dashes: --keys-only",
        "etcdctl get / --prefix --keys-only",
    ),
    case("etcdctl get / --prefix -keys-", "two dashes: --keys-only", "etcdctl get / --prefix"),
    case(
        "etcdctl get / -prefix --keys-only",
        "two dashes: --prefix",
        "etcdctl get / -w json --prefix",
    ),
    case("etcdctl get k --prefx", "Is it --prefix that you mean?", "etcdctl get k --prefix"),
    case(
        "etcdctl put k v --prefix",
        "--prefix is a flag of get, del, watch",
        "etcdctl put k v --prev-kv",
    ),
    case(
        "etcdctl --endpoints 127.0.0.1:2379, 127.0.0.1:22379 get k",
        "space after a comma",
        "etcdctl --endpoints 127.0.0.1:2379,127.0.0.1:22379 get k",
    ),
    case(
        "etcdctl put greeting hello world",
        "etcdctl put greeting \"hello world\"",
        "etcdctl put greeting 'hello world'",
    ),
    case(
        "etcdctl get / --prefix --keys-only --limit=10 /",
        "one key only",
        "etcdctl get / --prefix --keys-only --limit=10",
    ),
    case(
        "etcdctl get --prefix --keys-only",
        "etcdctl get \"\" --prefix",
        "etcdctl get \"\" --prefix --keys-only",
    ),
    case("etcdctl get", "The key is missing", "etcdctl get k"),
    case(
        "etcdctl get / --keys-only",
        "etcdctl get / --prefix",
        "etcdctl get / --prefix --keys-only",
    ),
    case(
        "etcdctl get /registry",
        "etcdctl get /registry --prefix",
        "etcdctl get /registry --prefix",
    ),
    case("etcdctl member add m4", "--peer-urls=http://HOST:2380", "etcdctl member list"),
    case(
        "etcdctl member add m4 http://127.0.0.1:2390",
        "URLs are the value of a flag",
        "etcdctl member list",
    ),
    case("etcdctl member remove m2", "m2 is no member ID", "etcdctl member list"),
    case("etcdctl move-leader m2", "m2 is no member ID", "etcdctl endpoint status"),
    case("etcdctl lease revoke xyz", "etcdctl lease list", "etcdctl lease list"),
    case("etcdctl put k v --lease=nope", "hexadecimal number", "etcdctl put k v --lease=0"),
    case("etcdctl lease grant 60s", "whole number of seconds", "etcdctl lease grant 60"),
    case("etcdctl lease grant", "How many seconds", "etcdctl lease grant 60"),
    case("etcdctl get k -w yaml", "simple, table, json", "etcdctl get k -w json"),
    case("etcdctl get k --limit=many", "cannot be the value of", "etcdctl get k --limit=1"),
    case(
        "etcdctl get k --command-timeout=5",
        "Times have a unit",
        "etcdctl get k --command-timeout=5s",
    ),
    after(
        &["etcdctl role add r"],
        "etcdctl role grant-permission r rw k",
        "read, write and readwrite",
        "etcdctl role grant-permission r readwrite k",
    ),
    case(
        "printf 'mod(k) = 0\\n\\nput k v\\n\\n\\n' | etcdctl txn",
        "both in double quotes",
        "printf 'mod(\"k\") = \"0\"\\n\\nput k v\\n\\n\\n' | etcdctl txn",
    ),
    case(
        "printf '\\nset k v\\n\\n\\n' | etcdctl txn",
        "set k v",
        "printf '\\nput k v\\n\\n\\n' | etcdctl txn",
    ),
    case("etcdctl --cacert=/x --cert=/c get k", "go together", "etcdctl get k"),
    case("etcdctl snapshot status /nope.db", "no file /nope.db", "etcdctl snapshot save ok.db"),
    after(
        &["export ETCDCTL_ENDPOINTS=127.0.0.1:2379"],
        "etcdctl --endpoints=127.0.0.1:2379 get k",
        "unset ETCDCTL_ENDPOINTS",
        "etcdctl get k",
    ),
    case("etcdctl user add ann < /dev/null", "NAME:PASSWORD", "etcdctl user add bob:secret"),
];
