//! One short transaction: fired, next, deliveries, outbox.
//!
//! It begins by locking the due tasks. The subscriber locks the same row before it changes a
//! schedule, so a cancel and a tick of one task never overlap: whichever comes second sees all that
//! the first has done. Under READ COMMITTED anything less lets a cancel miss a reminder that a tick
//! has just inserted.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use events::{CancelReason, Event, ReminderTriggered, Revision};
use messaging::{ApplyError, Outbox, Outgoing};
use platform::telemetry;
use sqlx::{PgConnection, PgPool, types::Json};
use tracing::Span;
use uuid::Uuid;

use super::metrics::Counts;
use crate::{
    reminder::{Cancelling, announce_cancelled, announce_triggered, due_date},
    settings::SchedulerSettings,
    store::{
        self,
        firings::NewFirings,
        reminders::{DueReminder, Ended},
        tasks::DueTask,
    },
};

/// The most tasks of one tick.
const MAX_TASKS: i64 = 250;
/// How long a task waits that can't be fired, in seconds. An event that changes it ends the wait.
const PUT_OFF_SECS: f64 = 300.0;
/// A firing that comes so much later than its time is marked late, in seconds.
const LATE_AFTER_SECS: i64 = 30;

/// What a tick did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tick {
    /// How many tasks were due.
    pub(super) tasks: usize,
}

/// Fires the reminders of the tasks that are the longest overdue. A task that can't be fired is put
/// off and holds up nobody else.
pub(super) async fn tick(
    pool: &PgPool,
    outbox: &Outbox,
    settings: SchedulerSettings,
    counts: &Counts,
) -> Result<Tick, ApplyError> {
    match fire_the_overdue(pool, outbox, settings, counts).await {
        Err(error) if !error.is_transient() => {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "not all that is due can be fired; each task is tried by itself"
            );
            fire_one_by_one(pool, outbox, settings, counts).await
        }
        ticked => ticked,
    }
}

async fn fire_the_overdue(
    pool: &PgPool,
    outbox: &Outbox,
    settings: SchedulerSettings,
    counts: &Counts,
) -> Result<Tick, ApplyError> {
    let mut tx = pool.begin().await?;
    let tasks = store::tasks::lock_due(&mut tx, MAX_TASKS).await?;
    if tasks.is_empty() {
        return Ok(Tick::default());
    }
    let fired = fire(&mut tx, outbox, settings, &tasks).await?;
    tx.commit().await?;
    fired.committed(counts);
    Ok(Tick { tasks: tasks.len() })
}

async fn fire_one_by_one(
    pool: &PgPool,
    outbox: &Outbox,
    settings: SchedulerSettings,
    counts: &Counts,
) -> Result<Tick, ApplyError> {
    let due = store::tasks::due(pool, MAX_TASKS).await?;
    for task in &due {
        match fire_alone(pool, outbox, settings, counts, *task).await {
            Err(error) if !error.is_transient() => {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    task.id = %task,
                    wait_secs = PUT_OFF_SECS,
                    "a task can't be fired and is put off"
                );
                store::tasks::put_off(pool, *task, PUT_OFF_SECS).await?;
            }
            fired => fired?,
        }
    }
    Ok(Tick { tasks: due.len() })
}

async fn fire_alone(
    pool: &PgPool,
    outbox: &Outbox,
    settings: SchedulerSettings,
    counts: &Counts,
    task: Uuid,
) -> Result<(), ApplyError> {
    let mut tx = pool.begin().await?;
    let Some(task) = store::tasks::lock_if_due(&mut tx, task).await? else { return Ok(()) };
    let fired = fire(&mut tx, outbox, settings, &[task]).await?;
    tx.commit().await?;
    fired.committed(counts);
    Ok(())
}

/// Fires what is due of tasks that the caller's transaction has locked.
async fn fire(
    conn: &mut PgConnection,
    outbox: &Outbox,
    settings: SchedulerSettings,
    tasks: &[DueTask],
) -> Result<Outcome, ApplyError> {
    let now = messaging::now(conn).await?;
    let revisions: HashMap<Uuid, i64> =
        tasks.iter().map(|task| (task.task_id, task.next_revision)).collect();
    let ids: Vec<Uuid> = revisions.keys().copied().collect();
    let due = store::reminders::due(conn, &ids, now).await?;
    let outcome = decide(due, &revisions, settings, now);

    store::reminders::mark_ended(conn, &outcome.fired, Ended::Fired).await?;
    store::reminders::mark_ended(conn, &outcome.expired, Ended::Expired).await?;
    store::firings::insert(conn, &outcome.firings, now).await?;
    store::tasks::set_said(conn, tasks).await?;
    store::firings::plan(conn, &outcome.firings.firing_id).await?;
    outbox.append(conn, &outcome.outgoing).await?;
    tracing::info!(
        tasks = tasks.len(),
        fired = outcome.firings.firing_id.len(),
        expired = outcome.expired.len(),
        "fired"
    );
    Ok(outcome)
}

