//! What a check says of the facts: met, or why not.

use frame::{
    Look, LookRange, Looked, MemberFacts, NodeView, PairView, PairsView, Role, Status, Value,
};

use crate::terms::{Call, Function, Term};
use crate::{Facts, FileKind, range, text_of, words};

/// A predicate.
pub(crate) enum Check {
    All(Vec<Check>),
    Any(Vec<Check>),
    /// With the text of what must not hold.
    Not(Box<Check>, String),
    Is(Term),
    Compare(Term, Op, Term),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Op {
    Equal,
    Differs,
    Below,
    AtMost,
    Above,
    AtLeast,
    Contains,
    Matches,
}

/// Why nothing can be said of what is stored.
const NOBODY: &str = "no member of the cluster runs";

impl Check {
    /// Adds what must be looked at.
    pub(crate) fn wants(&self, look: &mut Look) {
        match self {
            Check::All(checks) | Check::Any(checks) => {
                checks.iter().for_each(|check| check.wants(look));
            }
            Check::Not(check, _) => check.wants(look),
            Check::Is(term) => term.wants(look),
            Check::Compare(left, _, right) => {
                left.wants(look);
                right.wants(look);
            }
        }
    }

    /// Met, or why not.
    pub(crate) fn judge(&self, facts: &Facts<'_>) -> Result<(), String> {
        match self {
            Check::All(checks) => checks.iter().try_for_each(|check| check.judge(facts)),
            Check::Any(checks) => {
                let mut reasons = Vec::new();
                for check in checks {
                    match check.judge(facts) {
                        Ok(()) => return Ok(()),
                        Err(reason) => reasons.push(reason),
                    }
                }
                reasons.dedup();
                Err(reasons.join(", and "))
            }
            // What cannot be known holds neither way.
            Check::Not(check, text) if check.is_known(facts) => {
                match (check.judge(facts), &**check) {
                    (Err(_), _) => Ok(()),
                    (Ok(()), Check::Is(term)) => Err(words::still(term, &term.value(facts)?)),
                    (Ok(()), _) => Err(format!("this must not hold: {text}")),
                }
            }
            Check::Not(..) => Err(NOBODY.into()),
            Check::Is(term) => {
                let value = term.value(facts)?;
                if holds(&value) { Ok(()) } else { Err(words::not_so(term, &value)) }
            }
            Check::Compare(left, op, right) => compare(facts, left, *op, right),
        }
    }

    fn is_known(&self, facts: &Facts<'_>) -> bool {
        match self {
            Check::All(checks) | Check::Any(checks) => checks.iter().all(|c| c.is_known(facts)),
            Check::Not(check, _) => check.is_known(facts),
            Check::Is(term) => term.value(facts).is_ok(),
            Check::Compare(left, _, right) => {
                left.value(facts).is_ok() && right.value(facts).is_ok()
            }
        }
    }

    /// The value of an expression that is one term; whether it holds, of any other.
    pub(crate) fn value(&self, facts: &Facts<'_>) -> Value {
        match self {
            Check::Is(term) => term.value(facts).unwrap_or_default(),
            check => Value::Flag(check.judge(facts).is_ok()),
        }
    }
}

fn holds(value: &Value) -> bool {
    match value {
        Value::None => false,
        Value::Flag(flag) => *flag,
        Value::Number(number) => *number != 0,
        Value::Text(_) => true,
        Value::List(items) => !items.is_empty(),
    }
}

fn compare(facts: &Facts<'_>, left: &Term, op: Op, right: &Term) -> Result<(), String> {
    let value = left.value(facts)?;
    if let (Op::Matches, Term::Pattern(pattern)) = (op, right) {
        let met = value != Value::None && pattern.regex.is_match(&text_of(&value));
        return if met { Ok(()) } else { Err(words::no_match(left, &value)) };
    }
    let other = right.value(facts)?;
    let order = match (number(&value), number(&other)) {
        (Some(a), Some(b)) => Some(a.cmp(&b)),
        _ => None,
    };
    let equal = match (&value, &other) {
        // Two things that are both missing are not the same thing.
        (Value::None, _) | (_, Value::None) => false,
        (a, b) => text_of(a) == text_of(b),
    };
    let met = match op {
        Op::Equal => equal,
        Op::Differs => !equal && value != Value::None,
        Op::Below => order.is_some_and(|order| order.is_lt()),
        Op::AtMost => order.is_some_and(|order| order.is_le()),
        Op::Above => order.is_some_and(|order| order.is_gt()),
        Op::AtLeast => order.is_some_and(|order| order.is_ge()),
        Op::Contains | Op::Matches => match &value {
            Value::List(items) => items.contains(&text_of(&other)),
            Value::Text(text) => text.contains(&text_of(&other)),
            _ => false,
        },
    };
    if met { Ok(()) } else { Err(words::differs(left, &value, op, &other)) }
}

fn number(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => Some(*number),
        Value::Text(text) => text.trim().parse().ok(),
        _ => None,
    }
}

impl Term {
    fn wants(&self, look: &mut Look) {
        match self {
            Term::Call(call) => call.wants(look),
            Term::Plus(term, _) => term.wants(look),
            Term::Value(_) | Term::Pattern(_) => {}
        }
    }

