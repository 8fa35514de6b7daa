//! Web Push: messages for a browser, through its push service (RFC 8030).
//!
//! The service reads nothing: a message is encrypted for the browser that subscribed (RFC 8291). It is told
//! who sends by a signature of ours (VAPID, RFC 8292). A notification that is sent twice has the same topic,
//! so that the service drops what still waits for the browser; and the key in the message lets the page's
//! worker replace what is already shown.

use std::fmt;

use base64::Engine;
use chrono::{DateTime, TimeDelta, Utc};
use events::Priority;
use p256::{
    PublicKey,
    ecdsa::{Signature, SigningKey, signature::Signer},
};
use platform::base64url::BASE64URL;
use reqwest::StatusCode;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::json;
use url::Url;

use super::{
    error::AttemptError,
    http::{self, Http},
    message::{CUT, Message, shortened},
};

/// The longest message: push services take 4,096 bytes, of which 86 are the head, 1 the end and 16 the tag.
pub const MAX_PUSH_BYTES: usize = 3_993;
/// So much of a title is worth more than a line, in characters.
const SHORT_TITLE_CHARS: usize = 60;
/// How long a push service keeps a message for a browser that is away, in seconds.
const TTL_SECS: u32 = 24 * 3600;
/// How long a signature is good, in hours; RFC 8292 allows 24.
const SIGNED_FOR_HOURS: i64 = 12;
/// The size of a record, which is longer than any message: there is one record. It stands at this place of
/// the head, and nothing is derived from it.
const RECORD_SIZE: [u8; 4] = 4_096_u32.to_be_bytes();
const RECORD_SIZE_AT: std::ops::Range<usize> = 16..20;
const AUTH_BYTES: usize = 16;

/// `VAPID_PRIVATE_KEY` or `VAPID_SUBJECT` can't be used. The key is in no message.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidVapid {
    /// The key.
    #[error(
        "VAPID_PRIVATE_KEY is base64url of the 32 bytes of a P-256 key: `reminder-worker vapid-keys` makes one"
    )]
    Key,
    /// The subject.
    #[error("VAPID_SUBJECT is where push services reach the operator: mailto:… or https://…")]
    Subject,
    /// One is set without the other.
    #[error("VAPID_PRIVATE_KEY and VAPID_SUBJECT go together")]
    One,
}

/// Who sends: the key by which browsers' push services know this server, and where its operator is reached.
#[derive(Clone)]
pub struct Vapid {
    key: SigningKey,
    subject: String,
}

/// A new pair of keys, private and public, as the settings want them.
#[derive(Clone, Debug)]
pub struct VapidKeys {
    /// `VAPID_PRIVATE_KEY`, of the worker.
    pub private: SecretString,
    /// `VAPID_PUBLIC_KEY`, of chat-api.
    pub public: String,
}

/// A browser's subscription, as it stands in a channel's address.
#[derive(Deserialize)]
pub(super) struct Subscription {
    /// Where its push service takes messages.
    pub(super) endpoint: String,
    keys: BrowserKeys,
}

#[derive(Deserialize)]
struct BrowserKeys {
    p256dh: String,
    auth: String,
}

impl Vapid {
    /// Of a private key and a subject; none where nothing is set.
    ///
    /// # Errors
    /// [`InvalidVapid`].
    pub fn new(
        key: Option<&SecretString>,
        subject: Option<&str>,
    ) -> Result<Option<Self>, InvalidVapid> {
        let set = |text: &&str| !text.is_empty();
        match (key.map(ExposeSecret::expose_secret).filter(set), subject.filter(set)) {
            (None, None) => Ok(None),
            (Some(key), Some(subject)) => {
                let bytes = BASE64URL.decode(key.trim()).map_err(|_| InvalidVapid::Key)?;
                let key = SigningKey::from_slice(&bytes).map_err(|_| InvalidVapid::Key)?;
                let url = Url::parse(subject).map_err(|_| InvalidVapid::Subject)?;
                if !matches!(url.scheme(), "mailto" | "https") {
                    return Err(InvalidVapid::Subject);
                }
                Ok(Some(Self { key, subject: url.into() }))
            }
            _ => Err(InvalidVapid::One),
        }
    }

    /// The public key, as browsers and push services want it.
    #[must_use]
    pub fn public_key(&self) -> String {
        BASE64URL.encode(self.key.verifying_key().to_encoded_point(false))
    }

