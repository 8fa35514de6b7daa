//! A turn: a language model answers a message that the grammar does not fully understand.
//!
//! Owns: the transactions around the model's answer, and what takes its place where there is none. No
//! transaction is open across the network:
//!
//! 1. [`open`] keeps the message and a place for the answer, and takes a lease on the conversation; a
//!    second message meanwhile is turned away ([`Failure::StillAnswering`]).
//! 2. Each tool call is a transaction of its own (`tools`): under the lease it acts, as the grammar's calls
//!    do, and writes with the act what it did into the turn's record and what takes it back under the
//!    answer's place.
//! 3. [`close`] keeps the answer with all that was done and what "it" is now, and ends the lease.
//!
//! **A crash in between** leaves the message, the acts that were committed, their events and timeline, and
//! a lease that runs out by the database's clock. Nothing that was acknowledged is lost: nothing was
//! answered yet, and what was done is done, told in the timeline, and may be taken back by "undo". Whoever
//! speaks next in the conversation finds the lease run out and puts a message in the answer's place that
//! says so and lists what was done; a request that comes again under its idempotency key is answered by
//! that message, and never done twice.
//!
//! The turn runs on by itself: who goes away in the middle finds the answer in the conversation. When the
//! process is told to stop, it asks no more and closes.
//!
//! **Where the model does not answer** the grammar does, as without one, and says so. Only where the
//! model had changed something already, the grammar changes nothing more: it would do the same twice.
//!
//! Never: a yes in the person's place. What needs one is the conversation's ordinary question, which only
//! the grammar takes an answer to.

mod budget;
mod lease;
pub(crate) mod metrics;
mod prompt;
#[cfg(test)]
mod tests;
mod tools;
mod words;

use std::time::Duration;

use intent::Parsed;
use model::{Limit, Limits, Model, ModelError};
use sqlx::PgConnection;
use tokio::{
    runtime::Handle,
    sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
    task::{JoinError, JoinHandle},
    time::Instant,
};
use tokio_util::task::TaskTracker;
use tracing::Instrument;

pub(super) use self::lease::{clear, find_again};
use self::{
    budget::DailyBudget,
    lease::{Lease, Record},
    prompt::MAX_HISTORY_MESSAGES,
    tools::{State, TurnTools},
};
use super::{
    Action, Answer, GRAMMAR, Message, despite_deadlocks,
    engine::{Turn, Turned},
    mind::Mind,
    tools::Toolbox,
};
use crate::{
    commands::idempotency::{self, Once},
    context::{Call, Context},
    error::Failure,
    store::{self, conversations::Locked},
};

/// What the engine is called before the model's name.
const ENGINE: &str = "model:";
/// The longest that turns may take to close when the process is told to stop, in seconds.
const CLOSE_TIMEOUT_SECS: u64 = 10;

/// A language model that answers. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Talker {
    model: Model,
    /// The most tokens of a person and day.
    daily_tokens: u64,
    pub(super) limits: Limits,
    /// Where turns run, whatever becomes of who asked.
    runtime: Handle,
    turns: TaskTracker,
}

/// How the model's part ended.
#[derive(Debug)]
enum Ending {
    Answered,
    Limited(Limit),
    Failed(ModelError),
    /// The process was told to stop.
    Stopped,
}

/// A message that was taken in, and that the model is to answer.
pub(super) struct Opened {
    call: Call,
    lease: Lease,
    message: Message,
    parsed: Parsed,
    once: Option<Once>,
    prompt: Vec<model::Message>,
}

/// What is heard of a turn before it ends.
#[derive(Debug)]
pub(crate) enum Heard {
    /// The next words of the reply.
    Words(String),
    /// Something was done.
    Action(Action),
}

/// A turn that is under way.
#[derive(Debug)]
pub(crate) struct Answering {
    heard: UnboundedReceiver<Heard>,
    answer: JoinHandle<Result<Answer, Failure>>,
}

