//! `etcdctl check perf|datascale`: loads a cluster with writes and judges how it bore them
//! (`ctlv3/command/check.go`). All time is the host's, which in the lab is virtual.

mod bar;
mod load;
mod report;

use bytes::Bytes;
use prost::Message as _;
use proto::etcdserverpb::{
    CompactionRequest, CompactionResponse, DefragmentRequest, DefragmentResponse,
    DeleteRangeRequest, DeleteRangeResponse, RangeRequest, RangeResponse,
};
use proto::http::{METHOD, Request, Response};
use proto::{Metadata, method};

use crate::client::{Client, Config, Deadline, Retry, with_prefix};
use crate::endpoint::{refusal, tcp_address};
use crate::exit::Exit;
use crate::go::quote::quote;
use crate::process::Invocation;
use crate::system::CallError;
use bar::Bar;
use load::{Load, Pace};
use report::Report;

/// How long `perf` writes.
const DURATION_S: u64 = 60;
/// Time limit of what comes after the writes.
const AFTERWARDS_NS: i64 = 30_000_000_000;
/// What the metric is called that `datascale` reads.
const MEMORY: &str = "process_resident_memory_bytes";
/// What `datascale` calls a megabyte.
const MB: u64 = 1024 * 1024;
/// Short and long names of the loads.
const LOADS: [[&str; 2]; 4] = [["s", "small"], ["m", "medium"], ["l", "large"], ["xl", "xLarge"]];
/// Clients of each load.
const CLIENTS: [usize; 4] = [50, 200, 500, 1_000];
/// Writes a second that `perf` tries, by load.
const RATES: [u64; 4] = [150, 1_000, 8_000, 15_000];
/// Keys that `datascale` writes, by load.
const KEYS: [u64; 4] = [10_000, 100_000, 1_000_000, 3_000_000];

/// What a request may take, and how much requests may differ.
const SLOWEST_US_MAX: u64 = 500_000;
const STDDEV_US_MAX: u64 = 100_000;

/// Which load was asked for, as a place in the tables.
fn load_of(invocation: &Invocation<'_>) -> Result<usize, Exit> {
    let load = invocation.flags.text("load");
    let found = LOADS.iter().position(|names| names.contains(&load));
    found.ok_or_else(|| Exit::bad_feature(format!("unknown load option {load}")))
}

pub(super) async fn perf(mut invocation: Invocation<'_>) -> Result<(), Exit> {
    let load = load_of(&invocation)?;
    let (config, _) = invocation.config_and_display().await?;
    let test = Test::new(&invocation, &config, CLIENTS[load]).await?;
    test.refuse_keys(Deadline::after_ns(invocation.system, 60_000_000_000)).await?;
    let duration_us = DURATION_S * 1_000_000;
    let mut bar = Bar::timed(&invocation, DURATION_S);
    let pace = Pace::Rate { per_s: RATES[load], duration_us };
    let report = test.load(pace, [256, 1_024]).run(&mut bar).await;
    test.clean_up().await?;
    let failed = report.errors();
    let errors = !failed.is_empty();
    failed.into_iter().for_each(|line| invocation.stdout(line));
    let verdict = Verdict::of(&report, RATES[load]);
    invocation.stdout(verdict.text);
    let passed = verdict.passed && !errors;
    invocation.stdout(if passed { "PASS\n" } else { "FAIL\n" });
    if passed { Ok(()) } else { Err(Exit::silent(1)) }
}

pub(super) async fn datascale(mut invocation: Invocation<'_>) -> Result<(), Exit> {
    let load = load_of(&invocation)?;
    let (config, _) = invocation.config_and_display().await?;
    let test = Test::new(&invocation, &config, CLIENTS[load]).await?;
    test.refuse_keys(Deadline::NEVER).await?;
    let before = test.memory_bytes("before").await?;
    let (keys, clients) = (KEYS[load], CLIENTS[load]);
    invocation.stdout(format!(
        "Start data scale check for work load [{keys} key-value pairs, 1024 bytes per key-value, \
         {clients} concurrent clients].\n"
    ));
    let mut bar = Bar::counted(&invocation, keys);
    let report = test.load(Pace::Count(keys), [512, 512]).run(&mut bar).await;
    bar.finish();
    let after = test.memory_bytes("after").await?;
    test.clean_up().await?;
    let failed = report.errors();
    if !failed.is_empty() {
        failed.into_iter().for_each(|line| invocation.stdout(line));
        return Err(Exit::silent(1));
    }
    let sign = if after < before { "-" } else { "" };
    let hundredths = (after.abs_diff(before).saturating_mul(100) + MB / 2) / MB;
    let used = format!("{sign}{}.{:02} MB", hundredths / 100, hundredths % 100);
    invocation.stdout(format!("PASS: Approximate system memory used : {used}.\n"));
    Ok(())
}

/// What `perf` says of the figures: the limits are etcd's.
struct Verdict {
    text: String,
    passed: bool,
}

impl Verdict {
    fn of(report: &Report, rate: u64) -> Verdict {
        let fast = report.keeps_up_with(rate);
        // etcd shows the next whole number.
        let shown = report.per_second() + 1;
        let throughput = match fast {
            true => format!("PASS: Throughput is {shown} writes/s\n"),
            false => format!("FAIL: Throughput too low: {shown} writes/s\n"),
        };
        let (slowest_us, stddev_us) = (report.slowest_us(), report.stddev_us());
        let (prompt, steady) = (slowest_us <= SLOWEST_US_MAX, stddev_us <= STDDEV_US_MAX);
        let seconds = |us: u64| format!("{}.{:06}s", us / 1_000_000, us % 1_000_000);
        let slowest = match prompt {
            true => format!("PASS: Slowest request took {}\n", seconds(slowest_us)),
            false => format!("Slowest request took too long: {}\n", seconds(slowest_us)),
        };
        let stddev = match steady {
            true => format!("PASS: Stddev is {}\n", seconds(stddev_us)),
            false => format!("Stddev too high: {}\n", seconds(stddev_us)),
        };
        Verdict { text: throughput + &slowest + &stddev, passed: fast && prompt && steady }
    }
}

