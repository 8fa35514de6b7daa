//! Situations in which daprd 1.14 loses, repeats or holds up records, each with the way in which a sidecar
//! can take it.
//!
//! What the product does about each stands in `docs/reliability.md`. Three more are known and have no test
//! here, as nothing but luck brings them about in seconds: a RETRY during a rebalance whose record is then
//! skipped, inbound retries of a resiliency policy that hold up a rebalance, and a broker that freezes for a
//! minute, after which everything in flight is written twice.

use std::{
    process::ExitStatus,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::sidecar_support::{
    application::{Application, Delivery, Reply},
    bus::Bus,
    eventually,
    scenario::{Declared, PUBSUB, Running, Scenario},
};

const CLOUD_EVENT: &str = "application/cloudevents+json";
const OWN_TRACE: &str = "00-11111111111111111111111111111111-1111111111111111-01";
const REQUEST_TRACE: &str = "00-22222222222222222222222222222222-2222222222222222-01";
/// What stands of a trace's identity in a `traceparent`, in characters.
const TRACE_ID: std::ops::Range<usize> = 3..35;
/// Has the sidecar ask each second whether the application is well.
const HEALTH_FLAGS: [&str; 3] =
    ["--enable-app-health-check", "--app-health-probe-interval=1", "--app-health-threshold=1"];
/// How a program in Go ends by a panic.
const GO_PANIC_EXIT_CODE: i32 = 2;
/// When a record that has not come is held up, in seconds: daprd has tried another twice by then.
const HELD_UP_SECS: u64 = 12;
/// Longer than a test, in seconds.
const NEVER_SECS: u64 = 300;

/// How a sidecar takes such a situation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Conduct {
    /// As daprd 1.14.
    Defective,
    /// As one would wish.
    Sound,
    /// It does not start with what leads there, so that nobody can rely on it.
    Refusing,
}

/// What a history shows, which must be one of these two.
#[track_caller]
fn judge(seen: &[String], defective: &[&str], sound: &[&str]) -> Conduct {
    if seen == defective {
        Conduct::Defective
    } else {
        assert_eq!(seen, sound, "neither the defect ({defective:?}) nor its absence");
        Conduct::Sound
    }
}

/// It ended by itself, and says that this was no success.
#[track_caller]
fn refusing(status: ExitStatus) -> Conduct {
    assert!(status.code().is_some_and(|code| code != 0), "{status}");
    Conduct::Refusing
}

/// Answers so when this record comes first, and takes everything else.
fn once(text: &'static str, reply: Reply) -> impl Fn(&Delivery) -> Reply {
    let done = AtomicBool::new(false);
    move |delivery| {
        let now = delivery.text() == text && !done.swap(true, Ordering::SeqCst);
        if now { reply.clone() } else { Reply::success() }
    }
}

/// The records that came, when this one is among them.
async fn texts_with(application: &Application, text: &str) -> Vec<String> {
    eventually(format!("the record {text:?}"), async || {
        Some(application.texts()).filter(|texts| texts.iter().any(|other| other == text))
    })
    .await
}

/// Whether something comes true before it counts as held up.
async fn comes_in_time(is_there: impl AsyncFn() -> bool) -> bool {
    let coming = eventually("a record", async || is_there().await.then_some(()));
    tokio::time::timeout(Duration::from_secs(HELD_UP_SECS), coming).await.is_ok()
}

/// A record that is answered 404 counts as taken: a route that is missing for a moment loses what comes then.
pub(crate) async fn what_is_answered_404_is_lost(bus: &impl Bus) -> Conduct {
    let scenario = Scenario::new(bus, &[("a", 1)]).await;
    scenario.subscribe_raw(&["a"]);
    let application = Application::started().await;
    application.answer(once("not found", Reply::http(404)));
    let running = scenario.start("app", &application).await;
    running.publish_raw("a", "k", "not found").await;
    running.publish_raw("a", "k", "behind it").await;
    let texts = texts_with(&application, "behind it").await;
    scenario.settles("app", "a", 2).await;
    judge(&texts, &["not found", "behind it"], &["not found", "not found", "behind it"])
}

/// Without `rawPayload` the sidecar reads each record itself: one that is no JSON never reaches the
/// application, nor does what follows it.
pub(crate) async fn a_record_that_is_no_json_blocks_its_partition_without_raw_payload(
    bus: &impl Bus,
) -> Conduct {
    blocks_its_partition(bus, "metadata.color=red", "no json").await
}

