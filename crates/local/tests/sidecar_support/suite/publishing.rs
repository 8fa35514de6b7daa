//! Publish, bulk publish, scopes, health.

use reqwest::{Response, StatusCode};
use serde_json::{Value, json};

use crate::sidecar_support::{
    application::Application,
    bus::Bus,
    eventually,
    scenario::{Declared, PUBSUB, Running, Scenario, client},
};

const CLOUD_EVENT: &str = "application/cloudevents+json";

async fn refusal(answer: Response) -> (u16, String) {
    let status = answer.status().as_u16();
    let body: Value = answer.json().await.expect("a body");
    (status, body["errorCode"].as_str().expect("a code").to_owned())
}

/// Each refusal has daprd's status and code.
pub(crate) async fn publishing_is_refused_with_daprds_codes(bus: &impl Bus) {
    let properties =
        [("allowedTopics", "a$,b$,missing$"), ("publishingScopes", "app$=a$,missing$")];
    let scenario =
        Scenario::restricted(bus, &[("a", 1), ("b", 1), ("c", 1)], &properties, &[]).await;
    let application = Application::started().await;
    let running = scenario.start("app", &application).await;
    let publish = async |topic: &str, query: &str, kind: &str, body: Vec<u8>| {
        let request = running.publication(topic, query).header("content-type", kind).body(body);
        refusal(request.send().await.expect("an answer")).await
    };
    let code = |status, code: &str| (status, code.to_owned());
    let text = || b"x".to_vec();

    let forbidden = code(403, "ERR_PUBSUB_FORBIDDEN");
    assert_eq!(publish("b", "", "text/plain", text()).await, forbidden, "not in its scope");
    assert_eq!(publish("c", "", "text/plain", text()).await, forbidden, "not allowed to anyone");
    let failed = code(500, "ERR_PUBSUB_PUBLISH_MESSAGE");
    assert_eq!(publish("missing", "", "text/plain", text()).await, failed, "no such topic");
    let large = vec![b'x'; 1_000_001];
    assert_eq!(publish("a", "metadata.rawPayload=true", "text/plain", large).await, failed);
    let invalid = code(500, "ERR_PUBSUB_CLOUD_EVENTS_SER");
    assert_eq!(publish("a", "", CLOUD_EVENT, b"{no".to_vec()).await, invalid);
    let metadata = code(400, "ERR_PUBSUB_REQUEST_METADATA");
    assert_eq!(publish("a", "metadata.rawPayload=perhaps", "text/plain", text()).await, metadata);

    let url = running.sidecar.url(&format!("/v1.0/publish/other/{}", scenario.named("a")));
    let request = client().post(url).header("dapr-api-token", super::super::bus::API_TOKEN);
    let unknown = refusal(request.body("x").send().await.expect("an answer")).await;
    assert_eq!(unknown, code(404, "ERR_PUBSUB_NOT_FOUND"));
}

/// A body well over 4 MiB is a bad request (daprd lets a few bytes more pass, and Kafka refuses the record);
/// a record of just below a million bytes is fine.
pub(crate) async fn sizes_are_limited_as_by_daprd(bus: &impl Bus) {
    let scenario = Scenario::new(bus, &[("a", 1)]).await;
    let application = Application::started().await;
    let running = scenario.start("app", &application).await;
    let publish = async |bytes: usize| {
        let request = running.publication("a", "metadata.rawPayload=true").body(vec![b'x'; bytes]);
        request.send().await.expect("an answer").status().as_u16()
    };
    assert_eq!(publish(999_000).await, 204);
    assert_eq!(publish(5 * 1024 * 1024).await, 400);
}

/// Without the token nothing is published; health needs none.
pub(crate) async fn a_caller_without_the_token_is_refused(bus: &impl Bus) {
    let scenario = Scenario::new(bus, &[("a", 1)]).await;
    scenario.subscribe_raw(&["a"]);
    let application = Application::started().await;
    let running = scenario.start("app", &application).await;
    let url = running.sidecar.url(&format!("/v1.0/publish/{PUBSUB}/{}", scenario.named("a")));
    for request in [client().post(&url), client().post(&url).header("dapr-api-token", "wrong")] {
        let answer = request.body("x").send().await.expect("an answer");
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
    }
    running.publish_raw("a", "k", "with the token").await;
    application.receives(1).await;
    assert_eq!(application.texts(), ["with the token"]);
}

