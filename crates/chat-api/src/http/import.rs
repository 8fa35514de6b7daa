//! `/import`.

use std::time::Duration;

use actix_web::{FromRequest, HttpRequest, HttpResponse, dev::Payload, web};
use events::ListId;
use futures_util::future::LocalBoxFuture;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    body,
    caller::Caller,
    query::Query,
    schemas::{CalendarFile, CsvFile, TaskFile, ZipFile},
};
use crate::{
    commands::{
        self,
        import::{Asked, Outcome},
        transfers::Seat,
    },
    context::{Call, Context},
    error::{Failure, code},
    transfer::{Format, Note},
};

/// How long a file may take to come, in seconds: 8 MiB at half a megabit a second.
pub(super) const FILE_TIMEOUT_SECS: u64 = 140;

/// A file that somebody sends, and the seat that was taken before any of it was read.
pub(super) struct FileBody {
    call: Call,
    bytes: web::Bytes,
    seat: Seat,
}

/// What an import did, or would do.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ImportResult)]
pub(super) struct ImportView {
    format: Format,
    /// Nothing was written.
    dry_run: bool,
    lists: ListCounts,
    tasks: TaskCounts,
    /// What could not be taken: tasks, lists, settings.
    refused: usize,
    /// Whether settings changed, where that was asked for.
    settings_changed: bool,
    /// Where something was not taken, or not as it stood; at most 500 of
    /// each severity.
    notes: Vec<Note>,
    /// Notes that are not shown.
    notes_left_out: usize,
}

/// Lists of a file.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ListCounts {
    new: usize,
    already_there: usize,
}

/// Tasks of a file.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TaskCounts {
    new: usize,
    /// Left as they are, in the trash or not.
    already_there: usize,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Flag {
    True,
    #[default]
    False,
}

impl FromRequest for FileBody {
    type Error = Failure;
    type Future = LocalBoxFuture<'static, Result<Self, Failure>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let caller = Caller::from_request(request, payload).into_inner();
        let context = request.app_data::<web::Data<Context>>().cloned();
        let bytes = body::read(request, payload);
        Box::pin(async move {
            let Caller(call) = caller?;
            let context = context.ok_or(Failure::NotSignedIn)?;
            let seat = context.transfers.begin(call.user_id)?;
            Ok(Self { call, bytes: bytes.await?, seat })
        })
    }
}

/// Takes over the tasks and lists of a file: all that is new in it, or nothing. What is there already
/// is left as it is, so that a file may be imported again.
///
/// With `dry_run=true` it says what it would do. Where something of the file can't be taken it is 422
/// and names all of that, unless `skip_invalid=true`.
#[utoipa::path(post, path = "/api/v1/import", operation_id = "importFile", tag = "transfer",
    params(
        ("format" = Option<Format>, Query, description = "Seen by the file itself where it is left out."),
        ("dry_run" = Option<bool>, Query, description = "Only say what it would do."),
        ("skip_invalid" = Option<bool>, Query, description = "Take the rest where something can't be taken."),
        ("with_settings" = Option<bool>, Query,
            description = "Take over time zone, quiet hours and the inbox's name too."),
        ("list" = Option<uuid::Uuid>, Query,
            description = "Where tasks go that name no list; the inbox where it is left out.")),
    request_body(content((TaskFile = "application/json"), (CsvFile = "text/csv"),
        (ZipFile = "application/zip"), (CalendarFile = "text/calendar")),
        description = "The file, at most 8 MiB."),
    responses((status = 200, body = ImportView), code::TooMany, code::Busy))]
pub(super) async fn import(
    context: web::Data<Context>,
    query: Query,
    file: FileBody,
) -> Result<HttpResponse, Failure> {
    let FileBody { call, bytes, seat: _seat } = file;
    let format = query.get("format").map(str::parse::<Format>).transpose();
    let format = format.map_err(|error| Failure::field("format", error))?;
    let asked = Asked {
        dry_run: flag(&query, "dry_run")?,
        skip_invalid: flag(&query, "skip_invalid")?,
        settings: flag(&query, "with_settings")?,
        list_id: query.value::<ListId>("list")?,
    };
    let format = format.unwrap_or_else(|| Format::detect(&bytes));
    let work = commands::import::import_file(&context, call, format, bytes, asked);
    let outcome = context.transfers.in_turn(work).await?;
    Ok(HttpResponse::Ok().json(ImportView::new(format, asked.dry_run, outcome)))
}

fn flag(query: &Query, name: &str) -> Result<bool, Failure> {
    Ok(matches!(query.value(name)?.unwrap_or_default(), Flag::True))
}

/// How long a file may take to come.
pub(super) const fn file_timeout() -> body::BodyTimeout {
    body::BodyTimeout(Duration::from_secs(FILE_TIMEOUT_SECS))
}

impl ImportView {
    fn new(format: Format, dry_run: bool, outcome: Outcome) -> Self {
        let notes = outcome.notes;
        Self {
            format,
            dry_run,
            lists: ListCounts { new: outcome.new_lists, already_there: outcome.present_lists },
            tasks: TaskCounts { new: outcome.new_tasks, already_there: outcome.present_tasks },
            refused: notes.refused,
            settings_changed: outcome.changes_settings,
            notes: notes.kept,
            notes_left_out: notes.left_out,
        }
    }
}
