//! The last thousand events, for watchers that ask for the past (V9).

use std::collections::VecDeque;
use std::sync::Arc;

use crate::{Action, Code, Error, Event, HISTORY_EVENTS_MAX};

/// Events in order of their indices, which follow on each other without a gap.
#[derive(Clone, Debug, Default)]
pub(crate) struct EventHistory {
    events: VecDeque<Arc<Event>>,
}

impl EventHistory {
    pub(crate) fn add(&mut self, event: Arc<Event>) {
        if self.events.len() == HISTORY_EVENTS_MAX {
            self.events.pop_front();
        }
        self.events.push_back(event);
    }

    /// The index of the oldest event; 0 when there is none.
    pub(crate) fn start_index(&self) -> u64 {
        self.events.front().map_or(0, |event| event.index())
    }

    /// The index of the newest event; 0 when there is none.
    pub(crate) fn last_index(&self) -> u64 {
        self.events.back().map_or(0, |event| event.index())
    }

    pub(crate) fn events(&self) -> impl ExactSizeIterator<Item = &Arc<Event>> {
        self.events.iter()
    }

    /// The first event from `index` on that a watcher of `key` hears of. Hidden keys are found here,
    /// as in etcd; refreshes are not (V8).
    ///
    /// # Errors
    /// 401 when the history begins later. Its index is the caller's to fill in.
    pub(crate) fn scan(
        &self,
        key: &str,
        recursive: bool,
        index: u64,
    ) -> Result<Option<Arc<Event>>, Error> {
        let start = self.start_index();
        if index < start {
            let cause = format!("the requested history has been cleared [{start}/{index}]");
            return Err(Error::new(Code::EventIndexCleared, cause, 0));
        }
        let later = self.events.iter().filter(|event| event.index() >= index && !event.refresh);
        Ok(later.into_iter().find(|event| concerns(event, key, recursive)).cloned())
    }
}

fn concerns(event: &Event, key: &str, recursive: bool) -> bool {
    let changed = &event.node.key;
    if changed == key {
        return true;
    }
    let below = |dir: &str| {
        let rest = changed.strip_prefix(dir);
        rest.is_some_and(|rest| dir.ends_with('/') || rest.starts_with('/'))
    };
    if recursive && below(key) {
        return true;
    }
    let gone = matches!(event.action, Action::Delete | Action::Expire);
    // A plain prefix: the end of /foo is found by who waits for /foobar (V9's quirk).
    let prev = event.prev_node.as_ref().filter(|prev| gone && prev.dir);
    prev.is_some_and(|prev| key.starts_with(&prev.key))
}
