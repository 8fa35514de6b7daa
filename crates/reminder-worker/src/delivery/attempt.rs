//! One attempt to deliver one notification.

use std::time::Duration;

use chrono::{DateTime, NaiveDate, Utc};
use events::{
    ChannelId, ChannelKind, ChannelSettings, DeliveryOutcome, Event, NotificationDelivered,
    ReminderId, SealedText, Service,
};
use futures_util::future::join_all;
use messaging::{ApplyError, Outbox};
use platform::{
    backoff::Backoff,
    sealing::{KeyRing, OpenError, Sealed},
    telemetry,
};
use sqlx::{PgPool, types::Json};
use tokio::time::Instant;
use tracing::{Instrument, Span, field::Empty};
use uuid::Uuid;

use super::{
    Mail, Vapid, Ways,
    error::AttemptError,
    http::Http,
    links::Links,
    message::Message,
    metrics::{Became, Counts},
    ntfy,
    quiet::quiet_until,
    target::Target,
    web_push, webhook,
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
/// What a target's mark is made for.
const TARGET: &str = "delivery target";
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

/// The key that a digest of a local day carries, the same however often it is sent: UUID v5 in the namespace of
/// the channel over `digest|{day}`.
#[must_use]
pub fn digest_key(channel: ChannelId, day: NaiveDate) -> Uuid {
    Uuid::new_v5(&channel.uuid(), format!("digest|{day}").as_bytes())
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
    http: Http,
    mail: Option<Mail>,
    vapid: Option<Vapid>,
    links: Option<Links>,
    counts: Counts,
}

impl Sender {
    pub(super) fn new(pool: PgPool, outbox: Outbox, ways: Ways) -> reqwest::Result<Self> {
        let Ways { keys, policy, mail, vapid, public_url } = ways;
        let links = public_url.map(|public_url| Links::new(keys.clone(), public_url));
        let http = Http::new(policy)?;
        Ok(Self { pool, outbox, keys, http, mail, vapid, links, counts: Counts::default() })
    }

    pub(super) fn counts(&self) -> &Counts {
        &self.counts
    }

    /// Tries what is due of a lane, all at the same time, and gives the lane back.
    pub(super) async fn serve(&self, lane: Lane, due: Vec<Due>) {
        // Told anew each time: an address may be another one, and so may the keys.
        let target = due.first().map_or(lane.target, |due| {
            self.target(due.user_id, due.channel_id, due.channel.as_ref().map(|it| &it.0))
        });
        let attempted = join_all(due.into_iter().map(|due| self.attempt(due))).await;
        let failures = if attempted.contains(&Attempted::Failed) {
            lane.failures.saturating_add(1)
        } else if attempted.contains(&Attempted::Delivered) {
            0
        } else {
            lane.failures
        };
        let release = async || Ok(store::lanes::release(&self.pool, lane, failures, target).await?);
        if let Err(error) = insist(release).await {
            tracing::warn!(error = &error as &dyn std::error::Error, channel.id = %lane.channel_id, "a lane is free when its lease has run out");
        }
    }

    /// Tries once; the delivery then has ended or waits for its next attempt. Where even that can't
    /// be written down, it is tried again.
    async fn attempt(&self, due: Due) -> Attempted {
        let is_mail = due.kind() == ChannelKind::Email;
        let span = tracing::info_span!(
            "deliver",
            correlation_id = %due.correlation_id,
            http.request.method = (!is_mail).then_some("POST"),
            http.request.resend_count = (due.attempt > 1).then(|| due.attempt - 1),
            http.response.status_code = Empty,
            otel.name = if is_mail { "SMTP" } else { "POST" },
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
        if let Some(until) = kept_back(due) {
            insist(|| self.hold(due, until)).await?;
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

    /// Keeps a notification back; that is no attempt.
    async fn hold(&self, due: &Due, until: DateTime<Utc>) -> Result<(), ApplyError> {
        store::deliveries::hold(&self.pool, due, until).await?;
        tracing::info!(%until, "a notification waits for the end of the quiet hours");
        Ok(())
    }

    /// Writes down what came of an attempt.
    async fn mark(&self, due: &Due, sent: &Result<(), AttemptError>) -> Result<(), ApplyError> {
        match sent {
            Ok(()) => {
                self.end(due, End::Delivered, None).await?;
                tracing::info!(attempts = due.attempt, "delivered");
                Ok(())
            }
            Err(error) if error.is_moot() => {
                self.end(due, End::Dropped, Some(error.to_string())).await
            }
            Err(error) if error.is_final() || due.attempt >= MAX_ATTEMPTS => {
                self.end(due, End::Failed, Some(error.to_string())).await
            }
            Err(error) => {
                let wait = RETRY.delay(u32::try_from(due.attempt).unwrap_or(1));
                let wait = wait.max(error.wait().min(RETRY.longest));
                tracing::info!(error = %error, attempts = due.attempt, "a delivery waits for its next attempt");
                let error = error.to_string();
                store::deliveries::postpone(&self.pool, due, &error, wait.as_secs_f64()).await?;
                self.counts.became(due.kind(), Became::Retried);
                Ok(())
            }
        }
    }

    /// Gives a notification the form of its channel and sends it.
    async fn send(&self, due: &Due) -> Result<(), AttemptError> {
        let channel = &due.channel.as_ref().ok_or(AttemptError::ChannelGone)?.0;
        check_digest(due)?;
        let address = self.open(due.user_id, channel, "address", &channel.address)?;
        let secret = match &channel.secret {
            Some(secret) => Some(self.open(due.user_id, channel, "secret", secret)?),
            None => None,
        };
        let message = Message::new(due, self.links.as_ref())?;
        let begun = Instant::now();
        let sent = match channel.kind {
            ChannelKind::Webhook => {
                let secret = secret.as_deref();
                webhook::send(&self.http, &address, secret, &message, due.begun_at).await
            }
            ChannelKind::Email => match &self.mail {
                Some(mail) => mail.send(&address, &message).await,
                None => Err(AttemptError::NoMail),
            },
            ChannelKind::Ntfy => {
                let token = secret.as_deref();
                ntfy::send(&self.http, &address, token, &message, due.begun_at).await
            }
            ChannelKind::WebPush => match &self.vapid {
                Some(vapid) => {
                    web_push::send(&self.http, vapid, &address, &message, due.begun_at).await
                }
                None => Err(AttemptError::NoVapid),
            },
            ChannelKind::Unknown => Err(AttemptError::UnknownKind),
        };
        self.counts.attempted(channel.kind, begun.elapsed());
        sent
    }

    fn open(
        &self,
        user_id: Uuid,
        channel: &ChannelSettings,
        field: &str,
        sealed: &SealedText,
    ) -> Result<String, OpenError> {
        let context = format!("{user_id}/{}/{field}", channel.channel_id);
        let SealedText { key_id, ciphertext } = sealed.clone();
        self.keys.open(&context, &Sealed { key_id, ciphertext })
    }

    /// What a channel leads to, as a number that says nothing else.
    pub(super) fn target(
        &self,
        user_id: Uuid,
        channel_id: Uuid,
        channel: Option<&ChannelSettings>,
    ) -> i64 {
        let target = channel.and_then(|channel| {
            let address = self.open(user_id, channel, "address", &channel.address).ok()?;
            Target::of(channel.kind, &address)
        });
        // What leads nowhere hangs by itself, if at all.
        let target = target.unwrap_or_else(|| Target::nowhere(channel_id));
        self.keys.mark(TARGET, target.as_str())
    }

    /// The target that all letters have.
    pub(super) fn mail_target(&self) -> i64 {
        self.keys.mark(TARGET, Target::MAIL.as_str())
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
            channel: due.kind(),
            channel_id: Some(due.channel_id.into()),
            outcome: match end {
                End::Delivered => DeliveryOutcome::Delivered,
                End::Failed => DeliveryOutcome::Failed,
                End::Dropped => DeliveryOutcome::Dropped,
            },
            attempts: u32::try_from(due.attempt).unwrap_or(0),
            error,
            held_until: due.held_until,
            digest_day: due.digest.as_ref().map(|digest| digest.day),
            at,
        };
        let correlation_id = due.correlation_id.into();
        let event = Event::new(Service::ReminderWorker, correlation_id, at, payload);
        self.outbox.append(&mut tx, &[event.into()]).await?;
        tx.commit().await?;
        self.outbox.wake();
        let became = match end {
            End::Delivered => Became::Delivered,
            End::Failed => Became::Failed,
            End::Dropped => Became::Dropped,
        };
        self.counts.became(due.kind(), became);
        Ok(())
    }
}

/// A digest is sent on its own local day and while it is wanted, or not at all.
fn check_digest(due: &Due) -> Result<(), AttemptError> {
    let Some(Json(digest)) = &due.digest else { return Ok(()) };
    if !due.wants_digest {
        return Err(AttemptError::DigestNotWanted);
    }
    if digest.time_zone.local(due.begun_at).date() != digest.day {
        return Err(AttemptError::DigestOver);
    }
    Ok(())
}

/// Until when a notification is kept back by quiet hours. A digest never is, since its time was asked for, nor is
/// a test of a channel.
fn kept_back(due: &Due) -> Option<DateTime<Utc>> {
    due.payload.as_ref()?;
    let quiet = due.quiet_hours.as_ref()?.0;
    quiet_until(quiet, due.zone(), due.begun_at)
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
