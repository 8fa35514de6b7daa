//! Makes the digests that are due: the day and its deliveries in one short transaction, a person at a time.
//!
//! A loop of its own, so that however many want theirs at the same minute, no reminder waits for them. The
//! person's row is locked, which the subscriber locks too before it changes settings: whichever comes second sees
//! all that the first has done. No lock of a task is needed, since nothing of a schedule changes.

use std::time::Duration;

use events::{CorrelationId, UserId};
use messaging::ApplyError;
use sqlx::{PgConnection, PgPool};
use tokio_util::sync::CancellationToken;

use super::{sleep_for, until_stopped};
use crate::{
    digest::{Digest, turn},
    store::{self, digests::DuePerson},
    subscribers::Wakes,
};

/// How long a person waits whose digest can't be made, in seconds.
const PUT_OFF_SECS: f64 = 300.0;

/// What makes the digests of a process. Any number may run on one database.
#[derive(Debug)]
pub struct Digests {
    pool: PgPool,
    wakes: Wakes,
}

impl Digests {
    /// For the people of a database.
    #[must_use]
    pub fn new(pool: PgPool, wakes: Wakes) -> Self {
        Self { pool, wakes }
    }

    /// Makes digests until it is told to stop.
    pub async fn run(self, stop: CancellationToken) {
        let step = || self.step();
        until_stopped(step, "no digest can be made", &self.wakes.digests, &stop).await;
    }

    /// Makes the one that is the longest overdue; answers how long to sleep then.
    async fn step(&self) -> Result<Duration, ApplyError> {
        let mut tx = self.pool.begin().await?;
        let Some(due) = store::digests::lock_due(&mut tx).await? else {
            drop(tx);
            let seconds = store::digests::seconds_until_next(&self.pool).await?;
            return Ok(sleep_for(seconds));
        };
        let person = due.user_id;
        match make(&mut tx, due).await {
            Ok(is_made) => {
                tx.commit().await?;
                if is_made {
                    tracing::info!(user.id = %person, "made a digest");
                    self.wakes.deliveries.notify_one();
                }
            }
            Err(error) if !error.is_transient() => {
                tx.rollback().await?;
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    user.id = %person,
                    wait_secs = PUT_OFF_SECS,
                    "a digest can't be made and is put off"
                );
                store::digests::put_off(&self.pool, person, PUT_OFF_SECS).await?;
            }
            Err(error) => return Err(error),
        }
        Ok(Duration::ZERO)
    }
}

/// Makes what is due of a person that the caller's transaction has locked, and sets when the next one comes.
/// Whether there was anything to tell, and anywhere to tell it.
async fn make(conn: &mut PgConnection, due: DuePerson) -> Result<bool, ApplyError> {
    let person = UserId::from(due.user_id);
    let wanted = due.settings.and_then(|settings| Some((settings.digest?.at, settings.time_zone)));
    let Some((at, zone)) = wanted else {
        store::digests::set_next(conn, person, None).await?;
        return Ok(false);
    };
    let now = messaging::now(conn).await?;
    let turn = turn(at, zone, due.told, now);
    store::digests::set_next(conn, person, turn.next).await?;
    let Some((day, time)) = turn.tell else { return Ok(false) };
    let tasks = store::digests::open_tasks(conn, person, day).await?;
    let Some(digest) = Digest::of(person, (day, time), zone, tasks, now) else { return Ok(false) };
    let correlation_id = CorrelationId::random().uuid();
    let Some(made) = store::digests::insert(conn, &digest, correlation_id).await? else {
        return Ok(false);
    };
    store::digests::plan(conn, made).await?;
    Ok(true)
}
