//! `/v2/auth` and who may do what: answers recorded from etcd 3.4.23 (V12).

use crate::support::Lab;
use crate::support::http::{all_as_recorded, recorded, with_v2};

const FULL: &str = "{\"kv\":{\"read\":[\"/*\"],\"write\":[\"/*\"]}}";

#[test]
fn users_and_roles_are_made_and_changed() {
    let mut lab = Lab::with(1, recorded);
    let root = format!("{{\"role\":\"root\",\"permissions\":{FULL}}}");
    all_as_recorded(
        &mut lab,
        &[
            ("/v2/auth/enable", 200, "{\"enabled\":false}\n"),
            ("/v2/auth/users", 200, "{\"users\":null}\n"),
            ("/v2/auth/users/", 200, "{\"users\":null}\n"),
            ("/v2/auth/roles", 200, &format!("{{\"roles\":[{root}]}}\n")),
            ("/v2/auth/roles/root", 200, &format!("{root}\n")),
            ("/v2/auth/users/none", 404, "{\"message\":\"auth: User none does not exist.\"}"),
            (
                "-XPUT /v2/auth/enable",
                409,
                "{\"message\":\"auth: No root user available, please create one\"}",
            ),
            (
                "-XPUT /v2/auth/users/a -d {\"user\":\"a\",\"password\":\"p\"}",
                201,
                "{\"user\":\"a\",\"roles\":null}\n",
            ),
            (
                "-XPUT /v2/auth/users/a -d {\"user\":\"a\",\"password\":\"p2\"}",
                200,
                "{\"user\":\"a\",\"roles\":[]}\n",
            ),
            (
                "-XPUT /v2/auth/users/a -d {\"user\":\"b\",\"password\":\"p\"}",
                400,
                "{\"message\":\"User JSON name does not match the name in the URL\"}",
            ),
            ("-XPUT /v2/auth/users/a -d {", 400, "{\"message\":\"Invalid JSON in request body.\"}"),
            (
                "-XPUT /v2/auth/users/b -d {\"user\":\"b\"}",
                400,
                "{\"message\":\"auth: Cannot create user b with an empty password\"}",
            ),
            (
                "-XPUT /v2/auth/users/b -d {\"user\":\"b\",\"password\":\"x\",\"roles\":[\"r\"]}",
                200,
                "{\"user\":\"b\",\"roles\":[\"r\"]}\n",
            ),
            (
                "-XPUT /v2/auth/users/b -d {\"user\":\"b\",\"password\":\"x\",\"roles\":[\"r\"]}",
                409,
                "{\"message\":\"auth: User b already exists.\"}",
            ),
            (
                "-XPUT /v2/auth/users/a -d {\"user\":\"a\",\"grant\":[\"r\"]}",
                200,
                "{\"user\":\"a\",\"roles\":[\"r\"]}\n",
            ),
            (
                "-XPUT /v2/auth/users/a -d {\"user\":\"a\",\"grant\":[\"r\"]}",
                409,
                "{\"message\":\"auth: Granting duplicate role r for user a\"}",
            ),
            (
                "-XPUT /v2/auth/users/a -d {\"user\":\"a\",\"revoke\":[\"zz\"]}",
                409,
                "{\"message\":\"auth: Revoking ungranted role zz for user a\"}",
            ),
            (
                "-XPUT /v2/auth/users/none -d {\"user\":\"none\",\"revoke\":[\"zz\"]}",
                404,
                "{\"message\":\"auth: User none does not exist.\"}",
            ),
            ("/v2/auth/users/a", 404, "{\"message\":\"auth: Role r does not exist.\"}"),
            ("/v2/auth/users", 200, "{\"users\":[{\"user\":\"a\"},{\"user\":\"b\"}]}\n"),
            (
                "-XPUT /v2/auth/roles/r -d {\"role\":\"r\"}",
                201,
                "{\"role\":\"r\",\"permissions\":{\"kv\":{\"read\":null,\"write\":null}}}\n",
            ),
            (
                "-XPUT /v2/auth/roles/r -d {\"role\":\"r\"}",
                409,
                "{\"message\":\"auth: Role r already exists.\"}",
            ),
            (
                "-XPUT /v2/auth/roles/r -d {\"role\":\"r\",\"revoke\":{\"kv\":{\"read\":[\"/y\"]}}}",
                200,
                "{\"role\":\"r\",\"permissions\":{\"kv\":{\"read\":[],\"write\":[]}}}\n",
            ),
            (
                "-XPUT /v2/auth/roles/r -d {\"role\":\"r\",\"revoke\":{\"kv\":{\"read\":[\"/y\"]}}}",
                400,
                "{\"message\":\"auth: Role not updated. Use grant/revoke to update the role.\"}",
            ),
            (
                "-XPUT /v2/auth/roles/r -d {\"role\":\"r\",\"grant\":{\"kv\":{\"read\":[\"/x\"]}}}",
                200,
                "{\"role\":\"r\",\"permissions\":{\"kv\":{\"read\":[\"/x\"],\"write\":[]}}}\n",
            ),
            (
                "-XPUT /v2/auth/roles/r -d {\"role\":\"r\",\"grant\":{\"kv\":{\"read\":[\"/x\"]}}}",
                409,
                "{\"message\":\"auth: Granting duplicate read permission /x\"}",
            ),
            (
                "-XPUT /v2/auth/roles/r -d {\"role\":\"r\",\"permissions\":{\"kv\":{\"read\":[\"/x\"]}},\"grant\":{\"kv\":{\"read\":[\"/x\"]}}}",
                400,
                "{\"message\":\"Role JSON contains both permissions and grant/revoke\"}",
            ),
            (
                "-XPUT /v2/auth/roles/root -d {\"role\":\"root\"}",
                403,
                "{\"message\":\"auth: Cannot modify role root: is root role.\"}",
            ),
            (
                "/v2/auth/users/a",
                200,
                "{\"user\":\"a\",\"roles\":[{\"role\":\"r\",\"permissions\":{\"kv\":{\"read\":[\"/x\"],\"write\":[]}}}]}\n",
            ),
            ("-XDELETE /v2/auth/roles/r", 200, ""),
            ("-XDELETE /v2/auth/roles/r", 404, "{\"message\":\"auth: Role r doesn't exist.\"}"),
            ("-XDELETE /v2/auth/users/a", 200, ""),
            ("-XDELETE /v2/auth/users/a", 404, "{\"message\":\"auth: User a does not exist\"}"),
            ("/v2/auth/users/a/b", 400, "{\"message\":\"Invalid path\"}"),
            ("-XPUT /v2/auth/users", 405, "Method Not Allowed\n"),
        ],
    );
}