    /// The `Authorization` of a request to a push service.
    fn authorization(&self, endpoint: &Url, now: DateTime<Utc>) -> String {
        let claims = json!({
            "aud": endpoint.origin().ascii_serialization(),
            "exp": (now + TimeDelta::hours(SIGNED_FOR_HOURS)).timestamp(),
            "sub": self.subject,
        });
        let head = json!({ "typ": "JWT", "alg": "ES256" });
        let part = |json: &serde_json::Value| BASE64URL.encode(json.to_string());
        let signed = format!("{}.{}", part(&head), part(&claims));
        let signature: Signature = self.key.sign(signed.as_bytes());
        let signature = BASE64URL.encode(signature.to_bytes());
        format!("vapid t={signed}.{signature}, k={}", self.public_key())
    }
}

impl fmt::Debug for Vapid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Vapid").field("public_key", &self.public_key()).finish_non_exhaustive()
    }
}

impl VapidKeys {
    /// A pair from the system's random source.
    #[must_use]
    pub fn random() -> Self {
        let key = SigningKey::random(&mut p256::elliptic_curve::rand_core::OsRng);
        Self {
            private: BASE64URL.encode(key.to_bytes()).into(),
            public: BASE64URL.encode(key.verifying_key().to_encoded_point(false)),
        }
    }
}

impl Subscription {
    pub(super) fn parse(address: &str) -> Result<Self, AttemptError> {
        serde_json::from_str(address).map_err(|_| AttemptError::Subscription)
    }

    /// A message as only the browser reads it.
    fn seal(&self, text: Vec<u8>) -> Result<Vec<u8>, AttemptError> {
        let key = BASE64URL.decode(&self.keys.p256dh).ok();
        let key = key.and_then(|key| PublicKey::from_sec1_bytes(&key).ok());
        let auth = BASE64URL.decode(&self.keys.auth).ok();
        let auth = auth.and_then(|auth| <[u8; AUTH_BYTES]>::try_from(auth).ok());
        let (key, auth) = key.zip(auth).ok_or(AttemptError::Subscription)?;
        let auth = web_push_native::Auth::from(auth);
        let sealed = web_push_native::encrypt(text, &key, &auth);
        let mut sealed = sealed.map_err(|_| AttemptError::Subscription)?;
        // The crate writes the length of the text there, and RFC 8291 wants more than that.
        sealed[RECORD_SIZE_AT].copy_from_slice(&RECORD_SIZE);
        Ok(sealed)
    }
}

/// Hands a message to the push service of the subscription that an address is.
pub(super) async fn send(
    http: &Http,
    vapid: &Vapid,
    address: &str,
    message: &Message,
    begun_at: DateTime<Utc>,
) -> Result<(), AttemptError> {
    let subscription = Subscription::parse(address)?;
    let endpoint = Url::parse(&subscription.endpoint)?;
    let sealed = subscription.seal(text(message)?)?;
    let request = http
        .post(endpoint.clone())?
        .header("authorization", vapid.authorization(&endpoint, begun_at))
        .header("content-encoding", "aes128gcm")
        .header("content-type", "application/octet-stream")
        .header("ttl", TTL_SECS)
        .header("urgency", urgency(message.priority))
        .header("topic", BASE64URL.encode(message.key))
        .body(sealed);
    http::send(request, begun_at).await.map_err(|error| match error {
        AttemptError::Status { status, .. } if has_ended(status) => AttemptError::SubscriptionGone,
        error => error,
    })
}

/// By RFC 8030 a subscription that has ended is 410 or, once it is forgotten, 404.
fn has_ended(status: u16) -> bool {
    [StatusCode::NOT_FOUND, StatusCode::GONE].iter().any(|ended| ended.as_u16() == status)
}

/// A reminder is of now; what matters little may wait until the device is awake anyway.
const fn urgency(priority: Priority) -> &'static str {
    match priority {
        Priority::High | Priority::Medium => "high",
        Priority::Low => "normal",
    }
}

/// What the page's worker gets: the lines that there is room for beside a short title, then as much of the title
/// as there is.
fn text(message: &Message) -> Result<Vec<u8>, AttemptError> {
    let mut message = message.clone();
    while message.lines.len() > 1
        && with_title(&message, &shortened(&message.title, SHORT_TITLE_CHARS))?.len()
            > MAX_PUSH_BYTES
    {
        message.lines.truncate(message.lines.len().saturating_sub(2));
        message.lines.push(CUT.to_owned());
    }
    let message = &message;
    let mut chars = message.title.chars().count();
    loop {
        let text = with_title(message, &shortened(&message.title, chars))?;
        let beyond = text.len().saturating_sub(MAX_PUSH_BYTES);
        if beyond == 0 {
            return Ok(text);
        }
        if chars == 0 {
            return Err(AttemptError::TooLong);
        }
        // No character has more than four bytes, in JSON six.
        chars = chars.saturating_sub(beyond.div_ceil(6));
    }
}