impl Talker {
    pub(crate) fn new(model: Model, daily_tokens: u64, runtime: Handle) -> Self {
        let (limits, turns) = (Limits::default(), TaskTracker::new());
        Self { model, daily_tokens, limits, runtime, turns }
    }

    /// What answers are said to come from.
    fn engine(&self) -> String {
        format!("{ENGINE}{}", self.model.name())
    }

    /// Waits for the turns that are under way to close, once the process was told to stop.
    pub(crate) async fn closed(&self) {
        self.turns.close();
        let limit = Duration::from_secs(CLOSE_TIMEOUT_SECS);
        if tokio::time::timeout(limit, self.turns.wait()).await.is_err() {
            tracing::warn!("answers of the language model were cut off");
        }
    }

    /// Lets the model answer.
    pub(super) fn start(&self, context: &Context, opened: Opened) -> Answering {
        // Bounded by what a model may say in all, and by the actions of a message.
        let (told, heard) = unbounded_channel();
        let (talker, context) = (self.clone(), context.clone());
        let turn = async move { take(&talker, &context, &opened, told).await };
        let turn = self.turns.track_future(turn.in_current_span());
        Answering { heard, answer: self.runtime.spawn(turn) }
    }
}

impl Answering {
    /// What is heard next; `None` when there is only the whole answer left.
    pub(crate) async fn next(&mut self) -> Option<Heard> {
        self.heard.recv().await
    }

    /// The whole answer.
    pub(crate) async fn whole(self) -> Result<Answer, Failure> {
        self.answer.await.map_err(|error: JoinError| Failure::internal(error))?
    }
}

/// Whether an answer came from a model.
fn is_model(engine: &str) -> bool {
    engine.starts_with(ENGINE)
}

/// Takes a message into a locked conversation. The transaction is to be committed next.
pub(super) async fn open(
    conn: &mut PgConnection,
    talker: &Talker,
    tools: &Toolbox<'_>,
    call: Call,
    message: &Message,
    once: Option<&Once>,
    (locked, mind, parsed): (Locked, Mind, Parsed),
) -> Result<Opened, Failure> {
    let conversation_id = locked.conversation_id;
    let most = MAX_HISTORY_MESSAGES;
    let history =
        store::conversations::messages_before(conn, call.user_id, conversation_id, None, most)
            .await?;
    let prompt = prompt::prompt(tools.settings(), tools.now(), &mind, &history, message);
    let key = once.map(|once| once.key().to_owned());
    let engine = talker.engine();
    let lease = lease::begin(conn, call, message, locked, &mind, engine, key).await?;
    let (message, once) = (message.clone(), once.cloned());
    Ok(Opened { call, lease, message, parsed, once, prompt })
}

async fn take(
    talker: &Talker,
    context: &Context,
    opened: &Opened,
    told: UnboundedSender<Heard>,
) -> Result<Answer, Failure> {
    let tools = TurnTools::new(context, opened, told.clone());
    let (ending, text) = ask(talker, context, opened, &tools, &told).await;
    let state = tools.into_state();
    let attempt = || close(context, opened, &ending, &text, &state);
    let (answer, acts) = despite_deadlocks(Failure::is_deadlock, attempt).await?;
    for action in acts {
        let _nobody = told.send(Heard::Action(action));
    }
    if let Some(rest) = answer.reply.strip_prefix(text.as_str())
        && !rest.is_empty()
    {
        let _nobody = told.send(Heard::Words(rest.to_owned()));
    }
    Ok(answer)
}

