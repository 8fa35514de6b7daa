//! One attempt to deliver one notification.

use std::time::Duration;

use chrono::{DateTime, Utc};
use events::{
    ChannelId, ChannelKind, ChannelSettings, DeliveryOutcome, Event, NotificationDelivered,
    ReminderId, SealedText, Service,
};
use futures_util::future::join_all;
use messaging::{ApplyError, Outbox};
use platform::{
    backoff::Backoff,
    sealing::{KeyRing, Sealed},
    telemetry,
};
use reqwest::{Client, redirect};
use serde_json::json;
use sqlx::PgPool;
use tokio::time::Instant;
use tracing::{Instrument, Span, field::Empty};
use url::Url;
use uuid::Uuid;

use super::{
    ATTEMPT_TIMEOUT_SECS, AddressPolicy,
    metrics::{Became, Counts},
    resolver::GuardedResolver,
    signature::sign,
};
use crate::store::{
    self,
    deliveries::{Due, End},
    lanes::Lane,
};

/// After so many attempts a notification has failed: about five hours.
const MAX_ATTEMPTS: i32 = 14;
/// How often what came of an attempt is written down again where the database fails.
const MARK_RETRIES: u32 = 4;
const MARK_RETRY: Backoff =
    Backoff { first: Duration::from_millis(200), longest: Duration::from_secs(2) };
const RETRY: Backoff =
    Backoff { first: Duration::from_secs(5), longest: Duration::from_secs(2 * 3600) };

/// The key that a notification carries to its target, the same however often it is sent: UUID v5 in
/// the namespace of the channel over `{reminder id}|{reminder time}`.
#[must_use]
pub fn notification_key(
    channel: ChannelId,
    reminder: ReminderId,
    reminder_time: DateTime<Utc>,
) -> Uuid {
    let time = reminder_time.to_rfc3339_opts(chrono::SecondsFormat::Micros, true);
    Uuid::new_v5(&channel.uuid(), format!("{reminder}|{time}").as_bytes())
}

/// Why an attempt did not deliver. Never names an address or a secret.
#[derive(Debug, thiserror::Error)]
enum AttemptError {
    #[error("the channel was deleted")]
    ChannelGone,
    #[error("the channel's address or secret can't be opened")]
    Sealed(#[from] platform::sealing::OpenError),
    #[error("the channel's address is no URL")]
    Address(#[from] url::ParseError),
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
    #[error("the target answered {0}")]
    Status(u16),
}

impl AttemptError {
    /// Whether no repetition heals it.
    fn is_final(&self) -> bool {
        const GONE: u16 = 410;
        match self {
            Self::Unreachable(_) | Self::TimedOut | Self::Sealed(_) => false,
            Self::Status(status) => *status == GONE,
            Self::ChannelGone
            | Self::Address(_)
            | Self::Secret(_)
            | Self::Json(_)
            | Self::NotPermitted(_) => true,
        }
    }
}

/// What came of an attempt, as far as its channel's lane is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Attempted {
    Delivered,
    Failed,
    /// It need not be sent any more, or nobody knows.
    NotMade,
}

/// Sends notifications and writes down what came of it.
#[derive(Debug)]
pub(super) struct Sender {
    pool: PgPool,
    outbox: Outbox,
    keys: KeyRing,
    client: Client,
    guard: GuardedResolver,
    counts: Counts,
}

impl Sender {
    pub(super) fn new(
        pool: PgPool,
        outbox: Outbox,
        keys: KeyRing,
        policy: AddressPolicy,
    ) -> reqwest::Result<Self> {
        let guard = GuardedResolver::new(policy);
        let client = Client::builder()
            .user_agent(concat!("todo-reminder-worker/", env!("CARGO_PKG_VERSION")))
            .dns_resolver(guard.clone())
            .redirect(redirect::Policy::none())
            .no_proxy()
            .timeout(Duration::from_secs(ATTEMPT_TIMEOUT_SECS))
            .build()?;
        Ok(Self { pool, outbox, keys, client, guard, counts: Counts::default() })
    }

    pub(super) fn counts(&self) -> &Counts {
        &self.counts
    }

