//! Tests across crates. This library holds what they share; the tests themselves are in `tests/tests/`.

pub mod browser;
mod driver;
pub mod plan;
