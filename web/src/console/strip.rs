//! The slim strip below a finished command: how it went, and how things stood.

use super::Block;
use frame::Outcome;
use scene::words::{span, time};

/// One fact of the strip: its class, its words.
pub(crate) type Fact = (&'static str, String);

/// Calls that change nothing: nobody needs to wonder whether they took effect.
const READS: [&str; 12] = [
    "Range",
    "Watch",
    "LeaseKeepAlive",
    "LeaseTimeToLive",
    "LeaseLeases",
    "MemberList",
    "Status",
    "Hash",
    "HashKV",
    "Snapshot",
    "Observe",
    "Leader",
];

/// Empty where there is no strip: the command runs, or it is a click's echo.
pub(crate) fn strip(block: &Block) -> Vec<Fact> {
    let (Some(code), Some(after), false) = (block.code, &block.after, block.echo) else {
        return Vec::new();
    };
    let call = after.last_call.as_ref();
    let unknown = |call: &frame::CallView| {
        call.outcome == Outcome::Unknown && !READS.contains(&call.method.as_str())
    };
    let unknown = code != 0 && call.is_some_and(unknown);
    let mut facts = vec![match code {
        0 => ("good", "ok".to_string()),
        code if unknown => ("warn", format!("exit {code}, outcome unknown")),
        code => ("failed", format!("exit {code}")),
    }];
    if let Some(call) = call {
        if call.revision > 0 {
            facts.push(("revision", format!("revision {}", call.revision)));
        }
        if !call.endpoint.is_empty() {
            facts.push(("endpoint", call.endpoint.clone()));
        }
    }
    facts.push(match after.leader.as_str() {
        "" => ("warn", "no leader".to_string()),
        leader => ("leader", format!("leader {leader}")),
    });
    facts.push(("time", format!("at {}", time(after.time_us))));
    facts.push(("took", format!("took {}", span(after.took_us))));
    facts
}

#[cfg(test)]
mod tests {
    use super::*;
    use frame::{After, CallView};

    fn words(code: Option<i32>, after: After, echo: bool) -> String {
        let block = Block { code, after: Some(after), echo, ..Block::default() };
        strip(&block).into_iter().map(|(_, text)| text).collect::<Vec<_>>().join(" | ")
    }

    #[test]
    fn it_tells_how_the_command_went() {
        let call = |outcome| CallView {
            method: "Put".into(),
            endpoint: "127.0.0.1:2379".into(),
            revision: if outcome == Outcome::Ok { 7 } else { 0 },
            outcome,
            ..CallView::default()
        };
        let after = |leader: &str, call| After {
            time_us: 2_345_000,
            took_us: 14_000,
            leader: leader.into(),
            last_call: call,
        };
        let ok = words(Some(0), after("m1", Some(call(Outcome::Ok))), false);
        assert_eq!(ok, "ok | revision 7 | 127.0.0.1:2379 | leader m1 | at 2.345 s | took 14 ms");
        let unknown = words(Some(1), after("", Some(call(Outcome::Unknown))), false);
        assert!(unknown.starts_with("exit 1, outcome unknown | 127.0.0.1:2379 | no leader"));
        let watch = CallView { method: "Watch".into(), ..call(Outcome::Unknown) };
        let watch = words(Some(130), after("m1", Some(watch)), false);
        assert!(watch.starts_with("exit 130 | 127.0.0.1:2379"), "{watch}");
        let local = words(Some(127), after("m1", None), false);
        assert_eq!(local, "exit 127 | leader m1 | at 2.345 s | took 14 ms");
        assert_eq!(words(None, after("m1", None), false), "");
        assert_eq!(words(Some(0), after("m1", None), true), "");
    }
}
