//! Paths and queries of requests: Go's `path.Clean`, etcd's canonical form, and the escapes of
//! net/url.

/// `pathutil.CanonicalURLPath`: rooted, without empty, `.` and `..` segments; a slash at the end
/// stays.
pub(super) fn canonical(path: &str) -> String {
    let mut segments = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => {
                segments.pop();
            }
            name => segments.push(name),
        }
    }
    let slash = if path.ends_with('/') && !segments.is_empty() { "/" } else { "" };
    format!("/{}{slash}", segments.join("/"))
}

/// A path in a URL.
pub(super) fn escape_path(path: &str) -> String {
    escape(path.as_bytes(), b"-_.~$&+,/:;=@", false)
}

/// `url.Values.Encode`, for names that need no escapes and come in order.
pub(super) fn encode(values: &[(&str, &[u8])]) -> String {
    let pair = |(name, value): &(&str, &[u8])| format!("{name}={}", escape(value, b"-_.~", true));
    values.iter().map(pair).collect::<Vec<_>>().join("&")
}

fn escape(bytes: &[u8], plain: &[u8], blank_is_plus: bool) -> String {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    let mut text = String::with_capacity(bytes.len());
    for &byte in bytes {
        if byte.is_ascii_alphanumeric() || plain.contains(&byte) {
            text.push(char::from(byte));
        } else if byte == b' ' && blank_is_plus {
            text.push('+');
        } else {
            let digit = |nibble: u8| char::from(DIGITS[usize::from(nibble)]);
            text.extend(['%', digit(byte >> 4), digit(byte & 15)]);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_canonical() {
        for (path, expected) in [
            ("", "/"),
            ("/", "/"),
            ("//a/./b/../c/", "/a/c/"),
            ("/v2/keys/../../../x", "/x"),
            ("a", "/a"),
            ("/a/..", "/"),
            ("/a/../", "/"),
        ] {
            assert_eq!(canonical(path), expected, "{path}");
        }
    }

    /// The real tool shows these under `--debug`.
    #[test]
    fn escapes_are_those_of_net_url() {
        assert_eq!(
            escape_path("/a;b+c&d=e,f:@!*()'[]{}<>|^~\"$\\ \ty?#%é"),
            "/a;b+c&d=e,f:@%21%2A%28%29%27%5B%5D%7B%7D%3C%3E%7C%5E~%22$%5C%20%09y%3F%23%25%C3%A9"
        );
        assert_eq!(
            encode(&[("ttl", b"5"), ("value", "v w+&=%/ é~*'()!".as_bytes())]),
            "ttl=5&value=v+w%2B%26%3D%25%2F+%C3%A9~%2A%27%28%29%21"
        );
    }
}
