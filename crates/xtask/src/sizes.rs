//! The size of each part of a build, against the budgets for transfer.

use std::collections::BTreeMap;
use std::fmt::Write;

use anyhow::{Result, bail};

use crate::assets::INDEX;

/// Brotli bytes of everything up to a running cluster.
pub const CLUSTER_BUDGET_BYTES: usize = 900 * 1024;
/// Brotli bytes up to first paint.
pub const PAINT_BUDGET_BYTES: usize = 300 * 1024;

/// What the browser needs before it can draw anything.
const FIRST_PAINT: [&str; 5] = [INDEX, "boot.js", "style.css", "ui.js", "ui.wasm"];

/// Bytes of one file in its three forms.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Size {
    pub raw: usize,
    pub gzip: usize,
    pub brotli: usize,
}

impl Size {
    fn plus(self, other: Size) -> Size {
        Size {
            raw: self.raw + other.raw,
            gzip: self.gzip + other.gzip,
            brotli: self.brotli + other.brotli,
        }
    }
}

/// Sizes of all parts by source name.
pub type Sizes = BTreeMap<String, Size>;

/// What is fetched once the cluster runs.
const ON_DEMAND: [&str; 3] = ["cheats.tsv", "console.js", "console.wasm"];

/// Everything up to a running cluster.
pub fn cluster(sizes: &Sizes) -> Size {
    let parts = sizes.iter().filter(|(name, _)| !ON_DEMAND.contains(&name.as_str()));
    parts.fold(Size::default(), |sum, (_, size)| sum.plus(*size))
}

/// Everything.
pub fn all(sizes: &Sizes) -> Size {
    sizes.values().fold(Size::default(), |sum, size| sum.plus(*size))
}

/// Everything up to first paint.
pub fn first_paint(sizes: &Sizes) -> Size {
    let parts = FIRST_PAINT.iter().filter_map(|name| sizes.get(*name));
    parts.fold(Size::default(), |sum, size| sum.plus(*size))
}

/// One line a part, then the two sums beside their budgets (in brotli bytes).
pub fn table(sizes: &Sizes) -> String {
    let mut out = format!("{:<24} {:>10} {:>10} {:>10}\n", "part (bytes)", "raw", "gzip", "brotli");
    let mut line = |name: &str, size: Size, note: &str| {
        let _ = writeln!(
            out,
            "{name:<24} {:>10} {:>10} {:>10}{note}",
            size.raw, size.gzip, size.brotli
        );
    };
    for (name, size) in sizes {
        line(name, *size, "");
    }
    line("to first paint", first_paint(sizes), &format!("  (budget {PAINT_BUDGET_BYTES})"));
    line("to a running cluster", cluster(sizes), &format!("  (budget {CLUSTER_BUDGET_BYTES})"));
    line("with the console", all(sizes), "");
    out
}

/// Fails when a sum is over its budget.
///
/// # Errors
/// Names the budget and by how much it is missed.
pub fn check(sizes: &Sizes) -> Result<()> {
    for (what, size, budget) in [
        ("first paint", first_paint(sizes), PAINT_BUDGET_BYTES),
        ("a running cluster", cluster(sizes), CLUSTER_BUDGET_BYTES),
    ] {
        if size.brotli > budget {
            let over = size.brotli - budget;
            bail!("transfer to {what} is {over} bytes over its budget of {budget} brotli bytes");
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sizes(list: &[(&str, usize)]) -> Sizes {
        let size = |brotli| Size { raw: brotli * 3, gzip: brotli + 1, brotli };
        list.iter().map(|(name, brotli)| ((*name).into(), size(*brotli))).collect()
    }

    #[test]
    fn each_budget_holds_to_the_byte() {
        for (list, fits) in [
            (vec![("ui.wasm", PAINT_BUDGET_BYTES - 9), (INDEX, 9)], true),
            (vec![("ui.wasm", PAINT_BUDGET_BYTES - 9), (INDEX, 10)], false),
            (vec![("lab.wasm", CLUSTER_BUDGET_BYTES - 5), ("ui.js", 5)], true),
            (vec![("lab.wasm", CLUSTER_BUDGET_BYTES - 5), ("ui.js", 6)], false),
        ] {
            assert_eq!(check(&sizes(&list)).is_ok(), fits, "{list:?}");
        }
    }
}
