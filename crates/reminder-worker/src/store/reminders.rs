//! The tables `reminder` and `fired_snooze`.

use chrono::{DateTime, Utc};
use events::{CorrelationId, ReminderTriggered, TaskId, TaskState, UserId};
use sqlx::{PgConnection, types::Json};
use uuid::Uuid;

use crate::reminder::{Existing, Planned};

/// What stands of a task's reminders.
pub(crate) async fn of_task(conn: &mut PgConnection, task: TaskId) -> sqlx::Result<Vec<Existing>> {
    let rows = sqlx::query!(
        r#"select reminder_id, fire_at, status = 'pending' as "pending!", fired_through,
             fired_since,
             array(select until from fired_snooze f where f.reminder_id = r.reminder_id)
                 as "fired_snoozes!"
         from reminder r where task_id = $1"#,
        task.uuid(),
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| Existing {
            reminder_id: row.reminder_id.into(),
            fire_at: row.fire_at,
            pending: row.pending,
            fired_through: row.fired_through,
            fired_since: row.fired_since,
            fired_snoozes: row.fired_snoozes,
        })
        .collect())
}

/// Lets reminders stand at their planned times.
pub(crate) async fn schedule(
    conn: &mut PgConnection,
    task: TaskId,
    user: UserId,
    planned: &[Planned],
    correlation_id: CorrelationId,
    traceparent: Option<&str>,
) -> sqlx::Result<()> {
    let ids: Vec<Uuid> = planned.iter().map(|plan| plan.reminder_id.uuid()).collect();
    let times: Vec<DateTime<Utc>> = planned.iter().map(|plan| plan.fire_at).collect();
    let snoozed: Vec<bool> = planned.iter().map(|plan| plan.snoozed).collect();
    sqlx::query!(
        "insert into reminder (reminder_id, task_id, user_id, status, fire_at, snoozed,
             correlation_id, traceparent)
         select p.reminder_id, $4, $5, 'pending', p.fire_at, p.snoozed, $6, $7
         from unnest($1::uuid[], $2::timestamptz[], $3::bool[])
             as p (reminder_id, fire_at, snoozed)
         on conflict (reminder_id) do update
             set status = 'pending', fire_at = excluded.fire_at, snoozed = excluded.snoozed,
                 correlation_id = excluded.correlation_id, traceparent = excluded.traceparent",
        &ids,
        &times,
        &snoozed,
        task.uuid(),
        user.uuid(),
        correlation_id.uuid(),
        traceparent,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Lets reminders no longer come.
pub(crate) async fn cancel(conn: &mut PgConnection, reminders: &[Uuid]) -> sqlx::Result<()> {
    sqlx::query!(
        "update reminder set status = 'cancelled'
         where reminder_id = any ($1) and status = 'pending'",
        reminders,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// A reminder that is due.
pub(crate) struct DueReminder {
    pub(crate) reminder_id: Uuid,
    pub(crate) fire_at: DateTime<Utc>,
    pub(crate) correlation_id: Uuid,
    pub(crate) traceparent: Option<String>,
    pub(crate) released_at: Option<DateTime<Utc>>,
    pub(crate) state: Json<TaskState>,
    /// It fired for this very time before: put off to where it already was.
    pub(crate) repeated: bool,
}

/// The pending reminders of these tasks that are due, in the order of their times.
pub(crate) async fn due(
    conn: &mut PgConnection,
    tasks: &[Uuid],
    now: DateTime<Utc>,
) -> sqlx::Result<Vec<DueReminder>> {
    sqlx::query_as!(
        DueReminder,
        r#"select reminder_id, fire_at, correlation_id, traceparent, released_at,
             state as "state!: Json<TaskState>",
             exists (
                 select from firing f
                 where f.reminder_id = reminder.reminder_id
                     and f.reminder_time = reminder.fire_at
             ) as "repeated!"
         from reminder join task using (task_id)
         where task_id = any ($1) and status = 'pending' and fire_at <= $2
         order by fire_at, reminder_id"#,
        tasks,
        now,
    )
    .fetch_all(conn)
    .await
}

/// How a reminder that was due ended.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Ended {
    Fired,
    Expired,
}

/// Notes that reminders that were due have ended, so that nothing plans them again for that time.
pub(crate) async fn mark_ended(
    conn: &mut PgConnection,
    reminders: &[Uuid],
    ended: Ended,
) -> sqlx::Result<()> {
    let status = match ended {
        Ended::Fired => "fired",
        Ended::Expired => "cancelled",
    };
    sqlx::query!(
        "insert into fired_snooze (reminder_id, until)
         select reminder_id, fire_at from reminder where reminder_id = any ($1) and snoozed
         on conflict do nothing",
        reminders,
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!(
        "update reminder r
         set status = $2,
             fired_through = case when snoozed then fired_through
                 else greatest(fired_through, fire_at) end,
             fired_since = case when snoozed then fired_since
                 else (t.state->>'schedule_since')::timestamptz end
         from task t
         where t.task_id = r.task_id and reminder_id = any ($1)",
        reminders,
        status,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// A reminder that has ended, and its firing if it has one for that time.
pub(crate) struct EndedReminder {
    pub(crate) reminder_id: Uuid,
    pub(crate) revision: i64,
    pub(crate) correlation_id: Uuid,
    pub(crate) state: Json<TaskState>,
    pub(crate) fired: bool,
    /// It was not changed or dismissed: its time passed.
    pub(crate) expired: bool,
    pub(crate) firing_id: Option<Uuid>,
    pub(crate) triggered: Option<Json<ReminderTriggered>>,
}

/// The reminders of live tasks that have ended.
pub(crate) async fn ended(
    conn: &mut PgConnection,
    tasks: &[Uuid],
) -> sqlx::Result<Vec<EndedReminder>> {
    sqlx::query_as!(
        EndedReminder,
        r#"select r.reminder_id, t.revision, r.correlation_id,
             t.state as "state!: Json<TaskState>",
             r.status = 'fired' as "fired!",
             coalesce(r.fired_through >= r.fire_at, false)
                 and (r.fired_through = r.fire_at or r.fired_since is not distinct from
                     (t.state->>'schedule_since')::timestamptz) as "expired!",
             f.firing_id as "firing_id?", f.payload as "triggered?: Json<ReminderTriggered>"
         from reminder r
         join task t using (task_id)
         left join firing f
             on f.reminder_id = r.reminder_id and f.reminder_time = r.fire_at
                 and r.status = 'fired'
         where r.task_id = any ($1) and r.status <> 'pending' and not t.deleted
         order by r.task_id, r.fire_at"#,
        tasks,
    )
    .fetch_all(conn)
    .await
}
