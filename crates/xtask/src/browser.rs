//! A real browser for the end-to-end tests: Debian's Chromium and the driver that belongs to it.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::process::{apt_install, output};

/// Where Debian puts the driver.
pub const DRIVER: &str = "/usr/bin/chromedriver";
/// Where Debian puts the browser.
pub const BROWSER: &str = "/usr/bin/chromium";
/// Names another driver than [`DRIVER`].
pub const DRIVER_VARIABLE: &str = "ETCD_LAB_CHROMEDRIVER";
/// Names another browser than [`BROWSER`].
pub const BROWSER_VARIABLE: &str = "ETCD_LAB_CHROMIUM";

const PACKAGES: [&str; 2] = ["chromium", "chromium-driver"];

/// The driver to start.
pub fn driver() -> PathBuf {
    named(DRIVER_VARIABLE, DRIVER)
}

/// The browser that the driver is to start.
pub fn browser() -> PathBuf {
    named(BROWSER_VARIABLE, BROWSER)
}

fn named(variable: &str, default: &str) -> PathBuf {
    std::env::var_os(variable).map_or_else(|| default.into(), PathBuf::from)
}

/// Installs Chromium and its driver where that is allowed.
///
/// # Errors
/// Says what to install by hand.
pub fn ensure() -> Result<()> {
    let present = |path: &Path| path.is_file();
    if !(present(&driver()) && present(&browser())) {
        println!("   installing {} for the end-to-end tests", PACKAGES.join(" and "));
        apt_install(&PACKAGES).with_context(|| {
            format!(
                "the browser tests need Chromium and chromedriver of one version; \
                 {BROWSER_VARIABLE} and {DRIVER_VARIABLE} name them elsewhere"
            )
        })?;
    }
    let version = output(std::process::Command::new(driver()).arg("--version"))?;
    println!("   {}", version.trim());
    Ok(())
}
