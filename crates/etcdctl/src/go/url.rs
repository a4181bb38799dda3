//! URLs as net/url reads them, and peer URLs as etcd's client checks them before it sends any
//! (`types.NewURLs`). Left out: userinfo, and percent escapes of hosts and paths, which stay as they
//! came.

use super::quote::quote;

/// The parts of a URL that a client uses.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Url {
    /// In lower case; empty if there is none.
    pub(crate) scheme: String,
    /// `host` or `host:port`.
    pub(crate) host: String,
    /// Without query and fragment.
    pub(crate) path: String,
}

impl Url {
    /// The error is net/url's: `parse "x": ...`.
    pub(crate) fn parse(url: &str) -> Result<Url, String> {
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
        let rest = rest.split(['?', '#']).next().unwrap_or(rest);
        let (authority, path) = match rest.strip_prefix("//") {
            Some(rest) => rest.split_at(rest.find('/').unwrap_or(rest.len())),
            // What follows a scheme without a slash is opaque, not a path.
            None if scheme.is_some() && !rest.starts_with('/') => ("", ""),
            None => ("", rest),
        };
        let host = authority.rsplit('@').next().unwrap_or(authority);
        let port = port(host).unwrap_or_default();
        if !port.bytes().all(|byte| byte.is_ascii_digit()) {
            let port = quote(format!(":{port}").as_bytes());
            return bad(&format!("invalid port {port} after host"));
        }
        let in_host =
            |c: char| !c.is_ascii() || c.is_ascii_alphanumeric() || HOST_SIGNS.contains(c);
        if let Some(other) = host.chars().find(|c| !in_host(*c)) {
            let other = quote(other.to_string().as_bytes());
            return bad(&format!("invalid character {other} in host name"));
        }
        let scheme = scheme.unwrap_or_default().to_ascii_lowercase();
        Ok(Url { scheme, host: host.to_string(), path: path.to_string() })
    }
}

const HOST_SIGNS: &str = "-_.~!$&'()*+,;=:[]<>\"%";

fn port(host: &str) -> Option<&str> {
    host.rsplit_once(':').map(|(_, port)| port).filter(|port| !port.contains(']'))
}

fn scheme(url: &str) -> Option<&str> {
    let (scheme, _) = url.split_once(':')?;
    let starts = scheme.starts_with(|c: char| c.is_ascii_alphabetic());
    let fits = scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c));
    (starts && fits).then_some(scheme)
}

/// The first error, in the words of net/url or of etcd.
pub(crate) fn check_urls(urls: &[String]) -> Result<(), String> {
    urls.iter().try_for_each(|url| check(url.trim()))
}

fn check(text: &str) -> Result<(), String> {
    let url = Url::parse(text)?;
    match url.scheme.as_str() {
        "unix" | "unixs" => Ok(()),
        "http" | "https" => {
            let port = port(&url.host);
            let name = port.map_or("", |port| &url.host[..url.host.len() - port.len() - 1]);
            if port.is_none() || (name.contains(':') && !name.starts_with('[')) {
                return Err(format!("URL address does not have the form \"host:port\": {text}"));
            }
            if !url.path.is_empty() {
                return Err(format!("URL must not contain a path: {text}"));
            }
            Ok(())
        }
        _ => Err(format!("URL scheme must be http, https, unix, or unixs: {text}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_come_apart_as_in_go() {
        for (text, scheme, host, path) in [
            ("http://127.0.0.1:1", "http", "127.0.0.1:1", ""),
            ("HTTPS://h/a/b?c#d", "https", "h", "/a/b"),
            ("http://u:p@h:1/", "http", "h:1", "/"),
            ("localhost", "", "", "localhost"),
            ("localhost:1", "localhost", "", ""),
            ("//h/p", "", "h", "/p"),
            ("/p", "", "", "/p"),
            ("", "", "", ""),
        ] {
            let [scheme, host, path] = [scheme, host, path].map(String::from);
            assert_eq!(Url::parse(text), Ok(Url { scheme, host, path }), "{text}");
        }
        let why = "parse \"http://a b\": invalid character \" \" in host name";
        assert_eq!(Url::parse("http://a b"), Err(why.into()));
        let why = "parse \"http://a:1 \": invalid port \":1 \" after host";
        assert_eq!(Url::parse("http://a:1 "), Err(why.into()));
    }

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
