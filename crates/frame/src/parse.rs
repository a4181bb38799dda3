//! Reads the words of a `lab` command back into an [`Action`].

use crate::action::{Action, DiskFault, Kind, SPEED_PPM_MAX, SPEED_PPM_MIN, Speed, StepWhat};

/// The usage text that `lab help` and a bare `lab` print.
pub const USAGE: &str = "\
usage: lab kill|stop|start|pause|resume|wipe|trap MEMBER
       lab cut 'm1|m2,m3'     cut the links between groups
       lab cut 'm1>m2'        cut one direction only
       lab heal               mend all cuts
       lab disk MEMBER slow 200ms|full [BYTES]|rot|heal
       lab wait MEMBER|URL    until it is healthy
       lab settle             until all running members are healthy
       lab status             members, cuts and time
       lab profile [3.6]      which etcd release this is, and how to have another
       lab speed 0.05|1|max|auto
       lab hold | lab play | lab run 2500ms | lab step event|message|commit|role
";

/// Parses the words after `lab`. The error is one line without `lab: ` before it.
pub fn parse_lab_words(words: &[String]) -> Result<Action, String> {
    let [verb, rest @ ..] = words else {
        return Err("no command given; see 'lab help'".into());
    };
    if let Some(kind) = Kind::ALL.into_iter().find(|k| k.as_str() == verb) {
        return Ok(Action::Member { kind, member: one(verb, rest, "a member")? });
    }
    match verb.as_str() {
        "cut" => cut(&one(verb, rest, "a cut such as 'm1|m2,m3'")?),
        "heal" => none(verb, rest, Action::Heal),
        "disk" => disk(rest),
        "play" => none(verb, rest, Action::Play),
        "hold" => none(verb, rest, Action::Hold),
        "settle" => none(verb, rest, Action::Settle),
        "status" => none(verb, rest, Action::Status),
        "wait" => Ok(Action::Wait { target: one(verb, rest, "a member or URL")? }),
        "speed" => Ok(Action::Speed { value: speed(&one(verb, rest, "a number, max or auto")?)? }),
        "run" => {
            Ok(Action::Run { until_ms: until_ms(&one(verb, rest, "a time such as 2500ms")?)? })
        }
        "step" => Ok(Action::Step { what: step(rest)? }),
        _ => Err(format!("unknown command '{verb}'; see 'lab help'")),
    }
}

fn disk(rest: &[String]) -> Result<Action, String> {
    let words: Vec<&str> = rest.iter().map(String::as_str).collect();
    let number = |text: &str| text.parse().map_err(|_| format!("'{text}' is not a number"));
    let (member, fault) = match words[..] {
        [member, "slow", time] => {
            let latency_ms = u32::try_from(until_ms(time)?).map_err(|_| "that is too slow")?;
            (member, DiskFault::Slow { latency_ms })
        }
        [member, "full"] => (member, DiskFault::Full { room_bytes: 0 }),
        [member, "full", bytes] => (member, DiskFault::Full { room_bytes: number(bytes)? }),
        [member, "rot"] => (member, DiskFault::Rot { bit: None }),
        [member, "rot", bit] => (member, DiskFault::Rot { bit: Some(number(bit)?) }),
        [member, "heal"] => (member, DiskFault::Heal),
        _ => return Err("disk needs a member and slow TIME, full, rot or heal".into()),
    };
    Ok(Action::Disk { member: member.to_string(), fault })
}

fn one(verb: &str, rest: &[String], what: &str) -> Result<String, String> {
    match rest {
        [word] if !word.is_empty() => Ok(word.clone()),
        _ => Err(format!("{verb} needs {what}")),
    }
}

fn none(verb: &str, rest: &[String], action: Action) -> Result<Action, String> {
    if rest.is_empty() { Ok(action) } else { Err(format!("{verb} takes no argument")) }
}

fn names(text: &str) -> Result<Vec<String>, String> {
    let names: Vec<String> = text.split(',').map(|n| n.trim().to_string()).collect();
    if names.iter().any(String::is_empty) {
        return Err(format!("empty name in '{text}'"));
    }
    Ok(names)
}

fn cut(text: &str) -> Result<Action, String> {
    if let Some((from, to)) = text.split_once('>') {
        return Ok(Action::CutOneWay { from: names(from)?, to: names(to)? });
    }
    let groups: Vec<Vec<String>> = text.split('|').map(names).collect::<Result<_, _>>()?;
    if groups.len() < 2 {
        return Err(format!("'{text}' names one side only; write 'm1|m2,m3' or 'm1>m2'"));
    }
    Ok(Action::Cut { groups })
}

