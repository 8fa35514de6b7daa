//! Lists of tasks: filtered, searched and sorted, a page at a time.
//!
//! A page begins behind the last task of the page before, by the sort's own columns and the id, so
//! that what is made, changed or deleted meanwhile neither repeats a task nor passes one over that
//! stays where it is. Each sort has an index; each search begins at the index of words.

#[cfg(test)]
mod tests;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use events::{Priority, Status, TaskId, UserId};
use serde::{Deserialize, Serialize};
use sqlx::{PgConnection, Postgres, QueryBuilder};
use uuid::Uuid;

use super::task_row::{TaskRow, priority_name, status_name};
use crate::domain::{
    search::{end_of_prefix, tag_word},
    task::Task,
};

/// More than the clocks of two zones differ by.
const ANY_ZONE: TimeDelta = TimeDelta::hours(26);

/// What tasks are looked for; what is `None` or empty does not matter.
#[derive(Clone, Debug, Default)]
pub(crate) struct Filter {
    pub(crate) statuses: Vec<Status>,
    pub(crate) priorities: Vec<Priority>,
    pub(crate) list_id: Option<Uuid>,
    /// All of them.
    pub(crate) tags: Vec<String>,
    /// For each, a word that begins with it.
    pub(crate) words: Vec<String>,
    pub(crate) due_before: Option<DateTime<Utc>>,
    pub(crate) due_from: Option<DateTime<Utc>>,
    /// Due before this moment, or on a day before this one.
    pub(crate) overdue_at: Option<(DateTime<Utc>, NaiveDate)>,
    /// Only what recurs.
    pub(crate) recurring: bool,
    /// Those in the trash instead of all others.
    pub(crate) trash: bool,
}

/// What a list is sorted by; what is the same is sorted by id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Column {
    CreatedAt,
    UpdatedAt,
    /// What is never due comes last.
    DueDate,
    /// What matters more first, then what is due sooner.
    Priority,
    /// Without case and accents.
    Title,
    /// By hand; within one list.
    Position,
    /// Of the trash.
    DeletedAt,
}

/// A column and a direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Sort {
    pub(crate) column: Column,
    pub(crate) descending: bool,
}

/// Where a page ends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Cursor {
    pub(crate) sort: Sort,
    key: Key,
    id: Uuid,
}

/// The last task's place in the sort.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Key {
    Time(Option<DateTime<Utc>>),
    Rank(i16, Option<DateTime<Utc>>),
    Text(String),
}

#[derive(sqlx::FromRow)]
struct Row {
    #[sqlx(flatten)]
    task: TaskRow,
    /// None for infinity, of which chrono knows nothing.
    due_key: Option<DateTime<Utc>>,
    priority_order: i16,
    title_order: String,
}

impl Column {
    const fn sql(self) -> &'static str {
        match self {
            Self::CreatedAt => "created_at",
            Self::UpdatedAt => "updated_at",
            Self::DueDate => "due_order",
            Self::Priority => "priority_order, due_order",
            Self::Title => "title_order",
            Self::Position => "position",
            Self::DeletedAt => "deleted_at",
        }
    }
}

impl Cursor {
    /// Whether it can be a place in a list sorted so.
    pub(crate) fn fits(&self, sort: Sort) -> bool {
        let fits = match (&self.key, sort.column) {
            (Key::Time(time), Column::DueDate) => time.is_none_or(is_storable),
            (Key::Time(Some(time)), Column::CreatedAt | Column::UpdatedAt | Column::DeletedAt) => {
                is_storable(*time)
            }
            (Key::Rank(_, due), Column::Priority) => due.is_none_or(is_storable),
            (Key::Text(text), Column::Title | Column::Position) => !text.contains('\0'),
            _ => false,
        };
        fits && self.sort == sort
    }

