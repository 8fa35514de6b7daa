//! Recurring tasks: on the wall clock, one occurrence after the other, whatever is left undone.

use std::collections::BTreeSet;

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};
use events::{
    Basis, CancelReason, Due, EventType, Nominal, Offset, Payload, RecurrenceRule, ReminderId,
    ReminderSpec, ReminderTriggered, Snooze, TaskState, TimeZone,
};

use crate::support::{Worker, completed, created, task, updated};

fn zone(name: &str) -> TimeZone {
    name.parse().unwrap()
}

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn rule(rrule: &str, dtstart: &str, zone: TimeZone) -> RecurrenceRule {
    RecurrenceRule::new(rrule, dtstart.parse().unwrap(), zone, vec![], Basis::DueDate).unwrap()
}

/// A task whose first occurrence is its rule's, made just now.
fn recurring(rule: RecurrenceRule, now: DateTime<Utc>) -> TaskState {
    let mut task = task(now, now);
    let first = rule.first().unwrap();
    task.time_zone = rule.time_zone();
    task.occurrence = Some(first);
    task.due_date = Some(rule.due(first));
    task.recurrence = Some(rule);
    task
}

/// Passes on to the occurrence after the one named, as chat-api does when it is done.
fn passed_on(task: &mut TaskState, done: Nominal) -> events::Event {
    let rule = task.recurrence.clone().unwrap();
    let next = rule.next_after(done).unwrap();
    let due = Some(rule.due(next));
    let event = completed(task);
    let Payload::TaskCompleted(mut said) = event.payload else { unreachable!() };
    task.status = events::Status::Todo;
    (task.occurrence, task.due_date) = (Some(next), due);
    (said.occurrence, said.next_due_date) = (Some(done), due);
    said.task = Some(Box::new(task.clone()));
    events::Event { payload: said.into(), ..event }
}

fn firings(said: &[events::Event]) -> Vec<ReminderTriggered> {
    said.iter()
        .filter_map(|event| match &event.payload {
            Payload::ReminderTriggered(triggered) => Some(triggered.clone()),
            _ => None,
        })
        .collect()
}

fn reminder(task: &TaskState, occurrence: &str) -> ReminderId {
    let occurrence = Some(occurrence.parse().unwrap());
    ReminderId::derive(task.task_id, &ReminderSpec::AT_DUE, occurrence)
}

impl Worker {
    async fn eventually_fired(&self, count: usize) -> Vec<ReminderTriggered> {
        firings(&self.eventually_said(EventType::ReminderTriggered, count).await)
    }

    /// Waits until nothing is due.
    async fn eventually_nothing_due(&self) {
        testing::eventually("nothing to be due", || async {
            let due: i64 = sqlx::query_scalar(
                "select count(*) from task where next_fire_at <= messaging.clock()",
            )
            .fetch_one(&self.pool)
            .await
            .ok()?;
            (due == 0).then_some(())
        })
        .await;
    }
}

/// The task is left undone: each day reminds all the same.
async fn fires_each_day_at(zone_name: &str, local: &str, days: &[(&str, &str)]) {
    let mut worker = Worker::start().await;
    let start: NaiveDateTime = format!("{}T{local}", days[0].0).parse().unwrap();
    let before = zone(zone_name).instant(start) - TimeDelta::hours(5);
    worker.set_clock(before).await;
    let task =
        recurring(rule("FREQ=DAILY", &start.format("%FT%T").to_string(), zone(zone_name)), before);
    worker.receive(&created(&task)).await;
    worker.run_scheduler();
    for (fired_before, (day, expected)) in days.iter().enumerate() {
        let expected = at(expected);
        worker.set_clock(expected - TimeDelta::seconds(2)).await;
        let fired = worker.eventually_fired(fired_before + 1).await;
        assert_eq!(fired.len(), fired_before + 1, "{day}: {fired:?}");
        let firing = fired.last().unwrap();
        assert_eq!(firing.reminder_time, expected, "{day}");
        assert!(firing.triggered_at >= expected && !firing.late, "{day}: {firing:?}");
        assert_eq!(firing.folded_count, 0, "{day}");
    }
    worker.stop().await;
}

