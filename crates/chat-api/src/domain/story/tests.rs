use events::{EventType, TimeZone};
use serde_json::{Value, json};

use super::*;

const TASK: &str = "6f1c0f6e-8a57-4a0a-9a53-3f2a8a3c1b10";
const REMINDER: &str = "318f8d37-1a86-5196-92c0-14432b9a5a2a";
const USER: &str = "c8b0e1a4-41a7-4d0e-a2a9-5a3d5c1f7e22";
const DUE: &str = "2026-11-24T16:00:00Z";

fn berlin() -> TimeZone {
    "Europe/Berlin".parse().expect("a zone")
}

fn instant(text: &str) -> DateTime<Utc> {
    text.parse().expect("an instant")
}

fn with(mut base: Value, more: Value) -> Value {
    let Value::Object(more) = more else { panic!("fields") };
    base.as_object_mut().expect("fields").extend(more);
    base
}

fn says(event_type: &str, details: &Value, known: Known) -> String {
    tell(Told { event_type, details }, known, berlin())
}

fn said(event_type: EventType, details: &Value) -> String {
    says(event_type.name(), details, Known::default())
}

fn made(more: Value) -> Value {
    let task = json!({
        "task_id": TASK, "title": "water the plants", "description": null, "priority": "MEDIUM",
        "status": "TODO", "due_date": DUE, "recurrence": null, "tags": [], "user_id": USER,
        "created_at": "2026-11-20T08:00:00Z",
    });
    with(task, more)
}

fn weekly(more: Value) -> Value {
    let rule = json!({
        "rrule": "FREQ=WEEKLY", "dtstart": "2026-11-29T18:00:00", "time_zone": "Europe/Berlin",
        "exdates": [], "basis": "due_date",
    });
    with(rule, more)
}

fn updated(changes: &[(&str, Value, Value)]) -> Value {
    let fields: Vec<&str> = changes.iter().map(|(field, ..)| *field).collect();
    let changes: serde_json::Map<String, Value> = changes
        .iter()
        .map(|(field, old, new)| ((*field).to_owned(), json!({"old": old, "new": new})))
        .collect();
    json!({"task_id": TASK, "changed_fields": fields, "changes": changes, "updated_at": DUE})
}

fn reminding(more: Value) -> Value {
    let base = json!({
        "task_id": TASK, "reminder_id": REMINDER, "user_id": USER, "title": "water the plants",
        "due_date": DUE, "reminder_time": DUE, "triggered_at": DUE, "cancelled_at": DUE,
        "recurrence": null, "task_version": 7, "reason": "completed",
    });
    with(base, more)
}

fn ended(more: Value) -> Value {
    let base = json!({
        "delivery_id": REMINDER, "reminder_id": REMINDER, "task_id": TASK, "user_id": USER,
        "channel": "email", "outcome": "delivered", "attempts": 1, "error": null, "at": DUE,
    });
    with(base, more)
}

#[test]
fn a_task_that_is_made_says_when_it_is_due() {
    for (more, text) in [
        (json!({}), "Made, due Tue 24 Nov 2026 17:00"),
        (json!({"due_date": "2026-11-24"}), "Made, due Tue 24 Nov 2026"),
        (json!({"due_date": null}), "Made, without a due date"),
        (json!({"reminders": []}), "Made, due Tue 24 Nov 2026 17:00; it has no reminder"),
        (json!({"status": "DONE"}), "Made, due Tue 24 Nov 2026 17:00; it was done already"),
        (
            json!({"recurrence": weekly(json!({}))}),
            "Made, due Tue 24 Nov 2026 17:00 and then again and again",
        ),
    ] {
        assert_eq!(said(EventType::TaskCreated, &made(more)), text);
    }
}

