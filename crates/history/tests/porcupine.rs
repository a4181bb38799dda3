//! The histories that the Porcupine checker was proven with: ours must come to the same verdicts.

mod support;

use std::collections::BTreeMap;

use history::linearizable::{Model, Operation, Verdict, check};
use serde_json::Value;
use support::table;

/// Steps of the model that no history here comes near.
const STEPS_MAX: u64 = 20_000_000;

/// A register with compare-and-swap; it starts without a value.
struct CasRegister;

enum RegisterInput {
    Read,
    Write(i64),
    Cas(i64, i64),
}

enum RegisterOutput {
    Value(Option<i64>),
    Swapped(bool),
    Written,
}

impl Model for CasRegister {
    type State = Option<i64>;
    type Input = RegisterInput;
    type Output = RegisterOutput;
    type Key = ();

    fn initial(&self) -> Option<i64> {
        None
    }

    fn key(&self, _: &RegisterInput) {}

    fn step(
        &self,
        state: &Option<i64>,
        input: &RegisterInput,
        output: Option<&RegisterOutput>,
    ) -> Vec<Option<i64>> {
        let (fits, next) = match (input, output) {
            (RegisterInput::Read, Some(RegisterOutput::Value(seen))) => (seen == state, *state),
            (RegisterInput::Read, _) => (true, *state),
            (RegisterInput::Write(value), _) => (true, Some(*value)),
            (RegisterInput::Cas(old, new), output) => {
                let holds = *state == Some(*old);
                let said = match output {
                    Some(RegisterOutput::Swapped(said)) => *said,
                    _ => holds,
                };
                (said == holds, if holds { Some(*new) } else { *state })
            }
        };
        if fits { vec![next] } else { vec![] }
    }
}

type RegisterHistory = Vec<Operation<RegisterInput, RegisterOutput>>;

fn numbers(text: &str) -> Vec<i64> {
    let words = text.trim_matches(['[', ']']).split_whitespace();
    words.map(|word| word.parse().expect("a number")).collect()
}

fn jepsen(text: &str) -> RegisterHistory {
    let mut history: RegisterHistory = Vec::new();
    let mut open: BTreeMap<String, usize> = BTreeMap::new();
    for (time, line) in (0u64..).zip(text.lines()) {
        let (_, rest) = line.split_once(" - ").expect("a line of the log");
        let mut words = rest.split_whitespace();
        let mut word = || words.next().expect("a word").to_owned();
        let (process, kind, function) = (word(), word(), word());
        let value = words.collect::<Vec<_>>().join(" ");
        if kind == ":invoke" {
            let input = match function.as_str() {
                ":read" => RegisterInput::Read,
                ":write" => RegisterInput::Write(numbers(&value)[0]),
                ":cas" => RegisterInput::Cas(numbers(&value)[0], numbers(&value)[1]),
                other => panic!("{other}"),
            };
            open.insert(process, history.len());
            history.push(Operation { input, call: time, done: None });
            continue;
        }
        let operation = &mut history[open.remove(&process).expect("an open operation")];
        let output = match (kind.as_str(), &operation.input) {
            // Without a result: it may have happened, or not, to the end of the history.
            (":info", _) | (":fail", RegisterInput::Read) => continue,
            (":ok", RegisterInput::Read) if value == "nil" => RegisterOutput::Value(None),
            (":ok", RegisterInput::Read) => RegisterOutput::Value(Some(numbers(&value)[0])),
            (":ok", RegisterInput::Write(_)) => RegisterOutput::Written,
            (said @ (":ok" | ":fail"), RegisterInput::Cas(..)) => {
                RegisterOutput::Swapped(said == ":ok")
            }
            other => panic!("{}", other.0),
        };
        operation.done = Some((output, time));
    }
    history
}

/// A string for each key; it starts empty.
struct Strings;

enum StringInput {
    Get(String),
    Put(String, String),
    Append(String, String),
}

impl Model for Strings {
    type State = String;
    type Input = StringInput;
    type Output = String;
    type Key = String;

    fn initial(&self) -> String {
        String::new()
    }

    fn key(&self, input: &StringInput) -> String {
        match input {
            StringInput::Get(key) | StringInput::Put(key, _) | StringInput::Append(key, _) => {
                key.clone()
            }
        }
    }

    fn step(&self, state: &String, input: &StringInput, output: Option<&String>) -> Vec<String> {
        match input {
            StringInput::Get(_) if output.is_some_and(|output| output != state) => vec![],
            StringInput::Get(_) => vec![state.clone()],
            StringInput::Put(_, value) => vec![value.clone()],
            StringInput::Append(_, value) => vec![format!("{state}{value}")],
        }
    }
}

/// The value of a field of an EDN map in the one form that the logs have.
fn field<'a>(line: &'a str, name: &str) -> &'a str {
    let (_, rest) = line.split_once(name).expect("a field");
    match rest.strip_prefix('"') {
        Some(quoted) => quoted.split_once('"').expect("a closing quote").0,
        None => rest.split([',', '}']).next().expect("a value"),
    }
}

fn strings(text: &str) -> Vec<Operation<StringInput, String>> {
    let mut history: Vec<Operation<StringInput, String>> = Vec::new();
    let mut open: BTreeMap<&str, usize> = BTreeMap::new();
    for (time, line) in (0u64..).zip(text.lines()) {
        let process = field(line, ":process ");
        let value = field(line, ":value ").to_owned();
        if field(line, ":type ") == ":ok" {
            let operation = &mut history[open.remove(process).expect("an open operation")];
            operation.done = Some((value, time));
            continue;
        }
        let key = field(line, ":key ").to_owned();
        let input = match field(line, ":f ") {
            ":get" => StringInput::Get(key),
            ":put" => StringInput::Put(key, value),
            ":append" => StringInput::Append(key, value),
            other => panic!("{other}"),
        };
        open.insert(process, history.len());
        history.push(Operation { input, call: time, done: None });
    }
    history
}

#[test]
fn the_verdicts_on_all_porcupine_histories_are_the_same() {
    let Some(verdicts) = table("porcupine/verdicts.json") else { return };
    let verdicts: Vec<Value> = serde_json::from_str(&verdicts).expect("JSON");
    // For each model: histories, linearizable, operations.
    let mut counts: BTreeMap<String, (u32, u32, usize)> = BTreeMap::new();
    for case in &verdicts {
        let file = case["file"].as_str().expect("a file");
        let model = case["model"].as_str().expect("a model");
        let text = table(&format!("porcupine/{file}")).expect("the file of a verdict");
        let (verdict, operations) = match model {
            "cas-register" => {
                let history = jepsen(&text);
                (check(&CasRegister, &history, STEPS_MAX), history.len())
            }
            "kv-append" => {
                let history = strings(&text);
                (check(&Strings, &history, STEPS_MAX), history.len())
            }
            other => panic!("unknown model {other}"),
        };
        assert_ne!(verdict, Verdict::Unknown, "{file}");
        let linearizable = verdict == Verdict::Linearizable;
        assert_eq!(Some(linearizable), case["linearizable"].as_bool(), "{file}");
        let count = counts.entry(model.to_owned()).or_default();
        count.0 += 1;
        count.1 += u32::from(linearizable);
        count.2 += operations;
    }
    for (model, (ran, linearizable, operations)) in &counts {
        println!(
            "porcupine, {model}: {ran} ran, {ran} passed ({linearizable} linearizable, {} not, \
             {operations} operations), 0 known differences",
            ran - linearizable
        );
    }
    assert_eq!(counts["cas-register"].0, 102);
    assert_eq!(counts["kv-append"].0, 6);
}
