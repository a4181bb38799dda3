//! Member and cluster ids as etcd computes them (rule M1; `etcdserver/api/membership/member.go`).

use sha1::{Digest, Sha1};

/// Member id: the first 8 bytes of SHA-1 over the sorted peer URLs, the cluster token, and, for a
/// member added at run time, the Unix time in decimal seconds.
pub fn member_id(peer_urls: &[String], token: &str, unix_s: Option<u64>) -> u64 {
    let mut urls: Vec<&str> = peer_urls.iter().map(String::as_str).collect();
    urls.sort_unstable();
    let mut sha = Sha1::new();
    for url in urls {
        sha.update(url.as_bytes());
    }
    sha.update(token.as_bytes());
    if let Some(seconds) = unix_s {
        sha.update(seconds.to_string().as_bytes());
    }
    first_eight(&sha.finalize())
}

/// Cluster id: the first 8 bytes of SHA-1 over the sorted member ids, 8 bytes big-endian each.
pub fn cluster_id(member_ids: &[u64]) -> u64 {
    let mut ids = member_ids.to_vec();
    ids.sort_unstable();
    let mut sha = Sha1::new();
    for id in ids {
        sha.update(id.to_be_bytes());
    }
    first_eight(&sha.finalize())
}

fn first_eight(hash: &[u8]) -> u64 {
    let head: [u8; 8] = hash[..8].try_into().expect("a SHA-1 has 20 bytes");
    u64::from_be_bytes(head)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The ids that real etcd 3.4.23 gave the members of the recorded transcripts.
    #[test]
    fn recorded_ids() {
        for (url, id) in [
            ("http://127.0.0.1:2380", 0x8c80_8511_5b3b_a2d4),
            ("http://127.0.0.1:22380", 0xaecf_558d_7c2f_fafe),
            ("http://127.0.0.1:32380", 0x6c78_473d_51e0_d782),
        ] {
            assert_eq!(member_id(&[url.to_string()], "etcd-lab", None), id, "{url}");
        }
    }
}
