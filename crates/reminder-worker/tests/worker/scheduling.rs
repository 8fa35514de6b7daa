//! From a task's events to what stands.

use chrono::TimeDelta;
use events::{
    CancelReason, Due, EventType, Offset, Payload, ReminderId, ReminderSpec, Snooze, Topic,
};
use sidecar::DeliveryStatus;

use crate::support::{Worker, completed, created, deleted, refreshed, task, updated};

fn reasons(said: &[events::Event]) -> Vec<CancelReason> {
    said.iter()
        .filter_map(|event| match &event.payload {
            Payload::ReminderCancelled(cancelled) => Some(cancelled.reason),
            _ => None,
        })
        .collect()
}

#[tokio::test]
async fn a_reminder_stands_for_each_offset_and_instant_in_the_future() {
    let worker = Worker::start().await;
    let now = worker.now().await;
    let mut task = task(now + TimeDelta::hours(2), now);
    let hour_before = ReminderSpec::Offset(Offset::from_seconds(-3600).unwrap());
    let three_hours_before = ReminderSpec::Offset(Offset::from_seconds(-3 * 3600).unwrap());
    let at = ReminderSpec::At(now + TimeDelta::minutes(5));
    task.reminders = vec![ReminderSpec::AT_DUE, hour_before, three_hours_before, at, at];
    let event = created(&task);
    worker.receive(&event).await;

    let said = worker.said().await;
    let stand: Vec<_> = said
        .iter()
        .map(|event| match &event.payload {
            Payload::ReminderScheduled(scheduled) => {
                (scheduled.reminder_id, scheduled.reminder_time)
            }
            other => panic!("{other:?}"),
        })
        .collect();
    let due = now + TimeDelta::hours(2);
    let id = |spec| ReminderId::derive(task.task_id, spec, None);
    let expected = [
        (id(&ReminderSpec::AT_DUE), due),
        (id(&hour_before), due - TimeDelta::hours(1)),
        (id(&at), now + TimeDelta::minutes(5)),
    ];
    assert_eq!(stand, expected, "the one three hours before would have been in the past");
    assert!(said.iter().all(|said| said.correlation_id == event.correlation_id));
    worker.stop().await;
}

#[tokio::test]
async fn a_whole_day_reminds_at_nine_in_the_tasks_zone() {
    let worker = Worker::start().await;
    let now = worker.now().await;
    let mut task = task(now, now);
    task.due_date = Some(Due::On("2100-07-01".parse().unwrap()));
    task.time_zone = "America/New_York".parse().unwrap();
    worker.receive(&created(&task)).await;
    let said = worker.said().await;
    let Payload::ReminderScheduled(scheduled) = &said[0].payload else { panic!("{said:?}") };
    let local = task.time_zone.local(scheduled.reminder_time);
    assert_eq!(local.to_string(), "2100-07-01 09:00:00");
    worker.stop().await;
}

#[tokio::test]
async fn what_ends_a_reminder_is_its_reason() {
    let worker = Worker::start().await;
    let now = worker.now().await;
    let due = now + TimeDelta::hours(1);

    let mut done = task(due, now);
    worker.receive(&created(&done)).await;
    worker.receive(&completed(&mut done)).await;

    let mut gone = task(due, now);
    worker.receive(&created(&gone)).await;
    worker.receive(&deleted(&mut gone)).await;

    let mut dismissed = task(due, now);
    worker.receive(&created(&dismissed)).await;
    dismissed.dismissed = vec![ReminderId::derive(dismissed.task_id, &ReminderSpec::AT_DUE, None)];
    worker.receive(&updated(&mut dismissed)).await;

    let mut changed = task(due, now);
    worker.receive(&created(&changed)).await;
    changed.reminders = vec![];
    worker.receive(&updated(&mut changed)).await;

    let expected = [
        CancelReason::Completed,
        CancelReason::Deleted,
        CancelReason::Dismissed,
        CancelReason::Changed,
    ];
    assert_eq!(reasons(&worker.said().await), expected);
    worker.stop().await;
}

#[tokio::test]
async fn an_older_version_changes_nothing_and_a_tombstone_refuses_all_up_to_its_own() {
    let worker = Worker::start().await;
    let now = worker.now().await;
    let mut task = task(now + TimeDelta::hours(1), now);
    let first = created(&task);
    worker.receive(&updated(&mut task)).await;
    worker.receive(&first).await;
    assert_eq!(worker.said_of(EventType::ReminderScheduled).await.len(), 1);

    let before = task.clone();
    worker.receive(&deleted(&mut task)).await;
    worker.receive(&refreshed(&before)).await;
    worker.receive(&refreshed(&task)).await;
    assert_eq!(worker.said_of(EventType::ReminderScheduled).await.len(), 1);

    // Back from the trash is a higher version.
    worker.receive(&updated(&mut task)).await;
    assert_eq!(worker.said_of(EventType::ReminderScheduled).await.len(), 2);
    worker.stop().await;
}

