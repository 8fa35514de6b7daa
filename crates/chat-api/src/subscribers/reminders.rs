//! What the worker says of reminders.

use events::{Event, Payload, TaskId, UserId};
use messaging::{ApplyError, Outcome};
use sqlx::PgConnection;

use super::{convergence, rejected, show};
use crate::{
    context::Context,
    store::{
        self,
        reminders::{ReminderStatus, Said},
        tasks::Locked,
    },
};

/// Takes what an event says of a reminder where it is news; shows it in any case; and answers where
/// it shows that one of the two databases went back.
pub(super) async fn apply(
    conn: &mut PgConnection,
    context: &Context,
    event: &Event,
) -> Result<Outcome, ApplyError> {
    let Some(said) = read(&event.payload) else { return Ok(rejected("it is of no reminder")) };
    let Some(task_id) = event.payload.task_id() else { return Ok(rejected("it is of no task")) };
    let locked = store::tasks::lock_any(conn, task_id).await?;
    let owner = locked.as_ref().map(|locked| locked.task.state.user_id);
    let user_id = match (owner, super::user_of(&event.payload)) {
        (Some(owner), Some(named)) if owner != named => {
            return Ok(rejected("the task is another person's"));
        }
        (Some(user_id), _) | (None, Some(user_id)) => user_id,
        (None, None) => {
            return Ok(rejected("it names no person, and the task is not known here"));
        }
    };
    let is_known = owner.is_some() || store::persons::exists(conn, user_id).await?;
    let mut outcome = Outcome::Applied;
    if is_known && let Err(version) = store::reminders::take(conn, task_id, user_id, &said).await? {
        outcome = Outcome::Stale { version };
    }
    if let Payload::ReminderTriggered(triggered) = &event.payload
        && is_known
    {
        store::reminders::fold(conn, user_id, triggered).await?;
    }
    answer(conn, context, &said, locked, (task_id, user_id)).await?;
    if is_known {
        show(conn, event, user_id).await?;
    }
    Ok(outcome)
}

/// Answers a reminder that stands or fired; never one that was cancelled, as the answer to a
/// deletion is a cancellation.
async fn answer(
    conn: &mut PgConnection,
    context: &Context,
    said: &Said,
    locked: Option<Locked>,
    (task_id, user_id): (TaskId, UserId),
) -> Result<(), ApplyError> {
    if said.status == ReminderStatus::Cancelled {
        return Ok(());
    }
    if let Some(locked) = locked {
        return convergence::compare(conn, context, locked, said.task_version).await;
    }
    if convergence::repeat_end(conn, context, user_id).await? {
        return Ok(());
    }
    convergence::bury(conn, context, task_id, user_id, said.task_version).await
}

/// What an event says of a reminder; none where it is of something else.
fn read(payload: &Payload) -> Option<Said> {
    Some(match payload {
        Payload::ReminderScheduled(scheduled) => Said {
            reminder_id: scheduled.reminder_id,
            status: ReminderStatus::Scheduled,
            due_date: Some(scheduled.due_date.to_string()),
            reminder_time: Some(scheduled.reminder_time),
            triggered_at: None,
            late: false,
            cancelled_at: None,
            reason: None,
            task_version: scheduled.task_version.get(),
            revision: scheduled.revision.get(),
        },
        Payload::ReminderTriggered(triggered) => Said {
            reminder_id: triggered.reminder_id,
            status: ReminderStatus::Triggered,
            due_date: Some(triggered.due_date.to_string()),
            reminder_time: Some(triggered.reminder_time),
            triggered_at: Some(triggered.triggered_at),
            late: triggered.late,
            cancelled_at: None,
            reason: None,
            task_version: triggered.task_version.get(),
            revision: triggered.revision.get(),
        },
        Payload::ReminderCancelled(cancelled) => Said {
            reminder_id: cancelled.reminder_id,
            status: ReminderStatus::Cancelled,
            due_date: None,
            reminder_time: None,
            triggered_at: None,
            late: false,
            cancelled_at: Some(cancelled.cancelled_at),
            reason: serde_json::to_value(cancelled.reason)
                .ok()
                .and_then(|reason| reason.as_str().map(str::to_owned)),
            task_version: cancelled.task_version.get(),
            revision: cancelled.revision.get(),
        },
        _ => return None,
    })
}
