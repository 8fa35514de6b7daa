//! What was deleted: tasks with `deleted_at`.

use events::{ListId, TaskId, UserId};
use sqlx::PgConnection;

/// Deletes at most `limit` tasks in the trash for good, or the one that is named, and keeps their
/// tombstones: the worker remembers them too. Returns how many there were.
pub(crate) async fn purge(
    conn: &mut PgConnection,
    user_id: UserId,
    task_id: Option<TaskId>,
    limit: i64,
) -> sqlx::Result<u64> {
    let purged = sqlx::query!(
        "with chosen as (
             select task_id from task
             where user_id = $1 and deleted_at is not null and ($2::uuid is null or task_id = $2)
             order by task_id limit $3 for update
         ), gone as (
             delete from task using chosen where task.task_id = chosen.task_id
             returning task.task_id, task.version, task.deleted_at
         ), untold as (
             delete from timeline using chosen
             where timeline.user_id = $1 and timeline.task_id = chosen.task_id
         ), unreminded as (
             delete from reminder using chosen
             where reminder.user_id = $1 and reminder.task_id = chosen.task_id
         )
         insert into task_tombstone (task_id, user_id, version, deleted_at, answered_at)
         select task_id, $1, version, deleted_at, messaging.clock() from gone
         on conflict (task_id) do nothing",
        user_id.uuid(),
        task_id.map(TaskId::uuid),
        limit,
    )
    .execute(conn)
    .await?;
    Ok(purged.rows_affected())
}

/// Lets what is in the trash of one list come back into another.
pub(crate) async fn rehome(
    conn: &mut PgConnection,
    user_id: UserId,
    from: ListId,
    to: ListId,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update task set list_id = $3
         where user_id = $1 and list_id = $2 and deleted_at is not null",
        user_id.uuid(),
        from.uuid(),
        to.uuid(),
    )
    .execute(conn)
    .await?;
    Ok(())
}
