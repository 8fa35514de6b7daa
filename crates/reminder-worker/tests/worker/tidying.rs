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

#[tokio::test]
async fn of_a_recurring_task_the_occurrences_that_are_long_over_are_forgotten_and_none_comes_again()
{
    let mut worker = Worker::start().await;
    let start = "2027-06-01T06:00:00Z".parse().unwrap();
    worker.set_clock(start).await;
    let dtstart = "2027-06-01T06:00:00".parse().unwrap();
    let utc = events::TimeZone::UTC;
    let rule =
        events::RecurrenceRule::new("FREQ=DAILY", dtstart, utc, vec![], events::Basis::DueDate);
    let mut undone = task(start, start);
    (undone.recurrence, undone.occurrence) = (rule.ok(), Some(dtstart));
    worker.receive(&created(&undone)).await;
    worker.run_scheduler();
    for day in 0..4 {
        worker.set_clock(start + chrono::TimeDelta::days(day)).await;
        let count = usize::try_from(day).unwrap() + 1;
        worker.eventually_said(EventType::ReminderTriggered, count).await;
    }
    let days = i64::from(tidy::RETENTION_DAYS);
    worker.set_clock(start + chrono::TimeDelta::days(days + 10)).await;
    worker.eventually_said(EventType::ReminderTriggered, 5).await;

    let stop = CancellationToken::new();
    let tidying = tokio::spawn(tidy::run(worker.pool.clone(), stop.clone()));
    // The current occurrence's, the latest that fired, and the one that stands.
    testing::eventually("the others to be forgotten", || async {
        let left: i64 = sqlx::query_scalar("select count(*) from reminder")
            .fetch_one(&worker.pool)
            .await
            .ok()?;
        (left == 3).then_some(())
    })
    .await;
    stop.cancel();
    tidying.await.unwrap();
    let said = worker.said().await.len();
    worker.receive(&updated(&mut undone)).await;
    assert_eq!(worker.said().await.len(), said, "an edit lets nothing fire again");
    worker.stop().await;
}
