//! Real etcd on this machine: found, started on loopback with its data in memory, and ended by
//! process id.

use std::fs;
use std::io;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use proto::etcdserverpb::{StatusRequest, StatusResponse};
use proto::{Code, Metadata, Status, method};

use crate::Connection;

/// Names the program, where `etcd` of the search path is not the one wanted.
pub const ETCD_VARIABLE: &str = "ETCD_LAB_REAL_ETCD";
/// Memory as a file system; without it data goes to the folder for temporary files.
const MEMORY_DISK: &str = "/dev/shm";
/// How long a cluster may take to its first leader.
const PATIENCE: Duration = Duration::from_secs(20);

/// The etcd program of this machine: [`ETCD_VARIABLE`], else `etcd` of the search path.
pub fn find_etcd() -> Option<PathBuf> {
    if let Some(named) = std::env::var_os(ETCD_VARIABLE) {
        return Some(named.into());
    }
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|dir| dir.join("etcd")).find(|program| program.is_file())
}

/// A cluster of real members. Dropping it ends their processes and removes their data.
pub struct RealCluster {
    members: Vec<Child>,
    endpoints: Vec<String>,
    dir: PathBuf,
    version: String,
}

impl RealCluster {
    /// Starts so many members on free ports of loopback and waits until all know a leader. `flags`
    /// are added to each one's.
    ///
    /// # Errors
    /// The system's, or what the members last wrote when they do not come up.
    pub async fn start(program: &Path, members: usize, flags: &[&str]) -> io::Result<RealCluster> {
        let ports = free_ports(2 * members)?;
        let (clients, peers) = ports.split_at(members);
        let mut cluster = RealCluster {
            members: Vec::new(),
            endpoints: clients.iter().map(|port| format!("127.0.0.1:{port}")).collect(),
            dir: fresh_dir()?,
            version: String::new(),
        };
        let initial: Vec<String> = (1..)
            .zip(peers)
            .map(|(number, port)| format!("r{number}=http://127.0.0.1:{port}"))
            .collect();
        for (at, (client, peer)) in clients.iter().zip(peers).enumerate() {
            let name = format!("r{}", at + 1);
            let log = fs::File::create(cluster.dir.join(format!("{name}.log")))?;
            let (client, peer) =
                (format!("http://127.0.0.1:{client}"), format!("http://127.0.0.1:{peer}"));
            let mut command = Command::new(program);
            command.args(["--name", &name, "--logger", "zap", "--log-level", "error"]);
            command.arg("--data-dir").arg(cluster.dir.join(&name));
            command.args(["--listen-client-urls", &client, "--advertise-client-urls", &client]);
            command.args(["--listen-peer-urls", &peer, "--initial-advertise-peer-urls", &peer]);
            command.args(["--initial-cluster", &initial.join(",")]).args(flags);
            command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
            cluster.members.push(command.spawn()?);
        }
        match cluster.until_led().await {
            Ok(version) => cluster.version = version,
            Err(status) => return Err(io::Error::other(format!("{status}\n{}", cluster.logs()))),
        }
        Ok(cluster)
    }

    /// Client addresses, `host:port`.
    pub fn endpoints(&self) -> &[String] {
        &self.endpoints
    }

    /// What the members say of their release: `3.4.23`.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Resident memory of each member in bytes, where the system tells it.
    pub fn resident_bytes(&self) -> Vec<u64> {
        self.members.iter().filter_map(|member| resident_bytes(member.id())).collect()
    }

    async fn until_led(&mut self) -> Result<String, Status> {
        let start = Instant::now();
        let mut version = String::new();
        for endpoint in self.endpoints.clone() {
            loop {
                let late = start.elapsed() > PATIENCE;
                match status(&endpoint).await {
                    Ok(status) if status.leader != 0 => {
                        version = status.version;
                        break;
                    }
                    Err(status) if late => return Err(status),
                    Ok(_) if late => return Err(Status::new(Code::Unavailable, "no leader")),
                    _ => tokio::time::sleep(Duration::from_millis(20)).await,
                }
                for member in &mut self.members {
                    if let Ok(Some(ended)) = member.try_wait() {
                        let text = format!("a member ended with {ended}");
                        return Err(Status::new(Code::Unavailable, text));
                    }
                }
            }
        }
        Ok(version)
    }

    fn logs(&self) -> String {
        let names = (1..=self.members.len()).map(|number| format!("r{number}.log"));
        names.map(|name| fs::read_to_string(self.dir.join(name)).unwrap_or_default()).collect()
    }
}

