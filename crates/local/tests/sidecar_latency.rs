//! How soon a record reaches another process. Alone in its file, so that no other test of this
//! crate runs at the same time.

mod sidecar_support;

use std::time::Duration;

use sidecar_support::{application::Application, local_bus::LocalBus, scenario::Scenario};
use tokio::time::Instant;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_process_is_woken_before_it_polls() {
    let bus = LocalBus::create().await;
    let scenario = Scenario::new(&bus, &[("a", 3)]).await;
    scenario.subscribe_raw(&["a"]);
    let application = Application::started().await;
    let _reader = scenario.start("reader", &application).await;
    let writer = scenario.start("writer", &Application::new()).await;
    writer.publish_raw("a", "k", "warm-up").await;
    application.receives(1).await;
    let mut waits = Vec::new();
    for n in 0..30 {
        let published = Instant::now();
        writer.publish_raw("a", "k", n.to_string()).await;
        application.receives(n + 2).await;
        waits.push(published.elapsed());
    }
    waits.sort();
    let median = waits[waits.len() / 2];
    println!("publish to delivery, in another process: median {median:?}, longest {:?}", waits[29]);
    // A poll alone would take more than 125 ms in the middle.
    assert!(median < Duration::from_millis(90), "{waits:?}");
}
