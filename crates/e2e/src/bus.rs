//! What lies on the topics: read from the local sidecar's log as a console consumer would, and from Kafka
//! by its own.

use std::{collections::BTreeMap, path::Path, process::Command, time::Duration};

use rskafka::{
    BackoffConfig,
    client::{
        ClientBuilder,
        partition::{Compression, OffsetAt, UnknownTopicHandling},
    },
    record::{Record, RecordAndOffset},
};

use local::sidecar::topics::{self, TopicSpec};
use serde_json::Value;
use sqlx::PgPool;

/// How long a console consumer waits for another record.
const CONSOLE_TIMEOUT_MS: &str = "8000";

/// The most that is fetched of a partition at a time, in bytes.
const MAX_FETCH_BYTES: i32 = 8 * 1024 * 1024;
/// How long a fetch waits for more, in milliseconds.
const FETCH_WAIT_MS: i32 = 100;
/// How long a broker that is away is waited for.
const KAFKA_PATIENCE: Duration = Duration::from_secs(5);
/// The longest pause between two attempts.
const KAFKA_LONGEST_PAUSE: Duration = Duration::from_millis(500);

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

/// Every record of the contracts' topics in a Kafka, by topic and partition, each partition's in its order.
///
/// # Errors
/// The broker is away.
pub async fn kafka_records(brokers: &str) -> Result<Vec<BusRecord>, rskafka::client::error::Error> {
    let client = kafka(brokers).await?;
    let mut all = Vec::new();
    for topic in events::Topic::ALL {
        for partition in 0..events::Topic::PARTITIONS.into() {
            let place =
                client.partition_client(topic.name(), partition, UnknownTopicHandling::Error);
            let place = place.await?;
            let end = place.get_offset(OffsetAt::Latest).await?;
            let mut next = place.get_offset(OffsetAt::Earliest).await?;
            while next < end {
                let (records, _) =
                    place.fetch_records(next, 1..MAX_FETCH_BYTES, FETCH_WAIT_MS).await?;
                for RecordAndOffset { record, offset } in records {
                    next = offset + 1;
                    let key = record.key.map(|key| String::from_utf8_lossy(&key).into_owned());
                    let cloud_event = record.value.map(|value| serde_json::from_slice(&value));
                    all.push(BusRecord {
                        topic: topic.name().to_owned(),
                        partition,
                        offset,
                        key,
                        cloud_event: cloud_event.and_then(Result::ok).unwrap_or_default(),
                    });
                }
            }
        }
    }
    Ok(all)
}

/// Writes bytes as they are to the first partition of a topic, past every sidecar.
///
/// # Errors
/// The broker is away; they may have been written all the same.
pub async fn write_raw(
    brokers: &str,
    topic: &str,
    bytes: &[u8],
) -> Result<(), rskafka::client::error::Error> {
    let client = kafka(brokers).await?;
    let place = client.partition_client(topic, 0, UnknownTopicHandling::Error).await?;
    #[expect(clippy::disallowed_methods, reason = "a producer's stamp")]
    let timestamp = chrono::Utc::now();
    let record =
        Record { key: None, value: Some(bytes.to_vec()), headers: BTreeMap::new(), timestamp };
    place.produce(vec![record], Compression::NoCompression).await.map(drop)
}

async fn kafka(brokers: &str) -> Result<rskafka::client::Client, rskafka::client::error::Error> {
    // A broker that is being started again is asked again, but not for ever.
    let patience = BackoffConfig {
        max_backoff: KAFKA_LONGEST_PAUSE,
        deadline: Some(KAFKA_PATIENCE),
        ..BackoffConfig::default()
    };
    ClientBuilder::new(vec![brokers.to_owned()]).backoff_config(patience).build().await
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
