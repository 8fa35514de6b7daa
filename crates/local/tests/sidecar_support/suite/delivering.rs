//! What arrives, in which order, and what the application's answers do.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::sidecar_support::{
    application::{Application, Reply},
    bus::{APP_TOKEN, Bus},
    scenario::{Declared, PUBSUB, Running, Scenario},
};

const CLOUD_EVENT: &str = "application/cloudevents+json";

async fn publish(running: &Running, query: &str, kind: &str, body: impl Into<reqwest::Body>) {
    let request = running.publication("a", query).header("content-type", kind).body(body);
    assert_eq!(request.send().await.expect("an answer").status(), StatusCode::NO_CONTENT);
}

/// A CloudEvent keeps its attributes but not where it goes.
pub(crate) async fn a_cloud_event_arrives_with_its_attributes(bus: &impl Bus) {
    let scenario = Scenario::new(bus, &[("a", 1)]).await;
    scenario.subscribe(&Declared { topic: "a", raw: false, scopes: &[] });
    let application = Application::started().await;
    let running = scenario.start("app", &application).await;
    let sent = json!({"specversion": "1.0", "id": "7", "type": "t", "source": "s", "subject": "u",
                      "time": "2026-11-23T00:00:00Z", "topic": "elsewhere", "own": "mine",
                      "datacontenttype": "application/json", "data": {"n": 1}});
    publish(&running, "metadata.partitionKey=the-key", CLOUD_EVENT, sent.to_string()).await;

    let delivery = application.receives(1).await.remove(0);
    let event = delivery.event();
    for name in ["specversion", "id", "type", "source", "subject", "time", "own", "data"] {
        assert_eq!(event[name], sent[name], "{name}");
    }
    assert_eq!(
        (&event["topic"], &event["pubsubname"]),
        (&json!(scenario.named("a")), &json!(PUBSUB))
    );
    assert_eq!(delivery.path, format!("/events/{}", scenario.named("a")));
    assert_eq!(delivery.header("content-type"), CLOUD_EVENT);
    assert_eq!(delivery.header("dapr-api-token"), APP_TOKEN);
    assert_eq!(delivery.header("__key"), "the-key");
    assert_eq!(delivery.header("__topic"), scenario.named("a"));
    assert_eq!((delivery.partition(), delivery.offset()), (0, 0));
    assert!(delivery.header("__timestamp").parse::<i64>().expect("a time") > 1_700_000_000_000);
}

