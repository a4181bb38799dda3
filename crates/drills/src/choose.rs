//! What to do next, from the learner's own results: spaced repetition, where time is the number of
//! drills done since.
//!
//! A pattern climbs a stair with each pass without help, stays with a pass with the hint, and falls to
//! the ground when it was skipped or its solution shown. The higher it stands, the more drills lie
//! between. What is due comes first, at most every second time while there are new ones; new ones
//! come from a topic that was done least. The seed decides among equals.

use frame::{DrillOutcome, DrillReply, DrillWish};

use crate::values::hash;
use crate::{Api, Pattern, patterns};

/// Drills between two looks at a pattern that stands on each stair.
const GAPS: [usize; 5] = [3, 8, 20, 50, 120];

/// How a pattern stands.
struct Standing {
    pattern: &'static Pattern,
    /// None: never done.
    stair: Option<usize>,
    /// Drills since it was done last.
    since: usize,
    /// The last time it was not passed without help.
    wanting: bool,
}

impl Standing {
    fn is_due(&self) -> bool {
        self.stair.is_some_and(|stair| self.since >= GAPS[stair])
    }
}

fn standings(wish: &DrillWish) -> Vec<Standing> {
    let of_api = |pattern: &Pattern| match wish.api {
        2 => pattern.api == Api::V2,
        3 => pattern.api != Api::V2,
        _ => true,
    };
    // Without a profile all are meant.
    let in_profile = |pattern: &Pattern| {
        wish.profile.is_empty() || pattern.profiles.contains(&wish.profile.as_str())
    };
    let wanted = |pattern: &&'static Pattern| of_api(pattern) && in_profile(pattern);
    let standing = |pattern: &'static Pattern| {
        let mut standing = Standing { pattern, stair: None, since: 0, wanting: false };
        for (at, result) in wish.results.iter().enumerate() {
            if result.drill != pattern.id {
                continue;
            }
            let stair = standing.stair;
            standing.stair = Some(match result.outcome {
                DrillOutcome::Clean => stair.map_or(1, |stair| (stair + 1).min(GAPS.len() - 1)),
                DrillOutcome::Hinted => stair.unwrap_or(0),
                DrillOutcome::Failed => 0,
            });
            standing.since = wish.results.len() - 1 - at;
            standing.wanting = result.outcome != DrillOutcome::Clean;
        }
        standing
    };
    patterns().filter(wanted).map(standing).collect()
}

/// The drill to do next. None only when there are none of that API.
pub(crate) fn next(wish: &DrillWish, seed: u64) -> Option<&'static Pattern> {
    let standings = standings(wish);
    let last = wish.results.last().map(|result| result.drill.as_str());
    let chance = |pattern: &Pattern| {
        hash(pattern.id).rotate_left(17) ^ seed.wrapping_mul(0x9e37_79b9_7f4a_7c15)
    };
    let chance = |pattern: &Pattern| chance(pattern).wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 20;
    let due = standings.iter().filter(|standing| standing.is_due());
    // The longest overdue first.
    let due = due.max_by_key(|standing| standing.since - GAPS[standing.stair.unwrap_or(0)]);
    let done_of = |topic| {
        let done =
            |standing: &&Standing| standing.pattern.topic == topic && standing.stair.is_some();
        standings.iter().filter(done).count()
    };
    let new = standings.iter().filter(|standing| standing.stair.is_none());
    let new = new.min_by_key(|standing| {
        // Every drill that is easy for its topic comes before the next round.
        (done_of(standing.pattern.topic), standing.pattern.minutes, chance(standing.pattern))
    });
    let was_repeat = last
        .is_some_and(|last| wish.results.iter().filter(|result| result.drill == last).count() > 1);
    let chosen = match (due, new) {
        (Some(_), Some(new)) if was_repeat => Some(new),
        (Some(due), _) => Some(due),
        (None, Some(new)) => Some(new),
        // All is known and nothing is due: what was seen longest ago.
        (None, None) => standings.iter().max_by_key(|s| (s.since, chance(s.pattern))),
    };
    chosen.map(|standing| standing.pattern)
}

