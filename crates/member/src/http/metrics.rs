//! `/metrics`, in Prometheus' text format: the few that tools read and that a member of the lab can
//! answer for. Names and help are etcd's own kind; counters and histograms are left out.

use std::fmt::Write as _;

use super::Page;
use crate::member::Running;

impl Running {
    pub(super) fn http_metrics(&self) -> Page {
        let store = &self.state.store;
        let leader = self.node.leader();
        // A real member's memory is that of its process. What stands for it here is what a member
        // holds: its database, which etcd maps into memory, and the log that it has not compacted.
        let memory = store.size_bytes() + self.node.log().data_bytes();
        let gauges = [
            ("etcd_mvcc_db_total_size_in_bytes", store.size_bytes()),
            ("etcd_mvcc_db_total_size_in_use_in_bytes", store.size_in_use_bytes()),
            ("etcd_server_has_leader", u64::from(leader.is_some())),
            ("etcd_server_is_leader", u64::from(leader == Some(self.id))),
            ("etcd_server_quota_backend_bytes", self.config.quota_bytes().unwrap_or(0)),
            ("process_resident_memory_bytes", memory),
        ];
        let mut text = String::new();
        for (name, value) in gauges {
            let written = writeln!(text, "# TYPE {name} gauge\n{name} {value}");
            written.expect("a String takes every write");
        }
        Page::new(200, "text/plain; version=0.0.4; charset=utf-8", text)
    }
}