#[test]
fn a_change_says_which_fields_and_from_what_to_what_where_that_is_short() {
    let long = "x".repeat(100);
    for (changes, text) in [
        (vec![], "Changed"),
        (
            vec![("title", json!("plants"), json!("roses"))],
            "Title changed from “plants” to “roses”",
        ),
        (vec![("title", json!(long), json!("roses"))], "Title changed"),
        (vec![("description", json!(null), json!("x"))], "Description added"),
        (vec![("description", json!("x"), json!(null))], "Description removed"),
        (vec![("description", json!("x"), json!("y"))], "Description changed"),
        (vec![("priority", json!("HIGH"), json!("LOW"))], "Priority changed from high to low"),
        (
            vec![
                ("tags", json!(["a", "b"]), json!([])),
                ("due_date", json!(DUE), json!("2026-11-25")),
            ],
            "Moved from Tue 24 Nov 2026 17:00 to Wed 25 Nov 2026; tags changed from a, b to none",
        ),
        (vec![("due_date", json!(null), json!(DUE))], "Now due Tue 24 Nov 2026 17:00"),
        (
            vec![("due_date", json!(DUE), json!(null))],
            "No longer due (it was due Tue 24 Nov 2026 17:00)",
        ),
        (vec![("status", json!("DONE"), json!("TODO"))], "To be done again"),
        (vec![("status", json!("TODO"), json!("IN_PROGRESS"))], "Begun"),
        (vec![("status", json!("IN_PROGRESS"), json!("TODO"))], "Not begun after all"),
        (
            vec![
                ("recurrence", json!(null), weekly(json!({}))),
                ("occurrence", json!(null), json!("2026-11-29T18:00:00")),
            ],
            "Now repeats",
        ),
        (vec![("recurrence", weekly(json!({})), json!(null))], "No longer repeats"),
        (
            vec![("recurrence", weekly(json!({})), weekly(json!({"rrule": "FREQ=DAILY"})))],
            "Repeats in another way now",
        ),
        (
            vec![(
                "reminders",
                json!([{"offset": "PT0S"}]),
                json!([{"offset": "-PT30M"}, {"offset": "P1D"}, {"at": DUE}]),
            )],
            "Reminders changed from at the due time to 30 minutes before it and 1 day after it \
             and Tue 24 Nov 2026 17:00",
        ),
        (
            vec![("reminders", json!([{"offset": "PT0S"}]), json!([]))],
            "Reminders changed from at the due time to none",
        ),
        (
            vec![("time_zone", json!("Europe/Berlin"), json!("Asia/Tokyo"))],
            "Time zone changed from Europe/Berlin to Asia/Tokyo",
        ),
        (
            vec![("day_time", json!("09:00:00"), json!("08:30:00"))],
            "Time at which whole days remind changed from 09:00 to 08:30",
        ),
        (
            vec![("list_id", json!(USER), json!(TASK)), ("position", json!("a"), json!("b"))],
            "Moved to another list",
        ),
        (vec![("position", json!("a"), json!("b"))], "Moved to another place in its list"),
        (vec![("subtasks", json!([]), json!([]))], "Steps changed"),
        (vec![("deleted_at", json!(DUE), json!(null))], "Taken out of the trash"),
        (vec![("colour_of_it", json!(1), json!(2))], "Colour of it changed"),
        (vec![("dismissed", json!([]), json!([REMINDER]))], "A reminder was dismissed"),
        (
            vec![("snoozes", json!([]), json!([{"reminder_id": REMINDER, "until": DUE}]))],
            "A reminder was put off until Tue 24 Nov 2026 17:00",
        ),
        (
            vec![("snoozes", json!([{"reminder_id": REMINDER, "until": DUE}]), json!([]))],
            "A reminder is no longer put off",
        ),
    ] {
        assert_eq!(said(EventType::TaskUpdated, &updated(&changes)), text);
    }
}

