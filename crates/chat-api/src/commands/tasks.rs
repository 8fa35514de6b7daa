//! Making and changing tasks.

use chrono::{DateTime, Utc};
use events::{ListId, ReminderId, TaskId, TaskVersion};
use sqlx::PgConnection;

use super::{
    idempotency::{self, Once},
    precondition::Precondition,
    tell,
};
use crate::{
    context::{Call, Context},
    domain::{
        position::Position,
        schedule,
        task::{self, Decided, Moment, NewTask, Place, Refusal, Task, TaskPatch},
    },
    error::Failure,
    store::{self, tasks::Locked},
};

/// The most tasks that one transaction deletes for good.
const PURGE_BATCH_TASKS: i64 = 1_000;

/// Next to which task another one is put.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Beside {
    /// Before this one.
    Before(TaskId),
    /// After this one.
    After(TaskId),
    /// After all of this list.
    EndOf(ListId),
}

/// Makes a task, at the end of its list.
pub(crate) async fn create(context: &Context, call: Call, new: NewTask) -> Result<Task, Failure> {
    let mut tx = store::begin_for(&context.pool, call.user_id).await?;
    let task = create_within(&mut tx, context, call, new).await?;
    tx.commit().await?;
    wake(context, call);
    Ok(task)
}

/// Makes a task once, however often it is asked for with the same key: what `render` makes of it is
/// remembered, and answered again.
pub(crate) async fn create_once(
    context: &Context,
    call: Call,
    new: NewTask,
    once: &Once,
    render: impl FnOnce(Task) -> Result<String, Failure>,
) -> Result<String, Failure> {
    let mut tx = store::begin_for(&context.pool, call.user_id).await?;
    if let Some(answer) = idempotency::first_answer(&mut tx, call.user_id, once).await? {
        return Ok(answer);
    }
    let answer = render(create_within(&mut tx, context, call, new).await?)?;
    store::idempotency::answer(&mut tx, call.user_id, once.key(), &answer).await?;
    tx.commit().await?;
    wake(context, call);
    Ok(answer)
}

async fn create_within(
    conn: &mut PgConnection,
    context: &Context,
    call: Call,
    new: NewTask,
) -> Result<Task, Failure> {
    let (decided, now) = insert(conn, call, new).await?;
    tell_decided(conn, context, call, now, decided).await
}

/// Stores a new task at the end of its list; what there is to tell of it is still to be told.
pub(super) async fn insert(
    conn: &mut PgConnection,
    call: Call,
    new: NewTask,
) -> Result<(Decided, DateTime<Utc>), Failure> {
    let person = store::persons::find(conn, call.user_id).await?.ok_or(Failure::NotSignedIn)?;
    let list_id = match new.list_id {
        Some(list_id) => list_id,
        None => store::lists::inbox(conn, call.user_id).await?,
    };
    let place = end_of(conn, call, list_id).await?;
    let now = messaging::now(conn).await?;
    let moment = Moment { now, version: TaskVersion::from(now.timestamp_micros()) };
    let decided =
        task::create(new, TaskId::random(), call.user_id, &person.settings, place, moment)?;
    store::tasks::insert(conn, &decided.task).await?;
    store::task_words::set(conn, &decided.task).await?;
    Ok((decided, now))
}

/// Changes a task's fields, and puts it at the end of another list if one is named.
pub(crate) async fn change(
    context: &Context,
    call: Call,
    task_id: TaskId,
    precondition: &Precondition,
    patch: TaskPatch,
    list_id: Option<ListId>,
) -> Result<Task, Failure> {
    let mut tx = store::begin_for(&context.pool, call.user_id).await?;
    let place = match list_id {
        Some(list_id) => Some(end_of(&mut tx, call, list_id).await?),
        None => None,
    };
    let locked = lock(&mut tx, call, task_id, precondition).await?;
    let stays = |place: &Place| locked.task.state.list_id == Some(place.list_id);
    let place = place.filter(|place| !stays(place));
    let decided = task::change(&locked.task, patch, place, locked.moment)?;
    let task = carry_out(&mut tx, context, call, &locked, decided).await?;
    tx.commit().await?;
    wake(context, call);
    Ok(task)
}

/// Puts a task beside another, into that one's list, or at the end of a list.
pub(crate) async fn put(
    context: &Context,
    call: Call,
    task_id: TaskId,
    beside: Beside,
) -> Result<Task, Failure> {
    let mut tx = store::begin_for(&context.pool, call.user_id).await?;
    let place = place(&mut tx, call, beside).await?;
    let locked = lock(&mut tx, call, task_id, &Precondition::None).await?;
    let is_itself = matches!(beside, Beside::Before(id) | Beside::After(id) if id == task_id);
    if is_itself {
        return Ok(locked.task);
    }
    let decided = task::put(&locked.task, place, locked.moment)?;
    let task = carry_out(&mut tx, context, call, &locked, decided).await?;
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
    let locked = lock(&mut tx, call, task_id, precondition).await?;
    let decided = decide(&locked.task, locked.moment)?;
    let task = carry_out(&mut tx, context, call, &locked, decided).await?;
    tx.commit().await?;
    wake(context, call);
    Ok(task)
}

