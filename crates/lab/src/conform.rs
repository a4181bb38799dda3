//! Replays a recording of real etcd in a lab of its own and compares every line. Besides, no property
//! that the lab checks may break on the way.
//!
//! A case starts as its recording did: members healthy, store at revision 1, m1 leading, one empty
//! working directory, and one shell for all its commands. Its header says what else was true then;
//! what the lab cannot do yet makes the case one that cannot run.

use std::collections::BTreeMap;

use cluster::HostOptions;
use member::MemberConfig;
use proto::Profile;
use shell::transcript::{self, Case};
use shell::{EtcdFlags, Host};

use crate::case_pki::CasePki;
use crate::{InProcess, Lab, Micros, SessionOptions, WorldOptions};

/// A command may take this much virtual time.
const COMMAND_US_MAX: Micros = 600_000_000;
/// `warm: true`: etcd refuses membership changes before its peers were connected for 5 s.
const WARM_US: Micros = 6_000_000;
/// Seeds to look through for one whose first leader is m1.
const SEEDS_MAX: u64 = 1000;
/// `auth: true`: user root with role root and password root, and authentication switched on. None
/// of it is a revision of the store. With `tls: true` the tool gets [`TLS_FLAGS`] besides.
const AUTH_COMMANDS: [&str; 3] = ["user add root:root", "user grant-role root root", "auth enable"];
const TLS_FLAGS: &str = "--endpoints=https://127.0.0.1:2379 --cacert=pki/ca.crt \
                         --cert=pki/client.crt --key=pki/client.key";

/// How a case went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CaseOutcome {
    Passed,
    /// A diff for each command that answered otherwise.
    Failed(Vec<String>),
    /// The lab has no such thing yet.
    CannotRun(String),
}

/// Runs one recording (the text of a `.trycmd` file) under a profile (`3.4`).
pub fn run_case(text: &str, profile: &str) -> CaseOutcome {
    let case = match transcript::parse(text) {
        Ok(case) => case,
        Err(error) => return CaseOutcome::CannotRun(format!("not a recording: {error}")),
    };
    let wanted = match Wanted::read(&case, profile) {
        Ok(wanted) => wanted,
        Err(reason) => return CaseOutcome::CannotRun(reason),
    };
    let mut session = match prepare(&wanted) {
        Ok(session) => session,
        Err(reason) => return CaseOutcome::CannotRun(reason),
    };
    let mut diffs = Vec::new();
    for step in &case.steps {
        let until = session.lab().now() + COMMAND_US_MAX;
        let cwd = session.lab().client().cwd();
        match session.exec(&step.command, until) {
            Some((status, output)) => {
                diffs.extend(transcript::compare(step, status, &output, &cwd));
            }
            None => {
                let seconds = COMMAND_US_MAX / 1_000_000;
                let text = format!("line {}: $ {}", step.line, step.command);
                diffs.push(format!("{text}\n+did not end within {seconds} virtual seconds\n"));
                return CaseOutcome::Failed(diffs);
            }
        }
    }
    let violations = session.lab().world().violations();
    diffs.extend(violations.iter().map(|text| format!("+violation: {text}\n")));
    if diffs.is_empty() { CaseOutcome::Passed } else { CaseOutcome::Failed(diffs) }
}

/// The reason why a case (`v3-kv/del`) is known to differ under a profile. A line of the list is
/// `v3-kv/del: reason`, or `3.5 v3-kv/del: reason` if only that profile differs; `#` is a comment.
pub fn known_difference<'a>(list: &'a str, profile: &str, case: &str) -> Option<&'a str> {
    list.lines().filter(|line| !line.starts_with('#')).find_map(|line| {
        let (listed, reason) = line.split_once(": ")?;
        let listed = listed.strip_prefix(profile).map_or(listed, str::trim_start);
        (listed == case).then_some(reason)
    })
}

/// What a case's header asks for.
struct Wanted {
    profile: Profile,
    members: u32,
    /// The members were connected for more than five seconds.
    warm: bool,
    auth: bool,
    /// The members serve API version 2.
    v2: bool,
    /// The members listen at `https` and want a certificate; there are some under `pki/`.
    tls: bool,
    flags: MemberFlags,
}

impl Wanted {
    /// The error names what the lab has not, or what cannot be read.
    fn read(case: &Case, profile: &str) -> Result<Wanted, String> {
        let profile = Profile::parse(profile).ok_or_else(|| {
            format!("profile '{profile}' is not in this lab: {}", Profile::names())
        })?;
        let flag = |key: &str| case.header.get(key).is_some_and(|value| value == "true");
        for key in case.header.keys() {
            match key.as_str() {
                // Masked output is recorded as wildcards already.
                "title" | "members" | "warm" | "auth" | "v2" | "tls" | "etcd-args" | "mask" => {}
                _ => return Err(format!("'{key}' is not a header that is known")),
            }
        }
        let members = case.header.get("members").map_or(Ok(1), |text| text.parse::<u32>());
        let args = case.header.get("etcd-args").map_or("", String::as_str);
        Ok(Wanted {
            profile,
            members: members.map_err(|_| "'members' is not a number".to_string())?,
            warm: flag("warm"),
            auth: flag("auth"),
            v2: flag("v2"),
            tls: flag("tls"),
            flags: MemberFlags::read(profile, args)?,
        })
    }
}

