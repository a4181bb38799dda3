//! Members, maintenance, snapshots, endpoints, trouble.

use crate::{Api, BASE, Pattern, Topic};

const NOT_LEADER: &str = "lab stop {m}; lab start {m}; lab wait {m}; lab settle";

pub(crate) const DRILLS: &[Pattern] = &[
    Pattern {
        id: "member-id",
        title: "The ID of a member",
        topic: Topic::Members,
        minutes: 2,
        task: "Write the ID of the member `{m}`, in hex as `member list` shows it, to `answer.txt`.",
        goals: &[("`answer.txt` holds the ID", "file(/root/answer.txt)==member({m}).id")],
        hint: "The ID is the first column of `etcdctl member list`.",
        solution: "etcdctl member list | grep {m} | cut -d, -f1 > answer.txt",
        wrong: &[
            (
                "etcdctl member list | grep {o} | cut -d, -f1 > answer.txt",
                "file /root/answer.txt is",
            ),
            ("echo {m} > answer.txt", "file /root/answer.txt is {m}, not"),
        ],
        ..BASE
    },
    Pattern {
        id: "who-leads",
        title: "Who leads?",
        topic: Topic::Members,
        minutes: 3,
        task: "Which member leads the cluster? Write its name (`m1`, `m2` or `m3`) to `answer.txt`.",
        goals: &[("`answer.txt` names the leader", "file(/root/answer.txt)==leader()")],
        hint: "`etcdctl endpoint status --cluster -w table` shows IS LEADER for each endpoint; `member list` tells whose it is.",
        solution: "url=$(etcdctl endpoint status --cluster | grep ', true, ' | cut -d, -f1)\netcdctl member list | grep $url | awk -F', ' '{print $3}' > answer.txt",
        wrong: &[(
            "url=$(etcdctl endpoint status --cluster | grep ', true, ' | cut -d, -f1); echo $url > answer.txt",
            "file /root/answer.txt is http://127.0.0.1:",
        )],
        ..BASE
    },
    Pattern {
        id: "move-leader",
        title: "Hand the lead over",
        topic: Topic::Members,
        minutes: 3,
        task: "Make `{m}` the leader, without stopping any member.",
        setup: NOT_LEADER,
        saves: &[("all", "healthy()")],
        goals: &[
            ("`{m}` leads", "leader()==\"{m}\""),
            ("all three members are healthy", "healthy()==3"),
        ],
        hint: "`move-leader ID` must reach the leader: give it all endpoints. The ID is in `member list`.",
        solution: "etcdctl --endpoints={all} move-leader $(etcdctl member list | grep {m} | cut -d, -f1)",
        wrong: &[("etcdctl --endpoints={all} move-leader {m}", ", not {m}")],
        ..BASE
    },
    Pattern {
        id: "member-remove",
        title: "Remove a member",
        topic: Topic::Members,
        minutes: 2,
        task: "Remove the member `{m}` from the cluster. The other two go on.",
        goals: &[("`{m}` is no member", "!member({m})"), ("two members are left", "members()==2")],
        hint: "`member remove` wants the ID. If `{m}` is the one you talk to, nothing changes.",
        solution: "etcdctl --endpoints=127.0.0.1:{op} member remove $(etcdctl --endpoints=127.0.0.1:{op} member list | grep {m} | cut -d, -f1)",
        wrong: &[
            ("lab kill {m}", "member {m} still exists"),
            (
                "etcdctl --endpoints=127.0.0.1:{mp} member remove $(etcdctl --endpoints=127.0.0.1:{mp} member list | grep {o} | cut -d, -f1)",
                "member {m} still exists",
            ),
        ],
        ..BASE
    },
    Pattern {
        id: "member-learner",
        title: "Announce a learner",
        topic: Topic::Members,
        minutes: 2,
        task: "Add a member `m4` with the peer URL `http://127.0.0.1:42380` to the cluster, as a learner. It need not be started.",
        goals: &[
            ("there are four members", "members()==4"),
            ("the new one is a learner", "peer(http://127.0.0.1:42380).learner"),
        ],
        hint: "`member add NAME --peer-urls=URL` has a flag for learners.",
        solution: "etcdctl member add m4 --peer-urls=http://127.0.0.1:42380 --learner",
        wrong: &[
            ("etcdctl member add m4 --peer-urls=http://127.0.0.1:42380", "is no learner"),
            (
                "etcdctl member add m4 --peer-urls=http://127.0.0.1:52380 --learner",
                "there is no member at http://127.0.0.1:42380",
            ),
        ],
        // 3.3 has no learners.
        profiles: &["3.4", "3.5", "3.6"],
        ..BASE
    },
    Pattern {
        id: "nospace",
        title: "No space left",
        topic: Topic::Maintenance,
        minutes: 5,
        task: "The database is over its quota and refuses writes. The keys under `/big/` are not needed. Make room, end the alarm, and put `{v}` under `{k}`.",
        setup: "for i in 1 2 3 4 5 6 7 8; do head -c 60000 /dev/zero | base64 -w 0 | etcdctl put /big/$i; done; sleep 1",
        quota_backend_bytes: 400_000,
        goals: &[("the alarm is over", "!alarm(NOSPACE)"), ("`{k}` is `{v}`", "key({k})==\"{v}\"")],
        hint: "Delete the keys, compact, `defrag --cluster`, `alarm disarm`, in this order. `endpoint status -w json` tells the revision.",
        solution: "etcdctl del /big/ --prefix\nrev=$(etcdctl endpoint status -w json | grep -o '\"revision\":[0-9]*' | head -1 | cut -d: -f2)\netcdctl compaction $rev\netcdctl defrag --cluster\netcdctl alarm disarm\netcdctl put {k} {v}",
        wrong: &[
            ("etcdctl put {k} {v}", "alarm NOSPACE is still raised"),
            ("etcdctl alarm disarm; etcdctl put {k} {v}; sleep 1", "alarm NOSPACE is still raised"),
        ],
        ..BASE
    },
    Pattern {
        id: "snapshot-save",
        title: "Take a snapshot",
        topic: Topic::Snapshots,
        task: "Save a snapshot of the cluster to the file `backup.db`.",
        setup: "for i in $(seq {n}); do etcdctl put {p}$i {v}; done",
        saves: &[("rev", "rev()")],
        goals: &[
            ("`backup.db` is a snapshot", "file(/root/backup.db).type==\"snapshot\""),
            ("it has all that was there", "file(/root/backup.db).revision>=saved(rev)"),
        ],
        hint: "`etcdctl snapshot save FILE`",
        solution: "etcdctl snapshot save backup.db",
        wrong: &[(
            "etcdctl get '' --prefix > backup.db",
            "the type of file /root/backup.db is text",
        )],
        ..BASE
    },
    Pattern {
        id: "snapshot-status",
        title: "What is in a snapshot?",
        topic: Topic::Snapshots,
        minutes: 2,
        task: "The file `backup.db` is a snapshot. Up to which revision does it go? Write the number to `answer.txt`.",
        setup: "for i in $(seq {n}); do etcdctl put {p}$i {v}; done; etcdctl snapshot save backup.db; etcdctl del {p} --prefix; etcdctl put {k} {v}",
        goals: &[(
            "`answer.txt` holds the revision",
            "file(/root/answer.txt)==file(/root/backup.db).revision",
        )],
        hint: "`etcdctl snapshot status FILE -w table` shows hash, revision, keys and size.",
        solution: "etcdctl snapshot status backup.db -w fields | awk '/\"Revision\"/ {print $3}' > answer.txt",
        wrong: &[(
            "etcdctl get {k} -w fields | awk '/\"Revision\"/ {print $3}' > answer.txt",
            "file /root/answer.txt is",
        )],
        // In 3.6 that is the work of etcdutl.
        profiles: &["3.3", "3.4", "3.5"],
        ..BASE
    },
    Pattern {
        id: "snapshot-restore",
        title: "Restore a snapshot",
        topic: Topic::Snapshots,
        minutes: 2,
        task: "Restore the snapshot `backup.db` into the new data directory `/root/restored`. Nothing needs to be started.",
        setup: "etcdctl put {k} {v}; etcdctl snapshot save backup.db",
        goals: &[
            ("`/root/restored` has a member's data", "file(/root/restored/member/snap/db).exists"),
            ("and a log of its own", "file(/root/restored/member/wal).exists"),
        ],
        hint: "`etcdctl snapshot restore FILE --data-dir=DIR`",
        solution: "etcdctl snapshot restore backup.db --data-dir=/root/restored",
        wrong: &[
            ("cp backup.db restored", "file /root/restored/member/snap/db does not exist"),
            (
                "etcdctl snapshot restore backup.db",
                "file /root/restored/member/snap/db does not exist",
            ),
        ],
        // In 3.6 that is the work of etcdutl.
        profiles: &["3.3", "3.4", "3.5"],
        ..BASE
    },
    Pattern {
        id: "env-api",
        title: "Choose the API",
        topic: Topic::Endpoints,
        api: Api::Either,
        task: "From now on, every `etcdctl` in this shell must speak version 2 of the API, without a word on its line.",
        goals: &[("`ETCDCTL_API` is exported as 2", "env(ETCDCTL_API)==2")],
        hint: "Programs see a variable of the shell only when it is exported.",
        solution: "export ETCDCTL_API=2",
        wrong: &[
            ("ETCDCTL_API=2 etcdctl ls", "variable ETCDCTL_API is"),
            ("unset ETCDCTL_API; ETCDCTL_API=2", "variable ETCDCTL_API is not exported"),
        ],
        ..BASE
    },
    Pattern {
        id: "env-endpoints",
        title: "All members, without a flag",
        topic: Topic::Endpoints,
        minutes: 2,
        task: "Let `etcdctl` know the endpoints of all three members by an environment variable, for all commands that follow. The client ports are 2379, 22379 and 32379.",
        goals: &[(
            "the variable names all three",
            "env(ETCDCTL_ENDPOINTS) matches /:2379\\b/ && env(ETCDCTL_ENDPOINTS) matches /:22379\\b/ && env(ETCDCTL_ENDPOINTS) matches /:32379\\b/",
        )],
        hint: "Each flag has a variable: `--endpoints` is `ETCDCTL_ENDPOINTS`, with commas as in the flag.",
        solution: "export ETCDCTL_ENDPOINTS={all}",
        wrong: &[
            ("ETCDCTL_ENDPOINTS={all}", "variable ETCDCTL_ENDPOINTS is not exported"),
            ("export ETCDCTL_ENDPOINTS=127.0.0.1:2379", "which is not of the right form"),
        ],
        ..BASE
    },
    Pattern {
        id: "other-endpoint",
        title: "Ask somebody else",
        topic: Topic::Endpoints,
        minutes: 2,
        task: "The member at `127.0.0.1:2379` does not run, and must not be started. Still, write the value of `{k}`, alone, to `answer.txt`.",
        setup: "etcdctl put {k} {v}; lab kill m1; lab settle",
        goals: &[
            ("`answer.txt` holds the value", "file(/root/answer.txt)==\"{v}\""),
            ("`m1` is still down", "member(m1).state==\"down\""),
        ],
        hint: "The others listen at ports 22379 and 32379; `--endpoints` says whom to ask.",
        solution: "etcdctl --endpoints=127.0.0.1:22379 get {k} --print-value-only > answer.txt",
        wrong: &[("etcdctl get {k} --print-value-only > answer.txt", "is empty, not {v}")],
        ..BASE
    },
    Pattern {
        id: "who-is-down",
        title: "Who is missing?",
        topic: Topic::Trouble,
        minutes: 3,
        task: "One of the members does not run. Write its name (`m1`, `m2` or `m3`) to `answer.txt`; leave it as it is.",
        setup: "lab kill {m}; lab settle",
        goals: &[
            ("`answer.txt` names it", "file(/root/answer.txt)==\"{m}\""),
            ("it is still down", "member({m}).state==\"down\""),
        ],
        hint: "`endpoint health` with all three endpoints (`{all}`) shows which does not answer; `member list` shows whose it is.",
        solution: "bad=$(etcdctl --endpoints={all} endpoint health 2>&1 | grep 'is unhealthy' | cut -d' ' -f1)\netcdctl --endpoints={all} member list | grep $bad | awk -F', ' '{print $3}' > answer.txt",
        wrong: &[
            ("echo {o} > answer.txt", "file /root/answer.txt is {o}, not {m}"),
            ("echo {m} > answer.txt; lab start {m}; lab wait {m}", "the state of member {m} is"),
        ],
        ..BASE
    },
    Pattern {
        id: "start-member",
        title: "Bring a member back",
        topic: Topic::Trouble,
        minutes: 2,
        task: "A member has crashed. Find out which, and start it again. `lab help` lists what the lab can do.",
        setup: "lab kill {m}; lab settle",
        goals: &[("all three members are healthy", "healthy()==3")],
        hint: "`lab status` shows all members; `lab start NAME` starts one.",
        solution: "lab start {m}; lab wait {m}",
        wrong: &[
            ("lab start {o}", "the number of healthy members is 2, not 3"),
            ("etcdctl put {k} {v}", "the number of healthy members is 2, not 3"),
        ],
        ..BASE
    },
    Pattern {
        id: "no-quorum",
        title: "Without a quorum",
        topic: Topic::Trouble,
        minutes: 3,
        task: "Two of the three members are down, so nothing can be written. Start as few as it takes, and put `{v}` under `{k}`.",
        setup: "etcdctl put {q}1 {v2}; lab kill {m}; lab kill {o}; sleep 3",
        goals: &[
            ("`{k}` is `{v}`", "key({k})==\"{v}\""),
            ("one member is still down", "healthy()==2"),
        ],
        hint: "Two of three are a quorum. `lab status`, `lab start NAME`, `lab settle`.",
        solution: "lab start {m}; lab wait {m}; lab settle\netcdctl --endpoints=127.0.0.1:{mp} put {k} {v}",
        wrong: &[
            (
                "etcdctl --endpoints={all} --command-timeout=2s put {k} {v}",
                "key {k} does not exist",
            ),
            (
                "lab start {m}; lab start {o}; lab wait {m}; lab wait {o}; lab settle; etcdctl put {k} {v}",
                "the number of healthy members is 3, not 2",
            ),
        ],
        ..BASE
    },
    Pattern {
        id: "heal-links",
        title: "A cut in the network",
        topic: Topic::Trouble,
        minutes: 2,
        task: "`{m}` cannot reach the other members. Mend the network, so that all three are healthy.",
        setup: "lab cut '{m}|m1,m2,m3' || for o in m1 m2 m3; do test $o = {m} || lab cut \"{m}|$o\"; done; sleep 4",
        goals: &[
            ("all links work", "!cut({m},{o}) && !cut({o},{m})"),
            ("all three members are healthy", "healthy()==3"),
        ],
        hint: "`lab status` lists the cut links; `lab heal` mends them.",
        solution: "lab heal; lab settle",
        wrong: &[("lab kill {m}; lab start {m}; sleep 3", "the link from {m} to {o} is still cut")],
        ..BASE
    },
];
