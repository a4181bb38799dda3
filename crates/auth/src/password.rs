//! Passwords as bcrypt hashes, in the form that Go writes (A6).
//!
//! The function itself is crate `bcrypt`'s; here are the text form, the salt as an argument, and the
//! step before a request is proposed. As in etcd 3.4.23 and 3.5.1 only the first 72 bytes of a
//! password count; later patch releases refuse longer ones.

use bytes::Bytes;
use proto::base64;
use proto::etcdserverpb::{AuthUserAddRequest, AuthUserChangePasswordRequest};

/// The smallest cost: 16 rounds.
pub const COST_MIN: u32 = 4;

/// The greatest cost; it would take hours.
pub const COST_MAX: u32 = 31;

/// The cost for a lab. etcd's default is 10.
///
/// A session is its seed and what people typed, so a password in it is no secret, and slowness
/// protects nothing. It would cost: one etcdctl call with `--user` is one check, and going back in
/// time does them all again. On a machine of 2026 a hash takes 0.9 ms at cost 4, 13 ms at 8 and
/// 52 ms at 10 (1.1, 16 and 64 ms in wasm): a replay of a thousand logins is a second, or a minute.
pub const COST_DEFAULT: u32 = COST_MIN;

/// Bytes of a password that bcrypt looks at, the zero byte at the end included.
const KEY_BYTES_MAX: usize = 72;

/// Bytes of the result that are written down: Go drops the last one, as the original did.
const RESULT_BYTES: usize = 23;

/// Where the 22 letters of the salt start in `$2a$10$...`.
const SALT_AT: usize = 7;

/// Where the 31 letters of the result start.
const RESULT_AT: usize = 29;

/// Length of a hash in letters.
const HASH_LEN: usize = 60;

/// The hash of a password: `$2a$`, two digits of cost, 22 letters of salt, 31 of result.
///
/// A cost outside of 4 to 31 is taken for [`COST_DEFAULT`]; each step doubles the time.
pub fn hash_password(password: &str, cost: u32, salt: [u8; 16]) -> String {
    let cost = if (COST_MIN..=COST_MAX).contains(&cost) { cost } else { COST_DEFAULT };
    let salt_text = base64::encode(base64::BCRYPT, &salt);
    let result = result_text(password, cost, salt);
    format!("$2a${cost:02}${salt_text}{result}")
}

/// Whether `hash` was made of `password`; false for anything that is no hash. Takes as long as
/// the cost in the hash says.
pub fn verify(password: &str, hash: &str) -> bool {
    parse(hash).is_some_and(|(cost, salt, result)| result_text(password, cost, salt) == result)
}

/// What the member that takes a UserAdd does before it proposes it: the log gets the hash, in
/// base64, and no password.
pub fn hash_user_add(request: &mut AuthUserAddRequest, cost: u32, salt: [u8; 16]) {
    let password = std::mem::take(&mut request.password);
    request.hashed_password = if request.options.is_some_and(|options| options.no_password) {
        String::new()
    } else {
        base64::encode_padded(hash_password(&password, cost, salt).as_bytes())
    };
}

/// The same for UserChangePassword. Whether the user has a password at all is known at apply.
pub fn hash_change_password(
    request: &mut AuthUserChangePasswordRequest,
    cost: u32,
    salt: [u8; 16],
) {
    let password = std::mem::take(&mut request.password);
    request.hashed_password =
        base64::encode_padded(hash_password(&password, cost, salt).as_bytes());
}

/// The hash in a request of the log, as it is stored; `None` when it is not base64.
pub(crate) fn decode(hashed_password: &str) -> Option<Bytes> {
    base64::decode_padded(hashed_password).map(Bytes::from)
}

fn result_text(password: &str, cost: u32, salt: [u8; 16]) -> String {
    let mut key = [password.as_bytes(), &[0]].concat();
    key.truncate(KEY_BYTES_MAX);
    let result = bcrypt::bcrypt(cost, salt, &key);
    base64::encode(base64::BCRYPT, &result[..RESULT_BYTES])
}

/// Cost, salt and result of a hash; `None` when it is none. `2b`, `2x` and `2y` name the same
/// function to Go.
fn parse(hash: &str) -> Option<(u32, [u8; 16], &str)> {
    if hash.len() != HASH_LEN || !hash.is_ascii() {
        return None;
    }
    let [b'$', b'2', b'a' | b'b' | b'x' | b'y', b'$', tens, ones, b'$', ..] = *hash.as_bytes()
    else {
        return None;
    };
    let digit = |byte: u8| char::from(byte).to_digit(10);
    let cost = digit(tens)? * 10 + digit(ones)?;
    if !(COST_MIN..=COST_MAX).contains(&cost) {
        return None;
    }
    let salt = base64::decode(base64::BCRYPT, &hash[SALT_AT..RESULT_AT])?;
    Some((cost, salt.try_into().ok()?, &hash[RESULT_AT..]))
}
