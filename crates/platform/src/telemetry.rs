//! Logs and traces.
//!
//! Logs go to stderr, one line each, never with what a person wrote. Spans have W3C ids whether or
//! not anybody collects them, so that an event can carry its request's context; they are exported
//! by OTLP where `OTEL_EXPORTER_OTLP_ENDPOINT` is set.
//!
//! Nobody waits for the collector: spans that end are queued, the queue is bounded and drops what does
//! not fit, and a thread of its own sends them. A collector that is away costs a warning now and then.

mod json;

use std::io::IsTerminal;

use clap::ValueEnum;
use opentelemetry::{
    Context,
    trace::{
        SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState, TracerProvider,
    },
};
use opentelemetry_sdk::{Resource, trace::SdkTracerProvider};
use tracing::{Level, Span};
use tracing_opentelemetry::OpenTelemetrySpanExt;
use tracing_subscriber::{
    EnvFilter, Layer, filter::filter_fn, fmt::format::JsonFields, layer::SubscriberExt,
    util::SubscriberInitExt,
};

const OTLP_ENDPOINT: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";
const DEFAULT_FILTER: &str = "info,actix_server=warn,sqlx=warn";

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// A JSON object a line, for a collector.
    Json,
    /// For a person.
    Text,
}

/// Telemetry could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The OTLP exporter can't be built from its environment.
    #[error("the OTLP exporter can't be set up from {OTLP_ENDPOINT}")]
    Exporter(#[from] opentelemetry_otlp::ExporterBuildError),
    /// Somebody set up logging before.
    #[error("telemetry is set up already")]
    Twice(#[from] tracing_subscriber::util::TryInitError),
}

/// Telemetry of a process; what is not yet exported goes out with [`flush`](Self::flush).
#[derive(Debug)]
#[must_use = "spans are lost unless it is flushed"]
pub struct Telemetry {
    provider: SdkTracerProvider,
}

impl Telemetry {
    /// Sets up logs and traces for the whole process.
    ///
    /// # Errors
    /// [`TelemetryError`] when called twice or with an unusable exporter.
    pub fn init(service: &'static str, format: LogFormat) -> Result<Self, TelemetryError> {
        let resource = Resource::builder().with_service_name(service).build();
        let mut provider = SdkTracerProvider::builder().with_resource(resource);
        if std::env::var_os(OTLP_ENDPOINT).is_some() {
            let exporter = opentelemetry_otlp::SpanExporter::builder().with_http().build()?;
            provider = provider.with_batch_exporter(exporter);
        }
        let provider = provider.build();
        // Whatever is logged: to hear only warnings breaks no trace. What is logged stays out of it.
        let traced = filter_fn(|metadata| metadata.is_span() && *metadata.level() <= Level::INFO)
            .with_max_level_hint(Level::INFO);
        let traces = tracing_opentelemetry::layer()
            .with_tracer(provider.tracer(service))
            .with_location(false)
            .with_threads(false)
            .with_filter(traced);
        let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| DEFAULT_FILTER.into());
        let lines = tracing_subscriber::fmt::layer()
            .with_writer(std::io::stderr)
            .with_ansi(std::io::stderr().is_terminal());
        let lines = match format {
            LogFormat::Json => {
                lines.fmt_fields(JsonFields::new()).event_format(json::JsonLines).boxed()
            }
            LogFormat::Text => lines.compact().with_target(false).boxed(),
        };
        tracing_subscriber::registry().with(lines.with_filter(filter)).with(traces).try_init()?;
        Ok(Self { provider })
    }

    /// Exports what is left; for the end of `main`.
    pub fn flush(self) {
        if let Err(error) = self.provider.shutdown() {
            tracing::debug!(error = &error as &dyn std::error::Error, "spans were left unexported");
        }
    }
}

/// The W3C `traceparent` of the current span: `00-{trace id}-{span id}-{flags}`; none outside of
/// any span.
#[must_use]
pub fn current_traceparent() -> Option<String> {
    traceparent(&Span::current())
}

/// The W3C `traceparent` of a span; none where nobody records it.
#[must_use]
pub fn traceparent(span: &Span) -> Option<String> {
    let context = span.context();
    let span = context.span().span_context().clone();
    span.is_valid().then(|| {
        format!("00-{}-{}-{:02x}", span.trace_id(), span.span_id(), span.trace_flags().to_u8())
    })
}

/// Names a span in its trace, where only its end tells how it is called.
pub fn rename(span: &Span, name: String) {
    span.context().span().update_name(name);
}

/// Makes a span the child of a remote one, named by its `traceparent`; leaves it as it is where
/// that is malformed.
pub fn continue_trace(span: &Span, traceparent: &str) {
    if let Some(parent) = parse_traceparent(traceparent) {
        let context = Context::new().with_remote_span_context(parent);
        // A span that nobody records has no parent to set.
        let _unrecorded = span.set_parent(context);
    }
}

fn parse_traceparent(text: &str) -> Option<SpanContext> {
    let mut parts = text.split('-');
    let (version, trace, span, flags) =
        (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    if version.len() != 2 || trace.len() != 32 || span.len() != 16 || flags.len() != 2 {
        return None;
    }
    let context = SpanContext::new(
        TraceId::from_hex(trace).ok()?,
        SpanId::from_hex(span).ok()?,
        TraceFlags::new(u8::from_str_radix(flags, 16).ok()?),
        true,
        TraceState::default(),
    );
    context.is_valid().then_some(context)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_malformed_traceparent_is_no_parent() {
        for text in [
            "",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",
            "00-00000000000000000000000000000000-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b716920333-01",
            "00-zaf7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        ] {
            assert!(parse_traceparent(text).is_none(), "{text}");
        }
        let valid = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        assert!(parse_traceparent(valid).is_some());
    }
}
