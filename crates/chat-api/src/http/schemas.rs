//! The named schemas of what bodies and queries have in common: words, times, one of several fields.
//!
//! Where a type belongs to another crate or is read by hand, its schema stands here. It says what is
//! taken, as far as a schema can; the tests show that the code agrees.

use std::borrow::Cow;

use events::{MAX_EXDATES, MAX_RRULE_CHARS};
use serde_json::Value;
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        ArrayBuilder, KnownFormat, Object, ObjectBuilder, RefOr, Schema, SchemaFormat, Type,
        schema::{AdditionalProperties, AnyOfBuilder, OneOfBuilder},
    },
};

use crate::chat::MAX_MESSAGE_CHARS;
use crate::domain::{
    channel::{MAX_TOKEN_CHARS, MAX_URL_CHARS},
    email::MAX_EMAIL_CHARS,
    password::{MAX_PASSWORD_CHARS, MIN_PASSWORD_CHARS},
    scope::Scope,
    tag::MAX_TAG_CHARS,
    text::{MAX_DESCRIPTION_CHARS, MAX_LIST_NAME_CHARS, MAX_TITLE_CHARS, MAX_TOKEN_NAME_CHARS},
};
use crate::transfer::json;

/// A local time to the second, or a date.
const LOCAL_TIME: &str = r"^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}:\d{2})?$";
/// Weeks, days, hours, minutes and seconds, each at most once and not none of them.
const DURATION: &str = r"^[+-]?P(?!$)(\d+W)?(\d+D)?(T(?=\d)(\d+H)?(\d+M)?(\d+S)?)?$";
/// Base64 in fours, the last of which may be filled up; bits that would be lost are none.
const SECRET: &str = "^whsec_([A-Za-z0-9+/]{4}){8}(([A-Za-z0-9+/]{4}){0,13}\
    |([A-Za-z0-9+/]{4}){0,12}[A-Za-z0-9+/]{2}[AEIMQUYcgkosw048]=\
    |([A-Za-z0-9+/]{4}){0,13}[A-Za-z0-9+/][AQgw]==)$";
/// The root of a server, and one name.
const TOPIC_URL: &str = "^[Hh][Tt][Tt][Pp][Ss]?://[^/?#@]+/[-_A-Za-z0-9]{1,64}$";
/// 65 bytes of which the first is 4, and 16 bytes, in base64url that may be filled up.
const PUBLIC_KEY: &str = "^B[A-P][-_A-Za-z0-9]{84}[AEIMQUYcgkosw048]=?$";
const PUSH_AUTH: &str = "^[-_A-Za-z0-9]{21}[AQgw](==)?$";
const NO_NUL: &str = r"^[^\x00]*$";
const NOT_BLANK: &str = r"^[^\x00]*[^\s\x00][^\x00]*$";
const MAX_NAME_CHARS: usize = MAX_LIST_NAME_CHARS;
const _: () = assert!(MAX_NAME_CHARS == MAX_TOKEN_NAME_CHARS, "then they are two schemas");
const TIME_OF_DAY: &str = r"^([01]\d|2[0-3]):[0-5]\d(:[0-5]\d)?$";

/// Types that are only a schema, under their own name.
macro_rules! schemas {
    ($($(#[doc = $doc:literal])+ $name:ident: $schema:expr;)+) => {$(
        $(#[doc = $doc])+
        #[derive(Debug)]
        pub(super) enum $name {}

        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                let schema: Schema = $schema.description(Some([$($doc.trim()),+].join(" "))).into();
                schema.into()
            }
        }

        impl ToSchema for $name {
            fn name() -> Cow<'static, str> {
                stringify!($name).into()
            }
        }
    )+};
}

