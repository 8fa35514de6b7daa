//! One trace from the request to the webhook, through both services and the bus between them, as a real
//! collector gets it.

use e2e::{Collector, ExportedSpan, Options, Person, Run, Sink, Stack, in_seconds};
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use serde_json::json;
use testing::{eventually, skipped};
use tokio::{io::AsyncReadExt, net::TcpListener};
use uuid::Uuid;

use crate::story::{Acknowledged, all_notified};

const CHAT_API: &str = "chat-api";
const WORKER: &str = "reminder-worker";
/// What a person writes, and no trace may have.
const TITLE: &str = "Call Dr. Mallard about the results";
/// How often spans are exported, in milliseconds.
const EXPORT_INTERVAL_MS: &str = "200";
const CALLERS_SPAN: &str = "b7ad6b7169203331";

/// A trace that somebody else began.
struct Caller {
    trace_id: String,
}

impl Caller {
    fn new() -> Self {
        Self { trace_id: Uuid::new_v4().simple().to_string() }
    }

    async fn create_task(&self, person: &Person, seconds: i64) -> Acknowledged {
        let traceparent = format!("00-{}-{CALLERS_SPAN}-01", self.trace_id);
        let body = json!({ "title": TITLE, "due_date": in_seconds(seconds) });
        let answer = person.ask_with("/tasks", body, &[("traceparent", &traceparent)]).await;
        let answer = answer.expect("an answer");
        assert!(answer.status.is_success(), "{answer:?}");
        Acknowledged::of(&answer)
    }

    /// The span that has this name and parent.
    async fn span(
        &self,
        collector: &Collector,
        service: &str,
        name: &str,
        parent: &str,
    ) -> ExportedSpan {
        eventually(&format!("{service}'s span {name} below {parent}"), || async {
            collector.trace(&self.trace_id).into_iter().find(|span| {
                span.service == service && span.name == name && span.parent_id == parent
            })
        })
        .await
    }

    /// Follows the trace from the request to the webhook and back, each span the child of the one before.
    async fn follow(&self, collector: &Collector, sink: &Sink) {
        let request = self.span(collector, CHAT_API, "POST /api/v1/tasks", CALLERS_SPAN).await;
        assert_eq!(request.kind, SpanKind::Server);
        assert_attributes(
            &request,
            &[
                ("http.request.method", "POST"),
                ("http.route", "/api/v1/tasks"),
                ("http.response.status_code", "201"),
            ],
        );
        let published =
            self.span(collector, CHAT_API, "publish task-events", &request.span_id).await;
        assert_eq!(published.kind, SpanKind::Producer);
        assert_attributes(&published, &messaging("publish", "send", "task-events"));
        let received =
            self.span(collector, WORKER, "receive task-events", &published.span_id).await;
        assert_eq!(received.kind, SpanKind::Consumer);
        assert_attributes(&received, &messaging("receive", "process", "task-events"));
        let event_id = published.attribute("messaging.message.id");
        assert!(event_id.is_some() && event_id == received.attribute("messaging.message.id"));
        let fired = self.span(collector, WORKER, "fire", &received.span_id).await;
        let attempt = self.span(collector, WORKER, "POST", &fired.span_id).await;
        assert_eq!(attempt.kind, SpanKind::Client);
        assert_attributes(
            &attempt,
            &[("http.request.method", "POST"), ("http.response.status_code", "204")],
        );
        let notification = sink.got().pop().expect("a notification");
        let traceparent = format!("00-{}-{}-01", self.trace_id, attempt.span_id);
        assert_eq!(notification.traceparent.as_deref(), Some(traceparent.as_str()));
        // What the worker says of it comes back within the same trace.
        let told = self.span(collector, WORKER, "publish reminders", &fired.span_id).await;
        self.span(collector, CHAT_API, "receive reminders", &told.span_id).await;
        let spans = format!("{:?}", collector.trace(&self.trace_id));
        assert!(!spans.contains("Mallard") && !spans.contains("/hook"), "{spans}");
    }
}

fn messaging<'a>(name: &'a str, kind: &'a str, topic: &'a str) -> [(&'a str, &'a str); 4] {
    [
        ("messaging.system", "dapr"),
        ("messaging.operation.name", name),
        ("messaging.operation.type", kind),
        ("messaging.destination.name", topic),
    ]
}

