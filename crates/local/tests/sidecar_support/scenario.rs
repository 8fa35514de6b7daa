//! One test's component, topics and subscriptions, with names of their own.

use std::{fmt::Write, process::ExitStatus, sync::LazyLock, time::Duration};

use reqwest::{RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};
use tempfile::TempDir;
use uuid::Uuid;

use super::{
    application::Application,
    bus::{API_TOKEN, Bus, Flags, Sidecar},
    eventually,
};

/// The component's name.
pub(crate) const PUBSUB: &str = "kafka-pubsub";

/// Resources and names.
pub(crate) struct Scenario<'a, B> {
    pub(crate) bus: &'a B,
    suffix: String,
    folder: TempDir,
}

/// A subscription to declare.
pub(crate) struct Declared<'a> {
    pub(crate) topic: &'a str,
    pub(crate) raw: bool,
    /// App ids without their suffix; empty for all.
    pub(crate) scopes: &'a [&'a str],
}

impl<'a, B: Bus> Scenario<'a, B> {
    /// Topics with so many partitions, and no further restriction on the component.
    pub(crate) async fn new(bus: &'a B, topics: &[(&str, u16)]) -> Self {
        Self::restricted(bus, topics, &[], &[]).await
    }

    /// With further properties of the component, in which `$` stands for the suffix of names, and
    /// the component's scopes.
    pub(crate) async fn restricted(
        bus: &'a B,
        topics: &[(&str, u16)],
        properties: &[(&str, &str)],
        scopes: &[&str],
    ) -> Self {
        let suffix = format!("-{}", &Uuid::new_v4().simple().to_string()[..8]);
        let folder = tempfile::tempdir().expect("a folder");
        let scenario = Self { bus, suffix, folder };
        let named: Vec<_> =
            topics.iter().map(|(name, partitions)| (scenario.named(name), *partitions)).collect();
        bus.create_topics(&named).await;
        let mut text = format!(
            "apiVersion: dapr.io/v1alpha1\nkind: Component\nmetadata:\n  name: {PUBSUB}\nspec:\n  \
             type: pubsub.kafka\n  version: v1\n  metadata:\n"
        );
        let standard =
            [("brokers", bus.brokers()), ("authType", "none"), ("initialOffset", "oldest")];
        for (name, value) in standard.iter().chain(properties) {
            let value = value.replace('$', &scenario.suffix);
            writeln!(text, "    - {{ name: {name}, value: \"{value}\" }}").expect("text");
        }
        scenario.write("component.yaml", &(text + &scenario.scopes(scopes)));
        scenario
    }

    /// A name that no other test uses.
    pub(crate) fn named(&self, name: &str) -> String {
        format!("{name}{}", self.suffix)
    }

    pub(crate) fn subscribe(&self, subscription: &Declared<'_>) {
        self.subscribe_with(subscription, "");
    }

    /// With a further line of the specification, in which `$` stands for the suffix of names.
    pub(crate) fn subscribe_with(&self, subscription: &Declared<'_>, line: &str) {
        let Declared { topic, raw, scopes } = subscription;
        let line = line.replace('$', &self.suffix);
        let raw = if *raw { "  metadata: { rawPayload: \"true\" }\n" } else { "" };
        let topic = self.named(topic);
        let text = format!(
            "apiVersion: dapr.io/v2alpha1\nkind: Subscription\nmetadata:\n  name: {topic}\nspec:\n  \
             pubsubname: {PUBSUB}\n  topic: {topic}\n  routes: {{ default: /events/{topic} }}\n{raw}  {line}\n{}",
            self.scopes(scopes)
        );
        self.write(&format!("subscription-{topic}.yaml"), &text);
    }

    /// Raw subscriptions for every app.
    pub(crate) fn subscribe_raw(&self, topics: &[&str]) {
        for topic in topics {
            self.subscribe(&Declared { topic, raw: true, scopes: &[] });
        }
    }

    /// Starts a sidecar for an application.
    pub(crate) async fn start(&self, app: &str, application: &Application) -> Running {
        self.start_with(app, application, &[]).await
    }

    pub(crate) async fn start_with(
        &self,
        app: &str,
        application: &Application,
        more: &[&str],
    ) -> Running {
        self.try_start_with(app, application, more).await.expect("a sidecar that starts")
    }

