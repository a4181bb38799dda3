//! `etcdctl version`; neither format nor arguments matter.

use crate::exit::Exit;
use crate::process::Invocation;
use crate::{API_VERSION, VERSION};

pub(super) fn run(invocation: &Invocation<'_>) -> Result<(), Exit> {
    invocation.stdout(format!("etcdctl version: {VERSION}\nAPI version: {API_VERSION}\n"));
    Ok(())
}
