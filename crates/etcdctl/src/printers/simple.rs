//! `-w simple`: what people read, one line per item.

use proto::mvccpb::KeyValue;

use super::{Display, Reply, table};

pub(super) fn print(display: &Display, reply: &Reply<'_>) -> Vec<u8> {
    let mut text = Vec::new();
    match reply {
        Reply::Get(get) => pairs(&mut text, display, &get.kvs),
        Reply::Put(put) => {
            text.extend(b"OK\n");
            pairs(&mut text, display, put.prev_kv.as_slice());
        }
        Reply::Del(del) => {
            text.extend(format!("{}\n", del.deleted).into_bytes());
            pairs(&mut text, display, &del.prev_kvs);
        }
        Reply::Health(list) => {
            for health in *list {
                let endpoint = &health.endpoint;
                let line = if health.error.is_empty() {
                    let took = &health.took;
                    format!(
                        "{endpoint} is healthy: successfully committed proposal: took = {took}\n"
                    )
                } else {
                    format!(
                        "{endpoint} is unhealthy: failed to commit proposal: {}\n",
                        health.error
                    )
                };
                text.extend(line.into_bytes());
            }
        }
        Reply::Members(members) => rows(&mut text, &table::members(members)),
        Reply::Status(list) => rows(&mut text, &table::status(list)),
        Reply::HashKv(list) => rows(&mut text, &table::hash_kv(list)),
    }
    text
}

fn rows(text: &mut Vec<u8>, rows: &[Vec<String>]) {
    for row in rows {
        text.extend(row.join(", ").into_bytes());
        text.push(b'\n');
    }
}

fn pairs(text: &mut Vec<u8>, display: &Display, kvs: &[KeyValue]) {
    let mut line = |bytes: &[u8]| {
        if display.hex {
            text.extend(bytes.iter().flat_map(|byte| format!("\\x{byte:02x}").into_bytes()));
        } else {
            text.extend(bytes);
        }
        text.push(b'\n');
    };
    for kv in kvs {
        if !display.value_only {
            line(&kv.key);
        }
        line(&kv.value);
    }
}