    /// Its value now; the error says why that cannot be known.
    fn value(&self, facts: &Facts<'_>) -> Result<Value, String> {
        match self {
            Term::Value(value) => Ok(value.clone()),
            Term::Pattern(pattern) => Ok(Value::Text(pattern.source.clone())),
            Term::Call(call) => call.value(facts),
            Term::Plus(term, more) => {
                let value = term.value(facts)?;
                Ok(number(&value).map_or(Value::None, |n| Value::Number(n.saturating_add(*more))))
            }
        }
    }
}

impl Call {
    fn range(&self) -> Option<LookRange> {
        match self.function {
            Function::Key
            | Function::Absent
            | Function::ModRev
            | Function::CreateRev
            | Function::Ver
            | Function::Lease
            | Function::Ttl => Some(range::one(self.arg(0))),
            Function::Count => Some(range::prefix(self.arg(0))),
            _ => None,
        }
    }

    fn wants(&self, look: &mut Look) {
        if let Some(range) = self.range()
            && !look.ranges.contains(&range)
        {
            look.ranges.push(range);
        }
        match self.function {
            Function::Leases | Function::Ttl => look.leases = true,
            Function::Auth | Function::User | Function::Role | Function::May | Function::MayAll => {
                look.auth = true;
            }
            Function::Node
            | Function::Nodes
            | Function::V2User
            | Function::V2Role
            | Function::V2Auth => look.v2 = true,
            _ => {}
        }
    }

    fn value(&self, facts: &Facts<'_>) -> Result<Value, String> {
        let situation = facts.situation;
        Ok(match self.function {
            Function::Leader if situation.leader.is_empty() => Value::None,
            Function::Leader => Value::Text(situation.leader.clone()),
            Function::Term => count(situation.members.iter().map(|m| m.term).max().unwrap_or(0)),
            Function::Healthy => count(situation.members.iter().filter(|m| m.has_leader).count()),
            Function::Quorum => Value::Flag(!situation.leader.is_empty()),
            Function::Cut => {
                let cut = (self.arg(0).to_string(), self.arg(1).to_string());
                Value::Flag(situation.cuts.contains(&cut))
            }
            Function::Seconds => {
                count(situation.time_us.saturating_sub(situation.began_us) / 1_000_000)
            }
            Function::Saved => {
                let saved = situation.saved.iter().find(|(name, _)| name == self.arg(0));
                saved.map(|(_, value)| value.clone()).unwrap_or_default()
            }
            Function::Env => facts.files.env(self.arg(0)).map_or(Value::None, Value::Text),
            Function::File => self.file(facts),
            Function::Ran | Function::Out => Value::Flag(self.has_result(facts)),
            _ => {
                let looked = situation.looked.as_ref().ok_or(NOBODY)?;
                self.stored(facts, looked)
            }
        })
    }

    /// Of what a member has stored.
    fn stored(&self, facts: &Facts<'_>, looked: &Looked) -> Value {
        let pairs = self.range().and_then(|range| {
            let at = facts.look.ranges.iter().position(|other| *other == range)?;
            looked.ranges.get(at)
        });
        let pair = pairs.and_then(|pairs| pairs.pairs.first());
        let of_pair =
            |read: fn(&PairView) -> i64| pair.map_or(Value::None, |p| Value::Number(read(p)));
        match self.function {
            Function::Key => pair.map_or(Value::None, |p| Value::Text(lossy(&p.value))),
            Function::Absent => Value::Flag(pair.is_none()),
            Function::Count => count(pairs.map_or(0, |pairs: &PairsView| pairs.count)),
            Function::ModRev => of_pair(|pair| pair.mod_revision),
            Function::CreateRev => of_pair(|pair| pair.create_revision),
            Function::Ver => of_pair(|pair| pair.version),
            Function::Lease => of_pair(|pair| pair.lease),
            Function::Ttl => {
                let id = pair.map_or(0, |pair| pair.lease);
                let lease = looked.leases.iter().find(|lease| lease.id == id);
                lease.map_or(Value::None, |lease| Value::Number(lease.granted_ttl_s))
            }
            Function::Rev => Value::Number(looked.revision),
            Function::Compacted => Value::Number(looked.compact_revision.max(0)),
            Function::Leases => count(looked.leases.len()),
            Function::Alarm => {
                Value::Flag(looked.alarms.iter().any(|(_, kind)| kind == self.arg(0)))
            }
            Function::Members => count(looked.members.len()),
            Function::Learners => count(looked.members.iter().filter(|m| m.is_learner).count()),
            Function::Member => self.member(facts, looked),
            Function::Peer => {
                let has = |urls: &[String]| urls.iter().any(|url| url == self.arg(0));
                let member = looked.members.iter().find(|member| has(&member.peer_urls));
                member.map_or(Value::None, |member| match self.field {
                    "learner" => Value::Flag(member.is_learner),
                    _ => Value::Text(member.name.clone()),
                })
            }
            Function::Auth => Value::Flag(looked.auth.enabled),
            Function::User => {
                let user = looked.auth.users.iter().find(|(name, _)| name == self.arg(0));
                user.map_or(Value::None, |(name, roles)| match self.field {
                    "roles" => Value::List(roles.clone()),
                    _ => Value::Text(name.clone()),
                })
            }
            Function::Role | Function::May | Function::MayAll => self.role(looked),
            _ => self.tree(facts, looked),
        }
    }

