//! Coming together again after one of the two databases went back to a backup.
//!
//! chat-api owns tasks. Whoever shows it a version above its own proves that it has forgotten what
//! it once said: it takes a version above that one and says its present state. Whoever follows an
//! older version than one that the worker has already received has forgotten that: it is told the
//! present state again.

use chrono::{DateTime, Utc};
use events::{CorrelationId, Event, Payload, TaskId, TaskVersion, UserId};
use messaging::{AppendError, ApplyError, Outgoing};
use sqlx::PgConnection;

use crate::{
    commands::tasks::urgent_at,
    context::Context,
    store::{self, tasks::Locked},
};

/// The least time between two answers that say the same of a task, in seconds.
const ANSWER_INTERVAL_SECS: f64 = 10.0;
/// JavaScript reads integers exactly below 2^53. A version from there on is no clock of ours, and
/// following it would end the numbers.
pub(super) const MAX_SEEN_VERSION: i64 = (1 << 53) - (1 << 32);

/// Compares a version that somebody follows with the task's own, and answers where they tell of a
/// database that went back.
pub(super) async fn compare(
    conn: &mut PgConnection,
    context: &Context,
    mut locked: Locked,
    seen: i64,
) -> Result<(), ApplyError> {
    let task_id = locked.task.state.task_id;
    if seen > locked.task.state.version.get() {
        if seen > MAX_SEEN_VERSION {
            tracing::error!(task.id = %task_id, seen, "a version beyond all clocks is passed over");
            return Ok(());
        }
        let version = store::tasks::overtake(conn, task_id, seen).await?;
        tracing::warn!(task.id = %task_id, seen, version, "a task overtakes a version from the future");
        locked.task.state.version = TaskVersion::from(version);
    } else if seen >= locked.receipted_version
        || !store::tasks::take_answer(conn, task_id, ANSWER_INTERVAL_SECS).await?
    {
        return Ok(());
    }
    let urgent = urgent_at(&locked.task, locked.moment.now);
    say(conn, context, locked.moment.now, locked.task.restate(), urgent).await
}

/// Says that a task of which nothing is known here is deleted, and remembers it.
pub(super) async fn bury(
    conn: &mut PgConnection,
    context: &Context,
    task_id: TaskId,
    user_id: UserId,
    seen: i64,
) -> Result<(), ApplyError> {
    if seen > MAX_SEEN_VERSION {
        tracing::error!(task.id = %task_id, seen, "a version beyond all clocks is passed over");
        return Ok(());
    }
    let told = store::tombstones::keep(conn, task_id, user_id, seen, ANSWER_INTERVAL_SECS).await?;
    let Some(deleted) = told else { return Ok(()) };
    tracing::warn!(task.id = %task_id, "a reminder of a task that is not known here");
    let now = messaging::now(conn).await?;
    say(conn, context, now, deleted.into(), Some(now)).await
}

/// Says again that a person's account ended, where it did: that ends their tasks too. `false` where
/// it did not.
pub(super) async fn repeat_end(
    conn: &mut PgConnection,
    context: &Context,
    user_id: UserId,
) -> Result<bool, ApplyError> {
    let found = store::person_tombstones::take_answer(conn, user_id, ANSWER_INTERVAL_SECS).await?;
    let Some((deleted, is_time)) = found else { return Ok(false) };
    if is_time {
        tracing::warn!(user.id = %user_id, "a reminder of a person whose account ended");
        let now = messaging::now(conn).await?;
        say(conn, context, now, deleted.into(), Some(now)).await?;
    }
    Ok(true)
}

/// Appends a fact that follows from no request.
pub(super) async fn say(
    conn: &mut PgConnection,
    context: &Context,
    now: DateTime<Utc>,
    fact: Payload,
    urgent_at: Option<DateTime<Utc>>,
) -> Result<(), ApplyError> {
    let event = Event::new(context.outbox.service(), CorrelationId::random(), now, fact);
    let outgoing = Outgoing::new(event).urgent_at(urgent_at);
    let appended: Result<(), AppendError> = context.outbox.append(conn, &[outgoing]).await;
    Ok(appended?)
}
