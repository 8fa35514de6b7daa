//! The table `delivery`: a durable queue.

use chrono::{DateTime, Utc};
use events::{ChannelId, ChannelSettings, CorrelationId, ReminderTriggered, TaskId, UserId};
use sqlx::{PgConnection, PgPool, types::Json};
use uuid::Uuid;

/// A delivery that this process has leased.
#[derive(Debug)]
pub(crate) struct Claimed {
    pub(crate) delivery_id: Uuid,
    pub(crate) task_id: Option<Uuid>,
    pub(crate) user_id: Uuid,
    pub(crate) channel_id: Uuid,
    pub(crate) correlation_id: Uuid,
    pub(crate) traceparent: Option<String>,
    pub(crate) lease_token: i64,
    pub(crate) attempts: i32,
    /// When this attempt began, by the database's clock.
    pub(crate) claimed_at: DateTime<Utc>,
    /// What it tells; none for a test of the channel.
    pub(crate) payload: Option<Json<ReminderTriggered>>,
    /// Where it goes; none where the channel is gone.
    pub(crate) channel: Option<Json<ChannelSettings>>,
}

/// Leases deliveries that are due, the longest overdue first: at most `limit`, at most
/// `per_channel` of one channel, none of the channels in `full`. Looks at the first `window` only.
pub(crate) async fn claim(
    pool: &PgPool,
    full: &[Uuid],
    per_channel: i64,
    limit: i64,
    window: i64,
    lease_secs: f64,
) -> sqlx::Result<Vec<Claimed>> {
    sqlx::query_as!(
        Claimed,
        r#"with due as (
             select delivery_id, channel_id, next_attempt_at from delivery
             where state = 'pending' and next_attempt_at <= messaging.clock()
                 and (leased_until is null or leased_until <= messaging.clock())
                 and channel_id <> all ($1)
             order by next_attempt_at limit $4
             for update skip locked
         ), fair as (
             select delivery_id from (
                 select *, row_number() over (partition by channel_id order by next_attempt_at)
                     as position
                 from due
             ) ranked
             where position <= $2
             order by next_attempt_at limit $3
         ), leased as (
             update delivery d
             set lease_token = d.lease_token + 1, attempts = d.attempts + 1,
                 leased_until = messaging.clock() + make_interval(secs => $5)
             from fair where d.delivery_id = fair.delivery_id
             returning d.*
         )
         select l.delivery_id as "delivery_id!", l.task_id, l.user_id as "user_id!",
             l.channel_id as "channel_id!", l.correlation_id as "correlation_id!", l.traceparent,
             l.lease_token as "lease_token!", l.attempts as "attempts!",
             messaging.clock() as "claimed_at!",
             f.payload as "payload?: Json<ReminderTriggered>",
             c.settings as "channel?: Json<ChannelSettings>"
         from leased l
         left join firing f using (firing_id)
         left join channel c on c.channel_id = l.channel_id"#,
        full,
        per_channel,
        limit,
        window,
        lease_secs,
    )
    .fetch_all(pool)
    .await
}

/// Whether a leased delivery is still to be sent.
pub(crate) async fn still_pending(pool: &PgPool, claimed: &Claimed) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"select exists (
             select from delivery
             where delivery_id = $1 and lease_token = $2 and state = 'pending'
         ) as "pending!""#,
        claimed.delivery_id,
        claimed.lease_token,
    )
    .fetch_one(pool)
    .await
}

/// How a delivery ends.
#[derive(Clone, Copy, Debug)]
pub(crate) enum End {
    Delivered,
    Failed,
    Dropped,
}

impl End {
    const fn state(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Failed => "failed",
            Self::Dropped => "dropped",
        }
    }
}

/// Ends a leased delivery; `false` where the lease was lost or the delivery ended otherwise. One
/// that was dropped while the target took it has been delivered all the same.
pub(crate) async fn end(
    conn: &mut PgConnection,
    claimed: &Claimed,
    end: End,
    error: Option<&str>,
) -> sqlx::Result<bool> {
    let ended = sqlx::query!(
        "update delivery
         set state = $3, last_error = $4, leased_until = null, ended_at = messaging.clock()
         where delivery_id = $1 and lease_token = $2
             and (state = 'pending' or (state = 'dropped' and $3 = 'delivered'))",
        claimed.delivery_id,
        claimed.lease_token,
        end.state(),
        error,
    )
    .execute(conn)
    .await?;
    Ok(ended.rows_affected() == 1)
}

/// Lets a leased delivery wait for its next attempt.
pub(crate) async fn postpone(
    pool: &PgPool,
    claimed: &Claimed,
    error: &str,
    wait_secs: f64,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update delivery
         set last_error = $3, leased_until = null,
             next_attempt_at = messaging.clock() + make_interval(secs => $4)
         where delivery_id = $1 and lease_token = $2 and state = 'pending'",
        claimed.delivery_id,
        claimed.lease_token,
        error,
        wait_secs,
    )
    .execute(pool)
    .await?;
    Ok(())
}

/// A delivery that was given up before it was sent.
pub(crate) struct Dropped {
    pub(crate) delivery_id: Uuid,
    pub(crate) reminder_id: Uuid,
    pub(crate) channel_id: Uuid,
    pub(crate) correlation_id: Uuid,
    pub(crate) attempts: i32,
}

/// Drops a task's pending deliveries whose firing (reminder and time) is not among those that
/// still stand.
pub(crate) async fn drop_superseded(
    conn: &mut PgConnection,
    task: TaskId,
    standing_ids: &[Uuid],
    standing_times: &[DateTime<Utc>],
    error: &str,
) -> sqlx::Result<Vec<Dropped>> {
    sqlx::query_as!(
        Dropped,
        "update delivery d
         set state = 'dropped', last_error = $4, ended_at = messaging.clock()
         from firing f
         where d.task_id = $1 and d.state = 'pending' and f.firing_id = d.firing_id
             and not exists (
                 select from unnest($2::uuid[], $3::timestamptz[]) as s (reminder_id, fire_at)
                 where s.reminder_id = f.reminder_id and s.fire_at = f.reminder_time
             )
         returning d.delivery_id, f.reminder_id, d.channel_id, d.correlation_id, d.attempts",
        task.uuid(),
        standing_ids,
        standing_times,
        error,
    )
    .fetch_all(conn)
    .await
}

/// Queues a test of a channel; `false` where the person has no such channel.
pub(crate) async fn insert_test(
    conn: &mut PgConnection,
    user: UserId,
    channel: ChannelId,
    correlation_id: CorrelationId,
    traceparent: Option<&str>,
) -> sqlx::Result<bool> {
    let inserted = sqlx::query!(
        "insert into delivery (delivery_id, user_id, channel_id, correlation_id, traceparent)
         select $1, user_id, channel_id, $4, $5 from channel
         where channel_id = $2 and user_id = $3",
        Uuid::new_v4(),
        channel.uuid(),
        user.uuid(),
        correlation_id.uuid(),
        traceparent,
    )
    .execute(conn)
    .await?;
    Ok(inserted.rows_affected() == 1)
}

/// Seconds until the next delivery is due, by the database's clock; negative where one is overdue.
pub(crate) async fn seconds_until_next(pool: &PgPool) -> sqlx::Result<Option<f64>> {
    sqlx::query_scalar!(
        "select extract(epoch from min(next_attempt_at) - messaging.clock())::float8
         from delivery where state = 'pending'",
    )
    .fetch_one(pool)
    .await
}
