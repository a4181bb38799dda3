//! One HTTP/2 connection to a member, and the calls and streams on it.

use std::future::poll_fn;

use bytes::Bytes;
use h2::client::{ResponseFuture, SendRequest};
use h2::{RecvStream, SendStream};
use http::{HeaderMap, Method, Request, Version};
use prost::Message;
use proto::{Code, Metadata, Status};
use tokio::net::TcpStream;

use crate::message::{Frames, frame};
use crate::status::status_of;

/// How much the other side may send ahead on a stream and on the connection. HTTP/2's own 64 KiB
/// would make a thousand watchers wait for each other.
const STREAM_WINDOW: u32 = 4 << 20;
const CONNECTION_WINDOW: u32 = 16 << 20;
/// Calls that one connection may have open; h2 itself begins with 100.
const OPEN_CALLS: usize = 100_000;

/// A connection. Clones share it, and calls on it run side by side.
#[derive(Clone)]
pub struct Connection {
    requests: SendRequest<Bytes>,
    authority: String,
}

impl Connection {
    /// Connects to `host:port` without TLS. Must be called inside a tokio runtime, which then also
    /// drives the connection.
    ///
    /// # Errors
    /// Unavailable, with the system's text.
    pub async fn open(address: &str) -> Result<Connection, Status> {
        let socket = TcpStream::connect(address).await.map_err(unavailable)?;
        // A small request must not wait for the answer to the one before.
        socket.set_nodelay(true).map_err(unavailable)?;
        let (requests, driver) = h2::client::Builder::new()
            .initial_window_size(STREAM_WINDOW)
            .initial_connection_window_size(CONNECTION_WINDOW)
            .initial_max_send_streams(OPEN_CALLS)
            .max_send_buffer_size(CONNECTION_WINDOW as usize)
            .handshake(socket)
            .await
            .map_err(unavailable)?;
        // What goes wrong with the connection is seen by each call on it.
        tokio::spawn(async move { drop(driver.await) });
        Ok(Connection { requests, authority: address.to_owned() })
    }

    /// One unary call: encoded message in, encoded message out.
    ///
    /// # Errors
    /// The status that the server gave, or Unavailable when the connection broke.
    pub async fn call(
        &self,
        method: &str,
        metadata: &Metadata,
        request: &[u8],
    ) -> Result<Bytes, Status> {
        let (mut sender, mut receiver) = self.stream(method, metadata).await?;
        sender.send_last(request)?;
        let answer = receiver.next().await?;
        let answer = answer.ok_or_else(|| Status::new(Code::Internal, "grpc: no message"))?;
        match receiver.next().await? {
            None => Ok(answer),
            Some(_) => Err(Status::new(Code::Internal, "grpc: more than one message")),
        }
    }

    /// The same with messages.
    ///
    /// # Errors
    /// As [`Connection::call`]; Internal when the answer cannot be read.
    pub async fn unary<A: Message, B: Message + Default>(
        &self,
        method: &str,
        metadata: &Metadata,
        request: &A,
    ) -> Result<B, Status> {
        let answer = self.call(method, metadata, &request.encode_to_vec()).await?;
        B::decode(answer).map_err(|error| Status::new(Code::Internal, error.to_string()))
    }

    /// Opens a stream; the server may answer before anything is sent.
    ///
    /// # Errors
    /// Unavailable when the connection is broken.
    pub async fn stream(
        &self,
        method: &str,
        metadata: &Metadata,
    ) -> Result<(Sender, Receiver), Status> {
        let mut requests = self.requests.clone().ready().await.map_err(unavailable)?;
        let head = self.head(method, metadata)?;
        let (response, body) = requests.send_request(head, false).map_err(unavailable)?;
        let receiver = Receiver { state: State::Head(response), frames: Frames::default() };
        Ok((Sender { body }, receiver))
    }

    fn head(&self, method: &str, metadata: &Metadata) -> Result<Request<()>, Status> {
        let mut head = Request::builder()
            .method(Method::POST)
            .version(Version::HTTP_2)
            .uri(format!("http://{}{method}", self.authority))
            .header("content-type", "application/grpc")
            .header("te", "trailers");
        if let Some(token) = &metadata.token {
            head = head.header("token", token);
        }
        if metadata.require_leader {
            head = head.header("hasleader", "true");
        }
        head.body(()).map_err(|error| Status::new(Code::Internal, error.to_string()))
    }
}

/// The client's half of a stream. Dropping it leaves the stream as it is.
pub struct Sender {
    body: SendStream<Bytes>,
}

impl Sender {
    /// Sends a message; it never waits, what cannot leave yet is kept.
    ///
    /// # Errors
    /// Unavailable when the stream has ended.
    pub fn send(&mut self, message: &[u8]) -> Result<(), Status> {
        self.body.send_data(frame(message), false).map_err(unavailable)
    }

    /// Sends the last message and says that it is the last.
    ///
    /// # Errors
    /// As [`Sender::send`].
    pub fn send_last(&mut self, message: &[u8]) -> Result<(), Status> {
        self.body.send_data(frame(message), true).map_err(unavailable)
    }

    /// Says that no more will be sent.
    ///
    /// # Errors
    /// As [`Sender::send`].
    pub fn close(&mut self) -> Result<(), Status> {
        self.body.send_data(Bytes::new(), true).map_err(unavailable)
    }

    /// Gives the stream up: the server sees its context cancelled.
    pub fn cancel(&mut self) {
        self.body.send_reset(h2::Reason::CANCEL);
    }
}

enum State {
    Head(ResponseFuture),
    Body(RecvStream),
    Ended,
}

/// The server's half of a stream.
pub struct Receiver {
    state: State,
    frames: Frames,
}

impl Receiver {
    /// The next message; `None` once the stream has ended well.
    ///
    /// # Errors
    /// The status that ended the stream.
    pub async fn next(&mut self) -> Result<Option<Bytes>, Status> {
        loop {
            if let Some(message) = self.frames.take()? {
                return Ok(Some(message));
            }
            match &mut self.state {
                State::Ended => return Ok(None),
                State::Head(response) => {
                    let response = response.await.map_err(unavailable)?;
                    if let Some(status) = status_of(response.headers()) {
                        self.state = State::Ended;
                        return status.map(|()| None);
                    }
                    if !response.status().is_success() {
                        let text = format!("unexpected HTTP status {}", response.status());
                        return Err(Status::new(Code::Unknown, text));
                    }
                    self.state = State::Body(response.into_body());
                }
                State::Body(body) => match body.data().await {
                    Some(piece) => {
                        let piece = piece.map_err(unavailable)?;
                        // Room for the next: without this the server would stop after one window.
                        body.flow_control().release_capacity(piece.len()).map_err(unavailable)?;
                        self.frames.add(&piece);
                    }
                    None => {
                        let trailers = poll_fn(|context| body.poll_trailers(context)).await;
                        self.state = State::Ended;
                        return ended(trailers.map_err(unavailable)?, self.frames.is_torn());
                    }
                },
            }
        }
    }
}

fn ended(trailers: Option<HeaderMap>, is_torn: bool) -> Result<Option<Bytes>, Status> {
    match trailers.as_ref().and_then(status_of) {
        Some(Err(status)) => Err(status),
        Some(Ok(())) if !is_torn => Ok(None),
        _ => Err(Status::new(Code::Internal, "grpc: the answer ended early")),
    }
}

fn unavailable(error: impl std::fmt::Display) -> Status {
    Status::new(Code::Unavailable, error.to_string())
}
