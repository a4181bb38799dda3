//! What etcd's authors expect of the v3 tool, read in place: each line of the table is a session of its
//! own, of one member unless it says otherwise. What is typed comes through a pipe; a command that would
//! go on is ended after two seconds.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use lab::{InProcess, Lab, SessionOptions};
use serde_json::Value;

const COMMAND_US_MAX: u64 = 60_000_000;
const PAGE_BYTES: i64 = 4_096;

struct Play {
    session: InProcess,
    bound: BTreeMap<String, String>,
    /// Of all members, where there are several; else the tool's own.
    endpoints: String,
}

fn quote(word: &str) -> String {
    format!("'{}'", word.replace('\'', "'\\''"))
}

fn texts<'v>(value: &'v Value, key: &str) -> impl Iterator<Item = &'v str> {
    value[key].as_array().into_iter().flatten().map(|text| text.as_str().expect("a text"))
}

impl Play {
    fn new(case: &Value, profile: &str) -> Play {
        let pages =
            case["cluster"]["quota_backend_bytes"].as_str().and_then(|t| t.split(' ').next());
        let options = SessionOptions {
            // As etcd's own tests have, where they do not say.
            members: 3,
            quota_backend_bytes: pages.map_or(0, |n| n.parse::<i64>().expect("pages") * PAGE_BYTES),
            profile: profile.to_string(),
            ..SessionOptions::default()
        };
        // Those that are about several members ask all of them.
        let asks_all = case["cluster"]["size"].is_u64();
        let mut session = InProcess::new(Lab::new(options).expect("a session"));
        session.run_to_first_leader(60_000_000).expect("a leader");
        // Members that have been connected for five seconds may be changed (M4).
        session.run_until(session.lab().now() + 7_000_000);
        let mut play = Play { session, bound: BTreeMap::new(), endpoints: String::new() };
        if asks_all {
            play.endpoints = "127.0.0.1:2379,127.0.0.1:22379,127.0.0.1:32379".into();
        }
        let (_, list) = play.exec("etcdctl member list");
        let id_of = |line: &str| line.split(',').next().unwrap_or_default().to_string();
        let m1 = list.lines().find(|line| line.contains(" m1,")).map(id_of).expect("m1 is there");
        let (_, hash) = play.exec("etcdctl endpoint hashkv");
        let hash = hash.trim().rsplit(", ").next().unwrap_or_default().to_string();
        play.bound.insert("HASH".into(), hash);
        let decimal = u64::from_str_radix(&m1, 16).expect("an id").to_string();
        play.bound.insert("FIRST_MEMBER_HEX".into(), id_of(&list));
        play.bound.insert("MEMBER_DECIMAL".into(), decimal);
        for (name, port) in [("EP1", "2379"), ("EP2", "22379"), ("EP3", "32379")] {
            play.bound.insert(name.into(), format!("127.0.0.1:{port}"));
        }
        play
    }

    fn exec(&mut self, line: &str) -> (i32, String) {
        let until = self.session.lab().now() + COMMAND_US_MAX;
        self.session.exec(line, until).unwrap_or_else(|| panic!("{line} does not end"))
    }

    fn fill(&self, text: &str) -> String {
        // Longer names first: one may begin another.
        self.bound
            .iter()
            .rev()
            .fold(text.to_string(), |text, (name, value)| text.replace(&format!("${name}"), value))
    }

    fn command(&self, step: &Value, argv: &Value) -> String {
        let mut words = vec!["etcdctl".to_string()];
        if let (Some(user), Some(password)) = (step["user"].as_str(), step["password"].as_str()) {
            words.push(quote(&format!("--user={user}:{password}")));
        }
        if let Some(endpoint) = step["endpoints"].as_str() {
            let name = if endpoint == "leader" { "LEADER" } else { "FOLLOWER" };
            words.push(format!("--endpoints={}", self.bound[&format!("{name}_ENDPOINT")]));
        } else if !self.endpoints.is_empty() {
            words.push(format!("--endpoints={}", self.endpoints));
        }
        let args = argv.as_array().expect("words").iter();
        words.extend(args.map(|word| quote(&self.fill(word.as_str().expect("a word")))));
        let mut line = words.join(" ");
        if step["interrupt_after_match"].as_bool() == Some(true) {
            line = format!("timeout 2 {line}");
        }
        for (name, value) in step["env"].as_object().into_iter().flatten() {
            line = format!("{name}={} {line}", quote(value.as_str().expect("a text")));
        }
        let typed: Vec<String> =
            texts(step, "stdin_lines").map(|line| quote(&self.fill(line))).collect();
        match typed.is_empty() {
            true => line,
            false => format!("printf '%s\\n' {} | {line}", typed.join(" ")),
        }
    }

