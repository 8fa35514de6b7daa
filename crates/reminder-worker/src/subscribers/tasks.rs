//! Tasks, as chat-api tells them: versioned state in, a schedule and its announcements out.

use chrono::{DateTime, Utc};
use events::{CancelReason, CorrelationId, Payload, Revision, TaskId};
use messaging::{ApplyError, Incoming, Outbox, Outcome, Outgoing};
use platform::telemetry;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{
    reminder::{
        Cancelling, Change, Planned, announce_cancelled, announce_dropped, announce_scheduled,
        cancel_reason, change, derive, standing,
    },
    store::{self, deliveries::Dropped, reminders::NewReminder, tasks::Told},
};

/// How long a task waits with what is overdue where a later event of it is known to follow, in seconds.
/// That event ends the wait.
const MORE_HELD_WAIT_SECS: f64 = 300.0;
/// What a delivery says that was given up because its reminder no longer stands.
const SUPERSEDED: &str = "the reminder no longer stands";

/// A task's state to be taken, and on whose behalf.
#[derive(Debug)]
pub(crate) struct Telling<'a> {
    pub(crate) told: Told<'a>,
    pub(crate) correlation_id: CorrelationId,
    /// Whether a later event of the task is known to follow at once.
    pub(crate) more_held: bool,
    /// Why every reminder ends, where it is not for what the state says.
    pub(crate) ended: CancelReason,
}

pub(super) async fn apply(
    conn: &mut PgConnection,
    outbox: &Outbox,
    incoming: &Incoming,
) -> Result<Outcome, ApplyError> {
    let no_state = || Outcome::Rejected { reason: "the event carries no state".to_owned() };
    let (task_id, user_id, version, state, refresh) = match &incoming.event.payload {
        Payload::TaskCreated(state) => {
            (state.task_id, state.user_id, state.version, Some(state), false)
        }
        Payload::TaskUpdated(updated) => {
            let Some(state) = updated.task.as_deref() else { return Ok(no_state()) };
            let refresh = updated.changed_fields.is_empty();
            (updated.task_id, state.user_id, updated.version, Some(state), refresh)
        }
        Payload::TaskCompleted(completed) => {
            let Some(state) = completed.task.as_deref() else { return Ok(no_state()) };
            (completed.task_id, completed.user_id, completed.version, Some(state), false)
        }
        Payload::TaskDeleted(deleted) => {
            (deleted.task_id, deleted.user_id, deleted.version, None, false)
        }
        _ => return Ok(Outcome::Applied),
    };
    if let Some(state) = state
        && (state.task_id, state.user_id, state.version) != (task_id, user_id, version)
    {
        return Ok(Outcome::Rejected { reason: "the state is not the event's".to_owned() });
    }
    if store::people::is_deleted(conn, user_id).await? {
        return Ok(Outcome::Stale { version: store::people::version(conn, user_id).await? });
    }
    let released_at = incoming.released_at;
    let told = Told { task_id, user_id, version, state, refresh, released_at };
    let correlation_id = incoming.event.correlation_id;
    let more_held = incoming.more_held;
    let telling = Telling { told, correlation_id, more_held, ended: CancelReason::Deleted };
    tell(conn, outbox, &telling).await
}

/// Takes a task's state, makes its reminders follow from it, and says what changed. The task's row
/// is locked first and until the transaction ends.
pub(crate) async fn tell(
    conn: &mut PgConnection,
    outbox: &Outbox,
    telling: &Telling<'_>,
) -> Result<Outcome, ApplyError> {
    let told = &telling.told;
    let task_id = told.task_id;
    let Some(revision) = store::tasks::take(conn, told).await? else {
        return Ok(Outcome::Stale { version: store::tasks::version(conn, task_id).await? });
    };
    let now = messaging::now(conn).await?;
    let since = told.state.and_then(|state| state.schedule_since);
    let existing = store::reminders::existing(conn, &[task_id.uuid()]).await?;
    let existing = existing.into_values().next().unwrap_or_default();
    let planned = told.state.map(|state| derive(state, &existing)).unwrap_or_default();
    let change = change(&existing, &planned, since);

    let traceparent = telemetry::current_traceparent();
    let scheduled: Vec<NewReminder> = change
        .scheduled
        .iter()
        .map(|plan| NewReminder {
            task_id,
            user_id: told.user_id,
            plan: *plan,
            correlation_id: telling.correlation_id.uuid(),
            traceparent: traceparent.clone(),
        })
        .collect();
    store::reminders::schedule(conn, &scheduled).await?;
    let cancelled: Vec<Uuid> = change.cancelled.iter().map(|(id, _)| id.uuid()).collect();
    store::reminders::cancel(conn, &cancelled).await?;
    let wait_secs = if telling.more_held { MORE_HELD_WAIT_SECS } else { 0.0 };
    store::tasks::set_next_fire_at(conn, task_id, wait_secs).await?;
    let standing = told.state.map(|state| standing(state, &existing)).unwrap_or_default();
    let dropped = drop_superseded(conn, task_id, &standing).await?;

    let mut outgoing = announcements(telling, &change, revision, now);
    outgoing.extend(dropped.iter().map(|it| announce_dropped(it, SUPERSEDED, now).into()));
    outbox.append(conn, &outgoing).await?;
    Ok(Outcome::Applied)
}

async fn drop_superseded(
    conn: &mut PgConnection,
    task: TaskId,
    standing: &[Planned],
) -> sqlx::Result<Vec<Dropped>> {
    let ids: Vec<Uuid> = standing.iter().map(|plan| plan.reminder_id.uuid()).collect();
    let times: Vec<DateTime<Utc>> = standing.iter().map(|plan| plan.fire_at).collect();
    store::firings::give_up_superseded(conn, task, &ids, &times).await?;
    store::deliveries::drop_superseded(conn, task, &ids, &times, SUPERSEDED).await
}

fn announcements(
    telling: &Telling<'_>,
    change: &Change,
    revision: Revision,
    now: DateTime<Utc>,
) -> Vec<Outgoing> {
    let told = &telling.told;
    let mut outgoing = Vec::new();
    if let Some(state) = told.state {
        // A refresh asks what stands; otherwise only what changed is news.
        let again = told.refresh.then_some(&change.kept).into_iter().flatten();
        outgoing.extend(change.scheduled.iter().chain(again).map(|plan| {
            let event = announce_scheduled(state, plan, revision, telling.correlation_id, now);
            Outgoing::new(event).urgent_at(Some(plan.fire_at))
        }));
    }
    let cancelling = Cancelling {
        task_id: told.task_id,
        user_id: told.user_id,
        task_version: told.version,
        revision,
        correlation_id: telling.correlation_id,
        now,
    };
    outgoing.extend(change.cancelled.iter().map(|(reminder, occurrence)| {
        let reason =
            told.state.map_or(telling.ended, |state| cancel_reason(state, *reminder, *occurrence));
        Outgoing::new(announce_cancelled(&cancelling, *reminder, reason)).urgent_at(Some(now))
    }));
    outgoing
}
