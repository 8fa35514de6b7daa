//! What a person has here, for a file: what there is of little at once, then tasks and what was said a page
//! at a time.
//!
//! Each page is a short transaction of its own, so that a client that reads slowly holds neither a
//! connection nor a snapshot. Pages go by the tasks' ids, which never change: a task that is there
//! from beginning to end comes exactly once, as it stood when its page was read.

use chrono::{DateTime, Utc};
use events::{TaskId, UserId};
use uuid::Uuid;

use super::channels::{self, OpenChannel};
use crate::{
    context::Context,
    domain::task::Task,
    error::Failure,
    store::{
        self,
        conversations::{Conversation, Message},
        lists::List,
        persons::Person,
    },
};

/// The most tasks of a page.
const PAGE_TASKS: i64 = 200;
/// The most messages of a page.
const PAGE_MESSAGES: i64 = 50;
/// About how much text a page has at the most, in bytes; one task goes over.
const PAGE_BYTES: usize = 256 * 1024;

/// What there is but tasks.
#[derive(Debug)]
pub(crate) struct Belongings {
    pub(crate) now: DateTime<Utc>,
    pub(crate) person: Person,
    pub(crate) lists: Vec<List>,
    pub(crate) channels: Vec<OpenChannel>,
}

/// What there is but tasks.
pub(crate) async fn belongings(context: &Context, user_id: UserId) -> Result<Belongings, Failure> {
    let channels = channels::list(context, user_id).await?;
    let mut tx = store::begin_for(&context.pool, user_id).await?;
    let now = messaging::now(&mut tx).await?;
    let person = store::persons::find(&mut tx, user_id).await?.ok_or(Failure::NotFound)?;
    let lists = store::lists::all(&mut tx, user_id).await?;
    tx.commit().await?;
    Ok(Belongings { now, person, lists, channels })
}

/// The next tasks, those in the trash too; none at the end.
pub(crate) async fn tasks_after(
    context: &Context,
    user_id: UserId,
    after: Option<TaskId>,
) -> Result<Vec<Task>, Failure> {
    let mut tx = store::begin_for(&context.pool, user_id).await?;
    let page = store::transfer::page(&mut tx, user_id, after, PAGE_TASKS, PAGE_BYTES).await?;
    tx.commit().await?;
    Ok(page)
}

/// The next conversation by its id after one; none at the end.
pub(crate) async fn conversation_after(
    context: &Context,
    user_id: UserId,
    after: Option<Uuid>,
) -> Result<Option<Conversation>, Failure> {
    let mut tx = store::begin_for(&context.pool, user_id).await?;
    let next = store::conversations::next(&mut tx, user_id, after).await?;
    tx.commit().await?;
    Ok(next)
}

/// The next messages of a conversation after a place; none at its end.
pub(crate) async fn messages_after(
    context: &Context,
    user_id: UserId,
    conversation_id: Uuid,
    place: i32,
) -> Result<Vec<Message>, Failure> {
    let mut tx = store::begin_for(&context.pool, user_id).await?;
    let page = store::conversations::messages_after(
        &mut tx,
        user_id,
        conversation_id,
        place,
        PAGE_MESSAGES,
    )
    .await?;
    tx.commit().await?;
    Ok(page)
}
