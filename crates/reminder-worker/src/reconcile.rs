//! Saying again what stands: after a restore from a backup, and when the time-zone rules changed.

use chrono::{DateTime, Utc};
use events::{CancelReason, CorrelationId, Event, EventId, Revision};
use messaging::{ApplyError, Outbox, Outgoing};
use sqlx::{PgConnection, PgPool, types::Json};
use uuid::Uuid;

use crate::{
    reminder::{Cancelling, announce_cancelled, announce_triggered, cancel_reason},
    store::{self, reminders::EndedReminder, tasks::Told},
    subscribers::{Telling, tell},
};

/// The most tasks of one transaction.
const BATCH_TASKS: i64 = 200;

/// Says every live task's reminders again, those that fired under the event ids that they had. Returns
/// how many tasks there are.
///
/// # Errors
/// The database's own; what was said until then stays said.
pub async fn say_all_again(pool: &PgPool, outbox: &Outbox) -> Result<usize, ApplyError> {
    again(pool, outbox, Again::All).await
}

/// Derives anew the reminders that were derived with other time-zone rules than this build's.
/// Returns how many tasks that were.
///
/// # Errors
/// The database's own; the rest is derived at the next start.
pub async fn derive_outdated(pool: &PgPool, outbox: &Outbox) -> Result<usize, ApplyError> {
    again(pool, outbox, Again::Outdated).await
}

/// Which tasks, and what of them.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Again {
    /// Every live task: what stands, and what has ended.
    All,
    /// Those that were derived with other time-zone rules: what stands.
    Outdated,
}

async fn again(pool: &PgPool, outbox: &Outbox, what: Again) -> Result<usize, ApplyError> {
    let unless_tzdata_version = (what == Again::Outdated).then_some(chrono_tz::IANA_TZDB_VERSION);
    let mut after = Uuid::nil();
    let mut tasks = 0;
    loop {
        let live =
            store::tasks::live_after(pool, after, unless_tzdata_version, BATCH_TASKS).await?;
        let Some(last) = live.last() else { return Ok(tasks) };
        after = last.state.task_id.uuid();
        tasks += live.len();
        let mut tx = pool.begin().await?;
        let ids: Vec<Uuid> = live.iter().map(|task| task.state.task_id.uuid()).collect();
        for task in live {
            let state = &task.state.0;
            let told = Told {
                task_id: state.task_id,
                user_id: state.user_id,
                version: state.version,
                state: Some(state),
                refresh: true,
                released_at: task.released_at,
            };
            let correlation_id = CorrelationId::random();
            let telling =
                Telling { told, correlation_id, more_held: false, ended: CancelReason::Changed };
            tell(&mut tx, outbox, &telling).await?;
        }
        if what == Again::All {
            say_what_ended(&mut tx, outbox, &ids).await?;
        }
        tx.commit().await?;
        outbox.wake();
    }
}

/// Says the firings of these tasks again, under their own event ids, and what will not come.
async fn say_what_ended(
    conn: &mut PgConnection,
    outbox: &Outbox,
    tasks: &[Uuid],
) -> Result<(), ApplyError> {
    let now = messaging::now(conn).await?;
    let ended = store::reminders::ended(conn, tasks).await?;
    let outgoing: Vec<Outgoing> = ended
        .into_iter()
        .filter_map(|reminder| how_it_ended(reminder, now))
        .map(|event| Outgoing::new(event).urgent_at(Some(now)))
        .collect();
    outbox.append(conn, &outgoing).await?;
    Ok(())
}

/// `None` for a firing that is forgotten: no backup is so old.
fn how_it_ended(reminder: EndedReminder, now: DateTime<Utc>) -> Option<Event> {
    let correlation_id = reminder.correlation_id.into();
    if reminder.fired {
        let Json(triggered) = reminder.triggered?;
        let event_id = EventId::from(reminder.firing_id?);
        return Some(Event { event_id, ..announce_triggered(triggered, correlation_id) });
    }
    let task = &reminder.state;
    let reminder_id = reminder.reminder_id.into();
    let occurrence = reminder.occurrence.as_deref().and_then(|text| text.parse().ok());
    let reason = if reminder.expired {
        CancelReason::Expired
    } else {
        cancel_reason(task, reminder_id, occurrence)
    };
    let cancelling = Cancelling {
        task_id: task.task_id,
        user_id: task.user_id,
        task_version: task.version,
        revision: Revision::from(reminder.revision),
        correlation_id,
        now,
    };
    Some(announce_cancelled(&cancelling, reminder_id, reason))
}
