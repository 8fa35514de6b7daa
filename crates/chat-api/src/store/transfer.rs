//! Many tasks at once, in and out.

use std::collections::HashSet;

use events::{ListId, TaskId, UserId};
use futures_util::TryStreamExt;
use serde_json::{Value, json};
use sqlx::{PgConnection, types::Json};
use uuid::Uuid;

use super::task_row::{due_columns, priority_name, status_name};
use crate::domain::{
    search::{order_of, words_of},
    task::Task,
};

/// Words that one statement writes: a file may have a million, and a statement has a time limit.
const WORDS_ROWS: usize = 20_000;

/// Which of these tasks a person has, in the trash or not.
pub(crate) async fn present(
    conn: &mut PgConnection,
    user_id: UserId,
    task_ids: &[Uuid],
) -> sqlx::Result<HashSet<Uuid>> {
    let found = sqlx::query_scalar!(
        "select task_id from task where user_id = $1 and task_id = any ($2)",
        user_id.uuid(),
        task_ids,
    )
    .fetch_all(conn)
    .await?;
    Ok(found.into_iter().collect())
}

/// Forgets that tasks were deleted for good, as they come back under the same ids; returns the highest
/// version that was said of any of them.
pub(crate) async fn forget_tombstones(
    conn: &mut PgConnection,
    user_id: UserId,
    task_ids: &[Uuid],
) -> sqlx::Result<Option<i64>> {
    let versions = sqlx::query_scalar!(
        "delete from task_tombstone where user_id = $1 and task_id = any ($2) returning version",
        user_id.uuid(),
        task_ids,
    )
    .fetch_all(conn)
    .await?;
    Ok(versions.into_iter().max())
}

/// Stores new tasks of a person, and what they are found by. Their rows are then locked.
pub(crate) async fn insert(
    conn: &mut PgConnection,
    user_id: UserId,
    tasks: &[Task],
) -> sqlx::Result<()> {
    let rows: Vec<Value> = tasks.iter().map(row_of).collect();
    sqlx::query!(
        "insert into task (task_id, user_id, title, description, priority, status, due_at, due_on,
             time_zone, recurrence, occurrence, reminders, snoozes, dismissed, tags, schedule_since,
             created_at, updated_at, completed_at, deleted_at, version, refresh_minute, list_id,
             position, subtasks, title_order, day_time)
         select task_id, $1, title, description, priority, status, due_at, due_on, time_zone,
             recurrence, occurrence, reminders, snoozes, dismissed, tags, schedule_since,
             created_at, updated_at, completed_at, deleted_at, version, refresh_minute, list_id,
             position, subtasks, title_order, day_time
         from jsonb_to_recordset($2::jsonb) as t (task_id uuid, title text, description text,
             priority text, status text, due_at timestamptz, due_on date, time_zone text,
             recurrence jsonb, occurrence text, reminders jsonb, snoozes jsonb, dismissed jsonb,
             tags text[], schedule_since timestamptz, created_at timestamptz,
             updated_at timestamptz, completed_at timestamptz, deleted_at timestamptz,
             version bigint, refresh_minute smallint, list_id uuid, position text, subtasks jsonb,
             title_order text, day_time time)",
        user_id.uuid(),
        Json(rows) as _,
    )
    .execute(&mut *conn)
    .await?;
    let (mut task_ids, mut words) = (vec![], vec![]);
    for task in tasks {
        let state = &task.state;
        let found_by = words_of(&state.title, state.description.as_deref(), &state.tags);
        task_ids.extend(std::iter::repeat_n(state.task_id.uuid(), found_by.len()));
        words.extend(found_by);
    }
    for (task_ids, words) in task_ids.chunks(WORDS_ROWS).zip(words.chunks(WORDS_ROWS)) {
        sqlx::query!(
            "insert into task_word (user_id, word, task_id)
             select $1, word, task_id from unnest($2::uuid[], $3::text[]) as w (task_id, word)",
            user_id.uuid(),
            task_ids,
            words,
        )
        .execute(&mut *conn)
        .await?;
    }
    Ok(())
}

fn row_of(task: &Task) -> Value {
    let state = &task.state;
    let (due_at, due_on) = due_columns(state.due_date);
    json!({
        "task_id": state.task_id,
        "title": state.title,
        "description": state.description,
        "priority": priority_name(state.priority),
        "status": status_name(state.status),
        "due_at": due_at,
        "due_on": due_on,
        "time_zone": state.time_zone.name(),
        "recurrence": state.recurrence,
        "occurrence": state.occurrence,
        "reminders": state.reminders,
        "snoozes": state.snoozes,
        "dismissed": state.dismissed,
        "tags": state.tags,
        "schedule_since": state.schedule_since,
        "created_at": state.created_at,
        "updated_at": task.updated_at,
        "completed_at": task.completed_at,
        "deleted_at": task.deleted_at,
        "version": state.version.get(),
        "refresh_minute": super::refresh_minute(state.task_id.uuid()),
        "list_id": state.list_id.map(ListId::uuid),
        "position": state.position,
        "subtasks": state.subtasks,
        "title_order": order_of(&state.title),
        "day_time": state.day_time,
    })
}

/// The next of a person's tasks by id after one, those in the trash too: at most `limit`, and none
/// after the one that makes them `enough_bytes`.
pub(crate) async fn page(
    conn: &mut PgConnection,
    user_id: UserId,
    after: Option<TaskId>,
    limit: i64,
    enough_bytes: usize,
) -> sqlx::Result<Vec<Task>> {
    let mut rows = super::tasks::after(conn, user_id, after, limit);
    let (mut tasks, mut bytes) = (vec![], 0);
    while bytes < enough_bytes
        && let Some(row) = rows.try_next().await?
    {
        let task = Task::try_from(row)?;
        bytes += size_of(&task);
        tasks.push(task);
    }
    Ok(tasks)
}

/// About what a task takes in memory: its texts, which are nearly all of it.
fn size_of(task: &Task) -> usize {
    let state = &task.state;
    let subtasks = state.subtasks.iter().map(|subtask| subtask.title.len()).sum::<usize>();
    let exdates = state.recurrence.as_ref().map_or(0, |rule| rule.exdates().len() * 20);
    state.title.len() + state.description.as_ref().map_or(0, String::len) + subtasks + exdates
}
