//! The durable log: append, fetch, acknowledge.
//!
//! Promises: offsets are dense and become visible in their order; what [`Log::append`] returned
//! survives a crash of the database. Acknowledgements are not flushed one by one: a crash of the
//! database may take back the last of them, and their records are delivered again.

use std::{collections::BTreeMap, str::FromStr, time::Duration};

use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret, SecretString};
use sqlx::{
    PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};

use super::{
    clock::DatabaseClock,
    error::SidecarError,
    heads::{Heads, TopicPartition},
    metadata::Metadata,
    partitioner::partition_of,
};

/// The longest that a statement may run, in seconds.
const STATEMENT_TIMEOUT_SECS: u64 = 30;
/// The longest wait for a connection, in seconds.
const ACQUIRE_TIMEOUT_SECS: u64 = 5;
/// Connections of each of the two pools, at the most.
const MAX_CONNECTIONS: u32 = 8;
/// Records of one fetch, at the most.
const FETCH_MAX_RECORDS: i64 = 200;
/// A fetch ends with the record that reaches this many bytes.
const FETCH_MAX_BYTES: i64 = 2 * 1024 * 1024;

/// The log, and what this process knows of it.
#[derive(Debug)]
pub(crate) struct Log {
    /// Waits for the disk when it commits.
    pub(crate) durable: PgPool,
    /// Does not; for all that may be lost with the database's crash.
    pub(crate) relaxed: PgPool,
    /// How long each partition is.
    pub(crate) heads: Heads,
    /// The database's time.
    pub(crate) clock: DatabaseClock,
    session: PgConnectOptions,
}

/// A record that is to be appended.
#[derive(Clone, Debug)]
pub(crate) struct NewRecord {
    /// Decides the partition.
    pub(crate) key: Option<String>,
    /// The bytes.
    pub(crate) value: Vec<u8>,
    /// What rides along.
    pub(crate) headers: Metadata,
}

/// A record of a partition.
#[derive(Debug)]
pub(crate) struct Record {
    /// Its place in the partition.
    pub(crate) offset: i64,
    /// What decided the partition.
    pub(crate) key: Option<String>,
    /// The bytes.
    pub(crate) value: Vec<u8>,
    /// What rides along.
    pub(crate) headers: Metadata,
    /// The database's time when it was appended.
    pub(crate) appended_at: DateTime<Utc>,
}

/// Nothing was appended.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AppendError {
    /// The topic was never created.
    #[error("the topic does not exist")]
    UnknownTopic,
    /// The log is away, or refused.
    #[error("the log did not take it: {0}")]
    Database(#[from] sqlx::Error),
}

impl Log {
    /// Connects when it is first used.
    ///
    /// # Errors
    /// [`SidecarError::DatabaseUrl`].
    pub(crate) fn new(url: &SecretString, app_id: &str) -> Result<Self, SidecarError> {
        let options = PgConnectOptions::from_str(url.expose_secret())
            .map_err(SidecarError::DatabaseUrl)?
            .application_name(&format!("sidecar {app_id}"))
            .options([("statement_timeout", format!("{STATEMENT_TIMEOUT_SECS}s"))]);
        let relaxed = options.clone().options([("synchronous_commit", "off")]);
        Ok(Self {
            durable: pool(options),
            relaxed: pool(relaxed.clone()),
            heads: Heads::default(),
            clock: DatabaseClock::default(),
            session: relaxed,
        })
    }

    /// A pool of one connection, whose session holds locks. It is never exchanged for another.
    pub(crate) fn session(&self) -> PgPool {
        PgPoolOptions::new()
            .max_connections(1)
            .max_lifetime(None)
            .idle_timeout(None)
            .acquire_timeout(Duration::from_secs(ACQUIRE_TIMEOUT_SECS))
            .connect_lazy_with(self.session.clone())
    }

    /// Closes the pools.
    pub(crate) async fn close(&self) {
        tokio::join!(self.durable.close(), self.relaxed.close());
    }

