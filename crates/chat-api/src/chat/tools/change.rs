//! Tools that change tasks.

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Timelike, Utc};
use events::{Due, Nominal, RecurrenceRule, TaskId, TimeZone};
use sqlx::PgConnection;

use super::{
    Toolbox, Use,
    arguments::{AddTask, Reschedule, Snooze, Update},
    due::moved,
    outcome::{Changed, Done, Outcome, Reason, RefusedTask, Shown},
};
use crate::{
    domain::{
        Refused,
        schedule::check_reminders,
        tag::Tags,
        task::{self, Decided, Moment, Task, TaskPatch, Wait},
        text::{Description, TaskTitle},
    },
    error::Failure,
};

/// How long a reminder is put off where nobody says how long.
pub(crate) const DEFAULT_SNOOZE: TimeDelta = TimeDelta::hours(1);

/// A rule, or none any more, and a due date.
type Repeating = (Option<Option<RecurrenceRule>>, Option<Due>);

impl Toolbox<'_> {
    pub(super) async fn add(
        &mut self,
        conn: &mut PgConnection,
        new: AddTask,
    ) -> Result<Outcome, Failure> {
        let new = new.into_new().map_err(|refused| Failure::field("", refused))?;
        let task = self.acts.create(conn, new).await?;
        self.note_new(&task);
        let added = Changed { before: None, after: Shown::new(task), changed: true };
        Ok(Outcome::Done(Done { tasks: vec![added], refused: vec![] }))
    }

    /// Does the same to many tasks, to each for itself: one that refuses keeps no other back.
    pub(super) async fn change(
        &mut self,
        conn: &mut PgConnection,
        use_of: &Use,
        asked: Option<&[(TaskId, i64)]>,
    ) -> Result<Outcome, Failure> {
        let task_ids = use_of.task_ids().unwrap_or_default();
        let locked = self.acts.lock_all(conn, task_ids).await?;
        let title = |id: TaskId| {
            let task = locked.iter().find(|task| task.state.task_id == id);
            task.map(|task| task.state.title.clone())
        };
        let (zone, mut done) = (self.zone(), Done::default());
        for id in task_ids {
            let acted = self
                .acts
                .act(conn, *id, |task, moment| {
                    check_version(task, asked)?;
                    decide(use_of, task, zone, moment)
                })
                .await?;
            match acted {
                Ok(acted) => {
                    self.note(use_of.tool(), &acted);
                    let changed = acted.before.state.version != acted.after.state.version;
                    let (before, after) = (Shown::new(acted.before), Shown::new(acted.after));
                    done.tasks.push(Changed { before: Some(before), after, changed });
                }
                Err(reason) => {
                    done.refused.push(RefusedTask { id: *id, title: title(*id), reason });
                }
            }
        }
        Ok(Outcome::Done(done))
    }
}

fn check_version(task: &Task, asked: Option<&[(TaskId, i64)]>) -> Result<(), Reason> {
    let Some(asked) = asked else { return Ok(()) };
    let is_same = asked.contains(&(task.state.task_id, task.state.version.get()));
    is_same.then_some(()).ok_or(Reason::ChangedSince)
}

fn decide(use_of: &Use, task: &Task, zone: TimeZone, moment: Moment) -> Result<Decided, Reason> {
    // The current one is what somebody means who says that it is done.
    let occurrence = task.state.occurrence;
    Ok(match use_of {
        Use::CompleteTasks(_) => task::complete(task, occurrence, moment)?,
        Use::ReopenTasks(_) => task::reopen(task, None, moment)?,
        Use::DeleteTasks(_) => task::delete(task, moment)?,
        Use::SkipOccurrence(_) if task.state.recurrence.is_none() => {
            return Err(if task.is_deleted() { Reason::Gone } else { Reason::DoesNotRepeat });
        }
        Use::SkipOccurrence(_) => task::skip(task, occurrence, moment)?,
        Use::Snooze(Snooze { until, .. }) => {
            if task.is_deleted() {
                return Err(Reason::Gone);
            }
            task::put_off(task, until.map_or(Wait::For(DEFAULT_SNOOZE), Wait::Until), moment)?
        }
        Use::RescheduleTasks(Reschedule { when, .. }) => {
            let due = moved(task, when, zone, moment.now)?;
            let patch = TaskPatch { due_date: Some(due), ..TaskPatch::default() };
            task::change(task, patch, None, moment)?
        }
        Use::UpdateTask(update) => {
            let patch = patch(update, task, moment.now)?;
            task::change(task, patch, None, moment)?
        }
        Use::ListTasks(_) | Use::GetTask(_) | Use::AddTask(_) | Use::Why(_) | Use::Undo(_) => {
            return Err(Reason::Refused("is none of the tools that change tasks".to_owned()));
        }
    })
}