#[test]
fn an_occurrence_that_was_skipped_says_which_and_where_the_task_passed_on_to() {
    let (this, next) = ("2026-11-29T18:00:00", "2026-12-06T18:00:00");
    let passed_on = vec![
        ("occurrence", json!(this), json!(next)),
        ("due_date", json!("2026-11-29T17:00:00Z"), json!("2026-12-06T17:00:00Z")),
        ("subtasks", json!([1]), json!([2])),
    ];
    let text = "Skipped Sun 29 Nov 2026 18:00; passed on to Sun 6 Dec 2026 18:00";
    assert_eq!(said(EventType::TaskUpdated, &updated(&passed_on)), text);
    let from_completion = |dtstart: &str, rrule: &str| {
        weekly(json!({"basis": "completion", "dtstart": dtstart, "rrule": rrule}))
    };
    let old = from_completion(this, "FREQ=WEEKLY;COUNT=3");
    let counts_anew = [
        passed_on.clone(),
        vec![("recurrence", old.clone(), from_completion(next, "FREQ=WEEKLY;COUNT=2"))],
    ]
    .concat();
    assert_eq!(said(EventType::TaskUpdated, &updated(&counts_anew)), text);
    let another_rule =
        [passed_on, vec![("recurrence", old, from_completion(next, "FREQ=DAILY;COUNT=2"))]]
            .concat();
    let text = said(EventType::TaskUpdated, &updated(&another_rule));
    assert!(text.contains("Moved from") && text.contains("repeats in another way"), "{text}");
    let ahead = updated(&[("recurrence", weekly(json!({})), weekly(json!({"exdates": [next]})))]);
    assert_eq!(said(EventType::TaskUpdated, &ahead), "Skipped Sun 6 Dec 2026 18:00 in advance");
    let last = updated(&[
        ("recurrence", weekly(json!({})), weekly(json!({"exdates": [this]}))),
        ("status", json!("TODO"), json!("DONE")),
    ]);
    assert_eq!(said(EventType::TaskUpdated, &last), "Skipped Sun 29 Nov 2026 18:00, the last one");
}

#[test]
fn a_completion_says_which_occurrence_and_which_comes_next() {
    for (next, occurrence, text) in [
        (json!(null), json!(null), "Done"),
        (
            json!("2026-12-06T17:00:00Z"),
            json!("2026-11-29T18:00:00"),
            "Done for Sun 29 Nov 2026 18:00; passed on to Sun 6 Dec 2026 18:00",
        ),
        (json!(null), json!("2026-11-29"), "Done for Sun 29 Nov 2026, the last time"),
    ] {
        let details = json!({
            "task_id": TASK, "user_id": USER, "completed_at": DUE, "next_due_date": next,
            "occurrence": occurrence,
        });
        assert_eq!(said(EventType::TaskCompleted, &details), text);
    }
    let deleted = json!({"task_id": TASK, "user_id": USER, "deleted_at": DUE});
    assert_eq!(said(EventType::TaskDeleted, &deleted), "Put into the trash");
}

#[test]
fn a_reminder_that_stands_says_for_when() {
    for (more, text) in [
        (json!({}), "A reminder stands for Tue 24 Nov 2026 17:00"),
        (
            json!({"reminder_time": "2026-11-24T15:30:00Z"}),
            "A reminder stands for Tue 24 Nov 2026 16:30, 30 minutes before the due time",
        ),
        (
            json!({"due_date": "2026-11-24", "reminder_time": "2026-11-24T08:00:00Z"}),
            "A reminder stands for Tue 24 Nov 2026 09:00, of what is due Tue 24 Nov 2026",
        ),
    ] {
        assert_eq!(said(EventType::ReminderScheduled, &reminding(more)), text);
    }
}

#[test]
fn a_reminder_that_came_says_when_and_why_it_was_late() {
    let late = json!({"triggered_at": "2026-11-24T16:03:00Z", "late": true});
    let known = |scheduled_at: &str| Known {
        scheduled_at: Some(instant(scheduled_at)),
        ..Known::default()
    };
    let folded = |count: u32| {
        let one = json!({"reminder_id": REMINDER, "reminder_time": DUE});
        json!({"folded": [one], "folded_count": count})
    };
    for (more, known, text) in [
        (json!({}), Known::default(), "The reminder came Tue 24 Nov 2026 17:00"),
        (
            late.clone(),
            known("2026-11-24T12:00:00Z"),
            "The reminder came Tue 24 Nov 2026 17:03, 3 minutes late because the reminder service \
             was down at its time",
        ),
        (
            late.clone(),
            known("2026-11-24T16:02:59Z"),
            "The reminder came Tue 24 Nov 2026 17:03, 3 minutes late because the reminder service \
             learned of it late",
        ),
        (
            late,
            Known::default(),
            "The reminder came Tue 24 Nov 2026 17:03, 3 minutes late because the reminder service \
             was down at its time, or learned of it late",
        ),
        (
            folded(0),
            Known::default(),
            "The reminder came Tue 24 Nov 2026 17:00; it stands for an earlier one that was \
             missed, too",
        ),
        (
            folded(2),
            Known::default(),
            "The reminder came Tue 24 Nov 2026 17:00; it stands for 2 earlier ones that were \
             missed, too",
        ),
    ] {
        let details = reminding(more);
        assert_eq!(says("reminder-triggered", &details, known), text);
    }
}

