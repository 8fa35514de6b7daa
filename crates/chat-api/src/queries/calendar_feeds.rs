//! A person's calendar feeds, and what one shows to whoever has its URL.
//!
//! Which tasks it shows, and at which versions, is read at once and names the whole calendar; the tasks
//! themselves come a page at a time, each in a short transaction, so that a client that reads slowly holds
//! neither a connection nor a snapshot.

use events::{TimeZone, UserId};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::{
    context::Context,
    domain::{secret_token::SecretToken, task::Task},
    error::Failure,
    store::{
        self,
        calendar_feeds::{CalendarFeed, Shown},
    },
};

/// The most tasks that a feed shows: those that are due first.
pub(crate) const MAX_FEED_TASKS: i64 = 2_000;
/// The most tasks of a page: with the longest texts it is 4 MiB.
pub(crate) const PAGE_TASKS: usize = 50;
/// How exactly it is kept when a feed was last read, in seconds.
const LAST_USE_PRECISION_SECS: f64 = 60.0;

/// What a feed shows.
#[derive(Clone, Debug)]
pub(crate) struct Calendar {
    pub(crate) user_id: UserId,
    pub(crate) name: String,
    /// Its person's own.
    pub(crate) zone: TimeZone,
    pub(crate) shown: Vec<Shown>,
}

impl Calendar {
    /// The same while it shows the same: the feed, the tasks and their versions, and the release that
    /// writes it.
    pub(crate) fn digest(&self) -> [u8; 32] {
        let mut digest = Sha256::new();
        for text in [env!("CARGO_PKG_VERSION"), &self.name, self.zone.name()] {
            digest.update(text);
            digest.update([0]);
        }
        for shown in &self.shown {
            digest.update(shown.task_id.as_bytes());
            digest.update(shown.version.to_be_bytes());
        }
        digest.finalize().into()
    }
}

/// The feeds, oldest first.
pub(crate) async fn list(context: &Context, user_id: UserId) -> Result<Vec<CalendarFeed>, Failure> {
    let mut tx = store::begin_for(&context.pool, user_id).await?;
    let feeds = store::calendar_feeds::list(&mut tx, user_id).await?;
    tx.commit().await?;
    Ok(feeds)
}

/// What the feed with this secret shows, and notes that it was read. What was never a secret is looked up
/// like any other, so that nobody learns the one from the other.
pub(crate) async fn open(
    context: &Context,
    secret: Option<SecretToken>,
) -> Result<Calendar, Failure> {
    let hash = secret.unwrap_or_else(SecretToken::random).hash();
    let mut tx = store::begin_system(&context.pool).await?;
    let owner = store::calendar_feeds::owner(&mut tx, &hash, LAST_USE_PRECISION_SECS).await?;
    let owner = owner.ok_or(Failure::NotFound)?;
    if owner.is_due {
        store::calendar_feeds::note_use(&mut tx, &hash, LAST_USE_PRECISION_SECS).await?;
    }
    tx.commit().await?;
    let mut tx = store::begin_for(&context.pool, owner.user_id).await?;
    let person = store::persons::find(&mut tx, owner.user_id).await?.ok_or(Failure::NotFound)?;
    let shown = store::calendar_feeds::shown(&mut tx, owner.user_id, MAX_FEED_TASKS).await?;
    tx.commit().await?;
    Ok(Calendar {
        user_id: owner.user_id,
        name: owner.name,
        zone: person.settings.time_zone,
        shown,
    })
}

/// Those of some tasks that a feed still shows.
pub(crate) async fn tasks(
    context: &Context,
    user_id: UserId,
    task_ids: &[Uuid],
) -> Result<Vec<Task>, Failure> {
    let mut tx = store::begin_for(&context.pool, user_id).await?;
    let tasks = store::calendar_feeds::tasks(&mut tx, user_id, task_ids).await?;
    tx.commit().await?;
    Ok(tasks)
}
