//! What 3.3 and 3.6 have otherwise than the releases that were recorded: commands, flags, formats and
//! texts. Each rule names the section of the formats reference or of etcd-semantics that it follows.

#![allow(clippy::unwrap_used)]

mod cluster;

use std::cell::RefCell;

use bytes::Bytes;
use cluster::Member;
use etcdctl::CallError;
use etcdctl::memory::{Call, Memory};
use prost::Message;
use proto::etcdserverpb::*;
use proto::{Profile, error, method};

const OLD: Profile = Profile::V3_3;
const NEW: Profile = Profile::V3_6;

/// Status, standard output and standard error of one line over a scripted member; the API is the third.
fn play(profile: Profile, line: &str) -> (i32, String, String) {
    // From 3.4 on it needs no variable, and in 3.6 it is one too many.
    play_with(profile, line, if profile == OLD { "3" } else { "" })
}

fn play_with(profile: Profile, line: &str, api: &str) -> (i32, String, String) {
    let mut member = Member::new();
    member.profile = profile;
    let mut system = Memory::serving(|call| member.serve_call(call))
        .streaming(|_, call, heard| member.stream(call, heard));
    system.profile = profile;
    if !api.is_empty() {
        system.env.push(("ETCDCTL_API".into(), api.into()));
    }
    let status = system.run(&line.split(' ').collect::<Vec<_>>()).unwrap();
    let text = |bytes: &RefCell<Vec<u8>>| String::from_utf8(bytes.take()).unwrap();
    let result = (status, text(&system.stdout), text(&system.stderr));
    drop(system);
    result
}

/// Whether a release has a command: one that has prints its help.
fn has(profile: Profile, command: &str) -> bool {
    let (_, out, _) = play(profile, &format!("{command} --help"));
    let name = command.split(' ').collect::<Vec<_>>().join(" ");
    out.starts_with(&format!("NAME:\n\t{name} - "))
}

/// Section 1.1: 3.3 speaks the old API unless it is told otherwise, 3.6 never does and only wonders at the
/// variable.
#[test]
fn each_release_has_its_default_api() {
    let versions = [
        (OLD, "", "etcdctl version: 3.3.27\nAPI version: 2\n"),
        (Profile::V3_4, "2", "etcdctl version: 3.4.23\nAPI version: 2\n"),
    ];
    for (profile, api, expected) in versions {
        assert_eq!(play_with(profile, "--version", api).1, expected);
    }
    let (_, out, _) = play_with(OLD, "version", "3");
    assert_eq!(out, "etcdctl version: 3.3.27\nAPI version: 3.3\n");
    for api in ["", "2", "3"] {
        let (status, out, err) = play_with(NEW, "put a b", api);
        assert_eq!((status, out.as_str()), (0, "OK\n"));
        assert_eq!(err.contains("unrecognized environment variable"), !api.is_empty(), "{err}");
    }
    let (_, out, _) = play(NEW, "version");
    assert_eq!(out, "etcdctl version: 3.6.14\nAPI version: 3.6\n");
}

/// Section 2, by the tags of each row.
#[test]
fn commands_came_and_went() {
    let spans = [
        ("member promote", Profile::V3_4, NEW),
        ("auth status", Profile::V3_5, NEW),
        ("migrate", OLD, Profile::V3_4),
        ("snapshot status", OLD, Profile::V3_5),
        ("snapshot restore", OLD, Profile::V3_5),
        ("snapshot save", OLD, NEW),
        ("downgrade validate", NEW, NEW),
        ("downgrade enable", NEW, NEW),
        ("downgrade cancel", NEW, NEW),
        ("check perf", OLD, NEW),
        ("make-mirror", OLD, NEW),
        ("completion", NEW, NEW),
    ];
    for (command, first, last) in spans {
        for profile in Profile::ALL {
            let there = (first..=last).contains(&profile);
            // The recorded build of 3.4.23 has it too.
            let there = there || (command == "completion" && profile == Profile::V3_4);
            assert_eq!(has(profile, command), there, "{command} {profile:?}");
        }
    }
}

