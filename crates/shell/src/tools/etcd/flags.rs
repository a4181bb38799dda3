//! The flags of `etcd`: from words and variables to a configuration.

use std::collections::BTreeMap;

use member::MemberConfig;
use proto::Profile;

use super::tls::TlsFlags;
use super::values::{Kind, duration_us, parse_bool, parse_integer, urls};

/// What the flags of one `etcd` say, with etcd's defaults for the others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EtcdFlags {
    pub name: String,
    /// `NAME.etcd` if it was not given.
    pub data_dir: String,
    pub listen_client_urls: Vec<String>,
    pub advertise_client_urls: Vec<String>,
    pub listen_peer_urls: Vec<String>,
    pub initial_advertise_peer_urls: Vec<String>,
    /// Names and peer URLs in the order given; a name may stand there more than once.
    pub initial_cluster: Vec<(String, String)>,
    /// `--initial-cluster-state existing`: join, instead of making a new cluster.
    pub existing: bool,
    pub initial_cluster_token: String,
    /// Zero or less: etcd's default of 2 GiB, or no limit (X5).
    pub quota_backend_bytes: i64,
    /// Entries between two snapshots.
    pub snapshot_count: u64,
    pub heartbeat_interval_ms: u64,
    pub election_timeout_ms: u64,
    pub auto_compaction: AutoCompaction,
    /// Operations that one transaction may have.
    pub max_txn_ops: u64,
    pub max_request_bytes: u64,
    /// `simple`, or `jwt,...`.
    pub auth_token: String,
    pub force_new_cluster: bool,
    /// None: the release's default (X2).
    pub pre_vote: Option<bool>,
    pub strict_reconfig_check: bool,
    pub enable_v2: bool,
    pub client_tls: TlsFlags,
    pub peer_tls: TlsFlags,
    /// Microseconds between progress notifications, if set (W12).
    pub watch_progress_notify_us: Option<u64>,
    /// Flags that were given and that nothing above stands for, with their values.
    pub others: BTreeMap<String, String>,
}

/// What `--auto-compaction-mode` and `--auto-compaction-retention` say together (K8).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AutoCompaction {
    Off,
    /// Keep the history of this long.
    Periodic {
        retention_us: u64,
    },
    /// Keep this many revisions.
    Revision {
        retention: u64,
    },
}

/// Why no configuration came of the words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FlagError {
    /// `-h` or `--help`: not an error.
    Help,
    /// `--version`: not an error.
    Version,
    /// A flag that is not known or a value that cannot be read: the line that Go prints.
    Syntax(String),
    /// Values that do not fit together: etcd's text.
    Config(String),
}

const TEXT: Kind = Kind::Text;
const BOOL: Kind = Kind::Bool;
const UNSIGNED: Kind = Kind::Unsigned;
const SIGNED: Kind = Kind::Signed;
const DURATION: Kind = Kind::Duration;

