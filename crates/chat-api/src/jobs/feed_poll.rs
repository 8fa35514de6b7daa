//! Finding what other processes wrote into the feeds that are followed here.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::pause;
use crate::{context::Context, store};

/// How often the heads are looked at, in milliseconds.
const POLL_INTERVAL_MS: u64 = 250;

/// Looks at the heads of everybody who follows, with one query for all.
pub(crate) async fn poll_feeds(context: Context, stop: CancellationToken) {
    while pause(Duration::from_millis(POLL_INTERVAL_MS), &stop).await {
        let followed = context.hub.followed();
        if followed.is_empty() {
            continue;
        }
        match heads(&context, &followed).await {
            Ok(heads) => {
                for (user_id, head) in heads {
                    context.hub.saw(user_id, head);
                }
            }
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(error, "the heads of the feeds can't be read");
            }
        }
    }
}

async fn heads(
    context: &Context,
    followed: &[uuid::Uuid],
) -> sqlx::Result<Vec<(events::UserId, i64)>> {
    let mut tx = store::begin_system(&context.pool).await?;
    let heads = store::feed::heads(&mut tx, followed).await?;
    tx.commit().await?;
    Ok(heads)
}
