//! The table `task`. Whoever touches a schedule locks its row here first.

use chrono::{DateTime, Utc};
use events::{Revision, TaskId, TaskState, TaskVersion, UserId};
use sqlx::{PgConnection, PgPool, types::Json};
use uuid::Uuid;

/// A task as an event tells it.
#[derive(Debug)]
pub(crate) struct Told<'a> {
    pub(crate) task_id: TaskId,
    pub(crate) user_id: UserId,
    pub(crate) version: TaskVersion,
    /// The state after; none for a tombstone.
    pub(crate) state: Option<&'a TaskState>,
    /// Whether the same version may be told again.
    pub(crate) refresh: bool,
    pub(crate) released_at: Option<DateTime<Utc>>,
}

/// Takes a version that is higher (a refresh also an equal one, but not of a tombstone), locks the
/// row, and answers with the next revision; `None` where the version is stale.
pub(crate) async fn take(
    conn: &mut PgConnection,
    told: &Told<'_>,
) -> sqlx::Result<Option<Revision>> {
    let revision = sqlx::query_scalar!(
        "insert into task as t (task_id, user_id, version, deleted, state, released_at,
             tzdata_version, revision)
         values ($1, $2, $3, $4, $5, $6, $7,
             (extract(epoch from messaging.clock()) * 1000000)::bigint)
         on conflict (task_id) do update
             set version = excluded.version, deleted = excluded.deleted, state = excluded.state,
                 user_id = excluded.user_id,
                 released_at = coalesce(excluded.released_at, t.released_at),
                 tzdata_version = excluded.tzdata_version,
                 revision = greatest(t.revision + 1, excluded.revision)
             where t.version < excluded.version
                 or ($8 and t.version = excluded.version and not t.deleted)
         returning revision",
        told.task_id.uuid(),
        told.user_id.uuid(),
        told.version.get(),
        told.state.is_none(),
        told.state.map(Json) as _,
        told.released_at,
        chrono_tz::IANA_TZDB_VERSION,
        told.refresh,
    )
    .fetch_optional(conn)
    .await?;
    Ok(revision.map(Revision::from))
}

/// The version that is here.
pub(crate) async fn version(conn: &mut PgConnection, task: TaskId) -> sqlx::Result<i64> {
    sqlx::query_scalar!("select version from task where task_id = $1", task.uuid())
        .fetch_one(conn)
        .await
}

/// Locks a task's row; `false` where there is none.
pub(crate) async fn lock(conn: &mut PgConnection, task: TaskId) -> sqlx::Result<bool> {
    let row = sqlx::query!("select from task where task_id = $1 for update", task.uuid())
        .fetch_optional(conn)
        .await?;
    Ok(row.is_some())
}

/// Locks tasks' rows, in the one order in which several are locked.
pub(crate) async fn lock_all(conn: &mut PgConnection, tasks: &[Uuid]) -> sqlx::Result<()> {
    sqlx::query!("select from task where task_id = any ($1) order by task_id for update", tasks)
        .execute(conn)
        .await?;
    Ok(())
}

/// Sets when a task reminds next, from its pending reminders, and no sooner than in so many seconds.
pub(crate) async fn set_next_fire_at(
    conn: &mut PgConnection,
    task: TaskId,
    wait_secs: f64,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update task set next_fire_at = (
             select case when $2::float8 > 0
                 then greatest(min(fire_at), messaging.clock() + make_interval(secs => $2::float8))
                 else min(fire_at) end
             from reminder
             where reminder.task_id = task.task_id and status = 'pending'
         )
         where task_id = $1",
        task.uuid(),
        wait_secs,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// A due task that this transaction has locked, and what it is to be said with.
pub(crate) struct DueTask {
    pub(crate) task_id: Uuid,
    pub(crate) next_revision: i64,
}

/// Locks the tasks that are due, the longest overdue first, passing over those that another
/// transaction holds (it fires them, or is about to change them and wakes the scheduler then).
pub(crate) async fn lock_due(conn: &mut PgConnection, limit: i64) -> sqlx::Result<Vec<DueTask>> {
    sqlx::query_as!(
        DueTask,
        r#"select task_id, greatest(revision + 1,
             (extract(epoch from messaging.clock()) * 1000000)::bigint) as "next_revision!"
         from task where next_fire_at <= messaging.clock()
         order by next_fire_at limit $1 for update skip locked"#,
        limit,
    )
    .fetch_all(conn)
    .await
}

