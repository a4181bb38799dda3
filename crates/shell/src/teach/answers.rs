//! What a member answered, in other words: leases, revisions, logins, membership, space.

use super::Rule;
use super::case::Case;

pub(super) const RULES: &[Rule] = &[table, old_key, permission, restore];

/// An answer and what a teacher would say of it.
const SAID: &[(&str, &str)] = &[
    (
        "requested lease not found",
        "No lease has this ID any more: it has run out, was revoked, or the ID is misspelt. etcdctl lease list shows those that live.",
    ),
    (
        "required revision has been compacted",
        "The history before the last compaction is gone. Newer revisions can still be read; etcdctl endpoint status -w json shows the present one.",
    ),
    (
        "required revision is a future revision",
        "The store has not come to this revision yet. etcdctl endpoint status -w json shows the present one.",
    ),
    ("too large lease TTL", "A lease can live for 9,000,000,000 seconds at most."),
    (
        "etcdserver: user name is empty",
        "Authentication is on, and nobody is logged in. Say who you are: --user NAME:PASSWORD",
    ),
    (
        "authentication failed, invalid user ID or password",
        "This user is not there, or has another password. --user takes NAME:PASSWORD.",
    ),
    (
        "root user does not exist",
        "Authentication needs a user root first: etcdctl user add root:PASSWORD, then etcdctl user grant-role root root",
    ),
    (
        "authentication is not enabled",
        "Nobody needs to log in as long as authentication is off. Leave out --user, or turn it on with etcdctl auth enable.",
    ),
    (
        "user name already exists",
        "etcdctl user list shows the users that are there; etcdctl user passwd changes a password.",
    ),
    ("user name not found", "etcdctl user list shows the users that are there."),
    (
        "role name already exists",
        "etcdctl role list shows the roles that are there; etcdctl role grant-permission adds to one.",
    ),
    (
        "role name not found",
        "etcdctl role list shows the roles that are there; etcdctl role add makes one.",
    ),
    ("role is not granted to the user", "etcdctl user get NAME shows the roles that a user has."),
    (
        "permission is not granted to the role",
        "etcdctl role get NAME shows what a role may do; key and end must be those of the grant.",
    ),
    (
        "database space exceeded",
        "The database has reached its quota, and only reads and deletes go on. Compact the history, etcdctl defrag each member, then etcdctl alarm disarm.",
    ),
    (
        "etcdserver: unhealthy cluster",
        "A member is not connected with the others, or not for five seconds yet; so long no member is added or removed. etcdctl endpoint health --cluster shows which it is.",
    ),
    (
        "re-configuration failed due to not enough started members",
        "After this change too few of the members would be running for a majority. Start those that are added, or remove those that are gone, first.",
    ),
    (
        "too many learner members in cluster",
        "There can be one learner at a time. Promote it with etcdctl member promote, or remove it.",
    ),
    (
        "can only promote a learner member which is in sync with leader",
        "The learner has not caught up with the leader. Is it running? Try again in a moment.",
    ),
    (
        "can only promote a learner member",
        "This member has a vote already; only learners are promoted.",
    ),
    (
        "etcdserver: member not found",
        "No member has this ID. etcdctl member list shows them, as the first word of each line.",
    ),
    (
        "Peer URLs already exists",
        "Another member has this peer URL. etcdctl member list shows them.",
    ),
    (
        "rpc not supported for learner",
        "A learner answers only serializable reads. Ask a voting member, or read with --consistency=s.",
    ),
    ("duplicate key given in txn request", "One transaction can write a key only once."),
    (
        "too many operations in txn request",
        "A transaction has 128 operations at most unless etcd was started with --max-txn-ops.",
    ),
    (
        "request is too large",
        "A request has 1.5 MiB at most unless etcd was started with --max-request-bytes.",
    ),
    (
        "etcdserver: key is not provided",
        "The key is empty, and etcd keeps nothing under an empty key.",
    ),
    (
        "no leader endpoint given at",
        "Only the leader hands its office over: name its endpoint, too, in --endpoints. etcdctl endpoint status --cluster shows who leads.",
    ),
    (
        "bad leader transferee",
        "This member cannot lead: only a voting member of this cluster can. etcdctl member list shows them.",
    ),
    (
        "snapshot missing hash but --skip-hash-check=false",
        "This file is a copy of member/snap/db, not one of etcdctl snapshot save. --skip-hash-check takes it all the same.",
    ),
];

fn table(case: &Case<'_>) -> Option<String> {
    // One of several commands was answered so though a later one succeeded; 3.4 only warns of a login
    // that was not asked for.
    let warned = case.says("authentication is not enabled");
    let failed = case.code != 0 || case.commands.len() > 1 || warned;
    let is_tool = failed && case.calls().next().is_some();
    let said = |text: &str| case.output.lines().any(|line| line.contains(text));
    let (_, hint) = SAID.iter().find(|(text, _)| is_tool && said(text))?;
    Some((*hint).to_string())
}

/// The answers of the old API.
fn old_key(case: &Case<'_>) -> Option<String> {
    case.calls().next()?;
    let line = case.output.lines().find(|line| line.starts_with("Error:  "))?;
    let text = |code: &str| line.starts_with(&format!("Error:  {code}: "));
    Some(match () {
        () if text("100") => "There is no such key. etcdctl ls / --recursive shows those that are there.".into(),
        () if text("102") => "This is a directory: etcdctl ls shows what is in it, etcdctl rm --recursive removes all of it.".into(),
        () if text("104") => "There is a key where a directory would have to be.".into(),
        () if text("105") => "mk and mkdir make only what is not there. etcdctl set writes a key, there or not.".into(),
        () if text("108") => "Only an empty directory goes so. etcdctl rm --recursive removes it with all that is in it.".into(),
        () if text("101") => "The key has another value or index than the one that was given to compare.".into(),
        () => return None,
    })
}

fn permission(case: &Case<'_>) -> Option<String> {
    case.calls().next()?;
    case.says("etcdserver: permission denied").then(|| {
        "This user has no right to do that. root can give it to a role of the user: etcdctl role grant-permission ROLE readwrite KEY; only root manages members and users.".into()
    })
}

/// A restore into a directory that is there.
fn restore(case: &Case<'_>) -> Option<String> {
    let path = case.between("Error: data-dir \"", "\" exists")?;
    Some(format!(
        "A restore makes a new directory, and {path} is there already. Name another one: --data-dir DIR"
    ))
}
