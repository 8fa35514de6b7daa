//! One request to the endpoint and its answer.
//!
//! Owns: the HTTP client, the request's form, the waits. Promises: every call ends within the
//! settings' time-outs, with a whole answer or a typed error; dropping the future closes the
//! connection. Never: follows a redirect or a proxy (the key and the words go where the setting says,
//! and nowhere else), logs either, decides on a retry.

use std::{
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use reqwest::{
    Client, Response, StatusCode,
    header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue},
    redirect, retry,
};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use tokio::time::{Instant, timeout_at};
use url::Url;

use crate::{
    answer::{Answer, Form, Reader},
    error::{Broken, ModelError, Refusal, Wait},
    limits::MAX_ERROR_BODY_BYTES,
    request::Prompt,
    retry::retry_after,
    settings::{API_KEY_VARIABLE, MODEL_VARIABLE, ModelSettings, SettingsError},
};

/// How long a connection is kept for the next round, in seconds: less than the five after which uvicorn
/// (vLLM) closes it, as a request that meets the close is lost.
const IDLE_CONNECTION_SECS: u64 = 4;
/// The longest wait for the end of a body behind `[DONE]`, in milliseconds: with it the connection can
/// be used on.
const MAX_LINGER_MS: u64 = 250;
/// The field that Mistral refuses, with a 422 that names it.
const OPTIONS_FIELD: &[u8] = b"stream_options";

/// A model behind an endpoint. Cloning shares its connections.
#[derive(Clone, Debug)]
pub struct Model {
    http: Client,
    endpoint: Url,
    name: String,
    first_byte_timeout: Duration,
    idle_timeout: Duration,
    answer_timeout: Duration,
    /// Whether to ask for a report of what was spent; not of an endpoint that refused the question.
    asks_usage: Arc<AtomicBool>,
}

/// How far a request got.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Reached {
    /// The endpoint took the request, as far as is known, and will count it.
    pub(crate) is_taken: bool,
    /// A byte of the answer came.
    pub(crate) has_begun: bool,
    /// The bytes of what the model wrote.
    pub(crate) written_bytes: usize,
}

/// What became of a request.
enum Asked {
    Taken { response: Response, first_byte_end: Instant },
    Refused { refusal: Refusal, names_options: bool },
}

impl Model {
    /// A client for the settings' endpoint. Connects only when first used.
    ///
    /// # Errors
    /// An address, name or key that can't be used, or no HTTP client to be had.
    pub fn new(settings: &ModelSettings) -> Result<Self, SettingsError> {
        let endpoint = settings.endpoint()?;
        if settings.model.trim().is_empty() {
            let expected = "the name of a model";
            return Err(SettingsError::Invalid { variable: MODEL_VARIABLE, expected });
        }
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(ACCEPT, HeaderValue::from_static("text/event-stream, application/json"));
        if let Some(key) = &settings.api_key {
            headers.insert(AUTHORIZATION, bearer(key)?);
        }
        let http = Client::builder()
            .user_agent(concat!("todo/", env!("CARGO_PKG_VERSION")))
            .default_headers(headers)
            .redirect(redirect::Policy::none())
            .retry(retry::never())
            .no_proxy()
            .connect_timeout(Duration::from_millis(settings.connect_timeout_ms))
            .pool_idle_timeout(Duration::from_secs(IDLE_CONNECTION_SECS))
            .build()
            .map_err(SettingsError::Client)?;
        Ok(Self {
            http,
            endpoint,
            name: settings.model.clone(),
            first_byte_timeout: Duration::from_millis(settings.first_byte_timeout_ms),
            idle_timeout: Duration::from_millis(settings.idle_timeout_ms),
            answer_timeout: Duration::from_millis(settings.answer_timeout_ms),
            asks_usage: Arc::new(AtomicBool::new(true)),
        })
    }

    /// The model's name, as the endpoint has it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Asks once and tells the words of the answer as they come. `reached` says how far it got, also
    /// where the future is dropped.
    pub(crate) async fn answer(
        &self,
        prompt: &Prompt<'_>,
        reached: &mut Reached,
        on_text: &mut (dyn FnMut(&str) + Send),
    ) -> Result<Answer, ModelError> {
        let end = Instant::now() + self.answer_timeout;
        let asks_usage = self.asks_usage.load(Ordering::Relaxed);
        let first = match self.ask(prompt.body(&self.name, asks_usage), end, reached).await? {
            Asked::Refused { names_options: true, .. } if asks_usage => {
                self.asks_usage.store(false, Ordering::Relaxed);
                self.ask(prompt.body(&self.name, false), end, reached).await?
            }
            first => first,
        };
        match first {
            Asked::Refused { refusal, .. } => Err(refusal.into_error()),
            Asked::Taken { response, first_byte_end } => {
                self.read(response, first_byte_end, end, reached, on_text).await
            }
        }
    }