/// One run: clients with connections of their own, and the keys that they write.
struct Test<'i, 'a> {
    invocation: &'i Invocation<'a>,
    clients: Vec<Client<'a>>,
    prefix: String,
}

impl<'i, 'a> Test<'i, 'a> {
    async fn new(
        invocation: &'i Invocation<'a>,
        config: &Config,
        count: usize,
    ) -> Result<Self, Exit> {
        let mut clients = Vec::with_capacity(count);
        for _ in 0..count {
            clients.push(Client::new(invocation.system, config.clone()).await?);
        }
        let prefix = invocation.flags.text("prefix").to_string();
        Ok(Test { invocation, clients, prefix })
    }

    fn load(&self, pace: Pace, sizes: [usize; 2]) -> Load<'_, 'a> {
        Load::new(self.invocation.system, &self.clients, &self.prefix, pace, sizes)
    }

    fn range(&self) -> (Bytes, Bytes) {
        with_prefix(Bytes::from(self.prefix.clone()))
    }

    /// Keys of an earlier run would be deleted by this one.
    async fn refuse_keys(&self, deadline: Deadline) -> Result<(), Exit> {
        let (key, range_end) = self.range();
        let request = RangeRequest { key, range_end, limit: 1, ..RangeRequest::default() };
        let (method, retry) = (method::kv::RANGE, Retry::Repeatable);
        let found: RangeResponse =
            self.clients[0].call(deadline, method, &request, retry).await.map_err(Exit::error)?;
        if found.kvs.is_empty() {
            return Ok(());
        }
        let (quoted, prefix) = (quote(self.prefix.as_bytes()), &self.prefix);
        let hint = format!("Delete with etcdctl del --prefix {prefix} first");
        Err(Exit::bad_input(format!("prefix {quoted} has keys. {hint}")))
    }

    /// Deletes what was written and, where it is asked for, what is left of it.
    async fn clean_up(&self) -> Result<(), Exit> {
        let (invocation, client) = (self.invocation, &self.clients[0]);
        let deadline = || Deadline::after_ns(invocation.system, AFTERWARDS_NS);
        let (key, range_end) = self.range();
        let request = DeleteRangeRequest { key, range_end, ..DeleteRangeRequest::default() };
        let deleted: DeleteRangeResponse = client
            .call(deadline(), method::kv::DELETE_RANGE, &request, Retry::Never)
            .await
            .map_err(Exit::error)?;
        if invocation.flags.bool("auto-compact") {
            let revision = deleted.header.unwrap_or_default().revision;
            invocation.stdout(format!("Compacting with revision {revision}\n"));
            let request = CompactionRequest { revision, physical: true };
            let _: CompactionResponse = client
                .call(deadline(), method::kv::COMPACT, &request, Retry::Never)
                .await
                .map_err(Exit::error)?;
            invocation.stdout(format!("Compacted with revision {revision}\n"));
        }
        if invocation.flags.bool("auto-defrag") {
            for endpoint in client.endpoint_names() {
                let quoted = quote(endpoint.as_bytes());
                invocation.stdout(format!("Defragmenting {quoted}\n"));
                let (method, request) = (method::maintenance::DEFRAGMENT, DefragmentRequest {});
                let _: DefragmentResponse = client
                    .dial(endpoint)
                    .call(deadline(), method, &request, Retry::Never)
                    .await
                    .map_err(Exit::error)?;
                invocation.stdout(format!("Defragmented {quoted}\n"));
            }
        }
        Ok(())
    }

    /// The memory that the first endpoint says it takes.
    async fn memory_bytes(&self, when: &str) -> Result<u64, Exit> {
        let found = match self.metrics().await {
            Ok(page) => {
                let line = page.lines().rev().find_map(|line| line.strip_prefix(MEMORY));
                let number = line.and_then(|text| text.trim().parse::<u64>().ok());
                number.ok_or_else(|| format!("could not find: {MEMORY}"))
            }
            Err(why) => Err(format!("fetch error: {why}")),
        };
        match found {
            Ok(bytes) if bytes != 0 => return Ok(bytes),
            Ok(_) => {}
            Err(line) => self.invocation.stdout(format!("{line}\n")),
        }
        let what = format!("FAIL: Could not read {MEMORY} {when} the put operations.\n");
        self.invocation.stdout(what);
        Err(Exit::silent(1))
    }

    async fn metrics(&self) -> Result<String, String> {
        let endpoint = self.clients[0].endpoint_names().first().cloned().unwrap_or_default();
        let host = endpoint.strip_prefix("http://").unwrap_or(&endpoint).trim_end_matches('/');
        let failed = |why: &str| {
            let url = quote(format!("http://{host}/metrics").as_bytes());
            format!("Get {url}: {why}")
        };
        let address = tcp_address(host).map_err(|why| failed(&why))?;
        let (method, target) = ("GET".to_string(), "/metrics".to_string());
        let request = Request { method, target, ..Request::default() }.encode_to_vec();
        let metadata = Metadata::default();
        let answer = self.invocation.system.call(&address, METHOD, metadata, request.into()).await;
        match answer.map(Response::decode) {
            Ok(Ok(page)) => Ok(String::from_utf8_lossy(&page.body).into_owned()),
            Err(CallError::Refused) => Err(failed(&refusal(host))),
            _ => Err(failed("EOF")),
        }
    }
}
