//! Loads a real etcd of three members on loopback as the lab's own loads do, and prints
//! `row<TAB>what<TAB>value<TAB>mode` lines for `cargo xtask bench beside-etcd`.
//!
//! Each request in flight is a task of its own that waits for its answer before it asks again, as so
//! many clients would; the tasks share a dozen connections, four to each member, on one thread.

use std::cell::Cell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use frame::LoadKind;
use lab::{LOAD_KEYS, LOAD_VALUE_BYTES, LOAD_WATCHERS, load_request, load_watch};
use peer::{Connection, RealCluster, Receiver, Sender, find_etcd};
use prost::Message;
use proto::etcdserverpb::WatchResponse;
use proto::{Metadata, Status, method};
use tokio::task::LocalSet;

const MEMBERS: usize = 3;
const CONNECTIONS: usize = 12;
const WARM: Duration = Duration::from_millis(500);
const MEASURE: Duration = Duration::from_secs(2);

fn main() {
    let Some(program) = find_etcd() else {
        eprintln!("there is no etcd to measure (Debian: etcd-server)");
        std::process::exit(2);
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime without threads");
    let tasks = LocalSet::new();
    if let Err(status) = tasks.block_on(&runtime, bench(&program)) {
        eprintln!("{status}");
        std::process::exit(1);
    }
}

async fn bench(program: &std::path::Path) -> Result<(), Status> {
    for kind in LoadKind::ALL {
        for in_flight in kind.in_flight() {
            // A fresh cluster for each: a store of many revisions is another load.
            let cluster = RealCluster::start(program, MEMBERS, &[]).await;
            let cluster = cluster.expect("etcd starts on this machine");
            let load = Load::new(kind, &cluster).await?;
            let per_second = load.run(*in_flight).await?;
            let mode = format!("real etcd {}, 3 members, tmpfs", cluster.version());
            println!("row\t{}\t{per_second:.0} /s\t{mode}", kind.what(*in_flight));
        }
    }
    Ok(())
}

#[derive(Clone)]
struct Load {
    kind: LoadKind,
    connections: Rc<Vec<Connection>>,
    value: Bytes,
    next: Rc<Cell<u64>>,
    done: Rc<Cell<u64>>,
}

impl Load {
    async fn new(kind: LoadKind, cluster: &RealCluster) -> Result<Load, Status> {
        let mut connections = Vec::new();
        for at in 0..CONNECTIONS {
            connections.push(Connection::open(&cluster.endpoints()[at % MEMBERS]).await?);
        }
        Ok(Load {
            kind,
            connections: Rc::new(connections),
            value: vec![b'v'; LOAD_VALUE_BYTES].into(),
            next: Rc::default(),
            done: Rc::default(),
        })
    }

    /// How much is done in a second.
    async fn run(&self, in_flight: u32) -> Result<f64, Status> {
        if self.kind != LoadKind::Put {
            self.fill().await?;
        }
        let mut tasks = Vec::new();
        if self.kind == LoadKind::Watch {
            for connection in self.connections.iter() {
                let (sender, receiver) = self.watchers(connection).await?;
                tasks.push(tokio::task::spawn_local(self.clone().count(sender, receiver)));
            }
        }
        for number in 0..in_flight {
            tasks.push(tokio::task::spawn_local(self.clone().repeat(number as usize)));
        }
        tokio::time::sleep(WARM).await;
        let (started, before) = (Instant::now(), self.done.get());
        tokio::time::sleep(MEASURE).await;
        let per_second = (self.done.get() - before) as f64 / started.elapsed().as_secs_f64();
        for task in tasks {
            task.abort();
        }
        Ok(per_second)
    }

    async fn fill(&self) -> Result<(), Status> {
        for number in 0..LOAD_KEYS {
            let (method, put) = load_request(LoadKind::Put, number, &self.value);
            self.connections[0].call(method, &Metadata::default(), &put).await?;
        }
        Ok(())
    }

    /// One client: asks, waits, asks again.
    async fn repeat(self, number: usize) {
        let connection = self.connections[number % CONNECTIONS].clone();
        let counts = self.kind != LoadKind::Watch;
        loop {
            let number = self.next.get();
            self.next.set(number + 1);
            let (method, request) = load_request(self.kind, number, &self.value);
            match connection.call(method, &Metadata::default(), &request).await {
                Ok(_) if counts => self.done.set(self.done.get() + 1),
                Ok(_) => {}
                Err(status) => panic!("a request failed: {status}"),
            }
        }
    }

    /// This connection's share of the watchers, on one stream, all created.
    async fn watchers(&self, connection: &Connection) -> Result<(Sender, Receiver), Status> {
        let create = load_watch();
        let opened = connection.stream(method::watch::WATCH, &Metadata::default()).await?;
        let (mut sender, mut receiver) = opened;
        for _ in 0..LOAD_WATCHERS.div_ceil(CONNECTIONS as u64) {
            sender.send(&create)?;
            while !response(&mut receiver).await?.created {}
        }
        Ok((sender, receiver))
    }

    /// Counts a stream's events. The sender is kept so that the stream stays open.
    async fn count(self, _sender: Sender, mut receiver: Receiver) {
        while let Ok(response) = response(&mut receiver).await {
            self.done.set(self.done.get() + response.events.len() as u64);
        }
    }
}

async fn response(receiver: &mut Receiver) -> Result<WatchResponse, Status> {
    let message = receiver.next().await?;
    let message = message.ok_or_else(|| Status::new(proto::Code::Unavailable, "it ended"))?;
    WatchResponse::decode(message)
        .map_err(|error| Status::new(proto::Code::Internal, error.to_string()))
}
