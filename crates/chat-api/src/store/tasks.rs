//! The table `task`.

use chrono::NaiveTime;
use events::{ListId, RecurrenceRule, ReminderId, ReminderSpec, Snooze, Subtask, TaskId, UserId};
use futures_util::Stream;
use sqlx::{PgConnection, types::Json};
use uuid::Uuid;

use super::task_row::{TaskRow, due_columns, priority_name, status_name};
use crate::domain::{
    search::order_of,
    task::{Moment, Passed, Task},
};

/// `select` of whole rows, with what follows it.
macro_rules! select_tasks {
    ($tail:literal, $($argument:expr),* $(,)?) => {
        sqlx::query_as!(
            TaskRow,
            r#"select task_id, user_id, title, description, priority, status, due_at, due_on,
                 time_zone, recurrence as "recurrence: Json<RecurrenceRule>", occurrence,
                 reminders as "reminders: Json<Vec<ReminderSpec>>",
                 snoozes as "snoozes: Json<Vec<Snooze>>",
                 dismissed as "dismissed: Json<Vec<ReminderId>>", tags, day_time, schedule_since,
                 list_id, position, subtasks as "subtasks: Json<Vec<Subtask>>",
                 created_at, updated_at, completed_at, deleted_at, version, receipted_version,
                 rejected_reason, passed as "passed: Json<Passed>", next_version(version) as "next_version!",
                 messaging.clock() as "now!"
             from task "# + $tail,
            $($argument),*
        )
    };
}

/// A task whose row is locked, and the moment of a change.
#[derive(Clone, Debug)]
pub(crate) struct Locked {
    pub(crate) task: Task,
    pub(crate) moment: Moment,
    /// The highest version that the worker has said it has.
    pub(crate) receipted_version: i64,
}

impl TryFrom<TaskRow> for Locked {
    type Error = sqlx::Error;

    fn try_from(row: TaskRow) -> sqlx::Result<Self> {
        let moment = Moment { now: row.now, version: row.next_version.into() };
        let receipted_version = row.receipted_version;
        Ok(Self { task: row.try_into()?, moment, receipted_version })
    }
}

/// Stores a new task; its row is then locked.
pub(crate) async fn insert(conn: &mut PgConnection, task: &Task) -> sqlx::Result<()> {
    let state = &task.state;
    let (due_at, due_on) = due_columns(state.due_date);
    sqlx::query!(
        "insert into task (task_id, user_id, title, description, priority, status, due_at, due_on,
             time_zone, recurrence, occurrence, reminders, tags, schedule_since, created_at,
             updated_at, version, refresh_minute, list_id, position, subtasks, title_order, day_time)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18,
             $19, $20, $21, $22, $23)",
        state.task_id.uuid(),
        state.user_id.uuid(),
        state.title,
        state.description,
        priority_name(state.priority),
        status_name(state.status),
        due_at,
        due_on,
        state.time_zone.name(),
        state.recurrence.as_ref().map(Json) as _,
        state.occurrence.map(|occurrence| occurrence.to_string()),
        Json(&state.reminders) as _,
        &state.tags,
        state.schedule_since,
        state.created_at,
        task.updated_at,
        state.version.get(),
        super::refresh_minute(state.task_id.uuid()),
        state.list_id.map(ListId::uuid),
        state.position,
        Json(&state.subtasks) as _,
        order_of(&state.title),
        state.day_time,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Writes a locked task.
pub(crate) async fn save(conn: &mut PgConnection, task: &Task) -> sqlx::Result<()> {
    let state = &task.state;
    let (due_at, due_on) = due_columns(state.due_date);
    let saved = sqlx::query!(
        "update task set title = $3, description = $4, priority = $5, status = $6, due_at = $7,
             due_on = $8, time_zone = $9, recurrence = $10, occurrence = $11, reminders = $12,
             snoozes = $13, dismissed = $14, tags = $15, schedule_since = $16, updated_at = $17,
             completed_at = $18, deleted_at = $19, version = $20, list_id = $21, position = $22,
             subtasks = $23, title_order = $24, day_time = $25, passed = $26
         where task_id = $1 and user_id = $2 and version < $20",
        state.task_id.uuid(),
        state.user_id.uuid(),
        state.title,
        state.description,
        priority_name(state.priority),
        status_name(state.status),
        due_at,
        due_on,
        state.time_zone.name(),
        state.recurrence.as_ref().map(Json) as _,
        state.occurrence.map(|occurrence| occurrence.to_string()),
        Json(&state.reminders) as _,
        Json(&state.snoozes) as _,
        Json(&state.dismissed) as _,
        &state.tags,
        state.schedule_since,
        task.updated_at,
        task.completed_at,
        task.deleted_at,
        state.version.get(),
        state.list_id.map(ListId::uuid),
        state.position,
        Json(&state.subtasks) as _,
        order_of(&state.title),
        state.day_time,
        task.passed.as_ref().map(Json) as _,
    )
    .execute(conn)
    .await?;
    // The row is locked, so anything else means that a version would go back.
    if saved.rows_affected() == 1 { Ok(()) } else { Err(sqlx::Error::RowNotFound) }
}