#[tokio::test]
async fn a_refresh_at_the_same_version_is_answered_with_what_stands() {
    let worker = Worker::start().await;
    let now = worker.now().await;
    let task = task(now + TimeDelta::hours(1), now);
    worker.receive(&created(&task)).await;
    worker.receive(&refreshed(&task)).await;
    let said = worker.said_of(EventType::ReminderScheduled).await;
    let revisions: Vec<_> = said
        .iter()
        .map(|event| match &event.payload {
            Payload::ReminderScheduled(scheduled) => scheduled.revision,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(revisions.len(), 2);
    assert!(revisions[0] < revisions[1], "{revisions:?}");
    worker.stop().await;
}

#[tokio::test]
async fn a_snooze_moves_the_reminder_and_cancels_nothing() {
    let worker = Worker::start().await;
    let now = worker.now().await;
    let mut task = task(now + TimeDelta::hours(1), now);
    worker.receive(&created(&task)).await;
    let reminder_id = ReminderId::derive(task.task_id, &ReminderSpec::AT_DUE, None);
    let until = now + TimeDelta::hours(3);
    task.snoozes = vec![Snooze { reminder_id, until, occurrence: None }];
    worker.receive(&updated(&mut task)).await;
    let said = worker.said().await;
    assert_eq!(reasons(&said), []);
    let Payload::ReminderScheduled(scheduled) = &said[1].payload else { panic!("{said:?}") };
    assert_eq!((scheduled.reminder_id, scheduled.reminder_time), (reminder_id, until));
    worker.stop().await;
}

#[tokio::test]
async fn the_same_event_again_is_taken_once_and_receipted_again() {
    let worker = Worker::start().await;
    let now = worker.now().await;
    let event = created(&task(now + TimeDelta::hours(1), now));
    worker.receive(&event).await;
    worker.receive(&event).await;
    assert_eq!(worker.said_of(EventType::ReminderScheduled).await.len(), 1);
    let owed: (i64,) = sqlx::query_as("select count(*) from messaging.receipt_owed")
        .fetch_one(&worker.pool)
        .await
        .unwrap();
    assert_eq!(owed.0, 2);
    worker.stop().await;
}

#[tokio::test]
async fn what_can_not_be_taken_becomes_a_dead_letter_and_is_acknowledged() {
    let worker = Worker::start().await;
    let now = worker.now().await;
    let good = serde_json::to_value(created(&task(now + TimeDelta::hours(1), now))).unwrap();
    let with = |pointer: &str, value: serde_json::Value| {
        let mut json = good.clone();
        *json.pointer_mut(pointer).expect("a field") = value;
        serde_json::to_vec(&json).unwrap()
    };
    let rule = serde_json::json!({
        "rrule": "FREQ=NEVER", "dtstart": "2026-11-29T18:00:00", "time_zone": "Europe/Berlin"
    });
    let poison = [
        b"garbage \xff\x00".to_vec(),
        b"{}".to_vec(),
        b"[1]".to_vec(),
        with("/payload/due_date", "tomorrow".into()),
        with("/payload/time_zone", "Mars/Olympus".into()),
        with("/payload/title", 7.into()),
        with("/payload/recurrence", rule),
        with("/event_id", 12.into()),
        with("/event_type", "reminder-scheduled".into()),
    ];
    for bytes in &poison {
        let status = worker.receive_bytes(Topic::TaskEvents, bytes).await;
        assert_eq!(status, DeliveryStatus::Success);
        // It comes again, as after a restart, and is kept once.
        worker.receive_bytes(Topic::TaskEvents, bytes).await;
    }
    let kept: Vec<(Vec<u8>, String)> =
        sqlx::query_as("select record, reason from messaging.dead_letter order by received_at")
            .fetch_all(&worker.pool)
            .await
            .unwrap();
    let records: Vec<_> = kept.iter().map(|(record, _)| record.clone()).collect();
    assert_eq!(records, poison);
    assert!(kept.iter().all(|(_, reason)| !reason.is_empty()), "{kept:?}");
    assert_eq!(worker.said_of(EventType::EventDeadLettered).await.len(), poison.len());

    let unknown = with("/event_type", "task-archived".into());
    assert_eq!(worker.receive_bytes(Topic::TaskEvents, &unknown).await, DeliveryStatus::Success);
    let newer = with("/event_version", "v2".into());
    assert_eq!(worker.receive_bytes(Topic::TaskEvents, &newer).await, DeliveryStatus::Success);
    assert_eq!(worker.said_of(EventType::EventDeadLettered).await.len(), poison.len());
    worker.stop().await;
}
