//! A person's tasks and what happened to them.

use events::{Status, TaskId, UserId};

use super::Page;
use crate::{
    context::Context,
    domain::task::Task,
    error::Failure,
    store::{self, tasks::Cursor, timeline::Entry},
};

/// A task that is not in the trash.
pub(crate) async fn find(
    context: &Context,
    user_id: UserId,
    task_id: TaskId,
) -> Result<Task, Failure> {
    let mut tx = store::begin_for(&context.pool, user_id).await?;
    let task = store::tasks::find(&mut tx, user_id, task_id).await?;
    tx.commit().await?;
    task.ok_or(Failure::NotFound)
}

/// A page of tasks that are not in the trash, newest first.
pub(crate) async fn list(
    context: &Context,
    user_id: UserId,
    status: Option<Status>,
    cursor: Option<Cursor>,
    limit: i64,
) -> Result<Page<Task, Cursor>, Failure> {
    let mut tx = store::begin_for(&context.pool, user_id).await?;
    let reach = store::feed::reach(&mut tx, user_id).await?;
    let tasks = store::tasks::list(&mut tx, user_id, status, cursor, limit + 1).await?;
    tx.commit().await?;
    Ok(Page::cut(tasks, limit, reach.head, |task| Cursor {
        created_at: task.state.created_at,
        task_id: task.state.task_id,
    }))
}

/// A page of what happened to a task, oldest first; also of one in the trash.
pub(crate) async fn timeline(
    context: &Context,
    user_id: UserId,
    task_id: TaskId,
    after: i64,
    limit: i64,
) -> Result<Page<Entry, i64>, Failure> {
    let mut tx = store::begin_for(&context.pool, user_id).await?;
    store::tasks::exists(&mut tx, user_id, task_id)
        .await?
        .then_some(())
        .ok_or(Failure::NotFound)?;
    let reach = store::feed::reach(&mut tx, user_id).await?;
    let entries = store::timeline::list(&mut tx, user_id, task_id, after, limit + 1).await?;
    tx.commit().await?;
    Ok(Page::cut(entries, limit, reach.head, |entry| entry.entry_id))
}
