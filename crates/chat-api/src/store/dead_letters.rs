//! The table `dead_letter_view`. For the system.

use chrono::{DateTime, Utc};
use events::EventDeadLettered;
use sqlx::PgConnection;

/// Keeps an announcement for an administrator's list, once.
pub(crate) async fn keep(
    conn: &mut PgConnection,
    letter: &EventDeadLettered,
    announced_at: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into dead_letter_view (id, topic, partition, record_offset, consumer, reason,
             sha256, size, head_base64, announced_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) on conflict do nothing",
        letter.id.uuid(),
        letter.topic,
        letter.partition,
        letter.offset,
        letter.consumer.name(),
        letter.reason,
        letter.sha256,
        i64::try_from(letter.size).unwrap_or(i64::MAX),
        letter.head_base64,
        announced_at,
    )
    .execute(conn)
    .await?;
    Ok(())
}