#[test]
fn a_reminder_that_is_not_sent_says_why_and_how_long_before() {
    let at = |caused_at: &str| Known {
        reminder_time: Some(instant(DUE)),
        caused_at: Some(instant(caused_at)),
        ..Known::default()
    };
    let which = "The reminder for Tue 24 Nov 2026 17:00 was not sent:";
    for (reason, known, text) in [
        ("completed", at("2026-11-24T15:57:00.4Z"), format!("{which} done 3 minutes before")),
        ("deleted", at("2026-11-24T14:00:00Z"), format!("{which} deleted 2 hours before")),
        (
            "changed",
            at("2026-11-22T14:59:59Z"),
            format!("{which} the task was changed 2 days 1 hour before"),
        ),
        ("snoozed", at("2026-11-24T15:59:50Z"), format!("{which} put off 10 seconds before")),
        ("dismissed", at("2026-11-24T15:59:00Z"), format!("{which} dismissed 1 minute before")),
        (
            "completed",
            at("2026-11-24T16:05:00Z"),
            format!("{which} done 5 minutes after that, before it came"),
        ),
        ("completed", Known::default(), "A reminder was not sent: done".to_owned()),
        ("expired", Known::default(), "A reminder was not sent: missed for too long".to_owned()),
        ("user_deleted", at(DUE), format!("{which} the account was deleted")),
    ] {
        let details = reminding(json!({"reason": reason}));
        assert_eq!(says("reminder-cancelled", &details, known), text);
    }
    for (cancelled_at, text) in [
        ("2026-11-25T16:00:00Z", "missed for longer than a day"),
        ("2026-11-24T18:00:00Z", "missed for 2 hours, which is too long here"),
    ] {
        let details = reminding(json!({"reason": "expired", "cancelled_at": cancelled_at}));
        let said = says("reminder-cancelled", &details, at(DUE));
        assert_eq!(said, format!("{which} {text}"));
    }
}

#[test]
fn a_notification_that_ended_says_by_what_channel_and_how() {
    for (more, text) in [
        (json!({}), "Delivered by e-mail"),
        (json!({"channel": "webhook", "attempts": 3}), "Delivered by webhook (after 3 attempts)"),
        (json!({"channel": "ntfy"}), "Delivered by ntfy"),
        (
            json!({"held_until": "2026-11-25T06:00:00Z"}),
            "Delivered by e-mail; it waited for the end of the quiet hours, Wed 25 Nov 2026 07:00",
        ),
        (json!({"channel": "web_push"}), "Delivered by web push"),
        (json!({"channel": "pigeon"}), "Delivered by a channel of another kind"),
        (
            json!({"outcome": "failed", "attempts": 8, "error": "the target answered 500"}),
            "Not delivered by e-mail: the target answered 500 (after 8 attempts)",
        ),
        (
            json!({"outcome": "dropped", "attempts": 0, "error": "the reminder no longer stands"}),
            "Given up by e-mail: the reminder no longer stands",
        ),
    ] {
        assert_eq!(said(EventType::NotificationDelivered, &ended(more)), text);
    }
}

#[test]
fn what_is_not_known_here_or_can_not_be_read_has_a_text_too() {
    for event_type in ["task-archived", "reminder-triggered", "task-created", "user-deleted"] {
        let text = says(event_type, &json!({"a": 1}), Known::default());
        assert_eq!(text, format!("Something else happened ({event_type})"));
    }
    let reason = reminding(json!({"reason": "the_moon"}));
    let text = says("reminder-cancelled", &reason, Known::default());
    assert_eq!(text, "Something else happened (reminder-cancelled)");
}

#[test]
fn only_what_refers_to_something_earlier_asks_for_it() {
    let asked = |event_type: &str, more: Value| {
        asks(Told { event_type, details: &reminding(more) }).map(|asks| asks.task_version)
    };
    assert_eq!(asked("reminder-cancelled", json!({})), Some(7));
    assert_eq!(asked("reminder-triggered", json!({"late": true})), Some(7));
    assert_eq!(asked("reminder-triggered", json!({})), None);
    assert_eq!(asked("reminder-scheduled", json!({})), None);
}
