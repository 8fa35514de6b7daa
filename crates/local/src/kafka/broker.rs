//! One broker in KRaft mode: its folder made, started, asked whether it answers.

use std::{
    fs,
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    time::Duration,
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use kafka_admin::Admin;
use nix::sys::signal::Signal;
use tokio::{
    process::Command,
    time::{Instant, sleep},
};
use tokio_util::sync::CancellationToken;

use super::{error::KafkaStartError, libraries::Libraries};
use crate::process::{Child, describe, free_loopback_port, is_free};

/// Where Kafka is looked for when nothing is said.
const USUAL_PORT: u16 = 9092;
/// The longest that a broker may take to answer, in seconds: it may have much to recover.
const START_TIMEOUT_SECS: u64 = 120;
const POLL_INTERVAL_MS: u64 = 100;
/// How often a port is chosen anew that was free and is not.
const MAX_STARTS: u32 = 3;
/// What Java says of it.
const PORT_IS_TAKEN: &str = "Address already in use";
/// How long a stop waits for the broker to write what it has, in seconds.
const STOP_TIMEOUT_SECS: u64 = 20;
/// The name under which its lines come out.
const NAME: &str = "kafka";

/// What the broker says, for Kafka's own logging.
const LOGGING: &str = "log4j.rootLogger=WARN, stderr\n\
    log4j.appender.stderr=org.apache.log4j.ConsoleAppender\n\
    log4j.appender.stderr.target=System.err\n\
    log4j.appender.stderr.layout=org.apache.log4j.PatternLayout\n\
    log4j.appender.stderr.layout.ConversionPattern=%p %c{1}: %m%n\n";

/// How to run a broker.
#[derive(Clone, Debug)]
pub struct BrokerOptions {
    /// The broker's own folder.
    pub folder: PathBuf,
    /// Its jars.
    pub libraries: Libraries,
    /// The port of 127.0.0.1; the last one, the usual one or any that is free if none is asked for.
    pub port: Option<u16>,
    /// Where it is recorded while it runs, for a later start to end it.
    pub record: Option<PathBuf>,
}

/// A broker's folder that is ready for a start.
#[derive(Clone, Debug)]
struct Prepared {
    libraries: Libraries,
    settings: PathBuf,
    logging: PathBuf,
    /// The id that its log was given.
    cluster_id: String,
    /// Where it will answer.
    address: SocketAddr,
}

/// A running broker; killed when this is dropped without a stop.
#[derive(Debug)]
pub struct Broker {
    child: Child,
    prepared: Prepared,
}

impl Broker {
    /// Starts the broker of a folder, which is made the first time, and waits until it answers. Where
    /// somebody else was quicker to take the port, and none was asked for, it takes another.
    ///
    /// # Errors
    /// [`KafkaStartError`].
    pub async fn start(options: BrokerOptions) -> Result<Self, KafkaStartError> {
        let mut starts = 1;
        loop {
            match Self::start_once(options.clone()).await {
                Err(KafkaStartError::Ended { output, .. })
                    if options.port.is_none()
                        && starts < MAX_STARTS
                        && output.contains(PORT_IS_TAKEN) =>
                {
                    starts += 1;
                }
                outcome => return outcome,
            }
        }
    }

    async fn start_once(options: BrokerOptions) -> Result<Self, KafkaStartError> {
        let record = options.record.clone();
        let prepared = Prepared::new(options).await?;
        let child = start(NAME, &prepared.libraries, prepared.command(), record).await?;
        let mut broker = Self { child, prepared };
        let tail = broker.child.tail().clone();
        let address = broker.address();
        tokio::select! {
            ended = broker.child.ended() => Err(KafkaStartError::Ended {
                what: "broker",
                status: ended.map_or_else(|error| error.to_string(), describe),
                output: tail.text(),
            }),
            ready = ready(address, &broker.prepared.cluster_id) => {
                if ready {
                    return Ok(broker);
                }
                let output = tail.text();
                Err(KafkaStartError::NotReady { address, waited_secs: START_TIMEOUT_SECS, output })
            }
        }
    }

    /// Where it answers.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.prepared.address
    }

    /// Waits until it has ended by itself; says how.
    pub async fn ended(&mut self) -> String {
        self.child.ended().await.map_or_else(|error| error.to_string(), describe)
    }

    /// Stops it in order; at once when there is a hurry. The next start recovers.
    pub async fn stop_in_a_hurry(mut self, hurry: &CancellationToken) {
        let grace = Duration::from_secs(STOP_TIMEOUT_SECS);
        // What does not end is killed.
        drop(self.child.end(Signal::SIGTERM, grace, hurry).await);
    }

    /// Kills it with SIGKILL.
    pub async fn kill(self) {
        let now = CancellationToken::new();
        now.cancel();
        self.stop_in_a_hurry(&now).await;
    }
}

