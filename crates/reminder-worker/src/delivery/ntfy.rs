//! Messages to a topic of an ntfy server, published as JSON to the server's root.
//!
//! The server itself takes a message twice. Its `sequence_id` is the notification's key: from ntfy 2.16 on,
//! clients show one message for a sequence, the last; an older server passes over the field.

use chrono::{DateTime, Utc};
use events::Priority;
use serde_json::{Value, json};
use url::Url;

use super::{
    error::AttemptError,
    http::{self, Http},
    message::{DIGEST, Message},
};

/// Shown as an emoji before the title.
const TAG: &str = "alarm_clock";
/// The same of a digest.
const DIGEST_TAG: &str = "calendar";
/// The longest message: ntfy makes an attachment of a longer one, or refuses it.
const MAX_MESSAGE_BYTES: usize = 4_096;
/// The most buttons that ntfy shows.
const MAX_ACTIONS: usize = 3;

/// Publishes a notification to the topic that an address names, with an access token where there is one.
pub(super) async fn send(
    http: &Http,
    address: &str,
    token: Option<&str>,
    message: &Message,
    begun_at: DateTime<Utc>,
) -> Result<(), AttemptError> {
    let (server, topic) = server_and_topic(address)?;
    let mut request = http.post(server)?.header("content-type", "application/json");
    if let Some(token) = token {
        request = request.bearer_auth(token);
    }
    let body = serde_json::to_vec(&body(&topic, message))?;
    http::send(request.body(body), begun_at).await
}

/// The root of the server and the name of the topic, of `https://ntfy.example/topic`.
fn server_and_topic(address: &str) -> Result<(Url, String), AttemptError> {
    let mut url = Url::parse(address)?;
    let topic = url.path().strip_prefix('/').unwrap_or_default().to_owned();
    if topic.is_empty() || topic.contains('/') {
        return Err(AttemptError::Topic);
    }
    url.set_path("/");
    url.set_query(None);
    url.set_fragment(None);
    Ok((url, topic))
}

fn body(topic: &str, message: &Message) -> Value {
    let mut body = json!({
        "topic": topic,
        "title": message.title,
        "message": message.text_within(MAX_MESSAGE_BYTES),
        "priority": priority(message.priority),
        "tags": [if message.kind == DIGEST { DIGEST_TAG } else { TAG }],
        "sequence_id": message.key,
    });
    if !message.actions.is_empty() {
        let buttons = message.actions.iter().take(MAX_ACTIONS);
        body["actions"] = buttons
            .map(|action| json!({ "action": "view", "label": action.label, "url": action.url }))
            .collect();
    }
    body
}

/// Of ntfy's five: high, default and low.
const fn priority(priority: Priority) -> u8 {
    match priority {
        Priority::High => 4,
        Priority::Medium => 3,
        Priority::Low => 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_topics_url_is_a_server_and_a_topic() {
        let (server, topic) = server_and_topic("https://ntfy.example.test:8443/garden-7f3a")
            .expect("a server and a topic");
        assert_eq!(
            (server.as_str(), topic.as_str()),
            ("https://ntfy.example.test:8443/", "garden-7f3a")
        );
        for address in
            ["https://ntfy.example.test", "https://ntfy.example.test/", "https://a.test/b/c"]
        {
            assert!(matches!(server_and_topic(address), Err(AttemptError::Topic)), "{address}");
        }
    }
}