/// Lets the model talk and call tools; returns how it ended, and what it said.
async fn ask(
    talker: &Talker,
    context: &Context,
    opened: &Opened,
    tools: &TurnTools<'_>,
    told: &UnboundedSender<Heard>,
) -> (Ending, String) {
    let began = Instant::now();
    let counts = &context.model_counts;
    let daily_tokens = i64::try_from(talker.daily_tokens).unwrap_or(i64::MAX);
    let budget = DailyBudget::new(context, counts, opened.call.user_id, daily_tokens);
    let mut text = String::new();
    let mut on_text = |words: &str| {
        text.push_str(words);
        let _nobody = told.send(Heard::Words(words.to_owned()));
    };
    let prompt = opened.prompt.clone();
    let talking = talker.model.converse(prompt, tools, &budget, talker.limits, &mut on_text);
    let (ending, rounds) = tokio::select! {
        outcome = talking => (Ending::from(outcome.ended), outcome.rounds),
        () = context.stop.cancelled() => (Ending::Stopped, 0),
    };
    counts.ended(rounds, &ending, began.elapsed());
    log(&ending, rounds);
    (ending, text)
}

fn log(ending: &Ending, rounds: u32) {
    let Some(kind) = metrics::kind(ending) else {
        tracing::debug!(model.rounds = rounds, "the model has answered");
        return;
    };
    match ending {
        Ending::Failed(error) => {
            let error = error as &dyn std::error::Error;
            tracing::warn!(error, model.rounds = rounds, model.failure = kind, "the model failed");
        }
        _ => tracing::info!(model.rounds = rounds, model.failure = kind, "the model was ended"),
    }
}

/// Keeps the answer and ends the lease; returns also what was done on the way.
async fn close(
    context: &Context,
    opened: &Opened,
    ending: &Ending,
    text: &str,
    state: &State,
) -> Result<(Answer, Vec<Action>), Failure> {
    let Opened { call, lease, .. } = *opened;
    let mut tx = store::begin_for(&context.pool, call.user_id).await?;
    if let Some(once) = &opened.once {
        store::idempotency::lock(&mut tx, call.user_id, once.key()).await?;
    }
    let (locked, record) = lease::hold(&mut tx, call, lease).await?;
    let conversation_id = lease.conversation_id;
    let mut tools = Toolbox::open(&mut tx, context, call, conversation_id).await?;
    let mind = Mind::read(&locked.mind);
    let turn = Turn::new(&mut tx, &mut tools, call.user_id, mind);
    let (turned, engine) = match ending {
        Ending::Answered => (answered(turn, &record, text, state).await?, record.engine.clone()),
        ending if record.changes().is_empty() => {
            let turn = turn.after(words::instead(ending));
            (turn.take(opened.message.as_str(), opened.parsed.clone()).await?, GRAMMAR.to_owned())
        }
        ending => {
            let turn = turn.after(words::broke_off(ending, &record.changes()));
            (turn.touching(&state.touched).end(), record.engine.clone())
        }
    };
    let reply = if text.is_empty() || turned.reply.is_empty() {
        format!("{text}{}", turned.reply)
    } else {
        format!("{text}\n\n{}", turned.reply)
    };
    let Turned { actions: acts, mind, .. } = turned;
    let actions = record.actions.iter().chain(&acts).cloned().collect();
    let message_id = record.message_id;
    let answer = Answer { conversation_id, message_id, reply, actions, engine };
    lease::end(&mut tx, call, locked, &mind, record.place, &answer).await?;
    if let Some(once) = &opened.once {
        idempotency::remember(&mut tx, call.user_id, once.key(), &answer).await?;
    }
    // The feed's head is the last lock.
    tools.keep(&mut tx, record.place).await?;
    tx.commit().await?;
    tools.wake();
    Ok((answer, acts))
}

/// Does what was put off, or asks for it; and says what was done where the model said nothing.
async fn answered(
    turn: Turn<'_, '_>,
    record: &Record,
    text: &str,
    state: &State,
) -> Result<Turned, Failure> {
    let mut turn = turn.touching(&state.touched);
    if text.is_empty() {
        for told in &record.told {
            turn.say(told.text.as_str());
        }
    }
    if let Some(put_off) = &state.put_off {
        if put_off.needs_yes {
            turn.ask_for_yes(&put_off.act).await?;
        } else {
            turn.run(put_off.act.clone()).await?;
        }
    }
    Ok(turn.end())
}
