//! `/chat` and `/conversations`.

use std::{convert::Infallible, time::Duration};

use actix_web::{
    HttpRequest, HttpResponse,
    http::header,
    web::{self, Bytes},
};
use chrono::{DateTime, Utc};
use events::CorrelationId;
use futures_util::{
    Stream, StreamExt,
    stream::{self, unfold},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::time::timeout;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    body::{Field, Fields, IdempotencyKey, KeyedBody, any},
    caller::{Caller, SignedIn, parse_id},
    query::{Paging, Query, write_cursor},
    schemas::{ChatMessage, ChatStream, MessageAuthor},
};
use crate::{
    chat::{
        self, Action, Answer, Message, Said,
        turn::{Answering, Heard},
    },
    commands,
    context::Context,
    error::{Failure, code},
    queries,
    store::conversations::{self, Conversation},
};

const EVENT_STREAM: &str = "text/event-stream";
/// The longest silence of a stream, in seconds: proxies take a longer one for the end.
const KEEP_ALIVE_SECS: u64 = 15;
/// What is sent instead of silence; clients pass over it.
const KEEP_ALIVE: &[u8] = b": still answering\n\n";

/// What somebody says.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = ChatRequest)]
pub(super) struct ChatBody {
    #[schema(value_type = ChatMessage, required)]
    #[serde(default)]
    message: Field,
    /// The conversation that it is said in; a new one where it is null or left out.
    #[schema(value_type = Option<Uuid>)]
    #[serde(default)]
    conversation_id: Field,
}

/// What is answered.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ChatAnswer)]
pub(super) struct AnswerView {
    conversation_id: Uuid,
    /// The answer's own id.
    message_id: Uuid,
    /// In plain words, over several lines where it lists something.
    reply: String,
    /// What was done, in its order.
    actions: Vec<ActionView>,
    /// What answered: `grammar`, or `model:` and the name of a language model.
    engine: String,
}

/// A tool that was called.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ChatAction)]
pub(super) struct ActionView {
    /// Its name.
    tool: String,
    #[schema(value_type = Object)]
    arguments: Value,
    /// What came of it; its `outcome` says which of the tool's results it is.
    #[schema(value_type = Object)]
    result: Value,
}

/// A conversation as it is listed.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Conversation)]
pub(super) struct ConversationView {
    id: Uuid,
    /// The beginning of its first message; `MCP` of the one in which programs act.
    title: String,
    /// How many messages it has, answers among them; at most 1,000.
    message_count: i32,
    created_at: DateTime<Utc>,
    /// When something was said last.
    updated_at: DateTime<Utc>,
}

/// A page of conversations.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ConversationPage)]
pub(super) struct ConversationList {
    items: Vec<ConversationView>,
    next_cursor: Option<String>,
}

/// Something that was said.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Message)]
pub(super) struct MessageView {
    id: Uuid,
    #[schema(value_type = MessageAuthor)]
    author: String,
    text: String,
    /// What was done with an answer.
    #[schema(value_type = Vec<ActionView>)]
    actions: Value,
    /// What gave the answer; null of what the person says.
    engine: Option<String>,
    created_at: DateTime<Utc>,
}

/// A conversation with a page of its messages.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ConversationWithMessages)]
pub(super) struct WholeConversation {
    #[serde(flatten)]
    conversation: ConversationView,
    /// The last first.
    items: Vec<MessageView>,
    next_cursor: Option<String>,
}

impl From<Action> for ActionView {
    fn from(Action { tool, arguments, result }: Action) -> Self {
        Self { tool, arguments, result }
    }
}

impl From<Answer> for AnswerView {
    fn from(answer: Answer) -> Self {
        Self {
            conversation_id: answer.conversation_id,
            message_id: answer.message_id,
            reply: answer.reply,
            actions: answer.actions.into_iter().map(ActionView::from).collect(),
            engine: answer.engine,
        }
    }
}

impl From<Conversation> for ConversationView {
    fn from(conversation: Conversation) -> Self {
        Self {
            id: conversation.conversation_id,
            title: conversation.title,
            message_count: conversation.messages,
            created_at: conversation.created_at,
            updated_at: conversation.updated_at,
        }
    }
}

impl From<conversations::Message> for MessageView {
    fn from(message: conversations::Message) -> Self {
        Self {
            id: message.message_id,
            author: message.author,
            text: message.body,
            actions: message.actions,
            engine: message.engine,
            created_at: message.created_at,
        }
    }
}

/// Says something, and is answered when it is done.
///
/// With `Accept: text/event-stream` the answer comes as server-sent events: `action` for each act, `message`
/// with the `delta`s of the reply, and `done` with the whole answer, or `error` with a problem. What the
/// grammar answers is done and kept before the first of them is sent. A language model's words and acts come
/// as they are said and done; who goes away meanwhile finds the answer in the conversation, and what is said
/// in it before the answer is there is refused (409).
#[utoipa::path(post, path = "/api/v1/chat", operation_id = "sendMessage", tag = "chat",
    request_body = ChatBody, params(IdempotencyKey),
    responses((status = 200, content(
        (AnswerView = "application/json"), (ChatStream = "text/event-stream"))),
        code::TooMany, code::StillAnswering, code::IdempotencyKeyReused))]
