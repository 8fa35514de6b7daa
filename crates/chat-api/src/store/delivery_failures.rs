//! Notifications that failed, of everybody, as the worker told of them: those of tasks in `timeline`, those
//! of a channel's test in `feed`. For the system.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

/// A notification that failed.
#[derive(Clone, Debug)]
pub(crate) struct DeliveryFailure {
    pub(crate) event_id: Uuid,
    pub(crate) user_id: Uuid,
    pub(crate) email: String,
    pub(crate) task_id: Option<Uuid>,
    pub(crate) at: DateTime<Utc>,
    pub(crate) channel: String,
    pub(crate) attempts: i64,
    pub(crate) error: Option<String>,
}

/// Where a page of a list ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cursor {
    pub(crate) at: DateTime<Utc>,
    pub(crate) event_id: Uuid,
}

/// Everybody's, the newest first, from a cursor on.
pub(crate) async fn list(
    conn: &mut PgConnection,
    cursor: Option<Cursor>,
    limit: i64,
) -> sqlx::Result<Vec<DeliveryFailure>> {
    // As many of each as are asked for, since all of them may be of one.
    sqlx::query_as!(
        DeliveryFailure,
        r#"select failed.event_id as "event_id!", failed.user_id as "user_id!", person.email,
             failed.task_id, failed.at as "at!", failed.details ->> 'channel' as "channel!",
             (failed.details ->> 'attempts')::bigint as "attempts!",
             failed.details ->> 'error' as error
         from (
             (select event_id, user_id, task_id, at, details from timeline
                 where event_type = 'notification-delivered' and details ->> 'outcome' = 'failed'
                     and ($1::timestamptz is null or (at, event_id) < ($1, $2::uuid))
                 order by at desc, event_id desc limit $3)
             union all
             (select event_id, user_id, null, created_at, payload from feed
                 where event_type = 'notification-delivered' and payload ->> 'outcome' = 'failed'
                     and payload ->> 'task_id' is null
                     and ($1::timestamptz is null or (created_at, event_id) < ($1, $2::uuid))
                 order by created_at desc, event_id desc limit $3)
         ) failed join person using (user_id)
         order by failed.at desc, failed.event_id desc limit $3"#,
        cursor.map(|cursor| cursor.at),
        cursor.map(|cursor| cursor.event_id),
        limit,
    )
    .fetch_all(conn)
    .await
}