/// Every flag of 3.4 and 3.5 by name.
const FLAGS: &[(&str, Kind)] = &[
    ("advertise-client-urls", Kind::Urls),
    ("auth-token", TEXT),
    ("auto-compaction-mode", TEXT),
    ("auto-compaction-retention", TEXT),
    ("auto-tls", BOOL),
    ("backend-batch-interval", DURATION),
    ("backend-batch-limit", SIGNED),
    ("backend-bbolt-freelist-type", TEXT),
    ("bcrypt-cost", UNSIGNED),
    ("cert-file", TEXT),
    ("cipher-suites", TEXT),
    ("client-cert-allowed-hostname", TEXT),
    ("client-cert-auth", BOOL),
    ("client-crl-file", TEXT),
    ("config-file", TEXT),
    ("cors", TEXT),
    ("data-dir", TEXT),
    ("discovery", TEXT),
    ("discovery-fallback", Kind::Choice(&["proxy", "exit"])),
    ("discovery-proxy", TEXT),
    ("discovery-srv", TEXT),
    ("discovery-srv-name", TEXT),
    ("election-timeout", UNSIGNED),
    ("enable-pprof", BOOL),
    ("enable-v2", BOOL),
    ("experimental-compaction-batch-limit", SIGNED),
    ("experimental-corrupt-check-time", DURATION),
    ("experimental-enable-lease-checkpoint", BOOL),
    ("experimental-enable-v2v3", TEXT),
    ("experimental-initial-corrupt-check", BOOL),
    ("experimental-peer-skip-client-san-verification", BOOL),
    ("experimental-watch-progress-notify-interval", DURATION),
    ("force-new-cluster", BOOL),
    ("grpc-keepalive-interval", DURATION),
    ("grpc-keepalive-min-time", DURATION),
    ("grpc-keepalive-timeout", DURATION),
    ("heartbeat-interval", UNSIGNED),
    ("host-whitelist", TEXT),
    ("initial-advertise-peer-urls", Kind::Urls),
    ("initial-cluster", TEXT),
    ("initial-cluster-state", Kind::Choice(&["new", "existing"])),
    ("initial-cluster-token", TEXT),
    ("initial-election-tick-advance", BOOL),
    ("key-file", TEXT),
    ("listen-client-urls", Kind::Urls),
    ("listen-metrics-urls", Kind::UrlsOrNone),
    ("listen-peer-urls", Kind::Urls),
    ("log-level", TEXT),
    ("log-outputs", TEXT),
    ("logger", TEXT),
    ("max-request-bytes", UNSIGNED),
    ("max-snapshots", UNSIGNED),
    ("max-txn-ops", UNSIGNED),
    ("max-wals", UNSIGNED),
    ("metrics", TEXT),
    ("name", TEXT),
    ("peer-auto-tls", BOOL),
    ("peer-cert-allowed-cn", TEXT),
    ("peer-cert-allowed-hostname", TEXT),
    ("peer-cert-file", TEXT),
    ("peer-client-cert-auth", BOOL),
    ("peer-crl-file", TEXT),
    ("peer-key-file", TEXT),
    ("peer-trusted-ca-file", TEXT),
    ("pre-vote", BOOL),
    ("proxy", Kind::Choice(&["off", "readonly", "on"])),
    ("proxy-dial-timeout", UNSIGNED),
    ("proxy-failure-wait", UNSIGNED),
    ("proxy-read-timeout", UNSIGNED),
    ("proxy-refresh-interval", UNSIGNED),
    ("proxy-write-timeout", UNSIGNED),
    ("quota-backend-bytes", SIGNED),
    ("snapshot-count", UNSIGNED),
    ("strict-reconfig-check", BOOL),
    ("trusted-ca-file", TEXT),
    ("unsafe-no-fsync", BOOL),
    ("version", BOOL),
    ("wal-dir", TEXT),
];

/// The names of all flags, each with whether it is a switch.
pub(crate) fn flag_names() -> impl Iterator<Item = (&'static str, bool)> {
    FLAGS.iter().map(|(name, kind)| (*name, matches!(kind, Kind::Bool)))
}

/// Flags that went with 3.5, and those that came with it.
const ONLY_3_4: &[(&str, Kind)] =
    &[("debug", BOOL), ("log-output", TEXT), ("log-package-levels", TEXT)];
const ONLY_3_5: &[(&str, Kind)] = &[
    ("auth-token-ttl", UNSIGNED),
    ("enable-log-rotation", BOOL),
    ("experimental-enable-lease-checkpoint-persist", BOOL),
    ("experimental-memory-mlock", BOOL),
    ("experimental-warning-apply-duration", DURATION),
    ("listen-client-http-urls", Kind::UrlsOrNone),
    ("log-rotation-config-json", TEXT),
    ("socket-reuse-address", BOOL),
    ("socket-reuse-port", BOOL),
    ("v2-deprecation", Kind::Choice(&["not-yet", "write-only", "write-only-drop-data", "gone"])),
];