fn with_title(message: &Message, title: &str) -> serde_json::Result<Vec<u8>> {
    let action =
        |action: &super::message::Action| json!({ "label": action.label, "url": action.url });
    serde_json::to_vec(&json!({
        "type": message.kind,
        "key": message.key,
        "title": title,
        "lines": message.lines,
        "task_id": message.data.get("task_id"),
        "reminder_id": message.data.get("reminder_id"),
        "timestamp": message.at,
        "actions": message.actions.iter().map(action).collect::<Vec<_>>(),
    }))
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn message(title: &str) -> Message {
        Message {
            key: Uuid::nil(),
            kind: "reminder-triggered",
            at: DateTime::UNIX_EPOCH,
            correlation_id: Uuid::nil(),
            data: json!({ "task_id": Uuid::nil() }),
            title: title.to_owned(),
            lines: vec!["Due".to_owned()],
            priority: Priority::Medium,
            actions: vec![],
        }
    }

    #[test]
    fn a_long_title_is_cut_between_characters_and_fills_the_room() {
        for c in ["x", "ß", "語", "🪴", "\"", "\\"] {
            let text = text(&message(&c.repeat(5_000))).expect("a text");
            assert!(
                (MAX_PUSH_BYTES - 8..=MAX_PUSH_BYTES).contains(&text.len()),
                "{c}: {}",
                text.len()
            );
            let read: serde_json::Value = serde_json::from_slice(&text).expect("JSON");
            let title = read["title"].as_str().expect("a title");
            assert!(title.ends_with('…') && title.starts_with(c), "{c}");
        }
        let whole = text(&message(&"🪴".repeat(500))).expect("a text");
        let read: serde_json::Value = serde_json::from_slice(&whole).expect("JSON");
        assert_eq!(read["title"], "🪴".repeat(500));
    }

    #[test]
    fn of_many_long_lines_the_first_are_sent_with_the_whole_title() {
        let lines = (0..25).map(|line| format!("{line} {}", "🪴".repeat(80))).collect();
        let message = Message { lines, ..message("Your day: 25 overdue") };
        let text = text(&message).expect("a text");
        assert!(text.len() <= MAX_PUSH_BYTES && text.len() > MAX_PUSH_BYTES - 400);
        let read: serde_json::Value = serde_json::from_slice(&text).expect("JSON");
        assert_eq!(read["title"], "Your day: 25 overdue");
        let lines = read["lines"].as_array().expect("lines");
        assert_eq!((&lines[0], lines.last()), (&json!(message.lines[0]), Some(&json!("…"))));
    }

    #[test]
    fn a_key_and_a_subject_go_together_and_the_key_shows_nowhere() {
        let keys = VapidKeys::random();
        let subject = Some("mailto:ops@example.test");
        let vapid = Vapid::new(Some(&keys.private), subject).expect("a pair").expect("set");
        assert_eq!(vapid.public_key(), keys.public);
        assert_eq!(BASE64URL.decode(&keys.public).map(|key| (key.len(), key[0])), Ok((65, 4)));
        assert!(!format!("{vapid:?} {keys:?}").contains(keys.private.expose_secret()));
        let empty = SecretString::from(String::new());
        assert!(Vapid::new(None, None).expect("neither").is_none());
        assert!(Vapid::new(Some(&empty), Some("")).expect("neither").is_none());
        let refused = |key: &str, subject| Vapid::new(Some(&key.to_owned().into()), subject).err();
        assert_eq!(refused(keys.private.expose_secret(), None), Some(InvalidVapid::One));
        assert_eq!(refused("", subject), Some(InvalidVapid::One));
        for key in ["AAAA", "not base64!", &keys.public, &BASE64URL.encode([0; 32])] {
            assert_eq!(refused(key, subject), Some(InvalidVapid::Key), "{key}");
        }
        for subject in ["ops@example.test", "http://example.test", "nobody"] {
            let refused = refused(keys.private.expose_secret(), Some(subject));
            assert_eq!(refused, Some(InvalidVapid::Subject), "{subject}");
        }
    }
}
