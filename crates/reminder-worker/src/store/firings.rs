//! The table `firing`.

use chrono::{DateTime, Utc};
use events::{Event, ReminderTriggered, TaskId, UserId};
use sqlx::{PgConnection, PgPool, types::Json};
use uuid::Uuid;

use crate::reminder::announce_triggered;

/// Firings to insert, a column a field, all of one length.
#[derive(Debug, Default)]
pub(crate) struct NewFirings {
    pub(crate) firing_id: Vec<Uuid>,
    pub(crate) reminder_id: Vec<Uuid>,
    pub(crate) task_id: Vec<Uuid>,
    pub(crate) user_id: Vec<Uuid>,
    pub(crate) reminder_time: Vec<DateTime<Utc>>,
    pub(crate) payload: Vec<Json<ReminderTriggered>>,
    pub(crate) correlation_id: Vec<Uuid>,
    pub(crate) traceparent: Vec<Option<String>>,
}

impl NewFirings {
    /// Adds a firing, and gives the event that tells it, under whose id it goes.
    pub(crate) fn push(
        &mut self,
        triggered: ReminderTriggered,
        correlation_id: Uuid,
        traceparent: Option<String>,
    ) -> Event {
        self.reminder_id.push(triggered.reminder_id.uuid());
        self.task_id.push(triggered.task_id.uuid());
        self.user_id.push(triggered.user_id.uuid());
        self.reminder_time.push(triggered.reminder_time);
        self.payload.push(Json(triggered.clone()));
        self.correlation_id.push(correlation_id);
        self.traceparent.push(traceparent);
        let event = announce_triggered(triggered, correlation_id.into());
        self.firing_id.push(event.event_id.uuid());
        event
    }
}

