//! Members that are not reached, and what members refuse.

use super::{Case, after, case};

pub(crate) const CONNECTIONS: &[Case] = &[
    case(
        "etcdctl --endpoints=127.0.0.1:9999 get k",
        "at ports 2379, 22379, 32379",
        "etcdctl get k",
    ),
    after(
        &["lab kill m2"],
        "etcdctl --endpoints=127.0.0.1:22379 get k",
        "lab start m2",
        "etcdctl --endpoints=127.0.0.1:32379 get k",
    ),
    after(
        &["lab kill m2", "lab kill m3", "sleep 3"],
        "etcdctl put k v",
        "lab status",
        "etcdctl get k --consistency=s",
    ),
    case(
        "etcdctl --endpoints=127.0.0.1:2380 get k",
        "for members among themselves",
        "etcdctl get k",
    ),
    after(
        &["lab kill m1"],
        "etcdctl get k",
        "m1, which listens there, is down",
        "etcdctl --endpoints=127.0.0.1:22379 get k",
    ),
    after(
        &["lab kill m1; lab kill m2"],
        "etcdctl --endpoints=127.0.0.1:2379,127.0.0.1:22379 get k",
        "m1, m2 are all down",
        "etcdctl --endpoints=127.0.0.1:32379 get k --consistency=s",
    ),
    after(
        &["lab pause m1"],
        "etcdctl get k",
        "lab status",
        "etcdctl --endpoints=127.0.0.1:22379,127.0.0.1:32379 get k",
    ),
    case(
        "etcdctl --endpoints=https://127.0.0.1:2379 get k",
        "plain http",
        "etcdctl --endpoints=http://127.0.0.1:2379 get k",
    ),
];

pub(crate) const ANSWERS: &[Case] = &[
    case("etcdctl lease revoke 1234", "No lease has this ID", "etcdctl lease list"),
    after(
        &["etcdctl put k 1", "etcdctl put k 2", "etcdctl put k 3", "etcdctl compact 3"],
        "etcdctl get k --rev=2",
        "last compaction is gone",
        "etcdctl get k --rev=3",
    ),
    case("etcdctl get k --rev=99", "not come to this revision", "etcdctl get k --rev=1"),
    case("etcdctl auth enable", "user add root:PASSWORD", "etcdctl user list"),
    after(
        &[
            "etcdctl user add root:r; etcdctl user grant-role root root",
            "etcdctl user add ann:a; etcdctl role add r; etcdctl role grant-permission r read k",
            "etcdctl user grant-role ann r; etcdctl auth enable",
        ],
        "etcdctl get k",
        "--user NAME:PASSWORD",
        "etcdctl --user root:r get k",
    ),
    after(
        &[
            "etcdctl user add root:r; etcdctl user grant-role root root",
            "etcdctl user add ann:a; etcdctl role add r; etcdctl role grant-permission r read k",
            "etcdctl user grant-role ann r; etcdctl auth enable",
        ],
        "etcdctl --user ann:a put k v",
        "grant-permission ROLE readwrite KEY",
        "etcdctl --user ann:a get k",
    ),
    after(
        &["etcdctl user add root:r; etcdctl user grant-role root root; etcdctl auth enable"],
        "etcdctl --user root:wrong get k",
        "another password",
        "etcdctl --user root:r get k",
    ),
    case("etcdctl --user root:r get k", "authentication is off", "etcdctl get k"),
    case("etcdctl user get nobody", "etcdctl user list", "etcdctl user list"),
    case("etcdctl role get nothing", "etcdctl role list", "etcdctl role list"),
    after(
        &["etcdctl role add r"],
        "etcdctl role add r",
        "role grant-permission",
        "etcdctl role get r",
    ),
    case("etcdctl member remove 1234", "No member has this ID", "etcdctl member list"),
    case(
        "etcdctl member add m4 --peer-urls=http://127.0.0.1:2390",
        "five seconds",
        "etcdctl member list",
    ),
    after(
        &["sleep 6"],
        "etcdctl member add m4 --peer-urls=http://127.0.0.1:2380",
        "has this peer URL",
        "etcdctl member list",
    ),
    case(
        "etcdctl member promote $(etcdctl member list | head -1 | cut -d, -f1)",
        "only learners are promoted",
        "etcdctl member list",
    ),
    after(
        &[
            "sleep 6",
            "etcdctl member add m4 --peer-urls=http://127.0.0.1:2390 --learner",
            "sleep 6",
        ],
        "etcdctl member add m5 --peer-urls=http://127.0.0.1:2391 --learner",
        "one learner at a time",
        "etcdctl member list",
    ),
    after(
        &["lab kill m3", "sleep 6"],
        "etcdctl member add m4 --peer-urls=http://127.0.0.1:2390",
        "etcdctl endpoint health --cluster",
        "etcdctl member list",
    ),
    case("etcdctl put '' v", "empty key", "etcdctl put k v"),
    case(
        "printf '\\nput k 1\\nput k 2\\n\\n\\n' | etcdctl txn",
        "only once",
        "printf '\\nput k 1\\nput j 2\\n\\n\\n' | etcdctl txn",
    ),
    after(
        &["etcdctl snapshot save s.db", "etcdctl snapshot restore s.db --data-dir d"],
        "etcdctl snapshot restore s.db --data-dir d",
        "Name another one",
        "etcdctl snapshot restore s.db --data-dir e",
    ),
    case("etcdctl move-leader 1234", "lead", "etcdctl endpoint status --cluster"),
    case("etcdctl lease grant 9000000001", "9,000,000,000 seconds", "etcdctl lease grant 9000"),
    after(
        &["etcdctl user add ann:a"],
        "etcdctl user add ann:a",
        "user passwd",
        "etcdctl user get ann",
    ),
    after(
        &["etcdctl user add ann:a"],
        "etcdctl user grant-role ann nothing",
        "etcdctl role add",
        "etcdctl role list",
    ),
    after(
        &["etcdctl user add ann:a; etcdctl role add r"],
        "etcdctl user revoke-role ann r",
        "etcdctl user get NAME",
        "etcdctl user get ann",
    ),
    after(
        &["etcdctl role add r"],
        "etcdctl role revoke-permission r k",
        "those of the grant",
        "etcdctl role grant-permission r read j",
    ),
    after(
        &["sleep 6"],
        "etcdctl member add m4 --peer-urls=http://127.0.0.1:2390 --learner; etcdctl member promote $(etcdctl member list | grep 2390 | cut -d, -f1)",
        "not caught up",
        "etcdctl member list",
    ),
    Case {
        members: 1,
        ..case(
            "etcdctl member add m2 --peer-urls=http://127.0.0.1:2390; etcdctl member add m3 --peer-urls=http://127.0.0.1:2391",
            "too few of the members",
            "etcdctl member list",
        )
    },
    after(
        &[
            "sleep 6; etcdctl member add m4 --peer-urls=http://127.0.0.1:42380 --learner > /dev/null",
            "etcd --name m4 --data-dir d4 --listen-client-urls http://127.0.0.1:42379 \
             --advertise-client-urls http://127.0.0.1:42379 --listen-peer-urls http://127.0.0.1:42380 \
             --initial-advertise-peer-urls http://127.0.0.1:42380 --initial-cluster-state existing \
             --initial-cluster m1=http://127.0.0.1:2380,m2=http://127.0.0.1:22380,m3=http://127.0.0.1:32380,m4=http://127.0.0.1:42380 \
             --initial-cluster-token etcd-lab > log 2>&1 &",
            "sleep 5",
        ],
        "etcdctl --endpoints=127.0.0.1:42379 get k",
        "serializable reads",
        "etcdctl --endpoints=127.0.0.1:42379 get k --consistency=s",
    ),
    case(
        "(echo; for n in $(seq 1 129); do echo put k$n v; done; echo; echo) | etcdctl txn",
        "128 operations",
        "(echo; for n in $(seq 1 128); do echo put k$n v; done; echo; echo) | etcdctl txn",
    ),
    case(
        "head -c 1600000 /dev/zero | tr '\\0' x | etcdctl put k",
        "1.5 MiB",
        "head -c 1500000 /dev/zero | tr '\\0' x | etcdctl put k",
    ),
    case(
        "cp $LAB/m1.data/member/snap/db copy.db; etcdctl snapshot restore copy.db --data-dir d",
        "--skip-hash-check",
        "etcdctl snapshot restore copy.db --data-dir e --skip-hash-check 2> /dev/null || true",
    ),
];

