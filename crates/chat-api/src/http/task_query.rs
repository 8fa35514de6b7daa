//! What `GET /tasks` is asked for.

use events::Due;
use uuid::Uuid;

use super::query::Query;
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
