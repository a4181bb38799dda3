//! Rules against outputs: nothing that a line could show brings a rule down, and what members with
//! certificates say, as it was measured on etcd 3.5.1.

use proptest::prelude::*;
use proto::Profile;

use super::case::Case;
use super::hint;
use crate::names::Names;

fn told(line: &str, code: i32, output: &str) -> Option<String> {
    let names = Names::for_tests("/root", &[("HOME", "/root")]);
    let members = vec!["m1".to_string(), "m2".to_string()];
    hint(&Case::new(line, code, output, Profile::V3_5, &names, members))
}

const WORDS: &[&str] = &[
    "etcdctl",
    "get",
    "put",
    "member",
    "lst",
    "snapshot",
    "restore",
    "-keys",
    "--prefx",
    "--endpoints",
    "a:1,",
    "b:2",
    "$",
    "#",
    "“x”",
    "–-x",
    "ETCDCTL_API=2",
    "ETCDCTL_API=4",
    "kubectl",
    "<key>",
    ";",
    "|",
    "'",
    "\"",
    "$(",
    "ectd",
    "é",
    "--",
    "-",
    "=",
    "/",
];

const OUTPUTS: &[&str] = &[
    "bash: ",
    "ectd",
    ": command not found\n",
    "Error: ",
    "unknown command \"",
    "set",
    "\" for \"etcdctl\"\n",
    "unknown flag: --",
    "prefx\n",
    "unknown shorthand flag: 'k' in -",
    "keys=é\n",
    "No help topic for '",
    "'\n",
    ": not in this lab\n",
    "dial tcp ",
    ": connect: connection refused",
    "127.0.0.1:2379",
    ": is a directory\n",
    "invalid argument \"",
    "\" flag",
    "conflicting environment variable",
    "ETCDCTL_",
    "unsupported API version",
    "unexpected EOF while looking for matching `",
    "syntax error near unexpected token",
    "USAGE",
    "context deadline exceeded\n",
    "all SubConns are in TransientFailure",
    "Error:  100: ",
    "\n",
    "é",
    "bad member ID arg (strconv.ParseUint: parsing \"",
    "data-dir \"",
    "\" exists",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, ..ProptestConfig::default() })]

    #[test]
    fn no_rule_breaks(
        words in prop::collection::vec(prop::sample::select(WORDS), 0..10),
        output in prop::collection::vec(prop::sample::select(OUTPUTS), 0..10),
        code in 0i32..3,
    ) {
        let text = told(&words.join(" "), code, &output.concat());
        prop_assert!(text.is_none_or(|text| !text.is_empty()));
    }
}

#[test]
fn members_with_certificates_are_explained() {
    let late = "\nError: context deadline exceeded\n";
    for (line, output, hint) in [
        (
            "etcdctl get / --cacert=/ca",
            "remote error: tls: bad certificate",
            "--cert=FILE --key=FILE",
        ),
        (
            "etcdctl get / --cert=/c --key=/k",
            "x509: certificate signed by unknown authority",
            "--cacert=FILE",
        ),
        ("etcdctl get /", "last connection error: connection closed", "it probably wants TLS"),
        (
            "etcdctl --endpoints=https://127.0.0.1:2379 get /",
            "tls: first record does not look like a TLS handshake",
            "plain http",
        ),
    ] {
        let told = told(line, 1, &format!("{output}{late}")).expect("it is explained");
        assert!(told.contains(hint), "{line}: {told}");
    }
}