#[tokio::test]
async fn every_day_at_nine_is_nine_in_berlin_on_both_sides_of_the_change_to_summer() {
    let days = [
        ("2027-03-27", "2027-03-27T08:00:00Z"),
        ("2027-03-28", "2027-03-28T07:00:00Z"),
        ("2027-03-29", "2027-03-29T07:00:00Z"),
    ];
    fires_each_day_at("Europe/Berlin", "09:00:00", &days).await;
}

#[tokio::test]
async fn every_day_at_nine_is_nine_in_berlin_on_both_sides_of_the_change_to_winter() {
    let days = [
        ("2027-10-30", "2027-10-30T07:00:00Z"),
        ("2027-10-31", "2027-10-31T08:00:00Z"),
        ("2027-11-01", "2027-11-01T08:00:00Z"),
    ];
    fires_each_day_at("Europe/Berlin", "09:00:00", &days).await;
}

#[tokio::test]
async fn every_day_at_nine_is_nine_in_new_york_on_both_sides_of_the_change_to_summer() {
    let days = [
        ("2027-03-13", "2027-03-13T14:00:00Z"),
        ("2027-03-14", "2027-03-14T13:00:00Z"),
        ("2027-03-15", "2027-03-15T13:00:00Z"),
    ];
    fires_each_day_at("America/New_York", "09:00:00", &days).await;
}

#[tokio::test]
async fn every_day_at_nine_is_nine_in_new_york_on_both_sides_of_the_change_to_winter() {
    let days = [
        ("2027-11-06", "2027-11-06T13:00:00Z"),
        ("2027-11-07", "2027-11-07T14:00:00Z"),
        ("2027-11-08", "2027-11-08T14:00:00Z"),
    ];
    fires_each_day_at("America/New_York", "09:00:00", &days).await;
}

/// A time that the clocks leave out counts by the offset before it: half past three on the clocks.
#[tokio::test]
async fn every_day_at_half_past_two_comes_once_on_the_day_that_has_no_such_time() {
    let days = [
        ("2027-03-27", "2027-03-27T01:30:00Z"),
        ("2027-03-28", "2027-03-28T01:30:00Z"),
        ("2027-03-29", "2027-03-29T00:30:00Z"),
    ];
    fires_each_day_at("Europe/Berlin", "02:30:00", &days).await;
}

/// A time that comes twice is the first of the two.
#[tokio::test]
async fn every_day_at_half_past_two_comes_once_on_the_day_that_has_it_twice() {
    let days = [
        ("2027-10-30", "2027-10-30T00:30:00Z"),
        ("2027-10-31", "2027-10-31T00:30:00Z"),
        ("2027-11-01", "2027-11-01T01:30:00Z"),
    ];
    fires_each_day_at("Europe/Berlin", "02:30:00", &days).await;
}

/// What was said of a task's reminders once the worker is back, and which they are.
struct CaughtUp {
    expired: BTreeSet<ReminderId>,
    fired: ReminderTriggered,
}

/// The worker goes down with a series under way, and comes back so much later.
async fn down_for(rrule: &str, time: TimeDelta) -> (Worker, TaskState, CaughtUp) {
    let mut worker = Worker::start().await;
    let now = at("2027-06-01T06:00:00Z");
    worker.set_clock(now).await;
    let task = recurring(rule(rrule, "2027-06-01T08:02:00", zone("Europe/Berlin")), now);
    worker.receive(&created(&task)).await;
    worker.set_clock(now + time).await;
    worker.run_scheduler();
    worker.eventually_nothing_due().await;
    let said = worker.said().await;
    let fired = firings(&said);
    let [fired] = fired.as_slice() else { panic!("one fires for all: {fired:?}") };
    let expired: Vec<ReminderId> = said
        .iter()
        .filter_map(|event| match &event.payload {
            Payload::ReminderCancelled(cancelled) => {
                assert_eq!(cancelled.reason, CancelReason::Expired);
                Some(cancelled.reminder_id)
            }
            _ => None,
        })
        .collect();
    let distinct: BTreeSet<ReminderId> = expired.iter().copied().collect();
    assert_eq!(distinct.len(), expired.len(), "each expires once");
    let caught_up = CaughtUp { expired: distinct, fired: fired.clone() };
    (worker, task, caught_up)
}

