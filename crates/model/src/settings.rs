//! Where the model is, and how long it may take.
//!
//! Owns: the settings and their defaults. Promises: what can't be used is an error that names the
//! setting, and the key is never printed. Never: reads the environment; the service has the settings.

use secrecy::SecretString;
use thiserror::Error;
use url::Url;

/// The environment variable of [`ModelSettings::base_url`].
pub const BASE_URL_VARIABLE: &str = "LLM_BASE_URL";
/// The environment variable of [`ModelSettings::model`].
pub const MODEL_VARIABLE: &str = "LLM_MODEL";
/// The environment variable of [`ModelSettings::api_key`].
pub const API_KEY_VARIABLE: &str = "LLM_API_KEY";

/// The longest wait for a connection, in milliseconds.
pub const DEFAULT_CONNECT_TIMEOUT_MS: u64 = 5_000;
/// The longest wait from the sending of a request to the first byte of its answer's body, in
/// milliseconds. A model on a machine without a graphics card reads for long before it writes.
pub const DEFAULT_FIRST_BYTE_TIMEOUT_MS: u64 = 45_000;
/// The longest silence within an answer, in milliseconds.
pub const DEFAULT_IDLE_TIMEOUT_MS: u64 = 20_000;
/// The longest that one answer may take in all, in milliseconds.
pub const DEFAULT_ANSWER_TIMEOUT_MS: u64 = 90_000;

/// An endpoint that speaks OpenAI's chat completions.
#[derive(Clone, Debug)]
pub struct ModelSettings {
    /// What `/chat/completions` is appended to, `http` or `https`, such as
    /// `https://api.openai.com/v1` or `http://127.0.0.1:11434/v1`. A query is kept.
    pub base_url: Url,
    /// The model's name, as the endpoint has it.
    pub model: String,
    /// Sent as a bearer token; none means no `Authorization` at all.
    pub api_key: Option<SecretString>,
    /// The longest wait for a connection, name and TLS included, in milliseconds.
    pub connect_timeout_ms: u64,
    /// The longest wait from the sending of a request to the first byte of its answer's body,
    /// connecting included, in milliseconds.
    pub first_byte_timeout_ms: u64,
    /// The longest silence within an answer, in milliseconds. What keeps a connection alive ends it.
    pub idle_timeout_ms: u64,
    /// The longest that one answer may take in all, in milliseconds.
    pub answer_timeout_ms: u64,
}

/// Why the settings can't be used.
#[derive(Debug, Error)]
pub enum SettingsError {
    /// A setting is not what it has to be.
    #[error("{variable} must be {expected}")]
    Invalid {
        /// The setting's environment variable.
        variable: &'static str,
        /// What it has to be.
        expected: &'static str,
    },
    /// The HTTP client could not be made, for example for want of TLS roots.
    #[error("cannot make the HTTP client for the model")]
    Client(#[source] reqwest::Error),
}

impl ModelSettings {
    /// Settings for a model of the endpoint at `base_url`, without a key and with the default
    /// time-outs.
    #[must_use]
    pub fn at(base_url: Url, model: impl Into<String>) -> Self {
        Self {
            base_url,
            model: model.into(),
            api_key: None,
            connect_timeout_ms: DEFAULT_CONNECT_TIMEOUT_MS,
            first_byte_timeout_ms: DEFAULT_FIRST_BYTE_TIMEOUT_MS,
            idle_timeout_ms: DEFAULT_IDLE_TIMEOUT_MS,
            answer_timeout_ms: DEFAULT_ANSWER_TIMEOUT_MS,
        }
    }

    /// The address that is asked: the base with `chat/completions`, its query kept.
    pub(crate) fn endpoint(&self) -> Result<Url, SettingsError> {
        let invalid = SettingsError::Invalid {
            variable: BASE_URL_VARIABLE,
            expected: "an http or https address without a name or password in it",
        };
        let mut endpoint = self.base_url.clone();
        let has_credentials = !endpoint.username().is_empty() || endpoint.password().is_some();
        let is_http = matches!(endpoint.scheme(), "http" | "https") && endpoint.has_host();
        if has_credentials || !is_http {
            return Err(invalid);
        }
        endpoint.set_fragment(None);
        match endpoint.path_segments_mut() {
            Ok(mut path) => path.pop_if_empty().extend(["chat", "completions"]),
            Err(()) => return Err(invalid),
        };
        Ok(endpoint)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint(base: &str) -> Result<String, SettingsError> {
        let settings = ModelSettings::at(base.parse().expect("a URL"), "m");
        settings.endpoint().map(|url| url.to_string())
    }

    #[test]
    fn the_endpoint_is_the_base_and_its_query_is_kept() {
        for (base, expected) in [
            ("http://127.0.0.1:11434/v1", "http://127.0.0.1:11434/v1/chat/completions"),
            ("https://host/v1/", "https://host/v1/chat/completions"),
            ("https://host", "https://host/chat/completions"),
            ("https://host/v1?api-version=1#x", "https://host/v1/chat/completions?api-version=1"),
        ] {
            assert_eq!(endpoint(base).expect("an endpoint"), expected);
        }
    }

    #[test]
    fn a_base_that_is_no_http_address_or_has_a_password_is_refused_by_name() {
        for base in ["ftp://host/v1", "https://user:secret@host/v1", "https://user@host", "data:x"]
        {
            let error = endpoint(base).expect_err(base).to_string();
            assert!(error.starts_with(BASE_URL_VARIABLE), "{error}");
            assert!(!error.contains("secret"), "{error}");
        }
    }

    #[test]
    fn the_key_is_never_printed() {
        let mut settings = ModelSettings::at("https://host/v1".parse().expect("a URL"), "m");
        settings.api_key = Some("sk-very-secret".into());
        let printed = format!("{settings:?}");
        assert!(!printed.contains("very-secret"), "{printed}");
    }
}
