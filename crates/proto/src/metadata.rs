//! What a call carries beside its message: gRPC's metadata, and who the connection belongs to.

use serde::{Deserialize, Serialize};

/// Metadata of one call or stream. The default is a client without a login on a plain connection.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Metadata {
    /// Key `token`: what Authenticate gave out (A3).
    pub token: Option<String>,
    /// Key `hasleader`: the call is to fail on a member that knows no leader (W17).
    pub require_leader: bool,
    /// The TLS session that the call travels on; none on a plain connection. See [`tls`](crate::tls).
    pub tls_session: Option<u64>,
    /// Common name of the client's certificate. Whoever listens says it, never whoever calls.
    pub common_name: Option<String>,
}
