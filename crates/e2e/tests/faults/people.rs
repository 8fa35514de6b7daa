//! People who make, move, rename, complete and delete tasks, and insist until they are told that it is done.

use std::{
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use chrono::{DateTime, Utc};
use e2e::{Answer, Person, checker::Act, in_seconds};
use rand::{RngExt, SeedableRng, rngs::StdRng};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use testing::eventually;
use tokio::time::sleep;
use uuid::Uuid;

/// How far ahead a task is due, in seconds.
const DUE_AHEAD_SECS: std::ops::RangeInclusive<i64> = 3..=25;
/// How long somebody thinks between two acts, in milliseconds.
const PAUSE_MS: std::ops::RangeInclusive<u64> = 60..=240;

/// A task that is not done.
struct Open {
    id: String,
    due: DateTime<Utc>,
}

/// Works until told to stop, and writes down what was acknowledged.
pub(crate) async fn work(person: Person, seed: u64, stop: &AtomicBool, acts: &Mutex<Vec<Act>>) {
    let mut rng = StdRng::seed_from_u64(seed);
    let mut open: Vec<Open> = vec![];
    while !stop.load(Ordering::Relaxed) {
        let due = rng.random_range(DUE_AHEAD_SECS);
        let choice = rng.random_range(0..10);
        let act = if open.is_empty() || choice < 5 {
            create(&person, due, &mut open).await
        } else {
            let index = rng.random_range(0..open.len());
            match choice {
                5 | 6 => change(&person, &mut open[index], &[("due_date", due)]).await,
                7 => change(&person, &mut open[index], &[]).await,
                8 => complete(&person, &open.swap_remove(index)).await,
                _ => delete(&person, &open.swap_remove(index)).await,
            }
        };
        acts.lock().expect("no panic").push(act);
        sleep(Duration::from_millis(rng.random_range(PAUSE_MS))).await;
    }
}

async fn create(person: &Person, due: i64, open: &mut Vec<Open>) -> Act {
    let key = Uuid::new_v4().to_string();
    let body = json!({"title": "Made under fire", "due_date": in_seconds(due)});
    let answer = insist(person, Method::POST, "/tasks", Some(body), Some(&key)).await;
    open.push(Open { id: text(&answer.body["id"]), due: instant(&answer.body["due_date"]) });
    act_of(&answer)
}

/// Moves a task, or only renames it.
async fn change(person: &Person, task: &mut Open, due: &[(&str, i64)]) -> Act {
    let mut body = json!({"title": format!("Changed {}", Uuid::new_v4().simple())});
    for (field, seconds) in due {
        body[*field] = json!(in_seconds(*seconds));
    }
    let answer = insist(person, Method::PATCH, &path(&task.id), Some(body), None).await;
    task.due = instant(&answer.body["due_date"]);
    act_of(&answer)
}

async fn complete(person: &Person, task: &Open) -> Act {
    let path = format!("{}/complete", path(&task.id));
    act_of(&insist(person, Method::POST, &path, Some(json!({})), None).await)
}

async fn delete(person: &Person, task: &Open) -> Act {
    insist(person, Method::DELETE, &path(&task.id), None, None).await;
    #[expect(clippy::disallowed_methods, reason = "a person's clock")]
    let at = Utc::now();
    Act { task: task.id.clone(), version: None, at, open_until: None }
}

/// Asks until it is done. What was done although its answer was lost is not there to be deleted again.
async fn insist(
    person: &Person,
    method: Method,
    path: &str,
    body: Option<Value>,
    key: Option<&str>,
) -> Answer {
    let was_unanswered = AtomicBool::new(false);
    eventually(&format!("{method} {path} to be acknowledged"), || {
        let asking = person.ask_once(method.clone(), path, body.clone(), key);
        let (was_unanswered, method) = (&was_unanswered, &method);
        async move {
            let answer = asking.await;
            let Some(answer) = answer.filter(|answer| !answer.status.is_server_error()) else {
                was_unanswered.store(true, Ordering::Relaxed);
                return None;
            };
            let is_gone = was_unanswered.load(Ordering::Relaxed)
                && *method == Method::DELETE
                && answer.status == StatusCode::NOT_FOUND;
            assert!(answer.status.is_success() || is_gone, "{method} {path}: {answer:?}");
            Some(answer)
        }
    })
    .await
}

fn act_of(answer: &Answer) -> Act {
    let body = &answer.body;
    let is_open = body["status"] != "DONE";
    Act {
        task: text(&body["id"]),
        version: body["version"].as_i64(),
        at: instant(&body["updated_at"]),
        open_until: is_open.then(|| instant(&body["due_date"])),
    }
}

fn path(id: &str) -> String {
    format!("/tasks/{id}")
}

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

fn instant(value: &Value) -> DateTime<Utc> {
    text(value).parse().expect("an instant")
}
