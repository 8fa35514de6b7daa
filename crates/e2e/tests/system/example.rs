//! `examples/task-updates`: a program that shares nothing with us but the contract.

use std::{fs, path::Path};

use e2e::{Kafka, Options, Person, Process, Stack, in_seconds};
use reqwest::Method;
use serde_json::json;
use testing::{eventually, free_port, skipped};

const APP: &str = "task-updates-example";

#[tokio::test(flavor = "multi_thread")]
async fn a_consumer_of_ones_own_sees_what_becomes_of_tasks() {
    let Some(kafka) = Kafka::start().await else { return skipped("needs daprd and Kafka") };
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/task-updates");
    let folder = tempfile::tempdir().unwrap();
    for name in ["component.yaml", "subscription.yaml"] {
        let text = fs::read_to_string(example.join("dapr").join(name)).unwrap();
        let text = text.replace("127.0.0.1:9092", &kafka.brokers());
        fs::write(folder.path().join(name), text).unwrap();
    }
    let port = free_port().port();
    let script = example.join("consumer.py").display().to_string();
    let environment = vec![("APP_PORT", port.to_string())];
    let mut consumer = Process::new(
        "consumer",
        folder.path(),
        "/usr/bin/env",
        vec!["python3".to_owned(), script],
        {
            let mut environment = environment;
            environment.push(("PATH", std::env::var("PATH").unwrap()));
            environment
        },
    );
    let mut arguments = vec![
        format!("--app-id={APP}"),
        format!("--app-port={port}"),
        format!("--dapr-http-port={}", free_port().port()),
        format!("--resources-path={}", folder.path().display()),
    ];
    arguments.extend(Kafka::flags());
    let mut sidecar =
        Process::new("sidecar", folder.path(), kafka.daprd.clone(), arguments, vec![]);
    consumer.start();
    sidecar.start();

    let stack = Stack::start_on(kafka, Options::default()).await;
    let person = Person::register(stack.base()).await;
    let task = person.create_task("Seen from outside", &in_seconds(600)).await;
    let id = task.body["id"].as_str().unwrap();
    let path = format!("/tasks/{id}");
    person.must(Method::PATCH, &path, Some(json!({"title": "And changed"}))).await;
    person.must(Method::POST, &format!("{path}/complete"), Some(json!({}))).await;
    eventually("the consumer to see both", || async {
        let lines = consumer.log();
        let sees =
            |what: &str| lines.lines().any(|line| line.starts_with(&format!("{what} {id} ")));
        (sees("task-updated") && sees("task-completed")).then_some(())
    })
    .await;
    assert!(!consumer.log().contains("passed over"), "{}", consumer.log());
    drop((sidecar, consumer));
    stack.stop().await;
}
