//! Saying again what stands: after a restore from a backup, and when the time-zone rules changed.

use events::{CancelReason, CorrelationId};
use messaging::{ApplyError, Outbox};
use sqlx::PgPool;
use uuid::Uuid;

use crate::{
    store::{self, tasks::Told},
    subscribers::{Telling, tell},
};

/// The most tasks of one transaction.
const BATCH_TASKS: i64 = 200;

/// Says every live task's reminders again. Returns how many tasks there are.
///
/// # Errors
/// The database's own; what was said until then stays said.
pub async fn say_all_again(pool: &PgPool, outbox: &Outbox) -> Result<usize, ApplyError> {
    again(pool, outbox, None).await
}

/// Derives anew the reminders that were derived with other time-zone rules than this build's.
/// Returns how many tasks that were.
///
/// # Errors
/// The database's own; the rest is derived at the next start.
pub async fn derive_outdated(pool: &PgPool, outbox: &Outbox) -> Result<usize, ApplyError> {
    again(pool, outbox, Some(chrono_tz::IANA_TZDB_VERSION)).await
}

async fn again(
    pool: &PgPool,
    outbox: &Outbox,
    unless_tzdata_version: Option<&str>,
) -> Result<usize, ApplyError> {
    let mut after = Uuid::nil();
    let mut tasks = 0;
    loop {
        let live =
            store::tasks::live_after(pool, after, unless_tzdata_version, BATCH_TASKS).await?;
        let Some(last) = live.last() else { return Ok(tasks) };
        after = last.state.task_id.uuid();
        tasks += live.len();
        let mut tx = pool.begin().await?;
        for task in live {
            let state = &task.state.0;
            let told = Told {
                task_id: state.task_id,
                user_id: state.user_id,
                version: state.version,
                state: Some(state),
                refresh: true,
                released_at: task.released_at,
            };
            let correlation_id = CorrelationId::random();
            let telling = Telling { told, correlation_id, ended: CancelReason::Changed };
            tell(&mut tx, outbox, &telling).await?;
        }
        tx.commit().await?;
        outbox.wake();
    }
}
