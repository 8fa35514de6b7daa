//! A subscription: which topic goes to which route of the application.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer};

use super::metadata::parse_bool;

/// A topic and the route that gets its records.
#[derive(Clone, Debug)]
pub(crate) struct Subscription {
    /// The component's name.
    pub(crate) pubsub: String,
    /// The topic.
    pub(crate) topic: String,
    /// The application's path, with its leading slash.
    pub(crate) route: String,
    /// As declared.
    pub(crate) metadata: BTreeMap<String, String>,
    /// Whether the record's bytes are wrapped as they are, instead of being read as a CloudEvent.
    pub(crate) raw_payload: bool,
    /// Whether the application named it by `GET /dapr/subscribe`.
    pub(crate) programmatic: bool,
}

/// An item of the answer to `GET /dapr/subscribe`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ProgrammaticSubscription {
    pubsubname: String,
    topic: String,
    #[serde(default, deserialize_with = "or_default")]
    route: String,
    #[serde(default, deserialize_with = "or_default")]
    routes: ProgrammaticRoutes,
    #[serde(default, deserialize_with = "or_default")]
    metadata: BTreeMap<String, String>,
    #[serde(default, deserialize_with = "or_default")]
    dead_letter_topic: String,
}

#[derive(Default, Deserialize)]
struct ProgrammaticRoutes {
    #[serde(default, deserialize_with = "or_default")]
    rules: Vec<serde_json::Value>,
    #[serde(default, deserialize_with = "or_default")]
    default: String,
}

impl Subscription {
    /// # Errors
    /// What is wrong with it.
    pub(crate) fn new(
        pubsub: String,
        topic: String,
        route: &str,
        metadata: BTreeMap<String, String>,
        programmatic: bool,
    ) -> Result<Self, String> {
        if topic.is_empty() || route.is_empty() {
            return Err("a topic and a default route are needed".to_owned());
        }
        let raw_payload = match metadata.get("rawPayload").map(String::as_str) {
            None | Some("") => false,
            Some(text) => {
                parse_bool(text).ok_or_else(|| format!("rawPayload {text:?} is no boolean"))?
            }
        };
        let route = format!("/{}", route.trim_start_matches('/'));
        Ok(Self { pubsub, topic, route, metadata, raw_payload, programmatic })
    }

    /// Whether both are for the same topic of the same component.
    pub(crate) fn same_topic(&self, other: &Self) -> bool {
        (&self.pubsub, &self.topic) == (&other.pubsub, &other.topic)
    }
}

impl TryFrom<ProgrammaticSubscription> for Subscription {
    type Error = String;

    fn try_from(item: ProgrammaticSubscription) -> Result<Self, String> {
        if !item.routes.rules.is_empty() || !item.dead_letter_topic.is_empty() {
            return Err("routing rules and dead-letter topics are not served here".to_owned());
        }
        let route = Some(item.routes.default).filter(|route| !route.is_empty());
        let route = route.unwrap_or(item.route);
        Self::new(item.pubsubname, item.topic, &route, item.metadata, true)
    }
}

/// Applications written in other languages send null for what they leave out.
fn or_default<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}
