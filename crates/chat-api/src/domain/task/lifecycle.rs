//! Doing a task, taking that back, the trash and the way out of it.

use std::cmp::Ordering;

use events::{Nominal, Status, TaskCompleted};

use super::{Decided, Moment, Refusal, Task, change::told};

/// Does a task. Done already, or an occurrence before the current one: nothing changes.
///
/// A recurring task names its occurrence; until recurrences are expanded it is then done for good.
pub(crate) fn complete(
    task: &Task,
    occurrence: Option<Nominal>,
    moment: Moment,
) -> Result<Decided, Refusal> {
    if task.is_deleted() {
        return Err(Refusal::NotFound);
    }
    if let Some(current) = task.state.occurrence {
        let named = occurrence.ok_or(Refusal::OccurrenceRequired)?;
        let order = compare(named, current)
            .ok_or_else(|| Refusal::field("occurrence", "is no occurrence of this task"))?;
        match order {
            Ordering::Less => return Ok(Decided::unchanged(task)),
            Ordering::Equal => {}
            Ordering::Greater if task.is_done() => {}
            Ordering::Greater => {
                return Err(Refusal::field("occurrence", "lies after the current one"));
            }
        }
    }
    if task.is_done() {
        return Ok(Decided::unchanged(task));
    }
    let mut after = task.clone();
    after.state.status = Status::Done;
    after.state.version = moment.version;
    after.updated_at = moment.now;
    after.completed_at = Some(moment.now);
    let fact = TaskCompleted {
        task_id: after.state.task_id,
        user_id: after.state.user_id,
        completed_at: moment.now,
        next_due_date: None,
        version: moment.version,
        occurrence: after.state.occurrence,
        task: Some(Box::new(after.state.clone())),
    };
    Ok(Decided { task: after, facts: vec![fact.into()] })
}

/// Days compare with days and times with times.
fn compare(named: Nominal, current: Nominal) -> Option<Ordering> {
    match (named, current) {
        (Nominal::Day(named), Nominal::Day(current)) => Some(named.cmp(&current)),
        (Nominal::Time(named), Nominal::Time(current)) => Some(named.cmp(&current)),
        _ => None,
    }
}

/// Takes a completion back; a task that isn't done stays as it is.
pub(crate) fn reopen(task: &Task, moment: Moment) -> Result<Decided, Refusal> {
    if task.is_deleted() {
        return Err(Refusal::NotFound);
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
