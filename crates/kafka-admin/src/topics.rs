//! Topics: made where they are missing, widened where they are too narrow, never taken away.

use events::Topic;
use kafka_protocol::messages::{
    CreatePartitionsRequest, CreateTopicsRequest, IncrementalAlterConfigsRequest,
    create_partitions_request::CreatePartitionsTopic,
    create_topics_request::{CreatableTopic, CreatableTopicConfig},
    incremental_alter_configs_request::{AlterConfigsResource, AlterableConfig},
};
use kafka_protocol::{ResponseError, protocol::StrBytes};

use crate::{
    Admin, KafkaError,
    connection::{name, named, text},
};

/// Version 4: with settings, and an error with its words for each topic.
const CREATE_TOPICS_VERSION: i16 = 4;
const CREATE_PARTITIONS_VERSION: i16 = 1;
const ALTER_CONFIGS_VERSION: i16 = 0;
/// How long a broker may take to make topics, in milliseconds.
const TIMEOUT_MS: i32 = 20_000;
/// Kafka's number for a topic among the things that have settings, and for setting one of these.
const TOPIC_RESOURCE: i8 = 2;
const SET: i8 = 0;
const RETENTION: &str = "retention.ms";
const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

/// A topic that shall exist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicSpec {
    /// Its name.
    pub name: String,
    /// How many partitions it has at least.
    pub partitions: u16,
    /// On how many brokers each record is kept, if the topic is new.
    pub replication: u16,
    /// Days after which a record may be deleted.
    pub retention_days: u16,
}

impl TopicSpec {
    /// A topic of the contracts, on so many brokers.
    #[must_use]
    pub fn of(topic: Topic, replication: u16) -> Self {
        Self {
            name: topic.name().to_owned(),
            partitions: Topic::PARTITIONS,
            replication,
            retention_days: topic.retention_days(),
        }
    }

    fn retention_ms(&self) -> StrBytes {
        text(&(i64::from(self.retention_days) * DAY_MS).to_string())
    }
}

impl Admin {
    /// Creates the topics that are missing, adds the partitions that are, and sets the retention of all.
    /// Partitions are never taken away, and the replication of a topic that is there stays.
    ///
    /// # Errors
    /// [`KafkaError`]; those topics that were made stay, and to ask again does no harm.
    pub async fn ensure_topics(&mut self, topics: &[TopicSpec]) -> Result<(), KafkaError> {
        let there = self.partitions(topics.iter().map(|topic| topic.name.as_str())).await?;
        let (old, new): (Vec<_>, Vec<_>) =
            topics.iter().partition(|topic| there.contains_key(&topic.name));
        self.create(&new).await?;
        let is_narrow = |topic: &&&TopicSpec| {
            there.get(&topic.name).is_some_and(|there| *there < topic.partitions.into())
        };
        self.widen(old.iter().filter(is_narrow).copied()).await?;
        self.set_retention(&old).await
    }

    async fn create(&mut self, topics: &[&TopicSpec]) -> Result<(), KafkaError> {
        if topics.is_empty() {
            return Ok(());
        }
        let new = topics.iter().map(|topic| {
            let retention = CreatableTopicConfig::default()
                .with_name(StrBytes::from_static_str(RETENTION))
                .with_value(Some(topic.retention_ms()));
            CreatableTopic::default()
                .with_name(named(&topic.name))
                .with_num_partitions(topic.partitions.into())
                .with_replication_factor(topic.replication.cast_signed())
                .with_configs(vec![retention])
        });
        let request =
            CreateTopicsRequest::default().with_topics(new.collect()).with_timeout_ms(TIMEOUT_MS);
        for topic in self.connection.ask(request, CREATE_TOPICS_VERSION).await?.topics {
            // Somebody else may have been quicker.
            let is_there = topic.error_code == ResponseError::TopicAlreadyExists.code();
            if topic.error_code != 0 && !is_there {
                let action = format!("make the topic {}", name(&topic.name));
                let message = topic.error_message.as_deref();
                return Err(KafkaError::refused(action, topic.error_code, message));
            }
        }
        Ok(())
    }

    async fn widen(&mut self, topics: impl Iterator<Item = &TopicSpec>) -> Result<(), KafkaError> {
        let wider: Vec<_> = topics
            .map(|topic| {
                let wider = CreatePartitionsTopic::default().with_name(named(&topic.name));
                wider.with_count(topic.partitions.into()).with_assignments(None)
            })
            .collect();
        if wider.is_empty() {
            return Ok(());
        }
        let request =
            CreatePartitionsRequest::default().with_topics(wider).with_timeout_ms(TIMEOUT_MS);
        for topic in self.connection.ask(request, CREATE_PARTITIONS_VERSION).await?.results {
            if topic.error_code != 0 {
                let action = format!("add partitions to the topic {}", name(&topic.name));
                let message = topic.error_message.as_deref();
                return Err(KafkaError::refused(action, topic.error_code, message));
            }
        }
        Ok(())
    }

    async fn set_retention(&mut self, topics: &[&TopicSpec]) -> Result<(), KafkaError> {
        if topics.is_empty() {
            return Ok(());
        }
        let resources = topics.iter().map(|topic| {
            let retention = AlterableConfig::default()
                .with_name(StrBytes::from_static_str(RETENTION))
                .with_config_operation(SET)
                .with_value(Some(topic.retention_ms()));
            AlterConfigsResource::default()
                .with_resource_type(TOPIC_RESOURCE)
                .with_resource_name(text(&topic.name))
                .with_configs(vec![retention])
        });
        let request = IncrementalAlterConfigsRequest::default().with_resources(resources.collect());
        for topic in self.connection.ask(request, ALTER_CONFIGS_VERSION).await?.responses {
            if topic.error_code != 0 {
                let action = format!("set the retention of the topic {}", &*topic.resource_name);
                let message = topic.error_message.as_deref();
                return Err(KafkaError::refused(action, topic.error_code, message));
            }
        }
        Ok(())
    }
}
