//! One short transaction: fired, next, deliveries, outbox.
//!
//! It begins by locking the due tasks. The subscriber locks the same row before it changes a
//! schedule, so a cancel and a tick of one task never overlap: whichever comes second sees all that
//! the first has done. Under READ COMMITTED anything less lets a cancel miss a reminder that a tick
//! has just inserted.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, TimeDelta, Utc};
use events::{
    CancelReason, Event, Folded, MAX_FOLDED, Offset, ReminderId, ReminderTriggered, Revision,
    TaskId, TaskState,
};
use messaging::{ApplyError, Outbox, Outgoing};
use platform::telemetry;
use sqlx::{PgConnection, PgPool};
use tracing::Span;
use uuid::Uuid;

use super::metrics::Counts;
use crate::{
    reminder::{
        Cancelling, CatchUp, Existing, Planned, announce_cancelled, announce_dropped,
        announce_scheduled, catch_up, later, series,
    },
    settings::SchedulerSettings,
    store::{
        self,
        firings::NewFirings,
        reminders::{DueReminder, Ended, NewReminder},
        tasks::DueTask,
    },
};

/// The most tasks of one tick.
const MAX_TASKS: i64 = 250;
/// What a delivery says that was given up in the quiet hours.
const OVERTAKEN: &str = "a later occurrence came before the quiet hours were over";
/// The most occurrences that expire in one tick; the next tick goes on.
const MAX_EXPIRED: usize = 1_000;
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
    let recurring: Vec<Uuid> = due
        .iter()
        .filter(|reminder| is_of_series(reminder))
        .map(|reminder| reminder.state.task_id.uuid())
        .collect();
    let existing = match recurring.as_slice() {
        [] => HashMap::new(),
        recurring => store::reminders::existing(conn, recurring).await?,
    };
    let mut outcome = decide(due, &existing, &revisions, settings, now);

    store::reminders::schedule(conn, &outcome.scheduled).await?;
    store::reminders::mark_ended(conn, &outcome.fired, Ended::Fired).await?;
    store::reminders::mark_ended(conn, &outcome.expired, Ended::Expired).await?;
    store::firings::insert(conn, &outcome.firings, now).await?;
    store::tasks::set_said(conn, tasks).await?;
    store::firings::plan(conn, &outcome.firings.firing_id).await?;
    if !recurring.is_empty() {
        let firings = &outcome.firings.firing_id;
        let dropped = store::deliveries::drop_overtaken(conn, firings, OVERTAKEN).await?;
        let dropped = dropped.iter().map(|it| announce_dropped(it, OVERTAKEN, now).into());
        outcome.outgoing.extend(dropped);
    }
    outbox.append(conn, &outcome.outgoing).await?;
    tracing::info!(
        tasks = tasks.len(),
        fired = outcome.firings.firing_id.len(),
        expired = outcome.expirations,
        "fired"
    );
    Ok(outcome)
}

/// What follows from reminders being due.
#[derive(Default)]
struct Outcome {
    firings: NewFirings,
    /// What is to stand, and what ends without ever having stood.
    scheduled: Vec<NewReminder>,
    fired: Vec<Uuid>,
    expired: Vec<Uuid>,
    /// How many occurrences expire, those that never stood too.
    expirations: usize,
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
        counts.expired(self.expirations);
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
        reminder.id = %reminder.plan.reminder_id,
    );
    if let Some(parent) = &reminder.traceparent {
        telemetry::continue_trace(&span, parent);
    }
    span
}

/// Whether later occurrences follow a reminder; one that was put off stands for itself.
fn is_of_series(reminder: &DueReminder) -> bool {
    !reminder.plan.snoozed && reminder.plan.occurrence.is_some() && reminder.plan.offset.is_some()
}

fn decide(
    due: Vec<DueReminder>,
    existing: &HashMap<Uuid, Vec<Existing>>,
    revisions: &HashMap<Uuid, i64>,
    settings: SchedulerSettings,
    now: DateTime<Utc>,
) -> Outcome {
    let mut outcome = Outcome::default();
    let revision = |task: &TaskState| {
        Revision::from(revisions.get(&task.task_id.uuid()).copied().unwrap_or_default())
    };
    let mut alike: BTreeMap<(TaskId, Offset), Vec<DueReminder>> = BTreeMap::new();
    for reminder in due {
        let revision = revision(&reminder.state);
        match reminder.plan.offset {
            Some(offset) if is_of_series(&reminder) => {
                alike.entry((reminder.state.task_id, offset)).or_default().push(reminder);
            }
            _ if reminder.repeated => outcome.fired.push(reminder.plan.reminder_id.uuid()),
            _ => {
                let (plan, oldest) = (reminder.plan, oldest(&reminder, settings, now));
                let alone = catch_up(vec![plan], std::iter::empty(), now, oldest, 1);
                outcome.take(&reminder, alone, &[plan.reminder_id], revision, now);
            }
        }
    }
    for ((task_id, offset), reminders) in alike {
        let Some(first) = reminders.first() else { continue };
        let existing = existing.get(&task_id.uuid()).map(Vec::as_slice).unwrap_or_default();
        let pending: Vec<ReminderId> = existing
            .iter()
            .filter(|reminder| reminder.pending)
            .map(|reminder| reminder.reminder_id)
            .collect();
        let (repeated, due): (Vec<_>, Vec<_>) =
            reminders.iter().partition(|reminder| reminder.repeated);
        let repeated: Vec<ReminderId> =
            repeated.iter().map(|reminder| reminder.plan.reminder_id).collect();
        outcome.fired.extend(repeated.iter().map(|id| id.uuid()));
        let plans = due.iter().map(|reminder| reminder.plan).collect();
        let later = later_of(&first.state, offset, existing)
            .filter(|plan| !repeated.contains(&plan.reminder_id));
        let left = MAX_EXPIRED.saturating_sub(outcome.expirations);
        let caught_up = catch_up(plans, later, now, oldest(first, settings, now), left);
        outcome.take(first, caught_up, &pending, revision(&first.state), now);
    }
    outcome
}

