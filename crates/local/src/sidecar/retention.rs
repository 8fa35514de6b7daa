//! Deletes what is older than its topic keeps, in batches, hourly.

use std::{sync::Arc, time::Duration};

use tokio_util::sync::CancellationToken;

use super::log::Log;

/// The wait between two rounds, in seconds.
const RETENTION_INTERVAL_SECS: u64 = 3_600;
/// Records deleted by one transaction, at the most.
const RETENTION_BATCH_RECORDS: i64 = 1_000;

/// A partition and how long it keeps records.
struct Kept {
    topic: String,
    partition: i32,
    retention_days: i32,
}

/// Deletes every hour until stopped. Several processes may do so: each finds what the others left.
pub(crate) async fn run(log: Arc<Log>, stop: CancellationToken) {
    let mut ticks = tokio::time::interval(Duration::from_secs(RETENTION_INTERVAL_SECS));
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = stop.cancelled() => return,
        }
        tokio::select! {
            deleted = delete_expired(&log) => match deleted {
                Ok(0) => {}
                Ok(records) => tracing::info!(records, "records past their retention deleted"),
                Err(error) => tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "records past their retention were not deleted"
                ),
            },
            () = stop.cancelled() => return,
        }
    }
}

/// Deletes every record that is older than its topic keeps; returns how many.
///
/// # Errors
/// The database is away.
pub(crate) async fn delete_expired(log: &Log) -> Result<u64, sqlx::Error> {
    let partitions = sqlx::query_as!(
        Kept,
        "select head.topic, head.partition, topic.retention_days
         from bus.partition_head as head join bus.topic as topic on topic.name = head.topic
         where head.first_offset < head.next_offset",
    )
    .fetch_all(&log.relaxed)
    .await?;
    let mut deleted = 0;
    for kept in partitions {
        loop {
            let batch = delete_batch(log, &kept).await?;
            deleted += batch;
            if batch == 0 {
                break;
            }
        }
    }
    Ok(deleted)
}

/// Takes the oldest records of a partition up to the last that is too old. The head is locked last,
/// so that nobody waits for the deletion to publish.
async fn delete_batch(log: &Log, kept: &Kept) -> Result<u64, sqlx::Error> {
    let mut transaction = log.relaxed.begin().await?;
    let last = sqlx::query_scalar!(
        // A range of offsets bounds what is read, as in a fetch.
        r#"with bounds as (
               select first_offset as first from bus.partition_head
               where topic = $1 and partition = $2)
           select max("offset") from bus.record
           where topic = $1 and partition = $2
             and "offset" >= (select first from bounds)
             and "offset" < (select first from bounds) + $3::bigint
             and appended_at < clock_timestamp() - make_interval(days => $4)"#,
        kept.topic,
        kept.partition,
        RETENTION_BATCH_RECORDS,
        kept.retention_days,
    )
    .fetch_one(&mut *transaction)
    .await?;
    let Some(last) = last else { return Ok(0) };
    let deleted = sqlx::query!(
        r#"delete from bus.record where topic = $1 and partition = $2 and "offset" <= $3"#,
        kept.topic,
        kept.partition,
        last,
    )
    .execute(&mut *transaction)
    .await?;
    sqlx::query!(
        "update bus.partition_head set first_offset = greatest(first_offset, $3::bigint + 1)
         where topic = $1 and partition = $2",
        kept.topic,
        kept.partition,
        last,
    )
    .execute(&mut *transaction)
    .await?;
    transaction.commit().await?;
    Ok(deleted.rows_affected())
}
