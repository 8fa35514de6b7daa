//! What the worker could not take, and an operator has it take after all.

use chrono::TimeDelta;
use events::{CorrelationId, DeadLetterId, DeadLetterRedriveRequested, Event, EventType, Service};
use tokio::process::Command;

use crate::support::{Worker, created, task};

/// Refuses all tasks, until it is dropped.
const MISTAKE: &str = "alter table task add constraint mistake check (false) not valid";

async fn execute(worker: &Worker, sql: &'static str) {
    sqlx::raw_sql(sql).execute(&worker.pool).await.unwrap();
}

async fn letter(worker: &Worker) -> DeadLetterId {
    let id: uuid::Uuid = sqlx::query_scalar("select id from messaging.dead_letter")
        .fetch_one(&worker.pool)
        .await
        .unwrap();
    id.into()
}

/// What the subcommand says, and the code that it ends with.
async fn operate(worker: &Worker, args: &[&str]) -> (String, Option<i32>) {
    let output = Command::new(env!("CARGO_BIN_EXE_reminder-worker"))
        .arg("dead-letters")
        .args(args)
        .env("DATABASE_URL", worker.database.url())
        .output()
        .await
        .unwrap();
    (String::from_utf8(output.stdout).unwrap(), output.status.code())
}

#[tokio::test]
async fn a_task_that_was_refused_reminds_when_its_letter_is_redriven_over_the_bus() {
    let worker = Worker::start().await;
    execute(&worker, MISTAKE).await;
    let now = worker.now().await;
    worker.receive(&created(&task(now + TimeDelta::hours(1), now))).await;
    assert!(worker.said_of(EventType::ReminderScheduled).await.is_empty());
    let id = letter(&worker).await;
    execute(&worker, "alter table task drop constraint mistake").await;
    for _ in 0..2 {
        let request = DeadLetterRedriveRequested { id };
        worker.receive(&Event::new(Service::ChatApi, CorrelationId::random(), now, request)).await;
    }
    assert_eq!(worker.said_of(EventType::ReminderScheduled).await.len(), 1);
    worker.stop().await;
}

#[tokio::test]
async fn an_operator_does_the_same_without_chat_api() {
    let worker = Worker::start().await;
    execute(&worker, MISTAKE).await;
    let now = worker.now().await;
    worker.receive(&created(&task(now + TimeDelta::hours(1), now))).await;
    let id = letter(&worker).await.to_string();
    let (list, code) = operate(&worker, &["list"]).await;
    assert_eq!(code, Some(0));
    assert!(list.starts_with(&id) && list.contains("task-events[?]@?"), "{list}");
    let (shown, _) = operate(&worker, &["show", &id]).await;
    assert!(shown.contains("task-created") && shown.contains("mistake"), "{shown}");
    assert_eq!(operate(&worker, &["redrive", &id]).await.1, Some(1));
    execute(&worker, "alter table task drop constraint mistake").await;
    assert_eq!(operate(&worker, &["redrive", &id]).await, (format!("redriven: {id}\n"), Some(0)));
    assert_eq!(worker.said_of(EventType::ReminderScheduled).await.len(), 1);
    worker.stop().await;
}
