//! The model against etcd's own tables for its models, deterministic and not.

mod support;

use history::linearizable::{Model, successors};
use history::model::{Etcd, EtcdOrLost, State};
use history::request::{Request, Response};
use support::{cases, json, table};

/// Runs a table through one model; every operation must be accepted or rejected as the table says.
fn run<M>(name: &str, model: &M, label: &str) -> Option<(usize, usize)>
where
    M: Model<State = State, Input = Request, Output = Response>,
{
    let text = table(&format!("etcd-robustness/{name}"))?;
    let (mut rows, mut ops) = (0, 0);
    for case in cases(&text) {
        let mut states = vec![model.initial()];
        for (n, op) in json::list(&case["ops"]).iter().enumerate() {
            let request = json::request(&op["req"]);
            let response = json::response(&request, &op["resp"]);
            let next = successors(model, &states, &request, response.as_ref());
            let rejected = next.is_empty();
            let name = &case["name"];
            assert_eq!(Some(rejected), op["expect_failure"].as_bool(), "{name}, op {n}: {op}");
            if !rejected {
                states = next;
            }
            ops += 1;
        }
        rows += 1;
    }
    println!("{name}, {label}: {rows} rows ran, {rows} passed ({ops} ops), 0 known differences");
    Some((rows, ops))
}

#[test]
fn both_models_agree_with_every_row_of_the_common_table() {
    for counts in [
        run("model_common.jsonl", &Etcd, "deterministic"),
        run("model_common.jsonl", &EtcdOrLost, "nondeterministic"),
    ] {
        assert!(counts.is_none_or(|counts| counts == (28, 180)), "{counts:?}");
    }
}

#[test]
fn the_nondeterministic_model_agrees_with_every_row_of_its_table() {
    let counts = run("model_nondeterministic.jsonl", &EtcdOrLost, "nondeterministic");
    assert!(counts.is_none_or(|counts| counts == (24, 150)), "{counts:?}");
}