schemas! {
    /// How much a task matters.
    Priority: words(["HIGH", "MEDIUM", "LOW"]);
    /// Whether a task is done.
    TaskStatus: words(["TODO", "IN_PROGRESS", "DONE"]);
    /// Whether a new task is begun.
    NewTaskStatus: words(["TODO", "IN_PROGRESS"]);
    /// What a reminder has come to.
    ReminderStatus: words(crate::store::reminders::ReminderStatus::ALL.map(|status| status.name()));
    /// What becomes of a dead letter.
    DeadLetterState: words(crate::store::dead_letters::STATES);
    /// What an event in the outbox waits for: the bus, or its consumer's receipt.
    OutboxState: words(crate::store::outbox::STATES);
    /// What a credential may be used for.
    ScopeName: words(Scope::ALL.map(Scope::name));
    /// A kind of file that goes out.
    ExportFormat: words(["json", "ical"]);
    /// How notifications are sent.
    ChannelKind: words(events::ChannelKind::KNOWN.map(events::ChannelKind::name));
    /// From where the next occurrence counts.
    Basis: words(["due_date", "completion"]);
    /// By what tasks are sorted; with `-` before it the other way. `position` goes with a list.
    TaskSort: words(super::task_query::sorts());
    /// What becomes of the tasks of a list that is deleted.
    TasksOfDeletedList: words(["move", "trash"]);

    /// An IANA time zone by name.
    TimeZoneName: text().min_length(Some(1)).max_length(Some(64)).examples(["Europe/Berlin"]);
    /// An instant with any RFC 3339 offset (it goes out in UTC), or a date for a whole day in the
    /// task's time zone; in the years 1970 to 2200.
    DueDate: instant_or_day().examples(["2026-11-24T17:00:00Z", "2026-11-24"]);
    /// An instant with any RFC 3339 offset, or a date for the beginning of that day in one's own zone.
    InstantOrDay: instant_or_day().examples(["2026-11-24T17:00:00Z", "2026-11-24"]);
    /// A local time to the second, or a date for a whole day.
    LocalTime: text().pattern(Some(LOCAL_TIME)).examples(["2026-11-29T18:00:00"]);
    /// A local time of day, to the minute or second.
    TimeOfDay: text().pattern(Some(TIME_OF_DAY)).examples(["22:00"]);
    /// An ISO 8601 duration of weeks, days, hours, minutes and seconds: at most 366 days. Negative is
    /// before. A day is 24 hours.
    SignedDuration: text().pattern(Some(DURATION)).examples(["-PT30M"]);
    /// A recurrence rule of RFC 5545. Nothing recurs more often than every 5 minutes.
    Rrule: text().max_length(Some(MAX_RRULE_CHARS)).examples(["FREQ=WEEKLY;INTERVAL=2;BYDAY=SU"]);
    /// Occurrences that are passed over; days where `dtstart` is one, else times.
    Exdates: ArrayBuilder::new().items(LocalTime::schema()).max_items(Some(MAX_EXDATES));
    /// A word without `#` and white space.
    Tag: text().min_length(Some(1)).max_length(Some(MAX_TAG_CHARS))
        .pattern(Some(r"^[^#\s\x00]+$")).examples(["garden"]);
    /// What is to be done; not blank.
    Title: text().min_length(Some(1)).max_length(Some(MAX_TITLE_CHARS)).pattern(Some(NOT_BLANK));
    /// What somebody calls a thing; not blank.
    Name: text().min_length(Some(1)).max_length(Some(MAX_NAME_CHARS)).pattern(Some(NOT_BLANK));
    /// A text that may be long.
    Markdown: text().max_length(Some(MAX_DESCRIPTION_CHARS)).pattern(Some(NO_NUL));
    /// What somebody says in one message; not blank.
    ChatMessage: text().min_length(Some(1)).max_length(Some(MAX_MESSAGE_CHARS)).pattern(Some(NOT_BLANK));
    /// What somebody says, in English; what it leaves out is not understood.
    PhraseText: text().max_length(Some(intent::MAX_PHRASE_CHARS)).pattern(Some(NO_NUL))
        .examples(["water the plants every other Sunday at 6pm"]);
    /// Server-sent events: `action` with each act, `message` with a `delta` of the reply, `done` with the
    /// whole answer, or `error` with a problem.
    ChatStream: text();
    /// Which of a slashed date's numbers comes first.
    DateOrder: words(["month_first", "day_first"]);
    /// The first day of a week.
    FirstOfWeek: words(["monday", "sunday"]);
    /// Who says something.
    MessageAuthor: words(["person", "assistant"]);
    /// A password as it is chosen.
    NewPassword: text().min_length(Some(MIN_PASSWORD_CHARS)).max_length(Some(MAX_PASSWORD_CHARS))
        .pattern(Some(NO_NUL));
    /// What requests are signed with (Standard Webhooks): `whsec_` and base64 of 24 to 64 bytes.
    WebhookSecret: text().pattern(Some(SECRET));
    /// Server-sent events. `event:` is the event's type, `id:` a number that resumes, `data:` the
    /// event's payload as JSON with `event_id`, `event_type`, `correlation_id` and `timestamp`.
    EventStream: text();
    /// All that is somebody's, in our own format; `docs/api.md` says what of it is taken over. Ids, texts
    /// and times of lists and tasks are named as in the rest of the API.
    TaskFile: ObjectBuilder::new()
        .property("format", words([json::FORMAT])).required("format")
        .property("version", ObjectBuilder::new().schema_type(Type::Integer)
            .minimum(Some(1)).maximum(Some(1))).required("version")
        .property("exported_at", date_time())
        .property("settings", anything())
        .property("channels", ArrayBuilder::new().items(anything()))
        .property("lists", ArrayBuilder::new().items(anything()))
        .property("tasks", ArrayBuilder::new().items(anything()))
        .property("conversations", ArrayBuilder::new().items(anything()));
    /// A calendar of VTODO components (RFC 5545).
    CalendarFile: text();
    /// A calendar of VEVENT components (RFC 5545).
    EventCalendar: text();
    /// Todoist's template: comma-separated, with a line of names.
    CsvFile: text();
    /// Vikunja's export.
    ZipFile: format(KnownFormat::Binary);

    /// When to remind: so long from the due time, or at an instant.
    ReminderSpec: one_of([
        ("offset", "From the due time; negative is before it.", reference::<SignedDuration>()),
        ("at", "An instant in the years 1970 to 2200.", date_time()),
    ]);
    /// Where a task is to stand.
    TaskMove: one_of([
        ("before", "Before this task, in its list.", uuid()),
        ("after", "After this task, in its list.", uuid()),
        ("list_id", "At the end of this list.", uuid()),
    ]);
    /// Where a list is to stand.
    ListMove: one_of([
        ("before", "Before this list.", uuid()),
        ("after", "After this list.", uuid()),
    ]);
    /// The same for many tasks.
    BulkAction: OneOfBuilder::new()
        .item(act(&["complete", "reopen", "delete", "restore"]))
        .item(act(&["reschedule"]).property("due_date", or_null(reference::<DueDate>()))
            .required("due_date"))
        .item(act(&["move"]).property("list_id", uuid()).required("list_id"));
    /// A channel that somebody adds.
    NewChannel: OneOfBuilder::new()
        .item(channel("webhook", "Signed requests (Standard Webhooks).")
            .property("url", http_url()).required("url")
            .property("secret", or_null(reference::<WebhookSecret>())))
        .item(channel("email", "A letter for each reminder, where the operator has set up mail.")
            .property("email", text().format(Some(SchemaFormat::KnownFormat(KnownFormat::Email)))
                .max_length(Some(MAX_EMAIL_CHARS))).required("email"))
        .item(channel("ntfy", "Messages to a topic of an ntfy server.")
            .property("url", http_url().pattern(Some(TOPIC_URL))
                .description(Some("The topic: https://ntfy.example/topic."))).required("url")
            .property("token", or_null(text().min_length(Some(1)).max_length(Some(MAX_TOKEN_CHARS))
                .pattern(Some("^[!-~]+$"))
                .description(Some("An access token of the server, where it asks for one; never shown."))
                .into())))
        .item(channel("web_push", "Messages to a browser, where the operator has set a key for Web Push.")
            .property("subscription", subscription()).required("subscription"));
    /// Until when a reminder is put off.
    SnoozeRequest: one_of([
        (
            "until",
            "An instant, at most 366 days ahead; or tomorrow, at the time at which a whole day reminds.",
            AnyOfBuilder::new().item(date_time()).item(words(["tomorrow_morning"])).into(),
        ),
        ("for", "So long from now.", reference::<SignedDuration>()),
    ]);
}