/// Flags of API v2 and of the proxy, which are no more in 3.6.
const GONE_3_6: &[&str] = &[
    "enable-v2",
    "experimental-enable-v2v3",
    "proxy",
    "proxy-dial-timeout",
    "proxy-failure-wait",
    "proxy-read-timeout",
    "proxy-refresh-interval",
    "proxy-write-timeout",
];

fn kind_of(profile: Profile, name: &str) -> Option<Kind> {
    let own = if profile <= Profile::V3_4 { ONLY_3_4 } else { ONLY_3_5 };
    let gone = profile >= Profile::V3_6 && GONE_3_6.contains(&name);
    let found = FLAGS.iter().chain(own).find(|(known, _)| *known == name && !gone);
    found.map(|(_, kind)| *kind)
}

/// Values by name, as given on the command line.
type Given = BTreeMap<String, String>;

/// Takes words apart as Go's flag package does.
fn parse_words(profile: Profile, words: &[String]) -> Result<Given, FlagError> {
    let syntax = |text: String| Err(FlagError::Syntax(text));
    let mut given = Given::new();
    let mut words = words.iter();
    let mut rest = None;
    while let Some(word) = words.next() {
        let Some(flag) = word.strip_prefix('-').filter(|flag| !flag.is_empty()) else {
            rest = Some(word);
            break;
        };
        let flag = flag.strip_prefix('-').unwrap_or(flag);
        if flag.is_empty() {
            rest = words.next();
            break;
        }
        if flag.starts_with(['-', '=']) {
            return syntax(format!("bad flag syntax: {word}"));
        }
        let (name, value) = match flag.split_once('=') {
            Some((name, value)) => (name, Some(value.to_string())),
            None => (flag, None),
        };
        let Some(kind) = kind_of(profile, name) else {
            if name == "help" || name == "h" {
                return Err(FlagError::Help);
            }
            return syntax(format!("flag provided but not defined: -{name}"));
        };
        let value = match value {
            Some(value) => value,
            None if kind.is_bool() => "true".to_string(),
            None => match words.next() {
                Some(value) => value.clone(),
                None => return syntax(format!("flag needs an argument: -{name}")),
            },
        };
        if let Err(why) = kind.check(&value) {
            let what = if kind.is_bool() { "boolean value" } else { "value" };
            let of = if kind.is_bool() { "" } else { "flag " };
            return syntax(format!("invalid {what} {value:?} for {of}-{name}: {why}"));
        }
        given.insert(name.to_string(), value);
    }
    match rest {
        Some(word) => Err(FlagError::Config(format!("'{word}' is not a valid flag"))),
        None => Ok(given),
    }
}

/// Variables stand in for flags that were not given.
fn add_variables(
    profile: Profile,
    given: &mut Given,
    env: &BTreeMap<String, String>,
) -> Result<(), FlagError> {
    for (variable, value) in env.iter().filter(|(_, value)| !value.is_empty()) {
        let Some(name) = variable.strip_prefix("ETCD_") else { continue };
        let name = name.to_ascii_lowercase().replace('_', "-");
        let Some(kind) = kind_of(profile, &name) else { continue };
        if given.contains_key(&name) {
            continue;
        }
        kind.check(value).map_err(|why| {
            FlagError::Config(format!("invalid value {value:?} for {variable}: {why}"))
        })?;
        given.insert(name, value.clone());
    }
    Ok(())
}

impl EtcdFlags {
    /// Reads the words behind `etcd`, and the environment for what they do not say.
    pub fn parse(
        profile: Profile,
        words: &[String],
        env: &BTreeMap<String, String>,
    ) -> Result<EtcdFlags, FlagError> {
        let mut given = parse_words(profile, words)?;
        if given.get("version").is_some_and(|value| parse_bool(value) == Some(true)) {
            return Err(FlagError::Version);
        }
        add_variables(profile, &mut given, env)?;
        let flags = EtcdFlags::collect(profile, given)?;
        flags.check()?;
        Ok(flags)
    }

