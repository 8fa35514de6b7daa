//! A broker that goes and comes back, under sidecars that stay.

use std::collections::BTreeSet;

use reqwest::StatusCode;

use crate::sidecar_support::{application::Application, bus::Bus, eventually, scenario::Scenario};

/// How many records are published before it goes, and how many after it has come back.
const RECORDS: usize = 20;

/// While it is away publishing is refused, and health still answers. What was acknowledged before and
/// after comes, each key's in its order, and the sidecar needs no restart.
pub(crate) async fn a_broker_that_comes_back_has_lost_nothing(bus: &impl Bus) {
    let scenario = Scenario::new(bus, &[("a", 3)]).await;
    scenario.subscribe_raw(&["a"]);
    let application = Application::started().await;
    let running = scenario.start("app", &application).await;
    let publish = async |text: &str| {
        let query = "metadata.rawPayload=true&metadata.partitionKey=k";
        let request = running.publication("a", query).body(text.to_owned());
        request.send().await.map_or(StatusCode::GATEWAY_TIMEOUT, |answer| answer.status())
    };
    for number in 0..RECORDS {
        running.publish_raw("a", "k", format!("before {number:02}")).await;
    }
    bus.stop_broker().await;
    let refused = publish("while it is away").await;
    assert!(refused.is_server_error(), "{refused}");
    assert_eq!(running.sidecar.health("/outbound").await, Some(StatusCode::NO_CONTENT));
    bus.start_broker().await;
    eventually("publishing", async || {
        (publish("the first").await == StatusCode::NO_CONTENT).then_some(())
    })
    .await;
    for number in 0..RECORDS {
        running.publish_raw("a", "k", format!("then {number:02}")).await;
    }
    let texts = eventually("all records", async || {
        let texts = application.texts();
        let different: BTreeSet<&String> = texts.iter().collect();
        let ours =
            different.iter().filter(|text| text.starts_with("before") || text.starts_with("then"));
        (ours.count() == 2 * RECORDS).then(|| texts.clone())
    })
    .await;
    // What is delivered again goes back to an earlier record and on from there.
    let mut seen = BTreeSet::new();
    let first_seen = texts.iter().filter(|text| seen.insert((*text).clone()));
    let ours = first_seen.filter(|text| text.starts_with("before") || text.starts_with("then"));
    assert!(ours.is_sorted(), "{texts:?}");
}
