use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use events::{
    CancelReason, ChannelKind, CorrelationId, DeliveryId, DeliveryOutcome, Due, Event, Folded,
    NotificationDelivered, Payload, ReminderCancelled, ReminderId, ReminderScheduled, ReminderSpec,
    ReminderTriggered, Revision, Service, TaskId, TaskVersion, Topic,
};
use reqwest::Method;
use serde_json::{Value, json};

use crate::stack::{Answer, Person, Stack};

/// A task with one reminder, at its due time, and the request that made it.
struct Story<'a> {
    stack: &'a Stack,
    owner: &'a Person,
    task_id: TaskId,
    reminder_id: ReminderId,
    due: DateTime<Utc>,
    correlation_id: CorrelationId,
}

impl<'a> Story<'a> {
    async fn begin(stack: &'a Stack, owner: &'a Person, due: DateTime<Utc>) -> Self {
        let correlation_id = CorrelationId::random();
        let due_date = due.to_rfc3339_opts(SecondsFormat::AutoSi, true);
        let making = owner
            .request(Method::POST, "/tasks")
            .header("X-Correlation-Id", correlation_id.to_string())
            .json(&json!({"title": "water the plants", "due_date": due_date}));
        let task = Answer::of(making).await.body;
        let task_id: TaskId = task["id"].as_str().expect("an id").parse().expect("a UUID");
        let reminder_id = ReminderId::derive(task_id, &ReminderSpec::AT_DUE, None);
        Self { stack, owner, task_id, reminder_id, due, correlation_id }
    }

    async fn worker_says(&self, at: DateTime<Utc>, payload: impl Into<Payload>) {
        let payload = payload.into();
        let is_notification = matches!(payload, Payload::NotificationDelivered(_));
        let topic = if is_notification { Topic::Notifications } else { Topic::Reminders };
        let event = Event::new(Service::ReminderWorker, self.correlation_id, at, payload);
        assert_eq!(self.stack.replica.deliver(topic, &event).await, "SUCCESS");
    }

    async fn stands(&self, at: DateTime<Utc>, revision: i64) {
        let scheduled = ReminderScheduled {
            task_id: self.task_id,
            reminder_id: self.reminder_id,
            due_date: Due::At(self.due),
            reminder_time: self.due,
            recurrence: None,
            user_id: Some(self.owner.user_id),
            task_version: TaskVersion::from(1),
            revision: Revision::from(revision),
        };
        self.worker_says(at, scheduled).await;
    }

    async fn comes(&self, at: DateTime<Utc>, folded: Vec<Folded>) {
        let triggered = ReminderTriggered {
            task_id: self.task_id,
            reminder_id: self.reminder_id,
            user_id: self.owner.user_id,
            title: "water the plants".to_owned(),
            due_date: Due::At(self.due),
            reminder_time: self.due,
            triggered_at: at,
            recurrence: None,
            task_version: TaskVersion::from(1),
            revision: Revision::from(2),
            late: at > self.due,
            folded_count: 0,
            folded,
        };
        self.worker_says(at, triggered).await;
    }

    async fn is_delivered(&self, at: DateTime<Utc>) {
        let delivered = NotificationDelivered {
            delivery_id: DeliveryId::random(),
            reminder_id: Some(self.reminder_id),
            task_id: Some(self.task_id),
            user_id: self.owner.user_id,
            channel: ChannelKind::Email,
            channel_id: None,
            outcome: DeliveryOutcome::Delivered,
            attempts: 3,
            error: None,
            held_until: None,
            digest_day: None,
            at,
        };
        self.worker_says(at, delivered).await;
    }

    async fn is_cancelled(&self, at: DateTime<Utc>, task_version: i64, reason: CancelReason) {
        let cancelled = ReminderCancelled {
            task_id: self.task_id,
            reminder_id: self.reminder_id,
            user_id: self.owner.user_id,
            reason,
            cancelled_at: at,
            task_version: TaskVersion::from(task_version),
            revision: Revision::from(9),
        };
        self.worker_says(at, cancelled).await;
    }

    async fn texts(&self) -> Vec<String> {
        texts(&self.owner.get(&format!("/tasks/{}/timeline", self.task_id)).await)
    }
}

fn texts(answer: &Answer) -> Vec<String> {
    let text = |entry: &Value| entry["text"].as_str().expect("a text").to_owned();
    answer.body["items"].as_array().expect("items").iter().map(text).collect()
}

fn at(text: &str) -> DateTime<Utc> {
    text.parse().expect("an instant")
}

async fn now(stack: &Stack) -> DateTime<Utc> {
    sqlx::query_scalar("select now()").fetch_one(&stack.admin).await.expect("the time")
}

#[tokio::test]
async fn a_timeline_tells_the_whole_story_of_a_reminder_in_its_owners_zone() {
    let stack = Stack::start().await;
    let ada = stack.register("ada").await;
    let story = Story::begin(&stack, &ada, at("2030-11-24T16:00:00Z")).await;
    story.stands(at("2030-11-01T08:00:00Z"), 1).await;
    story.comes(at("2030-11-24T16:03:00Z"), vec![]).await;
    story.is_delivered(at("2030-11-24T16:04:00Z")).await;
    let told = [
        "Made, due Sun 24 Nov 2030 17:00",
        "A reminder stands for Sun 24 Nov 2030 17:00",
        "The reminder came Sun 24 Nov 2030 17:03, 3 minutes late because the reminder service was \
         down at its time",
        "Delivered by e-mail (after 3 attempts)",
    ];
    assert_eq!(story.texts().await, told);

    let settings = json!({"time_zone": "Asia/Tokyo", "quiet_hours": null, "keep_task_zones": true});
    ada.put("/settings", settings).await;
    let there = &story.texts().await[1];
    assert_eq!(there, "A reminder stands for Mon 25 Nov 2030 01:00");
    stack.stop().await;
}

