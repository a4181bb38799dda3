//! Simple tokens: what a client shows after its login (A13).
//!
//! Mirrors etcd's `simple_token.go`. A token is 16 letters, a point and the raft index of the login.
//! All members assign the same token when they apply the login, but each keeps the time for itself,
//! and none keeps tokens over a restart. etcd looks for expired tokens once a second; here a token
//! ends on the microsecond.

use std::collections::BTreeMap;

use proto::etcdserverpb::InternalRaftRequest;

use crate::Micros;

/// How long a token lives after its last use: 300 s, `--auth-token-ttl`'s default.
pub const TTL_US_DEFAULT: Micros = 300_000_000;

const LETTERS: &[u8; 52] = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

/// 16 letters out of 16 random bytes: what the proposer of a login puts into `simple_token`.
pub fn token_prefix(random: [u8; 16]) -> String {
    random.iter().map(|byte| char::from(LETTERS[usize::from(*byte) % LETTERS.len()])).collect()
}

/// The whole token of a login at raft index `index`.
pub fn token_text(random: [u8; 16], index: u64) -> String {
    joined(&token_prefix(random), index)
}

/// The raft index in a token: a member has to apply it before it can know the token. `None` for a
/// text that is no token.
pub fn token_index(token: &str) -> Option<u64> {
    let (_, index) = token.split_once('.')?;
    let digits = !index.is_empty() && index.bytes().all(|byte| byte.is_ascii_digit());
    if digits { index.parse().ok() } else { None }
}

pub(crate) fn joined(prefix: &str, index: u64) -> String {
    format!("{prefix}.{index}")
}

/// The tokens that one member knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SimpleTokens {
    ttl_us: Micros,
    tokens: BTreeMap<String, Token>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Token {
    username: String,
    /// The last moment at which it is valid.
    ends: Micros,
}

/// With [`TTL_US_DEFAULT`].
impl Default for SimpleTokens {
    fn default() -> Self {
        SimpleTokens::new(TTL_US_DEFAULT)
    }
}

impl SimpleTokens {
    /// No tokens yet. A time to live of zero is taken for [`TTL_US_DEFAULT`].
    pub fn new(ttl_us: Micros) -> Self {
        let ttl_us = if ttl_us == 0 { TTL_US_DEFAULT } else { ttl_us };
        SimpleTokens { ttl_us, tokens: BTreeMap::new() }
    }

    /// How many tokens there are, with those that have expired since the last
    /// [`SimpleTokens::expire`].
    pub fn len(&self) -> usize {
        self.tokens.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.tokens.is_empty()
    }

    /// From now on the token stands for this user.
    pub fn assign(&mut self, token: &str, username: &str, now: Micros) {
        let ends = now.saturating_add(self.ttl_us);
        self.tokens.insert(token.to_owned(), Token { username: username.to_owned(), ends });
    }

    /// Whose token it is; from now it lives for its whole time again. `None` when it is unknown or
    /// has expired.
    pub fn username(&mut self, token: &str, now: Micros) -> Option<&str> {
        let known = self.tokens.get_mut(token).filter(|known| now <= known.ends)?;
        known.ends = now.saturating_add(self.ttl_us);
        Some(&known.username)
    }

    /// Drops all tokens of a user.
    pub fn invalidate_user(&mut self, username: &str) {
        self.tokens.retain(|_, token| token.username != username);
    }

    /// Drops all tokens: auth was turned off, or the member restarts.
    pub fn clear(&mut self) {
        self.tokens.clear();
    }

    /// Forgets the tokens that have expired; only memory is at stake.
    pub fn expire(&mut self, now: Micros) {
        self.tokens.retain(|_, token| now <= token.ends);
    }

    /// Drops what a request that was applied without an error puts an end to: a user that was
    /// deleted, a password that changed, auth that was turned off.
    pub fn applied(&mut self, request: &InternalRaftRequest) {
        if request.auth_disable.is_some() {
            self.clear();
        }
        if let Some(delete) = &request.auth_user_delete {
            self.invalidate_user(&delete.name);
        }
        if let Some(change) = &request.auth_user_change_password {
            self.invalidate_user(&change.name);
        }
    }
}
