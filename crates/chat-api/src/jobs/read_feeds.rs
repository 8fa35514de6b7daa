//! Reading what is new in the feeds that are followed here, once for all who follow.
//!
//! What this process commits it reads at once; what others commit, at the next look at the heads of all
//! who are followed. Either way it is one transaction, however many feeds have moved and however many
//! follow them.

use std::{collections::HashMap, time::Duration};

use events::UserId;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use crate::{context::Context, feed, store};

/// How often the heads are looked at, in milliseconds.
const POLL_INTERVAL_MS: u64 = 250;
/// The most entries that are read of one feed at a time.
const MAX_ENTRIES_PER_FEED: usize = 64;
/// The most feeds that are read at a time.
const MAX_FEEDS: usize = 64;

/// Reads until it is told to stop.
pub(crate) async fn read_feeds(context: Context, stop: CancellationToken) {
    let mut looks = interval(Duration::from_millis(POLL_INTERVAL_MS));
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let meant = tokio::select! {
            () = stop.cancelled() => return,
            wanted = context.hub.wanted() => wanted,
            _ = looks.tick() => context.hub.followed(),
        };
        if meant.is_empty() {
            continue;
        }
        // What fails is found at the next look.
        if let Err(error) = read(&context, &meant).await {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(error, "the feeds can't be read");
        }
    }
}

async fn read(context: &Context, meant: &[UserId]) -> sqlx::Result<()> {
    let mut tx = store::begin_system(&context.pool).await?;
    let heads = store::feed::heads(&mut tx, meant).await?;
    for unread in context.hub.saw(meant, &heads).chunks(MAX_FEEDS) {
        let after: Vec<_> = unread.iter().map(|feed| (feed.user_id, feed.after)).collect();
        let mut found = HashMap::<UserId, usize>::new();
        store::feed::newer(&mut tx, &after, MAX_ENTRIES_PER_FEED, |user_id, entry| {
            *found.entry(user_id).or_default() += 1;
            context.hub.add(user_id, entry.seq, feed::stream::render(&entry));
        })
        .await?;
        for feed in unread {
            if found.get(&feed.user_id).is_none_or(|found| *found < MAX_ENTRIES_PER_FEED) {
                context.hub.read_through(*feed);
            }
        }
    }
    tx.commit().await?;
    context.hub.announce(meant);
    Ok(())
}
