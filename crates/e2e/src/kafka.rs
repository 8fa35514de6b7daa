//! A Kafka of a test's own, for the real sidecars.

use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use events::Topic;
use kafka_admin::{Admin, TopicSpec};
use local::kafka::{Broker, BrokerOptions, Libraries};
use tempfile::TempDir;
use testing::free_port;

/// What the repository's component has for its brokers.
const COMPONENT_BROKERS: &str = "127.0.0.1:9092";

/// A broker with the topics of the contracts, and where daprd is.
#[derive(Debug)]
pub struct Kafka {
    /// The real sidecar's program.
    pub daprd: PathBuf,
    /// The folder of Kafka's jars.
    pub libraries: PathBuf,
    options: BrokerOptions,
    broker: Option<Broker>,
    address: SocketAddr,
    folder: TempDir,
}

impl Kafka {
    /// Starts it; none where this machine has no daprd or no Kafka.
    ///
    /// # Panics
    /// When it does not come up.
    pub async fn start() -> Option<Self> {
        let kafka = Self::start_empty().await?;
        let mut admin = Admin::connect(&kafka.brokers()).await.expect("the broker");
        let topics = Topic::ALL.map(|topic| TopicSpec::of(topic, 1));
        admin.ensure_topics(&topics).await.expect("the topics");
        kafka.write_resources();
        Some(kafka)
    }

    /// The same without a topic.
    ///
    /// # Panics
    /// When it does not come up.
    pub async fn start_empty() -> Option<Self> {
        let daprd = std::env::var_os("TEST_DAPRD")?.into();
        let libraries: PathBuf = std::env::var_os("KAFKA_LIBS")?.into();
        let folder = tempfile::tempdir().expect("a folder");
        let address = free_port();
        let options = BrokerOptions {
            folder: folder.path().join("kafka"),
            libraries: Libraries::find(Some(&libraries)).expect("Kafka's jars"),
            port: Some(address.port()),
            record: None,
        };
        let broker = Some(Broker::start(options.clone()).await.expect("a broker"));
        Some(Self { daprd, libraries, options, broker, address, folder })
    }

    /// Its address.
    #[must_use]
    pub fn brokers(&self) -> String {
        self.address.to_string()
    }

    /// The repository's `dapr` folder, with this broker in its component.
    #[must_use]
    pub fn dapr(&self) -> PathBuf {
        self.folder.path().join("dapr")
    }

    /// The flags that only daprd needs, with ports of their own.
    #[must_use]
    pub fn flags() -> Vec<String> {
        let port = || free_port().port();
        vec![
            format!("--dapr-grpc-port={}", port()),
            format!("--dapr-internal-grpc-port={}", port()),
            format!("--metrics-port={}", port()),
            "--dapr-listen-addresses=127.0.0.1".to_owned(),
            "--placement-host-address=".to_owned(),
            "--log-level=warn".to_owned(),
        ]
    }

    /// Kills the broker with -9, if it runs.
    pub async fn kill(&mut self) {
        if let Some(broker) = self.broker.take() {
            broker.kill().await;
        }
    }

    /// Starts it again, where it was.
    ///
    /// # Panics
    /// When it does not come up.
    pub async fn start_again(&mut self) {
        self.broker = Some(Broker::start(self.options.clone()).await.expect("a broker"));
    }

    fn write_resources(&self) {
        let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../dapr");
        for folder in ["", "components", "subscriptions"] {
            let to = self.dapr().join(folder);
            fs::create_dir_all(&to).expect("a folder");
            let files = fs::read_dir(from.join(folder)).expect("the resources").flatten();
            for file in files.filter(|file| file.path().is_file()) {
                let text = fs::read_to_string(file.path()).expect("a resource");
                let text = text.replace(COMPONENT_BROKERS, &self.brokers());
                fs::write(to.join(file.file_name()), text).expect("a resource");
            }
        }
    }
}
