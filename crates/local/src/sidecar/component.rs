//! A pub/sub component: its consumer group, and which topics the application may use through it.

use std::collections::BTreeMap;

/// A `pubsub.kafka` component as one application sees it. Which broker it names does not matter:
/// the log is the broker.
#[derive(Clone, Debug)]
pub(crate) struct Component {
    /// The component's version, as declared.
    pub(crate) version: String,
    /// The group whose members share the records.
    pub(crate) consumer_group: String,
    /// Whether a new group starts with the oldest record; with the next one otherwise.
    pub(crate) from_oldest: bool,
    allowed: Vec<String>,
    protected: Vec<String>,
    publishing: Vec<String>,
    subscription: Vec<String>,
}

impl Component {
    /// Reads the properties, whose names are in lower case.
    ///
    /// # Errors
    /// What is wrong with them.
    pub(crate) fn new(
        app_id: &str,
        version: String,
        properties: &BTreeMap<String, String>,
    ) -> Result<Self, String> {
        let text = |name: &str| properties.get(name).map(|value| value.trim()).unwrap_or_default();
        let named =
            |name: &str| Some(text(name)).filter(|value| !value.is_empty()).map(str::to_owned);
        Ok(Self {
            version,
            consumer_group: named("consumergroup")
                .or_else(|| named("consumerid"))
                .unwrap_or_else(|| app_id.to_owned()),
            from_oldest: match text("initialoffset").to_lowercase().as_str() {
                "oldest" => true,
                "" | "newest" => false,
                other => return Err(format!("initialOffset {other:?} is not oldest or newest")),
            },
            allowed: topics(text("allowedtopics")),
            protected: topics(text("protectedtopics")),
            publishing: scoped_topics(text("publishingscopes"), app_id),
            subscription: scoped_topics(text("subscriptionscopes"), app_id),
        })
    }

    /// Whether the application may publish to the topic.
    pub(crate) fn may_publish(&self, topic: &str) -> bool {
        self.may(topic, &self.publishing)
    }

    /// Whether the application may subscribe to the topic.
    pub(crate) fn may_subscribe(&self, topic: &str) -> bool {
        self.may(topic, &self.subscription)
    }

    /// daprd's rule: an application without scopes is unrestricted, except for protected topics.
    fn may(&self, topic: &str, scopes: &[String]) -> bool {
        let names = |list: &[String]| list.iter().any(|name| name == topic);
        if !self.allowed.is_empty() && !names(&self.allowed) {
            return false;
        }
        (scopes.is_empty() && !names(&self.protected)) || names(scopes)
    }
}

fn topics(text: &str) -> Vec<String> {
    let text = text.replace(' ', "");
    text.split(',').filter(|topic| !topic.is_empty()).map(str::to_owned).collect()
}

/// From `app1=t1,t2;app2=t3`; an application named with nothing behind it may use nothing.
fn scoped_topics(text: &str, app_id: &str) -> Vec<String> {
    let text = text.replace(' ', "");
    text.split(';')
        .filter_map(|scope| scope.split_once('='))
        .filter(|(app, _)| *app == app_id)
        .flat_map(|(_, topics)| topics.split(','))
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn component(properties: &[(&str, &str)]) -> Component {
        let properties =
            properties.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Component::new("app", "v1".to_owned(), &properties.collect()).expect("a component")
    }

    #[test]
    fn without_scopes_everything_is_allowed() {
        let component = component(&[]);
        assert!(component.may_publish("any") && component.may_subscribe("any"));
        assert_eq!(component.consumer_group, "app");
    }

    #[test]
    fn scopes_name_the_only_topics_of_an_application() {
        let component = component(&[
            ("allowedtopics", "a, b,c"),
            ("protectedtopics", "c"),
            ("publishingscopes", "app=a,x;other=b"),
            ("subscriptionscopes", "other=a"),
        ]);
        let published: Vec<_> =
            ["a", "b", "c", "x"].into_iter().filter(|t| component.may_publish(t)).collect();
        assert_eq!(published, ["a"]);
        let subscribed: Vec<_> =
            ["a", "b", "c", "x"].into_iter().filter(|t| component.may_subscribe(t)).collect();
        assert_eq!(subscribed, ["a", "b"], "not named, so unrestricted but for the protected one");
    }

    #[test]
    fn an_application_named_without_topics_may_use_none() {
        assert!(!component(&[("publishingscopes", "app=")]).may_publish("a"));
    }
}
