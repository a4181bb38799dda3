//! `window.etcdlab`: the page API, as `web/PAGE-API.md` documents it.

use crate::lab::Lab;
use crate::promise::refused;
use crate::state::{HOST, State};
use frame::{
    Action, Kind, LoadKind, Measurement, MemberView, SPEED_PPM_MAX, SPEED_PPM_MIN, Speed, StepWhat,
    WorkerReport,
};
use js_sys::{Array, Object, Promise, Reflect};
use std::rc::Rc;
use wasm_bindgen::JsValue;
use wasm_bindgen::closure::{Closure, WasmClosure};

/// Grows when something that a caller could rely on changes.
const VERSION: u32 = 1;

/// Puts the API on the window.
pub(crate) fn install(lab: &Rc<Lab>) {
    let api = Object::new();
    set(&api, "version", VERSION);
    set(&api, "ready", &lab.ready.promise);
    let this = Rc::clone(lab);
    method::<dyn Fn(JsValue, JsValue) -> Promise>(
        &api,
        "exec",
        Closure::new(move |line: JsValue, options: JsValue| exec(&this, &line, &options)),
    );
    let this = Rc::clone(lab);
    method::<dyn Fn(JsValue)>(
        &api,
        "interrupt",
        Closure::new(move |host: JsValue| {
            this.interrupt(&host.as_string().unwrap_or_else(|| HOST.into()), None);
        }),
    );
    let this = Rc::clone(lab);
    method::<dyn Fn() -> JsValue>(&api, "state", Closure::new(move || state(&this.state())));
    let this = Rc::clone(lab);
    method::<dyn Fn(JsValue) -> Promise>(
        &api,
        "act",
        Closure::new(move |action: JsValue| match read_action(&action) {
            Ok(action) => this.act(action).promise,
            Err(text) => refused(&text),
        }),
    );
    let this = Rc::clone(lab);
    method::<dyn Fn() -> String>(&api, "link", Closure::new(move || this.link()));
    let this = Rc::clone(lab);
    method::<dyn Fn() -> Promise>(
        &api,
        "traceHash",
        Closure::new(move || this.trace_hash().promise),
    );
    let this = Rc::clone(lab);
    method::<dyn Fn() -> Promise>(&api, "workers", Closure::new(move || this.workers().promise));
    let this = Rc::clone(lab);
    method::<dyn Fn(JsValue) -> Promise>(
        &api,
        "measure",
        Closure::new(move |options: JsValue| {
            let wall_ms = number(&options, "wallMs").unwrap_or(1500.0).clamp(1.0, 60_000.0);
            let in_flight = number(&options, "inFlight").unwrap_or(256.0).clamp(1.0, 65_536.0);
            let load = word(&options, "load").unwrap_or_else(|| "put".into());
            match LoadKind::parse(&load) {
                Some(load) => this.measure(load, wall_ms as u32, in_flight as u32).promise,
                None => refused(&format!("unknown load '{load}'")),
            }
        }),
    );
    let this = Rc::clone(lab);
    method::<dyn Fn(JsValue) -> Promise>(
        &api,
        "measureBarrier",
        Closure::new(move |options: JsValue| {
            let rounds = number(&options, "rounds").unwrap_or(1000.0).clamp(1.0, 100_000.0);
            this.measure_barrier(rounds as u32).promise
        }),
    );
    let _ = Reflect::set(&js_sys::global(), &"etcdlab".into(), &api);
}

fn method<T: WasmClosure + ?Sized>(api: &Object, name: &str, closure: Closure<T>) {
    // The API lives as long as the page.
    set(api, name, closure.into_js_value());
}

fn set(object: &Object, name: &str, value: impl Into<JsValue>) {
    // Setting a property of a plain object does not fail.
    let _ = Reflect::set(object, &name.into(), &value.into());
}

fn exec(lab: &Rc<Lab>, line: &JsValue, options: &JsValue) -> Promise {
    let Some(line) = line.as_string() else {
        return refused("exec needs a line as its first argument");
    };
    let host = word(options, "host").unwrap_or_else(|| HOST.into());
    lab.exec(&host, line).promise
}

/// `{code, output}`, what `exec` resolves with.
pub(crate) fn finished(code: i32, output: &str) -> JsValue {
    let object = Object::new();
    set(&object, "code", code);
    set(&object, "output", output);
    object.into()
}

/// What `workers` resolves with.
pub(crate) fn workers(reports: &[WorkerReport]) -> JsValue {
    let list = Array::new();
    for report in reports {
        let object = Object::new();
        set(&object, "name", &report.name);
        set(&object, "member", &report.member);
        set(&object, "instance", format!("{:x}", report.instance));
        set(&object, "batches_handled", report.batches_handled as f64);
        set(&object, "batches_sent", report.batches_sent as f64);
        set(&object, "memory_bytes", report.memory_bytes as f64);
        list.push(&object);
    }
    list.into()
}

/// What `measure` resolves with.
pub(crate) fn measured(result: &Measurement) -> JsValue {
    let object = Object::new();
    set(&object, "done", result.done as f64);
    set(&object, "failed", result.failed as f64);
    set(&object, "wall_us", result.wall_us as f64);
    set(&object, "virtual_us", result.virtual_us as f64);
    set(&object, "events", result.events as f64);
    set(&object, "in_flight", result.in_flight);
    set(&object, "value_bytes", result.value_bytes);
    set(&object, "memory_bytes", result.memory_bytes as f64);
    set(&object, "per_second", per_second(result) as f64);
    object.into()
}

/// What was done in a second of wall time.
pub(crate) fn per_second(result: &Measurement) -> u64 {
    result.done.saturating_mul(1_000_000).checked_div(result.wall_us).unwrap_or(0)
}

