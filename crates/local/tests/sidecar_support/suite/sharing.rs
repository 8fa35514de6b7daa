//! Restarts, replicas and groups.

use std::{collections::BTreeSet, time::Duration};

use reqwest::StatusCode;

use crate::sidecar_support::{
    application::{Application, Delivery, Reply},
    bus::Bus,
    eventually,
    scenario::{Running, Scenario},
};

fn entries(name: &str, count: usize) -> Vec<(String, String)> {
    (0..count).map(|n| (format!("key-{n}"), format!("{name} {n}"))).collect()
}

async fn publish(running: &Running, entries: &[(String, String)]) {
    assert_eq!(running.publish_bulk("a", entries).await.status(), StatusCode::NO_CONTENT);
}

/// What came with a text that begins so.
fn texts<'a>(applications: &[&'a Application], prefix: &'a str) -> Vec<String> {
    let deliveries = applications.iter().flat_map(|application| application.deliveries());
    deliveries.map(|delivery| delivery.text()).filter(|text| text.starts_with(prefix)).collect()
}

/// Waits until each of these records came at least once; returns how many came.
async fn all_came(applications: &[&Application], prefix: &str, count: usize) -> usize {
    eventually(format!("{count} records {prefix:?}"), async || {
        let texts = texts(applications, prefix);
        let different: BTreeSet<&String> = texts.iter().collect();
        (different.len() == count).then_some(texts.len())
    })
    .await
}

/// Records that come while the application is down are delivered when it is back, in their order.
pub(crate) async fn an_application_that_restarts_misses_nothing(bus: &impl Bus) {
    let scenario = Scenario::new(bus, &[("a", 1)]).await;
    scenario.subscribe_raw(&["a"]);
    let mut application = Application::started().await;
    let running = scenario.start("app", &application).await;
    running.publish_raw("a", "k", "1").await;
    scenario.settles("app", "a", 1).await;
    application.stop().await;
    running.publish_raw("a", "k", "2").await;
    running.publish_raw("a", "k", "3").await;
    scenario.pass_redelivery_interval().await;
    application.start().await;
    application.receives(3).await;
    scenario.settles("app", "a", 3).await;
    assert_eq!(application.texts(), ["1", "2", "3"]);
}

/// A sidecar that stops in order goes on behind what it has acknowledged.
pub(crate) async fn a_sidecar_that_stops_in_order_repeats_nothing(bus: &impl Bus) {
    let scenario = Scenario::new(bus, &[("a", 3)]).await;
    scenario.subscribe_raw(&["a"]);
    let application = Application::started().await;
    let running = scenario.start("app", &application).await;
    publish(&running, &entries("before", 30)).await;
    all_came(&[&application], "before", 30).await;
    assert!(running.sidecar.stop().await.success());
    let running = scenario.start("app", &application).await;
    publish(&running, &entries("after", 30)).await;
    assert_eq!(all_came(&[&application], "after", 30).await, 30);
    assert_eq!(texts(&[&application], "before").len(), 30, "nothing came twice");
}

/// Publishing outlives the stop of consuming.
pub(crate) async fn a_stopping_sidecar_still_publishes(bus: &impl Bus) {
    let scenario = Scenario::new(bus, &[("a", 1)]).await;
    let application = Application::started().await;
    let flags = ["--dapr-block-shutdown-duration", "5s"];
    let running = scenario.start_with("app", &application, &flags).await;
    running.sidecar.terminate();
    tokio::time::sleep(Duration::from_millis(300)).await;
    running.publish_raw("a", "k", "late").await;
    assert!(running.sidecar.ended().await.success());
}

/// What was in flight when the sidecar was killed comes again.
pub(crate) async fn a_killed_sidecar_loses_nothing(bus: &impl Bus) {
    let scenario = Scenario::new(bus, &[("a", 1)]).await;
    scenario.subscribe_raw(&["a"]);
    let application = Application::started().await;
    application.answer(|delivery| match delivery.text().as_str() {
        "in flight" => Reply::success().after(Duration::from_secs(60)),
        _ => Reply::success(),
    });
    let running = scenario.start("app", &application).await;
    running.publish_raw("a", "k", "in flight").await;
    running.publish_raw("a", "k", "behind it").await;
    application.receives(1).await;
    running.sidecar.kill();
    application.answer(|_| Reply::success());
    let _running = scenario.start("app", &application).await;
    application.receives(3).await;
    assert_eq!(application.texts(), ["in flight", "in flight", "behind it"]);
}

