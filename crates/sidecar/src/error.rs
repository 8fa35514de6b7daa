//! What can go wrong when the sidecar is called, and how much has to wait because of it.
//!
//! Owns: the mapping from an HTTP status and Dapr's `errorCode` to a typed error, and from that to
//! its [`Scope`]. Promises: no answer is left unclassified. Never: decides on a retry.

use std::error::Error as StdError;
use std::io;

use thiserror::Error;

/// Dapr's code where the pub/sub component does not exist. 404 before publishing, 400 from inside.
const PUBSUB_NOT_FOUND: &str = "ERR_PUBSUB_NOT_FOUND";
/// Dapr's code (with a 400) where there is no pub/sub component at all, perhaps not yet.
const PUBSUB_NOT_CONFIGURED: &str = "ERR_PUBSUB_NOT_CONFIGURED";
/// Dapr's code (with a 500) for an event that it cannot make a CloudEvent from.
const CLOUD_EVENT_INVALID: &str = "ERR_PUBSUB_CLOUD_EVENTS_SER";

/// A call to the sidecar that did not do what it was asked.
///
/// None of them says that a message was *not* published: a time-out or a broken connection can
/// come after the broker took it. Publish again with the same event id.
#[derive(Debug, Error)]
pub enum PublishError {
    /// Nobody listens at the endpoint: the sidecar is away or not up yet.
    #[error("the sidecar refuses connections")]
    Refused(#[source] reqwest::Error),
    /// No connection, or no answer, within the time-out. The message may have been published.
    #[error("the sidecar did not answer in time")]
    TimedOut(#[source] reqwest::Error),
    /// 400 or 413: this request can never succeed as it is, for example a body over daprd's 4 MiB.
    #[error("the sidecar refuses the request: {message}")]
    BadRequest {
        /// The sidecar's own words.
        message: String,
    },
    /// 401: the sidecar wants a `dapr-api-token` and ours is missing or wrong.
    #[error("the sidecar refuses our api token")]
    Unauthorized,
    /// 403: `allowedTopics`, `publishingScopes` or `protectedTopics` keep us from this topic.
    #[error("the sidecar forbids the topic: {message}")]
    Forbidden {
        /// The sidecar's own words.
        message: String,
    },
    /// 404: no such pub/sub component, or no such API. Also Dapr's two 400s that mean the former.
    #[error("the sidecar does not find the pub/sub component: {message}")]
    NotFound {
        /// The sidecar's own words.
        message: String,
    },
    /// 500 and above: the broker refused or is away, or the sidecar is not ready.
    #[error("the sidecar or its broker is unavailable ({status}): {message}")]
    Unavailable {
        /// The HTTP status.
        status: u16,
        /// The sidecar's own words.
        message: String,
    },
    /// A status that the API does not have, also a success other than the one promised: whoever
    /// answers is no Dapr sidecar, so nothing was published.
    #[error("unexpected answer from the sidecar ({status}): {message}")]
    Unexpected {
        /// The HTTP status.
        status: u16,
        /// The beginning of the body.
        message: String,
    },
    /// The connection broke, the name did not resolve, or the like.
    #[error("the call to the sidecar broke off")]
    Transport(#[source] reqwest::Error),
    /// The message is none that may be sent: see [`Message`](crate::Message). Found before
    /// sending, or by the sidecar.
    #[error("not an event that can be published: {message}")]
    InvalidEvent {
        /// What is wrong with it.
        message: String,
    },
}

/// How much has to wait after a [`PublishError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scope {
    /// Nothing gets through: hold every message back and try again later.
    Sidecar,
    /// This topic is closed to us: hold its messages back, the others may pass.
    Topic,
    /// The message itself (one of them, in a bulk): hold back what shares its key.
    Message,
}

impl PublishError {
    /// What a relay should hold back.
    ///
    /// A 5xx counts for the whole sidecar, as it nearly always is the broker. daprd gives the same
    /// 500 for a record that the broker finds too large and for a topic that it does not have:
    /// [`publish_bulk`](crate::Sidecar::publish_bulk) reports those per entry.
    #[must_use]
    pub const fn scope(&self) -> Scope {
        match self {
            Self::Refused(_)
            | Self::TimedOut(_)
            | Self::Unauthorized
            | Self::Unavailable { .. }
            | Self::Unexpected { .. }
            | Self::Transport(_) => Scope::Sidecar,
            Self::Forbidden { .. } | Self::NotFound { .. } => Scope::Topic,
            Self::BadRequest { .. } | Self::InvalidEvent { .. } => Scope::Message,
        }
    }

    /// Whether time alone can heal it. The others wait for a person to change a setting or an event.
    #[must_use]
    pub const fn is_transient(&self) -> bool {
        matches!(
            self,
            Self::Refused(_) | Self::TimedOut(_) | Self::Unavailable { .. } | Self::Transport(_)
        )
    }

    /// The error for an answer with this status, `errorCode` and text.
    pub(crate) fn from_answer(status: u16, code: Option<&str>, message: String) -> Self {
        match (status, code) {
            (400, Some(PUBSUB_NOT_FOUND | PUBSUB_NOT_CONFIGURED)) => Self::NotFound { message },
            (500, Some(CLOUD_EVENT_INVALID)) => Self::InvalidEvent { message },
            (400 | 413, _) => Self::BadRequest { message },
            (401, _) => Self::Unauthorized,
            (403, _) => Self::Forbidden { message },
            (404, _) => Self::NotFound { message },
            (500..=599, _) => Self::Unavailable { status, message },
            _ => Self::Unexpected { status, message },
        }
    }

    /// The error for a call that got no whole answer. The address is left out: the caller knows
    /// it, and it may carry a name and password.
    pub(crate) fn from_transport(error: reqwest::Error) -> Self {
        let error = error.without_url();
        if error.is_timeout() {
            Self::TimedOut(error)
        } else if error.is_connect() && is_connection_refused(&error) {
            Self::Refused(error)
        } else {
            Self::Transport(error)
        }
    }
}

fn is_connection_refused(error: &(dyn StdError + 'static)) -> bool {
    let causes = std::iter::successors(Some(error), |&cause| cause.source());
    causes
        .filter_map(|cause| cause.downcast_ref::<io::Error>())
        .any(|cause| cause.kind() == io::ErrorKind::ConnectionRefused)
}
