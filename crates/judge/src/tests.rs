//! What checks say of a cluster that is written down here.

use frame::{
    AuthView, CommandResult, Goal, KnownMember, LeaseView, Look, Looked, MemberFacts, NodeView,
    PairView, PairsView, PermissionView, Role, Situation, Status, Step, Value,
};

use crate::{FileKind, Files, Judge};

struct Host;

impl Files for Host {
    fn kind(&self, path: &str) -> Option<FileKind> {
        match path {
            "/root" => Some(FileKind::Directory),
            "/root/a.txt" | "/root/empty" | "/root/b.db" => Some(FileKind::File),
            _ => None,
        }
    }

    fn read(&self, path: &str) -> Option<Vec<u8>> {
        match path {
            "/root/a.txt" => Some(b"  /a\n\n /b \n".to_vec()),
            "/root/empty" => Some(Vec::new()),
            "/root/b.db" => Some(vec![0xff; 4]),
            _ => None,
        }
    }

    fn snapshot_revision(&self, path: &str) -> Option<i64> {
        (path == "/root/b.db").then_some(7)
    }

    fn env(&self, name: &str) -> Option<String> {
        (name == "ETCDCTL_API").then(|| "2".into())
    }
}

/// The pairs of a small store, as a look would find them.
fn pairs(look: &Look) -> Vec<PairsView> {
    let stored = [("a/1", "Bob", 3, 2, 0), ("a/2", "", 5, 1, 77), ("b", "x y", 6, 1, 0)];
    let range = |range: &frame::LookRange| {
        let is_in = |key: &[u8]| match &range.range_end[..] {
            [] => key == range.key,
            [0] => key >= &range.key[..],
            end => key >= &range.key[..] && key < end,
        };
        let found: Vec<PairView> = stored
            .iter()
            .filter(|pair| is_in(pair.0.as_bytes()))
            .map(|(key, value, mod_revision, version, lease)| PairView {
                key: key.as_bytes().to_vec(),
                value: value.as_bytes().to_vec(),
                create_revision: 2,
                mod_revision: *mod_revision,
                version: *version,
                lease: *lease,
            })
            .collect();
        PairsView { count: found.len() as u64, pairs: found.into_iter().take(1).collect() }
    };
    look.ranges.iter().map(range).collect()
}

fn situation(look: &Look) -> Situation {
    let member = |name: &str, id| KnownMember {
        id,
        name: name.into(),
        peer_urls: vec![format!("http://p{id}")],
        is_learner: id == 3,
        ..KnownMember::default()
    };
    let facts = |name: &str, id, status, role| MemberFacts {
        id,
        name: name.into(),
        status,
        role,
        term: id,
        has_leader: status == Status::Running,
        applied: 9,
    };
    let node = |key: &str, value: Option<&str>, ttl_s: u64| NodeView {
        key: key.into(),
        value: value.map(str::to_string),
        has_ttl: ttl_s > 0,
        // At 12.5 s after the epoch, which is 1 s after 1970.
        expires_us: if ttl_s > 0 { 13_500_000 + ttl_s * 1_000_000 } else { 0 },
        created_index: 4,
        modified_index: 8,
    };
    let reader =
        PermissionView { read: true, write: false, key: b"a/".into(), range_end: b"a0".into() };
    Situation {
        looked: Some(Looked {
            revision: 6,
            compact_revision: -1,
            ranges: pairs(look),
            leases: vec![LeaseView { id: 77, granted_ttl_s: 60, keys: vec![b"a/2".to_vec()] }],
            auth: AuthView {
                enabled: false,
                users: vec![("ann".into(), vec!["ro".into()])],
                roles: vec![("ro".into(), vec![reader])],
            },
            v2: vec![
                node("/d", None, 0),
                node("/d/x", Some("one"), 30),
                node("/d/e", None, 0),
                node("/d/e/y", Some(""), 0),
            ],
            v2_security: vec![node("/users/ann", Some("{\"roles\":[\"ro\"]}"), 0)],
            v2_index: 12,
            members: vec![member("m1", 1), member("m2", 2), member("", 3)],
            alarms: vec![(1, "NOSPACE".into())],
            ..Looked::default()
        }),
        time_us: 12_500_000,
        epoch_us: 1_000_000,
        began_us: 2_000_000,
        leader: "m1".into(),
        members: vec![
            facts("m1", 1, Status::Running, Role::Leader),
            facts("m2", 2, Status::Crashed, Role::Follower),
        ],
        cuts: vec![("m1".into(), "m2".into())],
        results: vec![
            CommandResult { line: "etcdctl get a".into(), code: 0, output: "a\nBob\n".into() },
            CommandResult { line: "etcdctl gte a".into(), code: 1, output: "Error: x\n".into() },
        ],
        saved: vec![("rev".into(), Value::Number(5)), ("who".into(), Value::Text("m2".into()))],
    }
}

