//! The small parts of Go's standard library whose exact texts show in etcdctl's output.

pub(crate) mod csv;
pub(crate) mod duration;
pub(crate) mod humanize;
pub(crate) mod json;
pub(crate) mod number;
pub(crate) mod quote;
pub(crate) mod tabwriter;
pub(crate) mod time;
pub(crate) mod unmarshal;
pub(crate) mod url;
