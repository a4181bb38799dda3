//! `etcdctl make-mirror DESTINATION`: puts all keys into another cluster and then every change, one
//! transaction for a revision, until it is ended or fails.

use std::cell::Cell;

use bytes::Bytes;
use proto::etcdserverpb::request_op::Request;
use proto::etcdserverpb::{
    DeleteRangeRequest, PutRequest, PutResponse, RequestOp, TxnRequest, TxnResponse,
};
use proto::mvccpb::Event;
use proto::mvccpb::event::EventType;
use proto::{error, method};

use crate::client::{
    Client, ClientError, Config, Deadline, Login, Retry, Syncer, WatchId, Watcher,
};
use crate::exit::Exit;
use crate::process::Invocation;
use crate::task;

/// How often it tells how much it has copied.
const TELL_EVERY_US: u64 = 30_000_000;

pub(super) async fn run(mut invocation: Invocation<'_>) -> Result<(), Exit> {
    let to = invocation.only_arg("make-mirror takes one destination argument")?.to_string();
    let config = destination(&invocation, to).await?;
    let to = Client::new(invocation.system, config).await?;
    let (client, _) = invocation.client().await?;
    let mirror = Mirror::new(&invocation, to)?;
    let telling = mirror.tell(&invocation);
    let copying = mirror.copy(&client, invocation.flags.int("rev"));
    task::beside(&client.stir, Box::pin(telling), Box::pin(copying)).await.map_err(Exit::error)?;
    // A watch that ends in silence is no error to Go: it prints that there was none.
    Err(Exit::error("<nil>"))
}

/// The other cluster, with what the `--dest-` flags say of it.
async fn destination(invocation: &Invocation<'_>, endpoint: String) -> Result<Config, Exit> {
    let flags = &invocation.flags;
    Ok(Config {
        endpoints: vec![endpoint],
        tls: invocation.tls("dest-")?,
        dial_timeout_ns: flags.duration_ns("dial-timeout"),
        login: login(invocation).await?,
    })
}

async fn login(invocation: &Invocation<'_>) -> Result<Option<Login>, Exit> {
    let (user, password) =
        (invocation.flags.text("dest-user"), invocation.flags.text("dest-password"));
    let (name, password) = match user.split_once(':') {
        _ if user.is_empty() => return Ok(None),
        _ if !password.is_empty() => (user, password.to_string()),
        Some((name, password)) => (name, password.to_string()),
        None => (user, invocation.ask("Destination Password: ").await.map_err(Exit::error)?),
    };
    let given = !name.is_empty() && !password.is_empty();
    Ok(given.then(|| Login { name: name.to_string(), password }))
}

/// What is copied to where.
struct Mirror<'a> {
    to: Client<'a>,
    prefix: String,
    to_prefix: String,
    max_ops: usize,
    /// Keys and changes so far.
    copied: Cell<u64>,
}

impl<'a> Mirror<'a> {
    fn new(invocation: &Invocation<'_>, to: Client<'a>) -> Result<Self, Exit> {
        let flags = &invocation.flags;
        let prefix = flags.text("prefix").to_string();
        let to_prefix = match (flags.text("dest-prefix"), flags.bool("no-dest-prefix")) {
            ("", false) => prefix.clone(),
            ("", true) => String::new(),
            (to_prefix, false) => to_prefix.to_string(),
            _ => {
                let both = "`--dest-prefix` and `--no-dest-prefix`";
                let line = format!("{both} cannot be set at the same time, choose one");
                return Err(Exit::bad_args(line));
            }
        };
        // Releases without the flag do not cut; zero never meets a length above zero.
        let max_ops = usize::try_from(flags.int("max-txn-ops")).unwrap_or(0);
        Ok(Mirror { to, prefix, to_prefix, max_ops, copied: Cell::new(0) })
    }

    async fn tell(&self, invocation: &Invocation<'_>) {
        loop {
            invocation.system.sleep_us(TELL_EVERY_US).await;
            invocation.stdout(format!("{}\n", self.copied.get()));
        }
    }

    /// Copies for as long as nothing fails. From a given revision on the base is not copied.
    async fn copy(&self, client: &Client<'_>, from_revision: i64) -> Result<(), ClientError> {
        let revision = from_revision.saturating_sub(1).max(0);
        let mut syncer = Syncer::new(client, Bytes::from(self.prefix.clone()), revision).await?;
        while revision == 0
            && let Some(page) = syncer.base().await?
        {
            for kv in page.kvs {
                let put = self.put(&kv.key, kv.value);
                let (method, retry) = (method::kv::PUT, Retry::Never);
                let _: PutResponse = self.to.call(Deadline::NEVER, method, &put, retry).await?;
                self.copied.set(self.copied.get() + 1);
            }
        }
        let watcher = Watcher::new(client, false);
        let watch = watcher.watch(syncer.updates());
        let following = self.follow(&watcher, watch);
        task::beside(&client.stir, Box::pin(watcher.drive()), Box::pin(following)).await
    }

    async fn follow(&self, watcher: &Watcher<'_, '_>, watch: WatchId) -> Result<(), ClientError> {
        while let Some(watched) = watcher.next(watch).await {
            if watched.compact_revision != 0 {
                return Err(ClientError::Status(error::compacted()));
            }
            let mut ops = Vec::new();
            let mut last_revision = 0;
            for event in watched.events.into_iter().flatten() {
                let revision = event.kv.as_ref().map_or(0, |kv| kv.mod_revision);
                let is_next = last_revision != 0 && revision > last_revision;
                if is_next || (!ops.is_empty() && ops.len() == self.max_ops) {
                    self.commit(std::mem::take(&mut ops)).await?;
                }
                last_revision = revision;
                ops.push(self.op(event));
                self.copied.set(self.copied.get() + 1);
            }
            if !ops.is_empty() {
                self.commit(ops).await?;
            }
        }
        Ok(())
    }

    async fn commit(&self, success: Vec<RequestOp>) -> Result<(), ClientError> {
        let txn = TxnRequest { success, ..TxnRequest::default() };
        let (method, retry) = (method::kv::TXN, Retry::Never);
        let _: TxnResponse = self.to.call(Deadline::NEVER, method, &txn, retry).await?;
        Ok(())
    }

    fn op(&self, event: Event) -> RequestOp {
        let deleted = event.r#type() == EventType::Delete;
        let kv = event.kv.unwrap_or_default();
        let request = if deleted {
            let key = self.key(&kv.key);
            Request::RequestDeleteRange(DeleteRangeRequest { key, ..Default::default() })
        } else {
            Request::RequestPut(self.put(&kv.key, kv.value))
        };
        RequestOp { request: Some(request) }
    }

    /// Leases stay behind.
    fn put(&self, key: &[u8], value: Bytes) -> PutRequest {
        PutRequest { key: self.key(key), value, ..PutRequest::default() }
    }

    /// The key's name there. All keys begin with the prefix, as they were asked for so.
    fn key(&self, key: &[u8]) -> Bytes {
        let rest = key.strip_prefix(self.prefix.as_bytes()).unwrap_or(key);
        Bytes::from([self.to_prefix.as_bytes(), rest].concat())
    }
}
