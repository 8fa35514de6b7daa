use bytes::Bytes;
use secrecy::SecretString;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::*;
use crate::error::Scope;
use crate::stand_in::{Scripted, StandIn, nobody, silence};

const EVENT: &str = r#"{ "specversion":"1.0", "id":"e1", "data":{"n":1.50} }"#;
const TRACEPARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

fn message() -> Message {
    Message {
        body: Bytes::from_static(EVENT.as_bytes()),
        partition_key: "7c9e6679-7425-40de-944b-e07fc1f90ae7".to_owned(),
        traceparent: Some(TRACEPARENT.to_owned()),
    }
}

/// The call's result, well before a test run would be given up.
async fn soon<T>(call: impl Future<Output = T>) -> T {
    let deadline = Duration::from_secs(20);
    tokio::time::timeout(deadline, call).await.expect("the call ends by itself")
}

async fn publish_against(status: u16, body: &str) -> PublishError {
    let stand_in = StandIn::answering(status, body);
    let result = stand_in.sidecar().publish("kafka-pubsub", "task-events", &message()).await;
    assert_eq!(stand_in.seen().len(), 1, "nothing is sent twice");
    result.unwrap_err()
}

fn dapr_error(code: &str, message: &str) -> String {
    format!(r#"{{"errorCode":"{code}","message":"{message}","details":[{{"@type":"x"}}]}}"#)
}

#[actix_web::test]
async fn a_message_arrives_exactly_as_the_api_asks() {
    let stand_in = StandIn::answering(204, "");
    stand_in.sidecar().publish("kafka-pubsub", "task-events", &message()).await.unwrap();
    let seen = stand_in.only_request();
    assert_eq!(seen.method, "POST");
    assert_eq!(
        seen.target,
        "/v1.0/publish/kafka-pubsub/task-events\
         ?metadata.partitionKey=7c9e6679-7425-40de-944b-e07fc1f90ae7"
    );
    assert_eq!(seen.header("content-type"), Some("application/cloudevents+json"));
    assert_eq!(seen.header("traceparent"), Some(TRACEPARENT));
    assert_eq!(seen.header("dapr-api-token"), None);
    assert_eq!(seen.body, EVENT, "the event is not rewritten");
}

#[actix_web::test]
async fn without_a_trace_there_is_no_trace_header() {
    let stand_in = StandIn::answering(204, "");
    let message = Message { traceparent: None, ..message() };
    stand_in.sidecar().publish("p", "t", &message).await.unwrap();
    assert_eq!(stand_in.only_request().header("traceparent"), None);
}

#[actix_web::test]
async fn names_and_keys_cannot_leave_their_place_in_the_address() {
    let stand_in = StandIn::answering(204, "");
    let message = Message { partition_key: "a&metadata.rawPayload=true#".to_owned(), ..message() };
    stand_in.sidecar().publish("a/b", "c?d", &message).await.unwrap();
    assert_eq!(
        stand_in.only_request().target,
        "/v1.0/publish/a%2Fb/c%3Fd?metadata.partitionKey=a%26metadata.rawPayload%3Dtrue%23"
    );
}

#[actix_web::test]
async fn the_api_token_and_the_path_of_the_endpoint_are_sent_with_every_call() {
    let stand_in = StandIn::answering(204, "");
    let mut settings = stand_in.settings();
    settings.api_token = Some(SecretString::from("out-1"));
    settings.endpoint.set_path("/dapr/");
    let sidecar = Sidecar::new(&settings).unwrap();
    sidecar.publish("p", "t", &message()).await.unwrap();
    sidecar.publish_bulk("p", "t", &[message()]).await.unwrap();
    assert!(sidecar.outbound_ready().await);
    let seen = stand_in.seen();
    assert_eq!(seen.len(), 3);
    for request in seen {
        assert_eq!(request.header("dapr-api-token"), Some("out-1"));
        assert!(request.target.starts_with("/dapr/v1.0"), "{}", request.target);
    }
    assert!(!format!("{sidecar:?}").contains("out-1"));
}

#[actix_web::test]
async fn each_status_is_its_own_error_and_says_what_must_wait() {
    type Check = fn(&PublishError) -> bool;
    let cases: [(u16, &str, Scope, bool, Check); 12] = [
        (400, "ERR_PUBSUB_EVENTS_SER", Scope::Message, false, |error| {
            matches!(error, PublishError::BadRequest { .. })
        }),
        (413, "Request Entity Too Large", Scope::Message, false, |error| {
            matches!(error, PublishError::BadRequest { .. })
        }),
        (400, "ERR_PUBSUB_NOT_CONFIGURED", Scope::Topic, false, |error| {
            matches!(error, PublishError::NotFound { .. })
        }),
        (400, "ERR_PUBSUB_NOT_FOUND", Scope::Topic, false, |error| {
            matches!(error, PublishError::NotFound { .. })
        }),
        (401, "", Scope::Sidecar, false, |error| matches!(error, PublishError::Unauthorized)),
        (403, "ERR_PUBSUB_FORBIDDEN", Scope::Topic, false, |error| {
            matches!(error, PublishError::Forbidden { .. })
        }),
        (404, "ERR_PUBSUB_NOT_FOUND", Scope::Topic, false, |error| {
            matches!(error, PublishError::NotFound { .. })
        }),
        (500, "ERR_PUBSUB_PUBLISH_MESSAGE", Scope::Sidecar, true, |error| {
            matches!(error, PublishError::Unavailable { status: 500, .. })
        }),
        (500, "ERR_PUBSUB_CLOUD_EVENTS_SER", Scope::Message, false, |error| {
            matches!(error, PublishError::InvalidEvent { .. })
        }),
        (503, "ERR_HEALTH", Scope::Sidecar, true, |error| {
            matches!(error, PublishError::Unavailable { status: 503, .. })
        }),
        (418, "ERR_TEA", Scope::Sidecar, false, |error| {
            matches!(error, PublishError::Unexpected { status: 418, .. })
        }),
        (429, "ERR_RATE", Scope::Sidecar, false, |error| {
            matches!(error, PublishError::Unexpected { status: 429, .. })
        }),
    ];
    for (status, code, scope, transient, is_expected) in cases {
        let error = publish_against(status, &dapr_error(code, "the words")).await;
        assert!(is_expected(&error), "{status} {code}: {error:?}");
        assert_eq!(error.scope(), scope, "{status} {code}");
        assert_eq!(error.is_transient(), transient, "{status} {code}");
        if status != 401 {
            let words = format!("{code}: the words");
            assert!(error.to_string().contains(&words), "{error}");
        }
    }
}

#[actix_web::test]
async fn an_answer_that_dapr_would_not_give_is_no_success() {
    for status in [200, 201, 202, 302] {
        let error = publish_against(status, "<html>It works!</html>").await;
        assert!(
            matches!(&error, PublishError::Unexpected { status: given, message }
                if *given == status && message == "<html>It works!</html>"),
            "{error:?}"
        );
        assert_eq!(error.scope(), Scope::Sidecar);
    }
}

#[actix_web::test]
async fn a_redirect_is_not_followed() {
    let stand_in = StandIn::playing(Scripted {
        status: 307,
        headers: vec![("location", "/v1.0/publish/elsewhere/t".to_owned())],
        body: String::new(),
    });
    let error = stand_in.sidecar().publish("p", "t", &message()).await.unwrap_err();
    assert!(matches!(error, PublishError::Unexpected { status: 307, .. }));
    stand_in.only_request();
}

#[actix_web::test]
async fn an_error_body_of_any_shape_gives_its_words() {
    for (body, words) in [
        ("404 page not found\n", "404 page not found"),
        (r#"{"errorCode":"ERR_X"}"#, "ERR_X"),
        (r#"{"message":"only words"}"#, "only words"),
        (r#"{"errorCode":7,"message":[]}"#, r#"{"errorCode":7,"message":[]}"#),
        (r#"{}"#, "{}"),
        ("two\r\nlines", "two  lines"),
        ("", ""),
    ] {
        match publish_against(404, body).await {
            PublishError::NotFound { message } => assert_eq!(message, words),
            other => panic!("{other:?}"),
        }
    }
}

#[actix_web::test]
async fn a_long_error_text_is_cut_between_characters() {
    match publish_against(500, &"ü".repeat(6 * 1024 * 1024)).await {
        PublishError::Unavailable { message, .. } => assert_eq!(message, "ü".repeat(500)),
        other => panic!("{other:?}"),
    }
}

#[actix_web::test]
async fn an_event_that_would_harm_others_is_never_sent() {
    let stand_in = StandIn::answering(204, "");
    let bad = Message { body: Bytes::from_static(br#"{"traceid":7}"#), ..message() };
    let error = stand_in.sidecar().publish("p", "t", &bad).await.unwrap_err();
    assert!(matches!(error, PublishError::InvalidEvent { .. }));
    assert!(stand_in.seen().is_empty());
}

#[actix_web::test]
async fn a_sidecar_that_is_away_is_refused() {
    let error = nobody().publish("p", "t", &message()).await.unwrap_err();
    assert!(matches!(error, PublishError::Refused(_)), "{error:?}");
    assert_eq!(error.scope(), Scope::Sidecar);
    assert!(error.is_transient());
    let cause = std::error::Error::source(&error).unwrap().to_string();
    assert!(!cause.contains("127.0.0.1"), "the cause names no address: {cause}");
}

#[actix_web::test]
async fn a_sidecar_that_never_answers_is_timed_out() {
    let (sidecar, _listener) = silence().await;
    let one = message();
    let error = soon(sidecar.publish("p", "t", &one)).await.unwrap_err();
    assert!(matches!(error, PublishError::TimedOut(_)), "{error:?}");
    assert_eq!(error.scope(), Scope::Sidecar);
    let error = soon(sidecar.publish_bulk("p", "t", &[one])).await.unwrap_err();
    assert!(matches!(error, PublishError::TimedOut(_)), "{error:?}");
}

#[actix_web::test]
async fn an_answer_that_stops_in_its_middle_is_timed_out_too() {
    let (sidecar, listener) = silence().await;
    let half_an_answer = async {
        let (mut socket, _) = listener.accept().await.unwrap();
        assert!(socket.read(&mut [0; 16]).await.unwrap() > 0);
        let head = b"HTTP/1.1 500 Internal Server Error\r\ncontent-length: 100\r\n\r\nhalf";
        socket.write_all(head).await.unwrap();
        std::future::pending::<()>().await;
    };
    let message = message();
    tokio::select! {
        () = half_an_answer => unreachable!(),
        result = soon(sidecar.publish("p", "t", &message)) => {
            assert!(matches!(result, Err(PublishError::TimedOut(_))), "{result:?}");
        }
    }
}

#[actix_web::test]
async fn a_connection_that_breaks_is_a_transport_error() {
    let (sidecar, listener) = silence().await;
    let hang_up = async {
        loop {
            drop(listener.accept().await.unwrap());
        }
    };
    let message = message();
    tokio::select! {
        () = hang_up => unreachable!(),
        result = soon(sidecar.publish("p", "t", &message)) => {
            let error = result.unwrap_err();
            assert!(matches!(error, PublishError::Transport(_)), "{error:?}");
            assert_eq!(error.scope(), Scope::Sidecar);
        }
    }
}

#[actix_web::test]
async fn what_is_no_http_is_a_transport_error() {
    let (sidecar, listener) = silence().await;
    let babble = async {
        loop {
            let (mut socket, _) = listener.accept().await.unwrap();
            assert!(socket.read(&mut [0; 16]).await.unwrap() > 0);
            socket.write_all(b"220 mail.test ESMTP\r\n").await.unwrap();
        }
    };
    let message = message();
    tokio::select! {
        () = babble => unreachable!(),
        result = soon(sidecar.publish("p", "t", &message)) => {
            assert!(matches!(result, Err(PublishError::Transport(_))), "{result:?}");
        }
    }
}

#[test]
fn a_token_that_is_no_header_is_refused_at_the_start() {
    let mut settings = SidecarSettings::at(Url::parse("http://127.0.0.1:1").unwrap());
    settings.api_token = Some(SecretString::from("line\nend"));
    let error = Sidecar::new(&settings).unwrap_err();
    assert!(error.to_string().starts_with("DAPR_API_TOKEN"));
}
