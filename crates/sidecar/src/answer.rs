//! An HTTP answer of the sidecar, read whole but never without end.
//!
//! Owns: sending a request, reading at most [`MAX_ANSWER_BYTES`] of its answer, and Dapr's error
//! body. Promises: an answer of any shape becomes a typed error. Never: follows, retries or
//! decides what success is.

use reqwest::{RequestBuilder, StatusCode};
use serde::Deserialize;

use crate::error::PublishError;

/// The most of an answer that is read, in bytes: a bulk of 500 refused entries is about 100 KiB,
/// daprd's metadata a few.
const MAX_ANSWER_BYTES: usize = 4 * 1024 * 1024;
/// The most of an error's text that is kept, in characters.
const MAX_ERROR_TEXT_CHARS: usize = 500;

/// A status and the body that came with it.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) body: Vec<u8>,
}

/// What daprd writes into the body of an error: `{"errorCode", "message", …}`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ErrorBody {
    error_code: Option<String>,
    message: Option<String>,
}

impl Answer {
    /// Sends the request and reads the answer.
    pub(crate) async fn to(request: RequestBuilder) -> Result<Self, PublishError> {
        let mut response = request.send().await.map_err(PublishError::from_transport)?;
        let status = response.status();
        let mut body = Vec::new();
        while body.len() < MAX_ANSWER_BYTES {
            match response.chunk().await {
                Ok(Some(chunk)) => body.extend_from_slice(&chunk),
                Ok(None) => break,
                Err(error) => return Err(PublishError::from_transport(error)),
            }
        }
        body.truncate(MAX_ANSWER_BYTES);
        Ok(Self { status, body })
    }

    /// The typed error that this answer is, given that it is not the success that was asked for.
    pub(crate) fn into_error(self) -> PublishError {
        let parsed: Option<ErrorBody> = serde_json::from_slice(&self.body).ok();
        let (code, message) = match parsed {
            Some(ErrorBody { error_code, message })
                if error_code.is_some() || message.is_some() =>
            {
                (error_code, message)
            }
            _ => (None, Some(String::from_utf8_lossy(&self.body).into_owned())),
        };
        let text = match (&code, message) {
            (Some(code), Some(message)) => format!("{code}: {message}"),
            (Some(code), None) => code.clone(),
            (None, message) => message.unwrap_or_default(),
        };
        PublishError::from_answer(self.status.as_u16(), code.as_deref(), shorten(&text))
    }
}

/// The beginning of `text` on one line, fit for a log and a database.
pub(crate) fn shorten(text: &str) -> String {
    let characters = text.trim().chars().take(MAX_ERROR_TEXT_CHARS);
    characters.map(|character| if character.is_control() { ' ' } else { character }).collect()
}