fn text() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String)
}

fn words(words: impl IntoIterator<Item = impl Into<Value>>) -> ObjectBuilder {
    text().enum_values(Some(words))
}

fn format(format: KnownFormat) -> ObjectBuilder {
    text().format(Some(SchemaFormat::KnownFormat(format)))
}

fn instant_or_day() -> AnyOfBuilder {
    AnyOfBuilder::new().item(format(KnownFormat::DateTime)).item(format(KnownFormat::Date))
}

fn date_time() -> RefOr<Schema> {
    format(KnownFormat::DateTime).into()
}

fn uuid() -> RefOr<Schema> {
    format(KnownFormat::Uuid).into()
}

/// An object with any fields.
fn anything() -> ObjectBuilder {
    ObjectBuilder::new().additional_properties(Some(AdditionalProperties::FreeForm(true)))
}

/// A named schema, by its name.
pub(super) fn reference<T: ToSchema>() -> RefOr<Schema> {
    utoipa::openapi::Ref::from_schema_name(T::name()).into()
}

fn http_url() -> ObjectBuilder {
    text()
        .format(Some(SchemaFormat::Custom("uri".to_owned())))
        .description(Some("http or https."))
        .max_length(Some(MAX_URL_CHARS))
        .pattern(Some("^[Hh][Tt][Tt][Pp][Ss]?://"))
}

