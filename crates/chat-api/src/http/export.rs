//! `/export`.

use actix_web::{HttpResponse, http::header, web};
use chrono::{DateTime, Utc};
use events::{TaskId, UserId};
use futures_util::{Stream, stream::unfold};
use uuid::Uuid;

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
    stage: Stage,
    _seat: Seat,
}

/// What comes next.
enum Stage {
    Head(String),
    /// Tasks after this one.
    Tasks(Option<TaskId>),
    /// The first conversation after this one.
    Conversation(Option<Uuid>),
    /// The messages of this one after a place.
    Messages(Uuid, i32),
    Over,
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
        stage: Stage::Head(head),
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
                export.stage = Stage::Over;
            }
            Some((part.map(web::Bytes::from), export))
        })
    }

    async fn next(&mut self) -> Result<Option<String>, Failure> {
        let (context, user_id) = (&self.context, self.user_id);
        match std::mem::replace(&mut self.stage, Stage::Over) {
            Stage::Head(head) => {
                self.stage = Stage::Tasks(None);
                Ok(Some(head))
            }
            Stage::Tasks(after) => {
                let tasks = queries::export::tasks_after(context, user_id, after).await?;
                if let Some(last) = tasks.last() {
                    self.stage = Stage::Tasks(Some(last.state.task_id));
                    return self.writer.tasks(&tasks).map(Some);
                }
                match self.writer {
                    Writer::Json { .. } => {
                        self.stage = Stage::Conversation(None);
                        Ok(Some(json::CONVERSATIONS.to_owned()))
                    }
                    Writer::Ical(_) => Ok(Some(ical::END.to_owned())),
                }
            }
            Stage::Conversation(after) => {
                let next = queries::export::conversation_after(context, user_id, after).await?;
                let Some(next) = next else { return Ok(Some(json::END.to_owned())) };
                self.stage = Stage::Messages(next.conversation_id, 0);
                let mut out = String::new();
                json::write_conversation(&next, after.is_none(), &mut out)
                    .map_err(Failure::internal)?;
                Ok(Some(out))
            }
            Stage::Messages(id, place) => {
                let messages = queries::export::messages_after(context, user_id, id, place).await?;
                let Some(last) = messages.last() else {
                    self.stage = Stage::Conversation(Some(id));
                    return Ok(Some(json::CONVERSATION_END.to_owned()));
                };
                self.stage = Stage::Messages(id, last.place);
                let mut out = String::new();
                for message in &messages {
                    json::write_message(message, &mut out).map_err(Failure::internal)?;
                }
                Ok(Some(out))
            }
            Stage::Over => Ok(None),
        }
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
}
