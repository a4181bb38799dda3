//! axe-core, the accessibility checker that the browser tests put into the page. It is Deque's, under
//! the MPL 2.0; it is fetched from npm for the tests alone and is no part of the lab.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use sha2::{Digest, Sha256};

use crate::process::{exists, output};

/// Names the script for the tests; without it they skip what needs it.
pub const VARIABLE: &str = "ETCD_LAB_AXE";

const VERSION: &str = "4.14.1";
/// Of `axe.min.js` in that version.
const SHA256: &str = "29348999450cdf2849a8e70b7912fc2da85a849da39c0d0d5394f51d4a9ed95c";

/// The script in `dir`, fetched if it is not there. None, with one line that says so, without npm.
///
/// # Errors
/// When what npm gives is not that version.
pub fn find_or_fetch(dir: &Path) -> Result<Option<PathBuf>> {
    let script = dir.join(format!("axe-{VERSION}.min.js"));
    if !script.is_file() {
        if !exists("npm") {
            println!("   left out: npm, which axe-core comes from, is not installed");
            return Ok(None);
        }
        if let Err(error) = fetch(dir, &script) {
            println!("   left out: {error:#}");
            return Ok(None);
        }
    }
    let bytes = std::fs::read(&script).with_context(|| script.display().to_string())?;
    let sum: String = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    ensure!(sum == SHA256, "{} is not axe-core {VERSION}: please remove it", script.display());
    println!("   axe-core {VERSION}");
    Ok(Some(script))
}

fn fetch(dir: &Path, script: &Path) -> Result<()> {
    std::fs::create_dir_all(dir)?;
    let package = format!("axe-core@{VERSION}");
    output(Command::new("npm").args(["pack", "--silent", &package]).current_dir(dir))?;
    let archive = format!("axe-core-{VERSION}.tgz");
    output(Command::new("tar").args(["xzf", &archive]).current_dir(dir))?;
    std::fs::rename(dir.join("package/axe.min.js"), script)?;
    std::fs::remove_dir_all(dir.join("package"))?;
    std::fs::remove_file(dir.join(archive))?;
    Ok(())
}
