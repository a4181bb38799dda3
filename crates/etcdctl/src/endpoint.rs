//! What an endpoint as given on the command line means to the dialler (clientv3's
//! `ParseEndpoint`, Go's `net.Dial`), with gRPC's texts for those that cannot work.
//!
//! Left out: service names as ports, and name servers; a name that the host does not know is
//! refused.

use core::net::IpAddr;

/// A parsed endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Endpoint {
    /// Without scheme and path, as it shows in the client's target.
    pub(crate) host: String,
    /// The address to call (`host:port`), or why the connection fails, in gRPC's words.
    pub(crate) address: Result<String, String>,
    /// To be called with TLS.
    pub(crate) secure: bool,
}

impl Endpoint {
    /// `tls` is whether an endpoint without a scheme is to be secure.
    pub(crate) fn parse(endpoint: &str, tls: bool) -> Self {
        let (scheme, host) = split(endpoint);
        let secure = match scheme {
            "" => tls,
            scheme => matches!(scheme, "https" | "unixs"),
        };
        let address = match scheme {
            "unix" | "unixs" => {
                Err(format!("dial unix {host}: connect: no such file or directory"))
            }
            "" | "http" | "https" => tcp_address(&host),
            _ => Err("dial: unknown network ".to_string()),
        };
        let address = address.map_err(|why| format!("transport: Error while dialing {why}"));
        Endpoint { host, address, secure }
    }

    /// What gRPC says when nobody listens.
    pub(crate) fn refusal(&self) -> String {
        format!("transport: Error while dialing {}", refusal(&self.host))
    }
}

/// What Go's dialler says when nobody listens at `host:port`.
pub(crate) fn refusal(host: &str) -> String {
    let (name, port) = host.rsplit_once(':').unwrap_or((host, ""));
    let bare = name.trim_start_matches('[').trim_end_matches(']');
    if bare == "localhost" {
        format!("dial tcp 127.0.0.1:{port}: connect: connection refused")
    } else if bare.is_empty() || bare.parse::<IpAddr>().is_ok() {
        format!("dial tcp {host}: connect: connection refused")
    } else {
        format!("dial tcp: lookup {bare}: no such host")
    }
}

/// Scheme and host; what is no URL is a host as it stands.
fn split(endpoint: &str) -> (&str, String) {
    let Some((scheme, rest)) = endpoint.split_once("://") else {
        return ("", endpoint.to_string());
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or(rest);
    let name_ok = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c));
    if !name_ok || authority.contains([' ', '"', '<', '>']) {
        return ("", endpoint.to_string());
    }
    match scheme {
        "http" | "https" => (scheme, authority.to_string()),
        "unix" | "unixs" => (scheme, rest.split(['?', '#']).next().unwrap_or(rest).to_string()),
        _ => (scheme, String::new()),
    }
}

/// `host:port` with a number for a port; this machine's own names become 127.0.0.1.
pub(crate) fn tcp_address(host: &str) -> Result<String, String> {
    if host.is_empty() {
        return Err("dial tcp: missing address".to_string());
    }
    let Some((name, port)) = host.rsplit_once(':') else {
        return Err(format!("dial tcp: address {host}: missing port in address"));
    };
    if name.contains(':') && !(name.starts_with('[') && name.ends_with(']')) {
        // The one-colon case `unix:/path` never gets here.
        return Err(format!("dial tcp: address {host}: too many colons in address"));
    }
    let number: u32 = match port {
        "" => 0,
        port if port.bytes().all(|byte| byte.is_ascii_digit()) => port.parse().unwrap_or(u32::MAX),
        port => return Err(format!("dial tcp: address tcp/{port}: unknown port")),
    };
    if number > u32::from(u16::MAX) {
        return Err(format!("dial tcp: address {port}: invalid port"));
    }
    let name = if matches!(name, "" | "localhost") { "127.0.0.1" } else { name };
    Ok(format!("{name}:{number}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoints_dial_what_clientv3_dials() {
        for (endpoint, host, address) in [
            ("127.0.0.1:2379", "127.0.0.1:2379", "127.0.0.1:2379"),
            ("http://127.0.0.1:2379", "127.0.0.1:2379", "127.0.0.1:2379"),
            ("http://127.0.0.1:2379/path", "127.0.0.1:2379", "127.0.0.1:2379"),
            ("localhost:2379", "localhost:2379", "127.0.0.1:2379"),
            ("[::1]:2379", "[::1]:2379", "[::1]:2379"),
            (":2379", ":2379", "127.0.0.1:2379"),
        ] {
            let parsed = Endpoint::parse(endpoint, false);
            assert_eq!((parsed.host.as_str(), parsed.address), (host, Ok(address.to_string())));
        }
    }

    #[test]
    fn endpoints_that_cannot_work_say_why() {
        for (endpoint, host, why) in [
            ("", "", "dial tcp: missing address"),
            ("a", "a", "dial tcp: address a: missing port in address"),
            ("a/b", "a/b", "dial tcp: address a/b: missing port in address"),
            ("http://", "", "dial tcp: missing address"),
            ("http://a", "a", "dial tcp: address a: missing port in address"),
            ("unix:///x", "/x", "dial unix /x: connect: no such file or directory"),
            ("unix://x/y", "x/y", "dial unix x/y: connect: no such file or directory"),
            ("unix:/x", "unix:/x", "dial tcp: address tcp//x: unknown port"),
            ("ftp://x", "", "dial: unknown network "),
            ("127.0.0.1:x", "127.0.0.1:x", "dial tcp: address tcp/x: unknown port"),
            ("127.0.0.1:99999", "127.0.0.1:99999", "dial tcp: address 99999: invalid port"),
            (
                "127.0.0.1:1:2",
                "127.0.0.1:1:2",
                "dial tcp: address 127.0.0.1:1:2: too many colons in address",
            ),
            (
                "http://foo bar:1",
                "http://foo bar:1",
                "dial tcp: address http://foo bar:1: too many colons in address",
            ),
        ] {
            let parsed = Endpoint::parse(endpoint, false);
            let why = format!("transport: Error while dialing {why}");
            assert_eq!((parsed.host.as_str(), parsed.address), (host, Err(why)), "{endpoint}");
        }
    }

    #[test]
    fn the_scheme_decides_about_tls_if_there_is_one() {
        for (endpoint, tls, secure) in [
            ("https://127.0.0.1:2379", false, true),
            ("127.0.0.1:2379", true, true),
            ("127.0.0.1:2379", false, false),
            ("http://127.0.0.1:2379", true, false),
        ] {
            let parsed = Endpoint::parse(endpoint, tls);
            assert_eq!((parsed.secure, parsed.address), (secure, Ok("127.0.0.1:2379".into())));
        }
    }

    #[test]
    fn refusals_name_what_was_dialled() {
        for (endpoint, what) in [
            ("127.0.0.1:1", "dial tcp 127.0.0.1:1: connect: connection refused"),
            ("localhost:1", "dial tcp 127.0.0.1:1: connect: connection refused"),
            (":1", "dial tcp :1: connect: connection refused"),
            ("[::1]:1", "dial tcp [::1]:1: connect: connection refused"),
            ("m1:1", "dial tcp: lookup m1: no such host"),
        ] {
            let expected = format!("transport: Error while dialing {what}");
            assert_eq!(Endpoint::parse(endpoint, false).refusal(), expected);
        }
    }
}