/// What follows from reminders being due.
#[derive(Default)]
struct Outcome {
    firings: NewFirings,
    fired: Vec<Uuid>,
    expired: Vec<Uuid>,
    /// The events, each within the trace of the request that it follows from.
    outgoing: Vec<Outgoing>,
    /// How late each firing is.
    lateness: Vec<TimeDelta>,
    /// The firings in their traces; they end when it is committed.
    spans: Vec<Span>,
}

impl Outcome {
    /// Says that it is committed.
    fn committed(self, counts: &Counts) {
        counts.fired(&self.lateness);
        counts.expired(self.expired.len());
        for (span, late) in self.spans.iter().zip(&self.lateness) {
            tracing::info!(parent: span, late_ms = late.num_milliseconds(), "a reminder fired");
        }
    }
}

/// A firing, as a part of the trace of the request that scheduled it.
fn span(reminder: &DueReminder) -> Span {
    let span = tracing::info_span!(
        parent: None,
        "fire",
        correlation_id = %reminder.correlation_id,
        task.id = %reminder.state.task_id,
        reminder.id = %reminder.reminder_id,
    );
    if let Some(parent) = &reminder.traceparent {
        telemetry::continue_trace(&span, parent);
    }
    span
}

fn decide(
    due: Vec<DueReminder>,
    revisions: &HashMap<Uuid, i64>,
    settings: SchedulerSettings,
    now: DateTime<Utc>,
) -> Outcome {
    let mut outcome = Outcome::default();
    for mut reminder in due {
        if reminder.repeated {
            outcome.fired.push(reminder.reminder_id);
            continue;
        }
        let revision = revisions.get(&reminder.state.task_id.uuid()).copied().unwrap_or_default();
        let revision = Revision::from(revision);
        let span = span(&reminder);
        reminder.traceparent = telemetry::traceparent(&span).or(reminder.traceparent);
        let traceparent = reminder.traceparent.clone();
        let event = if is_expired(&reminder, settings, now) {
            outcome.expired.push(reminder.reminder_id);
            expire(&reminder, revision, now)
        } else {
            outcome.fired.push(reminder.reminder_id);
            outcome.lateness.push(now - reminder.fire_at);
            outcome.spans.push(span);
            trigger(&mut outcome.firings, reminder, revision, now)
        };
        outcome.outgoing.push(Outgoing::new(event).urgent_at(Some(now)).within(traceparent));
    }
    outcome
}

/// Whether it was missed for too long; of a task that had been held back, since its release.
fn is_expired(reminder: &DueReminder, settings: SchedulerSettings, now: DateTime<Utc>) -> bool {
    let since =
        reminder.released_at.map_or(reminder.fire_at, |released| released.max(reminder.fire_at));
    now - since > TimeDelta::hours(i64::from(settings.catch_up_max_age_hours))
}

fn expire(reminder: &DueReminder, revision: Revision, now: DateTime<Utc>) -> Event {
    let task = &reminder.state;
    let cancelling = Cancelling {
        task_id: task.task_id,
        user_id: task.user_id,
        task_version: task.version,
        revision,
        correlation_id: reminder.correlation_id.into(),
        now,
    };
    announce_cancelled(&cancelling, reminder.reminder_id.into(), CancelReason::Expired)
}

fn trigger(
    firings: &mut NewFirings,
    reminder: DueReminder,
    revision: Revision,
    now: DateTime<Utc>,
) -> Event {
    let Json(task) = reminder.state;
    let triggered = ReminderTriggered {
        task_id: task.task_id,
        reminder_id: reminder.reminder_id.into(),
        user_id: task.user_id,
        due_date: due_date(&task, reminder.fire_at),
        title: task.title,
        reminder_time: reminder.fire_at,
        triggered_at: now,
        recurrence: task.recurrence,
        task_version: task.version,
        revision,
        late: now - reminder.fire_at > TimeDelta::seconds(LATE_AFTER_SECS),
        folded: Vec::new(),
    };
    firings.reminder_id.push(reminder.reminder_id);
    firings.task_id.push(triggered.task_id.uuid());
    firings.user_id.push(triggered.user_id.uuid());
    firings.reminder_time.push(triggered.reminder_time);
    firings.payload.push(Json(triggered.clone()));
    firings.correlation_id.push(reminder.correlation_id);
    firings.traceparent.push(reminder.traceparent);
    let event = announce_triggered(triggered, reminder.correlation_id.into());
    firings.firing_id.push(event.event_id.uuid());
    event
}
