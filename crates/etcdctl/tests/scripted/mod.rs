//! Scripted members of API version 2, and lines played on them. Answers are shaped as the recordings'
//! `http-notes.md` shows them.

#![allow(dead_code)] // each test program uses some of it
#![allow(clippy::unwrap_used)]

use std::cell::RefCell;

use bytes::Bytes;
use etcdctl::CallError;
use etcdctl::memory::Memory;
use prost::Message;
use proto::Profile;
use proto::http::{Header, METHOD, Request, Response};

pub(crate) const MS_US: u64 = 1_000;
pub(crate) const SECOND_US: u64 = 1_000_000;

pub(crate) const M1: &str = "127.0.0.1:2379";
pub(crate) const MEMBERS: &str = r#"{"members":[{"id":"8c8085115b3ba2d4","name":"m1","peerURLs":["http://127.0.0.1:2380"],"clientURLs":["http://127.0.0.1:2379"]}]}"#;

pub(crate) type Answered = (Option<u64>, Result<Response, CallError>);

/// An answer with an index, at once.
pub(crate) fn answer(status: u32, body: &str) -> Answered {
    let headers = vec![Header::new("X-Etcd-Index", "7")];
    (Some(MS_US), Ok(Response { status, headers, body: Bytes::from(body.to_string()) }))
}

pub(crate) fn refused() -> Answered {
    (Some(MS_US), Err(CallError::Refused))
}

pub(crate) fn silent() -> Answered {
    (None, Err(CallError::ConnectionLost))
}

/// The list of members, and `serve` for everything else.
pub(crate) fn member(request: &Request, serve: impl Fn(&Request) -> Answered) -> Answered {
    if request.target == "/v2/members" && request.method == "GET" {
        return answer(200, MEMBERS);
    }
    serve(request)
}

/// A system with API version 2 whose servers get `(address, request)`.
pub(crate) fn system<'s>(serve: impl Fn(&str, &Request) -> Answered + 's) -> Memory<'s> {
    let mut system = Memory::serving(move |call| {
        if call.method == proto::tls::HELLO {
            return (Some(0), Err(etcdctl::CallError::Status(proto::tls::closed())));
        }
        assert_eq!(call.method, METHOD);
        let (delay_us, result) = serve(call.address, &Request::decode(call.request).unwrap());
        (delay_us, result.map(|response| Bytes::from(response.encode_to_vec())))
    });
    system.env = vec![("ETCDCTL_API".into(), "2".into())];
    system
}

pub(crate) fn words(line: &str) -> Vec<&str> {
    line.split(' ').filter(|word| !word.is_empty()).collect()
}

pub(crate) fn text(bytes: &RefCell<Vec<u8>>) -> String {
    String::from_utf8(bytes.borrow().clone()).unwrap()
}

/// Status and terminal of one line on one member.
pub(crate) fn play(
    profile: Profile,
    line: &str,
    serve: impl Fn(&Request) -> Answered,
) -> (i32, String) {
    let mut system =
        system(|address, request| if address == M1 { member(request, &serve) } else { refused() });
    system.profile = profile;
    let code = system.run(&words(line)).expect("the command ends");
    (code, text(&system.terminal))
}

pub(crate) const NODE: &str =
    r#""node":{"key":"/k","value":"v<\n","modifiedIndex":6,"createdIndex":4}"#;

/// What the members of a cluster list.
pub(crate) fn cluster(urls: &[&str]) -> String {
    let member = |(n, url): (usize, &&str)| {
        format!(
            r#"{{"id":"{n}","name":"m{n}","peerURLs":["http://p{n}:1"],"clientURLs":["{url}"]}}"#
        )
    };
    format!(
        r#"{{"members":[{}]}}"#,
        urls.iter().enumerate().map(member).collect::<Vec<_>>().join(",")
    )
}
