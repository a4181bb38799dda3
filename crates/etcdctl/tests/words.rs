//! Whatever is typed: usage errors to the letter, and no words that make the tool panic.

#![allow(clippy::unwrap_used)]

use etcdctl::CallError;
use etcdctl::memory::Memory;
use proptest::prelude::*;
use proto::Profile;

fn system(env: &[(&str, &str)]) -> Memory<'static> {
    let mut system = Memory::new(|_, _, _, _| (Some(100), Err(CallError::Refused)));
    system.env = env.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
    system
}

#[test]
fn usage_errors_are_printed_before_and_after_the_usage() {
    for (args, line) in [
        (&["put", "h", "-5"][..], "unknown shorthand flag: '5' in -5"),
        (&["get", "a", "--nosuch"], "unknown flag: --nosuch"),
        (&["get", "---x"], "bad flag syntax: ---x"),
        (&["get", "--=x"], "bad flag syntax: --=x"),
        (&["get", "-=x", "a"], "unknown shorthand flag: '=' in -=x"),
        (&["get", "a", "-hx"], "unknown shorthand flag: 'x' in -x"),
        (&["get", "a", "-w"], "flag needs an argument: 'w' in -w"),
        (&["get", "a", "-hw"], "flag needs an argument: 'w' in -w"),
        (&["get", "a", "--limit"], "flag needs an argument: --limit"),
        (
            &["del", "a", "--prefix=maybe"],
            "invalid argument \"maybe\" for \"--prefix\" flag: strconv.ParseBool: parsing \"maybe\": invalid syntax",
        ),
        (
            &["get", "a", "--rev=abc"],
            "invalid argument \"abc\" for \"--rev\" flag: strconv.ParseInt: parsing \"abc\": invalid syntax",
        ),
        (
            &["get", "a", "--dial-timeout=5"],
            "invalid argument \"5\" for \"--dial-timeout\" flag: time: missing unit in duration \"5\"",
        ),
        (
            &["get", "a", "--endpoints=a\"b,c"],
            "invalid argument \"a\\\"b,c\" for \"--endpoints\" flag: parse error on line 1, column 2: bare \" in non-quoted-field",
        ),
        (&["get", "-é"], "unknown shorthand flag: 'Ã' in -é"),
    ] {
        let system = system(&[]);
        assert_eq!(system.run(args), Some(1), "{args:?}");
        let stderr = String::from_utf8(system.stderr.take()).unwrap();
        assert_eq!(stderr, format!("Error: {line}\n\nError: {line}\n"), "{args:?}");
        let stdout = String::from_utf8(system.stdout.take()).unwrap();
        let name = args[0];
        assert!(stdout.starts_with(&format!("NAME:\n\t{name} - ")), "{stdout}");
    }
}

#[test]
fn unknown_commands_get_cobras_words() {
    for (args, name, suggestions) in [
        (&["foo"][..], "foo", ""),
        (&["c"], "c", "\tcompaction\n\tcheck\n\tcompletion\n"),
        (&["set", "a"], "set", "\tget\n\tput\n\tdel\n\tuser\n"),
        (&["--no-such-global", "get", "a"], "a", "\talarm\n\tauth\n"),
        (&["heal"], "heal", "\tdel\n"),
    ] {
        let system = system(&[]);
        assert_eq!(system.run(args), Some(1));
        let mean = match suggestions {
            "" => String::new(),
            list => format!("\n\nDid you mean this?\n{list}"),
        };
        let error = format!("Error: unknown command \"{name}\" for \"etcdctl\"{mean}\n");
        let stderr = String::from_utf8(system.stderr.take()).unwrap();
        assert_eq!(stderr, format!("{error}Run 'etcdctl --help' for usage.\n{error}"));
        assert!(system.stdout.borrow().is_empty());
    }
}

