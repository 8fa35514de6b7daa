//! What happened, in words.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use events::{CorrelationId, ReminderId, TaskId, TimeZone, UserId};
use sqlx::PgConnection;
use uuid::Uuid;

use super::Page;
use crate::{
    context::Context,
    domain::story::{self, Asks, Known, Told},
    error::Failure,
    store::{
        self,
        timeline::{Earlier, Entry},
    },
};

/// Of what somebody asks what happened.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Subject {
    /// Of a task, also of one in the trash.
    Task(TaskId),
    /// Of one reminder.
    Reminder(ReminderId),
    /// Of a request: of all tasks.
    Request(CorrelationId),
}

/// An entry, and what it says in the person's zone.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    pub(crate) entry: Entry,
    pub(crate) text: String,
}

/// A page of what happened, oldest first.
pub(crate) async fn list(
    context: &Context,
    user_id: UserId,
    subject: Subject,
    after: i64,
    limit: i64,
) -> Result<Page<Line, i64>, Failure> {
    let mut tx = store::begin_for(&context.pool, user_id).await?;
    let person = store::persons::find(&mut tx, user_id).await?.ok_or(Failure::NotSignedIn)?;
    let reach = store::feed::reach(&mut tx, user_id).await?;
    let entries = entries(&mut tx, user_id, subject, after, limit + 1).await?;
    let lines = told(&mut tx, user_id, entries, person.settings.time_zone).await?;
    tx.commit().await?;
    Ok(Page::cut(lines, limit, reach.head, |line| line.entry.entry_id))
}

/// The last that happened to a task, oldest first, in the caller's transaction.
pub(crate) async fn latest(
    conn: &mut PgConnection,
    user_id: UserId,
    task_id: TaskId,
    limit: i64,
    zone: TimeZone,
) -> Result<Vec<Line>, Failure> {
    let entries = store::timeline::latest_of_task(conn, user_id, task_id, limit).await?;
    Ok(told(conn, user_id, entries, zone).await?)
}

async fn entries(
    conn: &mut PgConnection,
    user_id: UserId,
    subject: Subject,
    after: i64,
    limit: i64,
) -> Result<Vec<Entry>, Failure> {
    Ok(match subject {
        Subject::Task(task_id) => {
            let exists = store::tasks::exists(&mut *conn, user_id, task_id).await?;
            exists.then_some(()).ok_or(Failure::NotFound)?;
            store::timeline::of_task(conn, user_id, task_id, after, limit).await?
        }
        Subject::Reminder(reminder_id) => {
            let task_id = store::reminders::task_of(&mut *conn, user_id, reminder_id).await?;
            let of = (task_id.ok_or(Failure::NotFound)?, reminder_id);
            store::timeline::of_reminder(conn, user_id, of, after, limit).await?
        }
        Subject::Request(correlation_id) => {
            store::timeline::of_request(conn, user_id, correlation_id, after, limit).await?
        }
    })
}

/// Entries with what they say; what they refer to is looked up for all of them at once.
async fn told(
    conn: &mut PgConnection,
    user_id: UserId,
    entries: Vec<Entry>,
    zone: TimeZone,
) -> sqlx::Result<Vec<Line>> {
    let asking: Vec<(&Entry, Asks)> =
        entries.iter().filter_map(|entry| Some((entry, story::asks(as_told(entry))?))).collect();
    let known = look_up(conn, user_id, &asking).await?;
    let line = |entry: Entry| {
        let known = known.get(&entry.entry_id).copied().unwrap_or_default();
        let text = story::tell(as_told(&entry), known, zone);
        Line { entry, text }
    };
    Ok(entries.into_iter().map(line).collect())
}

fn as_told(entry: &Entry) -> Told<'_> {
    Told { event_type: &entry.event_type, details: &entry.details }
}

async fn look_up(
    conn: &mut PgConnection,
    user_id: UserId,
    asking: &[(&Entry, Asks)],
) -> sqlx::Result<HashMap<i64, Known>> {
    if asking.is_empty() {
        return Ok(HashMap::new());
    }
    let task_ids: Vec<Uuid> = asking.iter().map(|(entry, _)| entry.task_id).collect();
    let reminder_ids: Vec<Uuid> = asking.iter().map(|(_, asks)| asks.reminder_id.uuid()).collect();
    let names: Vec<String> = reminder_ids.iter().map(Uuid::to_string).collect();
    let versions: Vec<String> =
        asking.iter().map(|(_, asks)| asks.task_version.to_string()).collect();
    let earlier =
        store::timeline::earlier(&mut *conn, user_id, &task_ids, &names, &versions).await?;
    let times = store::reminders::times(conn, user_id, &reminder_ids).await?;
    let known =
        |(entry, asks): &(&Entry, Asks)| (entry.entry_id, known(entry, *asks, &earlier, &times));
    Ok(asking.iter().map(known).collect())
}

fn known(
    entry: &Entry,
    asks: Asks,
    earlier: &[Earlier],
    times: &HashMap<Uuid, DateTime<Utc>>,
) -> Known {
    let name = asks.reminder_id.to_string();
    let of_task = earlier.iter().filter(|other| other.task_id == entry.task_id);
    let stood = of_task.clone().rev().find(|other| {
        other.entry_id < entry.entry_id && other.reminder_id.as_deref() == Some(&name)
    });
    let cause = of_task.clone().find(|other| other.version == Some(asks.task_version));
    Known {
        reminder_time: stood
            .and_then(|stood| stood.reminder_time)
            .or_else(|| times.get(&asks.reminder_id.uuid()).copied()),
        scheduled_at: stood.map(|stood| stood.at),
        caused_at: cause.map(|cause| cause.at),
    }
}
