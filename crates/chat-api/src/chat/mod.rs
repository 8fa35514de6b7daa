//! Conversation: what somebody says becomes acts and an answer, in one transaction; where a language model
//! answers, in several (`turn`).
//!
//! The grammar (`intent`) turns a message into commands; `engine` finds out which tasks they mean, by what
//! was spoken of last and by the words of tasks, asks back where that is not clear, and calls `tools`;
//! `words` tells what came of it.
//!
//! Promises: messages of one conversation are handled one after another, since its row is locked; what a
//! message does, what is answered, what "it" means next and what may be taken back stand in one
//! transaction with the acts, so a crash leaves all of it or nothing. Never: more than a named number of
//! tasks changed without the person's yes; HTTP.

mod engine;
mod find;
mod message;
mod mind;
pub(crate) mod programs;
#[cfg(test)]
mod tests;
pub(crate) mod tools;
pub(crate) mod turn;
mod words;

use intent::Parsed;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

pub(crate) use self::message::{MAX_MESSAGE_CHARS, Message};
use self::{engine::Turn, mind::Mind, tools::Toolbox, turn::Answering};
use crate::{
    commands::idempotency::{self, Once},
    context::{Call, Context},
    error::Failure,
    store::{
        self,
        conversations::{Locked, NewMessage},
    },
};

/// The most conversations that a person has.
pub(crate) const MAX_CONVERSATIONS: i64 = 500;
/// The most messages of a conversation, what is answered among them.
pub(crate) const MAX_MESSAGES: i32 = 1_000;
/// How often a message is tried whose transaction met another one on the same tasks.
const MAX_ATTEMPTS: usize = 3;
/// What answers where no language model does.
const GRAMMAR: &str = "grammar";

/// What somebody is answered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Answer {
    pub(crate) conversation_id: Uuid,
    /// The answer's own id.
    pub(crate) message_id: Uuid,
    pub(crate) reply: String,
    pub(crate) actions: Vec<Action>,
    /// What understood the message.
    pub(crate) engine: String,
}

/// A tool that was called.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Action {
    pub(crate) tool: String,
    pub(crate) arguments: Value,
    pub(crate) result: Value,
}

/// What comes of a message.
#[derive(Debug)]
pub(crate) enum Said {
    /// It is answered.
    Answered(Answer),
    /// A language model is about to answer it; the message is kept.
    Answering(Answering),
}

impl Said {
    /// The whole answer, when it is there.
    pub(crate) async fn whole(self) -> Result<Answer, Failure> {
        match self {
            Self::Answered(answer) => Ok(answer),
            Self::Answering(answering) => answering.whole().await,
        }
    }
}

/// Takes a message, in a conversation or in a new one; with a key, once.
pub(crate) async fn say(
    context: &Context,
    call: Call,
    message: &Message,
    conversation_id: Option<Uuid>,
    once: Option<&Once>,
) -> Result<Said, Failure> {
    let understand = |context: &intent::Context| intent::parse(message.as_str(), context);
    take(context, call, message, conversation_id, once, understand).await
}

/// Answers a message with whatever understands it.
#[cfg(test)]
pub(crate) async fn answer(
    context: &Context,
    call: Call,
    message: &Message,
    conversation_id: Option<Uuid>,
    once: Option<&Once>,
    understand: impl Fn(&intent::Context) -> Parsed,
) -> Result<Answer, Failure> {
    take(context, call, message, conversation_id, once, understand).await?.whole().await
}

async fn take(
    context: &Context,
    call: Call,
    message: &Message,
    conversation_id: Option<Uuid>,
    once: Option<&Once>,
    understand: impl Fn(&intent::Context) -> Parsed,
) -> Result<Said, Failure> {
    let attempt = || try_to_take(context, call, message, conversation_id, once, &understand);
    despite_deadlocks(Failure::is_deadlock, attempt).await
}

/// Does it again from its beginning where its transaction and another one waited for each other.
async fn despite_deadlocks<T, E, F: Future<Output = Result<T, E>>>(
    is_deadlock: impl Fn(&E) -> bool,
    attempt: impl Fn() -> F,
) -> Result<T, E> {
    let mut attempts = 1;
    loop {
        match attempt().await {
            // Nothing was done.
            Err(error) if attempts < MAX_ATTEMPTS && is_deadlock(&error) => attempts += 1,
            done => return done,
        }
    }
}

