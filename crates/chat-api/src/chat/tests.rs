//! Conversations on a real database, by commands as the grammar gives them.

mod asking;
mod doing;
mod keeping;
mod undoing;

use std::ffi::OsString;

use events::{CorrelationId, Due, Priority, RecurrenceRule, Status, TaskId, UserId};
use intent::{Command, NewTask, Parsed, Query, Target};
use serde_json::Value;
use sqlx::PgPool;
use testing::TestDatabase;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{Answer, Message};
use crate::{
    context::{Call, Context},
    domain::{position::Position, task::Task},
    error::Failure,
    store,
};

/// Somebody who talks, in Berlin.
#[derive(Clone)]
pub(super) struct Talk {
    database: std::sync::Arc<TestDatabase>,
    pub(super) admin: PgPool,
    pub(super) context: Context,
    pub(super) user_id: UserId,
    pub(super) conversation_id: Option<Uuid>,
}

/// A service with a database of its own, and nobody in it.
async fn service() -> (TestDatabase, Context) {
    let database = TestDatabase::create_owned().await;
    let url = database.owner_url();
    let args =
        ["chat-api", "serve", "--database-url", &url, "--event-bus", "hold", "--sealing-keys"];
    let key = "k1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    let args = args.into_iter().chain([key]).map(OsString::from);
    let crate::Command::Serve(settings) = crate::Command::from_args(args) else {
        panic!("settings to serve by")
    };
    let pool = PgPool::connect(&url).await.expect("a connection");
    crate::migrate(&pool).await.expect("the schema");
    let context = crate::app::context(&settings, &pool, CancellationToken::new());
    (database, context)
}

impl Talk {
    pub(super) async fn begin() -> Self {
        let (database, context) = service().await;
        let admin = database.pool(2);
        let user_id = register(&context).await;
        let database = std::sync::Arc::new(database);
        Self { database, admin, context, user_id, conversation_id: None }
    }

    /// Somebody else at the same service.
    pub(super) async fn other(&self) -> UserId {
        register(&self.context).await
    }

    pub(super) async fn end(self) {
        self.context.pool.close().await;
        self.admin.close().await;
        let database = std::sync::Arc::into_inner(self.database).expect("nobody else has it");
        database.drop().await;
    }

    pub(super) async fn try_say(
        &self,
        text: &str,
        commands: &[Command],
    ) -> Result<Answer, Failure> {
        let call = Call { user_id: self.user_id, correlation_id: CorrelationId::random() };
        let message = Message::parse(text.to_owned()).expect("a message");
        let parsed = Parsed { commands: commands.to_vec(), spans: vec![], doubt: None };
        let conversation_id = self.conversation_id;
        let understand = |_: &intent::Context| parsed.clone();
        super::answer(&self.context, call, &message, conversation_id, None, understand).await
    }

    /// Says something that the grammar understands so, and returns what is answered.
    pub(super) async fn say(&mut self, text: &str, command: Command) -> Answer {
        let answer = self.try_say(text, &[command]).await.expect("an answer");
        self.conversation_id = Some(answer.conversation_id);
        answer
    }

    /// The reply to a command whose words do not matter.
    pub(super) async fn reply(&mut self, command: Command) -> String {
        self.say("…", command).await.reply
    }

    /// Adds tasks by their titles.
    pub(super) async fn add(&mut self, titles: &[&str]) {
        for title in titles {
            self.reply(Command::Add(new(title))).await;
        }
    }

    /// All tasks that are not in the trash, by title.
    pub(super) async fn tasks(&self) -> Vec<Task> {
        let ids: Vec<Uuid> = sqlx::query_scalar("select task_id from task where user_id = $1")
            .bind(self.user_id.uuid())
            .fetch_all(&self.admin)
            .await
            .expect("ids");
        let mut tx = store::begin_for(&self.context.pool, self.user_id).await.expect("begun");
        let mut tasks = store::tasks::some(&mut tx, self.user_id, &ids).await.expect("tasks");
        tx.commit().await.expect("committed");
        tasks.sort_by(|one, other| one.state.title.cmp(&other.state.title));
        tasks
    }

