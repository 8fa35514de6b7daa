//! Programs that call the tools by name, for a person: MCP.
//!
//! What programs change is kept as answers in one conversation of the person's, [`TITLE`]. The person reads
//! there what was done in their name, takes it back, or says yes to it, as in any other conversation, and
//! `undo` takes back what was done last in it. What programs only read leaves nothing behind.
//!
//! Promises: a call is one transaction, and with a key is carried out once; it is refused before anything
//! is done, or all of it is done, kept and told. Never: a yes in the person's place; more than
//! [`MAX_DELETED`] tasks deleted within [`DELETION_WINDOW`] without one, by all programs of a person.

use chrono::{DateTime, TimeDelta, Utc};
use events::UserId;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

use super::{
    Action, MAX_MESSAGES, despite_deadlocks,
    mind::Mind,
    tools::{
        CallError, Effect, MAX_DELETED_UNASKED, MAX_UNASKED, Toolbox, Use,
        arguments::ListTasks,
        outcome::{Outcome, Shown},
    },
    turn,
    words::{Clock, reply},
};
use crate::{
    commands::idempotency::{self, Once},
    context::{Call, Context},
    error::Failure,
    store::{
        self,
        conversations::{Locked, NewMessage},
    },
};

/// What the conversation is called.
const TITLE: &str = "MCP";
/// What answers in it.
const ENGINE: &str = "mcp";
/// The most tasks that programs delete of one person's within the window without the person's yes.
pub(crate) const MAX_DELETED: usize = 20;
/// How long a deletion counts.
const DELETION_WINDOW: TimeDelta = TimeDelta::hours(1);
/// When the conversation has only this much room left, in messages, the older half of it is forgotten; the
/// person, too, has something to say in it.
const ROOM_MESSAGES: i32 = 100;
/// The most open tasks that are handed out as one resource.
pub(crate) const MAX_OPEN_TASKS: i64 = 500;

/// What a program is answered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Called {
    /// In plain words.
    pub(crate) text: String,
    /// The tool's result.
    pub(crate) outcome: Value,
    /// Whether it was left for the person to say.
    pub(crate) is_refused: bool,
}

/// Calls a tool; with a key, once.
///
/// # Errors
/// [`CallError`]; nothing was done then.
pub(crate) async fn call(
    context: &Context,
    call: Call,
    use_of: &Use,
    once: Option<&Once>,
) -> Result<Called, CallError> {
    let is_deadlock =
        |error: &CallError| matches!(error, CallError::Failed(failure) if failure.is_deadlock());
    despite_deadlocks(is_deadlock, || try_to_call(context, call, use_of, once)).await
}

/// The open tasks, what is due first at the top.
pub(crate) async fn open_tasks(context: &Context, call: Call) -> Result<Value, Failure> {
    let mut tx = store::begin_for(&context.pool, call.user_id).await?;
    let tools = Toolbox::open(&mut tx, context, call, conversation_of(call.user_id)).await?;
    let asked = ListTasks::default();
    let (tasks, total) = tools.matching(&mut tx, &asked, MAX_OPEN_TASKS).await?;
    let tasks = tasks.into_iter().map(Shown::new).collect();
    json_of(&Outcome::Listed { tasks, total })
}

async fn try_to_call(
    context: &Context,
    call: Call,
    use_of: &Use,
    once: Option<&Once>,
) -> Result<Called, CallError> {
    let user_id = call.user_id;
    let mut tx = store::begin_for(&context.pool, user_id).await.map_err(Failure::from)?;
    if let Some(once) = once
        && let Some(first) = idempotency::first_answer(&mut tx, user_id, once).await?
    {
        return Ok(serde_json::from_str(&first).map_err(Failure::internal)?);
    }
    let is_change = use_of.tool().effect() != Effect::Reads;
    let mut locked = if is_change { Some(enter(&mut tx, call).await?) } else { None };
    let mut tools = Toolbox::open(&mut tx, context, call, conversation_of(user_id)).await?;
    let is_too_much =
        locked.as_ref().is_some_and(|locked| deletes_too_much(locked, use_of, tools.now()));
    let outcome = if is_too_much {
        tools.propose(&mut tx, use_of).await?
    } else {
        tools.run(&mut tx, use_of).await?
    };
    let clock = Clock { now: tools.now(), zone: tools.zone() };
    let words = reply::told(use_of, &outcome, &clock);
    if let Some(locked) = &mut locked {
        keep(&mut tx, call, locked, (use_of, &outcome, &words), tools.now()).await?;
    }
    let is_refused = matches!(outcome, Outcome::NeedsConfirmation { .. });
    let text = if is_refused { not_done(use_of, &words, is_too_much) } else { words };
    let called = Called { text, outcome: json_of(&outcome)?, is_refused };
    if let Some(once) = once {
        idempotency::remember(&mut tx, user_id, once.key(), &called).await?;
    }
    if let Some(locked) = locked {
        // The feed's head is the last lock.
        tools.keep(&mut tx, locked.messages).await?;
    }
    tx.commit().await.map_err(Failure::from)?;
    tools.wake();
    Ok(called)
}

