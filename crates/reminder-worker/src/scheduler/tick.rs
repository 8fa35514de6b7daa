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
use sqlx::{PgPool, types::Json};
use uuid::Uuid;

use crate::{
    reminder::{Cancelling, announce_cancelled, announce_triggered, due_date},
    settings::SchedulerSettings,
    store::{
        self,
        firings::NewFirings,
        reminders::{DueReminder, Ended},
    },
};

/// The most tasks of one tick.
const MAX_TASKS: i64 = 250;
/// A firing that comes so much later than its time is marked late, in seconds.
const LATE_AFTER_SECS: i64 = 30;

/// What a tick did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tick {
    /// How many tasks were due.
    pub(super) tasks: usize,
}

/// Fires the reminders of the tasks that are the longest overdue.
pub(super) async fn tick(
    pool: &PgPool,
    outbox: &Outbox,
    settings: SchedulerSettings,
) -> Result<Tick, ApplyError> {
    let mut tx = pool.begin().await?;
    let tasks = store::tasks::lock_due(&mut tx, MAX_TASKS).await?;
    if tasks.is_empty() {
        return Ok(Tick::default());
    }
    let now = messaging::now(&mut tx).await?;
    let revisions: HashMap<Uuid, i64> =
        tasks.iter().map(|task| (task.task_id, task.next_revision)).collect();
    let ids: Vec<Uuid> = revisions.keys().copied().collect();
    let due = store::reminders::due(&mut tx, &ids, now).await?;
    let outcome = decide(due, &revisions, settings, now);

    store::reminders::mark_ended(&mut tx, &outcome.fired, Ended::Fired).await?;
    store::reminders::mark_ended(&mut tx, &outcome.expired, Ended::Expired).await?;
    store::firings::insert(&mut tx, &outcome.firings, now).await?;
    store::tasks::set_said(&mut tx, &tasks).await?;
    store::firings::plan(&mut tx, &outcome.firings.firing_id).await?;
    for (traceparent, outgoing) in outcome.outgoing {
        outbox.append_within(&mut tx, &outgoing, traceparent.as_deref()).await?;
    }
    tx.commit().await?;
    tracing::info!(
        tasks = tasks.len(),
        fired = outcome.firings.firing_id.len(),
        expired = outcome.expired.len(),
        "fired"
    );
    Ok(Tick { tasks: tasks.len() })
}

/// What follows from reminders being due.
#[derive(Default)]
struct Outcome {
    firings: NewFirings,
    fired: Vec<Uuid>,
    expired: Vec<Uuid>,
    /// The events, by the trace that they belong to.
    outgoing: HashMap<Option<String>, Vec<Outgoing>>,
}

fn decide(
    due: Vec<DueReminder>,
    revisions: &HashMap<Uuid, i64>,
    settings: SchedulerSettings,
    now: DateTime<Utc>,
) -> Outcome {
    let mut outcome = Outcome::default();
    for reminder in due {
        if reminder.repeated {
            outcome.fired.push(reminder.reminder_id);
            continue;
        }
        let revision = revisions.get(&reminder.state.task_id.uuid()).copied().unwrap_or_default();
        let revision = Revision::from(revision);
        let traceparent = reminder.traceparent.clone();
        let event = if is_expired(&reminder, settings, now) {
            outcome.expired.push(reminder.reminder_id);
            expire(&reminder, revision, now)
        } else {
            outcome.fired.push(reminder.reminder_id);
            fire(&mut outcome.firings, reminder, revision, now)
        };
        outcome.outgoing.entry(traceparent).or_default().push(event.into());
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

fn fire(
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