const fn old(
    setup: &'static [&'static str],
    bad: &'static str,
    hint: &'static str,
    good: &'static str,
) -> Case {
    Case { v2: true, ..after(setup, bad, hint, good) }
}

/// With `ETCDCTL_API=2`, against members that serve it.
pub(crate) const OLD_API: &[Case] = &[
    old(
        &["sleep 1; export ETCDCTL_API=2; etcdctl set k v"],
        "etcdctl get nosuch",
        "no such key",
        "etcdctl get k",
    ),
    old(
        &["sleep 1; export ETCDCTL_API=2; etcdctl set k v"],
        "etcdctl mk k v",
        "etcdctl set writes a key",
        "etcdctl mk j v",
    ),
    old(
        &["sleep 1; export ETCDCTL_API=2; etcdctl set d/k v"],
        "etcdctl rmdir d",
        "rm --recursive",
        "etcdctl ls d",
    ),
    old(
        &["sleep 1; export ETCDCTL_API=2; etcdctl set d/k v"],
        "etcdctl get /d",
        "etcdctl ls /d",
        "etcdctl get /d/k",
    ),
    old(
        &["sleep 1; export ETCDCTL_API=2; etcdctl set d/k v"],
        "etcdctl set d v",
        "This is a directory",
        "etcdctl set d/j v",
    ),
    old(
        &["sleep 1; export ETCDCTL_API=2; etcdctl set k v"],
        "etcdctl set k/j v",
        "where a directory would",
        "etcdctl set k w",
    ),
    old(
        &["sleep 1; export ETCDCTL_API=2; etcdctl set k v"],
        "etcdctl set k w --swap-with-value x",
        "another value or index",
        "etcdctl set k v --swap-with-value v",
    ),
    old(
        &["sleep 1; export ETCDCTL_API=2; etcdctl set /registry/k v"],
        "etcdctl get / --prefix --keys-only",
        "ETCDCTL_API=3 before",
        "etcdctl ls --recursive /",
    ),
];