    /// Who leads, and somebody who does not.
    fn look_for_leader(&mut self) {
        let (_, out) = self.exec("etcdctl endpoint status --cluster");
        for line in out.lines() {
            let cells: Vec<&str> = line.split(", ").collect();
            let endpoint = cells[0].trim_start_matches("http://").to_string();
            let (id, name) =
                (cells[1].to_string(), if cells[4] == "true" { "LEADER" } else { "FOLLOWER" });
            if name == "FOLLOWER" {
                self.bound.insert("TRANSFEREE_HEX".into(), id.clone());
            }
            self.bound.insert(format!("{name}_ENDPOINT"), endpoint);
            self.bound.insert(format!("{name}_HEX"), id);
        }
    }

    fn bind(&mut self, step: &Value, output: &str) {
        for (name, pattern) in step["bind_regex"].as_object().into_iter().flatten() {
            // All of them are a hexadecimal number between two texts.
            let pattern = pattern.as_str().expect("a pattern").trim_start_matches('^');
            let (before, rest) = pattern.split_once('(').expect("a group");
            let after = rest.split_once(')').expect("a group").1;
            let found = output.lines().find_map(|line| {
                let rest = &line[line.find(before)? + before.len()..];
                let end = rest.find(|c: char| !c.is_ascii_hexdigit()).unwrap_or(rest.len());
                rest[end..].starts_with(after).then(|| rest[..end].to_string())
            });
            self.bound.insert(name.clone(), found.expect("something to bind"));
        }
    }

    /// What is wrong with an output. Each text must be in a line after the one before.
    fn judge(&self, step: &Value, code: i32, output: &str) -> Option<String> {
        let mut lines = output.lines();
        for text in texts(step, "expect_lines_in_order").chain(step["expect_substring"].as_str()) {
            let text = self.fill(text);
            if !lines.any(|line| line.contains(&text)) {
                return Some(format!("no line with {text:?}"));
            }
        }
        for text in texts(step, "also_contains").map(|text| self.fill(text)) {
            if !output.contains(&text) {
                return Some(format!("no {text:?}"));
            }
        }
        if let Some(text) = step["must_not_contain"].as_str().filter(|text| output.contains(*text))
        {
            return Some(format!("{text:?} is there"));
        }
        if let Some(text) =
            step["expect_stdout"].as_str().filter(|text| output.trim() != text.trim())
        {
            return Some(format!("not {text:?}"));
        }
        if step["interrupt_after_match"].as_bool() == Some(true) {
            return None;
        }
        let fails = step["exit_nonzero"].as_bool().unwrap_or(false);
        // etcd's tests look at what is said, and not at the status beside it.
        if !fails && texts(step, "expect_lines_in_order").any(|text| text.contains("Error")) {
            return None;
        }
        (fails != (code != 0)).then(|| format!("status {code}"))
    }

