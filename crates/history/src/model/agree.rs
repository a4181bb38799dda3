//! Whether a response is the one that was due.

use crate::request::{Answer, KeyValue, Op, Order, RangeAnswer, RangeRequest, Request, Response};

/// Compares what was seen with what the model says, field by field; what the history does not tell
/// is not judged.
///
/// # Errors
/// The first difference, as the end of a sentence: "answered revision 3 where 2 was due".
pub fn agrees(request: &Request, due: &Response, seen: &Response) -> Result<(), String> {
    // The error itself says more than a missing revision.
    let both_told =
        !matches!(due.answer, Answer::Error(_)) && !matches!(seen.answer, Answer::Error(_));
    if both_told
        && let (Some(due), Some(seen)) = (due.revision, seen.revision)
        && due != seen
    {
        return Err(format!("answered revision {seen} where {due} was due"));
    }
    match request {
        Request::Kv(op) => op_agrees(op, &due.answer, &seen.answer),
        // Without an id of its own, the server's choice is as good as any.
        Request::LeaseGrant { id: 0 } if matches!(seen.answer, Answer::LeaseGrant { .. }) => Ok(()),
        _ => same(&due.answer, &seen.answer),
    }
}

fn op_agrees(op: &Op, due: &Answer, seen: &Answer) -> Result<(), String> {
    match (op, due, seen) {
        (_, Answer::Any, _) => Ok(()),
        (Op::Range(range), Answer::Range(due), Answer::Range(seen)) => ranges(range, due, seen),
        (_, Answer::Put { prev: due }, Answer::Put { prev: seen }) => match (due, seen) {
            (None, None) => Ok(()),
            (Some(due), Some(seen)) => pair(due, seen).map_err(|what| format!("{what} before it")),
            (Some(due), None) => {
                Err(format!("answered no previous pair where {} was due", name(due)))
            }
            (None, Some(seen)) => {
                Err(format!("answered {} as it was before where nothing was due", name(seen)))
            }
        },
        (
            _,
            Answer::Delete { deleted: due, prev: due_prev },
            Answer::Delete { deleted: seen, prev: seen_prev },
        ) => {
            if due != seen {
                return Err(format!("answered {seen} deleted where {due} was due"));
            }
            pairs(due_prev, seen_prev).map_err(|what| format!("{what} before it"))
        }
        (
            Op::Txn(txn),
            Answer::Txn { succeeded: due, answers: due_answers },
            Answer::Txn { succeeded: seen, answers: seen_answers },
        ) => {
            if due != seen {
                return Err(format!("answered succeeded={seen} where {due} was due"));
            }
            let ops = if *due { &txn.then } else { &txn.otherwise };
            if due_answers.len() != seen_answers.len() {
                let (seen, due) = (seen_answers.len(), due_answers.len());
                return Err(format!("answered {seen} operations where {due} ran"));
            }
            let both = ops.iter().zip(due_answers.iter().zip(seen_answers));
            both.into_iter().try_for_each(|(op, (due, seen))| op_agrees(op, due, seen))
        }
        _ => same(due, seen),
    }
}

fn same(due: &Answer, seen: &Answer) -> Result<(), String> {
    if due == seen || *due == Answer::Any {
        return Ok(());
    }
    Err(match (due, seen) {
        (Answer::Error(due), Answer::Error(seen)) => {
            format!("failed with {seen:?} where {due:?} was due")
        }
        (Answer::Error(due), _) => format!("succeeded where {due:?} was due"),
        (_, Answer::Error(seen)) => format!("failed with {seen:?} where success was due"),
        _ => "answered another kind of request".to_owned(),
    })
}

fn ranges(range: &RangeRequest, due: &RangeAnswer, seen: &RangeAnswer) -> Result<(), String> {
    if due.count != seen.count {
        return Err(format!("counted {} keys where {} were due", seen.count, due.count));
    }
    if let (Some(due), Some(seen)) = (due.more, seen.more)
        && due != seen
    {
        return Err(format!("answered more={seen} where {due} was due"));
    }
    if range.order != Order::Other {
        return pairs(&due.kvs, &seen.kvs);
    }
    // In an unjudged order, the model gives all pairs and the limit may have cut off any.
    let limit = if range.limit > 0 { range.limit } else { i64::MAX };
    let expected = (due.kvs.len() as i64).min(limit);
    if seen.kvs.len() as i64 != expected {
        return Err(format!("answered {} pairs where {expected} were due", seen.kvs.len()));
    }
    for seen in &seen.kvs {
        let Some(due) = due.kvs.iter().find(|due| due.key == seen.key) else {
            return Err(format!("answered {}, which is not there", name(seen)));
        };
        pair(due, seen)?;
    }
    Ok(())
}

fn pairs(due: &[KeyValue], seen: &[KeyValue]) -> Result<(), String> {
    for (due, seen) in due.iter().zip(seen) {
        pair(due, seen)?;
    }
    if due.len() != seen.len() {
        return Err(format!("answered {} pairs where {} were due", seen.len(), due.len()));
    }
    Ok(())
}

/// Whether a pair is the one that was due.
pub(crate) fn pair(due: &KeyValue, seen: &KeyValue) -> Result<(), String> {
    let what = |what: &str, due: i64, seen: i64, of: &KeyValue| {
        Err(format!("answered {what} {seen} of {} where {due} was due", name(of)))
    };
    if due.key != seen.key {
        return Err(format!("answered {} where {} was due", name(seen), name(due)));
    }
    if due.mod_revision != seen.mod_revision {
        return what("mod revision", due.mod_revision, seen.mod_revision, due);
    }
    if due.value != seen.value {
        return Err(format!("answered another value of {} than was due", name(due)));
    }
    for (field, due_field, seen_field) in [
        ("create revision", due.create_revision, seen.create_revision),
        ("version", due.version, seen.version),
        ("lease", due.lease, seen.lease),
    ] {
        if let (Some(due_field), Some(seen_field)) = (due_field, seen_field)
            && due_field != seen_field
        {
            return what(field, due_field, seen_field, due);
        }
    }
    Ok(())
}

fn name(pair: &KeyValue) -> String {
    pair.key.escape_ascii().to_string()
}
