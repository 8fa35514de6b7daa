//! Components and subscriptions, read from the YAML files that daprd reads.
//!
//! A file that is wrong stops the start: daprd only warns, and then runs without the subscription.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

use super::{component::Component, error::SidecarError, subscription::Subscription};

const COMPONENT: (&str, &str) = ("dapr.io/v1alpha1", "Component");
const SUBSCRIPTION: (&str, &str) = ("dapr.io/v2alpha1", "Subscription");
const PUBSUB_TYPE: &str = "pubsub.kafka";

/// What an application may use.
#[derive(Clone, Debug, Default)]
pub(crate) struct Resources {
    /// Pub/sub components by name.
    pub(crate) components: BTreeMap<String, Component>,
    /// Declared subscriptions, one for each component and topic.
    pub(crate) subscriptions: Vec<Subscription>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    api_version: Option<String>,
    kind: Option<String>,
    #[serde(default)]
    metadata: Name,
    #[serde(default)]
    spec: Value,
    #[serde(default)]
    scopes: Vec<String>,
}

#[derive(Default, Deserialize)]
struct Name {
    #[serde(default)]
    name: String,
}

#[derive(Deserialize)]
struct ComponentSpec {
    r#type: String,
    #[serde(default)]
    version: String,
    #[serde(default)]
    metadata: Vec<Property>,
}

#[derive(Deserialize)]
struct Property {
    name: String,
    #[serde(default)]
    value: Value,
}

#[derive(Deserialize)]
struct SubscriptionSpec {
    pubsubname: String,
    topic: String,
    routes: Routes,
    #[serde(default)]
    metadata: BTreeMap<String, String>,
    #[serde(default, rename = "deadLetterTopic")]
    dead_letter_topic: String,
}

#[derive(Deserialize)]
struct Routes {
    #[serde(default)]
    rules: Vec<Value>,
    #[serde(default)]
    default: String,
}

impl Resources {
    /// Reads every YAML file of the folders, in their order; keeps what is in scope of the
    /// application.
    ///
    /// # Errors
    /// [`SidecarError::Unreadable`] and [`SidecarError::Resource`].
    pub(crate) fn load(folders: &[PathBuf], app_id: &str) -> Result<Self, SidecarError> {
        let mut resources = Self::default();
        for folder in folders {
            for path in yaml_files(folder)? {
                let text = std::fs::read_to_string(&path)
                    .map_err(|source| SidecarError::Unreadable { path: path.clone(), source })?;
                resources
                    .add_file(&text, app_id)
                    .map_err(|reason| SidecarError::Resource { path, reason })?;
            }
        }
        Ok(resources)
    }

    /// The component that a subscription names, if the subscription is allowed there.
    pub(crate) fn component_of(&self, subscription: &Subscription) -> Option<&Component> {
        let component = self.components.get(&subscription.pubsub)?;
        component.may_subscribe(&subscription.topic).then_some(component)
    }

    fn add_file(&mut self, text: &str, app_id: &str) -> Result<(), String> {
        let values: Vec<Value> =
            serde_saphyr::from_multiple(text).map_err(|error| error.to_string())?;
        for value in values.into_iter().filter(|value| !value.is_null()) {
            let document: Document =
                serde_json::from_value(value).map_err(|error| error.to_string())?;
            self.add(document, app_id)?;
        }
        Ok(())
    }

    fn add(&mut self, document: Document, app_id: &str) -> Result<(), String> {
        let kind = (
            document.api_version.as_deref().unwrap_or_default(),
            document.kind.as_deref().unwrap_or_default(),
        );
        if !(document.scopes.is_empty() || document.scopes.iter().any(|scope| scope == app_id)) {
            return Ok(());
        }
        if kind == COMPONENT {
            self.add_component(document, app_id)
        } else if kind == SUBSCRIPTION {
            self.add_subscription(document)
        } else {
            Ok(())
        }
    }

    fn add_component(&mut self, document: Document, app_id: &str) -> Result<(), String> {
        let name = document.metadata.name;
        let spec: ComponentSpec = serde_json::from_value(document.spec)
            .map_err(|error| format!("component {name:?}: {error}"))?;
        if spec.r#type != PUBSUB_TYPE {
            tracing::warn!(component.name = name, "only {PUBSUB_TYPE} components are served here");
            return Ok(());
        }
        let mut properties = BTreeMap::new();
        for Property { name: property, value } in spec.metadata {
            let value = expand(&scalar(&value), app_id)
                .map_err(|reason| format!("component {name:?}, {property}: {reason}"))?;
            properties.insert(property.to_lowercase(), value);
        }
        let component = Component::new(app_id, spec.version, &properties)
            .map_err(|reason| format!("component {name:?}: {reason}"))?;
        match self.components.insert(name.clone(), component) {
            Some(_) => Err(format!("a second component {name:?}")),
            None => Ok(()),
        }
    }

    fn add_subscription(&mut self, document: Document) -> Result<(), String> {
        let name = document.metadata.name;
        let spec: SubscriptionSpec = serde_json::from_value(document.spec)
            .map_err(|error| format!("subscription {name:?}: {error}"))?;
        if !spec.routes.rules.is_empty() || !spec.dead_letter_topic.is_empty() {
            return Err(format!(
                "subscription {name:?}: routing rules and dead-letter topics are not served here"
            ));
        }
        let subscription = Subscription::new(
            spec.pubsubname,
            spec.topic,
            &spec.routes.default,
            spec.metadata,
            false,
        )
        .map_err(|reason| format!("subscription {name:?}: {reason}"))?;
        // As in daprd, the first of several for one topic counts.
        if !self.subscriptions.iter().any(|other| other.same_topic(&subscription)) {
            self.subscriptions.push(subscription);
        }
        Ok(())
    }
}