    /// One step; the error is what is wrong.
    fn step(&mut self, step: &Value) -> Result<(), String> {
        if let Some(s) = step["advance_seconds"].as_u64() {
            self.exec(&format!("sleep {s}"));
            return Ok(());
        }
        if let Some(name) = step["interrupt"].as_str() {
            self.exec(&format!("kill -INT ${name}; sleep 1"));
            return Ok(());
        }
        if let Some(argv) = step["repeat_until_error"].as_array() {
            let text = step["error_substring"].as_str().expect("a text");
            let (verb, key) = (argv[0].as_str().expect("a verb"), argv[1].as_str().expect("a key"));
            let value = "b".repeat(PAGE_BYTES as usize);
            let line = format!("while etcdctl {verb} {key} {value} 2>&1; do :; done");
            let (_, out) = self.exec(&line);
            return if out.contains(text) { Ok(()) } else { Err(format!("{line}: {out}")) };
        }
        if step.get("http_get").is_some() {
            // The console has nothing that fetches a page; member's own tests look at /health.
            return Ok(());
        }
        if let Some(file) = step["corrupt_file"].as_str() {
            let line = format!("head -c 512 /dev/zero > z; tail -c +513 {file} >> z; mv z {file}");
            let (code, out) = self.exec(&line);
            return if code == 0 { Ok(()) } else { Err(format!("{line}: {out}")) };
        }
        if let Some(name) = step["as"].as_str() {
            let line = self.command(step, &step["spawn"]);
            self.exec(&format!("{line} > {name} 2>&1 & {name}=$!"));
            return self.look_at(step, name);
        }
        if let Some(name) = step["expect"].as_str() {
            return self.look_at(step, name);
        }
        if step["endpoints"].is_string() {
            self.look_for_leader();
        }
        if step["argv"].to_string().contains("$CURRENT_REV") {
            let (_, json) = self.exec("etcdctl get x -w json | jq .header.revision");
            self.bound.insert("CURRENT_REV".into(), json.trim().to_string());
        }
        let line = self.command(step, &step["argv"]);
        let (code, output) = self.exec(&line);
        self.bind(step, &output);
        let wrong = match step["expect_json"]["revision"].as_i64() {
            Some(revision) => {
                let json: Value = {
                    let last = output.lines().last().unwrap_or_default();
                    serde_json::from_str(last).unwrap_or_default()
                };
                let keys = step["expect_json"]["totalKey_at_least"].as_u64();
                let right = json["revision"] == revision && json["totalKey"].as_u64() >= keys;
                (!right).then(|| "other figures".to_string())
            }
            None => self.judge(step, code, &output),
        };
        wrong.map_or(Ok(()), |why| Err(format!("{line}: {why} in\n{output}")))
    }

    /// What a command in the background has said by now.
    fn look_at(&mut self, step: &Value, name: &str) -> Result<(), String> {
        let (_, said) = self.exec(&format!("sleep 1; cat {name}"));
        let first = said.lines().next().unwrap_or_default().to_string();
        let prefix = step["first_line_prefix"].as_str().unwrap_or_default();
        let other =
            step["different_from"].as_str().map(|other| self.exec(&format!("head -1 {other}")).1);
        let blocks = step["blocks"].as_bool() == Some(true);
        let right = match blocks {
            true => said.is_empty(),
            false => {
                first.starts_with(prefix)
                    && !first.is_empty()
                    && other.is_none_or(|o| o.trim() != first)
            }
        };
        if right { Ok(()) } else { Err(format!("{name} has said {said:?}")) }
    }
}

#[test]
fn the_v3_tool_does_what_etcd_s_own_tests_expect() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../shared/external/etcdctl/ctl_v3_expectations.jsonl");
    let Ok(text) = fs::read_to_string(path) else {
        println!("skipped: the tables are not beside the workspace");
        return;
    };
    let rows = text.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    let rows: Vec<Value> = rows.filter(|row| row.get("steps").is_some()).collect();
    let mut wrong = Vec::new();
    for profile in ["3.4", "3.5"] {
        let (mut cases, mut steps, mut later) = (0, 0, 0);
        for case in &rows {
            // The recorded build of 3.4 does not have the flag.
            if profile == "3.4" && case.to_string().contains("--count-only") {
                later += 1;
                continue;
            }
            cases += 1;
            let mut play = Play::new(case, profile);
            for step in case["steps"].as_array().expect("steps") {
                steps += 1;
                // Three tests of etcd's in one row: the same URL is given to several members.
                if case["name"] == "member list/add/update/remove" {
                    play = Play::new(case, profile);
                }
                if let Err(why) = play.step(step) {
                    wrong.push(format!("{profile} {}: {why}", case["name"]));
                    // What follows rests on it.
                    break;
                }
            }
        }
        let differ = wrong.len();
        println!(
            "ctl_v3_expectations as {profile}: {cases} cases, {steps} steps, {later} for later releases, {differ} differ so far"
        );
        assert!(cases >= 69 && steps >= 300, "only {cases} cases, {steps} steps");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
