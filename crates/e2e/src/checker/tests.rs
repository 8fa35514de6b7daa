//! A history that is sound, and each way in which one is not.

use chrono::TimeDelta;
use serde_json::json;

use super::*;

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::days(20_000) + TimeDelta::seconds(seconds)
}

fn record(topic: &str, event_id: &str, event_type: &str, payload: Value) -> BusRecord {
    let data = json!({"event_id": event_id, "event_type": event_type, "payload": payload});
    BusRecord {
        topic: topic.to_owned(),
        partition: 0,
        offset: 0,
        key: None,
        cloud_event: json!({ "data": data }),
    }
}

fn task_event(event_id: &str, event_type: &str, task: &str, version: i64) -> BusRecord {
    record(TASK_EVENTS, event_id, event_type, json!({"task_id": task, "version": version}))
}

fn reminder_event(event_id: &str, event_type: &str, task: &str, seconds: i64) -> BusRecord {
    let payload = json!({"task_id": task, "reminder_id": format!("of {task}"),
        "reminder_time": at(seconds), "triggered_at": at(seconds) + TimeDelta::milliseconds(5)});
    record(REMINDERS, event_id, event_type, payload)
}

fn notification(key: &str, task: &str, seconds: i64) -> Notification {
    let data = json!({"task_id": task, "reminder_id": format!("of {task}"),
        "reminder_time": at(seconds)});
    let at = at(seconds) + TimeDelta::milliseconds(40);
    Notification { key: key.to_owned(), body: json!({ "data": data }), traceparent: None, at }
}

fn act(task: &str, version: Option<i64>, seconds: i64, due: Option<i64>) -> Act {
    Act { task: task.to_owned(), version, at: at(seconds), open_until: due.map(at) }
}

/// One task that reminds, one that is moved and then completed, one that is deleted; poison; and events
/// that were doubled on their way.
fn sound() -> History {
    let letter = json!({"topic": "task-events", "sha256": "ab"});
    History {
        acts: vec![
            act("kept", Some(1), 0, Some(60)),
            act("kept", Some(2), 10, Some(50)),
            act("done", Some(3), 0, Some(60)),
            act("done", Some(4), 20, Some(70)),
            act("done", Some(5), 30, None),
            act("gone", Some(6), 0, Some(40)),
            act("gone", None, 30, None),
        ],
        records: vec![
            task_event("e1", "task-created", "kept", 1),
            task_event("e2", "task-updated", "kept", 2),
            task_event("e1", "task-created", "kept", 1),
            task_event("e3", "task-created", "done", 3),
            task_event("e4", "task-updated", "done", 4),
            task_event("e5", "task-completed", "done", 5),
            task_event("e6", "task-created", "gone", 6),
            task_event("e7", "task-deleted", "gone", 7),
            reminder_event("r1", "reminder-scheduled", "kept", 60),
            reminder_event("r2", "reminder-scheduled", "kept", 50),
            reminder_event("r3", "reminder-triggered", "kept", 50),
            reminder_event("r3", "reminder-triggered", "kept", 50),
            reminder_event("r4", "reminder-scheduled", "done", 60),
            reminder_event("r5", "reminder-cancelled", "done", 60),
            reminder_event("r6", "reminder-scheduled", "gone", 40),
            reminder_event("r7", "reminder-cancelled", "gone", 40),
            record(DEAD_LETTER, "d1", "event-dead-lettered", letter),
        ],
        notifications: vec![notification("k1", "kept", 50), notification("k1", "kept", 50)],
        poison: [("task-events".to_owned(), "ab".to_owned())].into(),
    }
}

fn firing_of(task: &str, seconds: i64) -> Firing {
    Firing { task: task.to_owned(), reminder: format!("of {task}"), time: at(seconds) }
}

#[track_caller]
fn breaks(change: impl FnOnce(&mut History), expected: &Violation) {
    let mut history = sound();
    change(&mut history);
    let found = [history.missing(), history.violations()].concat();
    assert!(found.contains(expected), "{found:?}");
}

#[test]
fn a_sound_history_is_found_sound_and_its_repetitions_are_counted() {
    let history = sound();
    assert_eq!(history.missing(), []);
    assert_eq!(history.violations(), []);
    assert_eq!(history.doubled(), 2);
    assert_eq!(history.lateness_ms(), [40]);
}

#[test]
fn an_acknowledged_act_that_is_nowhere_is_lost() {
    for (task, version, event) in
        [("kept", Some(1), "e1"), ("done", Some(5), "e5"), ("gone", None, "e7")]
    {
        let lost = Violation::Lost { task: task.to_owned(), version };
        breaks(
            |history| history.records.retain(|record| record.envelope()["event_id"] != event),
            &lost,
        );
    }
}

#[test]
fn a_history_that_goes_back_is_out_of_order() {
    let expected = Violation::OutOfOrder { task: "done".to_owned(), versions: vec![3, 5, 4] };
    breaks(|history| history.records.swap(4, 5), &expected);
    let mut history = sound();
    history.records.push(task_event("e8", "task-deleted", "gone", 7));
    assert_eq!(history.violations(), [], "a deletion is said again");
    let expected = Violation::OutOfOrder { task: "kept".to_owned(), versions: vec![1, 2, 2] };
    breaks(|history| history.records.push(task_event("e8", "task-updated", "kept", 2)), &expected);
}

#[test]
fn a_reminder_that_had_to_come_and_did_not_is_missed() {
    let not_fired =
        |on_topic| Violation::NotFired { task: "kept".to_owned(), due: at(50), on_topic };
    breaks(|history| history.notifications.clear(), &not_fired(false));
    let without = |history: &mut History| {
        history.records.retain(|record| record.envelope()["event_id"] != "r3");
    };
    breaks(without, &not_fired(true));
    breaks(without, &Violation::Unsaid(firing_of("kept", 50)));
}

#[test]
fn two_firings_of_one_reminder_and_time_are_seen() {
    let again = |history: &mut History| {
        history.records.push(reminder_event("r9", "reminder-triggered", "kept", 50));
    };
    breaks(again, &Violation::FiredTwice(firing_of("kept", 50)));
    let other_key =
        |history: &mut History| history.notifications.push(notification("k2", "kept", 50));
    breaks(other_key, &Violation::NotifiedTwice(firing_of("kept", 50)));
}

#[test]
fn what_comes_before_its_time_is_early() {
    let early = Violation::Early(firing_of("kept", 50));
    breaks(|history| history.notifications[0].at = at(49), &early);
    breaks(
        |history| {
            let payload = &mut history.records[10].cloud_event["data"]["payload"];
            payload["triggered_at"] = json!(at(49));
        },
        &early,
    );
}

#[test]
fn a_firing_after_its_cancellation_is_seen_unless_it_was_scheduled_anew() {
    let after = |history: &mut History| {
        history.records.push(reminder_event("r9", "reminder-triggered", "done", 60));
    };
    breaks(after, &Violation::AfterCancel(firing_of("done", 60)));
    let mut history = sound();
    history.records.push(reminder_event("r8", "reminder-scheduled", "done", 80));
    history.records.push(reminder_event("r9", "reminder-triggered", "done", 80));
    assert_eq!(history.violations(), []);
}

#[test]
fn dead_letters_are_exactly_the_poison() {
    let (topic, sha256) = ("task-events".to_owned(), "ab".to_owned());
    let none = Violation::NoDeadLetter { topic: topic.clone(), sha256: sha256.clone() };
    breaks(|history| history.records.retain(|record| record.topic != DEAD_LETTER), &none);
    breaks(|history| history.poison.clear(), &Violation::DeadLetter { topic, sha256 });
}
