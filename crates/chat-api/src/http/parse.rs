//! `/parse`: what the grammar makes of a phrase, before anything is done.

use actix_web::{HttpResponse, web};
use events::TimeZone;
use intent::{Context as Moment, Understood};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{
    body::{Field, Fields, JsonBody, any},
    caller::SignedIn,
    schemas::{DueDate, Priority, ReminderSpec, TaskStatus, TimeZoneName},
    settings::LanguageBody,
    task_view::RecurrenceView,
};
use crate::{
    context::Context,
    domain::{schedule, text},
    error::Failure,
    queries,
};

/// A phrase, and the moment in which it is said.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = Phrase)]
pub(super) struct PhraseBody {
    #[schema(value_type = super::schemas::PhraseText, required)]
    #[serde(default)]
    text: Field,
    /// When it is said; now where it is null or left out.
    #[schema(value_type = Option<chrono::DateTime<chrono::Utc>>)]
    #[serde(default)]
    now: Field,
    /// Whose clocks are meant; one's own where it is null or left out.
    #[schema(value_type = Option<TimeZoneName>)]
    #[serde(default)]
    time_zone: Field,
    /// What is meant by what the phrase leaves open; each of its fields as in the settings where it is null or
    /// left out.
    #[schema(value_type = Option<LanguageBody>)]
    #[serde(default)]
    preferences: Field,
}

/// What a phrase says. What its first command does not say is null or empty.
#[derive(ToSchema)]
#[schema(as = UnderstoodPhrase)]
#[expect(dead_code, reason = "describes intent::Understood to OpenAPI")]
pub(super) struct UnderstoodView {
    /// `add`, `list`, `complete`, `reopen`, `reschedule`, `rename`, `set_priority`, `tag`, `describe`, `delete`,
    /// `snooze`, `skip`, `remind`, `undo`, `help`, `why` or `answer`.
    intent: String,
    /// Of a task to add, its title; of a task to rename, the new one.
    title: Option<String>,
    /// When the task is due, or until when a reminder is put off.
    #[schema(value_type = Option<DueDate>)]
    due_date: Option<String>,
    #[schema(value_type = Option<RecurrenceView>)]
    recurrence: Option<String>,
    /// Empty also where nothing is said of them.
    #[schema(value_type = Vec<ReminderSpec>)]
    reminders: Vec<String>,
    #[schema(value_type = Option<Priority>)]
    priority: Option<String>,
    /// In lower case, without `#`.
    tags: Vec<String>,
    /// Some words of the task that another command than `add` is about.
    target: Option<String>,
    /// Of a `list`: which tasks.
    #[schema(nullable = false, required = false)]
    query: Option<UnderstoodQueryView>,
    /// Which words said what.
    spans: Vec<SpanView>,
    /// Whether all of the phrase was understood.
    is_understood: bool,
    /// How many commands follow the first.
    further_commands: usize,
}

/// Which tasks a list shows.
#[derive(ToSchema)]
#[schema(as = UnderstoodQuery)]
#[expect(dead_code, reason = "describes intent::UnderstoodQuery to OpenAPI")]
pub(super) struct UnderstoodQueryView {
    /// Words that they have.
    text: Option<String>,
    tags: Vec<String>,
    #[schema(value_type = Option<Priority>)]
    priority: Option<String>,
    #[schema(value_type = Option<TaskStatus>)]
    status: Option<String>,
    /// The first day that they are due on.
    #[schema(format = Date)]
    due_from: Option<String>,
    /// The last day that they are due on.
    #[schema(format = Date)]
    due_to: Option<String>,
    /// Only those whose due time is over.
    overdue: bool,
}

/// Words that say something.
#[derive(ToSchema)]
#[schema(as = PhraseSpan)]
#[expect(dead_code, reason = "describes intent::UnderstoodSpan to OpenAPI")]
pub(super) struct SpanView {
    /// The first character, counted in Unicode characters from 0.
    start: usize,
    /// One past the last character.
    end: usize,
    /// `command`, `due`, `recurrence`, `reminder`, `priority` or `tag`.
    kind: String,
}

/// Says what the grammar understands of a phrase. Nothing is done.
#[utoipa::path(post, path = "/api/v1/parse", operation_id = "parsePhrase", tag = "chat",
    request_body = PhraseBody, responses((status = 200, body = UnderstoodView)))]
pub(super) async fn parse(
    context: web::Data<Context>,
    signed_in: SignedIn,
    JsonBody(body): JsonBody<PhraseBody>,
) -> Result<HttpResponse, Failure> {
    let mut fields = Fields::default();
    let phrase = fields.required("text", body.text, |phrase: String| {
        text::checked(&phrase, intent::MAX_PHRASE_CHARS).map(|()| phrase)
    });
    let now = fields.optional("now", body.now, schedule::check_instant);
    let time_zone = fields.optional("time_zone", body.time_zone, any::<TimeZone>);
    let preferences = fields.optional("preferences", body.preferences, LanguageBody::into_patch);
    let phrase = fields.finish(phrase)?;
    let (person, database_now) = queries::people::find_now(&context, signed_in.user_id).await?;
    let language = person.settings.language.changed(preferences.unwrap_or_default());
    let moment = Moment {
        now: now.unwrap_or(database_now),
        time_zone: time_zone.unwrap_or(person.settings.time_zone),
        preferences: language.preferences(),
    };
    Ok(HttpResponse::Ok().json(Understood::from(&intent::parse(&phrase, &moment))))
}