/// One oversized entry fails alone.
pub(crate) async fn a_bulk_can_fail_in_part(bus: &impl Bus) {
    let scenario = Scenario::new(bus, &[("a", 3)]).await;
    scenario.subscribe_raw(&["a"]);
    let application = Application::started().await;
    let running = scenario.start("app", &application).await;
    let text = |text: &str| ("k".to_owned(), text.to_owned());

    let whole = running.publish_bulk("a", &[text("1"), text("2")]).await;
    assert_eq!(whole.status(), StatusCode::NO_CONTENT);
    let large = ("k".to_owned(), "x".repeat(1_000_001));
    let partial = running.publish_bulk("a", &[text("3"), large, text("4")]).await;
    assert_eq!(partial.status(), StatusCode::INTERNAL_SERVER_ERROR);
    let body: Value = partial.json().await.expect("a body");
    assert_eq!(body["errorCode"], "ERR_PUBSUB_PUBLISH_MESSAGE");
    let failed = body["failedEntries"].as_array().expect("failed entries");
    assert_eq!((failed.len(), &failed[0]["entryId"]), (1, &json!("1")));

    application.receives(4).await;
    assert_eq!(application.texts(), ["1", "2", "3", "4"]);
}

/// What is no list of entries with ids of their own is a bad request, and nothing of it is published.
pub(crate) async fn a_malformed_bulk_is_refused(bus: &impl Bus) {
    let scenario = Scenario::new(bus, &[("a", 1)]).await;
    scenario.subscribe_raw(&["a"]);
    let application = Application::started().await;
    let running = scenario.start("app", &application).await;
    let entry = json!({"entryId": "1", "event": "x", "contentType": "text/plain"});
    let mismatch = json!([{"entryId": "1", "event": {"a": 1}, "contentType": "text/plain"}]);
    for body in [json!({}), json!([entry, entry]), mismatch, json!([{"event": "x"}])] {
        let request = running.bulk("a", "").json(&body);
        let refused = refusal(request.send().await.expect("an answer")).await;
        assert_eq!(refused, (400, "ERR_PUBSUB_EVENTS_SER".to_owned()), "{body}");
    }
    running.publish_raw("a", "k", "the only one").await;
    application.receives(1).await;
    assert_eq!(application.texts(), ["the only one"]);
}

/// A component out of scope does not exist; a subscription out of scope gets nothing.
pub(crate) async fn scopes_are_honoured(bus: &impl Bus) {
    let scenario = Scenario::restricted(bus, &[("a", 1), ("b", 1)], &[], &["inside"]).await;
    scenario.subscribe(&Declared { topic: "a", raw: true, scopes: &["other"] });
    scenario.subscribe(&Declared { topic: "b", raw: true, scopes: &["inside", "other"] });
    let application = Application::started().await;
    let inside = scenario.start("inside", &application).await;
    let outside = scenario.start("outside", &Application::started().await).await;

    let answer = outside.publication("a", "").body("x").send().await.expect("an answer");
    assert_eq!(refusal(answer).await, (404, "ERR_PUBSUB_NOT_FOUND".to_owned()));
    inside.publish_raw("a", "k", "not subscribed").await;
    inside.publish_raw("b", "k", "subscribed").await;
    application.receives(1).await;
    scenario.pass_redelivery_interval().await;
    assert_eq!(application.texts(), ["subscribed"]);
}

/// Not ready until the application listens; publishing works before.
pub(crate) async fn health_waits_for_the_application_and_outbound_does_not(bus: &impl Bus) {
    let scenario = Scenario::new(bus, &[("a", 1)]).await;
    scenario.subscribe_raw(&["a"]);
    let mut application = Application::new();
    let running = scenario.start("app", &application).await;
    assert_eq!(running.sidecar.health("").await, Some(StatusCode::INTERNAL_SERVER_ERROR));
    running.publish_raw("a", "k", "early").await;
    application.start().await;
    eventually("health", async || {
        (running.sidecar.health("").await? == StatusCode::NO_CONTENT).then_some(())
    })
    .await;
    application.receives(1).await;
    assert_eq!(application.texts(), ["early"]);
}

/// Id, components and subscriptions can be asked for.
pub(crate) async fn metadata_names_components_and_subscriptions(bus: &impl Bus) {
    let scenario = Scenario::new(bus, &[("a", 1)]).await;
    scenario.subscribe_raw(&["a"]);
    let application = Application::started().await;
    let running = scenario.start("app", &application).await;
    let metadata = eventually("subscriptions", async || {
        let metadata = metadata(&running).await;
        metadata["subscriptions"]
            .as_array()
            .is_some_and(|list| !list.is_empty())
            .then_some(metadata)
    })
    .await;
    let topic = scenario.named("a");
    assert_eq!(metadata["id"], scenario.named("app"));
    assert_eq!(metadata["components"][0]["name"], PUBSUB);
    let subscription = &metadata["subscriptions"][0];
    assert_eq!(subscription["topic"], topic);
    assert_eq!(subscription["rules"][0]["path"], format!("/events/{topic}"));
    assert_eq!(subscription["metadata"]["rawPayload"], "true");
}

async fn metadata(running: &Running) -> Value {
    let request = client()
        .get(running.sidecar.url("/v1.0/metadata"))
        .header("dapr-api-token", super::super::bus::API_TOKEN);
    request.send().await.expect("an answer").json().await.expect("metadata")
}
