//! `etcdctl version` and `etcdutl version`; neither format nor arguments matter.

use crate::exit::Exit;
use crate::process::Invocation;

pub(super) fn run(invocation: &Invocation<'_>) -> Result<(), Exit> {
    let profile = invocation.profile();
    let (version, api) = (profile.version(), profile.minor_version());
    let tool = invocation.tool;
    invocation.stdout(format!("{tool} version: {version}\nAPI version: {api}\n"));
    Ok(())
}
