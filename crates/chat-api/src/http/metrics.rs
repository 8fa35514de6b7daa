//! Requests by the pattern of their route, never by their path, and who follows live.

use std::{fmt, sync::Arc, time::Duration};

use actix_web::http::{Method, StatusCode};
use platform::metrics::{Metrics, encode_gauge};
use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeLabelSet},
    metrics::{counter::Counter, family::Family, histogram::Histogram},
    registry::Unit,
};

use crate::feed::hub::Hub;

/// Bounds of a request's time, in seconds.
const DURATION_BUCKETS_SECS: [f64; 12] =
    [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 10.0];
/// The route of what is none.
const NO_ROUTE: &str = "none";
/// The method of what is none that a route has; a client can make up as many as it likes.
const OTHER_METHOD: &str = "_OTHER";

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfRequest {
    method: &'static str,
    route: String,
    status: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfRoute {
    method: &'static str,
    route: String,
}

/// What the public listener counts. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Counts {
    requests: Family<OfRequest, Counter>,
    durations: Family<OfRoute, Histogram>,
}

impl Default for Counts {
    fn default() -> Self {
        let durations = Family::new_with_constructor(
            (|| Histogram::new(DURATION_BUCKETS_SECS)) as fn() -> Histogram,
        );
        Self { requests: Family::default(), durations }
    }
}

impl Counts {
    /// A request was answered; a stream, begun.
    pub(super) fn answered(
        &self,
        method: &Method,
        route: Option<&str>,
        status: StatusCode,
        took: Duration,
    ) {
        let (method, route) = (bounded(method), route.unwrap_or(NO_ROUTE));
        let status = status.as_u16();
        self.requests.get_or_create(&OfRequest { method, route: route.to_owned(), status }).inc();
        let of = OfRoute { method, route: route.to_owned() };
        self.durations.get_or_create(&of).observe(took.as_secs_f64());
    }

    pub(crate) fn register(&self, hub: &Arc<Hub>, metrics: &mut Metrics) {
        let registry = metrics.registry();
        registry.register(
            "http_requests",
            "Requests that were answered, by the pattern of their route",
            self.requests.clone(),
        );
        registry.register_with_unit(
            "http_request_duration",
            "Time from a request's head until its answer's; of a stream, until it begins",
            Unit::Seconds,
            self.durations.clone(),
        );
        registry.register_collector(Box::new(Followers(hub.clone())));
    }
}

/// A method as a label or an attribute has it.
pub(super) fn bounded(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => OTHER_METHOD,
    }
}

#[derive(Debug)]
struct Followers(Arc<Hub>);

impl Collector for Followers {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let open = self.0.open_streams() as f64;
        encode_gauge(&mut encoder, "live_streams", "Live streams that are open", None, Some(open))?;
        let help = "Live streams that are so far behind that they read the database, or wait to";
        let behind = self.0.streams_behind() as f64;
        encode_gauge(&mut encoder, "live_streams_behind", help, None, Some(behind))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_method_that_a_client_makes_up_is_no_series_of_its_own() {
        let made_up = Method::from_bytes(b"BREW").expect("a method");
        assert_eq!(bounded(&made_up), OTHER_METHOD);
        assert_eq!(bounded(&Method::PATCH), "PATCH");
    }
}
