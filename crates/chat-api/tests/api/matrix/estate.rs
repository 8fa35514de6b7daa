//! A person with one of everything, and with every kind of credential.

use std::collections::BTreeMap;

use events::{ReminderId, ReminderSpec, TaskId, Topic};
use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};
use sqlx::AssertSqlSafe;
use uuid::Uuid;

use super::SCOPES;
use crate::{
    stack::{Answer, PASSWORD, Person, Stack},
    worker::{self, Reminding},
};

/// Somebody who only signs in.
pub(crate) const GUEST: &str = "guest";

/// What a request presents.
#[derive(Clone, Debug)]
pub(crate) enum Credential {
    None,
    Session(String),
    Token(String),
}

/// What an id in a body may be of.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    Task,
    List,
    OtherList,
    Conversation,
}

/// Somebody's things, and credentials that are good.
pub(crate) struct Estate {
    owner: Person,
    /// Texts that stand in what is theirs, and nowhere else.
    marks: Vec<String>,
    things: BTreeMap<&'static str, String>,
    pub(crate) session: Credential,
    pub(crate) with_only: BTreeMap<&'static str, Credential>,
}

/// Credentials of the same person that are good no more, or for nothing here.
pub(crate) struct Spoiled {
    pub(crate) expired_session: Credential,
    pub(crate) ended_session: Credential,
    pub(crate) expired_token: Credential,
    pub(crate) deleted_token: Credential,
    pub(crate) with_all_but: BTreeMap<&'static str, Credential>,
}

/// What is left of an account that was deleted.
pub(crate) struct Ghost {
    pub(crate) session: Credential,
    pub(crate) token: Credential,
}

impl Credential {
    pub(crate) fn present(&self, request: RequestBuilder) -> RequestBuilder {
        match self {
            Self::None => request,
            Self::Session(cookie) => request.header("Cookie", cookie),
            Self::Token(token) => request.bearer_auth(token),
        }
    }

    /// A new token of somebody's.
    pub(crate) async fn token(person: &Person, scopes: &[&str]) -> Self {
        Self::Token(made(person, "/tokens", token(scopes)).await["token"].text())
    }
}

/// The name of the owner with a number.
pub(crate) fn owner(number: usize) -> String {
    format!("owner-{number}")
}

/// The name of somebody else.
pub(crate) fn other() -> String {
    format!("other-{}", Uuid::new_v4())
}

/// Makes an account, however many were made before.
async fn register(stack: &Stack, name: &str) -> Person {
    stack.run("delete from attempt").await;
    stack.register(name).await
}

impl Estate {
    pub(crate) async fn prepare(stack: &Stack, name: &str, zone: &str) -> Self {
        let owner = register(stack, name).await;
        let settings = json!({"time_zone": zone, "quiet_hours": {"from": "01:23", "to": "04:56"}});
        assert_eq!(owner.put("/settings", settings).await.status, StatusCode::OK);
        let mark = Uuid::new_v4().simple().to_string();
        let things = things(stack, &owner, &mark).await;
        let mut with_only = BTreeMap::new();
        for scope in scopes_of(&owner).await {
            with_only.insert(scope, Credential::token(&owner, &[scope]).await);
        }
        let mut marks: Vec<String> = things.values().cloned().collect();
        marks.extend([mark, zone.to_owned(), owner.user_id.to_string(), owner.email.clone()]);
        let session = Credential::Session(owner.cookie.clone());
        Self { owner, marks, things, session, with_only }
    }

    /// A token of theirs with just these scopes.
    pub(crate) async fn token_with(&self, scopes: &[String]) -> Credential {
        let scopes: Vec<&str> = scopes.iter().map(String::as_str).collect();
        Credential::token(&self.owner, &scopes).await
    }

    /// A new token of theirs, and its id.
    pub(crate) async fn token_for(&self, scopes: &[&str]) -> (String, String) {
        let made = made(&self.owner, "/tokens", token(scopes)).await;
        (made["token"].text(), made["id"].text())
    }

    /// What an operation's path is to have in the place of a parameter.
    pub(crate) fn id(&self, operation: &str, parameter: &str) -> String {
        let name = match (operation, parameter) {
            ("restoreTask" | "purgeTask", "task_id") => "trashed",
            ("skipOccurrence", "task_id") => "recurring",
            (_, "task_id") => "task",
            (_, "list_id") => "list",
            (_, "channel_id") => "channel",
            (_, "token_id") => "token",
            (_, "session_id") => "session",
            (_, "reminder_id") => "reminder",
            (_, "conversation_id") => "conversation",
            (_, "feed_id") => "feed",
            (_, "feed") => "secret",
            (_, "dead_letter_id") => "dead letter",
            _ => panic!(
                "{operation} takes {parameter}: prepare one in `things`, and say here what it is called"
            ),
        };
        self.things[name].clone()
    }