    /// Tries what is due of a lane, all at the same time, and gives the lane back.
    pub(super) async fn serve(&self, lane: Lane, due: Vec<Due>) {
        let attempted = join_all(due.into_iter().map(|due| self.attempt(due))).await;
        let failures = if attempted.contains(&Attempted::Failed) {
            lane.failures.saturating_add(1)
        } else if attempted.contains(&Attempted::Delivered) {
            0
        } else {
            lane.failures
        };
        let release = async || Ok(store::lanes::release(&self.pool, lane, failures).await?);
        if let Err(error) = insist(release).await {
            tracing::warn!(error = &error as &dyn std::error::Error, channel.id = %lane.channel_id, "a lane is free when its lease has run out");
        }
    }

    /// Tries once; the delivery then has ended or waits for its next attempt. Where even that can't
    /// be written down, it is tried again.
    async fn attempt(&self, due: Due) -> Attempted {
        let span = tracing::info_span!(
            "deliver",
            correlation_id = %due.correlation_id,
            http.request.method = "POST",
            http.request.resend_count = (due.attempt > 1).then(|| due.attempt - 1),
            http.response.status_code = Empty,
            otel.name = "POST",
            otel.kind = "client",
            otel.status_code = Empty,
        );
        if let Some(traceparent) = &due.traceparent {
            telemetry::continue_trace(&span, traceparent);
        }
        let sent = self.send_and_mark(&due).instrument(span).await;
        sent.unwrap_or_else(|error| {
            tracing::warn!(error = &error as &dyn std::error::Error, delivery.id = %due.delivery_id, "a delivery is tried again");
            Attempted::NotMade
        })
    }

    async fn send_and_mark(&self, due: &Due) -> Result<Attempted, ApplyError> {
        // A cancel may have come since the lease.
        if !insist(|| self.still_pending(due)).await? {
            return Ok(Attempted::NotMade);
        }
        let sent = self.send(due).await;
        if sent.is_err() {
            Span::current().record("otel.status_code", "ERROR");
        }
        insist(|| self.mark(due, &sent)).await?;
        Ok(if sent.is_ok() { Attempted::Delivered } else { Attempted::Failed })
    }

    async fn still_pending(&self, due: &Due) -> Result<bool, ApplyError> {
        Ok(store::deliveries::still_pending(&self.pool, due).await?)
    }

    /// Writes down what came of an attempt.
    async fn mark(&self, due: &Due, sent: &Result<(), AttemptError>) -> Result<(), ApplyError> {
        match sent {
            Ok(()) => {
                self.end(due, End::Delivered, None).await?;
                tracing::info!(attempts = due.attempt, "delivered");
                Ok(())
            }
            Err(error @ AttemptError::ChannelGone) => {
                self.end(due, End::Dropped, Some(error.to_string())).await
            }
            Err(error) if error.is_final() || due.attempt >= MAX_ATTEMPTS => {
                self.end(due, End::Failed, Some(error.to_string())).await
            }
            Err(error) => {
                let wait = RETRY.delay(u32::try_from(due.attempt).unwrap_or(1));
                tracing::info!(error = %error, attempts = due.attempt, "a delivery waits for its next attempt");
                let error = error.to_string();
                store::deliveries::postpone(&self.pool, due, &error, wait.as_secs_f64()).await?;
                self.counts.became(Became::Retried);
                Ok(())
            }
        }
    }

    async fn send(&self, due: &Due) -> Result<(), AttemptError> {
        let channel = &due.channel.as_ref().ok_or(AttemptError::ChannelGone)?.0;
        let address = self.open(due, channel, "address", &channel.address)?;
        let secret = match &channel.secret {
            Some(secret) => Some(self.open(due, channel, "secret", secret)?),
            None => None,
        };
        let url = Url::parse(&address)?;
        self.guard.check_literal(&url)?;
        let message = Message::new(due)?;
        // Of the attempt, not of the firing: receivers refuse what was signed long ago.
        let timestamp = due.begun_at.timestamp();
        let mut request = self
            .client
            .post(url)
            .header("content-type", "application/json")
            .header("webhook-id", &message.id)
            .header("webhook-timestamp", timestamp)
            .header("x-correlation-id", due.correlation_id.to_string());
        if let Some(secret) = secret {
            let signature = sign(&secret, &message.id, timestamp, &message.body)?;
            request = request.header("webhook-signature", signature);
        }
        if let Some(traceparent) = telemetry::current_traceparent() {
            request = request.header("traceparent", traceparent);
        }
        let begun = Instant::now();
        let response = request.body(message.body).send().await;
        self.counts.attempted(begun.elapsed());
        let status = response.map_err(transport_error)?.status();
        Span::current().record("http.response.status_code", status.as_u16());
        if status.is_success() { Ok(()) } else { Err(AttemptError::Status(status.as_u16())) }
    }