/// A header of a record becomes one of the delivery: with a line break in it, it can't be sent.
pub(crate) async fn a_header_with_a_line_break_blocks_its_partition(bus: &impl Bus) -> Conduct {
    blocks_its_partition(bus, "metadata.color=red%0Ablue", r#"{"id":"held up"}"#).await
}

async fn blocks_its_partition(bus: &impl Bus, header: &str, record: &'static str) -> Conduct {
    let scenario = Scenario::new(bus, &[("a", 3)]).await;
    scenario.subscribe(&Declared { topic: "a", raw: false, scopes: &[] });
    let application = Application::started().await;
    let running = scenario.start("app", &application).await;
    let query = format!("metadata.rawPayload=true&metadata.partitionKey=blocked&{header}");
    let answer = running.publication("a", &query).body(record).send().await.expect("an answer");
    assert_eq!(answer.status(), StatusCode::NO_CONTENT);
    running.publish_raw("a", "blocked", r#"{"id":"behind it"}"#).await;
    // One of so many keys goes to another partition.
    for key in 0..10 {
        running.publish_raw("a", &key.to_string(), r#"{"id":"another"}"#).await;
    }
    application.receives(1).await;
    // What is tried again has had its second chance by then.
    scenario.pass_redelivery_interval().await;
    let is_another = |delivery: &Delivery| {
        let event: Value = serde_json::from_slice(&delivery.body).unwrap_or_default();
        event["id"] == "another"
    };
    let deliveries = application.deliveries();
    if !deliveries.iter().all(is_another) {
        return Conduct::Sound;
    }
    scenario.settles("app", "a", deliveries.len().try_into().expect("a few")).await;
    Conduct::Defective
}

/// A `traceid` that is a number brings down the sidecar of whoever reads it, again and again: the record stays
/// unsettled.
pub(crate) async fn a_numeric_traceid_without_raw_payload_ends_the_sidecar(
    bus: &impl Bus,
) -> Conduct {
    let scenario = Scenario::new(bus, &[("a", 1)]).await;
    scenario.subscribe(&Declared { topic: "a", raw: false, scopes: &["app"] });
    let publisher = scenario.start("publisher", &Application::started().await).await;
    let application = Application::started().await;
    let mut running = scenario.start("app", &application).await;
    publisher.publish_raw("a", "k", r#"{"id":"1","traceid":7}"#).await;
    let end = eventually("the delivery or the sidecar's end", async || {
        let end = running.sidecar.has_ended();
        (end.is_some() || !application.deliveries().is_empty()).then_some(end)
    })
    .await;
    let Some(end) = end else { return Conduct::Sound };
    assert_eq!(end.code(), Some(GO_PANIC_EXIT_CODE));
    assert_eq!(application.deliveries().len(), 0);
    assert_eq!(bus.settled(&scenario.named("app"), &scenario.named("a")).await, 0);
    Conduct::Defective
}

/// All subscriptions end while it is unwell, and begin anew when it is well.
async fn is_unwell_and_well(application: &Application) {
    application.set_health(503);
    application.is_probed(2).await;
    application.set_health(200);
    application.is_probed(2).await;
}

/// An application that can't name its subscriptions in the one moment when it is asked has none, for good.
/// Those that are declared are not touched by that.
pub(crate) async fn subscriptions_are_asked_for_once(bus: &impl Bus) -> Conduct {
    let scenario = Scenario::new(bus, &[("a", 1), ("b", 1)]).await;
    scenario.subscribe_raw(&["a"]);
    let application = Application::started().await;
    application.answer_for_subscriptions(Reply::http(500));
    let running = scenario.start_with("app", &application, &HEALTH_FLAGS).await;
    running.publish_raw("a", "k", "declared").await;
    application.receives(1).await;
    let own = json!([{"pubsubname": PUBSUB, "topic": scenario.named("b"), "route": "/own",
                      "metadata": {"rawPayload": "true"}}]);
    application.answer_for_subscriptions(Reply::with(own));
    running.publish_raw("b", "k", "asked for").await;

    is_unwell_and_well(&application).await;
    running.publish_raw("a", "k", "declared, again").await;
    let texts = texts_with(&application, "declared, again").await;
    if application.asked() > 1 {
        return Conduct::Sound;
    }
    assert_eq!(application.asked(), 1);
    assert_eq!(texts, ["declared", "declared, again"]);
    Conduct::Defective
}

/// An application whose list of subscriptions can't be read gets nothing of those that are declared either, until
/// it has been unwell for once.
pub(crate) async fn a_malformed_list_of_subscriptions_ends_the_declared_ones_too(
    bus: &impl Bus,
) -> Conduct {
    let scenario = Scenario::new(bus, &[("a", 1)]).await;
    scenario.subscribe_raw(&["a"]);
    let application = Application::started().await;
    application.answer_for_subscriptions(Reply::with(json!("no list")));
    let running = scenario.start_with("app", &application, &HEALTH_FLAGS).await;
    running.publish_raw("a", "k", "declared").await;
    if comes_in_time(async || !application.deliveries().is_empty()).await {
        return Conduct::Sound;
    }
    assert_eq!(application.asked(), 1);
    // It is not asked again, and what is declared begins all the same.
    is_unwell_and_well(&application).await;
    application.receives(1).await;
    assert_eq!(application.asked(), 1);
    Conduct::Defective
}

/// An application that ends in the moment when it is asked gets nothing of those that are declared either, also when
/// it is back: only a check of its health begins them anew.
pub(crate) async fn an_application_that_ends_while_it_is_asked_gets_nothing_that_is_declared(
    bus: &impl Bus,
) -> Conduct {
    let scenario = Scenario::new(bus, &[("a", 1)]).await;
    scenario.subscribe_raw(&["a"]);
    let mut application = Application::started().await;
    let never = Duration::from_secs(NEVER_SECS);
    application.answer_for_subscriptions(Reply::with(json!([])).after(never));
    let running = scenario.start("app", &application).await;
    eventually("the question", async || (application.asked() > 0).then_some(())).await;
    application.stop().await;
    // daprd asks three times more, within three seconds.
    scenario.pass_redelivery_interval().await;
    application.answer_for_subscriptions(Reply::with(json!([])));
    application.start().await;
    running.publish_raw("a", "k", "declared").await;
    if comes_in_time(async || !application.deliveries().is_empty()).await {
        return Conduct::Sound;
    }
    assert_eq!(application.asked(), 1);
    Conduct::Defective
}

async fn publish_event(running: &Running, event: &Value) {
    let request = running
        .publication("a", "")
        .header("content-type", CLOUD_EVENT)
        .header("traceparent", REQUEST_TRACE)
        .body(event.to_string());
    assert_eq!(request.send().await.expect("an answer").status(), StatusCode::NO_CONTENT);
}

/// What became of the traces of two events: one with a `traceparent` alone, and one with `traceid` as well,
/// which keeps its own in any case.
async fn traces(application: &Application) -> Conduct {
    let deliveries = application.receives(2).await;
    let event = |id: &str| {
        let events = deliveries.iter().map(Delivery::event);
        events.into_iter().find(|event| event["id"] == id).expect("both events")
    };
    let both = event("both");
    assert_eq!((&both["traceparent"], &both["traceid"]), (&json!(OWN_TRACE), &json!(OWN_TRACE)));
    match event("alone")["traceparent"].as_str().expect("a trace") {
        OWN_TRACE => Conduct::Sound,
        other => {
            assert_eq!(other[TRACE_ID], REQUEST_TRACE[TRACE_ID]);
            Conduct::Defective
        }
    }
}

/// A CloudEvent's own `traceparent` survives only beside a `traceid`; alone, the request's takes its place.
pub(crate) async fn a_traceparent_alone_is_overwritten(bus: &impl Bus) -> Conduct {
    let scenario = Scenario::new(bus, &[("a", 1)]).await;
    scenario.subscribe(&Declared { topic: "a", raw: false, scopes: &[] });
    let application = Application::started().await;
    let running = scenario.start("app", &application).await;
    publish_event(&running, &json!({"id": "alone", "traceparent": OWN_TRACE})).await;
    let both = json!({"id": "both", "traceparent": OWN_TRACE, "traceid": OWN_TRACE});
    publish_event(&running, &both).await;
    traces(&application).await
}

/// A bulk is one request with one trace header, and that takes the place of its entries' `traceparent`.
pub(crate) async fn a_trace_header_of_a_bulk_overwrites_its_entries(bus: &impl Bus) -> Conduct {
    let scenario = Scenario::new(bus, &[("a", 1)]).await;
    scenario.subscribe(&Declared { topic: "a", raw: false, scopes: &[] });
    let application = Application::started().await;
    let running = scenario.start("app", &application).await;
    let alone = json!({"id": "alone", "traceparent": OWN_TRACE});
    let both = json!({"id": "both", "traceparent": OWN_TRACE, "traceid": OWN_TRACE});
    let entries = json!([{"entryId": "1", "event": alone, "contentType": CLOUD_EVENT},
                         {"entryId": "2", "event": both, "contentType": CLOUD_EVENT}]);
    let request = running.bulk("a", "").header("traceparent", REQUEST_TRACE).json(&entries);
    assert_eq!(request.send().await.expect("an answer").status(), StatusCode::NO_CONTENT);
    traces(&application).await
}

/// An application with a dead-letter topic, with properties of the component, and a reader of the dead letters.
async fn with_dead_letters<'a, B: Bus>(bus: &'a B, properties: &[(&str, &str)]) -> Scenario<'a, B> {
    let scenario = Scenario::restricted(bus, &[("a", 1), ("dead", 1)], properties, &[]).await;
    let subscription = Declared { topic: "a", raw: true, scopes: &["app"] };
    scenario.subscribe_with(&subscription, "deadLetterTopic: dead$");
    scenario.subscribe(&Declared { topic: "dead", raw: true, scopes: &["reader"] });
    scenario
}

/// What the application drops, to have it among the dead letters, is lost where it may not write them.
pub(crate) async fn a_failed_publish_to_the_dead_letter_topic_acknowledges(
    bus: &impl Bus,
) -> Conduct {
    let scenario = with_dead_letters(bus, &[("publishingScopes", "app$=a$")]).await;
    let application = Application::started().await;
    application.answer(once("dropped", Reply::status("DROP")));
    let running = match scenario.try_start("app", &application).await {
        Ok(running) => running,
        Err(status) => return refusing(status),
    };
    let reader = Application::started().await;
    let reading = scenario.start("reader", &reader).await;
    running.publish_raw("a", "k", "dropped").await;
    running.publish_raw("a", "k", "behind it").await;
    let texts = texts_with(&application, "behind it").await;
    scenario.settles("app", "a", 2).await;
    reading.publish_raw("dead", "k", "the only one").await;
    assert_eq!(texts_with(&reader, "the only one").await, ["the only one"]);
    judge(&texts, &["dropped", "behind it"], &["dropped", "dropped", "behind it"])
}

/// With a dead-letter topic there is one attempt: an application that is down for a second finds everything
/// among the dead letters.
pub(crate) async fn without_a_policy_a_dead_letter_topic_takes_all_after_one_attempt(
    bus: &impl Bus,
) -> Conduct {
    let scenario = with_dead_letters(bus, &[]).await;
    let application = Application::started().await;
    application.answer(once("refused", Reply::http(503)));
    let running = match scenario.try_start("app", &application).await {
        Ok(running) => running,
        Err(status) => return refusing(status),
    };
    let reader = Application::started().await;
    let _reading = scenario.start("reader", &reader).await;
    running.publish_raw("a", "k", "refused").await;
    running.publish_raw("a", "k", "behind it").await;
    let texts = texts_with(&application, "behind it").await;
    let conduct = judge(&texts, &["refused", "behind it"], &["refused", "refused", "behind it"]);
    if conduct == Conduct::Defective {
        assert_eq!(texts_with(&reader, "refused").await, ["refused"]);
    }
    conduct
}

/// A circuit breaker opens by one bad record, and what comes while it is open goes to the dead letters: the
/// application never sees it.
pub(crate) async fn an_open_circuit_breaker_sends_good_records_to_the_dead_letters(
    bus: &impl Bus,
) -> Conduct {
    let scenario = with_dead_letters(bus, &[]).await;
    let breaker = format!(
        "apiVersion: dapr.io/v1alpha1\nkind: Resiliency\nmetadata: {{ name: breaking }}\nspec:\n  \
         policies:\n    circuitBreakers:\n      \
         breaker: {{ maxRequests: 1, timeout: 300s, trip: consecutiveFailures >= 1 }}\n  targets:\n    \
         components: {{ {PUBSUB}: {{ inbound: {{ circuitBreaker: breaker }} }} }}\nscopes: [app$]\n"
    );
    scenario.add_resource("resiliency", &breaker);
    let application = Application::started().await;
    application.answer(
        |delivery| {
            if delivery.text() == "bad" { Reply::http(500) } else { Reply::success() }
        },
    );
    let running = match scenario.try_start("app", &application).await {
        Ok(running) => running,
        Err(status) => return refusing(status),
    };
    let reader = Application::started().await;
    let _reading = scenario.start("reader", &reader).await;
    for text in ["bad", "good", "last"] {
        running.publish_raw("a", "k", text).await;
    }
    texts_with(&reader, "bad").await;
    let dead = eventually("an end of the last record", async || {
        let ended = |application: &Application| application.texts().contains(&"last".to_owned());
        (ended(&reader) || ended(&application)).then(|| reader.texts())
    })
    .await;
    let conduct = judge(&dead, &["bad", "good", "last"], &["bad"]);
    if conduct == Conduct::Defective {
        assert_eq!(application.texts(), ["bad"], "the good ones were never tried");
    }
    conduct
}

/// The records of a delivery, each as the id of its entry, if it is one of a batch, and its text.
fn records(delivery: &Delivery) -> Vec<(Option<String>, String)> {
    let text =
        |record: &str| String::from_utf8(BASE64.decode(record).expect("base64")).expect("text");
    let event = delivery.event();
    let Some(entries) = event["entries"].as_array() else {
        return vec![(None, delivery.text())];
    };
    let string = |value: &Value| value.as_str().expect("a text").to_owned();
    entries.iter().map(|e| (Some(string(&e["entryId"])), text(&string(&e["event"])))).collect()
}

/// Answers for each record by its text, in the form in which it came.
fn answer_each(delivery: &Delivery, status: impl Fn(&str) -> &'static str) -> Reply {
    let answers: Vec<_> =
        records(delivery).into_iter().map(|(entry, text)| (entry, status(&text))).collect();
    if let [(None, status)] = answers[..] {
        return Reply::status(status);
    }
    let statuses: Vec<_> =
        answers.iter().map(|(entry, status)| json!({"entryId": entry, "status": status})).collect();
    Reply::with(json!({ "statuses": statuses }))
}

fn all_texts(application: &Application) -> Vec<String> {
    application.deliveries().iter().flat_map(records).map(|(_, text)| text).collect()
}

fn subscribe_in_batches<B: Bus>(scenario: &Scenario<'_, B>, records: usize) {
    let batches = format!(
        "bulkSubscribe: {{ enabled: true, maxMessagesCount: {records}, \
         maxAwaitDurationMs: {} }}",
        NEVER_SECS * 1000
    );
    scenario.subscribe_with(&Declared { topic: "a", raw: true, scopes: &[] }, &batches);
}

/// Of a batch in which one record is refused, all come again, those that were taken too.
pub(crate) async fn a_batch_comes_again_whole_for_one_refused_record(bus: &impl Bus) -> Conduct {
    const BATCH: [&str; 3] = ["before it", "refused", "behind it"];
    let scenario = Scenario::new(bus, &[("a", 1)]).await;
    subscribe_in_batches(&scenario, BATCH.len());
    let application = Application::started().await;
    let refused = AtomicBool::new(false);
    application.answer(move |delivery| {
        answer_each(delivery, |text| {
            let refuse = text == "refused" && !refused.swap(true, Ordering::SeqCst);
            if refuse { "RETRY" } else { "SUCCESS" }
        })
    });
    let running = scenario.start("app", &application).await;
    let entries = BATCH.map(|text| ("k".to_owned(), text.to_owned()));
    assert_eq!(running.publish_bulk("a", &entries).await.status(), StatusCode::NO_CONTENT);
    let refused_twice = async || {
        let texts = all_texts(&application);
        (texts.iter().filter(|text| *text == "refused").count() > 1).then_some(())
    };
    eventually("the refused record again", refused_twice).await;
    scenario.settles("app", "a", 3).await;
    let texts = all_texts(&application);
    judge(&texts, &[BATCH, BATCH].concat(), &["before it", "refused", "refused", "behind it"])
}

/// A batch that is refused holds up those of all other partitions.
pub(crate) async fn a_refused_batch_holds_up_every_partition(bus: &impl Bus) -> Conduct {
    let scenario = Scenario::new(bus, &[("a", 3)]).await;
    subscribe_in_batches(&scenario, 1);
    let application = Application::started().await;
    application.answer(|delivery| {
        answer_each(delivery, |text| if text == "refused" { "RETRY" } else { "SUCCESS" })
    });
    let running = scenario.start("app", &application).await;
    running.publish_raw("a", "blocked", "refused").await;
    application.receives(1).await;
    // One of so many keys goes to another partition.
    for key in 0..10 {
        running.publish_raw("a", &key.to_string(), "another").await;
    }
    let another = async || all_texts(&application).contains(&"another".to_owned());
    if comes_in_time(another).await {
        return Conduct::Sound;
    }
    let texts = all_texts(&application);
    assert!(texts.len() > 1, "the refused one came again: {texts:?}");
    Conduct::Defective
}