/// Sections 1.3 and 2.
#[test]
fn flags_came_and_went() {
    let spans = [
        ("get", "min-create-rev", NEW, NEW),
        ("get", "max-create-rev", NEW, NEW),
        ("get", "min-mod-rev", NEW, NEW),
        ("get", "max-mod-rev", NEW, NEW),
        ("del", "range", NEW, NEW),
        ("defrag", "data-dir", OLD, Profile::V3_5),
        ("member add", "learner", Profile::V3_4, NEW),
        ("member list", "consistency", NEW, NEW),
        ("user add", "no-password", Profile::V3_4, NEW),
        ("get", "password", Profile::V3_4, NEW),
        ("get", "discovery-srv-name", Profile::V3_4, NEW),
        ("get", "max-request-bytes", NEW, NEW),
        ("get", "max-recv-bytes", NEW, NEW),
        ("watch", "progress-notify", Profile::V3_5, NEW),
    ];
    for (command, flag, first, last) in spans {
        for profile in Profile::ALL {
            let (_, out, _) = play(profile, &format!("{command} --help"));
            let there = out.contains(&format!("--{flag}=")) || out.contains(&format!("--{flag}["));
            assert_eq!(there, (first..=last).contains(&profile), "{command} {flag} {profile:?}");
        }
    }
}

/// Section 1.6; the simple format has the same columns.
#[test]
fn tables_have_the_columns_of_their_release() {
    let heading = |profile, line: &str| -> Vec<String> {
        let (_, out, _) = play(profile, line);
        let row = out.lines().nth(1).unwrap().trim_matches('|');
        row.split('|').map(|cell| cell.trim().to_string()).collect()
    };
    let old = ["ENDPOINT", "ID", "VERSION", "DB SIZE", "IS LEADER", "RAFT TERM", "RAFT INDEX"];
    assert_eq!(heading(OLD, "endpoint status -w table"), old);
    let new = [
        "ENDPOINT",
        "ID",
        "VERSION",
        "STORAGE VERSION",
        "DB SIZE",
        "IN USE",
        "PERCENTAGE NOT IN USE",
        "QUOTA",
        "IS LEADER",
        "IS LEARNER",
        "RAFT TERM",
        "RAFT INDEX",
        "RAFT APPLIED INDEX",
        "ERRORS",
        "DOWNGRADE TARGET VERSION",
        "DOWNGRADE ENABLED",
    ];
    assert_eq!(heading(NEW, "endpoint status -w table"), new);
    let (_, out, _) = play(NEW, "endpoint status");
    let row = "127.0.0.1:2379, 8c8085115b3ba2d4, 3.6.14, , 20 kB, 16 kB, 20%, 0 B, true, false, 2, 6, 6, , , false\n";
    assert_eq!(out, row);
    let (_, out, _) = play(OLD, "endpoint status");
    assert_eq!(out, "127.0.0.1:2379, 8c8085115b3ba2d4, 3.3.27, 20 kB, true, 2, 6\n");
    assert_eq!(heading(OLD, "member list -w table").last().unwrap(), "CLIENT ADDRS");
    assert_eq!(heading(NEW, "member list -w table").last().unwrap(), "IS LEARNER");
    let (_, out, _) = play(OLD, "member list");
    assert_eq!(
        out,
        "8c8085115b3ba2d4, started, m1, http://127.0.0.1:2380, http://127.0.0.1:2379\n"
    );
    assert_eq!(heading(OLD, "endpoint hashkv -w table"), ["ENDPOINT", "HASH"]);
    assert_eq!(heading(NEW, "endpoint hashkv -w table"), ["ENDPOINT", "HASH", "HASH REVISION"]);
}

/// Sections 1.4 and 1.5.
#[test]
fn fields_and_json_have_those_of_their_release() {
    let names = |profile, line: &str| -> String {
        let (_, out, _) = play(profile, line);
        let name = |line: &str| Some(line.split('"').nth(1)?.to_string());
        out.lines().filter_map(name).collect::<Vec<_>>().join(" ")
    };
    let head = "ClusterID MemberID Revision RaftTerm";
    assert_eq!(
        names(OLD, "endpoint status -w fields"),
        format!("{head} Version DBSize Leader RaftIndex RaftTerm Endpoint")
    );
    let new = "Version StorageVersion DBSize DBSizeInUse DBSizeQuota Leader IsLearner RaftIndex \
               RaftTerm RaftAppliedIndex Errors Endpoint DowngradeTargetVersion DowngradeEnabled";
    assert_eq!(names(NEW, "endpoint status -w fields"), format!("{head} {new}"));
    // The list's header has no revision, which 3.6 does not show then.
    let member = "ID Name PeerURL ClientURL";
    assert_eq!(names(OLD, "member list -w fields"), format!("{head} {member}"));
    let new = format!("ClusterID MemberID RaftTerm {member} IsLearner");
    assert_eq!(names(NEW, "member list -w fields"), new);
    let (_, out, _) = play(NEW, "member list -w fields --hex");
    assert!(out.contains("\"ID\" : 8c8085115b3ba2d4\n") && out.contains("\"ClusterID\" : 7\n"));
    let (_, out, _) = play(NEW, "member list -w json --hex");
    assert!(
        out.contains("\"clientURLs\":[") && out.contains("\"ID\":\"8c8085115b3ba2d4\""),
        "{out}"
    );
}