    /// Looks at the clock and at every partition.
    ///
    /// # Errors
    /// The database is away, or has no log yet.
    pub(crate) async fn look(&self) -> Result<(), sqlx::Error> {
        let rows = sqlx::query!(
            r#"select clock_timestamp() as "now!", head.topic as "topic?",
                      head.partition as "partition?", head.next_offset as "next_offset?"
               from (select) as always left join bus.partition_head as head on true"#
        )
        .fetch_all(&self.relaxed)
        .await?;
        for row in rows {
            self.clock.set(row.now);
            if let (Some(topic), Some(partition), Some(next_offset)) =
                (row.topic, row.partition, row.next_offset)
            {
                self.heads.raise(&topic, partition, next_offset);
            }
        }
        Ok(())
    }

    /// Appends records to a topic, all or none, in their order; returns the new heads.
    ///
    /// # Errors
    /// [`AppendError`].
    pub(crate) async fn append(
        &self,
        topic: &str,
        records: Vec<NewRecord>,
    ) -> Result<Vec<(TopicPartition, i64)>, AppendError> {
        if self.heads.partitions(topic).is_none() {
            self.look().await?;
        }
        let partitions = self.heads.partitions(topic).ok_or(AppendError::UnknownTopic)?;
        let placed: Vec<_> = records
            .into_iter()
            .map(|record| (partition_of(record.key.as_deref(), partitions), record))
            .collect();
        let heads = self.write(topic, placed).await?;
        for ((topic, partition), next_offset) in &heads {
            self.heads.raise(topic, *partition, *next_offset);
        }
        Ok(heads)
    }

