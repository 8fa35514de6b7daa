//! Calendar feeds: secret URLs that show what is due, until they are deleted.

use events::UserId;
use uuid::Uuid;

use crate::{
    context::Context,
    domain::{secret_token::SecretToken, text::FeedName},
    error::Failure,
    store::{self, calendar_feeds::CalendarFeed},
};

/// The most feeds that a person has.
const MAX_FEEDS: i64 = 20;

/// Makes a feed; the secret that it returns is seen this once.
pub(crate) async fn create(
    context: &Context,
    user_id: UserId,
    name: FeedName,
) -> Result<(CalendarFeed, SecretToken), Failure> {
    let secret = SecretToken::random();
    let mut tx = store::begin_for(&context.pool, user_id).await?;
    let locked = store::persons::lock(&mut tx, user_id).await?.ok_or(Failure::NotSignedIn)?;
    if store::calendar_feeds::count(&mut tx, user_id).await? >= MAX_FEEDS {
        return Err(Failure::TooMany { what: "calendar feeds", limit: MAX_FEEDS });
    }
    let feed = CalendarFeed {
        feed_id: Uuid::new_v4(),
        name: name.into_inner(),
        created_at: locked.now,
        last_used_at: None,
    };
    store::calendar_feeds::insert(&mut tx, user_id, &feed, &secret.hash()).await?;
    tx.commit().await?;
    Ok((feed, secret))
}

/// Deletes a feed; its URL shows nothing from now on.
pub(crate) async fn delete(
    context: &Context,
    user_id: UserId,
    feed_id: Uuid,
) -> Result<(), Failure> {
    let mut tx = store::begin_for(&context.pool, user_id).await?;
    if !store::calendar_feeds::delete(&mut tx, user_id, feed_id).await? {
        return Err(Failure::NotFound);
    }
    tx.commit().await?;
    Ok(())
}
