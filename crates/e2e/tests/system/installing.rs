//! What an installer runs beside the services: topics before they start, a trial when they answer.

use std::process::{Command, Output};

use e2e::{Kafka, Options, Stack, program};
use events::Topic;
use kafka_admin::Admin;
use testing::{free_port, skipped};

#[tokio::test(flavor = "multi_thread")]
async fn topics_are_created_once_and_what_is_missing_is_named() {
    let Some(kafka) = Kafka::start_empty().await else {
        return skipped("needs daprd and Kafka");
    };
    let brokers = kafka.brokers();
    let run =
        |arguments: &[&str]| chat_api(&[&["topics", "--brokers", &brokers], arguments].concat());

    let missing = run(&["--check"]);
    assert_eq!(missing.status.code(), Some(1));
    let said = String::from_utf8(missing.stderr).unwrap();
    for topic in Topic::ALL {
        assert!(said.contains(&format!("the topic {topic}")), "{said}");
    }
    assert!(said.contains("create what is missing with 3 partitions"), "{said}");

    for _again in 0..2 {
        let made = run(&[]);
        assert!(made.status.success(), "{made:?}");
        assert!(String::from_utf8(made.stdout).unwrap().contains("task-events: 3 partitions"));
        assert!(run(&["--check"]).status.success());
    }
    let mut admin = Admin::connect(&brokers).await.unwrap();
    let partitions = admin.partitions(Topic::ALL.map(Topic::name)).await.unwrap();
    assert_eq!(partitions.len(), Topic::ALL.len());
    assert!(partitions.values().all(|partitions| *partitions == 3), "{partitions:?}");
}

#[test]
fn topics_say_which_broker_does_not_answer() {
    let broker = free_port().to_string();
    let away = chat_api(&["topics", "--brokers", &broker, "--wait-secs", "1"]);
    assert_eq!(away.status.code(), Some(1));
    let said = String::from_utf8(away.stderr).unwrap();
    assert!(said.contains(&format!("the Kafka broker {broker} does not answer")), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trial_is_reminded_and_leaves_nobody_behind() {
    let stack = Stack::start(Options::default()).await;
    let base = stack.base().to_owned();
    let tried = chat_api(&["try", "--url", &base]);
    assert!(tried.status.success(), "{tried:?}");
    let said = String::from_utf8(tried.stdout).unwrap();
    assert!(said.starts_with("reminded, "), "{said}");
    let people: i64 =
        sqlx::query_scalar("select count(*) from person").fetch_one(&stack.chat).await.unwrap();
    assert_eq!(people, 0);
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trial_without_a_worker_says_so_and_leaves_nobody_behind() {
    let stack = Stack::start(Options { workers: 0, ..Options::default() }).await;
    let base = stack.base().to_owned();
    let tried = chat_api(&["try", "--url", &base, "--wait-secs", "1"]);
    assert_eq!(tried.status.code(), Some(1));
    let said = String::from_utf8(tried.stderr).unwrap();
    assert!(said.contains("is reminder-worker running"), "{said}");
    assert!(chat_api(&["try", "--url", &base, "--without-reminder"]).status.success());
    let people: i64 =
        sqlx::query_scalar("select count(*) from person").fetch_one(&stack.chat).await.unwrap();
    assert_eq!(people, 0);
    stack.stop().await;
}

fn chat_api(arguments: &[&str]) -> Output {
    Command::new(program("chat-api")).args(arguments).output().unwrap()
}
