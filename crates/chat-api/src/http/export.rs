//! `/export`.

use actix_web::{HttpResponse, http::header, web};
use chrono::{DateTime, Utc};
use events::{TaskId, UserId};
use futures_util::{Stream, stream::unfold};

use super::{
    caller::SignedIn,
    channels::Shown,
    query::Query,
    schemas::{CalendarFile, ExportFormat, TaskFile},
};
use crate::{
    commands::transfers::Seat,
    context::Context,
    domain::task::Task,
    error::{Failure, code},
    queries::{self, export::Belongings},
    transfer::{
        ical,
        json::{self, ChannelRecord, Head},
    },
};

/// A file on its way out.
struct Export {
    context: Context,
    user_id: UserId,
    writer: Writer,
    after: Option<TaskId>,
    /// What comes before the first page.
    head: Option<String>,
    is_over: bool,
    _seat: Seat,
}

/// What turns tasks into a part of a file.
enum Writer {
    Json { is_first: bool },
    Ical(ical::Writer),
}

/// All that is one's own, as a file.
///
/// `json`, which nothing is lost in, has the trash too; channels are in it without their secrets. It
/// is written while it is read: a file without its end is not whole.
#[utoipa::path(get, path = "/api/v1/export", operation_id = "exportEverything", tag = "transfer",
    params(("format" = Option<ExportFormat>, Query, description = "Our own, which is the default, or a calendar.")),
    responses((status = 200, content(
        (TaskFile = "application/json"), (CalendarFile = "text/calendar"))), code::TooMany))]
pub(super) async fn export(
    context: web::Data<Context>,
    signed_in: SignedIn,
    query: Query,
) -> Result<HttpResponse, Failure> {
    let (writer, media_type, extension) = match query.get("format").unwrap_or("json") {
        "json" => (Writer::Json { is_first: true }, "application/json", "json"),
        "ical" => (Writer::Ical(ical::Writer::default()), "text/calendar; charset=utf-8", "ics"),
        _ => return Err(Failure::field("format", "is json or ical")),
    };
    let user_id = signed_in.user_id;
    let seat = context.transfers.begin(user_id)?;
    let belongings = queries::export::belongings(&context, user_id).await?;
    let head = writer.head(&belongings)?;
    let export = Export {
        context: context.get_ref().clone(),
        user_id,
        writer,
        after: None,
        head: Some(head),
        is_over: false,
        _seat: seat,
    };
    let name = file_name(belongings.now, extension);
    Ok(HttpResponse::Ok()
        .content_type(media_type)
        .insert_header((header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")))
        .insert_header(("X-Accel-Buffering", "no"))
        .streaming(export.parts()))
}

fn file_name(now: DateTime<Utc>, extension: &str) -> String {
    format!("tasks-{}.{extension}", now.format("%Y-%m-%d"))
}

impl Export {
    /// The file in its parts, each read from the database when its client has taken the one before.
    fn parts(self) -> impl Stream<Item = Result<web::Bytes, Failure>> {
        unfold(self, |mut export| async move {
            let part = export.next().await.transpose()?;
            // An answer that has begun can't become a problem: it breaks off.
            if let Err(failure) = &part {
                failure.log();
                export.is_over = true;
            }
            Some((part.map(web::Bytes::from), export))
        })
    }

    async fn next(&mut self) -> Result<Option<String>, Failure> {
        if let Some(head) = self.head.take() {
            return Ok(Some(head));
        }
        if self.is_over {
            return Ok(None);
        }
        let tasks = queries::export::tasks_after(&self.context, self.user_id, self.after).await?;
        let Some(last) = tasks.last() else {
            self.is_over = true;
            return Ok(Some(self.writer.end().to_owned()));
        };
        self.after = Some(last.state.task_id);
        self.writer.tasks(&tasks).map(Some)
    }
}

impl Writer {
    fn head(&self, belongings: &Belongings) -> Result<String, Failure> {
        let Belongings { now, person, lists, channels } = belongings;
        match self {
            Self::Json { .. } => {
                let channels: Vec<ChannelRecord> = channels
                    .iter()
                    .map(|channel| {
                        let Shown { url, email } = Shown::of(channel.kind, channel.address.clone());
                        ChannelRecord { kind: channel.kind.name(), url, email }
                    })
                    .collect();
                Head::new(*now, person, &channels, lists).write().map_err(Failure::internal)
            }
            Self::Ical(writer) => Ok(writer.head()),
        }
    }

    fn tasks(&mut self, tasks: &[Task]) -> Result<String, Failure> {
        let mut out = String::new();
        match self {
            Self::Json { is_first } => {
                for task in tasks {
                    json::write_task(task, *is_first, &mut out).map_err(Failure::internal)?;
                    *is_first = false;
                }
            }
            Self::Ical(writer) => tasks.iter().for_each(|task| writer.task(task, &mut out)),
        }
        Ok(out)
    }

    fn end(&self) -> &'static str {
        match self {
            Self::Json { .. } => json::END,
            Self::Ical(_) => ical::END,
        }
    }
}
