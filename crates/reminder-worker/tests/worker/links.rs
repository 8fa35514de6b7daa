//! Links in a notification by which a person acts.

use chrono::TimeDelta;
use events::{ACTION_LINK_CONTEXT, ACTION_LINK_HOURS, ActionLink, EventType, LinkAction, Payload};
use platform::{sealed_token, sealing::KeyRing};
use reminder_worker::delivery::Ways;

use crate::{
    delivering::{Answer, Target, settings},
    support::{SEALING_KEYS, Worker, created, task, ways},
};

#[tokio::test]
async fn a_notification_has_links_that_say_what_they_do_to_whoever_has_the_keys() {
    let mut worker = Worker::start().await;
    let target = Target::start(Answer::FailFirst);
    worker.run_scheduler();
    let public_url = Some("https://todo.example.test/app/".parse().unwrap());
    worker.run_deliveries_by(worker.pool.clone(), Ways { public_url, ..ways() });
    let now = worker.now().await;
    let task = task(now, now);
    worker.receive(&settings(task.user_id, 1, &[&target.url])).await;
    worker.receive(&created(&task)).await;
    worker.eventually_said(EventType::NotificationDelivered, 1).await;

    let fired = worker.said_of(EventType::ReminderTriggered).await;
    let Payload::ReminderTriggered(fired) = &fired[0].payload else { panic!() };
    let keys: KeyRing = SEALING_KEYS.parse().unwrap();
    let mut notification_keys = std::collections::HashSet::new();
    for got in target.got() {
        let body: serde_json::Value = serde_json::from_slice(&got.body).unwrap();
        for (index, (label, action)) in
            [("Done", LinkAction::Done), ("Snooze", LinkAction::Snooze)].into_iter().enumerate()
        {
            assert_eq!(body["actions"][index]["label"], label);
            let url = body["actions"][index]["url"].as_str().unwrap();
            let token = url.strip_prefix("https://todo.example.test/app/act/").unwrap();
            let text = sealed_token::open(&keys, ACTION_LINK_CONTEXT, token).unwrap();
            let link: ActionLink = serde_json::from_str(&text).unwrap();
            assert_eq!((link.action, link.user_id), (action, task.user_id));
            assert_eq!((link.task_id, link.reminder_id), (task.task_id, fired.reminder_id));
            assert_eq!(link.expires_at - fired.triggered_at, TimeDelta::hours(ACTION_LINK_HOURS));
            notification_keys.insert(link.notification_key);
        }
    }
    assert_eq!(target.got().len(), 2);
    assert_eq!(notification_keys.len(), 1, "the same at each attempt");
    worker.stop().await;
}
