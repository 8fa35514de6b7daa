//! Taking over what a file says.
//!
//! What a file says is compared with what the person has (`plan`), and what is new is written (`write`),
//! in one transaction: all of it or nothing. A dry run plans and ends there, so that both give the same
//! account. A thing is the same when it comes from the same source: it has its own id where it is still
//! here, else one that follows from the person and the source, so that a file that is imported again
//! makes nothing twice. What is there already is left as it is, in the trash or not.

mod plan;
mod write;

use bytes::Bytes;
use events::ListId;

use super::tasks::wake;
use crate::{
    context::{Call, Context},
    error::{Failure, FieldError},
    store,
    transfer::{Format, Incoming, Note, Notes, Reader, Severity},
};

/// The most refusals that one answer names.
const MAX_NAMED: usize = 100;

/// What somebody wants of an import.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked {
    /// Only says what it would do.
    pub(crate) dry_run: bool,
    /// Takes the rest where something is refused.
    pub(crate) skip_invalid: bool,
    /// Takes over the file's settings too.
    pub(crate) settings: bool,
    /// Where tasks go that name no list; the inbox without.
    pub(crate) list_id: Option<ListId>,
}

/// What an import does, or would do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) new_lists: usize,
    pub(crate) present_lists: usize,
    pub(crate) new_tasks: usize,
    pub(crate) present_tasks: usize,
    pub(crate) changes_settings: bool,
    pub(crate) notes: Notes,
}

/// Reads a file and takes over what is new in it.
pub(crate) async fn import_file(
    context: &Context,
    call: Call,
    format: Format,
    bytes: Bytes,
    asked: Asked,
) -> Result<Outcome, Failure> {
    let mut tx = store::begin_for(&context.pool, call.user_id).await?;
    let person = store::persons::find(&mut tx, call.user_id).await?.ok_or(Failure::NotFound)?;
    let reader = Reader { now: messaging::now(&mut tx).await?, zone: person.settings.time_zone };
    tx.commit().await?;
    let read = tokio::task::spawn_blocking(move || format.read(&bytes, &reader));
    let read = read.await.map_err(Failure::internal)?;
    let incoming = read.map_err(|unreadable| Failure::field("", unreadable))?;
    import(context, call, incoming, asked).await
}

/// Takes over what is new in a file, or says what it would take.
async fn import(
    context: &Context,
    call: Call,
    incoming: Incoming,
    asked: Asked,
) -> Result<Outcome, Failure> {
    let mut tx = store::begin_for(&context.pool, call.user_id).await?;
    // One import of a person after the other: the second finds what the first has made.
    let locked = store::persons::lock(&mut tx, call.user_id).await?.ok_or(Failure::NotFound)?;
    let (plan, outcome) = plan::plan(&mut tx, &locked, incoming, asked).await?;
    if asked.dry_run {
        return Ok(outcome);
    }
    if outcome.notes.refused > 0 && !asked.skip_invalid {
        return Err(refused(&outcome.notes));
    }
    write::write(&mut tx, context, call, &locked, plan).await?;
    tx.commit().await?;
    wake(context, call);
    Ok(outcome)
}

fn refused(notes: &Notes) -> Failure {
    let refused = notes.kept.iter().filter(|note| note.severity == Severity::Refused);
    let errors = refused
        .take(MAX_NAMED)
        .map(|Note { at, message, .. }| FieldError { field: at.clone(), message: message.clone() });
    Failure::Invalid(errors.collect())
}