    fn collect(profile: Profile, mut given: Given) -> Result<EtcdFlags, FlagError> {
        if given.contains_key("listen-client-urls") && !given.contains_key("advertise-client-urls")
        {
            let text = "--advertise-client-urls is required when --listen-client-urls is set \
                        explicitly";
            return Err(FlagError::Config(text.into()));
        }
        let auto_compaction = auto_compaction(&mut given)?;
        let name = take_text(&mut given, "name", "default");
        let data_dir = take_text(&mut given, "data-dir", &format!("{name}.etcd"));
        let advertised =
            take_urls(&mut given, "initial-advertise-peer-urls", "http://localhost:2380");
        let own: Vec<String> = advertised.iter().map(|url| format!("{name}={url}")).collect();
        let initial_cluster = take_text(&mut given, "initial-cluster", &own.join(","));
        let state = take_text(&mut given, "initial-cluster-state", "new");
        let progress = given.remove("experimental-watch-progress-notify-interval");
        Ok(EtcdFlags {
            data_dir,
            listen_client_urls: take_urls(
                &mut given,
                "listen-client-urls",
                "http://localhost:2379",
            ),
            advertise_client_urls: take_urls(
                &mut given,
                "advertise-client-urls",
                "http://localhost:2379",
            ),
            listen_peer_urls: take_urls(&mut given, "listen-peer-urls", "http://localhost:2380"),
            initial_advertise_peer_urls: advertised,
            initial_cluster: cluster(&initial_cluster)?,
            existing: state == "existing",
            initial_cluster_token: take_text(&mut given, "initial-cluster-token", "etcd-cluster"),
            quota_backend_bytes: take_i64(&mut given, "quota-backend-bytes", 0),
            snapshot_count: take_u64(&mut given, "snapshot-count", 0),
            heartbeat_interval_ms: take_u64(&mut given, "heartbeat-interval", 100),
            election_timeout_ms: take_u64(&mut given, "election-timeout", 1_000),
            auto_compaction,
            max_txn_ops: take_u64(&mut given, "max-txn-ops", 128),
            max_request_bytes: take_u64(&mut given, "max-request-bytes", 1_572_864),
            auth_token: take_text(&mut given, "auth-token", "simple"),
            force_new_cluster: take_bool(&mut given, "force-new-cluster", false),
            pre_vote: given.remove("pre-vote").and_then(|value| parse_bool(&value)),
            strict_reconfig_check: take_bool(&mut given, "strict-reconfig-check", true),
            enable_v2: take_bool(
                &mut given,
                "enable-v2",
                MemberConfig::serves_v2_by_default(profile),
            ),
            client_tls: TlsFlags::of_clients(&mut given),
            peer_tls: TlsFlags::of_peers(&mut given),
            watch_progress_notify_us: progress
                .and_then(|text| duration_us(&text))
                .and_then(|us| u64::try_from(us).ok())
                .filter(|us| *us > 0),
            name,
            others: given,
        })
    }

    fn check(&self) -> Result<(), FlagError> {
        let error = |text: String| Err(FlagError::Config(text));
        for url in self.listen_client_urls.iter().chain(&self.listen_peer_urls) {
            if !listens_at_address(url) {
                return error(format!("expected IP in URL for binding ({url})"));
            }
        }
        let (beat, election) = (self.heartbeat_interval_ms, self.election_timeout_ms);
        if beat == 0 {
            return error("--heartbeat-interval must be >0 (set to 0ms)".into());
        }
        if election == 0 {
            return error("--election-timeout must be >0 (set to 0ms)".into());
        }
        if beat.saturating_mul(5) > election {
            return error(format!(
                "--election-timeout[{election}ms] should be at least as 5 times as \
                 --heartbeat-interval[{beat}ms]"
            ));
        }
        if election > ELECTION_MS_MAX {
            return error(format!(
                "--election-timeout[{election}ms] is too long, and should be set less than \
                 {ELECTION_MS_MAX}ms"
            ));
        }
        Ok(())
    }
}

