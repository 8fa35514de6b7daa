//! Doing a task, taking that back, the trash and the way out of it.

use events::{Basis, Nominal, RecurrenceRule, Status, TaskCompleted};

use super::{
    Decided, Moment, Refusal, Task,
    change::told,
    series::{Named, compare, pass_on},
    undo::{Passed, take_back},
};
use crate::domain::Refused;

/// Does a task. Done already, or an occurrence before the current one: nothing changes.
///
/// A recurring task names the occurrence that was done, and passes on to the next one that has not passed;
/// a later one than the current passes over those before it. Where there is no next one, the task is done.
pub(crate) fn complete(
    task: &Task,
    occurrence: Option<Nominal>,
    moment: Moment,
) -> Result<Decided, Refusal> {
    if task.is_deleted() {
        return Err(Refusal::NotFound);
    }
    let named = name(task, occurrence)?;
    if task.is_done() || named == Some(Named::Before) {
        return Ok(Decided::unchanged(task));
    }
    let mut after = task.clone();
    let done = occurrence.filter(|_| named.is_some());
    let goes_on = match done {
        Some(done) => pass_on(&mut after.state, done, moment.now),
        None => false,
    };
    if !goes_on {
        after.state.status = Status::Done;
        after.completed_at = Some(moment.now);
    }
    let counts_from_now = task.state.recurrence.as_ref().map(RecurrenceRule::basis);
    if goes_on && counts_from_now == Some(Basis::Completion) {
        after.state.schedule_since = Some(moment.now);
    }
    after.state.version = moment.version;
    after.updated_at = moment.now;
    after.passed = done.and_then(|done| Passed::over(done, task, &after));
    let fact = TaskCompleted {
        task_id: after.state.task_id,
        user_id: after.state.user_id,
        completed_at: moment.now,
        next_due_date: after.state.due_date.filter(|_| goes_on),
        version: moment.version,
        occurrence: done,
        task: Some(Box::new(after.state.clone())),
    };
    Ok(Decided { task: after, facts: vec![fact.into()] })
}

/// Passes over an occurrence without doing it; one before the current changes nothing. The last one ends
/// the task.
pub(crate) fn skip(
    task: &Task,
    occurrence: Option<Nominal>,
    moment: Moment,
) -> Result<Decided, Refusal> {
    if task.is_deleted() {
        return Err(Refusal::NotFound);
    }
    let skipped = occurrence.ok_or(Refusal::OccurrenceRequired)?;
    let named = compare(&task.state, skipped)?;
    if task.is_done() || named == Named::Before {
        return Ok(Decided::unchanged(task));
    }
    let mut after = task.clone();
    if let Some(rule) = &task.state.recurrence
        && rule.basis() == Basis::DueDate
    {
        let skipping = rule.clone().with_exdate(skipped);
        let skipping = skipping.map_err(|refused| {
            let reason = Refused::new(refused.to_string());
            Refusal::Field { field: "occurrence", reason }
        })?;
        after.state.recurrence = Some(skipping);
    }
    if named == Named::Current && !pass_on(&mut after.state, skipped, moment.now) {
        after.completed_at = Some(moment.now);
    }
    let mut decided = told(task, after, moment);
    if named == Named::Current {
        decided.task.passed = Passed::over(skipped, task, &decided.task);
    }
    Ok(decided)
}

/// How a named occurrence lies to the current one; `None` of a task that does not recur.
fn name(task: &Task, occurrence: Option<Nominal>) -> Result<Option<Named>, Refusal> {
    if task.state.occurrence.is_none() || task.state.recurrence.is_none() {
        return Ok(None);
    }
    let named = occurrence.ok_or(Refusal::OccurrenceRequired)?;
    match compare(&task.state, named) {
        // Whatever occurrence it is, it is over.
        Err(_) if task.is_done() => Ok(Some(Named::Before)),
        named => named.map(Some),
    }
}

/// Takes a completion back; a task that isn't done stays as it is.
///
/// Of a recurring task, `occurrence` names the one to go back to, done or skipped, with what was moved, put off
/// and ticked in it. That is refused where the task has changed since; the current one is gone back to already.
pub(crate) fn reopen(
    task: &Task,
    occurrence: Option<Nominal>,
    moment: Moment,
) -> Result<Decided, Refusal> {
    if task.is_deleted() {
        return Err(Refusal::NotFound);
    }
    let named = occurrence.filter(|_| task.state.recurrence.is_some());
    let last = task.passed.as_ref().filter(|passed| passed.version == task.state.version);
    if let Some(passed) = last.filter(|passed| named == Some(passed.occurrence)) {
        return take_back(task, &passed.former, moment);
    }
    if named.is_some() && named != task.state.occurrence {
        return Err(Refusal::ChangedSince);
    }
    if !task.is_done() {
        return Ok(Decided::unchanged(task));
    }
    let mut after = task.clone();
    after.state.status = Status::Todo;
    Ok(told(task, after, moment))
}

/// Puts a task into the trash.
pub(crate) fn delete(task: &Task, moment: Moment) -> Result<Decided, Refusal> {
    if task.is_deleted() {
        return Err(Refusal::NotFound);
    }
    let mut after = task.clone();
    after.state.version = moment.version;
    after.updated_at = moment.now;
    after.deleted_at = Some(moment.now);
    let fact = after.deleted(moment.now);
    Ok(Decided { task: after, facts: vec![fact.into()] })
}

/// Takes a task out of the trash.
pub(crate) fn restore(task: &Task, moment: Moment) -> Result<Decided, Refusal> {
    if !task.is_deleted() {
        return Err(Refusal::NotFound);
    }
    let mut after = task.clone();
    after.deleted_at = None;
    Ok(told(task, after, moment))
}
