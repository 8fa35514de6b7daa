//! Work that nobody asks for: each reads only the database, so a restart is its ordinary path.

mod check_followers;
mod read_feeds;
mod reconcile;
mod refresh;
mod restate;
mod tidy;

use std::time::Duration;

use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

pub use reconcile::Reconciled;
pub(crate) use {
    check_followers::check_followers, read_feeds::read_feeds, reconcile::reconcile,
    refresh::refresh, refresh::refresh_daily, tidy::tidy,
};

/// Waits; `false` where it is time to stop.
async fn pause(time: Duration, stop: &CancellationToken) -> bool {
    tokio::select! {
        () = sleep(time) => true,
        () = stop.cancelled() => false,
    }
}
