//! Against a real broker; what it then says of its topics is asked with Kafka's own tool.

use std::{path::PathBuf, process::Command};

use events::Topic;
use kafka_admin::{Admin, KafkaError, TopicSpec};
use testing::{eventually, skipped};

/// The broker of `TEST_KAFKA_BROKERS`, and the folder of Kafka's jars.
fn kafka() -> Option<(String, PathBuf)> {
    Some((std::env::var("TEST_KAFKA_BROKERS").ok()?, std::env::var_os("KAFKA_LIBS")?.into()))
}

/// The line of `kafka-topics --describe` about a topic as a whole.
fn described(brokers: &str, libs: &std::path::Path, topic: &str) -> String {
    let output = Command::new("java")
        .arg("-cp")
        .arg(libs.join("*"))
        .args(["org.apache.kafka.tools.TopicCommand", "--bootstrap-server", brokers])
        .args(["--describe", "--topic", topic])
        .output()
        .expect("Java");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.lines().next().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn topics_are_made_widened_and_kept_for_as_long_as_is_said_however_often() {
    let Some((brokers, libs)) = kafka() else { return skipped("needs Kafka") };
    let mut admin = Admin::connect(&brokers).await.expect("a broker");
    assert_eq!(admin.brokers().await.expect("an answer"), 1);
    let mut topic = TopicSpec::of(Topic::DeadLetter, 1);
    topic.name = format!("made-{}", std::process::id());
    topic.partitions = 2;
    for (partitions, days) in [(2, 30), (2, 30), (3, 7), (1, 7)] {
        topic.partitions = partitions;
        topic.retention_days = days;
        admin.ensure_topics(std::slice::from_ref(&topic)).await.expect("made");
    }
    // A broker learns of what its controller has done a moment later.
    eventually("three partitions, and never fewer", || async {
        let mut admin = Admin::connect(&brokers).await.ok()?;
        let there = admin.partitions([topic.name.as_str(), "never-made"]).await.ok()?;
        (there.into_iter().collect::<Vec<_>>() == [(topic.name.clone(), 3)]).then_some(())
    })
    .await;
    let described = described(&brokers, &libs, &topic.name);
    assert!(described.contains("PartitionCount: 3"), "{described}");
    assert!(described.contains("ReplicationFactor: 1"), "{described}");
    assert!(described.contains("retention.ms=604800000"), "{described}");
}

#[tokio::test]
async fn what_the_broker_refuses_is_said_with_its_words() {
    let Some((brokers, _)) = kafka() else { return skipped("needs Kafka") };
    let mut admin = Admin::connect(&brokers).await.expect("a broker");
    let mut topic = TopicSpec::of(Topic::Reminders, 3);
    topic.name = format!("too-many-copies-{}", std::process::id());
    let refused = admin.ensure_topics(&[topic]).await.expect_err("one broker keeps one copy");
    assert!(matches!(refused, KafkaError::Refused { .. }));
    let text = refused.to_string();
    assert!(text.contains("make the topic too-many-copies"), "{text}");
    assert!(text.contains("replication factor"), "{text}");
}

#[tokio::test]
async fn a_broker_that_is_not_there_is_named() {
    // Taken, and never listened on.
    let held = std::net::UdpSocket::bind("127.0.0.1:0").expect("a socket");
    let address = held.local_addr().expect("an address").to_string();
    let away = Admin::connect(&format!(" {address} ,")).await.expect_err("nobody listens there");
    assert_eq!(away.to_string(), format!("the Kafka broker {address} does not answer"));
    assert!(matches!(Admin::connect(" , ").await, Err(KafkaError::NoBroker)));
}
