//! The table `delivery`: a durable queue, in lanes.

use chrono::{DateTime, Utc};
use events::{
    ChannelId, ChannelKind, ChannelSettings, CorrelationId, Nominal, Priority, QuietHours,
    ReminderTriggered, TaskId, TimeZone, UserId,
};
use sqlx::{PgConnection, PgPool, types::Json};
use uuid::Uuid;

use super::lanes::Lane;
use crate::digest::Digest;

/// A delivery to be tried under the lease of its channel's lane.
#[derive(Debug)]
pub(crate) struct Due {
    pub(crate) delivery_id: Uuid,
    pub(crate) task_id: Option<Uuid>,
    pub(crate) user_id: Uuid,
    pub(crate) channel_id: Uuid,
    pub(crate) correlation_id: Uuid,
    pub(crate) traceparent: Option<String>,
    pub(crate) lane_token: i64,
    /// The number of the attempt that is to be made, from 1.
    pub(crate) attempt: i32,
    /// When this attempt begins, by the database's clock.
    pub(crate) begun_at: DateTime<Utc>,
    /// The reminder that it tells; none for a digest and for a test of the channel.
    pub(crate) payload: Option<Json<ReminderTriggered>>,
    /// The digest that it tells.
    pub(crate) digest: Option<Json<Digest>>,
    /// Whether the person still wants digests.
    pub(crate) wants_digest: bool,
    /// Where it goes; none where the channel is gone.
    pub(crate) channel: Option<Json<ChannelSettings>>,
    /// What the channel was when the delivery was made.
    pub(crate) kind: String,
    /// How much its task matters; none where there is no task.
    pub(crate) priority: Option<String>,
    /// The person's zone, by name.
    pub(crate) time_zone: Option<String>,
    /// Of a recurring task: the occurrence that it tells of.
    pub(crate) occurrence: Option<String>,
    /// When the person wants nothing sent.
    pub(crate) quiet_hours: Option<Json<QuietHours>>,
    /// Until when it was kept back by them.
    pub(crate) held_until: Option<DateTime<Utc>>,
}

impl Due {
    /// What the channel is, or was before it was deleted.
    pub(crate) fn kind(&self) -> ChannelKind {
        self.channel.as_ref().map_or_else(|| ChannelKind::named(&self.kind), |it| it.0.kind)
    }

    /// Of a recurring task: the occurrence that it tells of.
    pub(crate) fn occurrence(&self) -> serde_json::Result<Option<Nominal>> {
        let parse = |text: &str| text.parse().map_err(serde::de::Error::custom);
        self.occurrence.as_deref().map(parse).transpose()
    }

    /// The person's zone; UTC where nothing is known of the person.
    pub(crate) fn zone(&self) -> TimeZone {
        self.time_zone.as_deref().and_then(|zone| zone.parse().ok()).unwrap_or_default()
    }

    /// How much its task matters.
    pub(crate) fn priority(&self) -> Priority {
        match self.priority.as_deref() {
            Some("HIGH") => Priority::High,
            Some("LOW") => Priority::Low,
            _ => Priority::Medium,
        }
    }
}

/// The first deliveries that are due in each of these lanes, at most so many as it has places.
pub(crate) async fn first_due(
    pool: &PgPool,
    lanes: &[Lane],
    places: impl Fn(&Lane) -> i64,
) -> sqlx::Result<Vec<Due>> {
    let channels: Vec<Uuid> = lanes.iter().map(|lane| lane.channel_id).collect();
    let tokens: Vec<i64> = lanes.iter().map(|lane| lane.token).collect();
    let places: Vec<i64> = lanes.iter().map(places).collect();
    sqlx::query_as!(
        Due,
        r#"select d.delivery_id, d.task_id, d.user_id, d.channel_id, d.correlation_id,
             d.traceparent, l.token as "lane_token!", d.attempts + 1 as "attempt!",
             messaging.clock() as "begun_at!",
             f.payload as "payload?: Json<ReminderTriggered>",
             g.payload as "digest?: Json<Digest>",
             p.next_digest_at is not null as "wants_digest!",
             c.settings as "channel?: Json<ChannelSettings>", d.kind,
             t.state ->> 'priority' as "priority?", p.settings ->> 'time_zone' as "time_zone?",
             coalesce(r.occurrence, t.state ->> 'occurrence') as "occurrence?",
             nullif(p.settings -> 'quiet_hours', 'null'::jsonb)
                 as "quiet_hours?: Json<QuietHours>", d.held_until
         from unnest($1::uuid[], $2::bigint[], $3::bigint[]) as l (channel_id, token, places)
         cross join lateral (
             select * from delivery
             where delivery.channel_id = l.channel_id and state = 'pending'
                 and next_attempt_at <= messaging.clock()
             order by next_attempt_at limit l.places
         ) d
         left join firing f using (firing_id)
         left join digest g using (digest_id)
         left join reminder r on r.reminder_id = f.reminder_id
         left join channel c on c.channel_id = d.channel_id
         left join task t on t.task_id = d.task_id
         left join person p on p.user_id = d.user_id"#,
        &channels,
        &tokens,
        &places,
    )
    .fetch_all(pool)
    .await
}

/// Whether a delivery is still as it was when it was leased, and this process's. Of a digest that is no longer
/// wanted the next look says so.
pub(crate) async fn still_pending(pool: &PgPool, due: &Due) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"select exists (
             select from delivery join lane using (channel_id)
             where delivery_id = $1 and token = $2 and state = 'pending'
                 and (digest_id is null or $3 = exists (
                     select from person p
                     where p.user_id = delivery.user_id and p.next_digest_at is not null
                 ))
         ) as "pending!""#,
        due.delivery_id,
        due.lane_token,
        due.wants_digest,
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

