//! Quiet hours: firing on time, and telling people when they want to be told.

use chrono::{DateTime, TimeDelta, Utc};
use events::{
    Basis, DeliveryOutcome, EventType, Payload, QuietHours, RecurrenceRule, TaskState, UserId,
};

use crate::{
    delivering::{Answer, Target, settings},
    support::{Worker, completed, created, event, notification, task},
};

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// Settings with quiet hours in Berlin.
fn quiet(user: UserId, version: i64, url: &str, hours: Option<(&str, &str)>) -> events::Event {
    let Payload::NotificationSettingsUpdated(mut said) = settings(user, version, &[url]).payload
    else {
        unreachable!()
    };
    said.time_zone = "Europe/Berlin".parse().unwrap();
    said.quiet_hours =
        hours.map(|(from, to)| QuietHours { from: from.parse().unwrap(), to: to.parse().unwrap() });
    event(said)
}

/// Ten in the evening in Berlin.
const TEN: &str = "2027-06-01T20:00:00Z";

/// A worker, at ten in the evening, with a task that is due then; its owner wants nothing sent until seven.
async fn at_ten() -> (Worker, Target, TaskState, events::Event) {
    let mut worker = Worker::start().await;
    let target = Target::start(Answer::Ok);
    let due = at(TEN);
    worker.set_clock(due - TimeDelta::hours(1)).await;
    let task = task(due, due - TimeDelta::hours(1));
    let settings = quiet(task.user_id, 1, &target.url, Some(("22:00:00", "07:00:00")));
    worker.receive(&settings).await;
    worker.receive(&created(&task)).await;
    worker.run_scheduler();
    worker.run_deliveries();
    worker.set_clock(due).await;
    (worker, target, task, settings)
}

impl Worker {
    /// Waits until so many notifications are kept back, and says until when.
    async fn eventually_held(&self, count: usize) -> Vec<DateTime<Utc>> {
        testing::eventually("notifications to be kept back", || async {
            let held: Vec<DateTime<Utc>> = sqlx::query_scalar(
                "select held_until from delivery
                 where state = 'pending' and held_until > messaging.clock()",
            )
            .fetch_all(&self.pool)
            .await
            .ok()?;
            (held.len() >= count).then_some(held)
        })
        .await
    }
}

#[tokio::test]
async fn what_fires_in_quiet_hours_is_sent_when_they_end() {
    let (worker, target, _, _) = at_ten().await;
    worker.eventually_said(EventType::ReminderTriggered, 1).await;
    let morning = at("2027-06-02T05:00:00Z");
    assert_eq!(worker.eventually_held(1).await, [morning]);
    assert_eq!(target.got().len(), 0);

    worker.set_clock(morning).await;
    let said = worker.eventually_said(EventType::NotificationDelivered, 1).await;
    let delivered = notification(&said[0]);
    assert_eq!((delivered.outcome, delivered.attempts), (DeliveryOutcome::Delivered, 1));
    assert_eq!(delivered.held_until, Some(morning));
    assert_eq!(target.got().len(), 1);
    worker.stop().await;
}

#[tokio::test]
async fn what_is_kept_back_goes_at_once_when_the_quiet_hours_are_taken_back() {
    let (worker, target, _, first) = at_ten().await;
    worker.eventually_held(1).await;
    let Payload::NotificationSettingsUpdated(mut said) = first.payload else { unreachable!() };
    (said.version, said.quiet_hours) = (2.into(), None);
    worker.receive(&event(said)).await;
    let said = worker.eventually_said(EventType::NotificationDelivered, 1).await;
    assert_eq!(notification(&said[0]).outcome, DeliveryOutcome::Delivered);
    assert_eq!(target.got().len(), 1);
    worker.stop().await;
}

#[tokio::test]
async fn what_is_done_before_the_quiet_hours_end_is_not_sent() {
    let (worker, target, mut task, _) = at_ten().await;
    worker.eventually_held(1).await;
    worker.receive(&completed(&mut task)).await;
    let said = worker.eventually_said(EventType::NotificationDelivered, 1).await;
    assert_eq!(notification(&said[0]).outcome, DeliveryOutcome::Dropped);
    assert_eq!(target.got().len(), 0);
    worker.stop().await;
}

/// Every hour of the night fires; in the morning there is one notification.
#[tokio::test]
async fn of_what_repeats_in_quiet_hours_only_the_latest_is_sent() {
    let mut worker = Worker::start().await;
    let target = Target::start(Answer::Ok);
    let first = at("2027-06-01T20:30:00Z");
    worker.set_clock(first - TimeDelta::hours(1)).await;
    let mut task = task(first, first - TimeDelta::hours(1));
    let dtstart = "2027-06-01T22:30:00".parse().unwrap();
    let berlin = "Europe/Berlin".parse().unwrap();
    let rule = RecurrenceRule::new("FREQ=HOURLY", dtstart, berlin, vec![], Basis::DueDate);
    (task.recurrence, task.occurrence) = (rule.ok(), Some(dtstart));
    let hours = Some(("22:00:00", "01:00:00"));
    worker.receive(&quiet(task.user_id, 1, &target.url, hours)).await;
    worker.receive(&created(&task)).await;
    worker.run_scheduler();
    worker.run_deliveries();
    for fired in 1..=3 {
        worker.set_clock(first + TimeDelta::hours(fired - 1)).await;
        worker.eventually_said(EventType::ReminderTriggered, usize::try_from(fired).unwrap()).await;
        worker.eventually_held(1).await;
    }
    let dropped = worker.eventually_said(EventType::NotificationDelivered, 2).await;
    assert!(dropped.iter().all(|said| notification(said).outcome == DeliveryOutcome::Dropped));

    worker.set_clock(at("2027-06-01T23:00:00Z")).await;
    let said = worker.eventually_said(EventType::NotificationDelivered, 3).await;
    let last = notification(&said[2]);
    assert_eq!(last.outcome, DeliveryOutcome::Delivered);
    let fired = worker.said_of(EventType::ReminderTriggered).await;
    let Payload::ReminderTriggered(latest) = &fired[2].payload else { panic!() };
    assert_eq!(last.reminder_id, Some(latest.reminder_id));
    assert_eq!(target.got().len(), 1);
    worker.stop().await;
}
