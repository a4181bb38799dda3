//! What a call carries beside its message: gRPC's metadata, and who the connection belongs to.

use serde::{Deserialize, Serialize};

/// Metadata of one call or stream. The default is a client without a login on a plain connection.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Metadata {
    /// Key `token`: what Authenticate gave out (A3).
    pub token: Option<String>,
    /// Key `hasleader`: the call is to fail on a member that knows no leader (W17).
    pub require_leader: bool,
    /// Common name of the client's certificate, on a connection with one.
    pub common_name: Option<String>,
}