/// Each occurrence that was missed was handled once, and no other.
fn assert_each_once(task: &TaskState, caught_up: &CaughtUp) {
    let CaughtUp { expired, fired } = caught_up;
    let rule = task.recurrence.as_ref().unwrap();
    let mut handled = expired.clone();
    for folded in &fired.folded {
        assert!(handled.insert(folded.reminder_id), "{folded:?} was handled twice");
    }
    assert!(handled.insert(fired.reminder_id));
    let unlisted = usize::try_from(fired.folded_count).unwrap() - fired.folded.len();
    let missed: Vec<(ReminderId, DateTime<Utc>)> = rule
        .occurrences(None)
        .map(|occurrence| {
            let id = ReminderId::derive(task.task_id, &ReminderSpec::AT_DUE, Some(occurrence));
            (id, rule.instant(occurrence, task.day_time))
        })
        .take_while(|(_, instant)| *instant <= fired.triggered_at)
        .collect();
    assert_eq!(missed.last(), Some(&(fired.reminder_id, fired.reminder_time)), "the latest");
    assert_eq!(handled.len() + unlisted, missed.len());
    let day_before = fired.triggered_at - TimeDelta::hours(24);
    for (id, instant) in &missed {
        // The day is counted from the moment of the tick, which is not quite that of the event.
        if (*instant - day_before).abs() > TimeDelta::minutes(1) {
            assert_eq!(expired.contains(id), *instant < day_before, "{instant}");
        }
    }
}

#[tokio::test]
async fn after_ten_minutes_without_the_worker_the_latest_fires_late_and_tells_of_the_others() {
    let (worker, task, caught_up) =
        down_for("FREQ=MINUTELY;INTERVAL=5", TimeDelta::minutes(13)).await;
    assert_each_once(&task, &caught_up);
    assert_eq!((caught_up.expired.len(), caught_up.fired.folded_count), (0, 2));
    assert!(caught_up.fired.late);
    worker.stop().await;
}

#[tokio::test]
async fn after_three_days_without_the_worker_what_is_older_than_a_day_expires() {
    let (worker, task, caught_up) = down_for("FREQ=HOURLY", TimeDelta::days(3)).await;
    assert_each_once(&task, &caught_up);
    assert_eq!((caught_up.expired.len(), caught_up.fired.folded_count), (48, 23));

    // And it goes on with the next one.
    let next = caught_up.fired.reminder_time + TimeDelta::hours(1);
    worker.set_clock(next).await;
    let fired = worker.eventually_fired(2).await;
    assert_eq!((fired[1].reminder_time, fired[1].folded_count), (next, 0));
    worker.stop().await;
}

#[tokio::test]
async fn what_a_firing_tells_of_is_listed_up_to_a_limit_and_counted_beyond_it() {
    let (worker, task, caught_up) = down_for("FREQ=MINUTELY;INTERVAL=5", TimeDelta::days(3)).await;
    assert_each_once(&task, &caught_up);
    assert_eq!(caught_up.fired.folded.len(), events::MAX_FOLDED);
    assert_eq!((caught_up.expired.len(), caught_up.fired.folded_count), (576, 287));
    worker.stop().await;
}

#[tokio::test]
async fn what_expires_at_once_is_limited_and_goes_on_with_the_next_look() {
    const TASKS: usize = 4;
    let mut worker = Worker::start().await;
    let now = at("2027-06-01T06:00:00Z");
    worker.set_clock(now).await;
    for _ in 0..TASKS {
        let rule = rule("FREQ=MINUTELY;INTERVAL=5", "2027-06-01T08:02:00", zone("Europe/Berlin"));
        worker.receive(&created(&recurring(rule, now))).await;
    }
    worker.set_clock(now + TimeDelta::days(3)).await;
    worker.run_scheduler();
    let fired = worker.eventually_fired(TASKS).await;
    assert_eq!(fired.len(), TASKS);
    let expired = worker.said_of(EventType::ReminderCancelled).await.len();
    assert_eq!(expired, TASKS * 576);
    worker.stop().await;
}

