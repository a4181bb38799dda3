//! A look at what this member has stored, for completion, panels, drills and lessons. It is no
//! input: nothing is counted, nothing is traced, nobody waits.

use frame::{
    AuthView, KnownMember, LeaseView, Look, LookRange, Looked, NodeView, PairView, PairsView,
    PermissionView,
};
use mvcc::RangeOptions;
use proto::authpb::permission::Type;
use proto::etcdserverpb::{AuthRoleGetRequest, AuthUserGetRequest};

use crate::Member;
use crate::http::records::PERMS;
use crate::member::Running;

impl Member {
    /// What it has; none while it does not run.
    pub fn look(&self, look: &Look) -> Option<Looked> {
        self.running.as_ref().map(|running| running.look(look))
    }
}

impl Running {
    fn look(&self, look: &Look) -> Looked {
        let state = &self.state;
        Looked {
            member_id: self.id,
            cluster_id: self.cluster_id,
            applied: self.applied,
            revision: state.store.rev(),
            compact_revision: state.store.compact_rev(),
            ranges: look.ranges.iter().map(|range| self.look_range(range, look.revision)).collect(),
            leases: if look.leases { self.look_leases() } else { Vec::new() },
            auth: if look.auth { self.look_auth() } else { AuthView::default() },
            v2: if look.v2 { self.look_v2(v2store::KEYS_PREFIX) } else { Vec::new() },
            v2_security: if look.v2 { self.look_v2(PERMS) } else { Vec::new() },
            v2_index: state.v2.index(),
            members: self.look_members(),
            alarms: self.look_alarms(),
        }
    }

    fn look_range(&self, range: &LookRange, rev: i64) -> PairsView {
        let options =
            RangeOptions { rev, limit: i64::from(range.limit), ..RangeOptions::default() };
        // What is compacted or still to come cannot be seen.
        let Ok(found) = self.state.store.range(&range.key, &range.range_end, options) else {
            return PairsView::default();
        };
        let pairs = found.kvs.iter().map(|kv| PairView {
            key: kv.key.to_vec(),
            value: if range.keys_only { Vec::new() } else { kv.value.to_vec() },
            create_revision: kv.create_revision,
            mod_revision: kv.mod_revision,
            version: kv.version,
            lease: kv.lease,
        });
        PairsView { pairs: pairs.collect(), count: u64::try_from(found.count).unwrap_or(0) }
    }

    fn look_leases(&self) -> Vec<LeaseView> {
        let lessor = &self.state.lessor;
        let mut ids = lessor.leases();
        ids.sort_unstable();
        let view = |id: i64| LeaseView {
            id,
            // The time that is left is the leader's to know; what was granted is everybody's.
            granted_ttl_s: lessor.time_to_live(id, 0).map_or(0, |lease| lease.granted_ttl_s),
            keys: lessor.keys(id).map(|key| key.to_vec()).collect(),
        };
        ids.into_iter().map(view).collect()
    }

    fn look_auth(&self) -> AuthView {
        let auth = &self.state.auth;
        let roles_of = |name: &str| {
            let user = auth.user_get(&AuthUserGetRequest { name: name.to_string() });
            user.map(|user| user.roles).unwrap_or_default()
        };
        let permissions_of = |role: &str| {
            let role = auth.role_get(&AuthRoleGetRequest { role: role.to_string() });
            role.map(|role| role.perm).unwrap_or_default()
        };
        let permission = |permission: proto::authpb::Permission| PermissionView {
            read: permission.perm_type() != Type::Write,
            write: permission.perm_type() != Type::Read,
            key: permission.key.to_vec(),
            range_end: permission.range_end.to_vec(),
        };
        AuthView {
            enabled: auth.is_enabled(),
            users: auth.users().map(|user| (user.to_string(), roles_of(user))).collect(),
            roles: auth
                .roles()
                .map(|role| {
                    let permissions = permissions_of(role).into_iter().map(permission);
                    (role.to_string(), permissions.collect())
                })
                .collect(),
        }
    }

    fn look_v2(&self, prefix: &str) -> Vec<NodeView> {
        let views = self.state.v2.nodes(prefix);
        let view = |(key, node): (String, v2store::NodeExtern)| NodeView {
            key,
            value: node.value,
            has_ttl: node.expiration_ns.is_some(),
            expires_us: node.expiration_ns.map_or(0, |ns| u64::try_from(ns / 1000).unwrap_or(0)),
            created_index: node.created_index,
            modified_index: node.modified_index,
        };
        views.into_iter().map(view).collect()
    }

    fn look_members(&self) -> Vec<KnownMember> {
        let known = |member: &crate::membership::Member| KnownMember {
            id: member.id,
            name: member.name.clone(),
            peer_urls: member.peer_urls.clone(),
            client_urls: member.client_urls.clone(),
            is_learner: member.is_learner,
        };
        self.state.membership.members().map(known).collect()
    }

    fn look_alarms(&self) -> Vec<(u64, String)> {
        let alarms = self.state.alarms.get(0);
        alarms.map(|a| (a.member_id, a.alarm().as_str_name().to_string())).collect()
    }
}