    /// The correlation id of the request that made the task.
    pub(crate) fn request(&self) -> &str {
        &self.things["request"]
    }

    pub(crate) fn thing(&self, kind: Kind) -> &str {
        match kind {
            Kind::Task => &self.things["task"],
            Kind::List => &self.things["list"],
            Kind::OtherList => &self.things["other list"],
            Kind::Conversation => &self.things["conversation"],
        }
    }

    pub(crate) fn is_shown_in(&self, text: &str) -> bool {
        self.marks.iter().any(|mark| text.contains(mark))
    }

    /// All of the owner's rows, but for when a credential was last used, and what is to be told of them.
    pub(crate) async fn digest(&self, stack: &Stack) -> String {
        let tables: Vec<String> = sqlx::query_scalar(
            "select c.oid::regclass::text from pg_class c join pg_attribute a on a.attrelid = c.oid
             where c.relkind = 'r' and c.relnamespace = 'public'::regnamespace
                 and a.attname = 'user_id' order by 1",
        )
        .fetch_all(&stack.admin)
        .await
        .expect("the tables");
        assert!(tables.len() > 10, "{tables:?}");
        let rows = tables.iter().map(|table| {
            format!(
                "select '{table}' || (to_jsonb(t) - 'last_used_at')::text as row
                 from {table} t where user_id = $1::uuid"
            )
        });
        let told = "select envelope from messaging.outbox where position($1 in envelope) > 0";
        let all = rows.chain([told.to_owned()]).collect::<Vec<_>>().join(" union all ");
        let digest = format!("select md5(string_agg(row, e'\\n' order by row)) from ({all}) rows");
        sqlx::query_scalar(AssertSqlSafe(digest))
            .bind(self.owner.user_id.to_string())
            .fetch_one(&stack.admin)
            .await
            .expect("a digest")
    }
}

impl Spoiled {
    pub(crate) async fn prepare(stack: &Stack, estate: &Estate) -> Self {
        let owner = &estate.owner;
        let scopes = scopes_of(owner).await;
        let mut with_all_but = BTreeMap::new();
        for scope in &scopes {
            let others: Vec<&str> =
                scopes.iter().filter(|other| *other != scope).copied().collect();
            with_all_but.insert(*scope, Credential::token(owner, &others).await);
        }
        let deleted_token = made(owner, "/tokens", token(&scopes)).await;
        let gone = owner.delete(&format!("/tokens/{}", deleted_token["id"].text())).await;
        assert_eq!(gone.status, StatusCode::NO_CONTENT);
        let ended_session = owner.log_in(PASSWORD).await.session_cookie().expect("a session");
        owner.with_cookie(ended_session.clone()).post("/auth/logout", json!({})).await;
        let expired_token = made(owner, "/tokens", token(&scopes)).await;
        let expired_session = owner.log_in(PASSWORD).await.session_cookie().expect("a session");
        for (table, id) in [("api_token", "token_id"), ("session", "session_id")] {
            let newest = format!(
                "update {table} set expires_at = now() - interval '1 minute' where {id} = (select {id} \
                 from {table} where user_id = $1 order by created_at desc limit 1)"
            );
            let done = sqlx::query(AssertSqlSafe(newest)).bind(owner.user_id.uuid());
            let done = done.execute(&stack.admin).await.expect("an update");
            assert_eq!(done.rows_affected(), 1);
        }
        Self {
            expired_session: Credential::Session(expired_session),
            ended_session: Credential::Session(ended_session),
            expired_token: Credential::Token(expired_token["token"].text()),
            deleted_token: Credential::Token(deleted_token["token"].text()),
            with_all_but,
        }
    }
}

impl Ghost {
    /// Also lets the guest come.
    pub(crate) async fn raise(stack: &Stack) -> Self {
        register(stack, GUEST).await;
        let person = register(stack, "ghost").await;
        let token = Credential::token(&person, &["read", "write", "account"]).await;
        let session = Credential::Session(person.cookie.clone());
        let deleted = person.delete_with("/me", json!({"current_password": PASSWORD})).await;
        assert_eq!(deleted.status, StatusCode::NO_CONTENT);
        Self { session, token }
    }
}

/// The scopes that a token of somebody's may have.
async fn scopes_of(owner: &Person) -> Vec<&'static str> {
    let is_admin = owner.get("/me").await.body["is_admin"] == true;
    SCOPES.into_iter().filter(|scope| is_admin || *scope != "admin").collect()
}

