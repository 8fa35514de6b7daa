//! The real thing as the bus under test: daprd, and the Kafka of `TEST_KAFKA_BROKERS`.

use std::{
    path::PathBuf,
    process::{Command, Stdio},
    time::Duration,
};

use kafka_admin::{Admin, TopicSpec};
use local::kafka::{Broker, BrokerOptions, Libraries};
use tempfile::TempDir;
use tokio::sync::Mutex;

use super::{bus::Bus, free_port};

/// How long daprd lets a refused record wait, in seconds: its own constant, for ever.
const REDELIVERY_INTERVAL_SECS: u64 = 5;

pub(crate) struct DaprdBus {
    daprd: PathBuf,
    brokers: String,
    own: Option<Own>,
}

/// A broker that a test may stop.
struct Own {
    folder: TempDir,
    libraries: Libraries,
    port: u16,
    running: Mutex<Option<Broker>>,
}

impl DaprdBus {
    /// None where this machine has no daprd or no Kafka.
    pub(crate) fn find() -> Option<Self> {
        let daprd = std::env::var_os("TEST_DAPRD")?.into();
        let brokers = std::env::var("TEST_KAFKA_BROKERS").ok()?;
        Some(Self { daprd, brokers, own: None })
    }

    /// With a broker for this test alone.
    pub(crate) async fn find_with_own_broker() -> Option<Self> {
        let shared = Self::find()?;
        let libraries = std::env::var_os("KAFKA_LIBS").map(PathBuf::from);
        let libraries = Libraries::find(libraries.as_deref()).ok()?;
        let folder = tempfile::tempdir().expect("a folder");
        let own = Own { folder, libraries, port: free_port(), running: Mutex::default() };
        own.start().await;
        Some(Self { brokers: format!("127.0.0.1:{}", own.port), own: Some(own), ..shared })
    }

    async fn admin(&self) -> Admin {
        Admin::connect(&self.brokers).await.expect("Kafka")
    }
}

impl Own {
    async fn start(&self) {
        let options = BrokerOptions {
            folder: self.folder.path().to_owned(),
            libraries: self.libraries.clone(),
            port: Some(self.port),
            record: None,
        };
        *self.running.lock().await = Some(Broker::start(options).await.expect("Kafka"));
    }

    async fn kill(&self) {
        self.running.lock().await.take().expect("it runs").kill().await;
    }
}

impl Bus for DaprdBus {
    async fn create_topics(&self, topics: &[(String, u16)]) {
        let topics: Vec<_> = topics
            .iter()
            .map(|(name, partitions)| TopicSpec {
                name: name.clone(),
                partitions: *partitions,
                replication: 1,
                retention_days: 1,
            })
            .collect();
        self.admin().await.ensure_topics(&topics).await.expect("topics");
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.daprd);
        command.args(["--log-level", "warn"]);
        if std::env::var_os("RUST_LOG").is_none() {
            command.stdout(Stdio::null()).stderr(Stdio::null());
        }
        command
    }

    fn brokers(&self) -> &str {
        &self.brokers
    }

    async fn settled(&self, group: &str, topic: &str) -> u64 {
        let committed = self.admin().await.committed(group, topic).await.expect("the offsets");
        committed.values().sum::<i64>().try_into().expect("no offset is negative")
    }

    async fn stop_broker(&self) {
        self.own.as_ref().expect("a broker for this test").kill().await;
    }

    async fn start_broker(&self) {
        self.own.as_ref().expect("a broker for this test").start().await;
    }

    fn redelivery_interval(&self) -> Duration {
        Duration::from_secs(REDELIVERY_INTERVAL_SECS + 1)
    }
}
