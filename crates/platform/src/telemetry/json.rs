//! A log line as one flat JSON object.
//!
//! `timestamp`, `level`, `target` and `message` come first; then the event's own fields, and those of the
//! spans around it, the innermost first, so that a line has the `correlation_id` of its request by itself.
//! `trace_id` and `span_id` are those of the innermost span, as a collector has them.

use std::{error::Error, fmt};

use opentelemetry::trace::TraceContextExt;
use serde::Serialize;
use serde_json::{Map, Value};
use tracing::{
    Event, Subscriber,
    field::{Field, Visit},
    span::Id,
};
use tracing_subscriber::{
    fmt::{
        FmtContext, FormatEvent, FormatFields, FormattedFields,
        format::Writer,
        time::{FormatTime, SystemTime},
    },
    registry::LookupSpan,
};

/// Fields that steer the exporter and say nothing.
const STEERING: &str = "otel.";
/// What the bridge from the `log` crate adds.
const LOG_BRIDGE: &str = "log.";

#[derive(Debug)]
pub(super) struct JsonLines;

#[derive(Serialize)]
struct Line<'e> {
    timestamp: String,
    level: &'e str,
    target: &'e str,
    message: Value,
    #[serde(flatten)]
    fields: Map<String, Value>,
}

impl<S, N> FormatEvent<S, N> for JsonLines
where
    S: Subscriber + for<'s> LookupSpan<'s>,
    N: for<'w> FormatFields<'w> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut timestamp = String::new();
        SystemTime.format_time(&mut Writer::new(&mut timestamp))?;
        let mut own = Own::default();
        event.record(&mut own);
        let mut fields = own.fields;
        for span in context.event_scope().into_iter().flatten() {
            fields.entry("span").or_insert_with(|| span.name().into());
            let extensions = span.extensions();
            let Some(of_span) = extensions.get::<FormattedFields<N>>() else { continue };
            // Written by `JsonFields`; a span without fields has none.
            let of_span: Map<String, Value> = serde_json::from_str(of_span).unwrap_or_default();
            for (name, value) in of_span {
                if !name.starts_with(STEERING) {
                    fields.entry(name).or_insert(value);
                }
            }
        }
        // The spans' extensions are free again: asking for the context locks them.
        if let Some(span) = context.event_scope().and_then(|mut scope| scope.next()) {
            add_trace(&mut fields, &span.id());
        }
        let line = Line {
            timestamp,
            level: event.metadata().level().as_str(),
            target: own.target.as_deref().unwrap_or(event.metadata().target()),
            message: own.message,
            fields,
        };
        let line = serde_json::to_string(&line).map_err(|_| fmt::Error)?;
        writeln!(writer, "{line}")
    }
}

fn add_trace(fields: &mut Map<String, Value>, span: &Id) {
    let context = tracing::dispatcher::get_default(|dispatch| {
        tracing_opentelemetry::get_otel_context(span, dispatch)
    });
    let Some(context) = context else { return };
    let span = context.span().span_context().clone();
    if span.is_valid() {
        fields.insert("trace_id".to_owned(), span.trace_id().to_string().into());
        fields.insert("span_id".to_owned(), span.span_id().to_string().into());
    }
}

/// An event's own fields.
#[derive(Default)]
struct Own {
    message: Value,
    /// Where the `log` crate was used.
    target: Option<String>,
    fields: Map<String, Value>,
}

impl Own {
    fn add(&mut self, field: &Field, value: Value) {
        match field.name() {
            "message" => self.message = value,
            "log.target" => self.target = value.as_str().map(ToOwned::to_owned),
            name if name.starts_with(LOG_BRIDGE) => {}
            name => {
                self.fields.insert(name.to_owned(), value);
            }
        }
    }
}

impl Visit for Own {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.add(field, format!("{value:?}").into());
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.add(field, value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.add(field, value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.add(field, value.into());
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.add(field, value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.add(field, value.into());
    }

    /// With its causes.
    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        let mut chain = vec![value.to_string()];
        let mut error = value;
        while let Some(source) = error.source() {
            chain.push(source.to_string());
            error = source;
        }
        self.add(field, chain.join(": ").into());
    }
}