/// Section 2, row of `del`.
#[test]
fn a_range_is_not_deleted_without_a_warning_in_3_6() {
    let (_, out, err) = play(NEW, "del a c");
    assert_eq!(out, "0\n");
    assert!(err.starts_with("Warning: Keys between \"a\" and \"c\" will be deleted."), "{err}");
    for line in ["del a c --range", "del a", "del a --prefix"] {
        assert_eq!(play(NEW, line).2, "", "{line}");
    }
    assert_eq!(play(Profile::V3_5, "del a c").2, "");
}

/// Section 2, row of `get`; section 1.2: 4 for a bad combination of bounds.
#[test]
fn bounds_on_revisions_are_sent_and_checked() {
    let asked = RefCell::new(RangeRequest::default());
    let serve = |call: &Call<'_>| {
        asked.replace(RangeRequest::decode(call.request).unwrap());
        (Some(1_000), Ok(Bytes::new()))
    };
    let mut system = Memory::serving(serve);
    system.profile = NEW;
    let line = "get a --min-create-rev=2 --max-create-rev=3 --min-mod-rev=4 --max-mod-rev=5";
    assert_eq!(system.run(&line.split(' ').collect::<Vec<_>>()), Some(0));
    let sent = asked.borrow();
    let bounds = [
        sent.min_create_revision,
        sent.max_create_revision,
        sent.min_mod_revision,
        sent.max_mod_revision,
    ];
    assert_eq!(bounds, [2, 3, 4, 5]);
    assert_eq!(play(NEW, "get a --min-mod-rev=5 --max-mod-rev=4").0, 4);
    assert_eq!(play(NEW, "member list --consistency=x").0, 4);
}

/// Section 17 and row `downgrade`.
#[test]
fn downgrades_are_asked_for() {
    let serve = |call: &Call<'_>| {
        assert_eq!(call.method, method::maintenance::DOWNGRADE);
        let request = DowngradeRequest::decode(call.request).unwrap();
        let version = "3.6.0".to_string();
        let reply = DowngradeResponse { version, ..DowngradeResponse::default() };
        match request.version.as_str() {
            "3.4" => (Some(1), Err(CallError::Status(error::invalid_downgrade_target_version()))),
            _ => (Some(1), Ok(Bytes::from(reply.encode_to_vec()))),
        }
    };
    for (line, status, text) in [
        ("downgrade validate 3.5", 0, "Downgrade validate success, cluster version 3.6.0\n"),
        ("downgrade enable 3.5", 0, "Downgrade enable success, cluster version 3.6.0\n"),
        ("downgrade cancel", 0, "Downgrade cancel success, cluster version 3.6.0\n"),
        ("downgrade validate", 128, "Error: TARGET_VERSION not provided\n"),
        ("downgrade validate 3.5 3.6", 128, "Error: too many arguments\n"),
    ] {
        let mut system = Memory::serving(serve);
        system.profile = NEW;
        assert_eq!(system.run(&line.split(' ').collect::<Vec<_>>()), Some(status), "{line}");
        assert_eq!(String::from_utf8(system.terminal.take()).unwrap(), text);
    }
    let mut system = Memory::serving(serve);
    system.profile = NEW;
    assert_eq!(system.run(&["downgrade", "enable", "3.4"]), Some(1));
}

/// Row of `defrag`: 3.6 tells how long it took.
#[test]
fn defragmentation_tells_its_time_in_3_6() {
    let line = "Finished defragmenting etcd member[127.0.0.1:2379]";
    assert_eq!(play(NEW, "defrag").1, format!("{line}. took 2.5ms\n"));
    assert_eq!(play(OLD, "defrag").1, format!("{line}\n"));
}

/// Section 1.3: the interceptor that warns came with the client of 3.4.
#[test]
fn the_client_of_3_3_does_not_warn() {
    for (profile, warns) in [(OLD, false), (Profile::V3_4, true), (NEW, true)] {
        let (status, _, err) = play(profile, "lease revoke 12");
        assert_eq!((status, err.contains("retrying of unary invoker")), (1, warns), "{err}");
    }
}
