//! The end of an account.

use chrono::TimeDelta;
use events::{CancelReason, EventType, Payload, SettingsVersion, UserDeleted, UserId};

use crate::{
    lock_order::{applied, waiting},
    support::{Worker, created, event, task, updated},
};

fn gone(user: UserId, worker_now: chrono::DateTime<chrono::Utc>) -> events::Event {
    event(UserDeleted { user_id: user, deleted_at: worker_now, version: SettingsVersion::from(9) })
}

async fn pending(worker: &Worker) -> i64 {
    sqlx::query_scalar("select count(*) from reminder where status = 'pending'")
        .fetch_one(&worker.pool)
        .await
        .unwrap()
}

#[tokio::test]
async fn the_reminders_of_a_deleted_person_are_cancelled_and_none_comes_later() {
    let worker = Worker::start().await;
    let now = worker.now().await;
    let mut task = task(now + TimeDelta::hours(1), now);
    worker.receive(&created(&task)).await;
    worker.receive(&gone(task.user_id, now)).await;
    let said = worker.said_of(EventType::ReminderCancelled).await;
    let Payload::ReminderCancelled(cancelled) = &said[0].payload else { panic!("{said:?}") };
    assert_eq!(cancelled.reason, CancelReason::UserDeleted);
    worker.receive(&updated(&mut task)).await;
    assert_eq!(pending(&worker).await, 0);
    worker.stop().await;
}

/// The two events come by two topics, at the same time, and of a person of whom nothing is known
/// there is no row to lock. The task's event is held after it has found nobody buried.
#[tokio::test]
async fn a_task_that_meets_its_persons_end_is_ended_too() {
    let worker = Worker::start().await;
    let now = worker.now().await;
    let task = task(now + TimeDelta::hours(1), now);
    let (creation, end) = (created(&task), gone(task.user_id, now));
    let mut gate = worker.pool.begin().await.unwrap();
    sqlx::query("lock table reminder in exclusive mode").execute(&mut *gate).await.unwrap();

    let creating = worker.receive(&creation);
    let ending = async {
        testing::eventually("the creation to wait at the gate", || async {
            (waiting(&worker).await >= 1).then_some(())
        })
        .await;
        worker.receive(&end).await;
    };
    let opening = async {
        testing::eventually("the end to wait as well, or to be through", || async {
            let through = applied(&worker, &end).await;
            (through || waiting(&worker).await >= 2).then_some(())
        })
        .await;
        gate.rollback().await.unwrap();
    };
    tokio::join!(creating, ending, opening);
    assert_eq!(pending(&worker).await, 0, "a reminder of a deleted person still stands");
    worker.stop().await;
}
