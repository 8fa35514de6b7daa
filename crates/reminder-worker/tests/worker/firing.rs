//! Never early, on time, once, never after a cancel.

use std::collections::HashSet;

use chrono::TimeDelta;
use events::{Due, EventType, Payload, ReminderTriggered};

use crate::support::{Worker, created, task, updated};

fn triggered(event: &events::Event) -> &ReminderTriggered {
    match &event.payload {
        Payload::ReminderTriggered(triggered) => triggered,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_reminder_fires_once_and_not_before_its_time() {
    let mut worker = Worker::start().await;
    worker.run_scheduler();
    let now = worker.now().await;
    let due = now + TimeDelta::milliseconds(900);
    let event = created(&task(due, now));
    worker.receive(&event).await;
    let said = worker.eventually_said(EventType::ReminderTriggered, 1).await;
    let firing = triggered(&said[0]);
    assert!(firing.triggered_at >= due, "{firing:?} is early");
    assert!(!firing.late);
    assert_eq!(firing.reminder_time, due);
    assert_eq!(said[0].correlation_id, event.correlation_id);
    let pending: Option<bool> =
        sqlx::query_scalar("select true from task where next_fire_at is not null")
            .fetch_optional(&worker.pool)
            .await
            .unwrap();
    assert_eq!(pending, None, "nothing is left to fire");
    worker.stop().await;
}

#[tokio::test]
async fn an_edit_of_the_title_fires_nothing_again_and_a_later_due_date_does() {
    let mut worker = Worker::start().await;
    worker.run_scheduler();
    let now = worker.now().await;
    let mut task = task(now + TimeDelta::milliseconds(100), now);
    worker.receive(&created(&task)).await;
    worker.eventually_said(EventType::ReminderTriggered, 1).await;

    task.title = "Water them well".to_owned();
    worker.receive(&updated(&mut task)).await;
    let now = worker.now().await;
    task.due_date = Some(Due::At(now + TimeDelta::milliseconds(300)));
    task.schedule_since = Some(now);
    worker.receive(&updated(&mut task)).await;
    let said = worker.eventually_said(EventType::ReminderTriggered, 2).await;
    assert_eq!(said.len(), 2);
    assert_eq!(triggered(&said[0]).reminder_id, triggered(&said[1]).reminder_id);
    assert_eq!(triggered(&said[1]).title, "Water them well");
    worker.stop().await;
}

/// The worker was cut off while a task was moved to an earlier time, and learns of its first time when
/// both are over.
#[tokio::test]
async fn a_time_that_a_task_was_moved_to_reminds_also_after_a_later_one_that_no_longer_held() {
    let mut worker = Worker::start().await;
    worker.run_scheduler();
    let now = worker.now().await;
    let seconds_ago = |seconds| now - TimeDelta::seconds(seconds);
    let mut task = task(seconds_ago(10), seconds_ago(60));
    worker.receive(&created(&task)).await;
    worker.eventually_said(EventType::ReminderTriggered, 1).await;

    task.due_date = Some(Due::At(seconds_ago(20)));
    task.schedule_since = Some(seconds_ago(40));
    worker.receive(&updated(&mut task)).await;
    let said = worker.eventually_said(EventType::ReminderTriggered, 2).await;
    assert_eq!(triggered(&said[1]).reminder_time, seconds_ago(20));

    // Said again, edited, and moved back: nothing more is owed.
    task.title = "Water them well".to_owned();
    worker.receive(&updated(&mut task)).await;
    task.due_date = Some(Due::At(seconds_ago(10)));
    task.schedule_since = Some(seconds_ago(30));
    worker.receive(&updated(&mut task)).await;
    task.due_date = Some(Due::At(seconds_ago(20)));
    task.schedule_since = Some(seconds_ago(25));
    worker.receive(&updated(&mut task)).await;
    task.due_date = Some(Due::At(seconds_ago(5)));
    task.schedule_since = Some(seconds_ago(15));
    worker.receive(&updated(&mut task)).await;
    let said = worker.eventually_said(EventType::ReminderTriggered, 3).await;
    let times: Vec<_> = said.iter().map(|event| triggered(event).reminder_time).collect();
    assert_eq!(times, [10, 20, 5].map(seconds_ago));
    worker.stop().await;
}

#[tokio::test]
async fn many_due_at_once_fire_once_each_under_three_schedulers() {
    const TASKS: usize = 600;
    let mut worker = Worker::start().await;
    let now = worker.now().await;
    for _ in 0..TASKS {
        worker.receive(&created(&task(now + TimeDelta::seconds(5), now))).await;
    }
    for _ in 0..3 {
        worker.run_scheduler();
    }
    let said = worker.eventually_said(EventType::ReminderTriggered, TASKS).await;
    let distinct: HashSet<_> = said.iter().map(|event| triggered(event).reminder_id).collect();
    assert_eq!((said.len(), distinct.len()), (TASKS, TASKS));
    assert!(
        said.iter().all(|event| triggered(event).triggered_at >= triggered(event).reminder_time)
    );
    worker.stop().await;
}

/// A state that can't be read fails its own task, and that one only, until an event mends it.
#[tokio::test]
async fn a_task_that_can_not_be_fired_holds_up_nobody_else() {
    const OTHERS: usize = 5;
    let mut worker = Worker::start().await;
    let now = worker.now().await;
    let mut broken = task(now, now);
    worker.receive(&created(&broken)).await;
    sqlx::query("update task set state = state - 'title'").execute(&worker.pool).await.unwrap();
    for _ in 0..OTHERS {
        worker.receive(&created(&task(now, now))).await;
    }
    worker.run_scheduler();
    let said = worker.eventually_said(EventType::ReminderTriggered, OTHERS).await;
    assert!(said.iter().all(|event| triggered(event).task_id != broken.task_id));
    testing::eventually("the broken one to be put off", || async {
        let waits: bool =
            sqlx::query_scalar("select next_fire_at > now() from task where task_id = $1")
                .bind(broken.task_id.uuid())
                .fetch_one(&worker.pool)
                .await
                .unwrap();
        waits.then_some(())
    })
    .await;

    worker.receive(&updated(&mut broken)).await;
    let said = worker.eventually_said(EventType::ReminderTriggered, OTHERS + 1).await;
    assert_eq!(triggered(&said[OTHERS]).task_id, broken.task_id);
    worker.stop().await;
}
