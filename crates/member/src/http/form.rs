//! Targets and forms, as Go's `net/url` and `Request.ParseForm` read them.

use proto::http::{Request, header};

/// Where a request goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    /// Unescaped.
    pub(crate) path: String,
    pub(crate) raw_query: String,
}

/// The fields of a request: those of its body, then those of its query.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Form {
    fields: Vec<(String, String)>,
}

impl Target {
    /// None for a path that cannot be unescaped, or is none.
    pub(crate) fn parse(target: &str) -> Option<Target> {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let path = unescape(path, false).ok().filter(|path| path.starts_with('/'))?;
        Some(Target { path, raw_query: query.to_owned() })
    }
}

impl Form {
    /// # Errors
    /// Go's text about the first field that cannot be read.
    pub(crate) fn parse(request: &Request, target: &Target) -> Result<Form, String> {
        let mut form = Form::default();
        let content_type = header(&request.headers, "Content-Type").unwrap_or("");
        let content_type = content_type.split(';').next().unwrap_or("").trim();
        let has_form = content_type.eq_ignore_ascii_case("application/x-www-form-urlencoded");
        if has_form && matches!(request.method.as_str(), "PUT" | "POST" | "PATCH") {
            form.add(&String::from_utf8_lossy(&request.body))?;
        }
        form.add(&target.raw_query)?;
        Ok(form)
    }

    fn add(&mut self, query: &str) -> Result<(), String> {
        for field in query.split('&').filter(|field| !field.is_empty()) {
            if field.contains(';') {
                return Err("invalid semicolon separator in query".into());
            }
            let (name, value) = field.split_once('=').unwrap_or((field, ""));
            self.fields.push((unescape(name, true)?, unescape(value, true)?));
        }
        Ok(())
    }

    /// The first value of a field.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let found = self.fields.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    /// 0 when it is not there; none when it is no number.
    pub(crate) fn number(&self, name: &str) -> Option<u64> {
        let Some(text) = self.get(name) else { return Some(0) };
        let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        digits.then(|| text.parse().ok())?
    }

    /// False when it is not there; none when it is neither true nor false.
    pub(crate) fn flag(&self, name: &str) -> Option<bool> {
        match self.get(name) {
            Some("1" | "t" | "T" | "TRUE" | "true" | "True") => Some(true),
            None | Some("0" | "f" | "F" | "FALSE" | "false" | "False") => Some(false),
            Some(_) => None,
        }
    }
}

/// # Errors
/// Go's text about an escape that is none.
fn unescape(text: &str, plus_is_space: bool) -> Result<String, String> {
    let bytes = text.as_bytes();
    let hex = |at: usize| bytes.get(at).and_then(|b| char::from(*b).to_digit(16));
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'%' => {
                let (Some(high), Some(low)) = (hex(at + 1), hex(at + 2)) else {
                    let shown = String::from_utf8_lossy(&bytes[at..bytes.len().min(at + 3)]);
                    return Err(format!("invalid URL escape {shown:?}"));
                };
                out.push((high * 16 + low) as u8);
                at += 2;
            }
            b'+' if plus_is_space => out.push(b' '),
            byte => out.push(*byte),
        }
        at += 1;
    }
    // Strings of the log are UTF-8 here; Go keeps other bytes, and shows them so in JSON.
    Ok(String::from_utf8_lossy(&out).into_owned())
}

/// A path as Go's `URL.EscapedPath` writes it.
pub(crate) fn escape_path(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => out.push(char::from(byte)),
            _ if b"-_.~$&+,/:;=@".contains(&byte) => out.push(char::from(byte)),
            byte => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use proto::http::Header;

    use super::*;

    fn form(method: &str, body: &str, query: &str) -> Result<Form, String> {
        let headers = vec![Header::new("content-type", "application/x-www-form-urlencoded; a=b")];
        let (method, body) = (method.to_owned(), body.to_owned().into());
        let request = Request { method, headers, body, ..Request::default() };
        Form::parse(&request, &Target { path: "/".into(), raw_query: query.into() })
    }

    #[test]
    fn the_body_comes_before_the_query() {
        let read = form("PUT", "value=a+b%26&x", "value=q&y=1&&z=%C3%A9").expect("a form");
        assert_eq!(read.get("value"), Some("a b&"));
        assert_eq!((read.get("x"), read.get("y"), read.get("z")), (Some(""), Some("1"), Some("é")));
        assert_eq!(read.get("w"), None);
        // A DELETE's body is no form.
        assert_eq!(form("DELETE", "value=a", "").expect("a form").get("value"), None);
    }

    #[test]
    fn what_cannot_be_read_is_refused_in_go_s_words() {
        for (query, text) in [
            ("a=%zz", "invalid URL escape \"%zz\""),
            ("a=%1", "invalid URL escape \"%1\""),
            ("%=1", "invalid URL escape \"%\""),
            ("a=1;b=2", "invalid semicolon separator in query"),
        ] {
            assert_eq!(form("GET", "", query), Err(text.into()), "{query}");
        }
        for target in ["", "v2", "/%", "/%g1"] {
            assert_eq!(Target::parse(target), None, "{target}");
        }
        let target = Target::parse("/a%2Fb+c?d=%zz").expect("a target");
        assert_eq!((target.path.as_str(), target.raw_query.as_str()), ("/a/b+c", "d=%zz"));
    }

    #[test]
    fn numbers_and_flags_are_those_of_strconv() {
        let read = form(
            "GET",
            "",
            "n=18446744073709551615&big=18446744073709551616&neg=-1&plus=%2B1&t=T&e=&no=yes",
        );
        let read = read.expect("a form");
        assert_eq!((read.number("n"), read.number("none")), (Some(u64::MAX), Some(0)));
        for bad in ["big", "neg", "plus", "t", "e"] {
            assert_eq!(read.number(bad), None, "{bad}");
        }
        assert_eq!(
            (read.flag("t"), read.flag("none"), read.flag("e")),
            (Some(true), Some(false), None)
        );
        assert_eq!(read.flag("no"), None);
    }
}