/// Publishes single records until every application got one: then they share.
async fn until_all_take_part(running: &Running, applications: &[&Application]) {
    let mut round = 0;
    while applications.iter().any(|application| application.deliveries().is_empty()) {
        publish(running, &entries(&format!("warm-up {round}"), 10)).await;
        round += 1;
        assert!(round < 300, "an instance never got anything");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    all_came(applications, "warm-up", round * 10).await;
}

fn partitions(application: &Application, prefix: &str) -> BTreeSet<i32> {
    let deliveries = application.deliveries();
    let mine = deliveries.iter().filter(|delivery| delivery.text().starts_with(prefix));
    mine.map(Delivery::partition).collect()
}

/// Two instances of one application share its partitions; each record comes to one of them.
pub(crate) async fn two_instances_of_a_group_share_the_partitions(bus: &impl Bus) {
    let scenario = Scenario::new(bus, &[("a", 4)]).await;
    scenario.subscribe_raw(&["a"]);
    let (one, other) = (Application::started().await, Application::started().await);
    let running = scenario.start("app", &one).await;
    publish(&running, &entries("alone", 10)).await;
    all_came(&[&one], "alone", 10).await;
    let _second = scenario.start("app", &other).await;
    until_all_take_part(&running, &[&one, &other]).await;
    // Whoever gives back partitions has done so by now.
    tokio::time::sleep(Duration::from_secs(2)).await;

    publish(&running, &entries("shared", 200)).await;
    assert_eq!(all_came(&[&one, &other], "shared", 200).await, 200, "each came once");
    let (of_one, of_other) = (partitions(&one, "shared"), partitions(&other, "shared"));
    assert_eq!((of_one.len(), of_other.len()), (2, 2), "{of_one:?} {of_other:?}");
    assert!(of_one.is_disjoint(&of_other));
}

/// Two applications are two groups: each gets every record.
pub(crate) async fn two_groups_each_get_every_record(bus: &impl Bus) {
    let scenario = Scenario::new(bus, &[("a", 3)]).await;
    scenario.subscribe_raw(&["a"]);
    let (one, other) = (Application::started().await, Application::started().await);
    let running = scenario.start("one", &one).await;
    let _second = scenario.start("other", &other).await;
    publish(&running, &entries("for both", 60)).await;
    assert_eq!(all_came(&[&one], "for both", 60).await, 60);
    assert_eq!(all_came(&[&other], "for both", 60).await, 60);
}

/// The survivor takes over what a killed instance held, with what was in flight there.
pub(crate) async fn a_killed_instance_hands_over(bus: &impl Bus) {
    let scenario = Scenario::new(bus, &[("a", 4)]).await;
    scenario.subscribe_raw(&["a"]);
    let (one, other) = (Application::started().await, Application::started().await);
    let first = scenario.start("app", &one).await;
    let second = scenario.start("app", &other).await;
    until_all_take_part(&first, &[&one, &other]).await;

    other.answer(|_| Reply::success().after(Duration::from_secs(60)));
    publish(&first, &entries("orphan", 100)).await;
    eventually("a delivery in flight at the second", async || {
        (!texts(&[&other], "orphan").is_empty()).then_some(())
    })
    .await;
    second.sidecar.kill();
    all_came(&[&one], "orphan", 100).await;
    assert_eq!(partitions(&one, "orphan").len(), 4);
}

/// An instance whose application is unwell leaves its partitions to the others.
pub(crate) async fn an_instance_without_its_application_hands_over(bus: &impl Bus) {
    let scenario = Scenario::new(bus, &[("a", 4)]).await;
    scenario.subscribe_raw(&["a"]);
    let (one, mut other) = (Application::started().await, Application::started().await);
    let flags =
        ["--enable-app-health-check", "--app-health-probe-interval=1", "--app-health-threshold=1"];
    let first = scenario.start_with("app", &one, &flags).await;
    let _second = scenario.start_with("app", &other, &flags).await;
    until_all_take_part(&first, &[&one, &other]).await;
    other.stop().await;
    publish(&first, &entries("for the first", 100)).await;
    all_came(&[&one], "for the first", 100).await;
    assert_eq!(partitions(&one, "for the first").len(), 4);
}
