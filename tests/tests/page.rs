//! The built page as a browser and as a plain client see it: headers, types, policy, no strangers.

use std::io::{Read, Write};
use std::net::TcpStream;

use etcd_lab_tests::browser::{Lab, dist};
use serde_json::json;
use xtask::server::{CSP, Server};

#[test]
fn every_file_of_the_build_is_served_with_type_policy_and_encoding() {
    let Some(dist) = dist() else { return };
    let server = Server::ephemeral(dist.clone()).unwrap();
    let mut checked = 0;
    for entry in std::fs::read_dir(&dist).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let expected = match name.rsplit('.').next().unwrap() {
            "html" => "text/html; charset=utf-8",
            "js" => "text/javascript; charset=utf-8",
            "css" => "text/css; charset=utf-8",
            "tsv" => "text/tab-separated-values; charset=utf-8",
            "wasm" => "application/wasm",
            "svg" => "image/svg+xml",
            "br" | "gz" => continue,
            other => panic!("{name}: nobody expects a .{other} here"),
        };
        for (accept, encoding) in [("br", "br"), ("gzip", "gzip")] {
            let head = head(&server, &name, accept);
            assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{name}: {head}");
            for (header, value) in [
                ("Content-Type", expected),
                ("Content-Encoding", encoding),
                ("Content-Security-Policy", CSP),
                ("X-Content-Type-Options", "nosniff"),
            ] {
                assert!(head.contains(&format!("{header}: {value}\r\n")), "{name}: {head}");
            }
            let immutable = head.contains("immutable");
            assert_eq!(immutable, name != "index.html", "{name}: {head}");
        }
        checked += 1;
    }
    assert!(checked >= 8, "only {checked} files: a part of the page is missing");
}

#[test]
fn the_lab_module_of_the_build_has_no_way_to_ambient_randomness() {
    let Some(dist) = dist() else { return };
    let names = std::fs::read_dir(&dist).unwrap().map(|e| e.unwrap().file_name());
    let names = names.map(|name| name.into_string().unwrap());
    let labs: Vec<_> =
        names.filter(|name| name.starts_with("lab-") && name.ends_with(".wasm")).collect();
    assert_eq!(labs.len(), 1, "{labs:?}");
    let wasm = std::fs::read(dist.join(&labs[0])).unwrap();
    let imports = xtask::imports::check_deterministic(&labs[0], &wasm).unwrap();
    assert!(imports > 0, "a module without imports could not answer anybody");
}

fn head(server: &Server, name: &str, accept: &str) -> String {
    let mut stream = TcpStream::connect(server.addr()).expect("the server runs");
    let request = format!(
        "HEAD /{name} HTTP/1.1\r\nHost: lab\r\nAccept-Encoding: {accept}\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).expect("sent");
    let mut text = String::new();
    stream.read_to_string(&mut text).expect("an answer");
    text
}

#[test]
fn the_page_loads_without_errors_and_asks_nobody_else() {
    let Some(lab) = Lab::start() else { return };
    lab.goto("");
    lab.until("a complete document", || {
        lab.eval("return document.readyState") == json!("complete")
    });
    let meta = lab.attribute("meta[http-equiv=Content-Security-Policy]", "content");
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert_eq!(words(&meta.expect("a policy in the page")), words(CSP));
    lab.until("ui.wasm", || {
        let names = lab.eval("return performance.getEntriesByType('resource').map((e) => e.name)");
        names.to_string().contains("/ui-")
    });
    lab.assert_clean();
}

#[test]
fn the_policy_holds_in_the_browser_and_the_harness_would_see_a_breach() {
    let Some(lab) = Lab::start() else { return };
    lab.goto("");
    assert!(lab.try_promise("fetch('https://example.org/')", vec![]).is_err());
    // In a timer of the page's own: what WebDriver runs directly may evaluate text.
    let text_as_code = "new Promise((ok, no) => setTimeout(() => {
        try { ok(new Function('return 1')()); } catch (error) { no(error); } }))";
    let refused = lab.try_promise(text_as_code, vec![]).expect_err("the policy forbids it");
    assert!(refused.contains("EvalError"), "{refused}");
    let log = lab.log().join("\n");
    assert!(log.contains("Content Security Policy"), "no violation in the log:\n{log}");
    assert!(log.contains("https://example.org/"), "{log}");
}