#[test]
fn help_has_etcdctls_layout() {
    let system = system(&[]);
    assert_eq!(system.run(&["endpoint", "-h"]), Some(0));
    let text = String::from_utf8(system.stdout.take()).unwrap();
    let expected = "\
NAME:
\tendpoint - Endpoint related commands

USAGE:
\tetcdctl endpoint <subcommand> [flags]

API VERSION:
\t3.4


COMMANDS:
\thashkv\tShows each endpoint's hash of its history
\thealth\tTells whether endpoints can commit
\tstatus\tShows the state of the members behind endpoints

OPTIONS:
      --cluster[=false]\task every member in the member list
  -h, --help[=false]\tshow this help

GLOBAL OPTIONS:
      --cacert=\"\"\t\t\t\tfile of the authorities that vouch for servers
";
    assert!(text.starts_with(expected), "{text}");
    assert!(text.ends_with("simple or table\n\n"), "{text}");
}

#[test]
fn variables_yield_to_flags_loudly() {
    let shadowed = "2022-11-01 12:00:00.000000 C | pkg/flags: conflicting environment variable \"ETCDCTL_HEX\" is shadowed by corresponding command-line flag (either unset environment variable or disable flag)\n";
    let unknown = "2022-11-01 12:00:00.000000 W | pkg/flags: unrecognized environment variable ETCDCTL_X=1\nError: unsupported output format\n";
    for (env, args, code, stderr) in [
        (&[("ETCDCTL_HEX", "")][..], &["get", "a", "--hex"][..], 1, shadowed),
        (&[("ETCDCTL_X", "1")], &["get", "a", "-w", "x"], 4, unknown),
        (&[("ETCDCTL_WRITE_OUT", "x")], &["get", "a"], 4, "Error: unsupported output format\n"),
        (
            &[("ETCDCTL_ENDPOINTS", " ")],
            &["get", "--hex", "a", "-w="],
            4,
            "Error: unsupported output format\n",
        ),
        (&[("ETCDCTL_API", "4")], &["get", "a"], 1, "unsupported API version 4\n"),
        (
            &[("ETCDCTL_X", "1")],
            &["get"],
            128,
            "Error: get command needs one argument as key and an optional argument as range_end\n",
        ),
    ] {
        let system = system(env);
        assert_eq!(system.run(args), Some(code), "{args:?}");
        assert_eq!(String::from_utf8(system.stderr.take()).unwrap(), stderr);
    }
}

/// Words that come close to flags and commands, and words that do not.
fn word() -> impl Strategy<Value = String> {
    let known = [
        "get",
        "put",
        "del",
        "member",
        "list",
        "endpoint",
        "status",
        "health",
        "help",
        "watch",
        "txn",
        "lease",
        "grant",
        "keep-alive",
        "lock",
        "elect",
        "user",
        "role",
        "add",
        "auth",
        "enable",
        "alarm",
        "defrag",
        "move-leader",
        "--",
        "-i",
        "-l",
        "--user",
        "--prefix",
        "--rev",
        "--endpoints",
        "-w",
        "-h",
        "--lease=",
        "--command-timeout=1ms",
        "a",
    ];
    prop_oneof![
        proptest::sample::select(known.to_vec()).prop_map(str::to_string),
        "-{0,3}[a-z]{0,12}=?.{0,6}",
        "(--(rev|limit|endpoints|command-timeout|lease|hex|w|order)=)?\\PC{0,10}",
        any::<String>(),
    ]
}

proptest! {
    #[test]
    fn no_words_make_it_panic(
        words in proptest::collection::vec(word(), 0..6),
        endpoints in any::<String>(),
        stdin in any::<String>(),
        newer in any::<bool>(),
    ) {
        let mut system = system(&[("ETCDCTL_ENDPOINTS", &endpoints)]);
        system.stdin.replace(stdin.into_bytes());
        if newer {
            system.profile = Profile::V3_5;
        }
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        // Without a server some commands wait for ever.
        let _code = system.run_until(&words, 60_000_000);
    }
}