const ELECTION_MS_MAX: u64 = 50_000;

/// One listens at an IP address, at `localhost` or at a socket file.
fn listens_at_address(url: &str) -> bool {
    let Some((scheme, rest)) = url.split_once("://") else { return false };
    let host = rest.rsplit_once(':').map_or(rest, |(host, _)| host);
    let host = host.trim_start_matches('[').trim_end_matches(']');
    scheme.starts_with("unix")
        || host.is_empty()
        || host == "localhost"
        || host.parse::<core::net::IpAddr>().is_ok()
}

fn auto_compaction(given: &mut Given) -> Result<AutoCompaction, FlagError> {
    let mode = take_text(given, "auto-compaction-mode", "periodic");
    let retention = take_text(given, "auto-compaction-retention", "0");
    let number = retention.parse::<i64>().ok().and_then(|number| u64::try_from(number).ok());
    match (mode.as_str(), number) {
        ("periodic" | "revision", Some(0)) => Ok(AutoCompaction::Off),
        ("revision", Some(retention)) => Ok(AutoCompaction::Revision { retention }),
        ("periodic", Some(hours)) => {
            Ok(AutoCompaction::Periodic { retention_us: hours.saturating_mul(3_600_000_000) })
        }
        ("periodic" | "revision", None) => match duration_us(&retention) {
            Some(us) if us > 0 => Ok(AutoCompaction::Periodic { retention_us: us.unsigned_abs() }),
            Some(_) => Ok(AutoCompaction::Off),
            None => Err(FlagError::Config(format!(
                "error parsing CompactionRetention: time: invalid duration {retention:?}"
            ))),
        },
        _ => Err(FlagError::Config(format!("unknown auto-compaction-mode {mode:?}"))),
    }
}

/// `m1=http://a:1,m2=http://b:2`.
fn cluster(text: &str) -> Result<Vec<(String, String)>, FlagError> {
    let mut members = Vec::new();
    for pair in text.split(',').map(str::trim).filter(|pair| !pair.is_empty()) {
        let Some((name, url)) = pair.split_once('=') else {
            let text = format!("error setting up initial cluster: empty URL given for {pair:?}");
            return Err(FlagError::Config(text));
        };
        urls(url)
            .map_err(|why| FlagError::Config(format!("error setting up initial cluster: {why}")))?;
        members.push((name.to_string(), url.to_string()));
    }
    Ok(members)
}

fn take_text(given: &mut Given, name: &str, default: &str) -> String {
    given.remove(name).unwrap_or_else(|| default.to_string())
}

fn take_urls(given: &mut Given, name: &str, default: &str) -> Vec<String> {
    urls(&take_text(given, name, default)).unwrap_or_default()
}

fn take_bool(given: &mut Given, name: &str, default: bool) -> bool {
    given.remove(name).and_then(|text| parse_bool(&text)).unwrap_or(default)
}

fn take_u64(given: &mut Given, name: &str, default: u64) -> u64 {
    let number = given.remove(name).and_then(|text| parse_integer(&text));
    number.and_then(|number| u64::try_from(number).ok()).unwrap_or(default)
}