/// Lets a decision be taken on the task of a reminder.
pub(crate) async fn decide_on_reminder(
    context: &Context,
    call: Call,
    reminder_id: ReminderId,
    decide: impl FnOnce(&Task, Moment) -> Result<Decided, Refusal>,
) -> Result<Task, Failure> {
    let mut tx = store::begin_for(&context.pool, call.user_id).await?;
    let task_id = store::reminders::task_of(&mut tx, call.user_id, reminder_id).await?;
    tx.commit().await?;
    let task_id = task_id.ok_or(Failure::NotFound)?;
    decide_on(context, call, task_id, &Precondition::None, decide).await
}

/// Deletes a task in the trash for good. Its tombstone stays.
pub(crate) async fn purge(context: &Context, call: Call, task_id: TaskId) -> Result<(), Failure> {
    match purge_some(context, call, Some(task_id)).await? {
        0 => Err(Failure::NotFound),
        _ => Ok(()),
    }
}

/// Deletes all that is in the trash for good, some tasks at a time.
pub(crate) async fn empty_trash(context: &Context, call: Call) -> Result<(), Failure> {
    while purge_some(context, call, None).await? > 0 {}
    Ok(())
}

async fn purge_some(
    context: &Context,
    call: Call,
    task_id: Option<TaskId>,
) -> Result<u64, Failure> {
    let mut tx = store::begin_for(&context.pool, call.user_id).await?;
    let purged = store::trash::purge(&mut tx, call.user_id, task_id, PURGE_BATCH_TASKS).await?;
    tx.commit().await?;
    Ok(purged)
}

/// A person's task with its row locked, at a version that the caller expects.
pub(super) async fn lock(
    conn: &mut PgConnection,
    call: Call,
    task_id: TaskId,
    precondition: &Precondition,
) -> Result<Locked, Failure> {
    let locked = store::tasks::lock(conn, call.user_id, task_id).await?.ok_or(Failure::NotFound)?;
    if !locked.task.is_deleted() && !precondition.holds(locked.task.state.version) {
        return Err(Failure::VersionMismatch);
    }
    Ok(locked)
}

/// Writes down and tells what was decided on a locked task.
pub(super) async fn carry_out(
    conn: &mut PgConnection,
    context: &Context,
    call: Call,
    locked: &Locked,
    decided: Decided,
) -> Result<Task, Failure> {
    if decided.facts.is_empty() {
        return Ok(decided.task);
    }
    write(conn, locked, &decided).await?;
    tell_decided(conn, context, call, locked.moment.now, decided).await
}

/// Writes down what was decided on a locked task; it is still to be told.
pub(super) async fn write(
    conn: &mut PgConnection,
    locked: &Locked,
    decided: &Decided,
) -> Result<(), Failure> {
    store::tasks::save(conn, &decided.task).await?;
    if says_other_words(&locked.task, &decided.task) {
        store::task_words::set(conn, &decided.task).await?;
    }
    Ok(())
}

fn says_other_words(before: &Task, after: &Task) -> bool {
    let (before, after) = (&before.state, &after.state);
    (&before.title, &before.description, &before.tags)
        != (&after.title, &after.description, &after.tags)
}

/// The place that is meant; the list stays until the transaction ends.
pub(super) async fn place(
    conn: &mut PgConnection,
    call: Call,
    beside: Beside,
) -> Result<Place, Failure> {
    let (field, task_id, before) = match beside {
        Beside::EndOf(list_id) => return end_of(conn, call, list_id).await,
        Beside::Before(task_id) => ("before", task_id, true),
        Beside::After(task_id) => ("after", task_id, false),
    };
    let found = store::task_list::neighbours(conn, call.user_id, task_id, before).await?;
    let found = found.ok_or_else(|| Failure::field(field, "is no task of yours"))?;
    let list_id = keep_list(conn, call, found.list_id.into()).await?;
    let (own, other) = (Some(found.own.as_str()), found.other.as_deref());
    let position =
        if before { Position::between(other, own) } else { Position::between(own, other) };
    Ok(Place { list_id, position })
}

async fn end_of(conn: &mut PgConnection, call: Call, list_id: ListId) -> Result<Place, Failure> {
    let list_id = keep_list(conn, call, list_id).await?;
    let last = store::task_list::last_position(conn, call.user_id, list_id.uuid()).await?;
    Ok(Place { list_id, position: Position::between(last.as_deref(), None) })
}

async fn keep_list(
    conn: &mut PgConnection,
    call: Call,
    list_id: ListId,
) -> Result<ListId, Failure> {
    let kept = store::lists::keep(conn, call.user_id, list_id).await?;
    kept.ok_or_else(|| Failure::field("list_id", "is no list of yours"))
}

/// Tells what was decided on a task.
pub(super) async fn tell_decided(
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
    schedule::urgent_at(state.due_date, (state.time_zone, state.day_time), &state.reminders, now)
}

pub(super) fn wake(context: &Context, call: Call) {
    context.outbox.wake();
    context.hub.wake(call.user_id);
}
