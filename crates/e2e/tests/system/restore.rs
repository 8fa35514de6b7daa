//! A database that went back in time: after `reconcile` both sides agree.

use std::collections::BTreeSet;

use e2e::{Options, Person, Sink, Stack, in_seconds};
use reqwest::Method;
use serde_json::json;
use testing::eventually;

use crate::story::{all_notified, all_settled, assert_promise, insist_on_task};

/// The live tasks with a reminder still to come, as each side has them, with the reminder's time.
async fn both_sides(stack: &Stack) -> (BTreeSet<String>, BTreeSet<String>) {
    let chat: Vec<String> = sqlx::query_scalar(
        "select task_id || ' ' || title || ' ' || extract(epoch from due_at)::bigint from task
         where deleted_at is null and status <> 'DONE' and due_at > now()",
    )
    .fetch_all(&stack.chat)
    .await
    .unwrap();
    let worker: Vec<String> = sqlx::query_scalar(
        "select t.task_id || ' ' || (state ->> 'title') || ' ' || extract(epoch from r.fire_at)::bigint
         from task t join reminder r using (task_id) where r.status = 'pending'",
    )
    .fetch_all(&stack.worker)
    .await
    .unwrap();
    (chat.into_iter().collect(), worker.into_iter().collect())
}

async fn agreed(stack: &Stack) -> BTreeSet<String> {
    eventually("both sides to agree", || async {
        let (chat, worker) = both_sides(stack).await;
        (chat == worker).then_some(chat)
    })
    .await
}

/// The reminders of live tasks, each with its status, as each side has them.
async fn reminders_agree(stack: &Stack) -> BTreeSet<String> {
    eventually("the reminders to agree", || async {
        let chat: Vec<String> = sqlx::query_scalar(
            "select reminder_id || ' ' || case reminder.status when 'triggered' then 'fired'
                 when 'scheduled' then 'pending' else reminder.status end
             from reminder join task using (task_id)
             where deleted_at is null and task.status <> 'DONE'",
        )
        .fetch_all(&stack.chat)
        .await
        .unwrap();
        let worker: Vec<String> = sqlx::query_scalar(
            "select reminder_id || ' ' || r.status from reminder r join task t using (task_id)
             where not deleted and state ->> 'status' <> 'DONE'",
        )
        .fetch_all(&stack.worker)
        .await
        .unwrap();
        let sides: (BTreeSet<_>, BTreeSet<_>) =
            (chat.into_iter().collect(), worker.into_iter().collect());
        (sides.0 == sides.1).then_some(sides.0)
    })
    .await
}

/// Makes, edits, completes and deletes, so that each kind of change lies on either side of a backup.
struct Life<'a> {
    person: &'a e2e::Person,
    paths: Vec<String>,
}

impl Life<'_> {
    async fn create(&mut self, title: &str) {
        let answer = self.person.create_task(title, &in_seconds(7200)).await;
        self.paths.push(format!("/tasks/{}", answer.body["id"].as_str().unwrap()));
    }

    async fn rename(&self, number: usize, title: &str) {
        let body = json!({ "title": title, "due_date": in_seconds(10_000) });
        self.person.must(Method::PATCH, &self.paths[number], Some(body)).await;
    }

    async fn complete(&self, number: usize) {
        let path = format!("{}/complete", self.paths[number]);
        self.person.must(Method::POST, &path, Some(json!({}))).await;
    }

    async fn delete(&self, number: usize) {
        self.person.must(Method::DELETE, &self.paths[number], None).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn after_chat_apis_database_went_back_reconcile_makes_both_agree() {
    let mut stack = Stack::start(Options::default()).await;
    let sink = Sink::start();
    let person = Person::register_with_webhook(stack.base(), &sink).await;
    let mut life = Life { person: &person, paths: vec![] };
    for title in ["kept", "renamed after", "completed after", "deleted after"] {
        life.create(title).await;
    }
    let fires = insist_on_task(&person, "fires after", 6).await;
    all_settled(&stack).await;

    stack.chat_apis[0].service.kill();
    stack.chat_database.break_connections().await;
    let backup = stack.chat_database.back_up().await;
    stack.chat_apis[0].service.start();
    stack.chat_apis[0].ready().await;
    life.rename(1, "renamed").await;
    life.complete(2).await;
    life.delete(3).await;
    life.create("made after").await;
    // Scheduled before the backup, and fired after it.
    all_notified(&sink, std::slice::from_ref(&fires)).await;
    all_settled(&stack).await;

    stack.chat_apis[0].service.kill();
    stack.chat_database.restore(backup).await;
    stack.run("chat-api", "reconcile");
    stack.chat_apis[0].service.start();
    stack.chat_apis[0].ready().await;
    stack.run("reminder-worker", "reconcile");
    let reminders = reminders_agree(&stack).await;
    assert!(reminders.iter().any(|reminder| reminder.contains("fired")), "{reminders:?}");
    let tasks = agreed(&stack).await;
    let titles = |title: &str| tasks.iter().any(|task| task.contains(title));
    assert_eq!(tasks.len(), 4, "{tasks:?}");
    assert!(titles("kept") && titles("renamed after") && titles("completed after"), "{tasks:?}");
    assert!(!titles("made after"), "chat-api owns tasks, and knows of none");
    sink.stop().await;
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_the_workers_database_went_back_reconcile_makes_both_agree() {
    let mut stack = Stack::start(Options::default()).await;
    let sink = Sink::start();
    let person = Person::register_with_webhook(stack.base(), &sink).await;
    let mut life = Life { person: &person, paths: vec![] };
    for title in ["kept", "renamed after", "completed after", "deleted after"] {
        life.create(title).await;
    }
    let fires = insist_on_task(&person, "fires after", 6).await;
    all_settled(&stack).await;

    stack.workers[0].service.kill();
    stack.worker_database.break_connections().await;
    let backup = stack.worker_database.back_up().await;
    stack.workers[0].service.start();
    stack.workers[0].ready().await;
    life.rename(1, "renamed").await;
    life.complete(2).await;
    life.delete(3).await;
    life.create("made after").await;
    // Sent after the backup, which knows nothing of it.
    all_notified(&sink, std::slice::from_ref(&fires)).await;
    all_settled(&stack).await;

    stack.workers[0].service.kill();
    stack.worker_database.restore(backup).await;
    stack.workers[0].service.start();
    stack.workers[0].ready().await;
    stack.run("reminder-worker", "reconcile");
    stack.run("chat-api", "reconcile");
    let got = eventually("the reminder to come again", || async {
        let got = sink.got();
        (got.len() > 1).then_some(got)
    })
    .await;
    assert_eq!(got[1].key, got[0].key);
    assert_promise(&sink, &[fires]);
    let tasks = agreed(&stack).await;
    assert_eq!(tasks.len(), 3, "{tasks:?}");
    assert!(tasks.iter().any(|task| task.contains("made after")), "{tasks:?}");
    sink.stop().await;
    stack.stop().await;
}
