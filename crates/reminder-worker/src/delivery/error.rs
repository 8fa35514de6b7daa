//! Why an attempt did not deliver, and whether another one may.

use std::time::Duration;

use super::ATTEMPT_TIMEOUT_SECS;

/// Why an attempt did not deliver. Never names an address or a secret, nor what a target wrote.
#[derive(Debug, thiserror::Error)]
pub(super) enum AttemptError {
    #[error("the channel was deleted")]
    ChannelGone,
    #[error("this release does not know the channel's kind")]
    UnknownKind,
    #[error("digests are no longer wanted")]
    DigestNotWanted,
    #[error("the day of the digest is over")]
    DigestOver,
    #[error("the channel's address or secret can't be opened")]
    Sealed(#[from] platform::sealing::OpenError),
    #[error("the channel's address is no URL")]
    Address(#[from] url::ParseError),
    #[error("the channel's address is no browser's subscription")]
    Subscription,
    #[error("the push service does not know the subscription any more: the browser has ended it")]
    SubscriptionGone,
    #[error("the notification is too long for a push service")]
    TooLong,
    #[error("no Web Push is sent here: VAPID_PRIVATE_KEY and VAPID_SUBJECT are not set")]
    NoVapid,
    #[error("the channel's address is no topic of an ntfy server")]
    Topic,
    #[error("the channel's secret can't sign")]
    Secret(#[from] super::signature::InvalidSecret),
    #[error("the notification can't be written")]
    Json(#[from] serde_json::Error),
    #[error(transparent)]
    NotPermitted(#[from] super::resolver::NotPermitted),
    #[error("the target did not answer in {ATTEMPT_TIMEOUT_SECS} s")]
    TimedOut,
    #[error("the target can't be reached")]
    Unreachable(#[source] reqwest::Error),
    #[error("the target answered {status}")]
    Status {
        status: u16,
        /// How long the target wants to be left alone.
        wait: Option<Duration>,
    },
    #[error("no mail is sent here: SMTP_URL and SMTP_FROM are not set")]
    NoMail,
    #[error("the channel's address is no e-mail address")]
    MailAddress,
    #[error("the letter can't be written")]
    Letter(#[from] lettre::error::Error),
    #[error("the mail server did not answer in {ATTEMPT_TIMEOUT_SECS} s")]
    MailTimedOut,
    #[error("the mail server can't be reached")]
    MailUnreachable,
    #[error("no secure connection to the mail server")]
    MailNotSecure,
    #[error("the mail server lacks what the letter needs")]
    MailUnfit,
    #[error("the mail server wants another user or password: {0}")]
    MailNotSignedIn(u16),
    #[error("the mail server puts the letter off: {0}")]
    MailPutOff(u16),
    #[error("the mail server refuses the letter: {0}")]
    MailRefused(u16),
}

impl AttemptError {
    /// Whether no repetition heals it. What an operator may heal, or a later release, is repeated; that a way
    /// is not set up here at all is said at once.
    pub(super) fn is_final(&self) -> bool {
        const GONE: u16 = 410;
        match self {
            Self::Unreachable(_)
            | Self::TimedOut
            | Self::Sealed(_)
            | Self::UnknownKind
            | Self::MailTimedOut
            | Self::MailUnreachable
            | Self::MailNotSecure
            | Self::MailUnfit
            | Self::MailNotSignedIn(_)
            | Self::MailPutOff(_) => false,
            Self::Status { status, .. } => *status == GONE,
            Self::ChannelGone
            | Self::DigestNotWanted
            | Self::DigestOver
            | Self::Address(_)
            | Self::Topic
            | Self::Subscription
            | Self::SubscriptionGone
            | Self::TooLong
            | Self::NoVapid
            | Self::Secret(_)
            | Self::Json(_)
            | Self::NotPermitted(_)
            | Self::NoMail
            | Self::MailAddress
            | Self::Letter(_)
            | Self::MailRefused(_) => true,
        }
    }

    /// Whether there is nothing to send any more, which is no failure.
    pub(super) const fn is_moot(&self) -> bool {
        matches!(self, Self::ChannelGone | Self::DigestNotWanted | Self::DigestOver)
    }

    /// The least time until the next attempt, where the target has asked for one.
    pub(super) fn wait(&self) -> Duration {
        match self {
            Self::Status { wait, .. } => wait.unwrap_or_default(),
            _ => Duration::ZERO,
        }
    }
}
