//! Calls that never reached a member, or were not answered in time.

use super::Rule;
use super::case::{Call, Case};
use etcdctl::outline::Api;

pub(super) const RULES: &[Rule] =
    &[plain_to_tls, tls_to_plain, certificate_of_server, certificate_of_client, refused, no_quorum, late];

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

/// Nobody listens there.
fn refused(case: &Case<'_>) -> Option<String> {
    failed_call(case)?;
    let rest = case.output.split_once("dial tcp ")?.1;
    let address = rest.split_once(": connect: connection refused")?.0;
    let port: u16 = address.rsplit_once(':')?.1.trim().parse().ok()?;
    let client_port = |at: usize| cluster::usual_client_port(at as u16 + 1);
    let own = case.members.iter().enumerate().find(|(at, _)| client_port(*at) == port);
    if let Some((_, name)) = own {
        return Some(format!("Nobody listens at {address}: {name} is down. Start it with lab start {name}, or ask another member with --endpoints."));
    }
    let ports: Vec<String> = (0..case.members.len()).map(|at| client_port(at).to_string()).collect();
    if ports.is_empty() {
        return None;
    }
    Some(format!("Nobody listens at {address}. The lab's members listen for clients at ports {}.", ports.join(", ")))
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