/// What later occurrences owe; nothing where the rule counts from the completion.
fn later_of(
    task: &TaskState,
    offset: Offset,
    existing: &[Existing],
) -> impl Iterator<Item = Planned> {
    series(task)
        .into_iter()
        .flat_map(move |(rule, current)| later(task, rule, current, offset, existing))
}

/// What came due before is not sent any more; of a task that had been held back, nothing until it is as
/// long since its release.
fn oldest(
    reminder: &DueReminder,
    settings: SchedulerSettings,
    now: DateTime<Utc>,
) -> DateTime<Utc> {
    let oldest = now - TimeDelta::hours(i64::from(settings.catch_up_max_age_hours));
    match reminder.released_at {
        Some(released_at) if released_at >= oldest => DateTime::<Utc>::MIN_UTC,
        _ => oldest,
    }
}

impl Outcome {
    /// Takes what becomes of one task's reminder. `like` is one of those that are due: the request that
    /// it follows from is what the others follow from too. `pending` are those that stand.
    fn take(
        &mut self,
        like: &DueReminder,
        caught_up: CatchUp,
        pending: &[ReminderId],
        revision: Revision,
        now: DateTime<Utc>,
    ) {
        let CatchUp { expired, folded, fired, next } = caught_up;
        let span = fired.is_some().then(|| span(like));
        let traceparent =
            span.as_ref().and_then(telemetry::traceparent).or_else(|| like.traceparent.clone());
        let stands = |plan: &Planned| pending.contains(&plan.reminder_id);
        let new = |plan: &Planned| NewReminder {
            task_id: like.state.task_id,
            user_id: like.state.user_id,
            plan: *plan,
            correlation_id: like.correlation_id,
            traceparent: traceparent.clone(),
        };
        let say = |event: Event| Outgoing::new(event).within(traceparent.clone());

        // The latest that was handled is remembered, whether it stood or not: what is owed counts from it.
        let handled = fired.as_ref().or_else(|| expired.last());
        self.scheduled.extend(handled.filter(|plan| !stands(plan)).map(new));
        self.expirations += expired.len();
        for plan in &expired {
            if stands(plan) || handled == Some(plan) {
                self.expired.push(plan.reminder_id.uuid());
            }
            self.outgoing.push(say(expire(like, plan, revision, now)).urgent_at(Some(now)));
        }
        let folded_that_stood = folded.iter().filter(|plan| stands(plan));
        self.fired.extend(folded_that_stood.map(|plan| plan.reminder_id.uuid()));
        if let Some((plan, span)) = fired.zip(span) {
            self.fired.push(plan.reminder_id.uuid());
            self.lateness.push(now - plan.fire_at);
            self.spans.push(span);
            let listed = listed(&folded, stands);
            let mut firing = triggered(like, &plan, revision, now);
            firing.folded = listed;
            firing.folded_count = u32::try_from(folded.len()).unwrap_or(u32::MAX);
            let event = self.firings.push(firing, like.correlation_id, traceparent.clone());
            self.outgoing.push(say(event).urgent_at(Some(now)));
        }
        if let Some(plan) = next.filter(|plan| !stands(plan)) {
            let correlation_id = like.correlation_id.into();
            let event = announce_scheduled(&like.state, &plan, revision, correlation_id, now);
            self.outgoing.push(say(event).urgent_at(Some(plan.fire_at)));
            self.scheduled.push(new(&plan));
        }
    }
}

fn expire(like: &DueReminder, plan: &Planned, revision: Revision, now: DateTime<Utc>) -> Event {
    let task = &like.state;
    let cancelling = Cancelling {
        task_id: task.task_id,
        user_id: task.user_id,
        task_version: task.version,
        revision,
        correlation_id: like.correlation_id.into(),
        now,
    };
    announce_cancelled(&cancelling, plan.reminder_id, CancelReason::Expired)
}

fn triggered(
    like: &DueReminder,
    plan: &Planned,
    revision: Revision,
    now: DateTime<Utc>,
) -> ReminderTriggered {
    let task = &like.state;
    ReminderTriggered {
        task_id: task.task_id,
        reminder_id: plan.reminder_id,
        user_id: task.user_id,
        due_date: plan.told_due_date(),
        title: task.title.clone(),
        reminder_time: plan.fire_at,
        triggered_at: now,
        recurrence: task.recurrence.clone(),
        task_version: task.version,
        revision,
        late: now - plan.fire_at > TimeDelta::seconds(LATE_AFTER_SECS),
        folded: vec![],
        folded_count: 0,
    }
}

/// Those that a firing lists of what it stands for: what was said to stand, so that it is known how that
/// ended, and the latest of the others.
fn listed(folded: &[Planned], stands: impl Fn(&Planned) -> bool) -> Vec<Folded> {
    let (stood, others): (Vec<&Planned>, Vec<&Planned>) =
        folded.iter().partition(|plan| stands(plan));
    let room = MAX_FOLDED.saturating_sub(stood.len());
    let latest = &others[others.len().saturating_sub(room)..];
    stood
        .into_iter()
        .chain(latest.iter().copied())
        .map(|plan| Folded { reminder_id: plan.reminder_id, reminder_time: plan.fire_at })
        .collect()
}