    async fn write(
        &self,
        topic: &str,
        records: Vec<(i32, NewRecord)>,
    ) -> Result<Vec<(TopicPartition, i64)>, sqlx::Error> {
        let touched: Vec<i32> = records.iter().map(|(partition, _)| *partition).collect();
        let mut transaction = self.durable.begin().await?;
        // In the order of partitions, so that two transactions never wait for each other.
        let mut next: BTreeMap<i32, i64> = sqlx::query!(
            "select partition, next_offset from bus.partition_head
             where topic = $1 and partition = any($2) order by partition for update",
            topic,
            &touched,
        )
        .map(|row| (row.partition, row.next_offset))
        .fetch_all(&mut *transaction)
        .await?
        .into_iter()
        .collect();
        let columns = Columns::fill(records, &mut next)?;
        let (partitions, heads): (Vec<i32>, Vec<i64>) = next.into_iter().unzip();
        sqlx::query!(
            r#"with advanced as (
                   update bus.partition_head as head set next_offset = new.next_offset
                   from unnest($7::integer[], $8::bigint[]) as new (partition, next_offset)
                   where head.topic = $1 and head.partition = new.partition)
               insert into bus.record (topic, partition, "offset", key, value, headers)
               select $1, * from unnest($2::integer[], $3::bigint[], $4::text[], $5::bytea[], $6::jsonb[])"#,
            topic,
            &columns.partitions,
            &columns.offsets,
            &columns.keys as &[Option<String>],
            &columns.values,
            &columns.headers,
            &partitions,
            &heads,
        )
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        let topic_partitions =
            partitions.into_iter().map(|partition| (topic.to_owned(), partition));
        Ok(topic_partitions.zip(heads).collect())
    }

    /// The next records of a partition, from an offset; those that retention took are passed over.
    ///
    /// # Errors
    /// The database is away.
    pub(crate) async fn fetch(
        &self,
        (topic, partition): &TopicPartition,
        from: i64,
    ) -> Result<Vec<Record>, sqlx::Error> {
        let rows = sqlx::query!(
            // Offsets are dense, so a range of them bounds what is read whatever the planner does.
            r#"with bounds as (
                   select greatest($3, first_offset) as first from bus.partition_head
                   where topic = $1 and partition = $2),
               next as (
                   select record.*, sum(octet_length(value)) over (order by "offset") as bytes
                   from bus.record
                   where topic = $1 and partition = $2
                     and "offset" >= (select first from bounds)
                     and "offset" < (select first from bounds) + $4::bigint)
               select "offset", key, value, headers, appended_at from next
               where bytes - octet_length(value) < $5 order by "offset""#,
            topic,
            partition,
            from,
            FETCH_MAX_RECORDS,
            FETCH_MAX_BYTES,
        )
        .fetch_all(&self.relaxed)
        .await?;
        rows.into_iter()
            .map(|row| {
                let headers = serde_json::from_value(row.headers)
                    .map_err(|error| sqlx::Error::Decode(error.into()))?;
                Ok(Record {
                    offset: row.offset,
                    key: row.key,
                    value: row.value,
                    headers,
                    appended_at: row.appended_at,
                })
            })
            .collect()
    }

    /// Where a group goes on in a partition; a group that is new there starts with the oldest
    /// record, or with the next one.
    ///
    /// # Errors
    /// The database is away.
    pub(crate) async fn position(
        &self,
        group: &str,
        (topic, partition): &TopicPartition,
        from_oldest: bool,
    ) -> Result<i64, sqlx::Error> {
        sqlx::query!(
            "insert into bus.group_offset (consumer_group, topic, partition, next_offset)
             select $1, topic, partition, case when $4 then first_offset else next_offset end
             from bus.partition_head where topic = $2 and partition = $3
             on conflict do nothing",
            group,
            topic,
            partition,
            from_oldest,
        )
        .execute(&self.relaxed)
        .await?;
        sqlx::query_scalar!(
            "select next_offset from bus.group_offset
             where consumer_group = $1 and topic = $2 and partition = $3",
            group,
            topic,
            partition,
        )
        .fetch_one(&self.relaxed)
        .await
    }

    /// Acknowledges everything before an offset. False where the group is already further: somebody
    /// else consumes the partition.
    ///
    /// # Errors
    /// The database is away.
    pub(crate) async fn acknowledge(
        &self,
        group: &str,
        (topic, partition): &TopicPartition,
        next_offset: i64,
    ) -> Result<bool, sqlx::Error> {
        let done = sqlx::query!(
            "update bus.group_offset set next_offset = $4
             where consumer_group = $1 and topic = $2 and partition = $3 and next_offset < $4",
            group,
            topic,
            partition,
            next_offset,
        )
        .execute(&self.relaxed)
        .await?;
        Ok(done.rows_affected() == 1)
    }
}

/// Records as the arrays that PostgreSQL takes.
#[derive(Default)]
struct Columns {
    partitions: Vec<i32>,
    offsets: Vec<i64>,
    keys: Vec<Option<String>>,
    values: Vec<Vec<u8>>,
    headers: Vec<serde_json::Value>,
}

impl Columns {
    /// Gives each record its partition's next offset and moves that on.
    fn fill(
        records: Vec<(i32, NewRecord)>,
        next: &mut BTreeMap<i32, i64>,
    ) -> Result<Self, sqlx::Error> {
        let mut columns = Self::default();
        for (partition, record) in records {
            let next_offset = next.get_mut(&partition).ok_or(sqlx::Error::RowNotFound)?;
            columns.partitions.push(partition);
            columns.offsets.push(*next_offset);
            columns.keys.push(record.key);
            columns.values.push(record.value);
            columns.headers.push(
                record
                    .headers
                    .into_iter()
                    .map(|(name, value)| (name, serde_json::Value::String(value)))
                    .collect(),
            );
            *next_offset += 1;
        }
        Ok(columns)
    }
}

fn pool(options: PgConnectOptions) -> PgPool {
    PgPoolOptions::new()
        .max_connections(MAX_CONNECTIONS)
        .acquire_timeout(Duration::from_secs(ACQUIRE_TIMEOUT_SECS))
        .connect_lazy_with(options)
}