/// A person's task, in the trash or not, with the row locked.
pub(crate) async fn lock(
    conn: &mut PgConnection,
    user_id: UserId,
    task_id: TaskId,
) -> sqlx::Result<Option<Locked>> {
    select_tasks!("where task_id = $1 and user_id = $2 for update", task_id.uuid(), user_id.uuid())
        .fetch_optional(conn)
        .await?
        .map(Locked::try_from)
        .transpose()
}

/// Anybody's task with the row locked. For the system.
pub(crate) async fn lock_any(
    conn: &mut PgConnection,
    task_id: TaskId,
) -> sqlx::Result<Option<Locked>> {
    select_tasks!("where task_id = $1 for update", task_id.uuid())
        .fetch_optional(conn)
        .await?
        .map(Locked::try_from)
        .transpose()
}

/// The versions of some tasks of anybody's, with their rows locked in the order of their ids. For
/// the system.
pub(crate) async fn lock_versions(
    conn: &mut PgConnection,
    task_ids: &[Uuid],
) -> sqlx::Result<Vec<(TaskId, i64)>> {
    let rows = sqlx::query!(
        "select task_id, version from task where task_id = any ($1) order by task_id for update",
        task_ids,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|row| (row.task_id.into(), row.version)).collect())
}

/// The next tasks by id after one, locked, those in the trash too. For the system.
pub(crate) async fn lock_batch(
    conn: &mut PgConnection,
    after: Option<TaskId>,
    limit: i64,
) -> sqlx::Result<Vec<Locked>> {
    select_tasks!(
        "where $1::uuid is null or task_id > $1 order by task_id limit $2 for update",
        after.map(TaskId::uuid),
        limit,
    )
    .fetch_all(conn)
    .await?
    .into_iter()
    .map(Locked::try_from)
    .collect()
}

/// The next live tasks by id after one that are to be said again at one of these minutes of the
/// day, locked. For the system.
pub(crate) async fn lock_refreshed(
    conn: &mut PgConnection,
    after: Option<TaskId>,
    minutes: &[i16],
    limit: i64,
) -> sqlx::Result<Vec<Locked>> {
    select_tasks!(
        "where refresh_minute = any ($1) and ($2::uuid is null or task_id > $2)
             and deleted_at is null and status <> 'DONE'
         order by task_id limit $3 for update",
        minutes,
        after.map(TaskId::uuid),
        limit,
    )
    .fetch_all(conn)
    .await?
    .into_iter()
    .map(Locked::try_from)
    .collect()
}

/// The next live tasks by id after one that follow their owner's clock, whole days and what repeats,
/// locked.
pub(crate) async fn lock_followers_of_clock(
    conn: &mut PgConnection,
    user_id: UserId,
    after: Option<TaskId>,
    limit: i64,
) -> sqlx::Result<Vec<Locked>> {
    select_tasks!(
        "where user_id = $1 and ($2::uuid is null or task_id > $2)
             and deleted_at is null and status <> 'DONE'
             and (due_on is not null or recurrence is not null)
         order by task_id limit $3 for update",
        user_id.uuid(),
        after.map(TaskId::uuid),
        limit,
    )
    .fetch_all(conn)
    .await?
    .into_iter()
    .map(Locked::try_from)
    .collect()
}

