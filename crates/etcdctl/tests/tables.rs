//! Tables by others: how lines are read, and that the flags of `get` and `del` become the right
//! requests. The store is the scripted member's.

#![allow(clippy::disallowed_methods)] // a test reads its tables from real files
#![allow(clippy::unwrap_used)]

mod cluster;

use cluster::Member;
use etcdctl::lines::{Options, Wanted, from_command_line, from_line, words as words_of};
use etcdctl::memory::Memory;
use proto::Profile;
use serde_json::{Value, json};

fn table(name: &str) -> Vec<Value> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/external/etcdctl/");
    let Ok(text) = std::fs::read_to_string(format!("{path}{name}")) else {
        println!("skipped: ../shared/external/etcdctl/{name} is not there");
        return Vec::new();
    };
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn run(member: &Member, args: &[String]) -> String {
    let mut system = Memory::serving(|call| member.serve_call(call));
    system.profile = Profile::V3_5;
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    assert_eq!(system.run(&args), Some(0), "{args:?}");
    String::from_utf8(system.stdout.take()).unwrap()
}

fn with_puts(puts: &Value) -> Member {
    let member = Member::new();
    for pair in puts.as_array().unwrap() {
        let [key, value] = [&pair[0], &pair[1]].map(|word| word.as_str().unwrap().to_string());
        run(&member, &["put".into(), key, value]);
    }
    member
}

/// The words after the command; `None` for an option of a later release.
fn words(case: &Value) -> Option<Vec<String>> {
    let mut words = vec![case["key"].as_str().unwrap().to_string()];
    for (name, value) in case["options"].as_object().unwrap() {
        match (name.as_str(), value) {
            ("range_end", Value::String(end)) => words.insert(1, end.clone()),
            ("serializable", _) => words.push("--consistency=s".into()),
            ("count_only", _) => words.extend(["--count-only".into(), "--write-out=fields".into()]),
            ("prefix" | "from_key" | "rev" | "limit" | "order" | "sort_by", _) => {
                let value = value.as_str().map_or_else(|| value.to_string(), str::to_string);
                words.push(format!("--{}={value}", name.replace('_', "-")));
            }
            _ => return None,
        }
    }
    Some(words)
}

#[test]
fn get_finds_what_the_table_says() {
    let cases = table("kv_get.jsonl");
    let Some((note, cases)) = cases.split_first() else { return };
    let member = with_puts(&note["setup_puts"]);
    let mut later = 0;
    for case in cases {
        let Some(words) = words(case) else {
            later += 1;
            continue;
        };
        let expect = &case["expect"];
        let args: Vec<String> = ["get".to_string()].into_iter().chain(words).collect();
        if args.iter().any(|word| word == "--count-only") {
            let count = format!("\"Count\" : {}\n", expect["count"]);
            assert!(run(&member, &args).ends_with(&count), "{case}");
            continue;
        }
        let found: Value =
            serde_json::from_str(&run(&member, &[args, vec!["-w".into(), "json".into()]].concat()))
                .unwrap();
        assert_eq!(found["count"], expect["count"], "{case}");
        assert_eq!(
            found["more"].as_bool(),
            expect["more"].as_bool().filter(|more| *more),
            "{case}"
        );
        let facts = |kv: &Value| json!([kv["create_revision"], kv["mod_revision"], kv["version"]]);
        let list = |all: &Value| -> Vec<Value> {
            all["kvs"].as_array().map(|kvs| kvs.iter().map(facts).collect()).unwrap_or_default()
        };
        assert_eq!(list(&found), list(expect), "{case}");
    }
    println!("kv_get.jsonl: {} cases, {later} of them for later releases", cases.len());
}

#[test]
fn del_deletes_what_the_table_says() {
    let cases = table("kv_delete.jsonl");
    for case in &cases {
        let member = with_puts(&case["setup_puts"]);
        let args = ["del".to_string()].into_iter().chain(words(case).unwrap());
        let args: Vec<String> = args.collect();
        let expect = &case["expect"];
        assert_eq!(run(&member, &args), format!("{}\n", expect["deleted"]), "{case}");
        let all = ["get", "", "--prefix", "--keys-only"].map(str::to_string);
        let left: Vec<String> = run(&member, &all)
            .lines()
            .filter(|line| !line.is_empty())
            .map(str::to_string)
            .collect();
        assert_eq!(json!(left), expect["remaining_keys"], "{case}");
    }
    println!("kv_delete.jsonl: {} cases", cases.len());
}

fn strings(value: &Value) -> Vec<String> {
    serde_json::from_value(value.clone()).unwrap()
}

#[test]
fn lines_split_into_the_words_of_the_table() {
    let cases = table("argify.jsonl");
    for case in &cases {
        let expected = strings(&case["expect"]);
        assert_eq!(words_of(case["input"].as_str().unwrap()), Some(expected), "{case}");
    }
    println!("argify.jsonl: {} cases", cases.len());
}

#[test]
fn the_words_of_watch_mean_what_the_table_says() {
    let cases = table("watch_args.jsonl");
    for case in &cases {
        let args = strings(&case["command_args"]);
        let env: Vec<String> = ["ETCDCTL_WATCH_KEY", "ETCDCTL_WATCH_RANGE_END"]
            .iter()
            .map(|name| case["env"][name].as_str().unwrap().to_string())
            .filter(|value| !value.is_empty())
            .collect();
        let mut found = json!({"watch_args": null, "exec_args": null, "error": null});
        let result = if case["interactive"] == true {
            let result = from_line(&args, &env, Profile::V3_4);
            let options = result.as_ref().map_or(Options::default(), |(_, options)| *options);
            found["prefix"] = options.prefix.into();
            found["rev"] = options.revision.into();
            found["prev_kv"] = options.prev_kv.into();
            result.map(|(wanted, _)| wanted)
        } else {
            from_command_line(&strings(&case["os_args"])[2..], &args, &env)
        };
        match result {
            Ok(Wanted { keys, command }) => {
                found["watch_args"] = keys.into();
                found["exec_args"] = command.into();
            }
            Err(why) => found["error"] = why.into(),
        }
        assert_eq!(found, case["expect"], "{case}");
    }
    println!("watch_args.jsonl: {} cases", cases.len());
}