/// One real member on a data directory of the caller's. Dropping it kills its process.
pub struct RealMember {
    process: Child,
    endpoint: String,
    log: PathBuf,
}

impl RealMember {
    /// Starts a member on `data_dir`, whatever lies in it, and waits until it knows a leader. `flags`
    /// are added to its own. Its log goes to a file beside the directory.
    ///
    /// # Errors
    /// The system's, or what the member last wrote when it does not come up.
    pub async fn start(
        program: &Path,
        name: &str,
        data_dir: &Path,
        flags: &[&str],
    ) -> io::Result<RealMember> {
        let ports = free_ports(2)?;
        let log = data_dir.with_extension("log");
        let out = fs::File::create(&log)?;
        let url = |port: u16| format!("http://127.0.0.1:{port}");
        let mut command = Command::new(program);
        command.args(["--name", name, "--logger", "zap", "--log-level", "error"]);
        command.arg("--data-dir").arg(data_dir);
        for flag in ["--listen-client-urls", "--advertise-client-urls"] {
            command.args([flag, &url(ports[0])]);
        }
        for flag in ["--listen-peer-urls", "--initial-advertise-peer-urls"] {
            command.args([flag, &url(ports[1])]);
        }
        command.args(["--initial-cluster", &format!("{name}={}", url(ports[1]))]).args(flags);
        command.stdin(Stdio::null()).stdout(out.try_clone()?).stderr(out);
        let endpoint = format!("127.0.0.1:{}", ports[0]);
        let mut member = RealMember { process: command.spawn()?, endpoint, log };
        match member.until_led().await {
            Ok(()) => Ok(member),
            Err(why) => {
                let log = fs::read_to_string(&member.log).unwrap_or_default();
                Err(io::Error::other(format!("{why}\n{log}")))
            }
        }
    }

    async fn until_led(&mut self) -> Result<(), String> {
        let start = Instant::now();
        loop {
            if status(&self.endpoint).await.is_ok_and(|status| status.leader != 0) {
                return Ok(());
            }
            if let Ok(Some(ended)) = self.process.try_wait() {
                return Err(format!("the member ended with {ended}"));
            }
            if start.elapsed() > PATIENCE {
                return Err("no leader".into());
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Where it listens for clients, `host:port`.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// SIGTERM, until it is gone.
    ///
    /// # Errors
    /// The system's.
    pub fn stop(mut self) -> io::Result<()> {
        let pid = self.process.id().to_string();
        Command::new("kill").args(["-TERM", &pid]).status()?;
        self.process.wait().map(drop)
    }

    /// SIGKILL.
    pub fn kill(self) {}
}

impl Drop for RealMember {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = fs::remove_file(&self.log);
    }
}

/// A new folder of this process's own, in memory where that is to be had. Nobody removes it.
///
/// # Errors
/// The system's.
pub fn scratch_dir() -> io::Result<PathBuf> {
    fresh_dir()
}

async fn status(endpoint: &str) -> Result<StatusResponse, Status> {
    let connection = Connection::open(endpoint).await?;
    let request = StatusRequest::default();
    connection.unary(method::maintenance::STATUS, &Metadata::default(), &request).await
}

impl Drop for RealCluster {
    fn drop(&mut self) {
        for member in &mut self.members {
            // One that has ended by itself cannot be ended again; both is well.
            let _ = member.kill();
            let _ = member.wait();
        }
        let _ = fs::remove_dir_all(&self.dir);
    }
}

/// Resident memory of a process of this machine in bytes, where the system tells it.
fn resident_bytes(pid: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok().map(|kib| kib * 1024)
}

/// Ports that nobody listens at now. All are held until the last is drawn, so that they differ.
fn free_ports(count: usize) -> io::Result<Vec<u16>> {
    let held: Vec<TcpListener> =
        (0..count).map(|_| TcpListener::bind("127.0.0.1:0")).collect::<io::Result<_>>()?;
    held.iter().map(|listener| Ok(listener.local_addr()?.port())).collect()
}

fn fresh_dir() -> io::Result<PathBuf> {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let memory = Path::new(MEMORY_DISK);
    let base = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
    let dir = base.join(format!("etcd-lab-real-{}-{number}", std::process::id()));
    let _ = fs::remove_dir_all(&dir);
    fs::create_dir_all(&dir)?;
    Ok(dir)
}
