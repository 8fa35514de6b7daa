//! `try`: a running system as a person would try it. It makes an account of its own, waits for a reminder,
//! and deletes the account again, so that it may be run beside people at any time.

use std::time::Duration;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use reqwest::{Client, Method, Response, StatusCode, header};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time;
use uuid::Uuid;

use crate::settings::TrialSettings;

/// A reminder is asked for so many seconds ahead: time for the worker to learn of it.
const DUE_IN_SECS: i64 = 5;
const POLL_INTERVAL_MS: u64 = 250;
/// The longest that one answer may take, in seconds.
const ANSWER_TIMEOUT_SECS: u64 = 30;

/// The system does not do what it is for.
#[derive(Debug, thiserror::Error)]
pub enum TrialError {
    /// Nobody answers.
    #[error("no answer to {0}")]
    Silent(&'static str, #[source] reqwest::Error),
    /// An answer that it should not be.
    #[error("{asked}: {status} {body}")]
    Refused {
        /// What was asked for.
        asked: &'static str,
        /// The answer's status.
        status: StatusCode,
        /// The answer's body.
        body: String,
    },
    /// The worker did not remind.
    #[error(
        "the reminder did not come within {0} s of its time: is reminder-worker running, and does the bus carry events?"
    )]
    NoReminder(u64),
    /// The worker reminded before it was time.
    #[error("the reminder of {due} came early, at {came}")]
    Early {
        /// When it was to come.
        due: DateTime<Utc>,
        /// When it came.
        came: DateTime<Utc>,
    },
}

/// A person who is there for the trial only.
struct Guest {
    client: Client,
    api: String,
    session: String,
    password: String,
}

#[derive(Deserialize)]
struct Task {
    id: Uuid,
    created_at: DateTime<Utc>,
}

#[derive(Deserialize)]
struct Reminders {
    items: Vec<Reminder>,
}

#[derive(Deserialize)]
struct Reminder {
    task_id: Uuid,
    reminder_time: Option<DateTime<Utc>>,
    triggered_at: Option<DateTime<Utc>>,
}

/// Registers, makes a task, waits for its reminder, and deletes the account. Returns what a person may
/// like to read.
///
/// # Errors
/// [`TrialError`]; the account is deleted all the same, where there is one.
pub async fn try_out(settings: &TrialSettings) -> Result<String, TrialError> {
    let guest = Guest::register(settings).await?;
    let outcome = guest.be_reminded(settings).await;
    let left = guest.leave().await;
    let outcome = outcome?;
    left?;
    Ok(outcome)
}

impl Guest {
    async fn register(settings: &TrialSettings) -> Result<Self, TrialError> {
        const ASKED: &str = "register";
        let limit = Duration::from_secs(ANSWER_TIMEOUT_SECS);
        let client = Client::builder()
            .timeout(limit)
            .build()
            .map_err(|error| TrialError::Silent(ASKED, error))?;
        let api = format!("{}/api/v1", settings.url.as_str().trim_end_matches('/'));
        // A domain that nobody can have.
        let email = format!("trial-{}@example.invalid", Uuid::new_v4().simple());
        let password = Uuid::new_v4().to_string();
        let body = json!({ "email": email, "password": password });
        let sent = client.post(format!("{api}/auth/register")).json(&body).send().await;
        let answer = good(ASKED, sent).await?;
        // By hand, since it may be for HTTPS only, and a trial inside the cluster comes by HTTP.
        let cookie = answer.headers().get(header::SET_COOKIE).and_then(|value| value.to_str().ok());
        let session = cookie.and_then(|cookie| cookie.split(';').next()).unwrap_or_default();
        Ok(Self { client, api, session: session.to_owned(), password })
    }

    async fn be_reminded(&self, settings: &TrialSettings) -> Result<String, TrialError> {
        let body = json!({ "title": "Try this" });
        let task: Task = self.ask("create a task", Method::POST, "/tasks", Some(body)).await?;
        // By the system's clock, whatever this machine's says.
        let due = task.created_at + TimeDelta::seconds(DUE_IN_SECS);
        let body = json!({ "due_date": due.to_rfc3339_opts(SecondsFormat::Millis, true) });
        let path = format!("/tasks/{}", task.id);
        self.send("give the task a time", Method::PATCH, &path, Some(body)).await?;
        if settings.without_reminder {
            return Ok("an account and a task: made and deleted".to_owned());
        }
        let end = Duration::from_secs(DUE_IN_SECS.unsigned_abs() + settings.wait_secs);
        let waiting = time::timeout(end, self.reminder(task.id)).await;
        let reminder = waiting.map_err(|_elapsed| TrialError::NoReminder(settings.wait_secs))??;
        let due = reminder.reminder_time.unwrap_or(due);
        let came = reminder.triggered_at.unwrap_or_default();
        if came < due {
            return Err(TrialError::Early { due, came });
        }
        let late_ms = (came - due).num_milliseconds();
        Ok(format!("reminded, {late_ms} ms after its time; the account is deleted again"))
    }

    async fn reminder(&self, task_id: Uuid) -> Result<Reminder, TrialError> {
        let path = "/reminders?status=triggered";
        loop {
            let page: Reminders = self.ask("list the reminders", Method::GET, path, None).await?;
            let is_ours = |reminder: &Reminder| reminder.task_id == task_id;
            if let Some(reminder) = page.items.into_iter().find(is_ours) {
                return Ok(reminder);
            }
            time::sleep(Duration::from_millis(POLL_INTERVAL_MS)).await;
        }
    }

    async fn leave(&self) -> Result<(), TrialError> {
        let body = json!({ "current_password": self.password });
        self.send("delete the account", Method::DELETE, "/me", Some(body)).await.map(drop)
    }

    async fn ask<T: for<'de> Deserialize<'de>>(
        &self,
        asked: &'static str,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Result<T, TrialError> {
        let answer = self.send(asked, method, path, body).await?;
        answer.json().await.map_err(|error| TrialError::Silent(asked, error))
    }

    async fn send(
        &self,
        asked: &'static str,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Result<Response, TrialError> {
        let mut request = self.client.request(method, format!("{}{path}", self.api));
        request = request.header(header::COOKIE, &self.session);
        if let Some(body) = body {
            request = request.json(&body);
        }
        good(asked, request.send().await).await
    }
}

async fn good(
    asked: &'static str,
    sent: reqwest::Result<Response>,
) -> Result<Response, TrialError> {
    let answer = sent.map_err(|error| TrialError::Silent(asked, error))?;
    let status = answer.status();
    if status.is_success() {
        return Ok(answer);
    }
    let body = answer.text().await.unwrap_or_default();
    Err(TrialError::Refused { asked, status, body })
}