    fn role(&self, looked: &Looked) -> Value {
        let role = looked.auth.roles.iter().find(|(name, _)| name == self.arg(0));
        let Some((name, permissions)) = role else { return Value::None };
        let allows = |range| range::allows(permissions, self.arg(1) == "write", &range);
        match self.function {
            Function::May => Value::Flag(allows(range::one(self.arg(2)))),
            Function::MayAll => Value::Flag(allows(range::prefix(self.arg(2)))),
            _ => Value::Text(name.clone()),
        }
    }

    fn member(&self, facts: &Facts<'_>, looked: &Looked) -> Value {
        let Some(known) = looked.members.iter().find(|member| member.name == self.arg(0)) else {
            return Value::None;
        };
        let running = facts.situation.members.iter().find(|member| member.id == known.id);
        let of = |read: fn(&MemberFacts) -> u64| running.map_or(Value::None, |m| count(read(m)));
        match self.field {
            "id" => Value::Text(format!("{:x}", known.id)),
            "client" => Value::List(known.client_urls.clone()),
            "term" => of(|member| member.term),
            "applied" => of(|member| member.applied),
            "state" => Value::Text(running.map_or("down", state).into()),
            _ => Value::Text(known.name.clone()),
        }
    }

    /// Of the old tree, and of where the old API keeps its users.
    fn tree(&self, facts: &Facts<'_>, looked: &Looked) -> Value {
        let stored = |folder: &str| {
            let path = format!("/{folder}/{}", self.arg(0));
            looked.v2_security.iter().find(|node| node.key == path)
        };
        let value = |node: Option<&NodeView>| {
            node.map_or(Value::None, |node| Value::Text(node.value.clone().unwrap_or_default()))
        };
        match self.function {
            Function::Index => count(looked.v2_index),
            Function::V2User => value(stored("users")),
            Function::V2Role => value(stored("roles")),
            Function::V2Auth => {
                let node = looked.v2_security.iter().find(|node| node.key == "/enabled");
                Value::Flag(node.and_then(|node| node.value.as_deref()) == Some("true"))
            }
            Function::Nodes => {
                let dir = format!("{}/", self.arg(0).trim_end_matches('/'));
                let inside = |node: &&NodeView| {
                    node.key.strip_prefix(&dir).is_some_and(|name| !name.contains('/'))
                };
                count(looked.v2.iter().filter(inside).count())
            }
            _ => {
                let node = looked.v2.iter().find(|node| node.key == self.arg(0));
                node.map_or(Value::None, |node| match self.field {
                    "dir" => Value::Flag(node.value.is_none()),
                    "ttl" if node.has_ttl => {
                        let wall_us = facts.situation.epoch_us + facts.situation.time_us;
                        count(node.expires_us.saturating_sub(wall_us).div_ceil(1_000_000))
                    }
                    "ttl" => Value::None,
                    "created" => count(node.created_index),
                    "modified" => count(node.modified_index),
                    _ => value(Some(node)),
                })
            }
        }
    }

    fn file(&self, facts: &Facts<'_>) -> Value {
        let path = self.arg(0);
        let kind = facts.files.kind(path);
        let text = || facts.files.read(path).map(|bytes| lossy(&bytes));
        match self.field {
            "exists" => Value::Flag(kind.is_some()),
            "type" => match kind {
                None => Value::None,
                Some(FileKind::Directory) => Value::Text("directory".into()),
                Some(FileKind::File) => {
                    let is_snapshot = facts.files.snapshot_revision(path).is_some();
                    Value::Text(if is_snapshot { "snapshot" } else { "text" }.into())
                }
            },
            "revision" => facts.files.snapshot_revision(path).map_or(Value::None, Value::Number),
            "lines" => text().map_or(Value::None, |text| {
                let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
                Value::List(lines.map(str::to_string).collect())
            }),
            _ => text().map_or(Value::None, |text| Value::Text(text.trim().to_string())),
        }
    }

    fn has_result(&self, facts: &Facts<'_>) -> bool {
        let Some(pattern) = &self.pattern else { return false };
        facts.situation.results.iter().any(|result| match self.function {
            Function::Out => pattern.regex.is_match(&result.output),
            _ => {
                let ended = match self.arg(0) {
                    "rc==0" => result.code == 0,
                    "rc!=0" => result.code != 0,
                    _ => true,
                };
                ended && pattern.regex.is_match(&result.line)
            }
        })
    }
}

fn state(member: &MemberFacts) -> &'static str {
    match (member.status, member.role) {
        (Status::Stopped | Status::Crashed, _) => "down",
        (Status::Paused, _) => "paused",
        (Status::Running, role) => Role::as_str(role),
    }
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn count(number: impl TryInto<i64>) -> Value {
    Value::Number(number.try_into().unwrap_or(i64::MAX))
}
