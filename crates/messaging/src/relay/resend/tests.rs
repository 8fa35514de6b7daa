use events::Service;
use platform::settings::EventBus;
use sidecar::{Sidecar, SidecarSettings};
use testing::TestDatabase;

use super::*;
use crate::{Outbox, RelaySettings};

#[test]
fn one_row_a_second_may_always_be_sent_again_and_a_hundredth_of_much_traffic() {
    let began = Instant::now();
    let mut traffic = Traffic::new(began);
    assert_eq!(traffic.allowance(began), 1);
    traffic.count(60_000);
    let after_a_minute = began + Duration::from_secs(WINDOW_SECS);
    assert_eq!(traffic.allowance(after_a_minute), 10);
    let after_a_quiet_minute = after_a_minute + Duration::from_secs(WINDOW_SECS);
    assert_eq!(traffic.allowance(after_a_quiet_minute), 1);
}

#[tokio::test]
async fn a_probe_is_one_row_however_much_traffic_there_was_and_none_where_nothing_is_overdue() {
    let database = TestDatabase::create().await;
    let pool = database.pool(4);
    crate::migrate(&pool).await.unwrap();
    let nobody = SidecarSettings::at("http://127.0.0.1:9".parse().unwrap());
    let relay = Relay::new(
        pool.clone(),
        Outbox::new(Service::ChatApi, EventBus::Dapr),
        Sidecar::new(&nobody).unwrap(),
        RelaySettings::new("kafka-pubsub".to_owned()),
    );
    let mut leading = Leading::new(1);
    leading.traffic.rows_per_sec = 5000.0;
    assert_eq!(relay.allowance(&mut leading).await.unwrap(), 0, "nothing is overdue");
    crate::store::tests::lease(&pool, 1).await;
    crate::store::tests::insert_published(&pool, 300, "messaging.clock()").await;
    assert_eq!(relay.allowance(&mut leading).await.unwrap(), 1, "a probe");
    assert_eq!(relay.allowance(&mut leading).await.unwrap(), 0, "the next is not due");
    store::relay_state::receipt_came(&mut pool.acquire().await.unwrap()).await.unwrap();
    assert_eq!(relay.allowance(&mut leading).await.unwrap(), 50, "a hundredth of the traffic");
    pool.close().await;
    database.drop().await;
}