/// An hour before: what fires, and that a title's edit, being said again and completing change nothing of
/// what was owed.
#[tokio::test]
async fn a_task_left_undone_goes_on_reminding_and_an_edit_repeats_nothing() {
    let mut worker = Worker::start().await;
    let now = at("2027-06-01T05:00:00Z");
    worker.set_clock(now).await;
    let mut task = recurring(rule("FREQ=DAILY", "2027-06-01T08:00:00", zone("Europe/Berlin")), now);
    let hour_before = ReminderSpec::Offset(Offset::from_seconds(-1800).unwrap());
    task.reminders = vec![ReminderSpec::AT_DUE, hour_before];
    worker.receive(&created(&task)).await;
    worker.run_scheduler();
    worker.set_clock(at("2027-06-01T06:00:01Z")).await;
    worker.eventually_fired(2).await;
    worker.set_clock(at("2027-06-02T06:00:01Z")).await;
    let fired = worker.eventually_fired(4).await;
    assert_eq!(
        fired.iter().map(|firing| firing.due_date).collect::<std::collections::HashSet<_>>().len(),
        2
    );

    task.title = "Water them well".to_owned();
    worker.receive(&updated(&mut task)).await;
    // Half an hour before the third.
    worker.set_clock(at("2027-06-03T05:30:01Z")).await;
    let fired = worker.eventually_fired(5).await;
    assert_eq!(fired[4].reminder_time, at("2027-06-03T05:30:00Z"));
    assert_eq!(fired[4].title, "Water them well");

    // The third is done before it is due.
    let third = "2027-06-03T08:00:00".parse().unwrap();
    worker.receive(&passed_on(&mut task, third)).await;
    worker.set_clock(at("2027-06-04T06:00:01Z")).await;
    let fired = worker.eventually_fired(7).await;
    let times: Vec<_> = fired[5..].iter().map(|firing| firing.reminder_time).collect();
    assert_eq!(times, [at("2027-06-04T05:30:00Z"), at("2027-06-04T06:00:00Z")]);
    worker.stop().await;
}

#[tokio::test]
async fn what_was_missed_of_the_next_occurrence_is_owed_also_after_this_one_is_done() {
    let mut worker = Worker::start().await;
    let now = at("2027-06-01T05:00:00Z");
    worker.set_clock(now).await;
    let mut task = recurring(rule("FREQ=DAILY", "2027-06-01T08:00:00", zone("Europe/Berlin")), now);
    let day_before = Offset::from_seconds(-23 * 3600).unwrap();
    task.reminders = vec![ReminderSpec::Offset(day_before)];
    worker.receive(&created(&task)).await;
    // The reminder of tomorrow's was due at seven, while the worker was down.
    worker.set_clock(at("2027-06-01T07:10:00Z")).await;
    worker.receive(&passed_on(&mut task, "2027-06-01T08:00:00".parse().unwrap())).await;
    worker.run_scheduler();
    let fired = worker.eventually_fired(1).await;
    assert_eq!(fired[0].reminder_time, at("2027-06-01T07:00:00Z"));
    assert_eq!(fired[0].due_date, Due::At(at("2027-06-02T06:00:00Z")));
    assert!(fired[0].late);
    worker.stop().await;
}

