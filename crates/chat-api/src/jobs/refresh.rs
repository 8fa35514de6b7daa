//! The daily refresh: every live task and everybody's settings are said again once a day, each at a
//! minute that its id decides, so that whatever was lost heals within a day.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Timelike, Utc};
use messaging::Lease;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{
    pause,
    restate::{self, RestateError},
};
use crate::{
    context::Context,
    store::{self, MINUTES_PER_DAY},
};

const LEASE_NAME: &str = "refresh";
const INTERVAL_SECS: u64 = 60;
/// With more rows than this in the outbox the refresh waits: the bus is away or behind.
const MAX_OUTBOX_ROWS: i64 = 10_000;
/// The most things that one transaction says.
const BATCH: i64 = 500;

/// Refreshes what is due, once a minute, in one replica at a time.
pub(crate) async fn refresh_daily(context: Context, stop: CancellationToken) {
    let holder = Uuid::new_v4();
    while pause(Duration::from_secs(INTERVAL_SECS), &stop).await {
        let leads = match Lease::acquire(&context.pool, LEASE_NAME, holder).await {
            Ok(lease) => lease,
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(error, "the refresh can't reach the database");
                None
            }
        };
        let Some(lease) = leads else { continue };
        // One that loses its lease only says some things twice.
        tokio::select! {
            result = refresh(&context) => if let Err(error) = result {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(error, "the refresh goes on later");
            },
            () = lease.keep(&context.pool) => {}
            () = stop.cancelled() => {}
        }
    }
}

/// Says again what has come due since the last time, at most a day's.
pub(crate) async fn refresh(context: &Context) -> Result<(), RestateError> {
    let mut tx = store::begin_system(&context.pool).await?;
    let progress = store::refresh::progress(&mut tx).await?;
    let is_behind = store::refresh::outbox_exceeds(&mut tx, MAX_OUTBOX_ROWS).await?;
    tx.commit().await?;
    let minutes = minutes_between(progress.through, progress.now);
    if is_behind || minutes.is_empty() {
        return Ok(());
    }
    refresh_tasks(context, &minutes).await?;
    refresh_settings(context, &minutes).await?;
    let mut tx = store::begin_system(&context.pool).await?;
    store::refresh::set_through(&mut tx, progress.now).await?;
    Ok(tx.commit().await?)
}

async fn refresh_tasks(context: &Context, minutes: &[i16]) -> Result<(), RestateError> {
    let mut after = None;
    loop {
        let mut tx = store::begin_system(&context.pool).await?;
        let locked = store::tasks::lock_refreshed(&mut tx, after, minutes, BATCH).await?;
        let Some(last) = locked.last() else { return Ok(()) };
        after = Some(last.task.state.task_id);
        restate::tasks(&mut tx, context, &locked).await?;
        tx.commit().await?;
        context.outbox.wake();
    }
}

async fn refresh_settings(context: &Context, minutes: &[i16]) -> Result<(), RestateError> {
    let mut after = None;
    loop {
        let mut tx = store::begin_system(&context.pool).await?;
        let people = store::persons::lock_batch(&mut tx, after, Some(minutes), BATCH).await?;
        let Some(last) = people.last() else { return Ok(()) };
        after = Some(last.user_id);
        restate::settings_of(&mut tx, context, &people).await?;
        tx.commit().await?;
        context.outbox.wake();
    }
}

/// The minutes of the day that ended after `through` and not after `now`, each once.
fn minutes_between(through: DateTime<Utc>, now: DateTime<Utc>) -> Vec<i16> {
    let minute = |time: DateTime<Utc>| time.timestamp().div_euclid(60);
    let ended = (minute(now) - minute(through)).clamp(0, i64::from(MINUTES_PER_DAY));
    (0..ended)
        .filter_map(|back| {
            let time = now - TimeDelta::minutes(back + 1);
            i16::try_from(time.hour() * 60 + time.minute()).ok()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn between(through: &str, now: &str) -> Vec<i16> {
        let at = |text: &str| text.parse().expect("an instant");
        minutes_between(at(through), at(now))
    }

    #[test]
    fn each_minute_comes_once_also_over_midnight() {
        let mut minutes = between("2026-11-23T23:58:30Z", "2026-11-24T00:01:10Z");
        minutes.sort_unstable();
        assert_eq!(minutes, [0, 1438, 1439]);
        assert!(between("2026-11-23T10:00:00Z", "2026-11-23T10:00:59Z").is_empty());
        assert_eq!(between("2026-11-23T10:00:59Z", "2026-11-23T10:01:00Z"), [600]);
    }

    #[test]
    fn after_a_long_time_the_whole_day_comes_once_and_a_clock_set_back_brings_nothing() {
        let mut minutes = between("2026-11-01T00:00:00Z", "2026-11-23T10:00:00Z");
        minutes.sort_unstable();
        let day: Vec<i16> = (0..1440).collect();
        assert_eq!(minutes, day);
        assert!(between("2026-11-23T10:00:00Z", "2026-11-23T09:00:00Z").is_empty());
    }
}
