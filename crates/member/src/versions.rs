//! Versions: what each member runs, what the cluster therefore is, and downgrades
//! (`monitorVersions` and `downgrade` in `etcdserver`; etcd-semantics, section 17).
//!
//! Members tell each other their release over the peers' links, which etcd asks for by HTTP. The
//! leader sets the cluster's version to the least of them, as a minor version, once it knows all;
//! it never goes back unless a downgrade to that version is on. Left out: members that refuse a
//! cluster of another version when they start, for all members of a session run one release.

use std::collections::BTreeMap;

use proto::etcdserverpb::downgrade_request::DowngradeAction;
use proto::etcdserverpb::{DowngradeRequest, DowngradeResponse, InternalRaftRequest};
use proto::membershippb::DowngradeInfoSetRequest;
use proto::{Profile, Status, error};

use crate::Micros;
use crate::api::{Answer, Caller};
use crate::apply::Body;
use crate::member::Running;
use crate::proposals::Waiter;

/// `3.4.23` as numbers; the patch may lack.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Version {
    major: u32,
    minor: u32,
    patch: u32,
}

impl Version {
    /// None for what is no version.
    pub(crate) fn parse(text: &str) -> Option<Version> {
        let numbers: Option<Vec<u32>> = text.split('.').map(|part| part.parse().ok()).collect();
        match numbers?[..] {
            [major, minor] => Some(Version { major, minor, patch: 0 }),
            [major, minor, patch] => Some(Version { major, minor, patch }),
            _ => None,
        }
    }

    /// Without the patch: what a cluster's version is.
    fn minor_only(self) -> Version {
        Version { patch: 0, ..self }
    }

    /// `3.4` of `3.4.0`, as log lines and the tools name a cluster's version.
    pub(crate) fn short(self) -> String {
        format!("{}.{}", self.major, self.minor)
    }

    /// The one version that a downgrade may go to.
    fn one_below(self) -> Version {
        Version { minor: self.minor.saturating_sub(1), patch: 0, ..self }
    }
}

impl std::fmt::Display for Version {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

/// What 3.6 says in Status and in its database that the schema is of.
pub(crate) const STORAGE_VERSION: &str = "3.6.0";

/// What the members have told.
#[derive(Default)]
pub(crate) struct Versions {
    by_member: BTreeMap<u64, Version>,
}

impl Running {
    fn own_version(&self) -> Version {
        Version::parse(self.config.profile.version()).expect("a profile has a version")
    }

    /// A peer said what it runs.
    pub(crate) fn peer_version(&mut self, from: u64, text: &str) {
        if let Some(version) = Version::parse(text) {
            self.versions.by_member.insert(from, version);
        }
    }

    /// The leader's look at the cluster's version: every five seconds, and when the first entry of its
    /// term is applied.
    pub(crate) fn monitor_version(&mut self, now: Micros) {
        let own = self.own_version();
        let known = &self.versions.by_member;
        let all = self.state.membership.members().map(|member| {
            if member.id == self.id { Some(own) } else { known.get(&member.id).copied() }
        });
        // One that never said anything may be of any version.
        let Some(least) = all.min().flatten().map(Version::minor_only) else { return };
        let membership = &self.state.membership;
        let target = membership.downgrade().and_then(Version::parse).map(Version::minor_only);
        let current = membership.cluster_version().and_then(Version::parse);
        let changes = match current {
            None => true,
            Some(current) => {
                least > current && target.is_none() || Some(least) == target && least < current
            }
        };
        if changes {
            let request = crate::apply_v2::set_cluster_version(&least.to_string());
            self.submit_v2(now, Waiter::Nobody, request);
        } else if target.is_some() && current == target {
            // All members run the target: the downgrade is over.
            let done = DowngradeInfoSetRequest { enabled: false, ver: String::new() };
            self.propose_downgrade(now, Waiter::Nobody, done);
        }
    }

    fn propose_downgrade(&mut self, now: Micros, waiter: Waiter, info: DowngradeInfoSetRequest) {
        let request = InternalRaftRequest {
            downgrade_info_set: Some(info),
            ..InternalRaftRequest::default()
        };
        self.submit_own(now, waiter, request);
    }

    /// Validate, enable or cancel a downgrade. 3.4 has no such method.
    pub(crate) fn downgrade(&mut self, caller: Caller<'_>, request: &DowngradeRequest) -> Answer {
        if self.config.profile < Profile::V3_5 {
            return Err(crate::api::unknown_method(proto::method::maintenance::DOWNGRADE));
        }
        match DowngradeAction::try_from(request.action) {
            Ok(DowngradeAction::Validate) => self.check_downgrade(&request.version).map(Some),
            Ok(DowngradeAction::Enable) => {
                self.check_downgrade(&request.version)?;
                let target = Version::parse(&request.version)
                    .ok_or_else(error::wrong_downgrade_version_format)?;
                let ver = target.minor_only().to_string();
                let info = DowngradeInfoSetRequest { enabled: true, ver };
                self.propose_downgrade(caller.now, Waiter::Downgrade(caller.to), info);
                Ok(None)
            }
            Ok(DowngradeAction::Cancel) => {
                if self.state.membership.downgrade().is_none() {
                    return Err(error::no_inflight_downgrade());
                }
                let info = DowngradeInfoSetRequest { enabled: false, ver: String::new() };
                self.propose_downgrade(caller.now, Waiter::Downgrade(caller.to), info);
                Ok(None)
            }
            Err(_) => {
                let text = "etcdserver: unknown downgrade action";
                Err(Status::new(proto::Code::Unknown, text))
            }
        }
    }

    /// Only to exactly one minor version below the cluster's, and one at a time.
    fn check_downgrade(&self, target: &str) -> Result<Body, Status> {
        let target = Version::parse(target).ok_or_else(error::wrong_downgrade_version_format)?;
        let membership = &self.state.membership;
        let current = membership
            .cluster_version()
            .and_then(Version::parse)
            .ok_or_else(error::cluster_version_unavailable)?;
        if target.minor_only() != current.one_below() {
            return Err(error::invalid_downgrade_target_version());
        }
        if membership.downgrade().is_some() {
            return Err(error::downgrade_in_process());
        }
        Ok(self.downgrade_body())
    }

    /// The cluster's version, in answer to all three actions.
    pub(crate) fn downgrade_body(&self) -> Body {
        let version = self.state.membership.cluster_version().unwrap_or_default().to_string();
        Body::new(&DowngradeResponse { header: None, version })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_numbers_and_only_minor_ones_count() {
        let parse = |text| Version::parse(text);
        assert!(parse("3.10.0") > parse("3.9.9"));
        assert_eq!(parse("3.4"), parse("3.4.0"));
        assert_eq!(parse("3.5.1").map(|v| v.one_below().to_string()), Some("3.4.0".into()));
        for bad in ["", "3", "3.x", "3.4.5.6", "v3.4", "3.-1"] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }
}
