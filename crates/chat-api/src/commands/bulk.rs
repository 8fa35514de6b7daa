//! One thing done to many tasks, all or none.

use events::{Due, ListId, Nominal, TaskId};

use super::{
    precondition::Precondition,
    tasks::{Beside, carry_out, lock, place, wake},
};
use crate::{
    context::{Call, Context},
    domain::task::{self, Task, TaskPatch},
    error::{Failure, FieldError},
    store,
};

/// The most tasks of one request.
pub(crate) const MAX_TASKS: usize = 200;

/// A task that something is to be done to.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) task_id: TaskId,
    pub(crate) precondition: Precondition,
    /// Of a recurring task that is completed, or gone back to.
    pub(crate) occurrence: Option<Nominal>,
}

impl Target {
    /// A task at any version.
    pub(super) fn any(task_id: TaskId) -> Self {
        Self { task_id, precondition: Precondition::None, occurrence: None }
    }
}

/// What is to be done.
#[derive(Clone, Debug)]
pub(crate) enum Act {
    Complete,
    Reopen,
    Delete,
    Restore,
    Reschedule(Option<Due>),
    MoveTo(ListId),
}

/// Does the same to many tasks in one transaction. Where one refuses, none is changed, and the
/// refusal names it.
pub(crate) async fn act(
    context: &Context,
    call: Call,
    act: &Act,
    targets: &[Target],
) -> Result<Vec<Task>, Failure> {
    let mut tx = store::begin_for(&context.pool, call.user_id).await?;
    let done = act_on_all(&mut tx, context, call, act, targets).await;
    let done = done.map_err(|(index, failure)| name(index, failure))?;
    tx.commit().await?;
    wake(context, call);
    Ok(done)
}

/// Does the same to many tasks; of a refusal, says which task it is about. All of them are locked, in the
/// order of their ids as everywhere, before anything is told of one: the feed's head is a transaction's
/// last lock.
pub(super) async fn act_on_all(
    conn: &mut sqlx::PgConnection,
    context: &Context,
    call: Call,
    act: &Act,
    targets: &[Target],
) -> Result<Vec<Task>, (usize, Failure)> {
    let mut order: Vec<usize> = (0..targets.len()).collect();
    order.sort_by_key(|index| targets[*index].task_id);
    if let (Act::MoveTo(list_id), Some(first)) = (act, order.first()) {
        // Lists before tasks.
        let list = place(conn, call, Beside::EndOf(*list_id)).await;
        list.map_err(|failure| (*first, failure))?;
    }
    for index in &order {
        let locked = lock(conn, call, targets[*index].task_id, &Precondition::None).await;
        locked.map_err(|failure| (*index, failure))?;
    }
    let mut done: Vec<Option<Task>> = vec![None; targets.len()];
    for index in order {
        let task = act_on(conn, context, call, act, &targets[index]).await;
        done[index] = Some(task.map_err(|failure| (index, failure))?);
    }
    Ok(done.into_iter().flatten().collect())
}

async fn act_on(
    conn: &mut sqlx::PgConnection,
    context: &Context,
    call: Call,
    act: &Act,
    target: &Target,
) -> Result<Task, Failure> {
    let place = match act {
        Act::MoveTo(list_id) => Some(place(conn, call, Beside::EndOf(*list_id)).await?),
        _ => None,
    };
    let locked = lock(conn, call, target.task_id, &target.precondition).await?;
    let (task, moment) = (&locked.task, locked.moment);
    let decided = match act {
        Act::Complete => task::complete(task, target.occurrence, moment)?,
        Act::Reopen => task::reopen(task, target.occurrence, moment)?,
        Act::Delete => task::delete(task, moment)?,
        Act::Restore => task::restore(task, moment)?,
        Act::Reschedule(due_date) => {
            let patch = TaskPatch { due_date: Some(*due_date), ..TaskPatch::default() };
            task::change(task, patch, None, moment)?
        }
        Act::MoveTo(_) => task::change(task, TaskPatch::default(), place, moment)?,
    };
    carry_out(conn, context, call, &locked, decided).await
}

/// A refusal that says which of many it is about.
fn name(index: usize, failure: Failure) -> Failure {
    let field = format!("tasks[{index}]");
    match failure {
        Failure::Invalid(errors) => Failure::Invalid(
            errors
                .into_iter()
                .map(|error| FieldError { field: format!("{field}.{}", error.field), ..error })
                .collect(),
        ),
        Failure::NotFound => Failure::field(&field, "there is no such task"),
        Failure::VersionMismatch => Failure::OneVersionMismatch(index),
        Failure::OccurrenceRequired => {
            Failure::field(&format!("{field}.occurrence"), "is required of a recurring task")
        }
        Failure::ChangedSince => {
            Failure::field(&format!("{field}.occurrence"), "is not what was done or skipped last")
        }
        other => other,
    }
}