/// A person has one, so it needs no look-up.
fn conversation_of(user_id: UserId) -> Uuid {
    Uuid::new_v5(&user_id.uuid(), ENGINE.as_bytes())
}

/// The conversation with its row locked, and with room in it.
async fn enter(conn: &mut PgConnection, call: Call) -> Result<Locked, Failure> {
    let user_id = call.user_id;
    let conversation_id = conversation_of(user_id);
    let mut locked = match store::conversations::lock(conn, user_id, conversation_id).await? {
        Some(locked) => locked,
        None => begin(conn, user_id, conversation_id).await?,
    };
    // The place of an answer that is under way must not move.
    turn::clear(conn, call, &locked).await?;
    if locked.messages > MAX_MESSAGES - ROOM_MESSAGES {
        let forgotten = locked.messages - locked.messages / 2;
        store::conversations::forget_beginning(conn, user_id, conversation_id, forgotten).await?;
        locked.messages -= forgotten;
    }
    Ok(locked)
}

/// Begins it, unless somebody else just has.
async fn begin(
    conn: &mut PgConnection,
    user_id: UserId,
    conversation_id: Uuid,
) -> Result<Locked, Failure> {
    store::persons::lock(conn, user_id).await?.ok_or(Failure::NotSignedIn)?;
    match store::conversations::lock(conn, user_id, conversation_id).await? {
        Some(locked) => Ok(locked),
        None => Ok(store::conversations::insert(conn, user_id, conversation_id, TITLE).await?),
    }
}

/// Whether programs have deleted so much within the window that the person is to be asked, even of one.
fn deletes_too_much(locked: &Locked, use_of: &Use, now: DateTime<Utc>) -> bool {
    let Use::DeleteTasks(asked) = use_of else { return false };
    let deleted = Mind::read(&locked.mind).deletions_since(now - DELETION_WINDOW);
    deleted.saturating_add(asked.task_ids.len()) > MAX_DELETED
}

/// Keeps what was done or asked, and what it leaves in mind, as the conversation's next message.
async fn keep(
    conn: &mut PgConnection,
    call: Call,
    locked: &mut Locked,
    (use_of, outcome, words): (&Use, &Outcome, &str),
    now: DateTime<Utc>,
) -> Result<(), Failure> {
    let action = Action {
        tool: use_of.tool().name().to_owned(),
        arguments: use_of.arguments(),
        result: json_of(outcome)?,
    };
    let message = NewMessage {
        message_id: Uuid::new_v4(),
        place: locked.messages + 1,
        body: words,
        actions: serde_json::to_value([action]).map_err(Failure::internal)?,
        engine: Some(ENGINE),
    };
    let mut mind = Mind::read(&locked.mind);
    // What was asked before is open no more.
    mind.question = None;
    mind.remember(use_of, outcome);
    if let (Use::DeleteTasks(_), Outcome::Done(done)) = (use_of, outcome) {
        let deleted = done.tasks.iter().filter(|task| task.changed).count();
        mind.remember_deletions(deleted, now, DELETION_WINDOW);
    }
    locked.messages = message.place;
    locked.mind = json_of(&mind)?;
    let (user_id, conversation_id) = (call.user_id, locked.conversation_id);
    let correlation_id = call.correlation_id;
    store::conversations::add_message(conn, user_id, conversation_id, correlation_id, &message)
        .await?;
    Ok(store::conversations::save(conn, user_id, locked).await?)
}

/// What it would do, and how it can be done all the same.
fn not_done(use_of: &Use, words: &str, is_too_much: bool) -> String {
    let why = if is_too_much {
        format!("Programs may delete {MAX_DELETED} tasks within an hour; what is more")
    } else {
        let at_once = match use_of.tool().effect() {
            Effect::Destroys => MAX_DELETED_UNASKED,
            Effect::Reads | Effect::Changes => MAX_UNASKED,
        };
        format!("Call this with no more than {at_once} at a time; all of them at once")
    };
    format!(
        "{words}\nNothing was done. {why} is for the person to say: they can answer “yes” in their \
         conversation “{TITLE}”."
    )
}

fn json_of(value: &impl Serialize) -> Result<Value, Failure> {
    serde_json::to_value(value).map_err(Failure::internal)
}
