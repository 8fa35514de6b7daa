//! The race that the one lock order prevents: a cancel against a tick of the same task.

use chrono::TimeDelta;
use events::{Event, EventType, Payload};

use crate::support::{Worker, completed, created, task};

/// The tick is held after it has read what is due and before it writes the firing, by a lock on the
/// table of firings. A completion that arrives then has to wait for the tick's lock on the task; it
/// must not be applied in between, or the firing would follow it.
#[tokio::test]
async fn a_completion_that_meets_a_tick_waits_for_it() {
    let mut worker = Worker::start().await;
    let now = worker.now().await;
    let mut task = task(now + TimeDelta::milliseconds(200), now);
    worker.receive(&created(&task)).await;

    let mut gate = worker.pool.begin().await.unwrap();
    sqlx::query("lock table firing in exclusive mode").execute(&mut *gate).await.unwrap();
    worker.run_scheduler();
    testing::eventually("the tick to wait at the gate", || async {
        (waiting(&worker).await >= 1).then_some(())
    })
    .await;

    let completion = completed(&mut task);
    let receiving = worker.receive(&completion);
    let opening = async {
        testing::eventually("the completion to wait as well, or to be through", || async {
            let through = applied(&worker, &completion).await;
            (through || waiting(&worker).await >= 2).then_some(())
        })
        .await;
        gate.rollback().await.unwrap();
    };
    tokio::join!(receiving, opening);

    worker.eventually_said(EventType::ReminderTriggered, 1).await;
    let said = worker.said().await;
    let cancelled = said.iter().any(|event| matches!(event.payload, Payload::ReminderCancelled(_)));
    assert!(!cancelled, "the reminder fired and was cancelled as well: {said:?}");
    worker.stop().await;
}

/// How many statements wait for a lock.
pub(crate) async fn waiting(worker: &Worker) -> i64 {
    sqlx::query_scalar(
        "select count(*) from pg_stat_activity
         where datname = current_database() and wait_event_type = 'Lock'",
    )
    .fetch_one(&worker.pool)
    .await
    .unwrap()
}

/// Whether an event has been taken and committed.
pub(crate) async fn applied(worker: &Worker, event: &Event) -> bool {
    sqlx::query_scalar("select exists (select from messaging.inbox where event_id = $1)")
        .bind(event.event_id.uuid())
        .fetch_one(&worker.pool)
        .await
        .unwrap()
}
