//! Topics that the sidecar keeps from us. Each is tried again by itself, ever more seldom; the others
//! never wait for it.

use std::collections::HashMap;

use events::Topic;
use sidecar::PublishError;
use tokio::time::Instant;

use super::REFUSED;

/// The topics that are closed to us, as far as this leader found out.
#[derive(Debug, Default)]
pub(super) struct ClosedTopics {
    by_name: HashMap<String, ClosedTopic>,
}

#[derive(Debug)]
struct ClosedTopic {
    failures: u32,
    until: Instant,
}

impl ClosedTopics {
    /// Those that are not to be tried now.
    pub(super) fn names(&self) -> Vec<String> {
        let now = Instant::now();
        let closed = self.by_name.iter().filter(|(_, topic)| topic.until > now);
        closed.map(|(name, _)| name.clone()).collect()
    }

    /// All the others.
    pub(super) fn others(&self) -> Vec<String> {
        let closed = self.names();
        let all = Topic::ALL.into_iter().map(|topic| topic.name().to_owned());
        all.filter(|name| !closed.contains(name)).collect()
    }

    /// Notes that the sidecar refused everything on a topic.
    pub(super) fn close(&mut self, name: &str, error: &PublishError) {
        tracing::error!(
            topic = name,
            error = error as &dyn std::error::Error,
            "the topic is closed to us"
        );
        let now = Instant::now();
        let topic =
            self.by_name.entry(name.to_owned()).or_insert(ClosedTopic { failures: 0, until: now });
        topic.failures += 1;
        topic.until = now + REFUSED.delay(topic.failures);
    }

    /// Notes that the sidecar took something on a topic.
    pub(super) fn reopen(&mut self, name: &str) {
        self.by_name.remove(name);
    }
}