/// Ends a delivery after an attempt; `false` where the lane's lease was lost or it ended otherwise.
/// One that was dropped while the target took it has been delivered all the same.
pub(crate) async fn end(
    conn: &mut PgConnection,
    due: &Due,
    end: End,
    error: Option<&str>,
) -> sqlx::Result<bool> {
    let ended = sqlx::query!(
        "update delivery d
         set state = $4, last_error = $5, attempts = $3, ended_at = messaging.clock()
         where delivery_id = $1
             and exists (select from lane where channel_id = d.channel_id and token = $2)
             and (state = 'pending' or (state = 'dropped' and $4 = 'delivered'))",
        due.delivery_id,
        due.lane_token,
        due.attempt,
        end.state(),
        error,
    )
    .execute(conn)
    .await?;
    Ok(ended.rows_affected() == 1)
}

/// Lets a delivery wait for its next attempt.
pub(crate) async fn postpone(
    pool: &PgPool,
    due: &Due,
    error: &str,
    wait_secs: f64,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update delivery d
         set last_error = $4, attempts = $3,
             next_attempt_at = messaging.clock() + make_interval(secs => $5)
         where delivery_id = $1 and state = 'pending'
             and exists (select from lane where channel_id = d.channel_id and token = $2)",
        due.delivery_id,
        due.lane_token,
        due.attempt,
        error,
        wait_secs,
    )
    .execute(pool)
    .await?;
    Ok(())
}

/// Keeps a delivery back until then; that is no attempt.
pub(crate) async fn hold(pool: &PgPool, due: &Due, until: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query!(
        "update delivery d set next_attempt_at = $3, held_until = $3
         where delivery_id = $1 and state = 'pending'
             and exists (select from lane where channel_id = d.channel_id and token = $2)",
        due.delivery_id,
        due.lane_token,
        until,
    )
    .execute(pool)
    .await?;
    Ok(())
}

/// Puts a person's deliveries that are kept back into the queue again: other quiet hours may hold now.
pub(crate) async fn release_held(conn: &mut PgConnection, person: UserId) -> sqlx::Result<()> {
    sqlx::query!(
        "with released as (
             update delivery set next_attempt_at = messaging.clock(), held_until = null
             where user_id = $1 and state = 'pending' and held_until is not null
             returning channel_id
         )
         update lane set next_attempt_at = messaging.clock()
         where channel_id in (select channel_id from released)",
        person.uuid(),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Drops what is kept back of earlier occurrences of the reminders of these firings: one notification is
/// enough when the quiet hours end.
pub(crate) async fn drop_overtaken(
    conn: &mut PgConnection,
    firings: &[Uuid],
    error: &str,
) -> sqlx::Result<Vec<Dropped>> {
    sqlx::query_as!(
        Dropped,
        "update delivery d
         set state = 'dropped', last_error = $2, ended_at = messaging.clock()
         from firing latest
         join reminder later on later.reminder_id = latest.reminder_id
         join reminder earlier on earlier.task_id = later.task_id
             and earlier.offset_secs = later.offset_secs
             and earlier.occurrence < later.occurrence
         join firing f on f.reminder_id = earlier.reminder_id
         where latest.firing_id = any ($1) and d.firing_id = f.firing_id
             and d.user_id = latest.user_id and d.state = 'pending' and d.held_until is not null
         returning d.delivery_id, f.task_id, d.user_id, f.reminder_id, d.channel_id, d.kind,
             d.correlation_id, d.attempts",
        firings,
        error,
    )
    .fetch_all(conn)
    .await
}

/// A delivery that was given up before it was sent.
pub(crate) struct Dropped {
    pub(crate) delivery_id: Uuid,
    pub(crate) task_id: Uuid,
    pub(crate) user_id: Uuid,
    pub(crate) reminder_id: Uuid,
    pub(crate) channel_id: Uuid,
    pub(crate) kind: String,
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
         returning d.delivery_id, f.task_id, d.user_id, f.reminder_id, d.channel_id, d.kind,
             d.correlation_id, d.attempts",
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
    let queued = sqlx::query!(
        "with made as (
             insert into delivery (delivery_id, user_id, channel_id, kind, correlation_id, traceparent)
             select $1, user_id, channel_id, kind, $4, $5 from channel
             where channel_id = $2 and user_id = $3
             returning channel_id, user_id, next_attempt_at
         )
         insert into lane as l (channel_id, user_id, next_attempt_at)
         select channel_id, user_id, next_attempt_at from made
         on conflict (channel_id) do update
             set next_attempt_at = least(l.next_attempt_at, excluded.next_attempt_at)",
        Uuid::new_v4(),
        channel.uuid(),
        user.uuid(),
        correlation_id.uuid(),
        traceparent,
    )
    .execute(conn)
    .await?;
    Ok(queued.rows_affected() == 1)
}

/// Forgets deliveries that ended so many days ago, at most `limit`; answers how many.
pub(crate) async fn forget(pool: &PgPool, days: i32, limit: i64) -> sqlx::Result<u64> {
    let forgotten = sqlx::query!(
        "delete from delivery where delivery_id in (
             select delivery_id from delivery
             where state <> 'pending' and ended_at < messaging.clock() - make_interval(days => $1)
             order by ended_at limit $2
             for update skip locked
         )",
        days,
        limit,
    )
    .execute(pool)
    .await?;
    Ok(forgotten.rows_affected())
}
