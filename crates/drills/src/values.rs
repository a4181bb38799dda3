//! The values of a drill: each is drawn for every drill, in the same order, from ChaCha8 at (seed,
//! drill, number). A text names what it needs.
//!
//! | name | what |
//! |---|---|
//! | `p`, `q` | two prefixes, such as `/app/orders/` |
//! | `k`, `k2`, `k3` | keys under `p`, ascending |
//! | `v`, `v2`, `v3` | values, all different |
//! | `n` | a small number, 3 to 6 |
//! | `ttl`, `least` | seconds, 300 to 900, and a minute less |
//! | `user`, `user2`, `role`, `pass` | names, and a password |
//! | `m`, `o` | two members; `mp` and `op` are their client ports |
//! | `all` | the endpoints of all members |
//! | `d`, `x`, `y` | a directory of the old tree, and two nodes in it |
//! | `lock` | a name for a lock |

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

const PREFIXES: [&str; 10] = [
    "/app/orders/",
    "/app/users/",
    "/app/carts/",
    "/shop/items/",
    "/shop/prices/",
    "/jobs/queue/",
    "/fleet/trucks/",
    "/config/web/",
    "/config/mail/",
    "/metrics/hosts/",
];
const WORDS: [&str; 16] = [
    "open", "paid", "amber", "lemon", "north", "quick", "silver", "ready", "maple", "green",
    "delta", "winter", "orbit", "violet", "harbor", "cedar",
];
const USERS: [&str; 8] = ["ann", "ben", "carla", "deniz", "emma", "farid", "greta", "hugo"];
const ROLES: [&str; 6] = ["reader", "auditor", "billing", "support", "deployer", "backup"];
const DIRS: [&str; 6] = ["/services", "/hosts", "/queues", "/sites", "/teams", "/devices"];
const NODES: [&str; 8] = ["web", "db", "cache", "mail", "search", "login", "proxy", "logs"];
const LOCKS: [&str; 4] = ["deploy", "backup-lock", "migrate", "nightly"];
const PORTS: [u16; 3] = [2379, 22379, 32379];

pub(crate) struct Values {
    named: Vec<(&'static str, String)>,
}

struct Draw {
    seed: u64,
    drill: u64,
    number: u64,
}

impl Draw {
    /// Below `count`, which is not 0.
    fn below(&mut self, count: usize) -> usize {
        let mut key = [0_u8; 32];
        key[..8].copy_from_slice(&self.seed.to_le_bytes());
        key[8..16].copy_from_slice(&self.drill.to_le_bytes());
        key[16..24].copy_from_slice(&self.number.to_le_bytes());
        self.number += 1;
        let word = ChaCha8Rng::from_seed(key).next_u64();
        ((u128::from(word) * count as u128) >> 64) as usize
    }

    /// So many different ones, in the order drawn.
    fn pick<T: Copy, const N: usize>(&mut self, from: &[T]) -> [T; N] {
        let mut left = from.to_vec();
        std::array::from_fn(|_| left.remove(self.below(left.len())))
    }
}

impl Values {
    pub(crate) fn new(id: &str, seed: u64) -> Values {
        let mut draw = Draw { seed, drill: hash(id), number: 0 };
        let [p, q] = draw.pick(&PREFIXES);
        // Two digits each, so that order of bytes is order of numbers.
        let k = 10 + draw.below(30);
        let k2 = k + 1 + draw.below(20);
        let k3 = k2 + 1 + draw.below(20);
        let [v, v2, v3] = draw.pick(&WORDS);
        let n = 3 + draw.below(4);
        let ttl = 60 * (5 + draw.below(11));
        let [user, user2] = draw.pick(&USERS);
        let [role] = draw.pick(&ROLES);
        let pass = format!("{}-{}", WORDS[draw.below(WORDS.len())], 100 + draw.below(900));
        let [m, o] = draw.pick(&[1, 2, 3]);
        let [d] = draw.pick(&DIRS);
        let [x, y] = draw.pick(&NODES);
        let [lock] = draw.pick(&LOCKS);
        let port = |member: usize| PORTS[member - 1].to_string();
        let named = vec![
            ("p", p.to_string()),
            ("q", q.to_string()),
            ("k", format!("{p}{k}")),
            ("k2", format!("{p}{k2}")),
            ("k3", format!("{p}{k3}")),
            ("v", v.to_string()),
            ("v2", v2.to_string()),
            ("v3", v3.to_string()),
            ("n", n.to_string()),
            ("ttl", ttl.to_string()),
            ("least", (ttl - 60).to_string()),
            ("user", user.to_string()),
            ("user2", user2.to_string()),
            ("role", role.to_string()),
            ("pass", pass),
            ("m", format!("m{m}")),
            ("o", format!("m{o}")),
            ("mp", port(m)),
            ("op", port(o)),
            ("all", PORTS.map(|port| format!("127.0.0.1:{port}")).join(",")),
            ("d", d.to_string()),
            ("x", format!("{d}/{x}")),
            ("y", format!("{d}/{y}")),
            ("lock", lock.to_string()),
        ];
        Values { named }
    }

    /// The text with its values. Other braces stay, as awk's do.
    pub(crate) fn fill(&self, text: &str) -> String {
        let mut filled = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            filled.push_str(before);
            let named = after.split_once('}').and_then(|(name, after)| {
                let found = self.named.iter().find(|(other, _)| *other == name)?;
                Some((&found.1, after))
            });
            match named {
                Some((value, after)) => {
                    filled.push_str(value);
                    rest = after;
                }
                None => {
                    filled.push('{');
                    rest = after;
                }
            }
        }
        filled + rest
    }
}

/// FNV-1a: a drill keeps its values when others are added.
pub(crate) fn hash(id: &str) -> u64 {
    id.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_the_same_values_and_another_gives_others() {
        let text = "{p}{q}{k}{k2}{k3}{v}{v2}{v3}{n}{ttl}{user}{pass}{m}{x}";
        let filled = |id, seed| Values::new(id, seed).fill(text);
        assert_eq!(filled("put", 1), filled("put", 1));
        assert_ne!(filled("put", 1), filled("put", 2));
        assert_ne!(filled("put", 1), filled("get", 1));
        assert!(!filled("put", 1).contains('{'));
    }

    #[test]
    fn what_must_differ_differs() {
        for seed in 0..200 {
            let values = Values::new("x", seed);
            for (a, b) in [
                ("p", "q"),
                ("v", "v2"),
                ("v2", "v3"),
                ("v", "v3"),
                ("user", "user2"),
                ("m", "o"),
                ("x", "y"),
            ] {
                let fill = |name: &str| values.fill(&format!("{{{name}}}"));
                assert_ne!(fill(a), fill(b), "{a} and {b} of seed {seed}");
            }
            let keys = ["{k}", "{k2}", "{k3}"].map(|name| values.fill(name));
            assert!(keys.is_sorted() && keys[0] != keys[1] && keys[1] != keys[2]);
        }
    }

    #[test]
    fn other_braces_stay() {
        let values = Values::new("x", 1);
        assert_eq!(values.fill("awk '{print $3}' {"), "awk '{print $3}' {");
    }
}
