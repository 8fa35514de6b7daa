//! A person's tasks and what happened to them.

use chrono::{DateTime, NaiveTime, Utc};
use events::{Due, TaskId, TimeZone, UserId};

use super::Page;
use crate::{
    context::Context,
    domain::task::Task,
    error::Failure,
    store::{
        self,
        task_list::{Cursor, Filter, Sort},
    },
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

/// A page of tasks that somebody asks for.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) filter: Filter,
    /// A day begins in the person's own zone.
    pub(crate) due_before: Option<Due>,
    pub(crate) due_after: Option<Due>,
    pub(crate) sort: Sort,
    pub(crate) cursor: Option<Cursor>,
    pub(crate) limit: i64,
}

/// A page of tasks.
pub(crate) async fn list(
    context: &Context,
    user_id: UserId,
    asked: Asked,
) -> Result<Page<Task, Cursor>, Failure> {
    let Asked { mut filter, due_before, due_after, sort, cursor, limit } = asked;
    let mut tx = store::begin_for(&context.pool, user_id).await?;
    let reach = store::feed::reach(&mut tx, user_id).await?;
    if due_before.is_some() || due_after.is_some() {
        let person = store::persons::find(&mut tx, user_id).await?.ok_or(Failure::NotSignedIn)?;
        let zone = person.settings.time_zone;
        filter.due_before = due_before.map(|due| beginning(due, zone));
        filter.due_from = due_after.map(|due| beginning(due, zone));
    }
    let (items, next) =
        store::task_list::page(&mut tx, user_id, &filter, sort, cursor.as_ref(), limit).await?;
    tx.commit().await?;
    Ok(Page { items, next, feed_position: reach.head })
}

fn beginning(due: Due, zone: TimeZone) -> DateTime<Utc> {
    match due {
        Due::At(instant) => instant,
        Due::On(day) => zone.instant(day.and_time(NaiveTime::MIN)),
    }
}