fn assert_attributes(span: &ExportedSpan, expected: &[(&str, &str)]) {
    for (name, value) in expected {
        assert_eq!(span.attribute(name), Some(*value), "{name} of {span:?}");
    }
}

/// Starts the services anew, so that they export.
async fn export_to(stack: &mut Stack, endpoint: &str) {
    for instance in stack.chat_apis.iter_mut().chain(&mut stack.workers) {
        instance.service.set("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint);
        instance.service.set("OTEL_BSP_SCHEDULE_DELAY", EXPORT_INTERVAL_MS);
        // Whatever is logged.
        instance.service.set("RUST_LOG", "warn");
        instance.service.restart();
        instance.ready().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_trace_leads_from_a_request_to_its_webhook() {
    let mut stack = Stack::start(Options::default()).await;
    let (collector, sink) = (Collector::start(), Sink::start());
    export_to(&mut stack, &collector.endpoint()).await;
    let person = Person::register_with_webhook(stack.base(), &sink).await;
    let caller = Caller::new();
    let task = caller.create_task(&person, 2).await;
    all_notified(&sink, &[task]).await;
    caller.follow(&collector, &sink).await;
    sink.stop().await;
    stack.stop().await;
    collector.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_the_real_bus_too_one_trace_leads_from_a_request_to_its_webhook() {
    let Some(mut run) = Run::on_kafka() else { return skipped("needs daprd and Kafka") };
    let (collector, sink) = (Collector::start(), Sink::start());
    run.set("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.endpoint());
    run.set("OTEL_BSP_SCHEDULE_DELAY", EXPORT_INTERVAL_MS);
    run.start().await;
    let person = Person::register_with_webhook(&run.base(), &sink).await;
    let caller = Caller::new();
    let task = caller.create_task(&person, 5).await;
    all_notified(&sink, &[task]).await;
    caller.follow(&collector, &sink).await;
    assert_eq!(run.interrupt().await, Some(0));
    run.gone().await;
    sink.stop().await;
    collector.stop().await;
}

/// It takes every connection and answers nothing.
#[tokio::test(flavor = "multi_thread")]
async fn a_collector_that_hangs_holds_up_no_reminder_and_not_for_ever_the_end() {
    let mut stack = Stack::start(Options::default()).await;
    let sink = Sink::start();
    let hanging = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let endpoint = format!("http://{}", hanging.local_addr().expect("an address"));
    let (asked, mut was_asked) = tokio::sync::mpsc::unbounded_channel();
    let hanging = tokio::spawn(async move {
        let mut held = Vec::new();
        while let Ok((mut connection, _)) = hanging.accept().await {
            let mut head = [0; 16];
            if connection.read_exact(&mut head).await.is_ok() {
                let _nobody_waits = asked.send(head);
            }
            held.push(connection);
        }
    });
    export_to(&mut stack, &endpoint).await;
    let person = Person::register_with_webhook(stack.base(), &sink).await;
    let asked = was_asked.recv().await.expect("an export");
    assert!(asked.starts_with(b"POST /v1/traces"), "{asked:?}");
    let mut tasks = Vec::new();
    for _ in 0..20 {
        let answer = person.create_task(TITLE, &in_seconds(2)).await;
        tasks.push(Acknowledged::of(&answer));
    }
    all_notified(&sink, &tasks).await;
    for instance in stack.chat_apis.iter_mut().chain(&mut stack.workers) {
        instance.service.terminate();
        let ended = eventually("the service to end", || {
            let ended = instance.service.ended();
            async move { ended }
        });
        assert!(ended.await.success(), "{}", instance.service.log());
    }
    hanging.abort();
    sink.stop().await;
    stack.stop().await;
}

/// No collector listens there.
#[tokio::test(flavor = "multi_thread")]
async fn a_collector_that_is_away_costs_a_line_of_the_log() {
    let mut stack = Stack::start(Options::default()).await;
    let sink = Sink::start();
    export_to(&mut stack, &format!("http://{}", testing::free_port())).await;
    let person = Person::register_with_webhook(stack.base(), &sink).await;
    let task = Acknowledged::of(&person.create_task(TITLE, &in_seconds(2)).await);
    all_notified(&sink, &[task]).await;
    for instance in &stack.chat_apis {
        eventually("a warning", || async {
            let log = instance.service.log();
            log.lines().any(|line| line.contains("Export")).then_some(())
        })
        .await;
    }
    sink.stop().await;
    stack.stop().await;
}
