//! What is forgotten after a while, and that nothing fires again for it.

use events::EventType;
use reminder_worker::{reconcile, tidy};
use tokio_util::sync::CancellationToken;

use crate::support::{Worker, created, task, updated};

async fn firings(worker: &Worker) -> i64 {
    sqlx::query_scalar("select count(*) from firing").fetch_one(&worker.pool).await.unwrap()
}

#[tokio::test]
async fn an_old_firing_is_forgotten_and_does_not_come_again() {
    let mut worker = Worker::start().await;
    let now = worker.now().await;
    let mut old = task(now, now);
    worker.receive(&created(&old)).await;
    worker.run_scheduler();
    worker.eventually_said(EventType::ReminderTriggered, 1).await;
    let days = i64::from(tidy::RETENTION_DAYS);
    worker.database.set_clock_offset_secs((days * 24 + 1) * 3600).await;
    let now = worker.now().await;
    let mut young = task(now, now);
    young.user_id = old.user_id;
    worker.receive(&created(&young)).await;
    worker.eventually_said(EventType::ReminderTriggered, 2).await;
    assert_eq!(firings(&worker).await, 2);

    let stop = CancellationToken::new();
    let tidying = tokio::spawn(tidy::run(worker.pool.clone(), stop.clone()));
    testing::eventually("the old one to be forgotten", || async {
        (firings(&worker).await == 1).then_some(())
    })
    .await;
    stop.cancel();
    tidying.await.unwrap();

    let said = worker.said().await.len();
    worker.receive(&updated(&mut old)).await;
    assert_eq!(worker.said().await.len(), said, "an edit lets nothing fire again");
    // Of what is forgotten nothing is said, above all not that it was cancelled; the young one's firing
    // still waits in the outbox under its id.
    reconcile::say_all_again(&worker.pool, &worker.outbox).await.unwrap();
    assert_eq!(worker.said().await.len(), said);
    worker.stop().await;
}
