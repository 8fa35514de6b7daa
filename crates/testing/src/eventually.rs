//! Waiting for what comes, without guessing how long it takes.

use std::{future::Future, panic::Location, time::Duration};

/// How long a test waits at the most, in seconds; generous, as the machines are shared.
pub const EVENTUALLY_SECS: u64 = 120;
const POLL_INTERVAL_MS: u64 = 20;

/// Asks again and again until the answer is `Some`, and returns what is in it.
///
/// # Panics
/// When [`EVENTUALLY_SECS`] have passed, with the caller's words.
#[track_caller]
pub fn eventually<T, F>(what: &str, ask: impl FnMut() -> F) -> impl Future<Output = T>
where
    F: Future<Output = Option<T>>,
{
    eventually_within(Duration::from_secs(EVENTUALLY_SECS), what, ask)
}

/// As [`eventually`], with a limit of one's own.
///
/// # Panics
/// When the limit has passed, with the caller's words.
#[track_caller]
pub fn eventually_within<T, F>(
    limit: Duration,
    what: &str,
    mut ask: impl FnMut() -> F,
) -> impl Future<Output = T>
where
    F: Future<Output = Option<T>>,
{
    let caller = Location::caller();
    async move {
        let asking = async {
            loop {
                if let Some(answer) = ask().await {
                    return answer;
                }
                tokio::time::sleep(Duration::from_millis(POLL_INTERVAL_MS)).await;
            }
        };
        match tokio::time::timeout(limit, asking).await {
            Ok(answer) => answer,
            Err(_) => panic!("{caller}: not within {limit:?}: {what}"),
        }
    }
}