/// Other content types become the data of a CloudEvent.
pub(crate) async fn other_payloads_are_wrapped(bus: &impl Bus) {
    let scenario = Scenario::new(bus, &[("a", 1)]).await;
    scenario.subscribe(&Declared { topic: "a", raw: false, scopes: &[] });
    let application = Application::started().await;
    let running = scenario.start("app", &application).await;
    publish(&running, "", "application/json", r#"{"n":1}"#).await;
    publish(&running, "", "text/plain", "words").await;
    publish(&running, "", "application/octet-stream", vec![0, 255]).await;

    let events: Vec<Value> =
        application.receives(3).await.iter().map(|delivery| delivery.event()).collect();
    assert_eq!(events[0]["data"], json!({"n": 1}));
    assert_eq!(events[1]["data"], "words");
    assert_eq!(events[2]["data_base64"], "AP8=");
    for event in &events {
        assert_eq!(event["type"], "com.dapr.event.sent");
        assert_eq!(event["source"], scenario.named("app"));
        assert!(!event["id"].as_str().expect("an id").is_empty());
    }
}

/// With rawPayload on both sides any bytes arrive, and the pairs of the request ride along.
pub(crate) async fn a_record_that_is_no_json_arrives_raw(bus: &impl Bus) {
    let scenario = Scenario::new(bus, &[("a", 1)]).await;
    scenario.subscribe_raw(&["a"]);
    let application = Application::started().await;
    let running = scenario.start("app", &application).await;
    let garbage = vec![0, 159, 146, 150, b'{'];
    publish(&running, "metadata.rawPayload=true&metadata.color=red", "text/plain", garbage.clone())
        .await;
    publish(&running, "metadata.rawPayload=true", "text/plain", r#"{"traceid":7}"#).await;

    let deliveries = application.receives(2).await;
    assert_eq!(deliveries[0].record(), garbage);
    assert_eq!(deliveries[1].text(), r#"{"traceid":7}"#);
    let event = deliveries[0].event();
    assert_eq!(event["datacontenttype"], "application/octet-stream");
    assert_eq!(
        (&event["specversion"], &event["type"]),
        (&json!("1.0"), &json!("com.dapr.event.sent"))
    );
    assert_eq!(
        (&event["topic"], &event["pubsubname"]),
        (&json!(scenario.named("a")), &json!(PUBSUB))
    );
    assert_eq!(deliveries[0].header("color"), "red");
}

/// A key has one partition, and its records come in their order.
pub(crate) async fn a_key_keeps_its_order(bus: &impl Bus) {
    let scenario = Scenario::new(bus, &[("a", 3)]).await;
    scenario.subscribe_raw(&["a"]);
    let application = Application::started().await;
    let running = scenario.start("app", &application).await;
    let entries: Vec<(String, String)> =
        (0..120).map(|n| (format!("key-{}", n % 12), format!("{}:{n}", n % 12))).collect();
    for bulk in entries.chunks(40) {
        assert_eq!(running.publish_bulk("a", bulk).await.status(), StatusCode::NO_CONTENT);
    }
    let deliveries = application.receives(entries.len()).await;
    let mut partitions_used = std::collections::BTreeSet::new();
    for key in 0..12 {
        let key = format!("key-{key}");
        let of_key: Vec<_> = deliveries.iter().filter(|d| d.header("__key") == key).collect();
        let expected: Vec<_> =
            entries.iter().filter(|entry| entry.0 == key).map(|entry| entry.1.clone()).collect();
        assert_eq!(of_key.iter().map(|d| d.text()).collect::<Vec<_>>(), expected);
        assert!(of_key.iter().all(|d| d.partition() == of_key[0].partition()), "{key}");
        partitions_used.insert(of_key[0].partition());
    }
    assert!(partitions_used.len() > 1, "twelve keys do not share one of three partitions");
}

/// What is refused comes again before what follows it.
pub(crate) async fn a_refused_record_comes_again_in_order(bus: &impl Bus) {
    for refusal in
        [Reply::status("RETRY"), Reply::http(500), Reply::http(400), Reply::status("WHAT")]
    {
        let scenario = Scenario::new(bus, &[("a", 1)]).await;
        scenario.subscribe_raw(&["a"]);
        let application = Application::started().await;
        let (refusals, answer) = (Arc::new(AtomicUsize::new(0)), refusal.clone());
        application.answer(move |delivery| {
            let again = delivery.text() == "first" && refusals.fetch_add(1, Ordering::SeqCst) < 2;
            if again { answer.clone() } else { Reply::success() }
        });
        let running = scenario.start("app", &application).await;
        running.publish_raw("a", "k", "first").await;
        running.publish_raw("a", "k", "second").await;
        application.receives(4).await;
        assert_eq!(application.texts(), ["first", "first", "first", "second"], "{refusal:?}");
    }
}

/// DROP and an answer that says nothing are the end of a record.
pub(crate) async fn a_dropped_record_does_not_come_again(bus: &impl Bus) {
    let scenario = Scenario::new(bus, &[("a", 1)]).await;
    scenario.subscribe_raw(&["a"]);
    let application = Application::started().await;
    application.answer(|delivery| match delivery.text().as_str() {
        "drop" => Reply::status("DROP"),
        "empty" => Reply::http(204),
        _ => Reply::success(),
    });
    let running = scenario.start("app", &application).await;
    let texts = ["drop", "empty", "last"];
    for text in texts {
        running.publish_raw("a", "k", text).await;
    }
    application.receives(texts.len()).await;
    scenario.pass_redelivery_interval().await;
    assert_eq!(application.texts(), texts);
}

/// A record that is refused for ever holds up its own partition only.
pub(crate) async fn a_blocked_record_blocks_only_its_partition(bus: &impl Bus) {
    let scenario = Scenario::new(bus, &[("a", 3)]).await;
    scenario.subscribe_raw(&["a"]);
    let application = Application::started().await;
    application.answer(|delivery| {
        if delivery.header("__key") == "poison" { Reply::http(500) } else { Reply::success() }
    });
    let running = scenario.start("app", &application).await;
    running.publish_raw("a", "poison", "poison").await;
    let poisoned = application.receives(1).await[0].partition();
    for key in 0..20 {
        running.publish_raw("a", &key.to_string(), "fine").await;
    }
    let elsewhere = async || {
        let deliveries = application.deliveries();
        let fine = deliveries.iter().filter(|d| d.text() == "fine").count();
        assert!(deliveries.iter().all(|d| d.text() == "poison" || d.partition() != poisoned));
        (fine > 0).then_some(())
    };
    crate::sidecar_support::eventually("records of other partitions", elsewhere).await;
    scenario.pass_redelivery_interval().await;
    elsewhere().await.expect("still so");
}

/// An event past its time to live is not delivered.
pub(crate) async fn an_expired_event_is_not_delivered(bus: &impl Bus) {
    let scenario = Scenario::new(bus, &[("a", 1)]).await;
    scenario.subscribe(&Declared { topic: "a", raw: false, scopes: &[] });
    let mut application = Application::new();
    let running = scenario.start("app", &application).await;
    let expired = json!({"id": "expired", "expiration": "2020-01-01T00:00:00Z"});
    publish(&running, "", CLOUD_EVENT, expired.to_string()).await;
    publish(&running, "metadata.ttlInSeconds=3600", CLOUD_EVENT, r#"{"id":"fresh"}"#).await;
    application.start().await;
    application.receives(1).await;
    let ids: Vec<_> = application.deliveries().iter().map(|d| d.event()["id"].clone()).collect();
    assert_eq!(ids, ["fresh"]);
}

/// The application's own list replaces nothing that it does not name.
pub(crate) async fn the_application_may_name_its_subscriptions(bus: &impl Bus) {
    let scenario = Scenario::new(bus, &[("a", 1), ("b", 1)]).await;
    scenario.subscribe_raw(&["a"]);
    let mut application = Application::subscribing(json!([
        {"pubsubname": PUBSUB, "topic": scenario.named("b"), "route": "/own", "metadata": {"rawPayload": "true"}},
    ]));
    application.start().await;
    let running = scenario.start("app", &application).await;
    running.publish_raw("a", "k", "declared").await;
    running.publish_raw("b", "k", "asked for").await;
    let mut came: Vec<_> =
        application.receives(2).await.iter().map(|d| (d.text(), d.path.clone())).collect();
    came.sort();
    let declared = ("declared".to_owned(), format!("/events/{}", scenario.named("a")));
    assert_eq!(came, [("asked for".to_owned(), "/own".to_owned()), declared]);
}

/// While the application says that it is unwell nothing is delivered.
pub(crate) async fn an_unhealthy_application_gets_nothing(bus: &impl Bus) {
    let scenario = Scenario::new(bus, &[("a", 1)]).await;
    scenario.subscribe_raw(&["a"]);
    let application = Application::started().await;
    application.set_health(503);
    let flags = ["--enable-app-health-check", "--app-health-probe-interval", "1"];
    let running = scenario.start_with("app", &application, &flags).await;
    running.publish_raw("a", "k", "waits").await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(application.texts(), [] as [String; 0]);
    application.set_health(200);
    application.receives(1).await;
    assert_eq!(application.texts(), ["waits"]);
}