    fn after(row: &Row, sort: Sort) -> Self {
        let task = &row.task;
        let key = match sort.column {
            Column::CreatedAt => Key::Time(Some(task.created_at)),
            Column::UpdatedAt => Key::Time(Some(task.updated_at)),
            Column::DeletedAt => Key::Time(task.deleted_at),
            Column::DueDate => Key::Time(row.due_key),
            Column::Priority => Key::Rank(row.priority_order, row.due_key),
            Column::Title => Key::Text(row.title_order.clone()),
            Column::Position => Key::Text(task.position.clone()),
        };
        Self { sort, key, id: task.task_id }
    }
}

/// Whether PostgreSQL has a place for it.
fn is_storable(time: DateTime<Utc>) -> bool {
    (0..=9999).contains(&chrono::Datelike::year(&time))
}

/// At most `limit` tasks, and where the next page begins if there is one.
pub(crate) async fn page(
    conn: &mut PgConnection,
    user_id: UserId,
    filter: &Filter,
    sort: Sort,
    cursor: Option<&Cursor>,
    limit: i64,
) -> sqlx::Result<(Vec<Task>, Option<Cursor>)> {
    let mut query = statement(user_id, filter, sort, cursor, limit + 1);
    let mut rows: Vec<Row> = query.build_query_as().fetch_all(conn).await?;
    let limit = usize::try_from(limit).unwrap_or(0);
    let has_more = rows.len() > limit;
    rows.truncate(limit);
    let next = rows.last().filter(|_| has_more).map(|row| Cursor::after(row, sort));
    let tasks: sqlx::Result<Vec<Task>> = rows.into_iter().map(|row| row.task.try_into()).collect();
    Ok((tasks?, next))
}

/// How many tasks there are, `most` at the most.
pub(crate) async fn count(
    conn: &mut PgConnection,
    user_id: UserId,
    filter: &Filter,
    most: i64,
) -> sqlx::Result<i64> {
    let mut query = QueryBuilder::new("select count(*) from (select from task where user_id = ");
    query.push_bind(user_id.uuid());
    push_filter(&mut query, user_id, filter);
    query.push(" limit ").push_bind(most).push(") counted");
    query.build_query_scalar().fetch_one(conn).await
}

fn statement(
    user_id: UserId,
    filter: &Filter,
    sort: Sort,
    cursor: Option<&Cursor>,
    limit: i64,
) -> QueryBuilder<Postgres> {
    let mut query = QueryBuilder::new(
        "select task_id, user_id, title, description, priority, status, due_at, due_on, time_zone,
             recurrence, occurrence, reminders, snoozes, dismissed, tags, day_time, schedule_since,
             created_at, updated_at, completed_at, deleted_at, list_id, position, subtasks, version,
             receipted_version, rejected_reason, passed, next_version(version) as next_version,
             messaging.clock() as now, nullif(due_order, 'infinity') as due_key, priority_order,
             title_order
         from task where user_id = ",
    );
    query.push_bind(user_id.uuid());
    push_filter(&mut query, user_id, filter);
    if let Some(cursor) = cursor {
        push_cursor(&mut query, sort, cursor);
    }
    let direction = if sort.descending { " desc" } else { "" };
    query.push(" order by ");
    for column in sort.column.sql().split(", ") {
        query.push(column).push(direction).push(", ");
    }
    query.push("task_id").push(direction).push(" limit ").push_bind(limit);
    query
}

fn push_filter(query: &mut QueryBuilder<Postgres>, user_id: UserId, filter: &Filter) {
    query.push(if filter.trash {
        " and deleted_at is not null"
    } else {
        " and deleted_at is null"
    });
    if !filter.statuses.is_empty() {
        let names: Vec<String> =
            filter.statuses.iter().map(|each| status_name(*each).to_owned()).collect();
        query.push(" and status = any (").push_bind(names).push(")");
    }
    if !filter.priorities.is_empty() {
        let names: Vec<String> =
            filter.priorities.iter().map(|each| priority_name(*each).to_owned()).collect();
        query.push(" and priority = any (").push_bind(names).push(")");
    }
    if let Some(list_id) = filter.list_id {
        query.push(" and list_id = ").push_bind(list_id);
    }
    if let Some(before) = filter.due_before {
        query.push(" and due_order < ").push_bind(before);
    }
    if let Some(from) = filter.due_from {
        // Due for ever is not due.
        query.push(" and due_order < 'infinity' and due_order >= ").push_bind(from);
    }
    if let Some((now, today)) = filter.overdue_at {
        query
            .push(" and (due_at < ")
            .push_bind(now)
            .push(" or due_on < ")
            .push_bind(today)
            .push(")");
        // By the index; a whole day stands there as its beginning, in whatever zone.
        query.push(" and due_order < ").push_bind(now + ANY_ZONE);
    }
    if filter.recurring {
        query.push(" and recurrence is not null");
    }
    for tag in &filter.tags {
        push_word(query, user_id);
        query.push(" and word = ").push_bind(tag_word(tag)).push(")");
    }
    for word in &filter.words {
        push_word(query, user_id);
        query.push(" and word >= ").push_bind(word.clone()).push(" and word < ");
        query.push_bind(end_of_prefix(word)).push(")");
    }
}

