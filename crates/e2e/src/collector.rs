//! A collector of traces: it takes what OTLP over HTTP brings, and keeps the spans.

use std::{
    collections::BTreeMap,
    fmt::Write,
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use actix_web::{App, HttpResponse, HttpServer, dev::ServerHandle, web};
use opentelemetry_proto::tonic::{
    collector::trace::v1::{ExportTraceServiceRequest, ExportTraceServiceResponse},
    common::v1::{AnyValue, KeyValue, any_value::Value},
    trace::v1::{Span, span::SpanKind},
};
use prost::Message;

/// The largest batch of spans that is taken, in bytes.
const MAX_BATCH_BYTES: usize = 16 * 1024 * 1024;
const SERVICE_NAME: &str = "service.name";
const PROTOBUF: &str = "application/x-protobuf";

/// A span that ended and was exported.
#[derive(Clone, Debug)]
pub struct ExportedSpan {
    /// Whose it is: `service.name`.
    pub service: String,
    /// Its name.
    pub name: String,
    /// Its trace's id, in hexadecimal.
    pub trace_id: String,
    /// Its own.
    pub span_id: String,
    /// Its parent's; empty for a root.
    pub parent_id: String,
    /// What part of a call it is.
    pub kind: SpanKind,
    /// What it says of itself.
    pub attributes: BTreeMap<String, String>,
}

impl ExportedSpan {
    /// An attribute, as text.
    #[must_use]
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.get(name).map(String::as_str)
    }
}

/// The collector.
#[derive(Debug)]
pub struct Collector {
    address: SocketAddr,
    spans: Arc<Mutex<Vec<ExportedSpan>>>,
    server: ServerHandle,
}

impl Collector {
    /// Starts it on a free port.
    ///
    /// # Panics
    /// When no port is free.
    #[must_use]
    pub fn start() -> Self {
        let spans: Arc<Mutex<Vec<ExportedSpan>>> = Arc::default();
        let seen = web::Data::from(spans.clone());
        let server = HttpServer::new(move || {
            App::new()
                .app_data(seen.clone())
                .app_data(web::PayloadConfig::new(MAX_BATCH_BYTES))
                .route("/v1/traces", web::post().to(take))
        })
        .workers(1)
        .disable_signals()
        .bind("127.0.0.1:0")
        .expect("a free port");
        let address = server.addrs()[0];
        let server = server.run();
        let handle = server.handle();
        tokio::spawn(server);
        Self { address, spans, server: handle }
    }

    /// What `OTEL_EXPORTER_OTLP_ENDPOINT` is to be.
    #[must_use]
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The spans of a trace that came so far.
    ///
    /// # Panics
    /// Never.
    #[must_use]
    pub fn trace(&self, trace_id: &str) -> Vec<ExportedSpan> {
        let mut spans = self.spans.lock().expect("no thread panicked").clone();
        spans.retain(|span| span.trace_id == trace_id);
        spans
    }

    /// Stops it.
    pub async fn stop(self) {
        self.server.stop(false).await;
    }
}

async fn take(body: web::Bytes, seen: web::Data<Mutex<Vec<ExportedSpan>>>) -> HttpResponse {
    let Ok(request) = ExportTraceServiceRequest::decode(body) else {
        return HttpResponse::BadRequest().finish();
    };
    let mut seen = seen.lock().expect("no thread panicked");
    for of_resource in request.resource_spans {
        let resource = of_resource.resource.unwrap_or_default();
        let service = attributes(resource.attributes).remove(SERVICE_NAME).unwrap_or_default();
        let spans = of_resource.scope_spans.into_iter().flat_map(|scope| scope.spans);
        seen.extend(spans.map(|span| exported(&service, span)));
    }
    let answer = ExportTraceServiceResponse::default().encode_to_vec();
    HttpResponse::Ok().content_type(PROTOBUF).body(answer)
}

fn exported(service: &str, span: Span) -> ExportedSpan {
    ExportedSpan {
        service: service.to_owned(),
        trace_id: hexadecimal(&span.trace_id),
        span_id: hexadecimal(&span.span_id),
        parent_id: hexadecimal(&span.parent_span_id),
        kind: span.kind(),
        name: span.name,
        attributes: attributes(span.attributes),
    }
}

fn attributes(list: Vec<KeyValue>) -> BTreeMap<String, String> {
    list.into_iter().map(|pair| (pair.key, pair.value.map(text).unwrap_or_default())).collect()
}

fn text(value: AnyValue) -> String {
    match value.value {
        Some(Value::StringValue(text)) => text,
        Some(Value::IntValue(number)) => number.to_string(),
        Some(Value::BoolValue(is)) => is.to_string(),
        other => format!("{other:?}"),
    }
}

/// Bytes as ids and digests are written.
#[must_use]
pub fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _infallible = write!(text, "{byte:02x}");
        text
    })
}