/// What `PushSubscription.toJSON()` gives in a browser.
fn subscription() -> ObjectBuilder {
    let key = |pattern, what| text().pattern(Some(pattern)).description(Some(what));
    let keys = ObjectBuilder::new()
        .property("p256dh", key(PUBLIC_KEY, "The browser's key: a point of P-256, base64url."))
        .required("p256dh")
        .property("auth", key(PUSH_AUTH, "The subscription's secret: 16 bytes, base64url."))
        .required("auth");
    ObjectBuilder::new()
        .description(Some("What `PushSubscription.toJSON()` gives in a browser."))
        .property("endpoint", http_url())
        .required("endpoint")
        .property("keys", keys)
        .required("keys")
}

fn channel(kind: &str, what: &str) -> ObjectBuilder {
    ObjectBuilder::new().description(Some(what)).property("kind", words([kind])).required("kind")
}

fn act(actions: &[&str]) -> ObjectBuilder {
    let tasks = ArrayBuilder::new()
        .items(reference::<super::bulk::BulkTask>())
        .min_items(Some(1))
        .max_items(Some(200))
        .description(Some("1 to 200 different tasks."));
    ObjectBuilder::new()
        .property("action", words(actions.iter().copied()))
        .required("action")
        .property("tasks", tasks)
        .required("tasks")
}

/// A schema, or null.
pub(super) fn or_null(schema: RefOr<Schema>) -> RefOr<Schema> {
    OneOfBuilder::new().item(Object::with_type(Type::Null)).item(schema).into()
}

/// An object with one of these fields, and no two of them.
fn one_of<const N: usize>(fields: [(&str, &str, RefOr<Schema>); N]) -> OneOfBuilder {
    fields.into_iter().fold(OneOfBuilder::new(), |one_of, (name, what, schema)| {
        let field = ObjectBuilder::new().description(Some(what));
        one_of.item(field.property(name, schema).required(name))
    })
}
