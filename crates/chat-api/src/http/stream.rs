//! `/stream`.

use std::convert::Infallible;

use actix_web::{HttpRequest, HttpResponse, http::header, web};
use futures_util::stream::unfold;
use utoipa::IntoParams;

use super::{caller::SignedIn, query::Query, schemas::EventStream};
use crate::{
    context::Context,
    error::{Failure, code},
    feed::stream::{Follower, Start},
};

const LAST_EVENT_ID: &str = "Last-Event-ID";

/// From where a stream is followed.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes to OpenAPI what is read of Query")]
pub(super) struct StreamQuery {
    /// Resumes after this id; from now where it is left out.
    #[param(minimum = 0)]
    after: Option<i64>,
}

/// What a browser sends that lost its stream.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "describes to OpenAPI what is read of the header")]
pub(super) struct LastEventId {
    /// Resumes after this id; wins over `after`.
    #[param(rename = "Last-Event-ID", nullable = false)]
    last_event_id: Option<String>,
}

/// Follows what is new, as server-sent events: `event:` is the event's type, `id:` a number that
/// resumes, `data:` the event as JSON. An id that is pruned or was never given answers with the
/// event `reset`.
#[utoipa::path(get, path = "/api/v1/stream", operation_id = "followStream", tag = "stream",
    params(StreamQuery, LastEventId),
    responses((status = 200, content_type = "text/event-stream", body = EventStream),
        code::TooManyStreams))]
pub(super) async fn follow(
    context: web::Data<Context>,
    signed_in: SignedIn,
    query: Query,
    request: HttpRequest,
) -> Result<HttpResponse, Failure> {
    let last = request.headers().get(LAST_EVENT_ID).map(|value| value.to_str().unwrap_or_default());
    let start = match last.or(query.get("after")) {
        None => Start::Now,
        Some(text) => match text.trim().parse() {
            Ok(seq) if seq >= 0 => Start::After(seq),
            _ => Start::Unknown,
        },
    };
    let context = context.get_ref().clone();
    let seat = context.hub.follow(signed_in.user_id, signed_in.credential)?;
    let follower = Follower::new(context, signed_in.user_id, seat, start);
    let chunks = unfold(follower, |mut follower| async move {
        follower.next().await.map(|chunk| (Ok::<_, Infallible>(chunk), follower))
    });
    Ok(HttpResponse::Ok()
        .content_type("text/event-stream")
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header(("X-Accel-Buffering", "no"))
        .streaming(chunks))
}
