//! `/chat` and `/conversations`.

use std::convert::Infallible;

use actix_web::{
    HttpRequest, HttpResponse,
    http::header,
    web::{self, Bytes},
};
use chrono::{DateTime, Utc};
use futures_util::stream;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    body::{Field, Fields, IdempotencyKey, KeyedBody, any},
    caller::{Caller, SignedIn, parse_id},
    query::{Paging, Query, write_cursor},
    schemas::{ChatMessage, ChatStream, MessageAuthor},
};
use crate::{
    chat::{self, Action, Answer, Message},
    commands,
    context::Context,
    error::{Failure, code},
    queries,
    store::conversations::{self, Conversation},
};

const EVENT_STREAM: &str = "text/event-stream";

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
    /// What understood the message: `grammar`.
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
/// with the `delta`s of the reply, and `done` with the whole answer. What is said is done and kept before
/// the first of them is sent.
#[utoipa::path(post, path = "/api/v1/chat", operation_id = "sendMessage", tag = "chat",
    request_body = ChatBody, params(IdempotencyKey),
    responses((status = 200, content(
        (AnswerView = "application/json"), (ChatStream = "text/event-stream"))),
        code::TooMany, code::IdempotencyKeyReused))]
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
    let answer = chat::say(&context, call, &message, conversation_id, once.as_ref()).await?;
    let answer = AnswerView::from(answer);
    if wants_events(&request) { streamed(&answer) } else { Ok(HttpResponse::Ok().json(answer)) }
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
    let events = events.into_iter().map(Ok::<_, Infallible>);
    Ok(HttpResponse::Ok()
        .content_type(EVENT_STREAM)
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header(("X-Accel-Buffering", "no"))
        .streaming(stream::iter(events)))
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