fn take_i64(given: &mut Given, name: &str, default: i64) -> i64 {
    let number = given.remove(name).and_then(|text| parse_integer(&text));
    number.and_then(|number| i64::try_from(number).ok()).unwrap_or(default)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parse(text: &str) -> Result<EtcdFlags, FlagError> {
        let words: Vec<String> = text.split_whitespace().map(str::to_string).collect();
        EtcdFlags::parse(Profile::V3_4, &words, &BTreeMap::new())
    }

    #[test]
    fn the_flags_of_a_joining_member_are_read() {
        let flags = parse(
            "--name m4 --data-dir m4.data --listen-client-urls http://127.0.0.1:42379 \
             --advertise-client-urls http://127.0.0.1:42379 \
             --listen-peer-urls=http://127.0.0.1:42380 \
             -initial-advertise-peer-urls http://127.0.0.1:42380 \
             --initial-cluster m1=http://127.0.0.1:2380,m4=http://127.0.0.1:42380 \
             --initial-cluster-state existing --pre-vote --quota-backend-bytes=0x200000 \
             --auto-compaction-retention 30m --enable-v2=false --logger zap",
        )
        .expect("good flags");
        assert_eq!((flags.name.as_str(), flags.data_dir.as_str()), ("m4", "m4.data"));
        assert_eq!(flags.initial_cluster[1], ("m4".into(), "http://127.0.0.1:42380".into()));
        assert!(flags.existing && flags.pre_vote == Some(true) && !flags.enable_v2);
        assert_eq!(flags.quota_backend_bytes, 2 << 20);
        let retention_us = 1_800_000_000;
        assert_eq!(flags.auto_compaction, AutoCompaction::Periodic { retention_us });
        assert_eq!(flags.others, BTreeMap::from([("logger".into(), "zap".into())]));
        let default = parse("").expect("no flags are good flags");
        assert_eq!(default.data_dir, "default.etcd");
        assert_eq!(
            default.initial_cluster,
            [("default".to_string(), "http://localhost:2380".to_string())]
        );
    }

    #[test]
    fn bad_flags_get_the_texts_of_go_and_of_etcd() {
        for (words, text) in [
            ("--nosuch", "flag provided but not defined: -nosuch"),
            ("--name", "flag needs an argument: -name"),
            ("---name x", "bad flag syntax: ---name"),
            ("--snapshot-count x", "invalid value \"x\" for flag -snapshot-count: parse error"),
            ("--pre-vote=maybe", "invalid boolean value \"maybe\" for -pre-vote: parse error"),
            (
                "--initial-cluster-state old",
                "invalid value \"old\" for flag -initial-cluster-state: invalid value",
            ),
        ] {
            assert_eq!(parse(words), Err(FlagError::Syntax(text.into())), "{words}");
        }
        for (words, text) in [
            ("start", "'start' is not a valid flag"),
            (
                "--listen-client-urls http://127.0.0.1:1",
                "--advertise-client-urls is required when --listen-client-urls is set explicitly",
            ),
            (
                "--heartbeat-interval 500",
                "--election-timeout[1000ms] should be at least as 5 times as \
                 --heartbeat-interval[500ms]",
            ),
            ("--auto-compaction-mode never", "unknown auto-compaction-mode \"never\""),
            (
                "--listen-peer-urls http://example.com:2380",
                "expected IP in URL for binding (http://example.com:2380)",
            ),
        ] {
            assert_eq!(parse(words), Err(FlagError::Config(text.into())), "{words}");
        }
        assert_eq!(parse("-h"), Err(FlagError::Help));
        assert_eq!(parse("--version"), Err(FlagError::Version));
    }

    #[test]
    fn variables_stand_in_and_flags_win() {
        let env = BTreeMap::from([
            ("ETCD_NAME".to_string(), "fromenv".to_string()),
            ("ETCD_SNAPSHOT_COUNT".to_string(), "7".to_string()),
        ]);
        let words = ["--name=flag".to_string()];
        let flags = EtcdFlags::parse(Profile::V3_5, &words, &env).expect("good");
        assert_eq!((flags.name.as_str(), flags.snapshot_count), ("flag", 7));
    }

    proptest! {
        #[test]
        fn no_words_make_it_panic(words in prop::collection::vec("-{0,3}[a-z=:/,-]{0,20}|\\PC{0,8}", 0..6)) {
            let _ = EtcdFlags::parse(Profile::V3_5, &words, &BTreeMap::new());
        }
    }
}