/// Flags of `etcd-args` that a member's configuration can take.
#[derive(Debug, Default, PartialEq, Eq)]
struct MemberFlags {
    /// `--quota-backend-bytes`; 0 is etcd's default.
    quota_backend_bytes: i64,
}

impl MemberFlags {
    fn read(profile: Profile, args: &str) -> Result<MemberFlags, String> {
        let words: Vec<String> = args.split_whitespace().map(str::to_string).collect();
        let names = words.iter().filter_map(|word| word.strip_prefix("--"));
        for name in names.map(|word| word.split('=').next().unwrap_or(word)) {
            if name != "quota-backend-bytes" {
                return Err(format!("'etcd-args: --{name}' is not in this lab yet"));
            }
        }
        let flags = EtcdFlags::parse(profile, &words, &BTreeMap::new())
            .map_err(|error| format!("'etcd-args: {args}' cannot be read: {error:?}"))?;
        Ok(MemberFlags { quota_backend_bytes: flags.quota_backend_bytes })
    }
}

/// A session as the case's header wants it.
fn prepare(wanted: &Wanted) -> Result<InProcess, String> {
    let mut session = with_m1_leading(wanted)?;
    let wait_us = if wanted.warm { WARM_US } else { 1_000_000 };
    session.run_until(session.lab().now() + wait_us);
    if wanted.auth {
        for command in AUTH_COMMANDS {
            let until = session.lab().now() + COMMAND_US_MAX;
            let flags = if wanted.tls { TLS_FLAGS } else { "" };
            match session.exec(&format!("etcdctl {flags} {command}"), until) {
                Some((0, _)) => {}
                Some((_, output)) => {
                    return Err(format!("'auth: true': {command}: {}", output.trim_end()));
                }
                None => return Err(format!("'auth: true': {command} does not end")),
            }
        }
    }
    Ok(session)
}

fn with_m1_leading(wanted: &Wanted) -> Result<InProcess, String> {
    let pki = wanted.tls.then(CasePki::new);
    for seed in 1..=SEEDS_MAX {
        let profile = wanted.profile.minor_version().to_string();
        let options = SessionOptions {
            seed,
            members: wanted.members,
            profile,
            v2: wanted.v2,
            quota_backend_bytes: wanted.flags.quota_backend_bytes,
        };
        let flags = MemberConfig {
            client_cert_auth: wanted.tls,
            client_tls: pki.as_ref().map(|pki| Box::new(pki.listener.clone())),
            ..MemberConfig::default()
        };
        let files = pki.as_ref().map(|pki| pki.files.clone()).unwrap_or_default();
        // The recordings were made with nothing to read on standard input.
        let console = |options| -> Box<dyn cluster::Console> {
            Box::new(Host::new(HostOptions { terminal: false, files, ..options }))
        };
        let lab = Lab::with_console(options, WorldOptions::new(seed), flags, console)?;
        let mut session = InProcess::new(lab);
        session.run_to_first_leader(60_000_000)?;
        if session.lab().world().leader() == Some(0) {
            return Ok(session);
        }
    }
    Err(format!("no seed up to {SEEDS_MAX} makes m1 the first leader"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(header: &str) -> Result<Wanted, String> {
        let text = format!("# t\n{header}\n```console\n$ true\n\n```\n");
        Wanted::read(&transcript::parse(&text).expect("well formed"), "3.5")
    }

    #[test]
    fn the_list_of_differences_is_by_profile_or_for_all() {
        let list = "# a/b: no\na/b: both\n3.5 a/c: one\n";
        assert_eq!(known_difference(list, "3.4", "a/b"), Some("both"));
        assert_eq!(known_difference(list, "3.5", "a/b"), Some("both"));
        assert_eq!(known_difference(list, "3.5", "a/c"), Some("one"));
        assert_eq!(known_difference(list, "3.4", "a/c"), None);
    }

    #[test]
    fn headers_are_understood_or_named() {
        let wanted = read(
            "<!-- members: 3 -->\n<!-- warm: true -->\n<!-- auth: true -->\n<!-- mask: x(.*) -->\n\
             <!-- v2: false -->\n<!-- etcd-args: --quota-backend-bytes=2097152 -->",
        )
        .expect("known");
        assert_eq!((wanted.members, wanted.warm, wanted.auth), (3, true, true));
        assert!(!wanted.tls && read("<!-- tls: true -->").expect("known").tls);
        assert!(!wanted.v2 && read("<!-- v2: true -->").expect("known").v2);
        assert_eq!(wanted.profile, Profile::V3_5);
        assert_eq!(wanted.flags, MemberFlags { quota_backend_bytes: 2_097_152 });
        for (header, error) in [
            ("<!-- colour: red -->", "'colour' is not a header that is known"),
            ("<!-- members: few -->", "'members' is not a number"),
            (
                "<!-- etcd-args: --enable-pprof -->",
                "'etcd-args: --enable-pprof' is not in this lab yet",
            ),
        ] {
            assert_eq!(read(header).err().as_deref(), Some(error));
        }
    }
}