/// Reads `0.05`, `1`, `20x`, `1/20`, `max` or `auto`, without floating point.
fn speed(text: &str) -> Result<Speed, String> {
    let bad = || format!("'{text}' is not a speed between 0.001 and 1000, max or auto");
    match text {
        "max" => return Ok(Speed::Max),
        "auto" => return Ok(Speed::Auto),
        _ => {}
    }
    let number = text.strip_suffix('x').unwrap_or(text);
    let ppm = if let Some((top, bottom)) = number.split_once('/') {
        let top: u64 = top.parse().map_err(|_| bad())?;
        let bottom: u64 = bottom.parse().map_err(|_| bad())?;
        top.checked_mul(1_000_000).and_then(|t| t.checked_div(bottom)).ok_or_else(bad)?
    } else {
        let (whole, rest) = number.split_once('.').unwrap_or((number, ""));
        let whole: u64 = if whole.is_empty() { 0 } else { whole.parse().map_err(|_| bad())? };
        if rest.len() > 6 || !rest.bytes().all(|b| b.is_ascii_digit()) {
            return Err(bad());
        }
        let rest: u64 = format!("{rest:0<6}").parse().map_err(|_| bad())?;
        whole.checked_mul(1_000_000).and_then(|w| w.checked_add(rest)).ok_or_else(bad)?
    };
    if (SPEED_PPM_MIN..=SPEED_PPM_MAX).contains(&ppm) { Ok(Speed::Ppm(ppm)) } else { Err(bad()) }
}

fn until_ms(text: &str) -> Result<u64, String> {
    let bad = || format!("'{text}' is not a time such as 2500ms or 10s");
    let (digits, unit) =
        text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()));
    let number: u64 = digits.parse().map_err(|_| bad())?;
    match unit {
        "ms" | "" => Ok(number),
        "s" => number.checked_mul(1000).ok_or_else(bad),
        "m" => number.checked_mul(60_000).ok_or_else(bad),
        _ => Err(bad()),
    }
}

fn step(rest: &[String]) -> Result<StepWhat, String> {
    match rest {
        [] => Ok(StepWhat::Event),
        [word] => match word.as_str() {
            "event" => Ok(StepWhat::Event),
            "message" => Ok(StepWhat::Message),
            "commit" => Ok(StepWhat::Commit),
            "role" => Ok(StepWhat::Role),
            _ => Err(format!("unknown step '{word}': event, message, commit or role")),
        },
        _ => Err("step takes one argument".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Action, String> {
        let words: Vec<String> =
            line.split_whitespace().map(|w| w.trim_matches('\'').to_string()).collect();
        parse_lab_words(&words[1..])
    }

    /// What a click echoes must do the same when it is typed.
    #[test]
    fn every_echo_parses_back() {
        let group = |names: &[&str]| names.iter().map(|n| n.to_string()).collect::<Vec<_>>();
        let mut actions = vec![
            Action::Cut { groups: vec![group(&["m1"]), group(&["m2", "m3"])] },
            Action::CutOneWay { from: group(&["m1"]), to: group(&["m2", "m3"]) },
            Action::Heal,
            Action::Play,
            Action::Hold,
            Action::Run { until_ms: 2500 },
            Action::Speed { value: Speed::Max },
            Action::Speed { value: Speed::Auto },
            Action::Speed { value: Speed::Ppm(50_000) },
            Action::Speed { value: Speed::Ppm(1_000_000) },
            Action::Speed { value: Speed::Ppm(2_500_000) },
            Action::Wait { target: "m2".into() },
            Action::Settle,
            Action::Status,
        ];
        for fault in [
            DiskFault::Slow { latency_ms: 200 },
            DiskFault::Full { room_bytes: 0 },
            DiskFault::Full { room_bytes: 4096 },
            DiskFault::Rot { bit: None },
            DiskFault::Rot { bit: Some(77) },
            DiskFault::Heal,
        ] {
            actions.push(Action::Disk { member: "m2".into(), fault });
        }
        for kind in Kind::ALL {
            actions.push(Action::Member { kind, member: "m2".into() });
        }
        for what in [StepWhat::Event, StepWhat::Message, StepWhat::Commit, StepWhat::Role] {
            actions.push(Action::Step { what });
        }
        for action in actions {
            assert_eq!(parse(&action.as_command()), Ok(action.clone()), "{}", action.as_command());
        }
    }

    #[test]
    fn bad_words_get_one_clear_line() {
        for (line, error) in [
            ("lab", "no command given; see 'lab help'"),
            ("lab fly m1", "unknown command 'fly'; see 'lab help'"),
            ("lab kill", "kill needs a member"),
            ("lab kill m1 m2", "kill needs a member"),
            ("lab cut m1", "'m1' names one side only; write 'm1|m2,m3' or 'm1>m2'"),
            ("lab cut m1|", "empty name in ''"),
            ("lab speed 0", "'0' is not a speed between 0.001 and 1000, max or auto"),
            ("lab speed 1/0", "'1/0' is not a speed between 0.001 and 1000, max or auto"),
            ("lab run soon", "'soon' is not a time such as 2500ms or 10s"),
            ("lab heal m1", "heal takes no argument"),
            ("lab disk m1", "disk needs a member and slow TIME, full, rot or heal"),
            ("lab disk m1 full x", "'x' is not a number"),
            ("lab disk m1 slow soon", "'soon' is not a time such as 2500ms or 10s"),
        ] {
            assert_eq!(parse(line), Err(error.to_string()), "{line}");
        }
    }
}
