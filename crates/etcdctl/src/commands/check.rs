//! `etcdctl check perf|datascale`: so far only the look at `--load` that comes first.

use crate::exit::Exit;
use crate::process::{Invocation, not_yet};

/// Short and long names of the loads.
const LOADS: [&str; 8] = ["s", "small", "m", "medium", "l", "large", "xl", "xLarge"];

pub(super) fn run(invocation: &Invocation<'_>) -> Result<(), Exit> {
    let load = invocation.flags.text("load");
    if !LOADS.contains(&load) {
        return Err(Exit::bad_feature(format!("unknown load option {load}")));
    }
    Err(Exit::silent(not_yet(invocation.system, "check")))
}