/// Empty when it is met, else why not.
fn reason(check: &str) -> String {
    let goal = Goal { check: check.into(), ..Goal::default() };
    let judge = Judge::new(&Step { goals: vec![goal], ..Step::default() }).expect(check);
    let judged = judge.judge(&situation(&judge.look()), &Host);
    assert_eq!(judged.goals[0].met, judged.goals[0].reason.is_empty(), "{check}");
    judged.goals[0].reason.clone()
}

#[test]
fn what_holds_is_met() {
    for check in [
        "key(a/1)==\"Bob\" && ver(a/1)>=2 && modrev(a/1)==3 && createrev(a/1)==2",
        "key(a/2)",
        "absent(a) && absent(c)",
        "count(a/)==2 && count()==3 && count(b)>0",
        "lease(a/2) && !lease(a/1) && ttl(a/2)==60 && leases()==1",
        "rev()==saved(rev)+1 && rev()-1==saved(rev) && compacted()==0",
        "leader()!=saved(who) && leader()==\"m1\" && term()==2 && quorum()",
        "members()==3 && learners()==1 && healthy()==1",
        "member(m2).state==\"down\" && member(m1).state==\"leader\" && member(m1).id==1",
        "!member(m3) && peer(http://p3).learner && !peer(http://p1).learner",
        "node(/d).dir && !node(/d/x).dir && node(/d/x)==\"one\" && node(/d/x).ttl==30",
        "nodes(/d)==2 && node(/d/x).created==4 && node(/d/x).modified>7 && index()==12",
        "v2user(ann) contains \"\\\"ro\\\"\" && !v2role(ro) && !v2auth()",
        "file(/root/a.txt).lines==\"/a /b\" && file(/root/a.txt).lines contains \"/b\"",
        "file(/root/a.txt) matches /^\\/a\\s+\\/b$/ && file(/root/empty)==\"\"",
        "file(/root).exists && file(/root).type==\"directory\" && !file(/x).exists",
        "file(/root/b.db).type==\"snapshot\" && file(/root/b.db).revision>=saved(rev)",
        "env(ETCDCTL_API)==2 && !env(HOME)",
        "ran(/get a/, rc==0) && ran(/gte/, rc!=0) && !ran(/get a/, rc!=0) && out(/^Error/)",
        "alarm(NOSPACE) && !alarm(CORRUPT) && cut(m1,m2) && !cut(m2,m1) && seconds()==10",
        "user(ann).roles contains \"ro\" && !user(bob) && role(ro) && !auth.enabled",
        "may(ro,read,a/1) && !may(ro,write,a/1) && mayall(ro,read,a/) && !mayall(ro,read,)",
        "key(zz)==\"x\" || rev()>5",
    ] {
        assert_eq!(reason(check), "", "{check}");
    }
}

