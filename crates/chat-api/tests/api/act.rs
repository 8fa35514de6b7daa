//! Links in notifications: a page that asks, and a button that acts, once.

use chrono::{DateTime, TimeDelta, Utc};
use events::{
    ACTION_LINK_CONTEXT, ActionLink, LinkAction, Nominal, ReminderId, ReminderSpec, TaskId, Topic,
    UserId,
};
use platform::{sealed_token, sealing::KeyRing};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::stack::{Person, SEALING_KEYS, Stack};

async fn now(stack: &Stack) -> DateTime<Utc> {
    sqlx::query_scalar("select now()").fetch_one(&stack.admin).await.expect("a time")
}

/// What the worker would put into a notification of a task's reminder.
fn link(
    task: &Value,
    user_id: UserId,
    action: LinkAction,
    expires_at: DateTime<Utc>,
) -> ActionLink {
    let task_id: TaskId = task["id"].as_str().expect("an id").parse().expect("a UUID");
    let occurrence: Option<Nominal> =
        task["occurrence"].as_str().map(|text| text.parse().expect("an occurrence"));
    ActionLink {
        action,
        user_id,
        task_id,
        reminder_id: ReminderId::derive(task_id, &ReminderSpec::AT_DUE, occurrence),
        occurrence,
        notification_key: Uuid::new_v4(),
        expires_at,
    }
}

fn path(link: &ActionLink) -> String {
    let keys: KeyRing = SEALING_KEYS.parse().expect("keys");
    let text = serde_json::to_string(link).expect("JSON");
    format!("/act/{}", sealed_token::seal(&keys, ACTION_LINK_CONTEXT, &text))
}

/// Uses a link of a new task's.
pub(crate) async fn use_one(stack: &Stack, person: &Person) {
    let task = person.make_task(json!({"title": "x", "due_date": "2099-01-02"})).await;
    let expires_at = now(stack).await + TimeDelta::hours(1);
    let link = link(&task, person.user_id, LinkAction::Done, expires_at);
    assert_eq!(press(stack, &path(&link), "").await.status, StatusCode::OK);
}

/// Somebody's browser, or mail scanner, which is not signed in.
struct Page {
    status: StatusCode,
    policy: String,
    text: String,
}

async fn ask(stack: &Stack, method: Method, path: &str, form: &'static str) -> Page {
    let request = stack.replica.request(method, path);
    let request = request
        .header("content-type", "application/x-www-form-urlencoded")
        // What browsers send for a form on a page that tells nobody where it came from.
        .header("origin", "null")
        .body(form);
    let response = request.send().await.expect("an answer");
    let policy = response.headers()["content-security-policy"].to_str().expect("a text").to_owned();
    let status = response.status();
    Page { status, policy, text: response.text().await.expect("a page") }
}

async fn look(stack: &Stack, path: &str) -> Page {
    ask(stack, Method::GET, path, "").await
}

async fn press(stack: &Stack, path: &str, form: &'static str) -> Page {
    ask(stack, Method::POST, path, form).await
}

async fn current(person: &Person, task: &Value) -> Value {
    person.get(&format!("/tasks/{}", task["id"].as_str().expect("an id"))).await.body
}

#[tokio::test]
async fn looking_at_a_link_changes_nothing_and_pressing_the_button_does_it_once() {
    let stack = Stack::start().await;
    let ada = stack.register("ada").await;
    let task =
        ada.make_task(json!({"title": "<b>Call</b> \"Bob\"", "due_date": "2099-01-02"})).await;
    let expires_at = now(&stack).await + TimeDelta::hours(1);
    let link = link(&task, ada.user_id, LinkAction::Done, expires_at);
    let first = path(&link);
    for _ in 0..3 {
        let page = look(&stack, &first).await;
        assert_eq!(page.status, StatusCode::OK, "{}", page.text);
        assert!(page.text.contains("&lt;b&gt;Call&lt;/b&gt; &quot;Bob&quot;"), "{}", page.text);
        assert!(!page.text.contains("<b>"), "{}", page.text);
        assert!(page.policy.contains("form-action 'self'"), "{}", page.policy);
        assert!(!page.policy.contains("unsafe"), "{}", page.policy);
    }
    assert_eq!(current(&ada, &task).await, task);

    let done = press(&stack, &first, "").await;
    assert_eq!(done.status, StatusCode::OK, "{}", done.text);
    assert_eq!(current(&ada, &task).await["status"], "DONE");
    // Another attempt's link of the same notification is used up too.
    for path in [first, path(&link)] {
        assert_eq!(look(&stack, &path).await.status, StatusCode::CONFLICT);
        let reopened = format!("/tasks/{}/reopen", task["id"].as_str().expect("an id"));
        ada.post(&reopened, json!({})).await;
        assert_eq!(press(&stack, &path, "").await.status, StatusCode::CONFLICT);
        assert_eq!(current(&ada, &task).await["status"], "TODO");
    }
    stack.stop().await;
}