async fn try_to_take(
    context: &Context,
    call: Call,
    message: &Message,
    conversation_id: Option<Uuid>,
    once: Option<&Once>,
    understand: impl Fn(&intent::Context) -> Parsed,
) -> Result<Said, Failure> {
    let mut tx = store::begin_for(&context.pool, call.user_id).await?;
    if let Some(once) = once
        && let Some(first) = idempotency::first_answer(&mut tx, call.user_id, once).await?
    {
        let first = if first.is_empty() {
            turn::find_again(&mut tx, call, once).await?
        } else {
            serde_json::from_str(&first).map_err(Failure::internal)?
        };
        tx.commit().await?;
        return Ok(Said::Answered(first));
    }
    let locked = enter(&mut tx, call, message, conversation_id).await?;
    turn::clear(&mut tx, call, &locked).await?;
    let mut tools = Toolbox::open(&mut tx, context, call, locked.conversation_id).await?;
    let parsed = understand(&intent::Context {
        now: tools.now(),
        time_zone: tools.zone(),
        preferences: tools.settings().language.preferences(),
    });
    let engine = Turn::new(&mut tx, &mut tools, call.user_id, Mind::read(&locked.mind));
    let turned = match &context.talker {
        None => engine.take(message.as_str(), parsed).await?,
        Some(talker) => match engine.take_if_sure(message.as_str(), parsed).await? {
            Ok(turned) => turned,
            Err((mind, parsed)) => {
                let taken = (locked, mind, parsed);
                let opened =
                    turn::open(&mut tx, talker, &tools, call, message, once, taken).await?;
                tx.commit().await?;
                return Ok(Said::Answering(talker.start(context, opened)));
            }
        },
    };
    let answer = Answer {
        conversation_id: locked.conversation_id,
        message_id: Uuid::new_v4(),
        reply: turned.reply,
        actions: turned.actions,
        engine: GRAMMAR.to_owned(),
    };
    let place = keep(&mut tx, call, message, locked, &turned.mind, &answer).await?;
    if let Some(once) = once {
        idempotency::remember(&mut tx, call.user_id, once.key(), &answer).await?;
    }
    // The feed's head is the last lock.
    tools.keep(&mut tx, place).await?;
    tx.commit().await?;
    tools.wake();
    Ok(Said::Answered(answer))
}

/// The conversation with its row locked; a new one where none is named.
async fn enter(
    conn: &mut PgConnection,
    call: Call,
    message: &Message,
    conversation_id: Option<Uuid>,
) -> Result<Locked, Failure> {
    let user_id = call.user_id;
    let Some(conversation_id) = conversation_id else {
        store::persons::lock(conn, user_id).await?.ok_or(Failure::NotSignedIn)?;
        if store::conversations::count(conn, user_id).await? >= MAX_CONVERSATIONS {
            return Err(Failure::TooMany { what: "conversations", limit: MAX_CONVERSATIONS });
        }
        let (id, title) = (Uuid::new_v4(), message.title());
        return Ok(store::conversations::insert(conn, user_id, id, &title).await?);
    };
    let locked = store::conversations::lock(conn, user_id, conversation_id).await?;
    let locked =
        locked.ok_or_else(|| Failure::field("conversation_id", "is no conversation of yours"))?;
    // The message and its answer.
    if locked.messages + 2 > MAX_MESSAGES {
        let (what, limit) = ("messages in this conversation", i64::from(MAX_MESSAGES));
        return Err(Failure::TooMany { what, limit });
    }
    Ok(locked)
}

/// Keeps what was said and answered, and what it leaves in mind; returns the answer's place.
async fn keep(
    conn: &mut PgConnection,
    call: Call,
    message: &Message,
    mut locked: Locked,
    mind: &Mind,
    answer: &Answer,
) -> Result<i32, Failure> {
    let asked = NewMessage {
        message_id: Uuid::new_v4(),
        place: locked.messages + 1,
        body: message.as_str(),
        actions: Value::Array(vec![]),
        engine: None,
    };
    let answered = NewMessage {
        message_id: answer.message_id,
        place: locked.messages + 2,
        body: &answer.reply,
        actions: serde_json::to_value(&answer.actions).map_err(Failure::internal)?,
        engine: Some(&answer.engine),
    };
    let conversation_id = locked.conversation_id;
    for message in [&asked, &answered] {
        let (user_id, correlation_id) = (call.user_id, call.correlation_id);
        store::conversations::add_message(conn, user_id, conversation_id, correlation_id, message)
            .await?;
    }
    locked.messages = answered.place;
    locked.mind = serde_json::to_value(mind).map_err(Failure::internal)?;
    store::conversations::save(conn, call.user_id, &locked).await?;
    Ok(answered.place)
}
