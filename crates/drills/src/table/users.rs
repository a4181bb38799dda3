//! Users and roles.

use crate::{BASE, Pattern, Topic};

pub(crate) const DRILLS: &[Pattern] = &[
    Pattern {
        id: "user-add",
        title: "Add a user",
        topic: Topic::Users,
        task: "Add the user `{user}` with the password `{pass}`.",
        goals: &[("there is a user `{user}`", "user({user})")],
        hint: "`etcdctl user add NAME:PASSWORD` asks no questions.",
        solution: "etcdctl user add {user}:{pass}",
        wrong: &[("etcdctl role add {user}", "user {user} does not exist")],
        ..BASE
    },
    Pattern {
        id: "user-role",
        title: "Give a user a role",
        topic: Topic::Users,
        task: "Give the role `{role}` to the user `{user}`, and to nobody else.",
        setup: "etcdctl user add {user}:{pass}; etcdctl user add {user2}:{pass}; etcdctl role add {role}",
        goals: &[
            ("`{user}` has the role", "user({user}).roles contains \"{role}\""),
            ("`{user2}` has it not", "!(user({user2}).roles contains \"{role}\")"),
        ],
        hint: "`etcdctl user grant-role USER ROLE`",
        solution: "etcdctl user grant-role {user} {role}",
        wrong: &[(
            "etcdctl user grant-role {role} {user}",
            "the list of roles of user {user} does not contain {role}",
        )],
        ..BASE
    },
    Pattern {
        id: "role-read",
        title: "A role that reads a prefix",
        topic: Topic::Users,
        minutes: 2,
        task: "Make a role `{role}` that may read every key under `{p}`, and may not write there.",
        goals: &[
            ("`{role}` may read all of `{p}`", "mayall({role},read,{p})"),
            ("it may not write there", "role({role}) && !may({role},write,{k})"),
        ],
        hint: "`role grant-permission ROLE read KEY` has a flag for prefixes.",
        solution: "etcdctl role add {role}\netcdctl role grant-permission {role} read {p} --prefix=true",
        wrong: &[
            (
                "etcdctl role add {role}; etcdctl role grant-permission {role} read {p}",
                "role {role} may not read all keys under {p} yet",
            ),
            (
                "etcdctl role add {role}; etcdctl role grant-permission {role} readwrite {p} --prefix=true",
                "role {role} may write {k}",
            ),
        ],
        ..BASE
    },
    Pattern {
        id: "role-write-one",
        title: "A role for one key",
        topic: Topic::Users,
        minutes: 2,
        task: "Make a role `{role}` that may read and write `{k}`, and no other key.",
        goals: &[
            ("`{role}` may read and write `{k}`", "may({role},read,{k}) && may({role},write,{k})"),
            (
                "it may do nothing with `{k}0`",
                "role({role}) && !may({role},read,{k}0) && !may({role},write,{k}0)",
            ),
        ],
        hint: "The permission is `readwrite`; without `--prefix` it is for that key alone.",
        solution: "etcdctl role add {role}\netcdctl role grant-permission {role} readwrite {k}",
        wrong: &[
            (
                "etcdctl role add {role}; etcdctl role grant-permission {role} read {k}",
                "role {role} may not write {k} yet",
            ),
            (
                "etcdctl role add {role}; etcdctl role grant-permission {role} readwrite {k} --prefix=true",
                "role {role} may read {k}0",
            ),
        ],
        ..BASE
    },
    Pattern {
        id: "role-revoke",
        title: "Take a permission away",
        topic: Topic::Users,
        minutes: 2,
        task: "The role `{role}` may write `{k}`. Take that permission away; the one for `{q}` stays.",
        setup: "etcdctl role add {role}; etcdctl role grant-permission {role} write {k}; etcdctl role grant-permission {role} read {q} --prefix=true",
        goals: &[
            ("`{role}` may not write `{k}`", "role({role}) && !may({role},write,{k})"),
            ("it may still read all of `{q}`", "mayall({role},read,{q})"),
        ],
        hint: "`role get {role}` shows both; `role revoke-permission ROLE KEY` takes one away.",
        solution: "etcdctl role revoke-permission {role} {k}",
        wrong: &[
            ("etcdctl role delete {role}", "role {role} does not exist"),
            (
                "etcdctl role revoke-permission {role} {q} --prefix=true",
                "role {role} may write {k}",
            ),
        ],
        ..BASE
    },
    Pattern {
        id: "user-delete",
        title: "Somebody leaves",
        topic: Topic::Users,
        task: "`{user}` has left. Remove that user, and only that one.",
        setup: "etcdctl user add {user}:{pass}; etcdctl user add {user2}:{pass}; etcdctl role add {role}; etcdctl user grant-role {user} {role}",
        goals: &[
            ("there is no user `{user}`", "!user({user})"),
            ("`{user2}` is still there", "user({user2})"),
        ],
        hint: "`etcdctl user delete NAME`",
        solution: "etcdctl user delete {user}",
        wrong: &[("etcdctl user revoke-role {user} {role}", "user {user} still exists")],
        ..BASE
    },
    Pattern {
        id: "auth-enable",
        title: "Turn authentication on",
        topic: Topic::Users,
        minutes: 3,
        task: "Turn authentication on. It needs a user `root` with the role `root`.",
        goals: &[
            ("`root` has the role `root`", "user(root).roles contains \"root\""),
            ("authentication is on", "auth.enabled"),
        ],
        hint: "Three commands: `user add`, `user grant-role`, `auth enable`. Some releases make the role by themselves; `role add root` does no harm.",
        solution: "etcdctl user add root:{pass}\netcdctl role add root\netcdctl user grant-role root root\netcdctl auth enable",
        wrong: &[
            ("etcdctl auth enable", "user root does not exist"),
            (
                "etcdctl user add root:{pass}; etcdctl role add root; etcdctl user grant-role root root",
                "authentication is off",
            ),
        ],
        ..BASE
    },
];