    /// Starts a sidecar that may refuse its resources, by ending.
    pub(crate) async fn try_start(
        &self,
        app: &str,
        application: &Application,
    ) -> Result<Running, ExitStatus> {
        self.try_start_with(app, application, &[]).await
    }

    async fn try_start_with(
        &self,
        app: &str,
        application: &Application,
        more: &[&str],
    ) -> Result<Running, ExitStatus> {
        let flags = Flags {
            app_id: self.named(app),
            app_port: application.port,
            resources: self.folder.path().to_owned(),
            more: more.iter().map(|flag| (*flag).to_owned()).collect(),
        };
        let sidecar = Sidecar::try_start(self.bus, &flags).await?;
        Ok(Running { sidecar, suffix: self.suffix.clone() })
    }

    /// A further resource, in which `$` stands for the suffix of names.
    pub(crate) fn add_resource(&self, name: &str, text: &str) {
        self.write(&format!("{name}.yaml"), &text.replace('$', &self.suffix));
    }

    /// Waits until so many records of a topic are settled for an application, its answers included: it
    /// may stop then, and none of them comes again.
    pub(crate) async fn settles(&self, app: &str, topic: &str, records: u64) {
        let (group, topic) = (self.named(app), self.named(topic));
        eventually(format!("{records} settled records"), async || {
            (self.bus.settled(&group, &topic).await == records).then_some(())
        })
        .await;
    }

    /// Long enough for a redelivery to come if it comes.
    pub(crate) async fn pass_redelivery_interval(&self) {
        tokio::time::sleep(self.bus.redelivery_interval()).await;
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.folder.path().join(name), text).expect("a resource");
    }

    fn scopes(&self, scopes: &[&str]) -> String {
        if scopes.is_empty() {
            return String::new();
        }
        let named: Vec<_> = scopes.iter().map(|scope| self.named(scope)).collect();
        format!("scopes: [{}]\n", named.join(", "))
    }
}

/// A sidecar to publish through.
pub(crate) struct Running {
    pub(crate) sidecar: Sidecar,
    suffix: String,
}

impl Running {
    /// A publish request with the token; the query without its `?`.
    pub(crate) fn publication(&self, topic: &str, query: &str) -> RequestBuilder {
        let path = format!("/v1.0/publish/{PUBSUB}/{topic}{}?{query}", self.suffix);
        client().post(self.sidecar.url(&path)).header("dapr-api-token", API_TOKEN)
    }

    /// Publishes bytes as they are under a key.
    pub(crate) async fn publish_raw(&self, topic: &str, key: &str, bytes: impl Into<Vec<u8>>) {
        let query = format!("metadata.rawPayload=true&metadata.partitionKey={key}");
        let request = self.publication(topic, &query).body(bytes.into());
        assert_eq!(request.send().await.expect("an answer").status(), StatusCode::NO_CONTENT);
    }

    /// Publishes entries as they are: key and text. The entry's id is its index.
    pub(crate) async fn publish_bulk(&self, topic: &str, entries: &[(String, String)]) -> Response {
        let entries: Vec<Value> = entries
            .iter()
            .enumerate()
            .map(|(index, (key, text))| {
                json!({"entryId": index.to_string(), "event": text, "contentType": "text/plain",
                       "metadata": {"partitionKey": key}})
            })
            .collect();
        let request = self.bulk(topic, "metadata.rawPayload=true").json(&entries);
        request.send().await.expect("an answer")
    }

    pub(crate) fn bulk(&self, topic: &str, query: &str) -> RequestBuilder {
        let path = format!("/v1.0-alpha1/publish/bulk/{PUBSUB}/{topic}{}?{query}", self.suffix);
        client().post(self.sidecar.url(&path)).header("dapr-api-token", API_TOKEN)
    }
}

/// One client for all: it waits long enough for any answer, and not for ever.
pub(crate) fn client() -> &'static reqwest::Client {
    static CLIENT: LazyLock<reqwest::Client> = LazyLock::new(|| {
        // Each test has a runtime of its own: no connection outlives one request.
        let client = reqwest::Client::builder().pool_max_idle_per_host(0);
        client.timeout(Duration::from_secs(30)).build().expect("a client")
    });
    &CLIENT
}