/// Tasks that are due, the longest overdue first; not locked.
pub(crate) async fn due(pool: &PgPool, limit: i64) -> sqlx::Result<Vec<Uuid>> {
    sqlx::query_scalar!(
        "select task_id from task where next_fire_at <= messaging.clock()
         order by next_fire_at limit $1",
        limit,
    )
    .fetch_all(pool)
    .await
}

/// Locks a task if it is due and no other transaction holds it.
pub(crate) async fn lock_if_due(
    conn: &mut PgConnection,
    task: Uuid,
) -> sqlx::Result<Option<DueTask>> {
    sqlx::query_as!(
        DueTask,
        r#"select task_id, greatest(revision + 1,
             (extract(epoch from messaging.clock()) * 1000000)::bigint) as "next_revision!"
         from task where task_id = $1 and next_fire_at <= messaging.clock()
         for update skip locked"#,
        task,
    )
    .fetch_optional(conn)
    .await
}

/// Lets a due task wait for so many seconds.
pub(crate) async fn put_off(pool: &PgPool, task: Uuid, seconds: f64) -> sqlx::Result<()> {
    sqlx::query!(
        "update task set next_fire_at = messaging.clock() + make_interval(secs => $2)
         where task_id = $1 and next_fire_at <= messaging.clock()",
        task,
        seconds,
    )
    .execute(pool)
    .await?;
    Ok(())
}

/// Notes what was said of tasks that were locked before, and when each reminds next.
pub(crate) async fn set_said(conn: &mut PgConnection, said: &[DueTask]) -> sqlx::Result<()> {
    let tasks: Vec<Uuid> = said.iter().map(|task| task.task_id).collect();
    let revisions: Vec<i64> = said.iter().map(|task| task.next_revision).collect();
    sqlx::query!(
        "update task set revision = s.revision, next_fire_at = (
             select min(fire_at) from reminder
             where reminder.task_id = task.task_id and status = 'pending'
         )
         from unnest($1::uuid[], $2::bigint[]) as s (task_id, revision)
         where task.task_id = s.task_id",
        &tasks,
        &revisions,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Seconds until the next task reminds, by the database's clock; negative where one is overdue.
pub(crate) async fn seconds_until_next(pool: &PgPool) -> sqlx::Result<Option<f64>> {
    sqlx::query_scalar!(
        "select extract(epoch from min(next_fire_at) - messaging.clock())::float8 from task
         where next_fire_at is not null",
    )
    .fetch_one(pool)
    .await
}

/// A task to say again.
pub(crate) struct Live {
    pub(crate) state: Json<TaskState>,
    pub(crate) released_at: Option<DateTime<Utc>>,
}

/// Live tasks by id, from after `after`; only those derived with other time-zone rules than
/// `unless_tzdata_version`, if that is given.
pub(crate) async fn live_after(
    pool: &PgPool,
    after: Uuid,
    unless_tzdata_version: Option<&str>,
    limit: i64,
) -> sqlx::Result<Vec<Live>> {
    sqlx::query_as!(
        Live,
        r#"select state as "state!: Json<TaskState>", released_at from task
         where not deleted and task_id > $1 and ($2::text is null or tzdata_version <> $2)
         order by task_id limit $3"#,
        after,
        unless_tzdata_version,
        limit,
    )
    .fetch_all(pool)
    .await
}

/// The tasks of a person, locked.
pub(crate) async fn lock_of_person(
    conn: &mut PgConnection,
    person: UserId,
) -> sqlx::Result<Vec<(TaskId, i64)>> {
    let rows = sqlx::query!(
        "select task_id, version from task where user_id = $1 and not deleted
         order by task_id for update",
        person.uuid(),
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|row| (row.task_id.into(), row.version)).collect())
}
