//! The cluster's version and downgrades (etcd-semantics, section 17).

use proto::etcdserverpb::downgrade_request::DowngradeAction;
use proto::etcdserverpb::{DowngradeRequest, DowngradeResponse};
use proto::{Code, Profile, Status, error, method};

use crate::support::{Lab, S};

fn downgrade(lab: &mut Lab, action: DowngradeAction, version: &str) -> Result<String, Status> {
    let request = DowngradeRequest { action: action as i32, version: version.into() };
    let done: Result<DowngradeResponse, Status> =
        lab.call(0, method::maintenance::DOWNGRADE, &request);
    done.map(|response| response.version)
}

fn lab() -> Lab {
    Lab::with(3, |config| config.profile = Profile::V3_5)
}

#[test]
fn the_cluster_has_no_version_before_all_members_have_told_theirs() {
    let mut lab = Lab::asleep(3, |config| config.profile = Profile::V3_5);
    lab.start(0);
    lab.start(1);
    lab.run(15 * S);
    let validate = downgrade(&mut lab, DowngradeAction::Validate, "3.4.0");
    assert_eq!(validate, Err(error::cluster_version_unavailable()));
    lab.start(2);
    lab.run(12 * S);
    assert_eq!(downgrade(&mut lab, DowngradeAction::Validate, "3.4.0"), Ok("3.5.0".into()));
}

#[test]
fn a_downgrade_goes_one_minor_version_down_and_one_at_a_time() {
    let mut lab = lab();
    lab.run(12 * S);
    for (target, refusal) in [
        ("three", error::wrong_downgrade_version_format()),
        ("3.3.0", error::invalid_downgrade_target_version()),
        ("3.5.0", error::invalid_downgrade_target_version()),
    ] {
        assert_eq!(downgrade(&mut lab, DowngradeAction::Enable, target), Err(refusal), "{target}");
    }
    let nothing = downgrade(&mut lab, DowngradeAction::Cancel, "");
    assert_eq!(nothing, Err(error::no_inflight_downgrade()));
    assert_eq!(downgrade(&mut lab, DowngradeAction::Enable, "3.4.0"), Ok("3.5.0".into()));
    let again = downgrade(&mut lab, DowngradeAction::Enable, "3.4.0");
    assert_eq!(again, Err(error::downgrade_in_process()));
    // It survives a restart, and nobody runs the target.
    lab.restart(0);
    lab.run(12 * S);
    assert_eq!(downgrade(&mut lab, DowngradeAction::Cancel, ""), Ok("3.5.0".into()));
    assert_eq!(downgrade(&mut lab, DowngradeAction::Validate, "3.4.0"), Ok("3.5.0".into()));
}

#[test]
fn a_server_of_3_4_does_not_know_downgrades() {
    let mut lab = Lab::with(1, |config| config.profile = Profile::V3_4);
    let refused = downgrade(&mut lab, DowngradeAction::Validate, "3.3.0");
    assert_eq!(refused.map_err(|status| status.code), Err(Code::Unimplemented));
}
