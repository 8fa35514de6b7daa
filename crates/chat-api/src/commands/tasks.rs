//! Making and changing tasks.

use chrono::{DateTime, Utc};
use events::{TaskId, TaskVersion};
use sqlx::PgConnection;

use super::{precondition::Precondition, tell};
use crate::{
    context::{Call, Context},
    domain::{
        schedule,
        task::{self, Decided, Moment, NewTask, Refusal, Task},
    },
    error::Failure,
    store,
};

/// Makes a task.
pub(crate) async fn create(context: &Context, call: Call, new: NewTask) -> Result<Task, Failure> {
    let mut tx = store::begin_for(&context.pool, call.user_id).await?;
    let person = store::persons::find(&mut tx, call.user_id).await?.ok_or(Failure::NotFound)?;
    let now = messaging::now(&mut tx).await?;
    let moment = Moment { now, version: TaskVersion::from(now.timestamp_micros()) };
    let zone = person.settings.time_zone;
    let decided = task::create(new, TaskId::random(), call.user_id, zone, moment)?;
    store::tasks::insert(&mut tx, &decided.task).await?;
    let task = tell_decided(&mut tx, context, call, now, decided).await?;
    tx.commit().await?;
    wake(context, call);
    Ok(task)
}

/// Lets a decision be taken on a task under its lock, and does what it says.
pub(crate) async fn decide_on(
    context: &Context,
    call: Call,
    task_id: TaskId,
    precondition: &Precondition,
    decide: impl FnOnce(&Task, Moment) -> Result<Decided, Refusal>,
) -> Result<Task, Failure> {
    let mut tx = store::begin_for(&context.pool, call.user_id).await?;
    let locked =
        store::tasks::lock(&mut tx, call.user_id, task_id).await?.ok_or(Failure::NotFound)?;
    if !locked.task.is_deleted() && !precondition.holds(locked.task.state.version) {
        return Err(Failure::VersionMismatch);
    }
    let decided = decide(&locked.task, locked.moment)?;
    if decided.facts.is_empty() {
        return Ok(decided.task);
    }
    store::tasks::save(&mut tx, &decided.task).await?;
    let task = tell_decided(&mut tx, context, call, locked.moment.now, decided).await?;
    tx.commit().await?;
    wake(context, call);
    Ok(task)
}

async fn tell_decided(
    conn: &mut PgConnection,
    context: &Context,
    call: Call,
    now: DateTime<Utc>,
    decided: Decided,
) -> Result<Task, Failure> {
    let Decided { task, facts } = decided;
    tell(conn, context, call, now, facts, urgent_at(&task, now)).await?;
    Ok(task)
}

/// When what is said of a task matters next.
pub(crate) fn urgent_at(task: &Task, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let state = &task.state;
    schedule::urgent_at(state.due_date, state.time_zone, &state.reminders, now)
}

fn wake(context: &Context, call: Call) {
    context.outbox.wake();
    context.hub.wake(call.user_id);
}