    pub(super) async fn task(&self, title: &str) -> Task {
        let tasks = self.tasks().await.into_iter().find(|task| task.state.title == title);
        tasks.unwrap_or_else(|| panic!("no task {title:?}"))
    }

    /// The titles of some tasks, in their order.
    pub(super) async fn titles(&self, ids: &[TaskId]) -> Vec<String> {
        let tasks = self.tasks().await;
        let task = |id: &TaskId| tasks.iter().find(|task| task.state.task_id == *id);
        ids.iter().filter_map(task).map(|task| task.state.title.clone()).collect()
    }

    /// The titles of what is not done.
    pub(super) async fn open(&self) -> Vec<String> {
        let tasks = self.tasks().await.into_iter();
        let open = tasks.filter(|task| task.state.status != Status::Done);
        open.map(|task| task.state.title).collect()
    }

    pub(super) async fn count(&self, sql: &'static str) -> i64 {
        sqlx::query_scalar(sql).fetch_one(&self.admin).await.expect("a count")
    }

    /// The types and payloads of what is to be told, in order.
    pub(super) async fn events(&self) -> Vec<(String, Value)> {
        let rows: Vec<String> = sqlx::query_scalar(
            "select envelope from messaging.outbox where topic = 'task-events' order by seq",
        )
        .fetch_all(&self.admin)
        .await
        .expect("the outbox");
        let read = |row: String| {
            let event: Value = serde_json::from_str(&row).expect("JSON");
            (event["event_type"].as_str().expect("a type").to_owned(), event["payload"].clone())
        };
        rows.into_iter().map(read).collect()
    }
}

async fn register(context: &Context) -> UserId {
    let user_id = UserId::random();
    let mut tx = store::begin_for(&context.pool, user_id).await.expect("begun");
    let now = messaging::now(&mut tx).await.expect("now");
    let settings = crate::domain::settings::Settings {
        time_zone: "Europe/Berlin".parse().expect("a zone"),
        ..crate::domain::settings::Settings::in_utc()
    };
    let person = store::persons::Person {
        user_id,
        email: format!("{user_id}@example.test"),
        settings,
        settings_version: 1.into(),
    };
    assert!(store::persons::insert(&mut tx, &person, "x", now).await.expect("a person"));
    let position = Position::between(None, None).into_inner();
    let list_id = events::ListId::random();
    store::lists::insert(&mut tx, user_id, list_id, "Inbox", true, &position)
        .await
        .expect("an inbox");
    tx.commit().await.expect("committed");
    user_id
}

pub(super) fn new(title: &str) -> NewTask {
    NewTask { title: title.to_owned(), ..NewTask::default() }
}

pub(super) fn words(words: &str) -> Target {
    Target::Words(words.to_owned())
}

pub(super) fn day(text: &str) -> Due {
    text.parse().expect("a due date")
}

/// A rule by the clocks of Berlin.
pub(super) fn rule(rrule: &str, dtstart: &str) -> RecurrenceRule {
    let (start, zone) =
        (dtstart.parse().expect("a time"), "Europe/Berlin".parse().expect("a zone"));
    RecurrenceRule::new(rrule, start, zone, vec![], events::Basis::DueDate).expect("a rule")
}

/// Far enough away to be said by its date, whenever this runs.
pub(super) const FAR: &str = "2099-06-01";

pub(super) fn everything() -> Query {
    Query::default()
}

pub(super) fn high() -> Query {
    Query { priority: Some(Priority::High), ..Query::default() }
}

pub(super) fn ids(answer: &Answer) -> Vec<TaskId> {
    let tasks = answer
        .actions
        .iter()
        .flat_map(|action| action.result["tasks"].as_array().cloned().unwrap_or_default());
    tasks.map(|task| serde_json::from_value(task["id"].clone()).expect("an id")).collect()
}
