//! What the services log, as a collector of logs reads it.

use e2e::{Instance, Options, Person, Sink, Stack, in_seconds};
use serde_json::Value;
use testing::eventually;

use crate::story::{Acknowledged, all_notified};

/// Every line of a service's log.
fn lines(instance: &Instance) -> Vec<Value> {
    let log = instance.service.log();
    // The last may be half written.
    let whole = log.rfind('\n').map_or("", |end| &log[..end]);
    let parse = |line| {
        serde_json::from_str(line).unwrap_or_else(|error| panic!("no JSON: {error}: {line}"))
    };
    whole.lines().map(parse).collect()
}

/// What a service logged of a request, or of what followed from it.
async fn of_request(instance: &Instance, correlation_id: &str, message: &str) -> Value {
    eventually(&format!("{message:?} to be logged"), || async {
        lines(instance)
            .into_iter()
            .find(|line| line["correlation_id"] == correlation_id && line["message"] == message)
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn every_line_is_json_and_both_services_name_the_request_that_it_follows_from() {
    let mut stack = Stack::start(Options::default()).await;
    let sink = Sink::start();
    for instance in stack.chat_apis.iter_mut().chain(&mut stack.workers) {
        instance.service.kill();
        instance.service.forget_log();
        instance.service.set("LOG_FORMAT", "json");
        instance.service.start();
        instance.ready().await;
    }
    let person = Person::register_with_webhook(stack.base(), &sink).await;
    let answer = person.create_task("Said in the log by its id only", &in_seconds(1)).await;
    all_notified(&sink, &[Acknowledged::of(&answer)]).await;
    let correlation_id = answer.correlation_id.to_string();
    let (chat_api, worker) = (&stack.chat_apis[0], &stack.workers[0]);

    let answered = of_request(chat_api, &correlation_id, "answered").await;
    assert_eq!(answered["http.route"], "/api/v1/tasks");
    assert_eq!(answered["http.response.status_code"], 201);
    assert_eq!(answered["span"], "request");
    let trace_id = &answered["trace_id"];
    assert!(trace_id.as_str().is_some_and(|id| id.len() == 32), "{answered}");
    for message in ["received", "a reminder fired", "delivered"] {
        let line = of_request(worker, &correlation_id, message).await;
        assert_eq!(&line["trace_id"], trace_id, "{line}");
        assert_ne!(line["span_id"], answered["span_id"], "{line}");
    }
    let told = of_request(chat_api, &correlation_id, "received").await;
    assert_eq!(&told["trace_id"], trace_id, "{told}");

    for line in lines(chat_api).into_iter().chain(lines(worker)) {
        for field in ["timestamp", "level", "target", "message"] {
            assert!(line[field].is_string(), "{field} of {line}");
        }
        assert!(!line.to_string().contains("Said in the log"), "{line}");
        let fields = line.as_object().expect("an object");
        assert!(!fields.keys().any(|name| name.starts_with("otel.")), "{line}");
    }
    sink.stop().await;
    stack.stop().await;
}