    async fn ask(
        &self,
        body: Bytes,
        end: Instant,
        reached: &mut Reached,
    ) -> Result<Asked, ModelError> {
        let first_byte_end = Instant::now() + self.first_byte_timeout;
        let sending = self.http.post(self.endpoint.clone()).body(body).send();
        // A model that is waited for in vain has been at work.
        reached.is_taken = true;
        let sent = within(first_byte_end, Wait::FirstByte, end, sending).await?;
        reached.is_taken = sent.as_ref().is_ok_and(|response| response.status().is_success());
        let response = sent.map_err(ModelError::from_transport)?;
        match reached.is_taken {
            true => Ok(Asked::Taken { response, first_byte_end }),
            false => Ok(self.refused(response, end).await),
        }
    }

    async fn read(
        &self,
        mut response: Response,
        first_byte_end: Instant,
        end: Instant,
        reached: &mut Reached,
        on_text: &mut (dyn FnMut(&str) + Send),
    ) -> Result<Answer, ModelError> {
        let mut reader = Reader::new(form(&response)?);
        while !reader.is_done() {
            let (until, wait) = match reached.has_begun {
                true => (Instant::now() + self.idle_timeout, Wait::Idle),
                false => (first_byte_end, Wait::FirstByte),
            };
            let chunk = within(until, wait, end, response.chunk()).await?;
            let cut = |error: reqwest::Error| Broken::Cut(Some(error.without_url()));
            let Some(bytes) = chunk.map_err(|error| ModelError::Broken(cut(error)))? else { break };
            reached.has_begun |= !bytes.is_empty();
            let taken = reader.push(&bytes, on_text);
            reached.written_bytes = reader.written_bytes();
            taken?;
        }
        if reader.is_done() {
            let linger = Instant::now() + Duration::from_millis(MAX_LINGER_MS);
            let _unneeded = timeout_at(linger.min(end), response.chunk()).await;
        }
        reader.end(on_text)
    }

    /// Reads how a request was refused. A body that does not come leaves the status.
    async fn refused(&self, mut response: Response, end: Instant) -> Asked {
        let status = response.status();
        let retry_after = retry_after(response.headers());
        let mut body = Vec::new();
        while body.len() < MAX_ERROR_BODY_BYTES {
            let idle_end = Instant::now() + self.idle_timeout;
            let chunk = within(idle_end, Wait::Idle, end, response.chunk()).await;
            let Ok(Ok(Some(bytes))) = chunk else { break };
            body.extend_from_slice(&bytes);
        }
        let value: Value = serde_json::from_slice(&body).unwrap_or_default();
        let is_bad = matches!(status, StatusCode::BAD_REQUEST | StatusCode::UNPROCESSABLE_ENTITY);
        let is_named = body.windows(OPTIONS_FIELD.len()).any(|part| part == OPTIONS_FIELD);
        let refusal = Refusal::from_body(Some(status.as_u16()), &value, retry_after);
        Asked::Refused { refusal, names_options: is_bad && is_named }
    }
}

/// Waits until then, and not beyond the answer's end.
async fn within<T>(
    until: Instant,
    wait: Wait,
    end: Instant,
    future: impl Future<Output = T>,
) -> Result<T, ModelError> {
    let wait = if until < end { wait } else { Wait::Answer };
    let waited = timeout_at(until.min(end), future).await;
    waited.map_err(|_elapsed| ModelError::TimedOut(wait))
}

/// How to read the body. What names no type is taken for what was asked for.
fn form(response: &Response) -> Result<Form, ModelError> {
    let kind = response.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let kind = kind.and_then(|kind| kind.split(';').next()).unwrap_or_default().trim();
    match kind.to_ascii_lowercase().as_str() {
        "application/json" => Ok(Form::Whole),
        "text/html" | "application/xhtml+xml" => Err(ModelError::Broken(Broken::ContentType)),
        _ => Ok(Form::Stream),
    }
}

fn bearer(key: &SecretString) -> Result<HeaderValue, SettingsError> {
    let expected = "visible ASCII without spaces or line ends";
    let invalid = SettingsError::Invalid { variable: API_KEY_VARIABLE, expected };
    let key = key.expose_secret();
    if key.is_empty() || !key.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(invalid);
    }
    let mut value = HeaderValue::from_str(&format!("Bearer {key}")).map_err(|_| invalid)?;
    value.set_sensitive(true);
    Ok(value)
}
