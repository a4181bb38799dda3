//! `etcdctl backup`: reads its flags. The lab does not have the rest yet and says so.

use super::context::{Context, Outcome};
use crate::process::not_yet;

/// Arguments that are no flags are ignored, as by the real tool.
pub(super) fn run(context: &Context<'_>) -> Outcome {
    Err(not_yet(context.system, "backup"))
}