#[tokio::test]
async fn an_occurrence_that_is_done_or_skipped_does_not_remind() {
    let mut worker = Worker::start().await;
    let now = at("2027-06-01T05:00:00Z");
    worker.set_clock(now).await;
    let mut task = recurring(rule("FREQ=DAILY", "2027-06-01T08:00:00", zone("Europe/Berlin")), now);
    worker.receive(&created(&task)).await;
    let skipped = "2027-06-02T08:00:00".parse().unwrap();
    task.recurrence = Some(task.recurrence.take().unwrap().with_exdate(skipped).unwrap());
    worker.receive(&updated(&mut task)).await;
    worker.receive(&passed_on(&mut task, "2027-06-01T08:00:00".parse().unwrap())).await;
    let cancelled = worker.said_of(EventType::ReminderCancelled).await;
    let reasons: Vec<_> = cancelled
        .iter()
        .map(|event| match &event.payload {
            Payload::ReminderCancelled(cancelled) => (cancelled.reminder_id, cancelled.reason),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(
        reasons,
        [
            (reminder(&task, "2027-06-02T08:00:00"), CancelReason::Changed),
            (reminder(&task, "2027-06-01T08:00:00"), CancelReason::Completed),
        ]
    );
    worker.run_scheduler();
    worker.set_clock(at("2027-06-03T06:00:01Z")).await;
    let fired = worker.eventually_fired(1).await;
    assert_eq!(fired[0].reminder_time, at("2027-06-03T06:00:00Z"));
    assert_eq!(fired[0].folded_count, 0);
    worker.stop().await;
}

#[tokio::test]
async fn a_snooze_moves_one_occurrence_and_not_the_next() {
    let mut worker = Worker::start().await;
    let now = at("2027-06-01T05:00:00Z");
    worker.set_clock(now).await;
    let mut task = recurring(rule("FREQ=DAILY", "2027-06-01T08:00:00", zone("Europe/Berlin")), now);
    worker.receive(&created(&task)).await;
    worker.run_scheduler();
    worker.set_clock(at("2027-06-02T06:00:01Z")).await;
    worker.eventually_nothing_due().await;
    // The second, which is later than the current one, is put off to the afternoon.
    let second = "2027-06-02T08:00:00";
    let until = at("2027-06-02T13:00:00Z");
    task.snoozes = vec![Snooze {
        reminder_id: reminder(&task, second),
        until,
        occurrence: Some(second.parse().unwrap()),
    }];
    worker.receive(&updated(&mut task)).await;
    let before = firings(&worker.said().await).len();
    worker.set_clock(until).await;
    let fired = worker.eventually_fired(before + 1).await;
    let firing = fired.last().unwrap();
    assert_eq!((firing.reminder_id, firing.reminder_time), (reminder(&task, second), until));
    assert_eq!(firing.due_date, Due::At(at("2027-06-02T06:00:00Z")));
    worker.set_clock(at("2027-06-03T06:00:01Z")).await;
    let fired = worker.eventually_fired(before + 2).await;
    assert_eq!(fired.last().unwrap().reminder_id, reminder(&task, "2027-06-03T08:00:00"));
    assert_eq!(fired.last().unwrap().folded_count, 0, "the snoozed one is none of it");
    worker.stop().await;
}

#[tokio::test]
async fn moving_one_occurrence_moves_its_reminder_and_not_the_next_ones() {
    let mut worker = Worker::start().await;
    let now = at("2027-06-01T05:00:00Z");
    worker.set_clock(now).await;
    let mut task = recurring(rule("FREQ=DAILY", "2027-06-01T08:00:00", zone("Europe/Berlin")), now);
    worker.receive(&created(&task)).await;
    task.due_date = Some(Due::At(at("2027-06-01T18:00:00Z")));
    task.schedule_since = Some(now + TimeDelta::seconds(1));
    worker.receive(&updated(&mut task)).await;
    worker.run_scheduler();
    worker.set_clock(at("2027-06-01T18:00:00Z")).await;
    let fired = worker.eventually_fired(1).await;
    assert_eq!(fired[0].reminder_id, reminder(&task, "2027-06-01T08:00:00"));
    worker.set_clock(at("2027-06-02T06:00:00Z")).await;
    let fired = worker.eventually_fired(2).await;
    assert_eq!(fired[1].reminder_time, at("2027-06-02T06:00:00Z"));
    worker.stop().await;
}

#[tokio::test]
async fn what_counts_from_the_completion_reminds_for_the_current_occurrence_only() {
    let mut worker = Worker::start().await;
    let now = at("2027-06-01T05:00:00Z");
    worker.set_clock(now).await;
    let berlin = zone("Europe/Berlin");
    let dtstart = "2027-06-01T08:00:00".parse().unwrap();
    let rule = RecurrenceRule::new("FREQ=DAILY", dtstart, berlin, vec![], Basis::Completion);
    let task = recurring(rule.unwrap(), now);
    worker.receive(&created(&task)).await;
    worker.run_scheduler();
    worker.set_clock(at("2027-06-05T06:00:00Z")).await;
    worker.eventually_nothing_due().await;
    let scheduled = worker.said_of(EventType::ReminderScheduled).await;
    assert_eq!(scheduled.len(), 1, "{scheduled:?}");
    worker.stop().await;
}

#[tokio::test]
async fn whole_days_remind_at_the_time_that_the_task_names() {
    let worker = Worker::start().await;
    let now = at("2027-06-01T05:00:00Z");
    worker.set_clock(now).await;
    let mut task = recurring(rule("FREQ=DAILY", "2027-06-02", zone("Europe/Berlin")), now);
    task.day_time = "07:15:00".parse().unwrap();
    worker.receive(&created(&task)).await;
    let times: Vec<_> = worker
        .said_of(EventType::ReminderScheduled)
        .await
        .iter()
        .map(|event| match &event.payload {
            Payload::ReminderScheduled(scheduled) => scheduled.reminder_time,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(times, [at("2027-06-02T05:15:00Z"), at("2027-06-03T05:15:00Z")]);
    worker.stop().await;
}