#[tokio::test]
async fn a_link_of_a_recurring_task_does_the_occurrence_that_it_tells_of() {
    let stack = Stack::start().await;
    let ada = stack.register("ada").await;
    let recurrence = json!({"rrule": "FREQ=DAILY", "dtstart": "2099-03-27T09:00:00", "time_zone": "Europe/Berlin"});
    let task = ada.make_task(json!({"title": "x", "recurrence": recurrence})).await;
    let expires_at = now(&stack).await + TimeDelta::hours(1);
    let link = link(&task, ada.user_id, LinkAction::Done, expires_at);
    let done = press(&stack, &path(&link), "").await;
    assert!(done.text.contains("28 March 2099, 09:00"), "{}", done.text);
    assert_eq!(current(&ada, &task).await["occurrence"], "2099-03-28T09:00:00");
    // Another channel's notification of the same occurrence.
    let other = ActionLink { notification_key: Uuid::new_v4(), ..link };
    assert_eq!(press(&stack, &path(&other), "").await.status, StatusCode::OK);
    assert_eq!(current(&ada, &task).await["occurrence"], "2099-03-28T09:00:00");
    stack.stop().await;
}

#[tokio::test]
async fn a_snooze_is_for_as_long_as_the_button_says() {
    let stack = Stack::start().await;
    let ada = stack.register("ada").await;
    let expires_at = now(&stack).await + TimeDelta::hours(1);
    for (form, expected) in [("", 10), ("for=10m", 10), ("for=1h", 60)] {
        let task = ada.make_task(json!({"title": "x", "due_date": "2099-01-02T12:00:00Z"})).await;
        let link = link(&task, ada.user_id, LinkAction::Snooze, expires_at);
        let before = now(&stack).await;
        let page = press(&stack, &path(&link), form).await;
        assert_eq!(page.status, StatusCode::OK, "{}", page.text);
        let until = current(&ada, &task).await["snoozes"][0]["until"].clone();
        let until: DateTime<Utc> = until.as_str().expect("a time").parse().expect("an instant");
        let expected = before + TimeDelta::minutes(expected);
        assert!(until >= expected && until < expected + TimeDelta::minutes(1), "{form}: {until}");
    }
    let task = ada.make_task(json!({"title": "x", "due_date": "2099-01-02T12:00:00Z"})).await;
    let link = link(&task, ada.user_id, LinkAction::Snooze, expires_at);
    let refused = press(&stack, &path(&link), "for=ever").await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(press(&stack, &path(&link), "for=1h").await.status, StatusCode::OK, "not used up");
    stack.stop().await;
}

#[tokio::test]
async fn a_link_that_is_forged_or_has_run_out_or_leads_to_nothing_is_no_good() {
    let stack = Stack::start().await;
    let (ada, eve) = (stack.register("ada").await, stack.register("eve").await);
    let now = now(&stack).await;
    let task = ada.make_task(json!({"title": "secret", "due_date": "2099-01-02"})).await;
    let good = link(&task, ada.user_id, LinkAction::Done, now + TimeDelta::hours(1));
    let run_out = ActionLink { expires_at: now - TimeDelta::seconds(1), ..good.clone() };
    let of_another = ActionLink { user_id: eve.user_id, ..good.clone() };
    let of_nothing = ActionLink { task_id: TaskId::random(), ..good.clone() };
    let keys: KeyRing = SEALING_KEYS.parse().expect("keys");
    let text = serde_json::to_string(&good).expect("JSON");
    let sealed_otherwise = format!("/act/{}", sealed_token::seal(&keys, "something else", &text));
    let mut forged = path(&good);
    forged.replace_range(forged.len() - 5..forged.len() - 4, "~");
    let bad = [
        path(&run_out),
        path(&of_another),
        path(&of_nothing),
        sealed_otherwise,
        forged,
        "/act/x".to_owned(),
    ];
    for path in bad {
        for method in [Method::GET, Method::POST] {
            let page = ask(&stack, method, &path, "").await;
            assert_eq!(page.status, StatusCode::NOT_FOUND, "{path}");
            assert!(!page.text.contains("secret"), "{path}");
        }
    }
    assert_eq!(current(&ada, &task).await, task);
    let told = stack.published(Topic::TaskEvents).await.len();
    assert_eq!(told, 1);
    stack.stop().await;
}

#[tokio::test]
async fn pressed_twice_at_once_a_link_acts_once() {
    let stack = Stack::start().await;
    let ada = stack.register("ada").await;
    let expires_at = now(&stack).await + TimeDelta::hours(1);
    let task = ada.make_task(json!({"title": "x", "due_date": "2099-01-02T12:00:00Z"})).await;
    let link = path(&link(&task, ada.user_id, LinkAction::Snooze, expires_at));
    let presses = (0..8).map(|_| press(&stack, &link, "for=1h"));
    let pages = futures_util::future::join_all(presses).await;
    let acted = pages.iter().filter(|page| page.status == StatusCode::OK).count();
    assert_eq!(acted, 1);
    assert_eq!(stack.published(Topic::TaskEvents).await.len(), 2, "made, and put off once");
    stack.stop().await;
}
