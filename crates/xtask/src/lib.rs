//! The tools around the lab: building the page, serving it, checking a change, measuring.
//!
//! This is a native shell: it may use files, clocks, threads and other programs, which the pure crates
//! may not. [`server`] is also what the browser tests serve the page with.

pub mod assets;
pub mod axe;
pub mod bench;
pub mod bindgen;
pub mod browser;
pub mod bundle;
pub mod check;
pub mod compress;
pub mod deps;
pub mod imports;
pub mod process;
pub mod serve;
pub mod server;
pub mod sizes;
pub mod snip;
pub mod soak;
pub mod tidy;
pub mod toolchain;
pub mod wasm_opt;
pub mod workspace;
