//! What `GET /tasks` is asked for.

use events::Due;
use utoipa::IntoParams;
use uuid::Uuid;

use super::{
    query::Query,
    schemas::{InstantOrDay, Priority, Tag, TaskSort, TaskStatus},
};
use crate::{
    domain::{search::search_words, tag::Tags},
    error::Failure,
    queries::tasks::Asked,
    store::task_list::{Column, Cursor, Filter, Sort},
};

/// Newest first.
const DEFAULT_SORT: Sort = Sort { column: Column::CreatedAt, descending: true };
const SORTS: [(&str, Column); 6] = [
    ("created_at", Column::CreatedAt),
    ("updated_at", Column::UpdatedAt),
    ("due_date", Column::DueDate),
    ("priority", Column::Priority),
    ("title", Column::Title),
    ("position", Column::Position),
];

/// Which tasks are asked for, and in which order.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes to OpenAPI what is read of Query")]
pub(super) struct TaskQuery {
    /// Words that title, description or tags have, or that words of theirs begin with; without case and
    /// accents.
    q: Option<String>,
    /// Any of these.
    #[param(value_type = Option<Vec<TaskStatus>>, style = Form, explode = false)]
    status: Option<Vec<String>>,
    /// Any of these.
    #[param(value_type = Option<Vec<Priority>>, style = Form, explode = false)]
    priority: Option<Vec<String>>,
    /// All of these.
    #[param(value_type = Option<Vec<Tag>>, style = Form, explode = true, max_items = 50)]
    tag: Option<Vec<String>>,
    /// In this list.
    list: Option<Uuid>,
    /// Due before then. A whole day counts as its beginning.
    #[param(value_type = Option<InstantOrDay>)]
    due_before: Option<String>,
    /// Due then or later.
    #[param(value_type = Option<InstantOrDay>)]
    due_after: Option<String>,
    /// `-created_at` where it is left out. What is never due comes last, and first the other way.
    #[param(value_type = Option<TaskSort>)]
    sort: Option<String>,
}

/// All that can be asked for as `sort`.
pub(super) fn sorts() -> Vec<String> {
    SORTS.iter().flat_map(|(name, _)| [(*name).to_owned(), format!("-{name}")]).collect()
}

/// Reads what a list of tasks is to be.
pub(super) fn read(query: &Query) -> Result<Asked, Failure> {
    let list_id = query.value::<Uuid>("list")?;
    let sort = sort(query.get("sort"))?;
    if sort.column == Column::Position && list_id.is_none() {
        return Err(Failure::field("sort", "position goes with a list"));
    }
    let tags = query.all("tag").map(str::to_owned).collect();
    let tags = Tags::parse(tags).map_err(|refused| Failure::field("tag", refused))?;
    let filter = Filter {
        statuses: query.words("status")?,
        priorities: query.words("priority")?,
        list_id,
        tags: tags.into_inner(),
        words: query.get("q").map(search_words).unwrap_or_default(),
        ..Filter::default()
    };
    Ok(Asked {
        filter,
        due_before: query.value::<Due>("due_before")?,
        due_after: query.value::<Due>("due_after")?,
        sort,
        cursor: cursor(query, sort)?,
        limit: query.limit()?,
    })
}

/// Reads what a list of the trash is to be.
pub(super) fn read_trash(query: &Query) -> Result<Asked, Failure> {
    let sort = Sort { column: Column::DeletedAt, descending: true };
    Ok(Asked {
        filter: Filter { trash: true, ..Filter::default() },
        due_before: None,
        due_after: None,
        sort,
        cursor: cursor(query, sort)?,
        limit: query.limit()?,
    })
}

fn sort(text: Option<&str>) -> Result<Sort, Failure> {
    let Some(text) = text else { return Ok(DEFAULT_SORT) };
    let (name, descending) = match text.strip_prefix('-') {
        Some(name) => (name, true),
        None => (text, false),
    };
    let column = SORTS.iter().find(|(each, _)| *each == name).map(|(_, column)| *column);
    column.map(|column| Sort { column, descending }).ok_or_else(|| {
        let names: Vec<&str> = SORTS.iter().map(|(name, _)| *name).collect();
        Failure::field(
            "sort",
            format!("is one of {}, with - before it for the other way", names.join(", ")),
        )
    })
}

fn cursor(query: &Query, sort: Sort) -> Result<Option<Cursor>, Failure> {
    let cursor = query.cursor::<Cursor>()?;
    match cursor {
        Some(cursor) if !cursor.fits(sort) => {
            Err(Failure::field("cursor", "is no next_cursor of a list sorted so"))
        }
        cursor => Ok(cursor),
    }
}
