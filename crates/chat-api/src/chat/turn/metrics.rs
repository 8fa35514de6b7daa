//! What is counted of the language model.

use std::time::Duration;

use model::{Ended, Limit, ModelError, Usage};
use platform::metrics::Metrics;
use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family, histogram::Histogram},
    registry::Unit,
};

use super::Ending;

/// What keeps the model from answering; each is counted from nought on.
const FAILURES: [&str; 16] = [
    "stopped",
    "rounds",
    "tool_calls",
    "time",
    "budget",
    "repeated_failure",
    "length",
    "filter",
    "unreachable",
    "timed_out",
    "unauthorized",
    "rate_limited",
    "unavailable",
    "refused",
    "broken",
    "too_large",
];
const PROMPT: &str = "prompt";
const COMPLETION: &str = "completion";

/// Bounds of the time that a message takes, in seconds.
const DURATION_BUCKETS_SECS: [f64; 9] = [0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 45.0, 90.0, 180.0];

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfTokens {
    kind: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfFailure {
    kind: &'static str,
}

/// What the language model is asked and how it goes. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Counts {
    requests: Counter,
    tokens: Family<OfTokens, Counter>,
    failures: Family<OfFailure, Counter>,
    durations: Histogram,
}

impl Default for Counts {
    fn default() -> Self {
        let counts = Self {
            requests: Counter::default(),
            tokens: Family::default(),
            failures: Family::default(),
            durations: Histogram::new(DURATION_BUCKETS_SECS),
        };
        for kind in FAILURES {
            counts.failures.get_or_create(&OfFailure { kind }).inc_by(0);
        }
        for kind in [PROMPT, COMPLETION] {
            counts.tokens.get_or_create(&OfTokens { kind }).inc_by(0);
        }
        counts
    }
}

impl Counts {
    pub(super) fn spent(&self, usage: Usage) {
        self.tokens.get_or_create(&OfTokens { kind: PROMPT }).inc_by(usage.prompt_tokens);
        self.tokens.get_or_create(&OfTokens { kind: COMPLETION }).inc_by(usage.completion_tokens);
    }

    pub(super) fn ended(&self, rounds: u32, ending: &Ending, took: Duration) {
        self.requests.inc_by(rounds.into());
        self.durations.observe(took.as_secs_f64());
        if let Some(kind) = kind(ending) {
            self.failures.get_or_create(&OfFailure { kind }).inc();
        }
    }

    pub(crate) fn register(&self, metrics: &mut Metrics) {
        let registry = metrics.registry();
        registry.register(
            "model_requests",
            "Answers that the language model was asked for, several for a message that needs tools",
            self.requests.clone(),
        );
        registry.register(
            "model_tokens",
            "Tokens that the language model has read and written, as it reports them or else by estimate",
            self.tokens.clone(),
        );
        registry.register(
            "model_failures",
            "Messages that the language model did not answer, by what kept it",
            self.failures.clone(),
        );
        registry.register_with_unit(
            "model_turn_duration",
            "Time from when the language model has a message until it is done with it, tools included",
            Unit::Seconds,
            self.durations.clone(),
        );
    }
}

/// What kept the model from answering.
pub(super) fn kind(ending: &Ending) -> Option<&'static str> {
    Some(match ending {
        Ending::Answered => return None,
        Ending::Stopped => "stopped",
        Ending::Limited(limit) => match limit {
            Limit::Rounds => "rounds",
            Limit::ToolCalls => "tool_calls",
            Limit::Time => "time",
            Limit::Budget => "budget",
            Limit::RepeatedFailure => "repeated_failure",
            Limit::Length => "length",
            Limit::Filter => "filter",
        },
        Ending::Failed(error) => match error {
            ModelError::Unreachable(_) => "unreachable",
            ModelError::TimedOut(_) => "timed_out",
            ModelError::Unauthorized(_) => "unauthorized",
            ModelError::RateLimited(_) => "rate_limited",
            ModelError::Unavailable(_) => "unavailable",
            ModelError::Refused(_) => "refused",
            ModelError::Broken(_) => "broken",
            ModelError::TooLarge(_) => "too_large",
        },
    })
}

impl From<Ended> for Ending {
    fn from(ended: Ended) -> Self {
        match ended {
            // No tool of ours asks by itself; what is asked is asked at the end.
            Ended::Answered | Ended::Asked(_) => Self::Answered,
            Ended::Limited(limit) => Self::Limited(limit),
            Ended::Failed(error) => Self::Failed(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use model::Broken;

    use super::*;

    #[test]
    fn what_fails_is_counted_by_its_kind() {
        let counts = Counts::default();
        for (ending, kind) in [
            (Ending::Limited(Limit::Budget), "budget"),
            (Ending::Failed(ModelError::Broken(Broken::Empty)), "broken"),
            (Ending::Stopped, "stopped"),
        ] {
            assert!(FAILURES.contains(&kind));
            counts.ended(2, &ending, Duration::from_secs(1));
            assert_eq!(counts.failures.get_or_create(&OfFailure { kind }).get(), 1, "{kind}");
        }
        counts.ended(1, &Ending::Answered, Duration::from_secs(1));
        assert_eq!(counts.requests.get(), 7);
        let usage = Usage { prompt_tokens: 5, completion_tokens: 3, is_estimate: false };
        counts.spent(usage);
        assert_eq!(counts.tokens.get_or_create(&OfTokens { kind: PROMPT }).get(), 5);
    }
}
