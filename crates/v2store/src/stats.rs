//! What the store has done, counted as etcd's `/v2/stats/store` says it.

use serde_json::Value;

use crate::{Code, Error};

/// Counts of one member since its data directory began. They survive restarts in the snapshot file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    counts: [u64; 15],
}

/// What is counted, in the order of etcd's JSON.
#[derive(Clone, Copy)]
pub(crate) enum Stat {
    GetSuccess,
    GetFail,
    SetSuccess,
    SetFail,
    DeleteSuccess,
    DeleteFail,
    UpdateSuccess,
    UpdateFail,
    CreateSuccess,
    CreateFail,
    CompareAndSwapSuccess,
    CompareAndSwapFail,
    CompareAndDeleteSuccess,
    CompareAndDeleteFail,
    ExpireCount,
}

const NAMES: [&str; 15] = [
    "getsSuccess",
    "getsFail",
    "setsSuccess",
    "setsFail",
    "deleteSuccess",
    "deleteFail",
    "updateSuccess",
    "updateFail",
    "createSuccess",
    "createFail",
    "compareAndSwapSuccess",
    "compareAndSwapFail",
    "compareAndDeleteSuccess",
    "compareAndDeleteFail",
    "expireCount",
];

impl Stats {
    pub(crate) fn count(&mut self, stat: Stat) {
        self.counts[stat as usize] += 1;
    }

    /// Counts `success` or, for a refusal, `fail`; but etcd counts some refusals as successes, those
    /// with the codes in `passed`.
    pub(crate) fn judge<T>(
        &mut self,
        result: &Result<T, Error>,
        success: Stat,
        fail: Stat,
        passed: &[Code],
    ) {
        let failed = result.as_ref().err().is_some_and(|error| !passed.contains(&error.code));
        self.count(if failed { fail } else { success });
    }

    /// The object of `/v2/stats/store`.
    pub(crate) fn to_json(&self, watchers: u64) -> String {
        let mut out = String::from("{");
        for (name, count) in NAMES.iter().zip(self.counts) {
            out.push_str(&format!("\"{name}\":{count},"));
        }
        out.push_str(&format!("\"watchers\":{watchers}}}"));
        out
    }

    /// Of a snapshot; a count that is not there is 0.
    pub(crate) fn from_json(object: &Value) -> Stats {
        Stats { counts: NAMES.map(|name| object[name].as_u64().unwrap_or(0)) }
    }
}
