//! `/reminders`.

use actix_web::{HttpResponse, web};
use chrono::{DateTime, TimeDelta, Utc};
use events::Offset;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::{
    body::{Field, Fields, JsonBody, any},
    caller::{Caller, SignedIn, parse_id},
    query::{Paging, Place, Query, list_response, write_cursor},
    schemas::{self, DueDate, SnoozeRequest},
    task_view::TaskView,
    tasks::rendered,
};
use crate::{
    commands,
    context::Context,
    domain::task::{self, Moment, Task, Wait},
    error::{Failure, code},
    queries,
    store::reminders::{Cursor, Reminder, ReminderStatus},
};

/// A reminder, as the reminder service told it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Reminder)]
pub(super) struct ReminderItem {
    id: Uuid,
    task_id: Uuid,
    /// The task's title.
    title: Option<String>,
    #[schema(value_type = schemas::ReminderStatus)]
    status: String,
    /// When the occurrence is due.
    #[schema(value_type = Option<DueDate>)]
    due_date: Option<String>,
    /// When it comes, or was to come.
    reminder_time: Option<DateTime<Utc>>,
    triggered_at: Option<DateTime<Utc>>,
    /// It came late because the service was down or learned of it late.
    late: bool,
    cancelled_at: Option<DateTime<Utc>>,
    /// Why it will not come.
    reason: Option<String>,
}

/// Which reminders are asked for.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes to OpenAPI what is read of Query")]
pub(super) struct ReminderQuery {
    /// All of them where it is left out.
    #[param(value_type = Option<schemas::ReminderStatus>)]
    status: Option<String>,
}

/// A page of reminders.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ReminderPage)]
pub(super) struct ReminderList {
    items: Vec<ReminderItem>,
    next_cursor: Option<String>,
}

impl From<Reminder> for ReminderItem {
    fn from(reminder: Reminder) -> Self {
        Self {
            id: reminder.reminder_id,
            task_id: reminder.task_id,
            title: reminder.title,
            status: reminder.status,
            due_date: reminder.due_date,
            reminder_time: reminder.reminder_time,
            triggered_at: reminder.triggered_at,
            late: reminder.late,
            cancelled_at: reminder.cancelled_at,
            reason: reminder.reason,
        }
    }
}

/// A page of reminders in the order of their time.
#[utoipa::path(get, path = "/api/v1/reminders", operation_id = "listReminders", tag = "reminders",
    params(ReminderQuery, Paging), responses((status = 200, body = ReminderList)))]
pub(super) async fn list(
    context: web::Data<Context>,
    signed_in: SignedIn,
    query: Query,
) -> Result<HttpResponse, Failure> {
    let status = query.get("status").map(parse_status).transpose()?;
    let cursor = query
        .cursor::<Place>()?
        .map(|(listed_at, id)| Cursor { listed_at, reminder_id: id.into() });
    let limit = query.limit()?;
    let page = queries::reminders::list(&context, signed_in.user_id, status, cursor, limit).await?;
    let next_cursor = page
        .next
        .map(|next| write_cursor(&(next.listed_at, next.reminder_id.uuid())))
        .transpose()?;
    let items = page.items.into_iter().map(ReminderItem::from).collect();
    Ok(list_response(page.feed_position).json(ReminderList { items, next_cursor }))
}

fn parse_status(name: &str) -> Result<ReminderStatus, Failure> {
    ReminderStatus::ALL
        .into_iter()
        .find(|status| status.name() == name)
        .ok_or_else(|| Failure::field("status", "is scheduled, triggered or cancelled"))
}

/// Until when a reminder is put off: one of the two.
#[derive(Debug, Deserialize)]
pub(super) struct SnoozeBody {
    #[serde(default)]
    until: Field,
    #[serde(default, rename = "for")]
    duration: Field,
}

/// Puts a reminder off, this once.
#[utoipa::path(post, path = "/api/v1/reminders/{reminder_id}/snooze", operation_id = "snoozeReminder",
    tag = "reminders", request_body = SnoozeRequest, params(("reminder_id" = Uuid, Path)),
    responses((status = 200, body = TaskView), code::ReminderGone))]
pub(super) async fn snooze(
    context: web::Data<Context>,
    Caller(call): Caller,
    reminder_id: web::Path<String>,
    JsonBody(body): JsonBody<SnoozeBody>,
) -> Result<HttpResponse, Failure> {
    let reminder_id = parse_id(&reminder_id)?;
    let mut fields = Fields::default();
    let until = fields.optional("until", body.until, any::<Until>);
    let duration = fields.optional("for", body.duration, any::<Offset>);
    let wait = match fields.finish(Some((until, duration)))? {
        (Some(Until::At(until)), None) => Wait::Until(until),
        (Some(Until::Word(Word::TomorrowMorning)), None) => Wait::TomorrowMorning,
        (None, Some(duration)) => Wait::For(TimeDelta::seconds(duration.seconds())),
        _ => return Err(Failure::field("", "names one of until and for")),
    };
    let decide = |task: &Task, moment: Moment| task::snooze(task, reminder_id, wait, moment);
    let task = commands::tasks::decide_on_reminder(&context, call, reminder_id, decide).await?;
    Ok(rendered(HttpResponse::Ok(), task))
}

/// An instant, or a word for one.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Until {
    At(DateTime<Utc>),
    Word(Word),
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Word {
    TomorrowMorning,
}

/// Lets a reminder not come.
#[utoipa::path(post, path = "/api/v1/reminders/{reminder_id}/dismiss", operation_id = "dismissReminder",
    tag = "reminders", params(("reminder_id" = Uuid, Path)),
    responses((status = 200, body = TaskView), code::ReminderGone))]
pub(super) async fn dismiss(
    context: web::Data<Context>,
    Caller(call): Caller,
    reminder_id: web::Path<String>,
) -> Result<HttpResponse, Failure> {
    let reminder_id = parse_id(&reminder_id)?;
    let decide = |task: &Task, moment: Moment| task::dismiss(task, reminder_id, moment);
    let task = commands::tasks::decide_on_reminder(&context, call, reminder_id, decide).await?;
    Ok(rendered(HttpResponse::Ok(), task))
}