/// One of everything; each text that can be chosen has the mark.
async fn things(stack: &Stack, owner: &Person, mark: &str) -> BTreeMap<&'static str, String> {
    let mut things = BTreeMap::new();
    let mut keep = |name, thing: &Value| things.insert(name, thing["id"].text());
    let list = made(owner, "/lists", json!({"name": mark})).await;
    keep("list", &list);
    keep("other list", &made(owner, "/lists", json!({"name": mark})).await);
    let task = json!({
        "title": mark, "description": mark, "tags": [mark], "list_id": list["id"],
        "due_date": "2199-01-01T12:00:00Z", "subtasks": [{"title": mark}],
    });
    let request = Uuid::new_v4().to_string();
    let making = owner.request(Method::POST, "/tasks").header("X-Correlation-Id", &request);
    let task = Answer::of(making.json(&task)).await.body;
    keep("task", &task);
    // Its current occurrence is the one that the document's example names.
    let recurrence = json!({
        "rrule": "FREQ=WEEKLY", "dtstart": "2026-11-29T18:00:00", "time_zone": "Europe/Berlin",
    });
    let recurring = made(owner, "/tasks", json!({"title": mark, "recurrence": recurrence})).await;
    keep("recurring", &recurring);
    let trashed = made(owner, "/tasks", json!({"title": mark})).await;
    keep("trashed", &trashed);
    owner.delete(&format!("/tasks/{}", trashed["id"].text())).await;
    let hook = json!({"kind": "webhook", "url": format!("http://{mark}.test/")});
    keep("channel", &made(owner, "/channels", hook).await);
    let named = json!({"name": mark, "scopes": ["read"]});
    keep("token", &made(owner, "/tokens", named).await);
    let feed = made(owner, "/calendar-feeds", json!({"name": mark})).await;
    keep("feed", &feed);
    let second = owner.log_in(PASSWORD).await;
    assert_eq!(second.status, StatusCode::OK);
    let sessions = owner.get("/sessions").await.body;
    let other = sessions["items"].as_array().expect("sessions").iter();
    keep("session", other.clone().find(|one| one["current"] == false).expect("the second"));
    let said = owner.post("/chat", json!({"message": mark})).await;
    assert_eq!(said.status, StatusCode::OK, "{said:?}");
    things.insert("conversation", said.body["conversation_id"].text());
    let url = feed["url"].text();
    things.insert("secret", url.rsplit('/').next().expect("the end of a URL").to_owned());
    things.insert("request", request);
    things.insert("reminder", remind(stack, owner, &task).await);
    things.insert("dead letter", refuse(stack, mark).await);
    fail(stack, owner, &task).await;
    things
}

/// What the reminder service says of a task's reminder.
async fn remind(stack: &Stack, owner: &Person, task: &Value) -> String {
    let task_id: TaskId = task["id"].text().parse().expect("a UUID");
    let reminder_id = ReminderId::derive(task_id, &ReminderSpec::AT_DUE, None);
    let reminding = Reminding { reminder_id, ..Reminding::of(task, owner.user_id) };
    stack.replica.deliver(Topic::Reminders, &reminding.scheduled()).await;
    reminder_id.to_string()
}

/// A notification that failed.
async fn fail(stack: &Stack, owner: &Person, task: &Value) {
    let task_id = task["id"].text().parse().expect("a UUID");
    let failed = worker::event(worker::failed(owner.user_id, Some(task_id)));
    assert_eq!(stack.replica.deliver(Topic::Notifications, &failed).await, "SUCCESS");
}

/// A record that nobody could take. It is no person's, but whoever is no administrator must not see it.
async fn refuse(stack: &Stack, mark: &str) -> String {
    let record = format!("garbage {mark}").into_bytes();
    stack.replica.deliver_bytes(Topic::Reminders, record.clone()).await;
    let letter = sqlx::query_scalar("select id from messaging.dead_letter where record = $1");
    let id: Uuid = letter.bind(record).fetch_one(&stack.admin).await.expect("a letter");
    id.to_string()
}

async fn made(owner: &Person, path: &str, body: Value) -> Value {
    let answer = owner.post(path, body).await;
    assert_eq!(answer.status, StatusCode::CREATED, "{answer:?}");
    answer.body
}

fn token(scopes: &[&str]) -> Value {
    json!({"name": "program", "scopes": scopes})
}

trait Text {
    fn text(&self) -> String;
}

impl Text for Value {
    fn text(&self) -> String {
        self.as_str().expect("a text").to_owned()
    }
}
