//! Saying everything again at once: part of every restore.

use super::restate::{self, RestateError};
use crate::{context::Context, store};

/// The most things that one transaction says.
const BATCH: i64 = 500;

/// How much was said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reconciled {
    /// Tasks, those in the trash too.
    pub tasks: usize,
    /// Tasks of which only the deletion is known.
    pub tombstones: usize,
    /// People's settings.
    pub settings: usize,
    /// People whose accounts ended.
    pub deleted_people: usize,
}

/// Publishes every task, everybody's settings and every tombstone at their present versions.
/// Breaking off and beginning again does no harm.
pub(crate) async fn reconcile(context: &Context) -> Result<Reconciled, RestateError> {
    Ok(Reconciled {
        settings: all_settings(context).await?,
        tasks: all_tasks(context).await?,
        tombstones: all_tombstones(context).await?,
        deleted_people: all_deleted_people(context).await?,
    })
}

async fn all_settings(context: &Context) -> Result<usize, RestateError> {
    let (mut count, mut after) = (0, None);
    loop {
        let mut tx = store::begin_system(&context.pool).await?;
        let people = store::persons::lock_batch(&mut tx, after, None, BATCH).await?;
        let Some(last) = people.last() else { return Ok(count) };
        after = Some(last.user_id);
        count += people.len();
        restate::settings_of(&mut tx, context, &people).await?;
        tx.commit().await?;
        context.outbox.wake();
    }
}

async fn all_tasks(context: &Context) -> Result<usize, RestateError> {
    let (mut count, mut after) = (0, None);
    loop {
        let mut tx = store::begin_system(&context.pool).await?;
        let locked = store::tasks::lock_batch(&mut tx, after, BATCH).await?;
        let Some(last) = locked.last() else { return Ok(count) };
        after = Some(last.task.state.task_id);
        count += locked.len();
        restate::tasks(&mut tx, context, &locked).await?;
        tx.commit().await?;
        context.outbox.wake();
    }
}

async fn all_tombstones(context: &Context) -> Result<usize, RestateError> {
    let (mut count, mut after) = (0, None);
    loop {
        let mut tx = store::begin_system(&context.pool).await?;
        let deleted = store::tombstones::lock_batch(&mut tx, after, BATCH).await?;
        let Some(last) = deleted.last() else { return Ok(count) };
        after = Some(last.task_id);
        count += deleted.len();
        let now = messaging::now(&mut tx).await?;
        let facts = deleted.into_iter().map(|deleted| (deleted.into(), now, None));
        restate::append(&mut tx, context, facts).await?;
        tx.commit().await?;
        context.outbox.wake();
    }
}

async fn all_deleted_people(context: &Context) -> Result<usize, RestateError> {
    let (mut count, mut after) = (0, None);
    loop {
        let mut tx = store::begin_system(&context.pool).await?;
        let deleted = store::person_tombstones::lock_batch(&mut tx, after, BATCH).await?;
        let Some(last) = deleted.last() else { return Ok(count) };
        after = Some(last.user_id);
        count += deleted.len();
        let now = messaging::now(&mut tx).await?;
        let facts = deleted.into_iter().map(|deleted| (deleted.into(), now, None));
        restate::append(&mut tx, context, facts).await?;
        tx.commit().await?;
        context.outbox.wake();
    }
}