fn yaml_files(folder: &Path) -> Result<Vec<PathBuf>, SidecarError> {
    let unreadable = |source| SidecarError::Unreadable { path: folder.to_owned(), source };
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        let extension = path.extension().and_then(|extension| extension.to_str());
        if path.is_file() && matches!(extension, Some("yaml" | "yml")) {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

/// Component values may be unquoted booleans and numbers.
fn scalar(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

/// The templates of daprd's component metadata that mean something on one machine.
fn expand(text: &str, app_id: &str) -> Result<String, &'static str> {
    if text.contains("{podName}") || text.contains("{namespace}") {
        return Err("{podName} and {namespace} mean nothing on one machine");
    }
    let mut text = text.replace("{appID}", app_id);
    while text.contains("{uuid}") {
        text = text.replacen("{uuid}", &Uuid::new_v4().to_string(), 1);
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use events::{Service, Topic};

    use super::*;

    const COMPONENT_YAML: &str = r#"
apiVersion: dapr.io/v1alpha1
kind: Component
metadata:
  name: pubsub
spec:
  type: pubsub.kafka
  version: v1
  metadata:
    - name: consumerGroup
      value: "{appID}-group"
    - name: disableTls
      value: true
scopes: [one]
"#;

    fn load(text: &str, app_id: &str) -> Result<Resources, String> {
        let mut resources = Resources::default();
        resources.add_file(text, app_id).map(|()| resources)
    }

    #[test]
    fn a_component_out_of_scope_does_not_exist_for_the_application() {
        let component =
            load(COMPONENT_YAML, "one").expect("a component").components.remove("pubsub");
        assert_eq!(component.expect("in scope").consumer_group, "one-group");
        assert!(load(COMPONENT_YAML, "two").expect("no component").components.is_empty());
    }

    #[test]
    fn a_file_may_hold_several_documents() {
        let subscription = |topic: &str| {
            format!(
                "apiVersion: dapr.io/v2alpha1\nkind: Subscription\nmetadata: {{ name: {topic} }}\n\
                 spec:\n  pubsubname: pubsub\n  topic: {topic}\n  routes: {{ default: /e }}\n"
            )
        };
        let text = format!("# none\n---\n{}---\n{}", subscription("a"), subscription("b"));
        let topics: Vec<_> = load(&text, "one")
            .expect("subscriptions")
            .subscriptions
            .into_iter()
            .map(|subscription| subscription.topic)
            .collect();
        assert_eq!(topics, ["a", "b"]);
    }

    #[test]
    fn what_can_not_be_served_is_refused_by_name() {
        let text = "apiVersion: dapr.io/v2alpha1\nkind: Subscription\nmetadata: { name: s }\n\
                    spec: { pubsubname: p, topic: t, routes: { default: /e }, deadLetterTopic: d }";
        let error = load(text, "one").expect_err("a dead-letter topic");
        assert!(error.contains("dead-letter"), "{error}");
    }

    #[test]
    fn the_repositorys_resources_are_what_the_contracts_say() {
        let dapr = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../dapr");
        let folders = [dapr.join("components"), dapr.join("subscriptions")];
        for (app_id, service) in
            [("chat-api", Service::ChatApi), ("reminder-worker", Service::ReminderWorker)]
        {
            let resources = Resources::load(&folders, app_id).expect("resources");
            let component = &resources.components["kafka-pubsub"];
            assert_eq!((component.consumer_group.as_str(), component.from_oldest), (app_id, true));
            for topic in Topic::ALL {
                let may = component.may_publish(topic.name());
                assert_eq!(may, topic.producers().contains(&service), "{app_id} to {topic}");
            }
            assert!(!component.may_publish("other"));
            let subscribed: BTreeSet<String> =
                resources.subscriptions.iter().map(|s| s.topic.clone()).collect();
            let consumed = Topic::ALL.into_iter().filter(|t| t.consumers().contains(&service));
            assert_eq!(subscribed, consumed.map(|topic| topic.to_string()).collect());
            for subscription in &resources.subscriptions {
                assert!(subscription.raw_payload);
                assert_eq!(subscription.route, format!("/events/{}", subscription.topic));
                assert!(resources.component_of(subscription).is_some());
            }
        }
        let stranger = Resources::load(&folders, "stranger").expect("resources");
        assert!(stranger.components.is_empty() && stranger.subscriptions.is_empty());
    }
}
