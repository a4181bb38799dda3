//! `etcdctl`: the adapter between a process of the host and the crate of that name.
//!
//! etcdctl prints without waiting; what it prints is queued and written to its descriptors beside
//! it, so that a full pipe slows only the writing. A broken pipe ends it as SIGPIPE would.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::future::Future;
use std::pin::pin;
use std::task::Poll;

use ::etcdctl::{CallError, LocalFuture, System};
use bytes::Bytes;

use crate::process::{Exit, Process, Reader, ToolResult};
use crate::sys::CallResult;

struct Adapter {
    process: Process,
    stdin: RefCell<Option<Reader>>,
    printed: RefCell<VecDeque<(bool, Vec<u8>)>>,
}

pub(super) async fn etcdctl(process: Process) -> ToolResult {
    let args = process.operands().to_vec();
    let stdin = RefCell::new(Some(process.stdin()));
    let adapter = Adapter { process, stdin, printed: RefCell::default() };
    let mut running = pin!(::etcdctl::run(&adapter, &args));
    let mut writing: Option<LocalFuture<'_, Result<(), Exit>>> = None;
    let mut status = None;
    std::future::poll_fn(|cx| {
        loop {
            if status.is_none()
                && let Poll::Ready(code) = running.as_mut().poll(cx)
            {
                status = Some(code);
            }
            if writing.is_none() {
                let next = adapter.printed.borrow_mut().pop_front();
                writing = next.map(|(stderr, bytes)| adapter.write(stderr, bytes));
            }
            match (&mut writing, status) {
                (None, Some(code)) => return Poll::Ready(Ok(code)),
                (None, None) => return Poll::Pending,
                (Some(write), _) => match write.as_mut().poll(cx) {
                    Poll::Ready(Ok(())) => writing = None,
                    Poll::Ready(Err(exit)) => return Poll::Ready(Err(exit)),
                    Poll::Pending => return Poll::Pending,
                },
            }
        }
    })
    .await
}

impl Adapter {
    fn write(&self, stderr: bool, bytes: Vec<u8>) -> LocalFuture<'_, Result<(), Exit>> {
        Box::pin(async move {
            if stderr { self.process.err(bytes).await } else { self.process.out(bytes).await }
        })
    }
}

impl System for Adapter {
    fn env(&self) -> Vec<(String, String)> {
        self.process.env.clone().into_iter().collect()
    }

    fn stdin(&self) -> LocalFuture<'_, Vec<u8>> {
        Box::pin(async move {
            let Some(mut reader) = self.stdin.take() else { return Vec::new() };
            reader.all().await
        })
    }

    fn read_line(&self) -> LocalFuture<'_, Option<Vec<u8>>> {
        Box::pin(async move {
            let mut reader = self.stdin.take()?;
            let line = reader.line().await;
            self.stdin.replace(Some(reader));
            line.map(|(mut line, newline)| {
                if newline {
                    line.push(b'\n');
                }
                line
            })
        })
    }

    fn print(&self, stderr: bool, text: &[u8]) {
        self.printed.borrow_mut().push_back((stderr, text.to_vec()));
    }

    fn now_us(&self) -> u64 {
        self.process.sys.clock().now_us()
    }

    fn wall_us(&self) -> u64 {
        self.process.sys.wall_us()
    }

    fn sleep_us(&self, us: u64) -> LocalFuture<'_, ()> {
        Box::pin(self.process.sys.sleep_us(us))
    }

    fn call<'a>(
        &'a self,
        address: &'a str,
        method: &'static str,
        request: Bytes,
    ) -> LocalFuture<'a, Result<Bytes, CallError>> {
        let call = self.process.sys.call(address, method, request);
        Box::pin(async move {
            match call.await {
                CallResult::Reply(reply) => reply.map_err(CallError::Status),
                CallResult::Refused => Err(CallError::Refused),
                CallResult::ConnectionLost => Err(CallError::ConnectionLost),
            }
        })
    }

    fn random_u64(&self) -> u64 {
        self.process.sys.random_u64()
    }
}
