//! Whether those who follow are still signed in.

use std::collections::HashSet;

use events::UserId;
use futures_util::{StreamExt, stream};

use crate::{
    context::Context,
    queries::identity::{Credential, user_of},
};

/// How many sessions and tokens are looked up at the same time; each needs a connection.
const MAX_LOOK_UPS: usize = 4;

/// Ends a person's streams here whose session or token no longer holds: to be called when one was
/// ended, so that its streams end at once. Those of other replicas end when these check.
pub(crate) async fn recheck(context: &Context, user_id: UserId) {
    check(context, context.hub.credentials(Some(user_id))).await;
}

/// Ends all streams whose session or token no longer holds.
pub(crate) async fn check_all(context: &Context) {
    check(context, context.hub.credentials(None)).await;
}

/// One query for each that somebody follows by, however many streams it has. Where the database is
/// away nobody can be told anything either, and the next check finds out.
async fn check(context: &Context, credentials: HashSet<Credential>) {
    stream::iter(credentials)
        .for_each_concurrent(MAX_LOOK_UPS, |credential| async move {
            match user_of(context, &credential).await {
                Ok(Some(_still_signed_in)) => {}
                Ok(None) => context.hub.end(&credential),
                Err(failure) => failure.log(),
            }
        })
        .await;
}
