//! `/version` and `/health` (`etcdhttp/base.go`, `etcdhttp/metrics.go`; K-rules of health).

use proto::Profile;
use proto::etcdserverpb::{AlarmType, RangeRequest, Request};

use super::form::Form;
use super::{Answer, Ask, Page, Pending};
use crate::api::Caller;
use crate::limits;
use crate::member::Running;
use crate::proposals::{To, Waiter};
use crate::reads::What;

impl Running {
    pub(super) fn http_version(&self, ask: &Ask<'_>) -> Page {
        if ask.request.method != "GET" {
            return Page::method_not_allowed("GET");
        }
        let (server, cluster) =
            (self.config.profile.version(), self.state.membership.cluster_version());
        let cluster = cluster.unwrap_or("not_decided");
        Page::json(200, format!("{{\"etcdserver\":\"{server}\",\"etcdcluster\":\"{cluster}\"}}"))
    }

    /// Alarms, then a leader, then a read by way of the log: v2's in 3.4, and in 3.5 where v2 is on.
    pub(super) fn http_health(&mut self, ask: &Ask<'_>) -> Answer {
        if ask.request.method != "GET" {
            return Some(Page::method_not_allowed("GET"));
        }
        let form = Form::parse(&ask.request, &ask.target).unwrap_or_default();
        let excluded = form.get("exclude").unwrap_or("").split(',');
        let excluded: Vec<&str> = excluded.collect();
        let alarms = [(AlarmType::Nospace, "NOSPACE"), (AlarmType::Corrupt, "CORRUPT")];
        for (alarm, name) in alarms {
            if self.state.alarms.is_raised(alarm) && !excluded.contains(&name) {
                return Some(self.health_page(Some(format!("ALARM {name}"))));
            }
        }
        if self.node.leader().is_none() {
            return Some(self.health_page(Some("RAFT NO LEADER".into())));
        }
        let deadline_us = ask.now + limits::HEALTH_TIMEOUT_US;
        self.http.pending.insert(ask.call, Pending::Health { deadline_us });
        let to = To::Http(ask.call);
        if self.config.profile <= Profile::V3_4 || self.config.enable_v2 {
            let request = Request { method: "QGET".into(), ..Request::default() };
            self.submit_v2(ask.now, Waiter::Client(to), request);
            return None;
        }
        let range = RangeRequest { keys_only: true, limit: 1, ..RangeRequest::default() };
        let caller = Caller { now: ask.now, to, metadata: ask.metadata };
        // Nobody in particular asks.
        let later = self.read_later(caller, What::Range(range, ::auth::AuthInfo::default()));
        later.err().map(|status| self.health_page(Some(format!("RANGE ERROR:{status}"))))
    }

    /// 3.5 says why.
    pub(super) fn health_page(&self, reason: Option<String>) -> Page {
        let health = reason.is_none();
        let reason = match self.config.profile {
            Profile::V3_3 | Profile::V3_4 => String::new(),
            Profile::V3_5 | Profile::V3_6 => {
                format!(",\"reason\":{}", v2store::json_string(&reason.unwrap_or_default()))
            }
        };
        let body = format!("{{\"health\":\"{health}\"{reason}}}");
        if health { Page::text(200, body) } else { Page::error(503, &body) }
    }
}