/// What is to be repeated: what was last not passed without help, the longest ago first.
pub(crate) fn repeat(wish: &DrillWish) -> DrillReply {
    let standings = standings(wish);
    let mut wanting: Vec<&Standing> = standings.iter().filter(|s| s.wanting).collect();
    wanting.sort_by_key(|standing| std::cmp::Reverse(standing.since));
    let named = |standing: &&Standing| {
        (standing.pattern.id.to_string(), standing.pattern.title.to_string())
    };
    DrillReply {
        drill: None,
        repeat: wanting.iter().map(named).collect(),
        total: standings.len() as u32,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use frame::DrillResult;

    fn result(drill: &str, outcome: DrillOutcome) -> DrillResult {
        DrillResult { drill: drill.into(), outcome }
    }

    /// Does so many drills, all with the same outcome.
    fn run(count: usize, outcome: DrillOutcome) -> DrillWish {
        let mut wish = DrillWish::default();
        for round in 0..count {
            let next = next(&wish, round as u64).expect("there are drills");
            wish.results.push(result(next.id, outcome));
        }
        wish
    }

    #[test]
    fn a_learner_who_passes_all_sees_all_and_repeats_little() {
        let total = patterns().count();
        let wish = run(2 * total, DrillOutcome::Clean);
        let seen: std::collections::BTreeSet<_> = wish.results.iter().map(|r| &r.drill).collect();
        assert_eq!(seen.len(), total);
        assert_eq!(repeat(&wish).repeat, []);
    }

    #[test]
    fn what_failed_comes_again_soon_and_never_at_once() {
        let mut wish = run(1, DrillOutcome::Failed);
        let failed = wish.results[0].drill.clone();
        assert_eq!(repeat(&wish).repeat[0].0, failed);
        let mut after = 0;
        loop {
            let next = next(&wish, 7).expect("there are drills");
            if next.id == failed {
                break;
            }
            after += 1;
            assert!(after < 6, "it never came again");
            wish.results.push(result(next.id, DrillOutcome::Clean));
        }
        assert_eq!(after, GAPS[0]);
        wish.results.push(result(&failed, DrillOutcome::Clean));
        assert_eq!(repeat(&wish).repeat, []);
    }

    #[test]
    fn the_first_drills_are_of_different_topics() {
        let wish = run(12, DrillOutcome::Clean);
        let topics: std::collections::BTreeSet<_> =
            wish.results.iter().filter_map(|r| crate::pattern(&r.drill)).map(|p| p.topic).collect();
        assert!(topics.len() >= 9, "{topics:?}");
    }

    #[test]
    fn an_api_can_be_asked_for() {
        for api in [2, 3] {
            let mut wish = DrillWish { api, ..DrillWish::default() };
            for round in 0..40 {
                let next = next(&wish, round).expect("there are drills");
                assert_eq!(next.api == Api::V2, api == 2, "{}", next.id);
                wish.results.push(result(next.id, DrillOutcome::Hinted));
            }
        }
        let old = DrillWish { api: 2, profile: "3.6".into(), ..DrillWish::default() };
        assert!(next(&old, 1).is_none(), "3.6 has no old API");
        let of = |api| repeat(&DrillWish { api, ..DrillWish::default() }).total;
        assert_eq!(of(2) + of(3), of(0));
    }

    #[test]
    fn the_choice_is_the_seeds() {
        let first = |seed| next(&DrillWish::default(), seed).expect("there are drills").id;
        assert_eq!(first(5), first(5));
        let firsts: std::collections::BTreeSet<_> = (0..30).map(first).collect();
        assert!(firsts.len() > 3, "{firsts:?}");
    }
}
