//! A broker of one's own, and another's at its port.

use std::path::PathBuf;

use local::kafka::{Broker, BrokerOptions, KafkaStartError, Libraries};
use testing::skipped;

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_answers_in_its_place_is_not_taken_for_it() {
    let Some(libraries) = std::env::var_os("KAFKA_LIBS").map(PathBuf::from) else {
        return skipped("needs Kafka");
    };
    let folder = tempfile::tempdir().unwrap();
    let options = |name: &str, port| BrokerOptions {
        folder: folder.path().join(name),
        libraries: Libraries::find(Some(&libraries)).unwrap(),
        port,
        record: None,
    };
    let first = Broker::start(options("first", None)).await.unwrap();
    let taken = Some(first.address().port());
    let second = Broker::start(options("second", taken)).await;
    assert!(
        matches!(&second, Err(KafkaStartError::Ended { output, .. }) if output.contains("in use")),
        "{second:?}"
    );
    // Where none is asked for, there is room for both.
    let third = Broker::start(options("third", None)).await.unwrap();
    assert_ne!(third.address(), first.address());
    third.kill().await;
    first.kill().await;
}