#[test]
fn what_is_missing_is_told_in_plain_words() {
    for (check, words) in [
        ("key(a/1)==\"Alice\"", "key a/1 is Bob, not Alice"),
        ("key(a/2)==\"x\"", "key a/2 is empty, not x"),
        ("key(c)==\"Alice\"", "key c does not exist"),
        ("key(c)", "key c does not exist"),
        ("key(a/1)!=\"Bob\"", "key a/1 is still Bob"),
        ("absent(b)", "key b is still there"),
        ("count(a/)==0", "the number of keys under a/ is 2, not 0"),
        ("ver(a/1)>=3", "the version of key a/1 is 2; it must be at least 3"),
        ("rev()==saved(rev)+9", "the revision of the store is 6, not 14"),
        ("lease(a/1)", "key a/1 has no lease"),
        ("!lease(a/2)", "key a/2 still has a lease"),
        ("ttl(a/1)==60", "key a/1 has no lease"),
        ("leader()==\"m3\"", "the leader is m1, not m3"),
        ("member(m2).state==\"follower\"", "the state of member m2 is down, not follower"),
        ("member(m9)", "there is no member m9"),
        ("!member(m2)", "member m2 still exists"),
        ("healthy()==3", "the number of healthy members is 1, not 3"),
        ("node(/d/x).dir", "node /d/x is a key, not a directory"),
        ("node(/q)==\"x\"", "there is no node /q in the old tree"),
        ("!node(/d/x)", "node /d/x still exists"),
        ("!node(/d/x).ttl", "node /d/x still has a TTL"),
        ("node(/d).ttl", "node /d has no TTL"),
        ("file(/x)==\"1\"", "file /x does not exist"),
        ("file(/root/a.txt)==\"1\"", "file /root/a.txt is /a\u{23ce}\u{23ce} /b, not 1"),
        (
            "file(/root/a.txt).type==\"snapshot\"",
            "the type of file /root/a.txt is text, not snapshot",
        ),
        ("file(/root/a.txt).revision>1", "file /root/a.txt is no snapshot"),
        ("key(c)==file(/x)", "key c does not exist"),
        ("env(X)==1", "variable X is not exported"),
        ("auth.enabled", "authentication is off"),
        ("user(bob)", "user bob does not exist"),
        ("user(ann).roles contains \"rw\"", "the list of roles of user ann does not contain rw"),
        ("mayall(ro,write,a/)", "role ro may not write all keys under a/ yet"),
        ("!may(ro,read,a/1)", "role ro may read a/1"),
        ("!alarm(NOSPACE)", "alarm NOSPACE is still raised"),
        ("ran(/put/, rc==0)", "no command with put has succeeded yet"),
        ("out(/zz/)", "no command has printed zz yet"),
        ("rev()==6 && absent(b)", "key b is still there"),
        (
            "absent(b) || rev()==7",
            "key b is still there, and the revision of the store is 6, not 7",
        ),
        ("!(rev()==6)", "this must not hold: (rev()==6)"),
    ] {
        assert_eq!(reason(check), words, "{check}");
    }
}

#[test]
fn without_a_member_nothing_stored_is_known() {
    let goal = |check: &str| Goal { check: check.into(), ..Goal::default() };
    let checks =
        ["absent(a)", "!key(a)", "rev()==0", "env(ETCDCTL_API)==2", "!(key(a) || rev()>0)"];
    let step = Step { goals: checks.map(goal).to_vec(), ..Step::default() };
    let judge = Judge::new(&step).expect("a good step");
    let situation = Situation { looked: None, ..situation(&judge.look()) };
    let judged = judge.judge(&situation, &Host);
    let met: Vec<bool> = judged.goals.iter().map(|goal| goal.met).collect();
    assert_eq!(met, [false, false, false, true, false]);
    assert_eq!(judged.goals[1].reason, "no member of the cluster runs");
}

#[test]
fn a_goal_can_have_words_of_its_own_and_saves_are_taken() {
    let because = "put it back".to_string();
    let step = Step {
        saves: vec![("r".into(), "rev()".into()), ("l".into(), "leader()".into())],
        goals: vec![Goal { text: "t".into(), check: "absent(b)".into(), because }],
    };
    let judge = Judge::new(&step).expect("a good step");
    let judged = judge.judge(&situation(&judge.look()), &Host);
    assert_eq!(judged.goals[0].reason, "put it back");
    assert!(!judged.passes());
    let saves = [("r".into(), Value::Number(6)), ("l".into(), Value::Text("m1".into()))];
    assert_eq!(judged.saves, saves);
    let bad = Step { saves: vec![("r".into(), "rev(".into())], ..Step::default() };
    let error = Judge::new(&bad).err().expect("it cannot be read");
    assert_eq!(error, "save r `rev(`: column 5: here `,` should stand");
}