/// The beginning of a condition on a word, to be closed.
fn push_word(query: &mut QueryBuilder<Postgres>, user_id: UserId) {
    query.push(" and task_id in (select task_word.task_id from task_word where user_id = ");
    query.push_bind(user_id.uuid());
}

fn push_cursor(query: &mut QueryBuilder<Postgres>, sort: Sort, cursor: &Cursor) {
    let order = if sort.descending { " < (" } else { " > (" };
    query.push(" and (").push(sort.column.sql()).push(", task_id)").push(order);
    match &cursor.key {
        Key::Time(time) => push_due(query, *time),
        Key::Rank(rank, due) => {
            query.push_bind(*rank).push(", ");
            push_due(query, *due);
        }
        Key::Text(text) => {
            query.push_bind(text.clone());
        }
    }
    query.push(", ").push_bind(cursor.id).push(")");
}

fn push_due(query: &mut QueryBuilder<Postgres>, time: Option<DateTime<Utc>>) {
    match time {
        Some(time) => query.push_bind(time),
        None => query.push("'infinity'::timestamptz"),
    };
}

/// The positions of a task and of the one before or after it in its list.
pub(crate) async fn neighbours(
    conn: &mut PgConnection,
    user_id: UserId,
    task_id: TaskId,
    before: bool,
) -> sqlx::Result<Option<Neighbours>> {
    let Some(own) = sqlx::query!(
        "select list_id, position from task
         where task_id = $1 and user_id = $2 and deleted_at is null",
        task_id.uuid(),
        user_id.uuid(),
    )
    .fetch_optional(&mut *conn)
    .await?
    else {
        return Ok(None);
    };
    let other = if before {
        sqlx::query_scalar!(
            "select position from task
             where list_id = $1 and user_id = $2 and deleted_at is null
                 and (position, task_id) < ($3, $4)
             order by position desc, task_id desc limit 1",
            own.list_id,
            user_id.uuid(),
            own.position,
            task_id.uuid(),
        )
        .fetch_optional(conn)
        .await?
    } else {
        sqlx::query_scalar!(
            "select position from task
             where list_id = $1 and user_id = $2 and deleted_at is null
                 and (position, task_id) > ($3, $4)
             order by position, task_id limit 1",
            own.list_id,
            user_id.uuid(),
            own.position,
            task_id.uuid(),
        )
        .fetch_optional(conn)
        .await?
    };
    Ok(Some(Neighbours { list_id: own.list_id, own: own.position, other }))
}

/// Where a task stands, and the one next to it.
#[derive(Debug)]
pub(crate) struct Neighbours {
    pub(crate) list_id: Uuid,
    pub(crate) own: String,
    /// None at an end of the list.
    pub(crate) other: Option<String>,
}

/// The position of the last task of a list.
pub(crate) async fn last_position(
    conn: &mut PgConnection,
    user_id: UserId,
    list_id: Uuid,
) -> sqlx::Result<Option<String>> {
    sqlx::query_scalar!(
        "select position from task where list_id = $1 and user_id = $2 and deleted_at is null
         order by position desc, task_id desc limit 1",
        list_id,
        user_id.uuid(),
    )
    .fetch_optional(conn)
    .await
}
