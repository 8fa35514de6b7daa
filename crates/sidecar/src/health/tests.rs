use super::*;
use crate::stand_in::{StandIn, nobody, silence};

#[actix_web::test]
async fn only_the_outbound_204_is_ready() {
    let stand_in = StandIn::answering(204, "");
    assert!(stand_in.sidecar().outbound_ready().await);
    let seen = stand_in.only_request();
    assert_eq!((seen.method.as_str(), seen.target.as_str()), ("GET", "/v1.0/healthz/outbound"));
    for status in [200, 401, 404, 500] {
        assert!(!StandIn::answering(status, "").sidecar().outbound_ready().await, "{status}");
    }
    assert!(!nobody().outbound_ready().await);
    assert!(!silence().await.0.outbound_ready().await);
}

#[actix_web::test]
async fn metadata_tells_the_app_the_version_and_the_topics() {
    let body = r#"{"id":"chat-api","runtimeVersion":"1.14.0","enabledFeatures":["a"],
        "components":[{"name":"kafka-pubsub","type":"pubsub.kafka","version":"v1"}],
        "extended":{"appCommand":"chat-api","daprRuntimeVersion":"0.0.0"},
        "subscriptions":[{"pubsubname":"kafka-pubsub","topic":"reminders",
            "rules":[{"path":"/events"}],"deadLetterTopic":"","type":"DECLARATIVE"}],
        "appConnectionProperties":{"port":8081},"actorRuntime":{"hostReady":false}}"#;
    let stand_in = StandIn::answering(200, body);
    let metadata = stand_in.sidecar().metadata().await.unwrap();
    assert_eq!(stand_in.only_request().target, "/v1.0/metadata");
    assert_eq!(metadata.app_id, "chat-api");
    assert_eq!(metadata.runtime_version.as_deref(), Some("1.14.0"));
    assert!(metadata.subscribes_to("kafka-pubsub", "reminders"));
    assert!(!metadata.subscribes_to("kafka-pubsub", "receipts"));
    assert!(!metadata.subscribes_to("other", "reminders"));
}

#[actix_web::test]
async fn metadata_of_an_older_sidecar_without_subscriptions_is_read() {
    let body = r#"{"id":"x","extended":{"daprRuntimeVersion":"1.9.5"},"subscriptions":null}"#;
    let metadata = StandIn::answering(200, body).sidecar().metadata().await.unwrap();
    assert_eq!(metadata.runtime_version.as_deref(), Some("1.9.5"));
    assert!(metadata.subscriptions.is_empty());
}

#[actix_web::test]
async fn metadata_of_another_shape_or_status_is_a_typed_error() {
    for body in ["", "{}", "<html>", r#"{"id":7}"#] {
        let error = StandIn::answering(200, body).sidecar().metadata().await.unwrap_err();
        assert!(matches!(error, PublishError::Unexpected { status: 200, .. }), "{error:?}");
    }
    let error = StandIn::answering(401, "invalid api token").sidecar().metadata().await;
    assert!(matches!(error, Err(PublishError::Unauthorized)));
    assert!(matches!(nobody().metadata().await, Err(PublishError::Refused(_))));
}
