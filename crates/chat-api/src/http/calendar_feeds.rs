//! `/calendar-feeds`, and `/calendar/{feed}`, which a feed's URL leads to.
//!
//! The URL is the credential: whoever has it sees, and does nothing else. It is in no log and no trace,
//! which have the pattern of a path and never the path.

use actix_web::{HttpRequest, HttpResponse, http::header, web};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64_URL};
use chrono::{DateTime, Utc};
use futures_util::{Stream, stream::unfold};
use serde::{Deserialize, Serialize};
use utoipa::{
    IntoParams, ToSchema,
    openapi::{
        Object, Type,
        path::{Parameter, ParameterBuilder, ParameterIn},
    },
};
use uuid::Uuid;

use super::{
    body::{Field, Fields, JsonBody},
    caller::{SignedIn, parse_id},
    schemas::{EventCalendar, Name},
};
use crate::{
    commands,
    context::Context,
    domain::{secret_token::SecretToken, text::FeedName},
    error::{Failure, code},
    queries::{
        self,
        calendar_feeds::{Calendar, PAGE_TASKS},
    },
    store::calendar_feeds::CalendarFeed,
    transfer::ical,
};

/// What the end of a feed's URL has after its secret.
const EXTENSION: &str = ".ics";
/// Kept by whom it is for, who asks before it is shown again.
const CACHE_CONTROL: &str = "private, no-cache";

/// A feed that somebody asks for.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = NewCalendarFeed)]
pub(super) struct FeedBody {
    /// What its owner calls it; the calendar has this name.
    #[schema(value_type = Name, required)]
    #[serde(default)]
    name: Field,
}

/// A feed as it is listed.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CalendarFeed)]
pub(super) struct FeedView {
    id: Uuid,
    name: String,
    created_at: DateTime<Utc>,
    /// To the minute; null where it never was.
    last_used_at: Option<DateTime<Utc>>,
}

/// A feed as it is seen once.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CalendarFeedWithUrl)]
pub(super) struct NewFeedView {
    #[serde(flatten)]
    view: FeedView,
    /// To subscribe to. Whoever has it sees what is due.
    url: String,
}

/// All feeds.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CalendarFeedPage)]
pub(super) struct FeedList {
    items: Vec<FeedView>,
    /// Always null: they all fit on a page.
    next_cursor: Option<String>,
}

/// The request's `If-None-Match`.
pub(super) struct IfNoneMatch;

/// A calendar on its way out.
struct Outgoing {
    context: Context,
    calendar: Calendar,
    writer: ical::Writer,
    /// How many of the tasks have been written.
    written: usize,
    stage: Stage,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Head,
    Tasks,
    Over,
}

impl From<CalendarFeed> for FeedView {
    fn from(feed: CalendarFeed) -> Self {
        Self {
            id: feed.feed_id,
            name: feed.name,
            created_at: feed.created_at,
            last_used_at: feed.last_used_at,
        }
    }
}

impl IntoParams for IfNoneMatch {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let parameter = ParameterBuilder::new()
            .name("If-None-Match")
            .parameter_in(ParameterIn::Header)
            .description(Some("Answered with 304 where the calendar has one of these entity tags."))
            .schema(Some(Object::with_type(Type::String)))
            .build();
        vec![parameter]
    }
}

/// The calendar feeds, oldest first. Without their URLs.
#[utoipa::path(get, path = "/api/v1/calendar-feeds", operation_id = "listCalendarFeeds",
    tag = "transfer", responses((status = 200, body = FeedList)))]
pub(super) async fn list(
    context: web::Data<Context>,
    signed_in: SignedIn,
) -> Result<HttpResponse, Failure> {
    let feeds = queries::calendar_feeds::list(&context, signed_in.user_id).await?;
    let items = feeds.into_iter().map(FeedView::from).collect();
    Ok(HttpResponse::Ok().json(FeedList { items, next_cursor: None }))
}

/// Makes a calendar feed; its URL is shown this once. Calendars subscribe to it without signing in.
#[utoipa::path(post, path = "/api/v1/calendar-feeds", operation_id = "createCalendarFeed",
    tag = "transfer", request_body = FeedBody,
    responses((status = 201, body = NewFeedView), code::TooMany))]
pub(super) async fn create(
    context: web::Data<Context>,
    signed_in: SignedIn,
    JsonBody(body): JsonBody<FeedBody>,
) -> Result<HttpResponse, Failure> {
    let mut fields = Fields::default();
    let name = fields.required("name", body.name, FeedName::parse);
    let name = fields.finish(name)?;
    let (feed, secret) =
        commands::calendar_feeds::create(&context, signed_in.user_id, name).await?;
    let mut url = context.public_url.clone();
    url.set_path(&format!("/calendar/{}{EXTENSION}", secret.reveal()));
    let view = NewFeedView { view: feed.into(), url: url.into() };
    Ok(HttpResponse::Created().json(view))
}

