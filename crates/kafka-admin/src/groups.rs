//! What a consumer group has committed.

use std::collections::BTreeMap;

use kafka_protocol::messages::{OffsetFetchRequest, offset_fetch_request::OffsetFetchRequestTopic};

use crate::{
    Admin, KafkaError,
    connection::{named, text},
};

/// Version 5: one group, with an error for each partition.
const OFFSET_FETCH_VERSION: i16 = 5;

impl Admin {
    /// The offsets that a group has committed of a topic, by partition: of each the next that it
    /// consumes. A partition of which it has committed nothing is left out. The broker must be the
    /// group's coordinator, as the only one is.
    ///
    /// # Errors
    /// [`KafkaError`].
    pub async fn committed(
        &mut self,
        group: &str,
        topic: &str,
    ) -> Result<BTreeMap<i32, i64>, KafkaError> {
        let partitions = self.partitions([topic]).await?.remove(topic).unwrap_or_default();
        let partitions = (0..).take(partitions).collect();
        let asked = OffsetFetchRequestTopic::default()
            .with_name(named(topic))
            .with_partition_indexes(partitions);
        let request = OffsetFetchRequest::default()
            .with_group_id(text(group).into())
            .with_topics(Some(vec![asked]));
        let answer = self.connection.ask(request, OFFSET_FETCH_VERSION).await?;
        let refused = |code| {
            KafkaError::refused(format!("read what {group} has committed of {topic}"), code, None)
        };
        if answer.error_code != 0 {
            return Err(refused(answer.error_code));
        }
        let mut committed = BTreeMap::new();
        for partition in answer.topics.into_iter().flat_map(|topic| topic.partitions) {
            if partition.error_code != 0 {
                return Err(refused(partition.error_code));
            }
            if partition.committed_offset >= 0 {
                committed.insert(partition.partition_index, partition.committed_offset);
            }
        }
        Ok(committed)
    }
}
