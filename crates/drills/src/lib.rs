//! Drills: short random tasks over the commands of both APIs.
//!
//! A drill is a pattern and a seed. The pattern ([`Pattern`], in `table/`) says what to do, what runs
//! before, what must hold at the end, one hint, one solution and a wrong way; the seed gives the values
//! (`values`). It is judged by the state of the cluster in the language of crate `judge`, so any correct
//! way passes. What comes next follows from the learner's own results (`choose`): no clock, no server.
//!
//! Left out: patterns over TLS, `make-mirror`, `etcdutl`, and commands whose work cannot be seen in the
//! state (`defrag`, `user passwd`).

mod choose;
mod table;
mod values;

use frame::{Drill, DrillAsk, DrillReply, Goal, PROFILES, Step};

use values::Values;

/// Which of etcdctl's two tongues a drill is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Api {
    V2,
    V3,
    /// What is asked for is the same in both; the console speaks version 3.
    Either,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Topic {
    PutGet,
    Ranges,
    Deletes,
    Revisions,
    Txn,
    Watch,
    Leases,
    Users,
    Members,
    Maintenance,
    Snapshots,
    V2Tree,
    V2Ttl,
    V2Admin,
    Formats,
    Endpoints,
    Trouble,
}

impl Topic {
    /// As a learner reads it.
    pub fn as_str(self) -> &'static str {
        match self {
            Topic::PutGet => "put and get",
            Topic::Ranges => "ranges",
            Topic::Deletes => "deletes",
            Topic::Revisions => "revisions",
            Topic::Txn => "transactions",
            Topic::Watch => "watch",
            Topic::Leases => "leases",
            Topic::Users => "users and roles",
            Topic::Members => "members",
            Topic::Maintenance => "maintenance",
            Topic::Snapshots => "snapshots",
            Topic::V2Tree => "v2 tree",
            Topic::V2Ttl => "v2 TTL",
            Topic::V2Admin => "v2 administration",
            Topic::Formats => "output formats",
            Topic::Endpoints => "environment and endpoints",
            Topic::Trouble => "troubleshooting",
        }
    }
}

/// A drill before its values. In all texts `{k}` and the like stand for a value; see `values`.
pub struct Pattern {
    pub id: &'static str,
    pub title: &'static str,
    pub topic: Topic,
    pub api: Api,
    pub minutes: u8,
    /// Words between backquotes are shown as code.
    pub task: &'static str,
    /// Console lines that run before it begins.
    pub setup: &'static str,
    /// Name and expression, taken as it begins.
    pub saves: &'static [(&'static str, &'static str)],
    /// What a learner reads, and the check.
    pub goals: &'static [(&'static str, &'static str)],
    pub hint: &'static str,
    pub solution: &'static str,
    /// Console lines that do not do it, and a part of the reason that the judge gives.
    pub wrong: &'static [(&'static str, &'static str)],
    /// `--quota-backend-bytes` of the members; 0 is etcd's default.
    pub quota_backend_bytes: i64,
    /// The profiles in which it can be done.
    pub profiles: &'static [&'static str],
}

/// What most patterns do not say.
const BASE: Pattern = Pattern {
    id: "",
    title: "",
    topic: Topic::PutGet,
    api: Api::V3,
    minutes: 1,
    task: "",
    setup: "",
    saves: &[],
    goals: &[],
    hint: "",
    solution: "",
    wrong: &[],
    quota_backend_bytes: 0,
    profiles: &PROFILES,
};

/// All patterns, by topic.
pub fn patterns() -> impl Iterator<Item = &'static Pattern> {
    table::TABLES.iter().flat_map(|table| table.iter())
}

/// The pattern of that id.
pub fn pattern(id: &str) -> Option<&'static Pattern> {
    patterns().find(|pattern| pattern.id == id)
}

impl Pattern {
    /// The drill with the values of a seed.
    pub fn drill(&self, seed: u64) -> Drill {
        let values = Values::new(self.id, seed);
        let fill = |text: &str| values.fill(text);
        let pairs = |list: &[(&str, &str)]| -> Vec<(String, String)> {
            list.iter().map(|(a, b)| (fill(a), fill(b))).collect()
        };
        let goal = |(text, check)| Goal { text, check, because: String::new() };
        let api = match self.api {
            Api::V2 => 2,
            Api::V3 => 3,
            Api::Either => 0,
        };
        // Nobody should have to guess which of the two the shell speaks.
        let export = if api == 2 { "export ETCDCTL_API=2" } else { "export ETCDCTL_API=3" };
        // Members refuse changes of the membership in their first five seconds (M4).
        let settle = "lab settle; sleep 6";
        Drill {
            id: self.id.into(),
            seed,
            title: self.title.into(),
            topic: self.topic.as_str().into(),
            api,
            minutes: self.minutes,
            task: fill(self.task),
            hint: fill(self.hint),
            setup: format!("{export}\n{settle}\n{}", fill(self.setup)),
            solution: fill(self.solution),
            step: Step {
                saves: pairs(self.saves),
                goals: pairs(self.goals).into_iter().map(goal).collect(),
            },
            v2: true,
            quota_backend_bytes: self.quota_backend_bytes,
        }
    }

    /// Ways that do not do it, with a part of the reason.
    pub fn wrong_ways(&self, seed: u64) -> Vec<(String, String)> {
        let values = Values::new(self.id, seed);
        self.wrong.iter().map(|(way, why)| (values.fill(way), values.fill(why))).collect()
    }
}

/// Answers the page.
///
/// # Errors
/// There is no such drill, or the profile has none.
pub fn answer(ask: &DrillAsk) -> Result<DrillReply, String> {
    match ask {
        DrillAsk::Named { id, seed, profile } => {
            let found = pattern(id).ok_or_else(|| format!("there is no drill '{id}'"))?;
            if !found.profiles.contains(&profile.as_str()) {
                return Err(format!("drill '{id}' cannot be done in profile {profile}"));
            }
            Ok(DrillReply { drill: Some(found.drill(*seed)), ..DrillReply::default() })
        }
        DrillAsk::Next { wish, seed } => {
            let next = choose::next(wish, *seed);
            Ok(DrillReply { drill: next.map(|p| p.drill(*seed)), ..choose::repeat(wish) })
        }
        DrillAsk::Repeat { wish } => Ok(choose::repeat(wish)),
    }
}
