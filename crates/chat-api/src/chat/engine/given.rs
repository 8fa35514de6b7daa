//! Arguments of tools from what the grammar gives. Pure.

use intent::{Move, NewTask, Said};

use crate::chat::tools::{
    Use,
    arguments::{AddTask, Keep, ListTasks, Reschedule, Update, When},
};

pub(super) fn add_task(new: NewTask) -> AddTask {
    let NewTask { title, due, recurrence, reminders, priority, tags } = new;
    AddTask { title, description: None, priority, due_date: due, recurrence, reminders, tags }
}

pub(super) fn listing(query: intent::Query) -> ListTasks {
    let intent::Query { words, tags, priority, status, due, overdue, recurring, count: _ } = query;
    let (due_from, due_to) = due.map_or((None, None), |days| (days.from, days.to));
    ListTasks { words, tags, priority, status, due_from, due_to, overdue, recurring, limit: None }
}

/// What moves a task, and what is added instead where there is none.
pub(super) fn moving(to: Move) -> (Use, AddTask) {
    let reschedule = |when| Use::RescheduleTasks(Reschedule { task_ids: vec![], when });
    match to {
        Move::To { due, said } => {
            let keep = match said {
                Said::Day => Some(Keep::Time),
                Said::Time => Some(Keep::Day),
                Said::Both => None,
            };
            let offered = AddTask { due_date: Some(due), ..AddTask::default() };
            (reschedule(When::To { due_date: due, keep }), offered)
        }
        Move::By(shift) => {
            let intent::Shift { months, days, seconds } = shift;
            (reschedule(When::By { months, days, seconds }), AddTask::default())
        }
        Move::NoDue => (reschedule(When::Never {}), AddTask::default()),
        Move::Repeat { recurrence, due } => {
            let rule = Some(*recurrence);
            let offered =
                AddTask { due_date: Some(due), recurrence: rule.clone(), ..AddTask::default() };
            let update = Update {
                recurrence: Some(rule),
                due_date: Some(due),
                keep_time: true,
                ..Update::default()
            };
            (Use::UpdateTask(update), offered)
        }
        Move::NoRepeat => {
            let update = Update { recurrence: Some(None), ..Update::default() };
            (Use::UpdateTask(update), AddTask::default())
        }
    }
}
