//! What lies on the topics: read from the local sidecar's log as a console consumer would, and from Kafka
//! by its own.

use std::{path::Path, process::Command};

use local::sidecar::topics::{self, TopicSpec};
use serde_json::Value;
use sqlx::PgPool;

/// How long a console consumer waits for another record.
const CONSOLE_TIMEOUT_MS: &str = "8000";

/// A record on a topic.
#[derive(Clone, Debug)]
pub struct BusRecord {
    /// Its topic.
    pub topic: String,
    /// Its partition.
    pub partition: i32,
    /// Its place in the partition.
    pub offset: i64,
    /// The key that it was published with.
    pub key: Option<String>,
    /// The CloudEvent; null where it is not JSON.
    pub cloud_event: Value,
}

impl BusRecord {
    /// The envelope in it.
    #[must_use]
    pub fn envelope(&self) -> &Value {
        &self.cloud_event["data"]
    }
}

/// topic, partition, offset, key, value
type Row = (String, i32, i64, Option<String>, Vec<u8>);

/// Every record of a topic, in the order of its partitions.
///
/// # Panics
/// When the log can't be read.
pub async fn records(pool: &PgPool, topic: &str) -> Vec<BusRecord> {
    let rows: Vec<Row> = sqlx::query_as(
        r#"select topic, partition, "offset", key, value from bus.record
           where topic = $1 order by partition, "offset""#,
    )
    .bind(topic)
    .fetch_all(pool)
    .await
    .expect("the log");
    rows.into_iter()
        .map(|(topic, partition, offset, key, value)| BusRecord {
            topic,
            partition,
            offset,
            key,
            cloud_event: serde_json::from_slice(&value).unwrap_or_default(),
        })
        .collect()
}

/// Every record of every topic of a Kafka, as its own console consumer prints them: the topic and the place
/// are not among it.
///
/// # Panics
/// When there is no Java, or the consumer fails.
#[must_use]
pub fn console_records(brokers: &str, kafka_libs: &Path) -> Vec<BusRecord> {
    let topics = events::Topic::ALL.map(events::Topic::name).join("|");
    let output = Command::new("java")
        .arg("-cp")
        .arg(kafka_libs.join("*"))
        .args(["org.apache.kafka.tools.consumer.ConsoleConsumer", "--bootstrap-server", brokers])
        .args(["--include", &topics, "--from-beginning", "--property", "print.key=true"])
        // It has no other end than that nothing came for so long.
        .args(["--timeout-ms", CONSOLE_TIMEOUT_MS])
        .output()
        .expect("Java");
    let text = String::from_utf8_lossy(&output.stdout);
    text.lines()
        .map(|line| {
            let (key, value) = line.split_once('\t').expect("a key and a value");
            BusRecord {
                topic: String::new(),
                partition: 0,
                offset: 0,
                key: (key != "null").then(|| key.to_owned()),
                cloud_event: serde_json::from_str(value).unwrap_or_default(),
            }
        })
        .collect()
}

/// Makes the log and the topics of the contracts.
pub(crate) async fn prepare(pool: &PgPool) {
    topics::migrate(pool).await.expect("the log's schema");
    let specs: Vec<TopicSpec> = events::Topic::ALL
        .into_iter()
        .map(|topic| TopicSpec {
            name: topic.name().to_owned(),
            partitions: events::Topic::PARTITIONS,
            retention_days: topic.retention_days(),
        })
        .collect();
    topics::create(pool, &specs).await.expect("the topics");
}