pub(super) async fn say(
    context: web::Data<Context>,
    Caller(call): Caller,
    request: HttpRequest,
    KeyedBody(once, body): KeyedBody<ChatBody>,
) -> Result<HttpResponse, Failure> {
    let mut fields = Fields::default();
    let message = fields.required("message", body.message, Message::parse);
    let conversation_id = fields.optional("conversation_id", body.conversation_id, any::<Uuid>);
    let message = fields.finish(message)?;
    let said = chat::say(&context, call, &message, conversation_id, once.as_ref()).await?;
    match said {
        Said::Answered(answer) if wants_events(&request) => streamed(&AnswerView::from(answer)),
        Said::Answering(answering) if wants_events(&request) => {
            Ok(followed(answering, call.correlation_id))
        }
        said => Ok(HttpResponse::Ok().json(AnswerView::from(said.whole().await?))),
    }
}

fn wants_events(request: &HttpRequest) -> bool {
    let accepted = request.headers().get_all(header::ACCEPT);
    let accepted = accepted.filter_map(|value| value.to_str().ok());
    accepted.flat_map(|value| value.split(',')).any(|kind| {
        kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case(EVENT_STREAM))
    })
}

/// The answer as events. It is kept already: a stream that is cut loses nothing.
fn streamed(answer: &AnswerView) -> Result<HttpResponse, Failure> {
    let mut events = vec![];
    for action in &answer.actions {
        events.push(event("action", action)?);
    }
    for line in answer.reply.split_inclusive('\n') {
        events.push(event("message", &json!({"delta": line}))?);
    }
    events.push(event("done", answer)?);
    Ok(as_events(stream::iter(events)))
}

/// The answer as it comes. It is kept when it is whole, whether anybody follows or not.
fn followed(answering: Answering, correlation_id: CorrelationId) -> HttpResponse {
    as_events(unfold(Some(answering), move |answering| async move {
        let mut answering = answering?;
        let heard = timeout(Duration::from_secs(KEEP_ALIVE_SECS), answering.next()).await;
        let next = match heard {
            Err(_elapsed) => Ok(Bytes::from_static(KEEP_ALIVE)),
            Ok(Some(Heard::Words(delta))) => event("message", &json!({"delta": delta})),
            Ok(Some(Heard::Action(action))) => event("action", &ActionView::from(action)),
            Ok(None) => {
                let answer = answering.whole().await.map(AnswerView::from);
                let last = answer.and_then(|answer| event("done", &answer));
                return Some((
                    last.unwrap_or_else(|failure| broken(&failure, correlation_id)),
                    None,
                ));
            }
        };
        match next {
            Ok(next) => Some((next, Some(answering))),
            Err(failure) => Some((broken(&failure, correlation_id), None)),
        }
    }))
}

/// The last event of a stream that came to nothing.
fn broken(failure: &Failure, correlation_id: CorrelationId) -> Bytes {
    failure.log();
    event("error", &failure.problem(correlation_id)).unwrap_or_default()
}

fn as_events(events: impl Stream<Item = Bytes> + 'static) -> HttpResponse {
    HttpResponse::Ok()
        .content_type(EVENT_STREAM)
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header(("X-Accel-Buffering", "no"))
        .streaming(events.map(Ok::<_, Infallible>))
}

fn event(name: &str, data: &impl Serialize) -> Result<Bytes, Failure> {
    // JSON on one line: a line feed inside of a text is written as \n.
    let data = serde_json::to_string(data).map_err(Failure::internal)?;
    Ok(format!("event: {name}\ndata: {data}\n\n").into())
}

/// A page of conversations, the one in which something was said last first.
#[utoipa::path(get, path = "/api/v1/conversations", operation_id = "listConversations", tag = "chat",
    params(Paging), responses((status = 200, body = ConversationList)))]
pub(super) async fn list(
    context: web::Data<Context>,
    signed_in: SignedIn,
    query: Query,
) -> Result<HttpResponse, Failure> {
    let (cursor, limit) = (query.cursor()?, query.limit()?);
    let page = queries::conversations::list(&context, signed_in.user_id, cursor, limit).await?;
    let next_cursor = page.next.map(|next| write_cursor(&next)).transpose()?;
    let items = page.items.into_iter().map(ConversationView::from).collect();
    Ok(HttpResponse::Ok().json(ConversationList { items, next_cursor }))
}

/// A conversation with a page of its messages, the last first.
#[utoipa::path(get, path = "/api/v1/conversations/{conversation_id}",
    operation_id = "getConversation", tag = "chat",
    params(("conversation_id" = uuid::Uuid, Path), Paging),
    responses((status = 200, body = WholeConversation)))]
pub(super) async fn show(
    context: web::Data<Context>,
    signed_in: SignedIn,
    conversation_id: web::Path<String>,
    query: Query,
) -> Result<HttpResponse, Failure> {
    let conversation_id = parse_id(&conversation_id)?;
    let (before, limit) = (query.cursor()?, query.limit()?);
    let user_id = signed_in.user_id;
    let (conversation, page) =
        queries::conversations::show(&context, user_id, conversation_id, before, limit).await?;
    let next_cursor = page.next.map(|next| write_cursor(&next)).transpose()?;
    let items = page.items.into_iter().map(MessageView::from).collect();
    let conversation = ConversationView::from(conversation);
    Ok(HttpResponse::Ok().json(WholeConversation { conversation, items, next_cursor }))
}

/// Forgets a conversation, with all that was said. What was done in it stays done.
#[utoipa::path(delete, path = "/api/v1/conversations/{conversation_id}",
    operation_id = "deleteConversation", tag = "chat",
    params(("conversation_id" = uuid::Uuid, Path)), responses((status = 204)))]
pub(super) async fn delete(
    context: web::Data<Context>,
    Caller(call): Caller,
    conversation_id: web::Path<String>,
) -> Result<HttpResponse, Failure> {
    let conversation_id = parse_id(&conversation_id)?;
    commands::conversations::delete(&context, call, conversation_id).await?;
    Ok(HttpResponse::NoContent().finish())
}
