//! The tables `reminder` and `fired_snooze`.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use events::{Nominal, Offset, ReminderTriggered, TaskId, TaskState, UserId};
use sqlx::{PgConnection, PgPool, types::Json};
use uuid::Uuid;

use crate::reminder::{Existing, Planned};

/// A row that holds what stands or stood.
struct ExistingRow {
    task_id: Uuid,
    reminder_id: Uuid,
    fire_at: DateTime<Utc>,
    pending: bool,
    fired_through: Option<DateTime<Utc>>,
    fired_since: Option<DateTime<Utc>>,
    fired_snoozes: Vec<DateTime<Utc>>,
    occurrence: Option<String>,
    offset_secs: Option<i64>,
}

impl TryFrom<ExistingRow> for Existing {
    type Error = sqlx::Error;

    fn try_from(row: ExistingRow) -> sqlx::Result<Self> {
        Ok(Self {
            reminder_id: row.reminder_id.into(),
            fire_at: row.fire_at,
            pending: row.pending,
            fired_through: row.fired_through,
            fired_since: row.fired_since,
            fired_snoozes: row.fired_snoozes,
            occurrence: nominal(row.occurrence.as_deref())?,
            offset: offset(row.offset_secs)?,
        })
    }
}

fn nominal(text: Option<&str>) -> sqlx::Result<Option<Nominal>> {
    text.map(str::parse).transpose().map_err(|error| sqlx::Error::Decode(Box::new(error)))
}

fn offset(seconds: Option<i64>) -> sqlx::Result<Option<Offset>> {
    let offset = seconds.map(Offset::from_seconds).transpose();
    offset.map_err(|error| sqlx::Error::Decode(Box::new(error)))
}

/// What stands of these tasks' reminders, and what became of the others; of a recurring one, of those of its
/// current occurrence and later ones.
pub(crate) async fn existing(
    conn: &mut PgConnection,
    tasks: &[Uuid],
) -> sqlx::Result<HashMap<Uuid, Vec<Existing>>> {
    let rows = sqlx::query_as!(
        ExistingRow,
        r#"select r.task_id, reminder_id, fire_at, status = 'pending' as "pending!", fired_through,
             fired_since,
             array(select until from fired_snooze f where f.reminder_id = r.reminder_id)
                 as "fired_snoozes!", occurrence, offset_secs
         from reminder r join task t using (task_id)
         where r.task_id = any ($1)
             and (status = 'pending' or occurrence is null or t.state ->> 'occurrence' is null
                 or occurrence >= t.state ->> 'occurrence')"#,
        tasks,
    )
    .fetch_all(conn)
    .await?;
    let mut by_task: HashMap<Uuid, Vec<Existing>> = HashMap::new();
    for row in rows {
        by_task.entry(row.task_id).or_default().push(row.try_into()?);
    }
    Ok(by_task)
}

/// A reminder that is to stand, and the request that it follows from.
#[derive(Clone, Debug)]
pub(crate) struct NewReminder {
    pub(crate) task_id: TaskId,
    pub(crate) user_id: UserId,
    pub(crate) plan: Planned,
    pub(crate) correlation_id: Uuid,
    pub(crate) traceparent: Option<String>,
}

