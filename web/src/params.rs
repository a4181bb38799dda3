//! The URL parameters: `?seed=S&members=N&profile=P&v2=1&quota=BYTES&workers=0&completion=0`.

use frame::{MEMBERS_MAX, PROFILES, SessionOptions};

/// What the address asks for, and what in it was not understood.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Params {
    pub(crate) options: SessionOptions,
    /// Each member in a worker of its own.
    pub(crate) workers: bool,
    /// False keeps completion off, whatever is remembered: for exams.
    pub(crate) completion: bool,
    /// One sentence for each bad value; the default is used instead.
    pub(crate) complaints: Vec<String>,
}

/// Reads the query part of the address. Unknown names are left alone: a link may carry more.
pub(crate) fn parse(search: &str) -> Params {
    let mut params = Params { workers: true, completion: true, ..Params::default() };
    for pair in search.trim_start_matches('?').split('&').filter(|p| !p.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        if let Err(complaint) = take(&mut params, name, value) {
            params.complaints.push(complaint);
        }
    }
    params
}

fn take(params: &mut Params, name: &str, value: &str) -> Result<(), String> {
    let options = &mut params.options;
    // The value is repeated in the message, so a long one is cut.
    let shown = scene::words::clip(value, 24);
    match name {
        "seed" => {
            options.seed = value.parse().map_err(|_| {
                format!("seed={shown} is not a whole number; using seed {}.", options.seed)
            })?;
        }
        "members" => {
            let count = value.parse().ok().filter(|n| (1..=MEMBERS_MAX).contains(n));
            options.members = count.ok_or_else(|| {
                format!(
                    "members={shown} is not a number from 1 to {MEMBERS_MAX}; using {}.",
                    options.members
                )
            })?;
        }
        "profile" if PROFILES.contains(&value) => options.profile = value.into(),
        "profile" => {
            return Err(format!(
                "profile={shown} is not known ({}); using {}.",
                PROFILES.join(", "),
                options.profile
            ));
        }
        "v2" if value == "0" || value == "1" => options.v2 = value == "1",
        "v2" => return Err(format!("v2={shown} is neither 0 nor 1; using 0.")),
        "quota" => {
            let bytes = value.parse().ok().filter(|bytes| *bytes >= 0);
            options.quota_backend_bytes = bytes.ok_or_else(|| {
                format!("quota={shown} is not a number of bytes; using etcd's default.")
            })?;
        }
        "workers" if value == "0" || value == "1" => params.workers = value == "1",
        "workers" => {
            return Err(format!("workers={shown} is neither 0 nor 1; using 1."));
        }
        "completion" if value == "0" || value == "1" => params.completion = value == "1",
        "completion" => {
            return Err(format!("completion={shown} is neither 0 nor 1; using 1."));
        }
        _ => {}
    }
    Ok(())
}

/// The query that starts the same session.
pub(crate) fn query(params: &Params) -> String {
    let SessionOptions { seed, members, profile, v2, quota_backend_bytes } = &params.options;
    let v2 = if *v2 { "&v2=1" } else { "" };
    let quota = match quota_backend_bytes {
        0 => String::new(),
        bytes => format!("&quota={bytes}"),
    };
    let workers = if params.workers { "" } else { "&workers=0" };
    let completion = if params.completion { "" } else { "&completion=0" };
    format!("?seed={seed}&members={members}&profile={profile}{v2}{quota}{workers}{completion}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_query_writes_parse_reads() {
        for search in [
            "",
            "?seed=7",
            "?members=5&seed=18446744073709551615&workers=0",
            "?v2=1&quota=16777216",
            "?completion=0",
        ] {
            let params = parse(search);
            assert_eq!(params.complaints, Vec::<String>::new(), "{search}");
            assert_eq!(parse(&query(&params)), params, "{search}");
        }
    }

    #[test]
    fn bad_values_are_named_and_replaced() {
        for (search, complaint) in [
            ("?seed=abc", "seed=abc is not a whole number; using seed 1."),
            ("?seed=-1", "seed=-1 is not a whole number; using seed 1."),
            ("?members=0", "members=0 is not a number from 1 to 7; using 3."),
            ("?members=8", "members=8 is not a number from 1 to 7; using 3."),
            ("?profile=2.0", "profile=2.0 is not known (3.3, 3.4, 3.5, 3.6); using 3.4."),
            ("?v2=yes", "v2=yes is neither 0 nor 1; using 0."),
            ("?quota=-2", "quota=-2 is not a number of bytes; using etcd's default."),
            ("?completion=off", "completion=off is neither 0 nor 1; using 1."),
            ("?workers=maybe", "workers=maybe is neither 0 nor 1; using 1."),
        ] {
            let params = parse(search);
            assert_eq!(params.complaints, vec![complaint.to_string()], "{search}");
            assert_eq!(params.options, SessionOptions::default(), "{search}");
        }
    }
}