/// Deletes a calendar feed. Its URL is nothing from then on; what a calendar has read already it keeps.
#[utoipa::path(delete, path = "/api/v1/calendar-feeds/{feed_id}", operation_id = "deleteCalendarFeed",
    tag = "transfer", params(("feed_id" = Uuid, Path)), responses((status = 204)))]
pub(super) async fn delete(
    context: web::Data<Context>,
    signed_in: SignedIn,
    feed_id: web::Path<String>,
) -> Result<HttpResponse, Failure> {
    commands::calendar_feeds::delete(&context, signed_in.user_id, parse_id(&feed_id)?).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// What is due, as events of a calendar (RFC 5545). For whoever has the URL.
///
/// Dated tasks that are not done, the 2,000 that are due first. A file without its end is not whole.
#[utoipa::path(get, path = "/calendar/{feed}", operation_id = "readCalendarFeed", tag = "transfer",
    security(()), params(("feed" = String, Path), IfNoneMatch),
    responses(
        (status = 200, content((EventCalendar = "text/calendar"))),
        (status = 304, description = "It is the same as before.")))]
pub(super) async fn read(
    context: web::Data<Context>,
    feed: web::Path<String>,
    request: HttpRequest,
) -> Result<HttpResponse, Failure> {
    let secret = feed.strip_suffix(EXTENSION).and_then(SecretToken::parse);
    let calendar = queries::calendar_feeds::open(&context, secret).await?;
    // A task may change before its page is read: the same tag is not the same byte for byte.
    let tag = format!("W/\"{}\"", BASE64_URL.encode(calendar.digest()));
    let caching = [(header::ETAG, tag.as_str()), (header::CACHE_CONTROL, CACHE_CONTROL)];
    if has_tag(&request, &tag) {
        let mut response = HttpResponse::NotModified();
        caching.into_iter().for_each(|field| {
            response.insert_header(field);
        });
        return Ok(response.finish());
    }
    let outgoing = Outgoing {
        context: context.get_ref().clone(),
        calendar,
        writer: ical::Writer::default(),
        written: 0,
        stage: Stage::Head,
    };
    let mut response = HttpResponse::Ok();
    caching.into_iter().for_each(|field| {
        response.insert_header(field);
    });
    Ok(response
        .content_type("text/calendar; charset=utf-8")
        .insert_header((header::CONTENT_DISPOSITION, "inline; filename=\"tasks.ics\""))
        .streaming(outgoing.parts()))
}

/// Whether a request says that it has this already.
fn has_tag(request: &HttpRequest, tag: &str) -> bool {
    let opaque = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    let fields = request.headers().get_all(header::IF_NONE_MATCH);
    let tags = fields.filter_map(|field| field.to_str().ok()).flat_map(|field| field.split(','));
    tags.map(opaque).any(|one| one == "*" || one == opaque(tag))
}

impl Outgoing {
    /// The calendar in its parts, each read from the database when its client has taken the one before.
    fn parts(self) -> impl Stream<Item = Result<web::Bytes, Failure>> {
        unfold(self, |mut outgoing| async move {
            let part = outgoing.next().await.transpose()?;
            // An answer that has begun can't become a problem: it breaks off.
            if let Err(failure) = &part {
                failure.log();
                outgoing.stage = Stage::Over;
            }
            Some((part.map(web::Bytes::from), outgoing))
        })
    }

    async fn next(&mut self) -> Result<Option<String>, Failure> {
        let Self { context, calendar, writer, written, stage } = self;
        let mut out = String::new();
        match stage {
            Stage::Over => return Ok(None),
            Stage::Head => {
                out.push_str(&writer.feed_head(&calendar.name));
                if calendar.shown.is_empty() {
                    writer.placeholder(calendar.zone, &mut out);
                }
                *stage = Stage::Tasks;
            }
            Stage::Tasks => {
                let page = calendar.shown.iter().skip(*written).take(PAGE_TASKS);
                let page: Vec<Uuid> = page.map(|shown| shown.task_id).collect();
                if page.is_empty() {
                    *stage = Stage::Over;
                    return Ok(Some(ical::END.to_owned()));
                }
                *written += page.len();
                let user_id = calendar.user_id;
                for task in queries::calendar_feeds::tasks(context, user_id, &page).await? {
                    writer.event(&task, &mut out);
                }
            }
        }
        Ok(Some(out))
    }
}