/// Lets reminders stand at their planned times.
pub(crate) async fn schedule(
    conn: &mut PgConnection,
    reminders: &[NewReminder],
) -> sqlx::Result<()> {
    let ids: Vec<Uuid> = reminders.iter().map(|new| new.plan.reminder_id.uuid()).collect();
    let tasks: Vec<Uuid> = reminders.iter().map(|new| new.task_id.uuid()).collect();
    let users: Vec<Uuid> = reminders.iter().map(|new| new.user_id.uuid()).collect();
    let times: Vec<DateTime<Utc>> = reminders.iter().map(|new| new.plan.fire_at).collect();
    let snoozed: Vec<bool> = reminders.iter().map(|new| new.plan.snoozed).collect();
    let occurrences: Vec<Option<String>> = reminders
        .iter()
        .map(|new| new.plan.occurrence.map(|nominal| nominal.to_string()))
        .collect();
    let offsets: Vec<Option<i64>> =
        reminders.iter().map(|new| new.plan.offset.map(Offset::seconds)).collect();
    let correlations: Vec<Uuid> = reminders.iter().map(|new| new.correlation_id).collect();
    let traces: Vec<Option<String>> = reminders.iter().map(|new| new.traceparent.clone()).collect();
    sqlx::query!(
        "insert into reminder (reminder_id, task_id, user_id, status, fire_at, snoozed, occurrence,
             offset_secs, correlation_id, traceparent)
         select p.reminder_id, p.task_id, p.user_id, 'pending', p.fire_at, p.snoozed, p.occurrence,
             p.offset_secs, p.correlation_id, p.traceparent
         from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::timestamptz[], $5::bool[], $6::text[],
             $7::bigint[], $8::uuid[], $9::text[])
             as p (reminder_id, task_id, user_id, fire_at, snoozed, occurrence, offset_secs,
                 correlation_id, traceparent)
         on conflict (reminder_id) do update
             set status = 'pending', fire_at = excluded.fire_at, snoozed = excluded.snoozed,
                 occurrence = excluded.occurrence, offset_secs = excluded.offset_secs,
                 correlation_id = excluded.correlation_id, traceparent = excluded.traceparent",
        &ids,
        &tasks,
        &users,
        &times,
        &snoozed,
        &occurrences as &[Option<String>],
        &offsets as &[Option<i64>],
        &correlations,
        &traces as &[Option<String>],
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
    pub(crate) plan: Planned,
    pub(crate) correlation_id: Uuid,
    pub(crate) traceparent: Option<String>,
    pub(crate) released_at: Option<DateTime<Utc>>,
    pub(crate) state: TaskState,
    /// It fired for this very time before: put off to where it already was.
    pub(crate) repeated: bool,
}

/// The pending reminders of these tasks that are due, in the order of their times.
pub(crate) async fn due(
    conn: &mut PgConnection,
    tasks: &[Uuid],
    now: DateTime<Utc>,
) -> sqlx::Result<Vec<DueReminder>> {
    let rows = sqlx::query!(
        r#"select reminder_id, fire_at, snoozed, occurrence, offset_secs, correlation_id,
             traceparent, released_at, state as "state!: Json<TaskState>",
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
    .await?;
    rows.into_iter()
        .map(|row| {
            let Json(state) = row.state;
            let occurrence = nominal(row.occurrence.as_deref())?;
            let later = occurrence.filter(|occurrence| state.occurrence != Some(*occurrence));
            let due_date = match state.recurrence.as_ref().zip(later) {
                Some((rule, occurrence)) => Some(rule.due(occurrence)),
                None => state.due_date,
            };
            let plan = Planned {
                reminder_id: row.reminder_id.into(),
                fire_at: row.fire_at,
                snoozed: row.snoozed,
                occurrence,
                offset: offset(row.offset_secs)?,
                due_date,
            };
            Ok(DueReminder {
                plan,
                correlation_id: row.correlation_id,
                traceparent: row.traceparent,
                released_at: row.released_at,
                state,
                repeated: row.repeated,
            })
        })
        .collect()
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
    /// Of a recurring task's offset: the occurrence that it was of.
    pub(crate) occurrence: Option<String>,
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
             r.occurrence, f.firing_id as "firing_id?", f.payload as "triggered?: Json<ReminderTriggered>"
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

/// Forgets reminders of occurrences that were over so many days ago, at most `limit`; answers how many.
/// Of each offset the latest stays, from which what is owed is counted, and that of the current occurrence.
pub(crate) async fn forget(pool: &PgPool, days: i32, limit: i64) -> sqlx::Result<u64> {
    let forgotten = sqlx::query!(
        "delete from reminder where reminder_id in (
             select r.reminder_id from reminder r join task t using (task_id)
             where r.status <> 'pending' and r.occurrence is not null
                 and r.fire_at < messaging.clock() - make_interval(days => $1)
                 and r.occurrence is distinct from t.state ->> 'occurrence'
                 and exists (
                     select from reminder later
                     where later.task_id = r.task_id and later.offset_secs = r.offset_secs
                         and later.occurrence > r.occurrence
                 )
             order by r.fire_at limit $2
             for update of r skip locked
         )",
        days,
        limit,
    )
    .execute(pool)
    .await?;
    Ok(forgotten.rows_affected())
}