fn state(state: &State) -> JsValue {
    let frame = &state.frame;
    let object = Object::new();
    set(&object, "time_ms", (frame.time_us / 1000) as f64);
    set(&object, "seed", seed(frame.seed));
    set(&object, "profile", &frame.profile);
    set(&object, "branch", &frame.branch);
    set(&object, "held", frame.held);
    set(&object, "events", frame.events as f64);
    set(&object, "violations", texts(&frame.violations));
    let members = Array::new();
    // Before the first frame nothing is known of any member.
    for view in frame.members.iter().filter(|_| state.started) {
        members.push(&member(view));
    }
    set(&object, "members", members);
    object.into()
}

/// A number where JavaScript can hold it exactly, else its digits.
fn seed(seed: u64) -> JsValue {
    const SAFE: u64 = (1 << 53) - 1;
    if seed <= SAFE { (seed as f64).into() } else { seed.to_string().into() }
}

fn member(view: &MemberView) -> JsValue {
    let object = Object::new();
    set(&object, "name", &view.name);
    set(&object, "id", format!("{:x}", view.id));
    let cluster =
        if view.cluster_id == 0 { String::new() } else { format!("{:x}", view.cluster_id) };
    set(&object, "cluster_id", cluster);
    set(&object, "role", view.role.as_str());
    set(&object, "status", view.status.as_str());
    set(&object, "reason", &view.reason);
    set(&object, "term", view.term as f64);
    set(&object, "commit", view.commit as f64);
    set(&object, "applied", view.applied as f64);
    set(&object, "endpoint", &view.client_endpoint);
    object.into()
}

fn texts(list: &[String]) -> Array {
    list.iter().map(JsValue::from).collect()
}

/// Reads an action; the error says what is wrong with it.
fn read_action(value: &JsValue) -> Result<Action, String> {
    let kind = word(value, "kind").ok_or("an action needs a kind, such as {kind: \"heal\"}")?;
    if let Some(kind) = Kind::ALL.into_iter().find(|k| k.as_str() == kind) {
        let member = word(value, "member").ok_or("this action needs a member")?;
        return Ok(Action::Member { kind, member });
    }
    match kind.as_str() {
        "cut" => {
            let groups = list(value, "groups").ok_or("cut needs groups: [[\"m1\"], [\"m2\"]]")?;
            let groups: Vec<Vec<String>> = groups.iter().map(|group| words(&group)).collect();
            if groups.len() < 2 || groups.iter().any(Vec::is_empty) {
                return Err("cut needs at least two groups with members in each".into());
            }
            Ok(Action::Cut { groups })
        }
        "cut-one-way" => {
            let (from, to) = (words(&get(value, "from")), words(&get(value, "to")));
            if from.is_empty() || to.is_empty() {
                return Err("cut-one-way needs from: [...] and to: [...]".into());
            }
            Ok(Action::CutOneWay { from, to })
        }
        "heal" => Ok(Action::Heal),
        "play" => Ok(Action::Play),
        "hold" => Ok(Action::Hold),
        "run" => match number(value, "until_ms") {
            Some(until) if until >= 0.0 => Ok(Action::Run { until_ms: until.ceil() as u64 }),
            _ => Err("run needs until_ms, a number of milliseconds".into()),
        },
        "speed" => speed(&get(value, "value")).map(|value| Action::Speed { value }),
        "step" => step(word(value, "what").as_deref()).map(|what| Action::Step { what }),
        "wait" => {
            let target = word(value, "target").ok_or("wait needs a target")?;
            Ok(Action::Wait { target })
        }
        "settle" => Ok(Action::Settle),
        "status" => Ok(Action::Status),
        "seek" | "load" => Err(format!("{kind} comes with the time machine")),
        _ => Err(format!("unknown kind of action '{kind}'")),
    }
}

fn speed(value: &JsValue) -> Result<Speed, String> {
    match value.as_string().as_deref() {
        Some("max") => return Ok(Speed::Max),
        Some("auto") => return Ok(Speed::Auto),
        _ => {}
    }
    let ppm = (value.as_f64().unwrap_or(0.0) * 1e6).round();
    if ppm < SPEED_PPM_MIN as f64 || ppm > SPEED_PPM_MAX as f64 {
        return Err("speed needs a value from 0.001 to 1000, \"max\" or \"auto\"".into());
    }
    Ok(Speed::Ppm(ppm as u64))
}

fn step(what: Option<&str>) -> Result<StepWhat, String> {
    match what {
        None | Some("event") => Ok(StepWhat::Event),
        Some("message") => Ok(StepWhat::Message),
        Some("commit") => Ok(StepWhat::Commit),
        Some("role") => Ok(StepWhat::Role),
        Some(other) => Err(format!("unknown step '{other}': event, message, commit or role")),
    }
}

fn get(object: &JsValue, name: &str) -> JsValue {
    if object.is_object() {
        Reflect::get(object, &name.into()).unwrap_or(JsValue::UNDEFINED)
    } else {
        JsValue::UNDEFINED
    }
}

fn word(object: &JsValue, name: &str) -> Option<String> {
    get(object, name).as_string().filter(|text| !text.is_empty())
}

fn number(object: &JsValue, name: &str) -> Option<f64> {
    get(object, name).as_f64().filter(|n| n.is_finite())
}

fn list(object: &JsValue, name: &str) -> Option<Array> {
    let value = get(object, name);
    Array::is_array(&value).then(|| Array::from(&value))
}

fn words(value: &JsValue) -> Vec<String> {
    if !Array::is_array(value) {
        return Vec::new();
    }
    Array::from(value).iter().filter_map(|word| word.as_string()).collect()
}