impl Prepared {
    /// Makes or brings up to date what the broker starts from.
    ///
    /// # Errors
    /// [`KafkaStartError`].
    async fn new(options: BrokerOptions) -> Result<Self, KafkaStartError> {
        let BrokerOptions { folder, libraries, port, record: _ } = options;
        fs::create_dir_all(&folder).map_err(KafkaStartError::file("make", &folder))?;
        let no_port = || KafkaStartError::file("find a free port for", &folder);
        let port_file = folder.join("port");
        let last = fs::read_to_string(&port_file).ok().and_then(|port| port.trim().parse().ok());
        let chosen = match port {
            Some(port) => port,
            None => free_port_of([last, Some(USUAL_PORT)]).map_err(no_port())?,
        };
        fs::write(&port_file, chosen.to_string())
            .map_err(KafkaStartError::file("write", &port_file))?;
        let controller = free_loopback_port().map_err(no_port())?;
        let log = folder.join("log");
        let settings = folder.join("server.properties");
        fs::write(&settings, properties(chosen, controller, &log))
            .map_err(KafkaStartError::file("write", &settings))?;
        let logging = folder.join("log4j.properties");
        fs::write(&logging, LOGGING).map_err(KafkaStartError::file("write", &logging))?;
        let address = (Ipv4Addr::LOCALHOST, chosen).into();
        // A leading dash would be an option.
        let new_id = URL_SAFE_NO_PAD.encode(rand::random::<[u8; 16]>()).replace('-', "_");
        let mut prepared = Self { libraries, settings, logging, cluster_id: new_id, address };
        let meta = log.join("meta.properties");
        if meta.is_file() {
            let meta = fs::read_to_string(&meta).map_err(KafkaStartError::file("read", &meta))?;
            let id = meta.lines().find_map(|line| line.strip_prefix("cluster.id="));
            prepared.cluster_id = id.unwrap_or_default().to_owned();
        } else {
            prepared.format().await?;
        }
        Ok(prepared)
    }

    /// Gives the log its cluster's id.
    async fn format(&self) -> Result<(), KafkaStartError> {
        let mut command = self.libraries.command("kafka.tools.StorageTool", &self.logging);
        command.args(["format", "--cluster-id", &self.cluster_id, "--config"]).arg(&self.settings);
        let mut child = start("kafka-format", &self.libraries, command, None).await?;
        let status = child.ended().await.map_err(spawning(&self.libraries))?;
        if status.success() {
            return Ok(());
        }
        let (status, output) = (describe(status), child.tail().text());
        Err(KafkaStartError::Ended { what: "storage tool", status, output })
    }

    /// The broker itself.
    fn command(&self) -> Command {
        let mut command = self.libraries.command("kafka.Kafka", &self.logging);
        command.arg(&self.settings);
        command
    }
}

async fn start(
    name: &str,
    libraries: &Libraries,
    command: Command,
    record: Option<PathBuf>,
) -> Result<Child, KafkaStartError> {
    Child::start(name, command, record).await.map_err(spawning(libraries))
}

fn spawning(libraries: &Libraries) -> impl FnOnce(std::io::Error) -> KafkaStartError {
    let program = libraries.java().to_owned();
    move |source| KafkaStartError::Spawn { program, source }
}

/// Whether the broker of this cluster answers within the time; another one there is not it.
async fn ready(address: SocketAddr, cluster_id: &str) -> bool {
    let deadline = Instant::now() + Duration::from_secs(START_TIMEOUT_SECS);
    while Instant::now() < deadline {
        if let Ok(mut admin) = Admin::connect(&address.to_string()).await
            && admin.cluster_id().await.is_ok_and(|id| id.as_deref() == Some(cluster_id))
            && admin.brokers().await.is_ok_and(|brokers| brokers > 0)
        {
            return true;
        }
        sleep(Duration::from_millis(POLL_INTERVAL_MS)).await;
    }
    false
}

fn free_port_of(preferred: [Option<u16>; 2]) -> std::io::Result<u16> {
    let free = |port: &u16| is_free((Ipv4Addr::LOCALHOST, *port).into()).is_ok();
    preferred.into_iter().flatten().find(free).map_or_else(free_loopback_port, Ok)
}

/// The broker's settings. It is broker and controller in one, and alone.
fn properties(port: u16, controller: u16, log: &Path) -> String {
    let log = log.display();
    format!(
        "process.roles=broker,controller\n\
         node.id=1\n\
         controller.quorum.voters=1@127.0.0.1:{controller}\n\
         listeners=CLIENTS://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}\n\
         advertised.listeners=CLIENTS://127.0.0.1:{port}\n\
         listener.security.protocol.map=CLIENTS:PLAINTEXT,CONTROLLER:PLAINTEXT\n\
         controller.listener.names=CONTROLLER\n\
         inter.broker.listener.name=CLIENTS\n\
         log.dirs={log}\n\
         auto.create.topics.enable=false\n\
         # Nobody else is there to keep a copy.\n\
         offsets.topic.replication.factor=1\n\
         offsets.topic.num.partitions=4\n\
         transaction.state.log.replication.factor=1\n\
         transaction.state.log.min.isr=1\n\
         # A group of one need not wait for others.\n\
         group.initial.rebalance.delay.ms=0\n"
    )
}
