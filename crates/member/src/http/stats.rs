//! `/v2/stats`: what a member says of itself, of its store and, as leader, of its followers
//! (`etcdserver/api/v2stats`). Left out: rates, which are no whole numbers, and the followers'
//! latencies, which are the time that writing to a stream takes: nothing, in virtual time.

use super::{Ask, Page};
use crate::Micros;
use crate::member::Running;

/// Go's zero time.
const NEVER: &str = "0001-01-01T00:00:00Z";

impl Running {
    pub(super) fn http_stats(&mut self, ask: &Ask<'_>) -> Page {
        if ask.request.method != "GET" {
            return Page::method_not_allowed("GET");
        }
        match ask.target.path.as_str() {
            "/v2/stats/store" => Page::json(200, self.state.v2.stats_json()),
            "/v2/stats/self" => Page::json(200, self.self_stats(ask.now)),
            _ if !self.node.is_leader() => Page::message(403, "not current leader"),
            _ => Page::json(200, self.leader_stats()),
        }
    }

    fn self_stats(&self, now: Micros) -> String {
        let state = if self.node.is_leader() { "StateLeader" } else { "StateFollower" };
        let time = |at: Micros| v2store::format_time(self.unix_ns(at));
        let since = self.leader_elected_us;
        let leader = match self.node.leader() {
            Some(id) => (format!("{id:x}"), duration(now.saturating_sub(since)), time(since)),
            None => (String::new(), "2562047h47m16.854775807s".into(), NEVER.into()),
        };
        let sent: u64 = self.http.appends_sent.values().sum();
        format!(
            "{{\"name\":{},\"id\":\"{:x}\",\"state\":\"{state}\",\"startTime\":\"{}\",\
             \"leaderInfo\":{{\"leader\":\"{}\",\"uptime\":\"{}\",\"startTime\":\"{}\"}},\
             \"recvAppendRequestCnt\":{},\"sendAppendRequestCnt\":{sent}}}",
            v2store::json_string(&self.config.name),
            self.id,
            time(self.http.started_us),
            leader.0,
            leader.1,
            leader.2,
            self.http.appends_received,
        )
    }

    fn leader_stats(&self) -> String {
        let others = self.state.membership.members().filter(|member| member.id != self.id);
        let mut followers: Vec<String> = others
            .map(|member| {
                let success = self.http.appends_sent.get(&member.id).copied().unwrap_or(0);
                // Go's float of 1<<63 stands in the minimum until there is one.
                let minimum = if success == 0 { "9223372036854776000" } else { "0" };
                format!(
                    "\"{:x}\":{{\"latency\":{{\"current\":0,\"average\":0,\
                     \"standardDeviation\":0,\"minimum\":{minimum},\"maximum\":0}},\
                     \"counts\":{{\"fail\":0,\"success\":{success}}}}}",
                    member.id
                )
            })
            .collect();
        followers.sort();
        format!("{{\"leader\":\"{:x}\",\"followers\":{{{}}}}}", self.id, followers.join(","))
    }
}

/// As Go's `Duration.String` writes it.
fn duration(us: Micros) -> String {
    let decimals = |whole: u64, part: u64, width: usize, unit: &str| {
        let digits = format!("{part:0width$}");
        match digits.trim_end_matches('0') {
            "" => format!("{whole}{unit}"),
            digits => format!("{whole}.{digits}{unit}"),
        }
    };
    let seconds = us / 1_000_000;
    if us == 0 {
        return "0s".into();
    }
    if us < 1000 {
        return format!("{us}µs");
    }
    if seconds == 0 {
        return decimals(us / 1000, us % 1000, 3, "ms");
    }
    let tail = decimals(seconds % 60, us % 1_000_000, 6, "s");
    match (seconds / 3600, seconds / 60 % 60) {
        (0, 0) => tail,
        (0, minutes) => format!("{minutes}m{tail}"),
        (hours, minutes) => format!("{hours}h{minutes}m{tail}"),
    }
}

#[cfg(test)]
mod tests {
    use super::duration;

    #[test]
    fn durations_are_those_of_go() {
        for (us, text) in [
            (0, "0s"),
            (12, "12µs"),
            (1_500, "1.5ms"),
            (2_519_715, "2.519715s"),
            (60_000_000, "1m0s"),
            (3_661_100_000, "1h1m1.1s"),
        ] {
            assert_eq!(duration(us), text);
        }
    }
}