#[test]
fn with_auth_on_everybody_has_the_rights_of_their_roles() {
    let mut lab = Lab::with(3, with_v2);
    for words in [
        "-XPUT /v2/auth/users/root -d {\"user\":\"root\",\"password\":\"p\"}",
        "-XPUT /v2/auth/users/al -d {\"user\":\"al\",\"password\":\"q\"}",
        "-XPUT /v2/auth/roles/dev -d {\"role\":\"dev\",\"permissions\":{\"kv\":{\"read\":[\"/dev/*\",\"/one\"],\"write\":[\"/dev/*\"]}}}",
        "-XPUT /v2/auth/users/al -d {\"user\":\"al\",\"grant\":[\"dev\"]}",
        "-XPUT /v2/auth/enable",
    ] {
        assert!(lab.curl(words).starts_with("20"), "{words}");
    }
    let no_auth = "{\"message\":\"Insufficient credentials\"}";
    let no_key = "{\"errorCode\":110,\"message\":\"The request requires user authentication\",\"cause\":\"Insufficient credentials\",\"index\":0}\n";
    all_as_recorded(
        &mut lab,
        &[
            ("/v2/auth/enable", 200, "{\"enabled\":true}\n"),
            ("-XPUT /v2/auth/enable", 401, no_auth),
            ("-u root:p -XPUT /v2/auth/enable", 409, "{\"message\":\"auth: already enabled\"}"),
            ("-u al:q /v2/auth/users", 401, no_auth),
            ("-u root:x /v2/auth/users", 401, no_auth),
            ("-XPOST /v2/members", 401, no_auth),
            (
                "-u root:p -XDELETE /v2/auth/users/root",
                403,
                "{\"message\":\"auth: Cannot delete root user while auth is enabled.\"}",
            ),
            // The guest may do everything until somebody takes it away.
            ("-XPUT /v2/keys/one?noValueOnSuccess=true -d value=1", 201, "{\"action\":\"set\"}\n"),
            (
                "-u root:p -XPUT /v2/auth/roles/guest -d {\"role\":\"guest\",\"revoke\":{\"kv\":{\"read\":[\"/*\"],\"write\":[\"/*\"]}}}",
                200,
                "{\"role\":\"guest\",\"permissions\":{\"kv\":{\"read\":[],\"write\":[]}}}\n",
            ),
            ("/v2/keys/one", 401, no_key),
            ("-u al:wrong /v2/keys/one", 401, no_key),
            ("-u nobody:q /v2/keys/one", 401, no_key),
            ("-H Authorization:Basic_@@ /v2/keys/one", 401, no_key),
            ("-u al:q -XPUT /v2/keys/one -d value=2", 401, no_key),
            ("-u al:q /v2/keys/one?recursive=true", 401, no_key),
            (
                "-u al:q -XPUT /v2/keys/dev/x?noValueOnSuccess=true -d value=2",
                201,
                "{\"action\":\"set\"}\n",
            ),
        ],
    );
    for words in
        ["-u al:q /v2/keys/one", "-u al:q /v2/keys/dev/?recursive=true", "-u root:p /v2/keys/"]
    {
        for at in 0..3 {
            assert!(lab.curl_at(at, words).starts_with("200\n"), "{words}");
        }
    }
    all_as_recorded(
        &mut lab,
        &[
            ("-u root:p -XDELETE /v2/auth/enable", 200, ""),
            ("-XDELETE /v2/auth/enable", 409, "{\"message\":\"auth: already disabled\"}"),
        ],
    );
    assert!(lab.curl("/v2/keys/one").starts_with("200\n"));
}

