//! Conversations with a stand-in for a language model, on a real database.

mod answering;
mod asking;
mod breaking;
mod failing;

use events::{CorrelationId, TaskId};
use model::{Model, ModelSettings};
use serde_json::{Value, json};
use testing::fake_model::{FakeModel, ModelAnswer, Reply};
use tokio::runtime::Handle;

use super::{Answering, Heard, Talker};
use crate::{
    chat::{Answer, Message, Said, say, tests::Talk},
    commands::idempotency::Once,
    context::Call,
    error::Failure,
};

/// What the grammar does not fully understand, wherever it gets better.
pub(super) const VAGUE: &str = "hmm, could you perhaps somehow get the milk thing sorted out for me, \
     because we ran out of it again?";
/// Another one.
pub(super) const VAGUE_TOO: &str = "hmm, what was it again that we said about all of this the other day, \
     and what does it mean?";
/// More than the tests spend.
pub(super) const PLENTY: u64 = 1_000_000;

/// Somebody who talks, and the model behind it.
pub(super) struct Chat {
    pub(super) talk: Talk,
    pub(super) model: FakeModel,
}

impl Chat {
    /// With these replies of the model, one after another.
    pub(super) async fn begin(replies: impl IntoIterator<Item = Reply>) -> Self {
        Self::with(FakeModel::start(replies).await).await
    }

    pub(super) async fn with(model: FakeModel) -> Self {
        let mut talk = Talk::begin().await;
        talk.context.talker = Some(talker(&model.base_url(), PLENTY));
        Self { talk, model }
    }

    /// As another process that has the same database.
    pub(super) fn spending_at_most(&mut self, daily_tokens: u64) {
        self.talk.context.talker = Some(talker(&self.model.base_url(), daily_tokens));
    }

    pub(super) async fn end(self) {
        self.talk.end().await;
    }

    pub(super) async fn try_say(&self, text: &str, once: Option<&Once>) -> Result<Said, Failure> {
        let talk = &self.talk;
        let call = Call { user_id: talk.user_id, correlation_id: CorrelationId::random() };
        let message = Message::parse(text.to_owned()).expect("a message");
        say(&talk.context, call, &message, talk.conversation_id, once).await
    }

    /// Says something in the conversation, and returns the whole answer.
    pub(super) async fn say(&mut self, text: &str) -> Answer {
        let said = self.try_say(text, None).await.expect("taken");
        let answer = said.whole().await.expect("an answer");
        self.talk.conversation_id = Some(answer.conversation_id);
        answer
    }

    /// Says something that the model is to answer.
    pub(super) async fn begin_to_say(&self, text: &str, once: Option<&Once>) -> Answering {
        match self.try_say(text, once).await.expect("taken") {
            Said::Answering(answering) => answering,
            Said::Answered(answer) => panic!("answered without the model: {answer:?}"),
        }
    }

    /// All that is in the conversations, in order: author, text, engine.
    pub(super) async fn messages(&self) -> Vec<(String, String, Option<String>)> {
        sqlx::query_as(
            "select author, body, engine from conversation_message
             order by conversation_id, place",
        )
        .fetch_all(&self.talk.admin)
        .await
        .expect("messages")
    }

    pub(super) async fn run(&self, sql: &'static str) {
        sqlx::query(sql).execute(&self.talk.admin).await.expect("done");
    }

    pub(super) async fn id(&self, title: &str) -> TaskId {
        self.talk.task(title).await.state.task_id
    }

    pub(super) async fn ids(&self) -> Vec<TaskId> {
        self.talk.tasks().await.iter().map(|task| task.state.task_id).collect()
    }

    /// Makes the lease on the conversation run out.
    pub(super) async fn let_the_lease_run_out(&self) {
        self.run("update conversation set turn_until = messaging.clock() - interval '1 second'")
            .await;
    }
}

pub(super) fn talker(base_url: &str, daily_tokens: u64) -> Talker {
    let mut settings = ModelSettings::at(base_url.parse().expect("a URL"), "stand-in");
    settings.first_byte_timeout_ms = 400;
    settings.idle_timeout_ms = 400;
    let model = Model::new(&settings).expect("a client");
    Talker::new(model, daily_tokens, Handle::current())
}

/// Words of the model.
pub(super) fn words(text: &str) -> Reply {
    ModelAnswer::saying(&[text]).reply()
}

/// A call of the model.
pub(super) fn call(tool: &str, arguments: Value) -> Reply {
    ModelAnswer::calling(tool, arguments).reply()
}

pub(super) fn add(title: &str) -> Reply {
    call("add_task", json!({"title": title}))
}

pub(super) fn tools_of(answer: &Answer) -> Vec<&str> {
    answer.actions.iter().map(|action| action.tool.as_str()).collect()
}

/// What is heard until the answer is whole.
pub(super) async fn heard(mut answering: Answering) -> (Vec<Heard>, Answer) {
    let mut all = vec![];
    while let Some(heard) = answering.next().await {
        all.push(heard);
    }
    (all, answering.whole().await.expect("an answer"))
}