    fn open(
        &self,
        due: &Due,
        channel: &ChannelSettings,
        field: &str,
        sealed: &SealedText,
    ) -> Result<String, AttemptError> {
        let context = format!("{}/{}/{field}", due.user_id, channel.channel_id);
        let SealedText { key_id, ciphertext } = sealed.clone();
        Ok(self.keys.open(&context, &Sealed { key_id, ciphertext })?)
    }

    /// Writes down how a delivery ended and says so: task, delivery, outbox, in the one lock order.
    async fn end(&self, due: &Due, end: End, error: Option<String>) -> Result<(), ApplyError> {
        let mut tx = self.pool.begin().await?;
        if let Some(task) = due.task_id {
            store::tasks::lock(&mut tx, task.into()).await?;
        }
        if !store::deliveries::end(&mut tx, due, end, error.as_deref()).await? {
            return Ok(());
        }
        let at = messaging::now(&mut tx).await?;
        let reminder = due.payload.as_ref().map(|payload| payload.reminder_id);
        let payload = NotificationDelivered {
            delivery_id: due.delivery_id.into(),
            reminder_id: reminder,
            task_id: due.task_id.map(Into::into),
            user_id: due.user_id.into(),
            channel: ChannelKind::Webhook,
            channel_id: Some(due.channel_id.into()),
            outcome: match end {
                End::Delivered => DeliveryOutcome::Delivered,
                End::Failed => DeliveryOutcome::Failed,
                End::Dropped => DeliveryOutcome::Dropped,
            },
            attempts: u32::try_from(due.attempt).unwrap_or(0),
            error,
            at,
        };
        let correlation_id = due.correlation_id.into();
        let event = Event::new(Service::ReminderWorker, correlation_id, at, payload);
        self.outbox.append(&mut tx, &[event.into()]).await?;
        tx.commit().await?;
        self.outbox.wake();
        self.counts.became(match end {
            End::Delivered => Became::Delivered,
            End::Failed => Became::Failed,
            End::Dropped => Became::Dropped,
        });
        Ok(())
    }
}

/// What is sent; the same at every attempt.
struct Message {
    id: String,
    body: Vec<u8>,
}

impl Message {
    fn new(due: &Due) -> Result<Self, AttemptError> {
        let (id, body) = match &due.payload {
            Some(payload) => {
                let channel = due.channel_id.into();
                let key = notification_key(channel, payload.reminder_id, payload.reminder_time);
                let body = json!({
                    "type": "reminder-triggered",
                    "timestamp": payload.triggered_at,
                    "correlation_id": due.correlation_id,
                    "data": payload.0,
                });
                (key, body)
            }
            None => {
                let body = json!({
                    "type": "channel-test",
                    "timestamp": due.begun_at,
                    "correlation_id": due.correlation_id,
                    "data": { "channel_id": due.channel_id },
                });
                (due.delivery_id, body)
            }
        };
        Ok(Self { id: id.to_string(), body: serde_json::to_vec(&body)? })
    }
}

/// Does a piece of database work again where a connection broke; the lane's token keeps it from
/// being done twice.
async fn insist<T, F>(work: impl Fn() -> F) -> Result<T, ApplyError>
where
    F: Future<Output = Result<T, ApplyError>>,
{
    let mut failures = 0;
    loop {
        match work().await {
            Err(error) if failures < MARK_RETRIES => {
                failures += 1;
                tracing::info!(error = &error as &dyn std::error::Error, "tried again");
                tokio::time::sleep(MARK_RETRY.delay(failures)).await;
            }
            done => return done,
        }
    }
}

fn transport_error(error: reqwest::Error) -> AttemptError {
    let error = error.without_url();
    let not_permitted =
        std::iter::successors(Some(&error as &(dyn std::error::Error + 'static)), |error| {
            error.source()
        })
        .any(|error| error.is::<super::resolver::NotPermitted>());
    if not_permitted {
        AttemptError::NotPermitted(super::resolver::NotPermitted)
    } else if error.is_timeout() {
        AttemptError::TimedOut
    } else {
        AttemptError::Unreachable(error)
    }
}
