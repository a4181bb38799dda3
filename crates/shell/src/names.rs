//! What a shell knows by name, as completion and the teacher see it between two lines.

use std::collections::BTreeMap;

use crate::fs::Fs;
use crate::shell::Shell;

/// Where the data directories of the lab's own members are.
const DATA_ROOT: &str = "/var/lib/etcd";

/// The lab's own members by name: those that have a data directory on this host.
pub(crate) fn lab_members(fs: &Fs) -> Vec<String> {
    let names = fs.list(DATA_ROOT);
    names.iter().filter_map(|name| name.strip_suffix(".data")).map(String::from).collect()
}

/// Values longer than this are not looked into.
const VALUE_BYTES_MAX: usize = 4096;

#[derive(Clone, Debug, Default)]
pub(crate) struct Names {
    pub(crate) cwd: String,
    /// Each with whether it is exported.
    vars: BTreeMap<String, (String, bool)>,
    pub(crate) functions: Vec<String>,
}

impl Names {
    pub(crate) fn of(shell: &Shell) -> Names {
        let short = |value: &String| value.len() <= VALUE_BYTES_MAX;
        let vars = shell.vars.iter().filter(|(_, variable)| short(&variable.value));
        Names {
            cwd: shell.cwd.clone(),
            vars: vars
                .map(|(name, variable)| (name.clone(), (variable.value.clone(), variable.exported)))
                .collect(),
            functions: shell.functions.keys().cloned().collect(),
        }
    }

    /// These exported variables and nothing else.
    #[cfg(test)]
    pub(crate) fn for_tests(cwd: &str, vars: &[(&str, &str)]) -> Names {
        let pair = |(name, value): &(&str, &str)| (name.to_string(), (value.to_string(), true));
        Names { cwd: cwd.into(), vars: vars.iter().map(pair).collect(), functions: Vec::new() }
    }

    pub(crate) fn value(&self, name: &str) -> Option<String> {
        self.vars.get(name).map(|(value, _)| value.clone())
    }

    /// The value that programs see.
    pub(crate) fn exported(&self, name: &str) -> Option<&str> {
        self.vars.get(name).filter(|(_, exported)| *exported).map(|(value, _)| value.as_str())
    }

    pub(crate) fn variables(&self) -> impl Iterator<Item = &str> {
        self.vars.keys().map(String::as_str)
    }
}
