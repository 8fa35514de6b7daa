//! Channels: where they lead, and their secrets.

use std::fmt;

use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use events::ChannelKind;
use url::Url;

use super::{Refused, email::Email, text::checked};

/// The longest webhook URL, in characters.
pub(crate) const MAX_URL_CHARS: usize = 2_000;
/// The least random bytes of a secret, by Standard Webhooks.
const MIN_SECRET_BYTES: usize = 24;
/// The most bytes of a secret, by Standard Webhooks.
const MAX_SECRET_BYTES: usize = 64;
const GENERATED_SECRET_BYTES: usize = 32;
const SECRET_PREFIX: &str = "whsec_";

/// A channel that somebody adds: a kind, with all that this kind needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum NewChannel {
    /// Signed requests to a URL.
    Webhook {
        /// Where they go.
        url: WebhookUrl,
        /// What they are signed with.
        secret: WebhookSecret,
    },
    /// Letters.
    Email {
        /// To whom.
        to: Email,
    },
}

impl NewChannel {
    /// Which kind it is.
    pub(crate) const fn kind(&self) -> ChannelKind {
        match self {
            Self::Webhook { .. } => ChannelKind::Webhook,
            Self::Email { .. } => ChannelKind::Email,
        }
    }

    /// Where it leads, as the worker reads it; to be sealed.
    pub(crate) fn address(&self) -> &str {
        match self {
            Self::Webhook { url, .. } => url.as_str(),
            Self::Email { to } => to.as_str(),
        }
    }

    /// Its secret, if it has one; to be sealed.
    pub(crate) fn secret(&self) -> Option<&str> {
        match self {
            Self::Webhook { secret, .. } => Some(secret.reveal()),
            Self::Email { .. } => None,
        }
    }
}

/// Where a webhook leads: an http or https URL. Which hosts may be reached, the worker decides when
/// it has resolved the name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct WebhookUrl(String);

impl WebhookUrl {
    /// Checks a URL; kept as it was written.
    pub(crate) fn parse(text: String) -> Result<Self, Refused> {
        checked(&text, MAX_URL_CHARS)?;
        let is_http = Url::parse(&text)
            .is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
        if !is_http {
            return Err(Refused::new("is no http or https URL"));
        }
        Ok(Self(text))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// What a webhook is signed with: `whsec_` and base64 of 24 to 64 bytes; never printed.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct WebhookSecret(String);

impl WebhookSecret {
    /// Checks a secret that the person brings along.
    pub(crate) fn parse(text: String) -> Result<Self, Refused> {
        let bytes = text.strip_prefix(SECRET_PREFIX).and_then(|text| BASE64.decode(text).ok());
        match bytes {
            Some(bytes) if (MIN_SECRET_BYTES..=MAX_SECRET_BYTES).contains(&bytes.len()) => {
                Ok(Self(text))
            }
            _ => Err(Refused::new(format!(
                "is {SECRET_PREFIX} and base64 of {MIN_SECRET_BYTES} to {MAX_SECRET_BYTES} bytes"
            ))),
        }
    }

    /// A fresh one from the system's random source.
    pub(crate) fn random() -> Self {
        let bytes: [u8; GENERATED_SECRET_BYTES] = rand::random();
        Self(format!("{SECRET_PREFIX}{}", BASE64.encode(bytes)))
    }

    /// The text itself, to seal it or to show it once.
    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for WebhookSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WebhookSecret")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_webhook_leads_to_http_or_https() {
        for text in ["https://example.test/hook?x=1", "http://10.0.0.1:8080"] {
            assert!(WebhookUrl::parse(text.to_owned()).is_ok(), "{text}");
        }
        let long = format!("https://example.test/{}", "x".repeat(MAX_URL_CHARS));
        for text in [
            "",
            "example.test",
            "ftp://example.test",
            "file:///etc",
            "http://",
            "http://a\0",
            &long,
        ] {
            assert!(WebhookUrl::parse(text.to_owned()).is_err(), "{text}");
        }
    }

    #[test]
    fn a_secret_is_a_standard_webhooks_one_and_a_generated_one_passes_too() {
        let generated = WebhookSecret::random();
        assert_eq!(WebhookSecret::parse(generated.reveal().to_owned()), Ok(generated.clone()));
        assert!(!format!("{generated:?}").contains(generated.reveal()));
        let short = format!("whsec_{}", BASE64.encode([7; MIN_SECRET_BYTES - 1]));
        let long = format!("whsec_{}", BASE64.encode([7; MAX_SECRET_BYTES + 1]));
        for text in ["", "whsec_", "secret", "whsec_not base64", &short, &long] {
            assert!(WebhookSecret::parse(text.to_owned()).is_err(), "{text}");
        }
    }
}