/// etcd 3.4 takes the records of users from wherever a name leads to.
#[test]
fn nobody_becomes_root_by_a_record_of_his_own() {
    let mut lab = Lab::with(1, recorded);
    let hash = auth::hash_password("x", 4, [7; 16]).replace('/', "%2F").replace('$', "%24");
    let record = format!("{{\"user\":\"root\",\"password\":\"{hash}\",\"roles\":[\"root\"]}}");
    for words in [
        "-XPUT /v2/auth/users/root -d {\"user\":\"root\",\"password\":\"p\"}",
        "-XPUT /v2/auth/enable",
        &format!("-XPUT /v2/keys/mine -d value={record}"),
    ] {
        assert!(lab.curl(words).starts_with("20"), "{words}");
    }
    let words = "-u ../../1/mine:x /v2/auth/users";
    all_as_recorded(&mut lab, &[(words, 401, "{\"message\":\"Insufficient credentials\"}")]);
}

/// Recorded: who is turned away does not learn the cluster's id, everybody else does; and the records
/// lie in the tree, where they take indices.
#[test]
fn heads_and_indices_are_etcd_s() {
    let mut lab = Lab::with(1, recorded);
    let json = "Content-Type: application/json\n";
    let id = "X-Etcd-Cluster-Id: 1b54e08a7a3c9540\n";
    let made = lab.curl("-XPUT /v2/auth/users/root -d {\"user\":\"root\",\"password\":\"p\"}");
    assert_eq!(made, format!("201\n{json}{id}{{\"user\":\"root\",\"roles\":[\"root\"]}}\n"));
    assert_eq!(lab.curl("-XPUT /v2/auth/enable"), format!("200\n{json}{id}"));
    let refused = lab.curl("-XPUT /v2/auth/enable");
    assert_eq!(refused, format!("401\n{json}{{\"message\":\"Insufficient credentials\"}}"));
    // Three directories, a flag and the user; then the guest and the flag.
    let set = lab.curl("-u root:p -XPUT /v2/keys/a -d value=1");
    assert!(set.contains("\"modifiedIndex\":11,"), "{set}");
}

#[test]
fn before_the_cluster_has_a_version_there_are_no_users() {
    let mut lab = Lab::asleep(3, with_v2);
    lab.start(0);
    lab.start(1);
    lab.run(8_000_000);
    let answer = lab.curl("/v2/auth/users");
    let text = "Not capable of accessing auth feature during rolling upgrades.";
    assert_eq!(answer, format!("500\nContent-Type: application/json\n{{\"message\":\"{text}\"}}"));
}
