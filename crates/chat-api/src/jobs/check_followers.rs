//! Ending the live streams of those who are no longer signed in.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::pause;
use crate::{context::Context, feed::access};

/// How long a stream may outlive its session or token, in seconds, where nobody in this process ended
/// it.
const CHECK_INTERVAL_SECS: u64 = 15;

/// Asks for every session and token that somebody follows by, until it is told to stop.
pub(crate) async fn check_followers(context: Context, stop: CancellationToken) {
    while pause(Duration::from_secs(CHECK_INTERVAL_SECS), &stop).await {
        access::check_all(&context).await;
    }
}
