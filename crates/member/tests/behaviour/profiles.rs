//! What members of 3.3 and 3.6 do otherwise than those that were recorded. Each test names the rule or
//! the section of etcd-semantics that it follows.

use member::{MemberConfig, Profile};
use proto::etcdserverpb::{
    AuthRoleAddRequest, AuthRoleGrantPermissionRequest, AuthStatusRequest, AuthStatusResponse,
    HashKvRequest, HashKvResponse, MemberAddRequest, MemberAddResponse, MemberPromoteRequest,
    MemberPromoteResponse, RangeRequest, RangeResponse, StatusRequest, StatusResponse,
};
use proto::{Code, method};

use crate::support::{Lab, S};

fn lab(members: usize, profile: Profile) -> Lab {
    Lab::with(members, |config| config.profile = profile)
}

fn status(lab: &mut Lab) -> StatusResponse {
    lab.call(0, method::maintenance::STATUS, &StatusRequest::default()).unwrap()
}

/// K5 and section 18, row of `endpoint status`.
#[test]
fn status_tells_what_the_release_knows() {
    let mut old = lab(1, Profile::V3_3);
    let told = status(&mut old);
    assert_eq!(told.version, "3.3.27");
    assert!(told.raft_index > 0 && told.db_size > 0);
    assert_eq!((told.raft_applied_index, told.db_size_in_use), (0, 0), "fields of 3.4");
    let mut new = lab(1, Profile::V3_6);
    let told = status(&mut new);
    assert_eq!((told.version.as_str(), told.storage_version.as_str()), ("3.6.14", "3.6.0"));
    assert_eq!(told.db_size_quota, 2 * 1024 * 1024 * 1024);
    let downgrade = told.downgrade_info.unwrap();
    assert_eq!((downgrade.enabled, downgrade.target_version.as_str()), (false, ""));
    for profile in [Profile::V3_4, Profile::V3_5] {
        let told = status(&mut lab(1, profile));
        assert!(told.raft_applied_index > 0 && told.db_size_in_use > 0);
        assert_eq!((told.storage_version.as_str(), told.downgrade_info), ("", None));
    }
}

/// Section 18, row of learners: the field is one that 3.3 does not know, the method one that it has not.
#[test]
fn learners_are_voters_in_3_3() {
    for (profile, learner) in [(Profile::V3_3, false), (Profile::V3_4, true)] {
        let mut lab = lab(1, profile);
        lab.run(6 * S);
        let request =
            MemberAddRequest { peer_ur_ls: vec!["http://10.0.0.9:2380".into()], is_learner: true };
        let added: MemberAddResponse = lab.call(0, method::cluster::MEMBER_ADD, &request).unwrap();
        assert_eq!(added.member.unwrap().is_learner, learner);
        let promote = MemberPromoteRequest { id: 1 };
        if profile == Profile::V3_3 {
            let refused: Result<MemberPromoteResponse, _> =
                lab.call(0, method::cluster::MEMBER_PROMOTE, &promote);
            assert_eq!(refused.unwrap_err().code, Code::Unimplemented);
        }
    }
}

/// H2: the revision of the hash came with 3.6.
#[test]
fn hashes_tell_their_revision_in_3_6() {
    for (profile, told) in [(Profile::V3_3, 0), (Profile::V3_5, 0), (Profile::V3_6, 2)] {
        let mut lab = lab(1, profile);
        lab.put(0, "a", "1");
        let hash: HashKvResponse =
            lab.call(0, method::maintenance::HASH_KV, &HashKvRequest::default()).unwrap();
        assert_eq!(hash.hash_revision, told, "{profile:?}");
    }
}

/// Q5.
#[test]
fn an_unknown_order_is_refused_in_3_6() {
    for (profile, refuses) in
        [(Profile::V3_3, false), (Profile::V3_5, false), (Profile::V3_6, true)]
    {
        let mut lab = lab(1, profile);
        let request = RangeRequest { key: "a".into(), sort_order: 7, ..RangeRequest::default() };
        let answer: Result<RangeResponse, _> = lab.call(0, method::kv::RANGE, &request);
        let text = answer.err().map(|status| status.message);
        let refusal = refuses.then(|| "etcdserver: invalid sort option".to_string());
        assert_eq!(text, refusal, "{profile:?}");
    }
}

/// A10 of the late patches: an empty range is no permission.
#[test]
fn a_permission_on_an_empty_range_is_refused_in_3_6() {
    for (profile, refuses) in
        [(Profile::V3_3, false), (Profile::V3_4, false), (Profile::V3_6, true)]
    {
        let mut lab = lab(1, profile);
        let add = AuthRoleAddRequest { name: "r".into() };
        let _: proto::etcdserverpb::AuthRoleAddResponse =
            lab.call(0, method::auth::ROLE_ADD, &add).unwrap();
        let perm =
            proto::authpb::Permission { perm_type: 0, key: "b".into(), range_end: "a".into() };
        let grant = AuthRoleGrantPermissionRequest { name: "r".into(), perm: Some(perm) };
        let granted: Result<proto::etcdserverpb::AuthRoleGrantPermissionResponse, _> =
            lab.call(0, method::auth::ROLE_GRANT_PERMISSION, &grant);
        assert_eq!(granted.is_err(), refuses, "{profile:?}");
    }
}

/// Section 18, row `auth status`.
#[test]
fn the_state_of_auth_can_be_asked_for_from_3_5_on() {
    for profile in Profile::ALL {
        let mut lab = lab(1, profile);
        let answer: Result<AuthStatusResponse, _> =
            lab.call(0, method::auth::AUTH_STATUS, &AuthStatusRequest {});
        assert_eq!(answer.is_ok(), profile >= Profile::V3_5, "{profile:?}");
    }
}

/// Sections 11 (X3) and 18, rows of the snapshots and of the v2 server.
#[test]
fn flags_have_the_defaults_of_their_release() {
    let counts = Profile::ALL
        .map(|profile| MemberConfig { profile, ..MemberConfig::default() }.snapshot_entries());
    assert_eq!(counts, [100_000, 100_000, 100_000, 10_000]);
    let v2 = Profile::ALL.map(MemberConfig::serves_v2_by_default);
    assert_eq!(v2, [true, false, false, false]);
}

/// C2: the tombstone exactly at the compacted revision.
#[test]
fn a_tombstone_at_the_compacted_revision_stays_in_3_6() {
    let kept = |profile: Profile| {
        let mut lab = lab(1, profile);
        lab.put(0, "a", "1");
        lab.call::<proto::etcdserverpb::DeleteRangeResponse>(
            0,
            method::kv::DELETE_RANGE,
            &proto::etcdserverpb::DeleteRangeRequest { key: "a".into(), ..Default::default() },
        )
        .unwrap();
        lab.call::<proto::etcdserverpb::CompactionResponse>(
            0,
            method::kv::COMPACT,
            &proto::etcdserverpb::CompactionRequest { revision: 3, physical: true },
        )
        .unwrap();
        lab.stop(0);
        let file = bytes::Bytes::from(lab.seats[0].disk.files["member/snap/db"].clone());
        let db = bolt::Db::open(file).unwrap();
        let bucket = db.bucket(b"key").unwrap().unwrap();
        db.pairs(&bucket).unwrap().count()
    };
    assert_eq!(Profile::ALL.map(kept), [0, 0, 0, 1]);
}