/// Notes, with a person's other tasks, from when the reminders of a whole day count: it means nothing to
/// them until they are due on one, and nobody is told.
pub(crate) async fn set_day_time(
    conn: &mut PgConnection,
    user_id: UserId,
    day_time: NaiveTime,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update task set day_time = $2 where user_id = $1 and day_time <> $2",
        user_id.uuid(),
        day_time,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// A person's task that is not in the trash.
pub(crate) async fn find(
    conn: &mut PgConnection,
    user_id: UserId,
    task_id: TaskId,
) -> sqlx::Result<Option<Task>> {
    select_tasks!(
        "where task_id = $1 and user_id = $2 and deleted_at is null",
        task_id.uuid(),
        user_id.uuid(),
    )
    .fetch_optional(conn)
    .await?
    .map(Task::try_from)
    .transpose()
}

/// Those of some tasks that a person has and that are not in the trash, by id.
pub(crate) async fn some(
    conn: &mut PgConnection,
    user_id: UserId,
    task_ids: &[Uuid],
) -> sqlx::Result<Vec<Task>> {
    select_tasks!(
        "where user_id = $1 and task_id = any ($2) and deleted_at is null order by task_id",
        user_id.uuid(),
        task_ids,
    )
    .fetch_all(conn)
    .await?
    .into_iter()
    .map(Task::try_from)
    .collect()
}

/// A person's tasks by id after one, those in the trash too, one by one.
pub(super) fn after(
    conn: &mut PgConnection,
    user_id: UserId,
    after: Option<TaskId>,
    limit: i64,
) -> impl Stream<Item = sqlx::Result<TaskRow>> {
    select_tasks!(
        "where user_id = $1 and ($2::uuid is null or task_id > $2) order by task_id limit $3",
        user_id.uuid(),
        after.map(TaskId::uuid),
        limit,
    )
    .fetch(conn)
}

/// Those of some tasks that are dated, not done and not in the trash, by id.
pub(super) async fn dated(
    conn: &mut PgConnection,
    user_id: UserId,
    task_ids: &[Uuid],
) -> sqlx::Result<Vec<TaskRow>> {
    select_tasks!(
        "where user_id = $1 and task_id = any ($2) and deleted_at is null and status <> 'DONE'
             and due_order < 'infinity'
         order by task_id",
        user_id.uuid(),
        task_ids,
    )
    .fetch_all(conn)
    .await
}

/// Takes the right to say a task's state again, where the last answer is long enough ago.
pub(crate) async fn take_answer(
    conn: &mut PgConnection,
    task_id: TaskId,
    interval_secs: f64,
) -> sqlx::Result<bool> {
    let taken = sqlx::query!(
        "update task set answered_at = messaging.clock()
         where task_id = $1 and (answered_at is null
             or answered_at <= messaging.clock() - make_interval(secs => $2))",
        task_id.uuid(),
        interval_secs,
    )
    .execute(conn)
    .await?;
    Ok(taken.rows_affected() == 1)
}

/// Raises a locked task's version above one that somebody else has seen, and returns it.
pub(crate) async fn overtake(
    conn: &mut PgConnection,
    task_id: TaskId,
    seen: i64,
) -> sqlx::Result<i64> {
    sqlx::query_scalar!(
        "update task set version = next_version(greatest(version, $2)),
             answered_at = messaging.clock()
         where task_id = $1 returning version",
        task_id.uuid(),
        seen,
    )
    .fetch_one(conn)
    .await
}

/// Notes which versions the worker has; a refusal of these or older ones is over. The rows are
/// locked.
pub(crate) async fn note_received(
    conn: &mut PgConnection,
    task_ids: &[Uuid],
    versions: &[i64],
) -> sqlx::Result<()> {
    sqlx::query!(
        "update task t
         set receipted_version = greatest(t.receipted_version, r.version),
             rejected_reason = case when t.rejected_version <= r.version then null
                 else t.rejected_reason end,
             rejected_version = case when t.rejected_version <= r.version then null
                 else t.rejected_version end
         from (
             select task_id, max(version) as version
             from unnest($1::uuid[], $2::bigint[]) as u (task_id, version) group by task_id
         ) r
         where t.task_id = r.task_id",
        task_ids,
        versions,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Notes that the worker refused a version, unless it has said that it has that one or a later one.
pub(crate) async fn note_rejected(
    conn: &mut PgConnection,
    task_id: TaskId,
    version: i64,
    reason: &str,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update task set rejected_reason = $3, rejected_version = $2
         where task_id = $1 and receipted_version < $2 and coalesce(rejected_version, 0) <= $2",
        task_id.uuid(),
        version,
        reason,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Whether a person has such a task, in the trash or not.
pub(crate) async fn exists(
    conn: &mut PgConnection,
    user_id: UserId,
    task_id: TaskId,
) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"select exists (select from task where task_id = $1 and user_id = $2) as "exists!""#,
        task_id.uuid(),
        user_id.uuid(),
    )
    .fetch_one(conn)
    .await
}