/// What an update is for one task, which has tags and reminders of its own.
fn patch(update: &Update, task: &Task, now: DateTime<Utc>) -> Result<TaskPatch, Reason> {
    let state = &task.state;
    let refused = |field: &str| {
        let field = field.to_owned();
        move |refused: Refused| Reason::Refused(format!("{field} {refused}"))
    };
    let title = update.title.clone().map(TaskTitle::parse).transpose();
    let description = match (&update.description, &update.note) {
        (Some(description), None) => Some(description.clone()),
        (replaced, Some(note)) => {
            let before = replaced.clone().unwrap_or_else(|| state.description.clone());
            let before = before.filter(|text| !text.trim().is_empty());
            Some(Some(before.map_or_else(|| note.clone(), |text| format!("{text}\n{note}"))))
        }
        (None, None) => None,
    };
    let description = description.map(|text| text.map(Description::parse).transpose()).transpose();
    let tags = (!update.add_tags.is_empty() || !update.remove_tags.is_empty()).then(|| {
        let mut tags = state.tags.clone();
        tags.retain(|tag| !update.remove_tags.contains(tag));
        tags.extend(update.add_tags.iter().cloned());
        Tags::parse(tags)
    });
    let reminders = match (&update.reminders, update.add_reminders.as_slice()) {
        (given, []) => given.clone(),
        (given, added) => {
            let before = given.clone().flatten().unwrap_or_else(|| state.reminders.clone());
            Some(Some([before.as_slice(), added].concat()))
        }
    };
    let reminders = reminders.map(|specs| specs.map(check_reminders).transpose()).transpose();
    let (recurrence, due_date) = repeating(update, task, now)?;
    Ok(TaskPatch {
        title: title.map_err(refused("the title"))?,
        description: description.map_err(refused("the description"))?,
        priority: update.priority,
        due_date: due_date.map(Some),
        recurrence,
        reminders: reminders.map_err(refused("what reminds"))?,
        tags: tags.transpose().map_err(refused("what it is tagged with"))?,
        ..TaskPatch::default()
    })
}

/// The rule and the due date that go with it: at the time of day that the task has, and from the day on at
/// which it is due, where the rule says neither.
fn repeating(update: &Update, task: &Task, now: DateTime<Utc>) -> Result<Repeating, Reason> {
    let as_given = (update.recurrence.clone(), update.due_date);
    let (Some(Some(rule)), true) = (&update.recurrence, update.keep_time) else {
        return Ok(as_given);
    };
    let (Nominal::Day(first), Some(due)) = (rule.dtstart(), task.state.due_date) else {
        return Ok(as_given);
    };
    let zone = rule.time_zone();
    let (due_day, time) = match due {
        Due::On(day) => (day, None),
        Due::At(at) => (zone.local(at).date(), zone.local(at).time().with_nanosecond(0)),
    };
    // Every week, from today on, since no day was said.
    let names_a_day = rule.rrule().contains("BY") || first != zone.local(now).date();
    let first = if names_a_day { first } else { due_day };
    let start = time.map_or(Nominal::Day(first), |time| Nominal::Time(first.and_time(time)));
    let kept = RecurrenceRule::new(rule.rrule(), start, zone, vec![], rule.basis());
    let kept = kept.map_err(|refused| Reason::Refused(refused.to_string()))?;
    let due = update.due_date.map(|given| match given {
        Due::On(day) if names_a_day => start_of(day, time, zone),
        Due::On(_) => start_of(first, time, zone),
        Due::At(_) => given,
    });
    Ok((Some(Some(kept)), due))
}

fn start_of(day: NaiveDate, time: Option<NaiveTime>, zone: TimeZone) -> Due {
    time.map_or(Due::On(day), |time| Due::At(zone.instant(day.and_time(time))))
}