#[tokio::test]
async fn a_reminder_that_was_not_sent_says_how_long_before_the_task_was_done() {
    let stack = Stack::start().await;
    let ada = stack.register("ada").await;
    let due = now(&stack).await + TimeDelta::minutes(3);
    let story = Story::begin(&stack, &ada, due).await;
    // It was to come at another time before: what it was moved from is not what it was to come at.
    let earlier = Story { due: due + TimeDelta::hours(5), ..story };
    earlier.stands(now(&stack).await, 1).await;
    let story = Story { due, ..earlier };
    story.stands(now(&stack).await, 2).await;
    let done = ada.post(&format!("/tasks/{}/complete", story.task_id), json!({})).await;
    let version = done.body["version"].as_i64().expect("a version");
    // That the worker learns of it late is no part of why.
    let later = now(&stack).await + TimeDelta::seconds(100);
    story.is_cancelled(later, version, CancelReason::Completed).await;
    let texts = story.texts().await;
    assert_eq!(texts[3], "Done", "{texts:?}");
    assert!(texts[4].starts_with("The reminder for "), "{texts:?}");
    assert!(texts[4].ends_with(" was not sent: done 3 minutes before"), "{texts:?}");
    stack.stop().await;
}

#[tokio::test]
async fn what_the_timeline_does_not_know_any_more_the_view_of_reminders_does() {
    let stack = Stack::start().await;
    let ada = stack.register("ada").await;
    let due = at("2030-11-24T16:00:00Z");
    let story = Story::begin(&stack, &ada, due).await;
    story.stands(at("2030-11-01T08:00:00Z"), 1).await;
    stack.run("delete from timeline where event_type = 'reminder-scheduled'").await;
    story.is_cancelled(at("2030-11-24T15:00:00Z"), 7, CancelReason::Changed).await;
    let last = story.texts().await.pop().expect("an entry");
    let text =
        "The reminder for Sun 24 Nov 2030 17:00 was not sent: the task was changed 1 hour before";
    assert_eq!(last, text);
    stack.stop().await;
}

#[tokio::test]
async fn a_reminders_timeline_has_what_became_of_it_and_nothing_of_others() {
    let stack = Stack::start().await;
    let (ada, bob) = (stack.register("ada").await, stack.register("bob").await);
    let story = Story::begin(&stack, &ada, at("2030-11-24T16:00:00Z")).await;
    story.stands(at("2030-11-01T08:00:00Z"), 1).await;
    let path = format!("/reminders/{}", story.reminder_id);
    ada.post(&format!("{path}/snooze"), json!({"for": "PT10M"})).await;
    ada.post(&format!("{path}/dismiss"), json!({})).await;
    let first = Folded { reminder_id: story.reminder_id, reminder_time: story.due };
    let other = Story { reminder_id: ReminderId::random(), ..story };
    other.stands(at("2030-11-01T08:00:00Z"), 1).await;
    other.comes(other.due, vec![first]).await;
    let timeline = ada.get(&format!("{path}/timeline")).await;
    let texts = texts(&timeline);
    assert_eq!(texts[0], "A reminder stands for Sun 24 Nov 2030 17:00");
    assert!(texts[1].starts_with("A reminder was put off until "), "{texts:?}");
    assert_eq!(texts[2], "A reminder was dismissed");
    assert!(texts[3].ends_with("it stands for an earlier one that was missed, too"), "{texts:?}");
    assert_eq!(texts.len(), 4, "{texts:?}");

    let page = ada.get(&format!("{path}/timeline?limit=2")).await.body;
    let next = page["next_cursor"].as_str().expect("a next page");
    let rest = ada.get(&format!("{path}/timeline?limit=2&cursor={next}")).await.body;
    assert_eq!(rest["items"], json!(timeline.body["items"].as_array().expect("items")[2..]));
    bob.get(&format!("{path}/timeline")).await.assert_problem(404, "not_found");
    stack.stop().await;
}

#[tokio::test]
async fn what_came_of_a_request_is_found_by_its_correlation_id_in_all_tasks() {
    let stack = Stack::start().await;
    let (ada, bob) = (stack.register("ada").await, stack.register("bob").await);
    let due = at("2030-11-24T16:00:00Z");
    let story = Story::begin(&stack, &ada, due).await;
    story.stands(at("2030-11-01T08:00:00Z"), 1).await;
    let second = ada.make_task(json!({"title": "sow"})).await;
    let correlation_id = story.correlation_id;
    let renaming = ada
        .request(Method::PATCH, &format!("/tasks/{}", second["id"].as_str().expect("an id")))
        .header("X-Correlation-Id", correlation_id.to_string())
        .json(&json!({"title": "reap"}));
    assert_eq!(Answer::of(renaming).await.status, 200);
    let timeline = ada.get(&format!("/timeline?correlation_id={correlation_id}")).await;
    let told = [
        "Made, due Sun 24 Nov 2030 17:00",
        "A reminder stands for Sun 24 Nov 2030 17:00",
        "Title changed from “sow” to “reap”",
    ];
    assert_eq!(texts(&timeline), told);
    assert_eq!(timeline.body["items"][0]["task_id"], story.task_id.to_string());
    assert_eq!(timeline.body["items"][2]["task_id"], second["id"]);
    let foreign = bob.get(&format!("/timeline?correlation_id={correlation_id}")).await;
    assert_eq!(foreign.body["items"], json!([]));
    for query in ["", "?correlation_id=x"] {
        ada.get(&format!("/timeline{query}")).await.assert_refuses("correlation_id");
    }
    stack.stop().await;
}
