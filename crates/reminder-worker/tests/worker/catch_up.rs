//! After the worker was down.

use chrono::TimeDelta;
use events::{CancelReason, EventType, Payload};
use serde_json::json;
use sidecar::DeliveryStatus;

use crate::support::{Worker, completed, created, refreshed, task, updated};

#[tokio::test]
async fn what_was_missed_fires_late_and_what_was_missed_for_a_day_expires() {
    let mut worker = Worker::start().await;
    let now = worker.now().await;
    let soon = task(now + TimeDelta::hours(30), now);
    let sooner = task(now + TimeDelta::hours(2), now);
    worker.receive(&created(&soon)).await;
    worker.receive(&created(&sooner)).await;
    worker.database.set_clock_offset_secs(31 * 3600).await;
    worker.run_scheduler();

    let fired = worker.eventually_said(EventType::ReminderTriggered, 1).await;
    let Payload::ReminderTriggered(firing) = &fired[0].payload else { panic!("{fired:?}") };
    assert_eq!((firing.task_id, firing.late), (soon.task_id, true));
    let expired = worker.eventually_said(EventType::ReminderCancelled, 1).await;
    let Payload::ReminderCancelled(cancelled) = &expired[0].payload else { panic!("{expired:?}") };
    assert_eq!((cancelled.task_id, cancelled.reason), (sooner.task_id, CancelReason::Expired));

    // What expired stays so: neither a refresh nor an edit of the title brings it back.
    let said = worker.said().await.len();
    let mut sooner = sooner;
    worker.receive(&refreshed(&sooner)).await;
    worker.receive(&updated(&mut sooner)).await;
    assert_eq!(worker.said().await.len(), said);
    worker.stop().await;
}

#[tokio::test]
async fn an_event_that_was_held_back_counts_from_its_publication() {
    let mut worker = Worker::start().await;
    let now = worker.now().await;
    let mut task = task(now - TimeDelta::days(3), now);
    task.schedule_since = Some(now - TimeDelta::days(4));
    let event = created(&task);
    let cloud_event = json!({
        "specversion": "1.0", "id": event.event_id, "source": "chat-api", "type": "task-created",
        "releasedat": now, "data": event,
    });
    let bytes = serde_json::to_vec(&cloud_event).unwrap();
    let status = worker.receive_bytes(events::Topic::TaskEvents, &bytes).await;
    assert_eq!(status, DeliveryStatus::Success);
    worker.run_scheduler();
    let fired = worker.eventually_said(EventType::ReminderTriggered, 1).await;
    let Payload::ReminderTriggered(firing) = &fired[0].payload else { panic!("{fired:?}") };
    assert!(firing.late);
    worker.stop().await;
}

/// Made and done while it was held back: what is known to be old is not acted on.
#[tokio::test]
async fn what_was_done_while_it_was_held_back_does_not_remind_when_it_is_released() {
    let mut worker = Worker::start().await;
    worker.run_scheduler();
    let now = worker.now().await;
    let mut done = task(now - TimeDelta::hours(1), now - TimeDelta::hours(2));
    let mut not_done = task(now - TimeDelta::hours(1), now - TimeDelta::hours(2));
    let first = [created(&done), created(&not_done)];
    let last = [completed(&mut done), updated(&mut not_done)];
    for (events, more_held) in [(first, true), (last, false)] {
        for event in events {
            let cloud_event = json!({
                "specversion": "1.0", "id": event.event_id, "source": "chat-api",
                "type": event.event_type(), "releasedat": now, "moreheld": more_held,
                "data": event,
            });
            let bytes = serde_json::to_vec(&cloud_event).unwrap();
            let status = worker.receive_bytes(events::Topic::TaskEvents, &bytes).await;
            assert_eq!(status, DeliveryStatus::Success);
            // A reminder that is due at once is a look of the scheduler's after this one.
            let due = worker.now().await;
            let marker = task(due, due);
            worker.receive(&created(&marker)).await;
            let marker_fired = || async {
                let said = worker.said_of(EventType::ReminderTriggered).await;
                let of_marker = |event: &events::Event| {
                    matches!(&event.payload,
                    Payload::ReminderTriggered(fired) if fired.task_id == marker.task_id)
                };
                said.iter().any(of_marker).then_some(())
            };
            testing::eventually("the scheduler to look", marker_fired).await;
        }
    }
    let fired = |id| {
        move |event: &&events::Event| {
            matches!(&event.payload,
            Payload::ReminderTriggered(fired) if fired.task_id == id)
        }
    };
    let said = testing::eventually("the other one to fire", || async {
        let said = worker.said().await;
        said.iter().any(|event| fired(not_done.task_id)(&event)).then_some(said)
    })
    .await;
    assert_eq!(said.iter().filter(fired(done.task_id)).count(), 0);
    worker.stop().await;
}

#[tokio::test]
async fn it_fires_again_after_its_database_connections_broke() {
    let mut worker = Worker::start().await;
    worker.run_scheduler();
    let now = worker.now().await;
    worker.receive(&created(&task(now + TimeDelta::seconds(1), now))).await;
    worker.database.break_connections().await;
    worker.eventually_said(EventType::ReminderTriggered, 1).await;
    worker.stop().await;
}
