//! etcd's API messages.

mod status;
pub use status::{Code, Status};
