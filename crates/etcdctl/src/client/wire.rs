//! A stream over whichever endpoint takes it. Left out: retries of a stream, which clientv3 leaves to
//! those who use it.

use bytes::Bytes;
use prost::Message;
use proto::etcdserverpb::{SnapshotRequest, SnapshotResponse};
use proto::{Status, method};

use super::tls::is_closed;
use super::{Client, ClientError, Deadline, closing, decode, encode};
use crate::system::{CallError, LocalFuture, Stream};

/// An open stream.
pub(super) struct Wire<'c, 'a> {
    client: &'c Client<'a>,
    /// The endpoint at its other end.
    index: usize,
    stream: Box<dyn Stream + 'a>,
}

/// Why a stream has ended.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Broken {
    /// It never was: nobody listens. Opening another one waits for its turn.
    NotOpened,
    /// The server has said all.
    End,
    Status(Status),
}

impl<'a> Client<'a> {
    /// The database of the member that takes the call, with its sum at the end. The deadline is for the
    /// connection.
    pub(crate) async fn snapshot(&self, deadline: Deadline) -> Result<Vec<u8>, ClientError> {
        let mut file = Vec::new();
        loop {
            let wire = self.open_by(deadline, method::maintenance::SNAPSHOT, false).await?;
            wire.send(&SnapshotRequest::default());
            wire.stream.close_send();
            loop {
                match wire.next().await {
                    Ok(message) => {
                        let piece: SnapshotResponse = decode(&message)?;
                        file.extend_from_slice(&piece.blob);
                    }
                    Err(Broken::NotOpened) => break,
                    Err(Broken::End) => return Ok(file),
                    Err(Broken::Status(status)) => return Err(ClientError::Status(status)),
                }
            }
        }
    }

    /// The endpoints as they were given.
    pub(crate) fn endpoint_names(&self) -> &[String] {
        &self.config.endpoints
    }

    /// Waits for an endpoint and opens a stream there, with a token of its own if there is a login.
    pub(super) async fn open(
        &self,
        method: &'static str,
        require_leader: bool,
    ) -> Result<Wire<'_, 'a>, ClientError> {
        self.open_by(Deadline::NEVER, method, require_leader).await
    }

    async fn open_by(
        &self,
        deadline: Deadline,
        method: &'static str,
        require_leader: bool,
    ) -> Result<Wire<'_, 'a>, ClientError> {
        self.log_in(deadline).await?;
        let ready = self.ready(deadline).await;
        let (index, address) = ready.map_err(|status| {
            let expired = deadline.left_us(self.system) == 0;
            if expired { ClientError::Deadline } else { ClientError::Status(status) }
        })?;
        let stream = self.system.open(address, method, self.metadata(index, require_leader));
        Ok(Wire { client: self, index, stream })
    }
}

impl Wire<'_, '_> {
    pub(super) fn send(&self, message: &impl Message) {
        self.stream.send(encode(message));
    }

    /// The next message, or the end.
    pub(super) fn next(&self) -> LocalFuture<'_, Result<Bytes, Broken>> {
        Box::pin(async {
            let result = self.stream.next().await;
            match &result {
                Err(CallError::Refused) => {
                    self.client.refused(self.index);
                    return Err(Broken::NotOpened);
                }
                Err(CallError::Status(status)) if is_closed(status) => {
                    self.client.closed(self.index);
                    return Err(Broken::NotOpened);
                }
                _ => {}
            }
            self.client.endpoints[self.index].refusal.take();
            match result {
                Ok(Some(message)) => Ok(message),
                Ok(None) => Err(Broken::End),
                Err(CallError::Status(status)) => Err(Broken::Status(status)),
                Err(_) => Err(Broken::Status(closing())),
            }
        })
    }
}
