//! The log's schema and its topics. Whoever starts the stack creates them; the sidecar never does,
//! as a broker without auto-creation.

use events::Topic;
use sqlx::{PgPool, migrate::MigrateError};

/// A topic that shall exist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicSpec {
    /// Its name.
    pub name: String,
    /// How many partitions it has at least.
    pub partitions: u16,
    /// Days after which a record may be deleted.
    pub retention_days: u16,
}

impl From<Topic> for TopicSpec {
    fn from(topic: Topic) -> Self {
        Self {
            name: topic.name().to_owned(),
            partitions: Topic::PARTITIONS,
            retention_days: topic.retention_days(),
        }
    }
}

/// Brings the log's schema up to date; several may do so at once.
///
/// # Errors
/// The database is away, or its schema is newer than this program.
pub async fn migrate(pool: &PgPool) -> Result<(), MigrateError> {
    sqlx::migrate!().run(pool).await
}

/// Creates the topics that are missing, adds the partitions that are, and sets the retention.
/// Partitions are never taken away: a key's records would be split.
///
/// # Errors
/// The database is away, or has no schema `bus` yet.
pub async fn create(pool: &PgPool, topics: &[TopicSpec]) -> Result<(), sqlx::Error> {
    let names: Vec<String> = topics.iter().map(|topic| topic.name.clone()).collect();
    let partitions: Vec<i32> = topics.iter().map(|topic| topic.partitions.into()).collect();
    let retention: Vec<i32> = topics.iter().map(|topic| topic.retention_days.into()).collect();
    let mut transaction = pool.begin().await?;
    sqlx::query!(
        "insert into bus.topic (name, partitions, retention_days)
         select * from unnest($1::text[], $2::integer[], $3::integer[])
         on conflict (name) do update
         set partitions = greatest(topic.partitions, excluded.partitions),
             retention_days = excluded.retention_days",
        &names,
        &partitions,
        &retention,
    )
    .execute(&mut *transaction)
    .await?;
    sqlx::query!(
        "insert into bus.partition_head (topic, partition)
         select name, generate_series(0, partitions - 1) from bus.topic where name = any($1)
         on conflict do nothing",
        &names,
    )
    .execute(&mut *transaction)
    .await?;
    transaction.commit().await
}
