//! Calls that never reached a member, or were not answered in time.

use super::Rule;
use super::case::{Call, Case};
use etcdctl::outline::Api;

pub(super) const RULES: &[Rule] = &[
    tls_to_plain,
    certificate_of_server,
    certificate_of_client,
    plain_to_tls,
    unconnected_tls,
    refused,
    no_quorum,
    late,
];

/// A certificate or `https` where the member speaks plainly.
fn tls_to_plain(case: &Case<'_>) -> Option<String> {
    let said = case.says("first record does not look like a TLS handshake")
        || case.says("server gave HTTP response to HTTPS client");
    said.then(|| {
        "This member speaks plain http. Leave out https:// and the flags for certificates.".into()
    })
}

fn plain_to_tls(case: &Case<'_>) -> Option<String> {
    let said = case.says("connection closed") || case.says("error reading server preface");
    let call = failed_call(case)?;
    let given = ["cacert", "cert", "key"].iter().any(|flag| call.has_flag(flag))
        || case.names.exported("ETCDCTL_CACERT").is_some();
    (said && !given && call.api == Some(Api::V3)).then(|| {
        "The member closed the connection: it probably wants TLS. Give --cacert, --cert and --key.".into()
    })
}

fn certificate_of_server(case: &Case<'_>) -> Option<String> {
    case.says("certificate signed by unknown authority").then(|| {
        "The client does not know who signed the member's certificate. Name the authority's file: --cacert=FILE".into()
    })
}

fn certificate_of_client(case: &Case<'_>) -> Option<String> {
    (case.says("tls: bad certificate") || case.says("tls: certificate required")).then(|| {
        "The member wants a certificate of the client, signed by an authority that it knows: --cert=FILE --key=FILE".into()
    })
}

fn failed_call(case: &Case<'_>) -> Option<Call> {
    case.calls().next().filter(|_| case.code != 0)
}

/// The endpoints that a call was for: of its flag, of the variable, or the default.
fn endpoints(case: &Case<'_>, call: &Call) -> Vec<String> {
    let at = call.words.iter().position(|word| word.starts_with("--endpoints"));
    let given = at.and_then(|at| match call.words[at].split_once('=') {
        Some((_, list)) => Some(list),
        None => call.words.get(at + 1).map(String::as_str),
    });
    let list = given.or(case.names.exported("ETCDCTL_ENDPOINTS")).unwrap_or("127.0.0.1:2379");
    list.split(',').filter(|one| !one.is_empty()).map(String::from).collect()
}

/// The port of an endpoint on this host.
fn own_port(endpoint: &str) -> Option<u16> {
    let address = endpoint.split_once("://").map_or(endpoint, |(_, address)| address);
    let (host, port) = address.trim_end_matches('/').rsplit_once(':')?;
    ["127.0.0.1", "localhost"].contains(&host).then_some(())?;
    port.parse().ok()
}

/// No connection came to be.
fn is_unconnected(case: &Case<'_>) -> bool {
    case.says("all SubConns are in TransientFailure") || case.says("connect: connection refused")
}

fn wants_tls(case: &Case<'_>, call: &Call) -> bool {
    let https = endpoints(case, call).iter().any(|endpoint| endpoint.starts_with("https://"));
    https || ["cacert", "cert", "key"].iter().any(|flag| call.has_flag(flag))
}

/// `https` where nothing else is said.
fn unconnected_tls(case: &Case<'_>) -> Option<String> {
    let call = failed_call(case)?;
    let wants = call.api == Some(Api::V3) && wants_tls(case, &call);
    // A server that does not speak TLS hangs up in the middle of the handshake.
    let failed = is_unconnected(case) || case.says("authentication handshake failed: EOF");
    (wants && failed).then(|| {
        "No connection came to be. https:// and certificates are for members that serve TLS; a member that speaks plain http wants http://, or nothing before the address.".into()
    })
}

/// Nobody listens there.
fn refused(case: &Case<'_>) -> Option<String> {
    let call = failed_call(case)?;
    if !is_unconnected(case) || call.api != Some(Api::V3) || wants_tls(case, &call) {
        return None;
    }
    let client_port = |at: usize| cluster::usual_client_port(at as u16 + 1);
    let ports: Vec<u16> = (0..case.members.len()).map(client_port).collect();
    let asked = endpoints(case, &call);
    let mut down = Vec::new();
    for endpoint in &asked {
        let port = own_port(endpoint)?;
        match ports.iter().position(|own| *own == port) {
            Some(at) => down.push(case.members[at].as_str()),
            None if ports.is_empty() => return None,
            None => {
                let peer = ports.iter().any(|own| *own + 1 == port);
                let ports: Vec<String> = ports.iter().map(u16::to_string).collect();
                let ports = ports.join(", ");
                return Some(match peer {
                    true => format!(
                        "{endpoint} is for members among themselves. Clients ask at {ports}."
                    ),
                    false => format!(
                        "Nobody listens at {endpoint}. The lab's members listen for clients at ports {ports}."
                    ),
                });
            }
        }
    }
    let first = down.first()?;
    Some(match down[..] {
        [name] => format!(
            "{name}, which listens there, is down. Start it with lab start {name}, or name another member in --endpoints."
        ),
        _ => format!("{} are all down. lab start {first} starts one of them.", down.join(", ")),
    })
}

/// The server itself says so.
fn no_quorum(case: &Case<'_>) -> Option<String> {
    let said = case.says("etcdserver: request timed out") || case.says("etcdserver: no leader");
    said.then(|| {
        "The member was reached, but could not get it done: it has no leader, or no majority answers. lab status shows who runs and what is cut.".into()
    })
}

/// No answer at all.
fn late(case: &Case<'_>) -> Option<String> {
    failed_call(case)?;
    let said = case.says("context deadline exceeded");
    said.then(|| {
        "There was no answer within the time limit. Most requests need a leader and a majority of the members; lab status shows who runs and what is cut.".into()
    })
}
