//! Peer URLs as etcd's client checks them before it sends any (`types.NewURLs`, net/url).

use super::quote::quote;

/// The first error, in the words of net/url or of etcd.
pub(crate) fn check_urls(urls: &[String]) -> Result<(), String> {
    urls.iter().try_for_each(|url| check(url.trim()))
}

fn check(url: &str) -> Result<(), String> {
    let bad = |why: &str| Err(format!("parse {}: {why}", quote(url.as_bytes())));
    if url.chars().any(|c| c.is_ascii_control()) {
        return bad("net/url: invalid control character in URL");
    }
    if url.starts_with(':') {
        return bad("missing protocol scheme");
    }
    let scheme = scheme(url);
    let rest = scheme.map_or(url, |scheme| &url[scheme.len() + 1..]);
    if scheme.is_none() && rest.split('/').next().is_some_and(|segment| segment.contains(':')) {
        return bad("first path segment in URL cannot contain colon");
    }
    let (authority, path) = match rest.split(['?', '#']).next().unwrap_or(rest).strip_prefix("//") {
        Some(rest) => rest.split_at(rest.find('/').unwrap_or(rest.len())),
        None => ("", ""),
    };
    let host = authority.rsplit('@').next().unwrap_or(authority);
    let (name, port) = match host.rsplit_once(':').filter(|(_, port)| !port.contains(']')) {
        Some((name, port)) => (name, Some(port)),
        None => (host, None),
    };
    if let Some(port) = port.filter(|port| !port.bytes().all(|byte| byte.is_ascii_digit())) {
        return bad(&format!("invalid port {} after host", quote(format!(":{port}").as_bytes())));
    }
    match scheme.map(str::to_ascii_lowercase).as_deref() {
        Some("unix" | "unixs") => Ok(()),
        Some("http" | "https") => {
            if port.is_none() || (name.contains(':') && !name.starts_with('[')) {
                return Err(format!("URL address does not have the form \"host:port\": {url}"));
            }
            if !path.is_empty() {
                return Err(format!("URL must not contain a path: {url}"));
            }
            Ok(())
        }
        _ => Err(format!("URL scheme must be http, https, unix, or unixs: {url}")),
    }
}

fn scheme(url: &str) -> Option<&str> {
    let (scheme, _) = url.split_once(':')?;
    let starts = scheme.starts_with(|c: char| c.is_ascii_alphabetic());
    let fits = scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c));
    (starts && fits).then_some(scheme)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_judged_as_by_etcd() {
        for (url, error) in [
            ("http://127.0.0.1:2380", ""),
            (" https://m1:2380 ", ""),
            ("http://[::1]:2380", ""),
            ("unix://sock", ""),
            (
                "127.0.0.1:2380",
                "parse \"127.0.0.1:2380\": first path segment in URL cannot contain colon",
            ),
            (":2380", "parse \":2380\": missing protocol scheme"),
            ("http://a:b", "parse \"http://a:b\": invalid port \":b\" after host"),
            ("localhost:2380", "URL scheme must be http, https, unix, or unixs: localhost:2380"),
            ("", "URL scheme must be http, https, unix, or unixs: "),
            ("http://a", "URL address does not have the form \"host:port\": http://a"),
            ("http://[::1]", "URL address does not have the form \"host:port\": http://[::1]"),
            ("http:a", "URL address does not have the form \"host:port\": http:a"),
            ("http://a:1/x", "URL must not contain a path: http://a:1/x"),
        ] {
            let result = check_urls(&[url.to_string()]);
            assert_eq!(result.err().unwrap_or_default(), error, "{url}");
        }
    }
}
