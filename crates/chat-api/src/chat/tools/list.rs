//! Tools that read: `list_tasks`, `get_task`.

use chrono::{DateTime, Days, NaiveDate, NaiveTime, Utc};
use events::{Status, TaskId, TimeZone};
use sqlx::PgConnection;

use super::{
    Toolbox,
    arguments::{DEFAULT_LISTED, ListTasks},
    outcome::{Detail, Outcome, Shown},
};
use crate::{
    domain::{search::search_words, task::Task},
    error::Failure,
    store::{
        self,
        task_list::{Column, Filter, Sort},
    },
};

/// The most tasks that are counted.
pub(crate) const MAX_COUNTED: i64 = 10_000;

impl Toolbox<'_> {
    pub(super) async fn list(
        &self,
        conn: &mut PgConnection,
        asked: &ListTasks,
    ) -> Result<Outcome, Failure> {
        let limit = i64::from(asked.limit.unwrap_or(DEFAULT_LISTED));
        let (tasks, total) = self.matching(conn, asked, limit).await?;
        Ok(Outcome::Listed { tasks: tasks.into_iter().map(Shown::new).collect(), total })
    }

    /// At most `limit` of the tasks that are asked for, and how many there are.
    pub(crate) async fn matching(
        &self,
        conn: &mut PgConnection,
        asked: &ListTasks,
        limit: i64,
    ) -> Result<(Vec<Task>, i64), Failure> {
        let filter = filter(asked, self.zone(), self.now);
        let is_done = asked.status == Some(Status::Done);
        let column = if is_done { Column::UpdatedAt } else { Column::DueDate };
        let sort = Sort { column, descending: is_done };
        let user_id = self.call.user_id;
        let (tasks, next) =
            store::task_list::page(conn, user_id, &filter, sort, None, limit).await?;
        let total = match next {
            Some(_) => store::task_list::count(conn, user_id, &filter, MAX_COUNTED).await?,
            None => i64::try_from(tasks.len()).unwrap_or(i64::MAX),
        };
        Ok((tasks, total))
    }

    pub(super) async fn get(
        &self,
        conn: &mut PgConnection,
        task_id: TaskId,
    ) -> Result<Outcome, Failure> {
        let task = store::tasks::find(conn, self.call.user_id, task_id).await?;
        let task = task.ok_or(Failure::NotFound)?;
        Ok(Outcome::Found { task: Detail(Box::new(task)) })
    }
}

/// What is asked for, as the store has it; days are the person's own.
fn filter(asked: &ListTasks, zone: TimeZone, now: DateTime<Utc>) -> Filter {
    let beginning = |day: NaiveDate| zone.instant(day.and_time(NaiveTime::MIN));
    let after = |day: NaiveDate| beginning(day.checked_add_days(Days::new(1)).unwrap_or(day));
    Filter {
        statuses: match asked.status {
            Some(status) => vec![status],
            None => vec![Status::Todo, Status::InProgress],
        },
        priorities: asked.priority.into_iter().collect(),
        tags: asked.tags.clone(),
        words: asked.words.as_deref().map(search_words).unwrap_or_default(),
        due_from: asked.due_from.map(beginning),
        due_before: asked.due_to.map(after),
        overdue_at: asked.overdue.then(|| (now, zone.local(now).date())),
        recurring: asked.recurring,
        ..Filter::default()
    }
}
