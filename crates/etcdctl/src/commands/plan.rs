//! A command that is one call: what to ask, how long to wait, what becomes of the answer. Most are; a
//! description instead of a function each keeps them small.

use bytes::Bytes;
use prost::Message;
use proto::etcdserverpb::AuthEnableResponse;

use crate::client::{self, ClientError, Deadline, Retry, encode};
use crate::exit::Exit;
use crate::printers::{Display, Done, Reply};
use crate::process::Invocation;

/// How long a command waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wait {
    /// `--command-timeout`, counted from before the variables are read.
    Limited,
    /// The same, counted from the call.
    LimitedLate,
    /// As long as it takes.
    Forever,
}

/// The answer, to be read and shown.
pub(super) struct Answer<'i, 's> {
    invocation: &'i Invocation<'s>,
    pub(super) display: Display,
    bytes: Bytes,
}

type Show = Box<dyn FnOnce(&mut Answer<'_, '_>) -> Result<(), Exit>>;

pub(super) struct Plan {
    method: &'static str,
    request: Bytes,
    retry: Retry,
    wait: Wait,
    failed: fn(ClientError) -> Exit,
    show: Show,
}

impl Plan {
    /// A read, within `--command-timeout`.
    pub(super) fn read(
        method: &'static str,
        request: &impl Message,
        show: impl FnOnce(&mut Answer<'_, '_>) -> Result<(), Exit> + 'static,
    ) -> Self {
        Plan {
            method,
            request: encode(request),
            retry: Retry::Repeatable,
            wait: Wait::Limited,
            failed: Exit::error,
            show: Box::new(show),
        }
    }

    /// A change, which is not sent twice.
    pub(super) fn change(
        method: &'static str,
        request: &impl Message,
        show: impl FnOnce(&mut Answer<'_, '_>) -> Result<(), Exit> + 'static,
    ) -> Self {
        Plan { retry: Retry::Never, ..Plan::read(method, request, show) }
    }

    /// A change of users or roles: only the header comes back, and `text` is said then.
    pub(super) fn simple(method: &'static str, request: &impl Message, text: String) -> Self {
        let show = |answer: &mut Answer<'_, '_>| {
            let header = answer.read::<AuthEnableResponse>()?.header;
            answer.show(&Reply::Done(&Done { header, text, fields: true, message: true }))
        };
        Plan::change(method, request, show).wait(Wait::Forever)
    }

    pub(super) fn wait(self, wait: Wait) -> Self {
        Plan { wait, ..self }
    }

    /// How a failure is told, if not as an error with status 1.
    pub(super) fn failed(self, failed: fn(ClientError) -> Exit) -> Self {
        Plan { failed, ..self }
    }

    pub(super) async fn carry_out(self, mut invocation: Invocation<'_>) -> Result<(), Exit> {
        let early = invocation.deadline();
        let (client, display) = invocation.client().await?;
        let deadline = match self.wait {
            Wait::Limited => early,
            Wait::LimitedLate => invocation.deadline(),
            Wait::Forever => Deadline::NEVER,
        };
        let reply = client.call_bytes(deadline, self.method, self.request, self.retry).await;
        let bytes = reply.map_err(self.failed)?;
        (self.show)(&mut Answer { invocation: &invocation, display, bytes })
    }
}

impl Answer<'_, '_> {
    pub(super) fn read<R: Message + Default>(&self) -> Result<R, Exit> {
        client::decode(&self.bytes).map_err(Exit::error)
    }

    pub(super) fn show(&self, reply: &Reply<'_>) -> Result<(), Exit> {
        self.display.show(self.invocation, reply)
    }

    pub(super) fn say(&self, text: String) {
        self.invocation.stdout(text);
    }
}