/// Records firings. A reminder and time that fired before breaks the transaction: the last wall
/// before a second firing.
pub(crate) async fn insert(
    conn: &mut PgConnection,
    firings: &NewFirings,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into firing (firing_id, reminder_id, task_id, user_id, reminder_time, triggered_at,
             payload, correlation_id, traceparent)
         select f.firing_id, f.reminder_id, f.task_id, f.user_id, f.reminder_time, $9, f.payload,
             f.correlation_id, f.traceparent
         from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::timestamptz[],
             $6::jsonb[], $7::uuid[], $8::text[])
             as f (firing_id, reminder_id, task_id, user_id, reminder_time, payload,
                 correlation_id, traceparent)",
        &firings.firing_id,
        &firings.reminder_id,
        &firings.task_id,
        &firings.user_id,
        &firings.reminder_time,
        &firings.payload as &[Json<ReminderTriggered>],
        &firings.correlation_id,
        &firings.traceparent as &[Option<String>],
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Makes the deliveries of these firings, one per channel, for every person whose settings are
/// known, each in its channel's lane; the others wait.
pub(crate) async fn plan(conn: &mut PgConnection, firings: &[Uuid]) -> sqlx::Result<()> {
    sqlx::query!(
        "with known as (
             update firing f set planned = true
             from person p
             where f.firing_id = any ($1) and not f.planned and p.user_id = f.user_id
             returning f.firing_id, f.task_id, f.user_id, f.correlation_id, f.traceparent
         ), made as (
             insert into delivery (delivery_id, firing_id, task_id, user_id, channel_id, kind,
                 correlation_id, traceparent)
             select gen_random_uuid(), k.firing_id, k.task_id, k.user_id, c.channel_id, c.kind,
                 k.correlation_id, k.traceparent
             from known k join channel c using (user_id)
             on conflict (firing_id, channel_id) do nothing
             returning channel_id, user_id, next_attempt_at
         )
         insert into lane as l (channel_id, user_id, next_attempt_at)
         select channel_id, user_id, min(next_attempt_at) from made
         group by channel_id, user_id order by channel_id
         on conflict (channel_id) do update
             set next_attempt_at = least(l.next_attempt_at, excluded.next_attempt_at)",
        firings,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// A firing that has no deliveries yet, and its task.
pub(crate) struct Unplanned {
    pub(crate) firing_id: Uuid,
    pub(crate) task_id: Uuid,
}

/// The firings of a person that wait for settings.
pub(crate) async fn unplanned_of(
    conn: &mut PgConnection,
    person: UserId,
) -> sqlx::Result<Vec<Unplanned>> {
    sqlx::query_as!(
        Unplanned,
        "select firing_id, task_id from firing where user_id = $1 and not planned",
        person.uuid(),
    )
    .fetch_all(conn)
    .await
}

/// Firings that need not wait any more: the settings came while they were being recorded.
pub(crate) async fn plannable(pool: &PgPool, limit: i64) -> sqlx::Result<Vec<Unplanned>> {
    sqlx::query_as!(
        Unplanned,
        "select f.firing_id, f.task_id from firing f join person p using (user_id)
         where not f.planned limit $1",
        limit,
    )
    .fetch_all(pool)
    .await
}

/// Makes the deliveries of firings that waited, under their tasks' locks: one that a cancel gave up
/// meanwhile gets none.
pub(crate) async fn plan_waiting(
    conn: &mut PgConnection,
    waiting: &[Unplanned],
) -> sqlx::Result<()> {
    let tasks: Vec<Uuid> = waiting.iter().map(|firing| firing.task_id).collect();
    let firings: Vec<Uuid> = waiting.iter().map(|firing| firing.firing_id).collect();
    super::tasks::lock_all(conn, &tasks).await?;
    plan(conn, &firings).await?;
    Ok(())
}

/// A firing that a channel should have had and has not.
pub(crate) struct Missed {
    pub(crate) firing_id: Uuid,
    pub(crate) task_id: Uuid,
    pub(crate) channel_id: Uuid,
}

/// Firings of after a channel was there, planned by settings of before.
pub(crate) async fn missed(pool: &PgPool, limit: i64) -> sqlx::Result<Vec<Missed>> {
    sqlx::query_as!(
        Missed,
        "select f.firing_id, f.task_id, c.channel_id
         from channel c
         join firing f on f.user_id = c.user_id and f.triggered_at >= c.since
         where c.looked_for_until > messaging.clock() and f.planned and not f.superseded
             and not exists (
                 select from delivery d
                 where d.firing_id = f.firing_id and d.channel_id = c.channel_id
             )
         limit $1",
        limit,
    )
    .fetch_all(pool)
    .await
}

/// Makes the deliveries that were missed, under their tasks' locks: of a reminder that no longer
/// stands there is none.
pub(crate) async fn make_up(conn: &mut PgConnection, missed: &[Missed]) -> sqlx::Result<()> {
    let tasks: Vec<Uuid> = missed.iter().map(|missed| missed.task_id).collect();
    let firings: Vec<Uuid> = missed.iter().map(|missed| missed.firing_id).collect();
    let channels: Vec<Uuid> = missed.iter().map(|missed| missed.channel_id).collect();
    super::tasks::lock_all(conn, &tasks).await?;
    sqlx::query!(
        "with made as (
             insert into delivery (delivery_id, firing_id, task_id, user_id, channel_id, kind,
                 correlation_id, traceparent)
             select gen_random_uuid(), f.firing_id, f.task_id, f.user_id, c.channel_id, c.kind,
                 f.correlation_id, f.traceparent
             from unnest($1::uuid[], $2::uuid[]) as m (firing_id, channel_id)
             join firing f using (firing_id)
             join channel c using (channel_id)
             where not f.superseded
             on conflict (firing_id, channel_id) do nothing
             returning channel_id, user_id, next_attempt_at
         )
         insert into lane as l (channel_id, user_id, next_attempt_at)
         select channel_id, user_id, min(next_attempt_at) from made
         group by channel_id, user_id order by channel_id
         on conflict (channel_id) do update
             set next_attempt_at = least(l.next_attempt_at, excluded.next_attempt_at)",
        &firings,
        &channels,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Lets the firings of a task whose reminders no longer stand have no more deliveries.
pub(crate) async fn give_up_superseded(
    conn: &mut PgConnection,
    task: TaskId,
    standing_ids: &[Uuid],
    standing_times: &[DateTime<Utc>],
) -> sqlx::Result<()> {
    sqlx::query!(
        "update firing f set planned = true, superseded = true
         where task_id = $1 and not superseded
             and not exists (
                 select from unnest($2::uuid[], $3::timestamptz[]) as s (reminder_id, fire_at)
                 where s.reminder_id = f.reminder_id and s.fire_at = f.reminder_time
             )",
        task.uuid(),
        standing_ids,
        standing_times,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Forgets firings of so many days ago whose deliveries are forgotten, at most `limit`; answers how
/// many.
pub(crate) async fn forget(pool: &PgPool, days: i32, limit: i64) -> sqlx::Result<u64> {
    let forgotten = sqlx::query!(
        "delete from firing where firing_id in (
             select firing_id from firing f
             where triggered_at < messaging.clock() - make_interval(days => $1)
                 and not exists (select from delivery d where d.firing_id = f.firing_id)
             order by triggered_at limit $2
             for update skip locked
         )",
        days,
        limit,
    )
    .execute(pool)
    .await?;
    Ok(forgotten.rows_affected())
}
