//! What Dapr does not do with Kafka: making topics, and reading what a consumer group has committed.
//!
//! Speaks Kafka's own protocol to one broker, in versions that Apache Kafka has had since 2.4 and
//! Redpanda from its beginning on. Never: a record; those go through the sidecars.

mod connection;
mod error;
mod groups;
mod topics;

use std::collections::BTreeMap;

pub use error::KafkaError;
use kafka_protocol::messages::{MetadataRequest, metadata_request::MetadataRequestTopic};
pub use topics::TopicSpec;

use connection::{Connection, name, named};

/// Version 7: who the brokers are, which topics there are.
const METADATA_VERSION: i16 = 7;

/// A connection to a broker.
#[derive(Debug)]
pub struct Admin {
    connection: Connection,
}

impl Admin {
    /// Connects to the first broker that answers; `brokers` is `host:port`, or several with commas.
    ///
    /// # Errors
    /// [`KafkaError::Away`] with what the last one said.
    pub async fn connect(brokers: &str) -> Result<Self, KafkaError> {
        let mut last = None;
        for broker in brokers.split(',').map(str::trim).filter(|broker| !broker.is_empty()) {
            match Connection::open(broker).await {
                Ok(connection) => return Ok(Self { connection }),
                Err(error) => last = Some(error),
            }
        }
        Err(last.unwrap_or(KafkaError::NoBroker))
    }

    /// How many brokers the cluster has.
    ///
    /// # Errors
    /// [`KafkaError`].
    pub async fn brokers(&mut self) -> Result<usize, KafkaError> {
        // An empty list asks for no topic.
        let request = MetadataRequest::default().with_topics(Some(vec![]));
        Ok(self.connection.ask(request, METADATA_VERSION).await?.brokers.len())
    }

    /// The name that the cluster was given when its log was made.
    ///
    /// # Errors
    /// [`KafkaError`].
    pub async fn cluster_id(&mut self) -> Result<Option<String>, KafkaError> {
        let request = MetadataRequest::default().with_topics(Some(vec![]));
        let answer = self.connection.ask(request, METADATA_VERSION).await?;
        Ok(answer.cluster_id.map(|id| id.to_string()))
    }

    /// The partitions of those of some topics that there are.
    ///
    /// # Errors
    /// [`KafkaError`].
    pub async fn partitions<'a>(
        &mut self,
        topics: impl IntoIterator<Item = &'a str>,
    ) -> Result<BTreeMap<String, usize>, KafkaError> {
        let asked = |topic: &str| MetadataRequestTopic::default().with_name(Some(named(topic)));
        let topics = topics.into_iter().map(asked).collect();
        let request = MetadataRequest::default()
            .with_topics(Some(topics))
            .with_allow_auto_topic_creation(false);
        let answer = self.connection.ask(request, METADATA_VERSION).await?;
        let there = answer.topics.into_iter().filter(|topic| topic.error_code == 0);
        Ok(there.filter_map(|topic| Some((name(&topic.name?), topic.partitions.len()))).collect())
    }
}
