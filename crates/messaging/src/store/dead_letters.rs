//! The table `messaging.dead_letter`.

use sqlx::PgConnection;
use uuid::Uuid;

/// A record to keep.
#[derive(Debug)]
pub(crate) struct NewDeadLetter<'a> {
    pub(crate) id: Uuid,
    pub(crate) topic: &'a str,
    pub(crate) partition: Option<i32>,
    pub(crate) offset: Option<i64>,
    pub(crate) sha256: &'a str,
    pub(crate) size: i64,
    pub(crate) reason: &'a str,
    pub(crate) record: &'a [u8],
}

/// Keeps a record; `false` where the same one (by its position, else by its content) is kept already.
pub(crate) async fn insert(
    conn: &mut PgConnection,
    letter: &NewDeadLetter<'_>,
) -> sqlx::Result<bool> {
    let inserted = sqlx::query!(
        "insert into messaging.dead_letter
             (id, topic, partition, record_offset, sha256, size, reason, record)
         values ($1, $2, $3, $4, $5, $6, $7, $8)
         on conflict do nothing",
        letter.id,
        letter.topic,
        letter.partition,
        letter.offset,
        letter.sha256,
        letter.size,
        letter.reason,
        letter.record,
    )
    .execute(conn)
    .await?;
    Ok(inserted.rows_affected() == 1)
}
