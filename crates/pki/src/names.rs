//! Whether a certificate is valid for a host (Go's `VerifyHostname`).

use core::net::IpAddr;

use crate::{Certificate, Error};

impl Certificate {
    /// `host` is a name or an address, also in brackets, without a port.
    pub fn verify_host(&self, host: &str) -> Result<(), Error> {
        let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        let found = match bare.parse::<IpAddr>() {
            Ok(address) => self.ip_addresses.contains(&address),
            Err(_) => self.dns_names.iter().any(|pattern| matches(pattern, host)),
        };
        if found { Ok(()) } else { Err(Error::HostName(self.mismatch(bare))) }
    }

    fn mismatch(&self, host: &str) -> String {
        if !self.has_alternative_names && matches(&self.common_name, host) {
            return "x509: certificate relies on legacy Common Name field, use SANs instead".into();
        }
        let valid: Vec<String> = match host.parse::<IpAddr>() {
            Ok(_) if self.ip_addresses.is_empty() => {
                return format!(
                    "x509: cannot validate certificate for {host} because it doesn't contain any \
                     IP SANs"
                );
            }
            Ok(_) => self.ip_addresses.iter().map(IpAddr::to_string).collect(),
            Err(_) => self.dns_names.clone(),
        };
        match valid.is_empty() {
            true => {
                format!("x509: certificate is not valid for any names, but wanted to match {host}")
            }
            false => format!("x509: certificate is valid for {}, not {host}", valid.join(", ")),
        }
    }
}

/// Names match whatever their case; a pattern's first label may be `*`.
fn matches(pattern: &str, host: &str) -> bool {
    let (pattern, host) = (pattern.trim_end_matches('.'), host.trim_end_matches('.'));
    if pattern.is_empty() || host.is_empty() || host.contains('*') {
        return false;
    }
    match (pattern.split_once('.'), host.split_once('.')) {
        (Some(("*", wanted)), Some((label, rest))) => {
            !label.is_empty() && wanted.eq_ignore_ascii_case(rest)
        }
        _ => pattern.eq_ignore_ascii_case(host),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_one_label() {
        for (pattern, host, expected) in [
            ("localhost", "LocalHost", true),
            ("*.etcd.local", "m1.etcd.local", true),
            ("*.etcd.local", "a.m1.etcd.local", false),
            ("*.etcd.local", "etcd.local", false),
            ("*", "localhost", false),
            ("a.b", "a.b.", true),
            ("", "", false),
        ] {
            assert_eq!(matches(pattern, host), expected, "{pattern} {host}");
        }
    }
}
