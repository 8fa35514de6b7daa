//! Calendar feeds, read as a program of other people reads them.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    process::Stdio,
};

use chrono::{DateTime, NaiveDate, Utc};
use events::{Due, Nominal, RecurrenceRule, ReminderId, ReminderSpec, TaskId};
use reqwest::{Method, Response, StatusCode, header::HeaderMap};
use serde_json::{Value, json};
use testing::{report, skipped};
use tokio::process::Command;

use crate::{
    logs::{capture, captured},
    stack::{Answer, Person, Stack},
};

/// Where the jars are; `tools/test.sh` sets it.
const LIBS: &str = "ICAL4J_LIBS";
const NO_ICAL4J: &str = "needs ical4j: a JDK of Java 17 and Maven, and `make test`";
/// Between these days what recurs is expanded.
const FROM: &str = "2026-01-01";
const UNTIL: &str = "2032-01-01";

/// A feed of somebody's.
struct Feed {
    id: String,
    /// From the root on, with the secret.
    path: String,
}

/// An event as the other program understands it.
#[derive(Debug)]
struct Event(Value);

/// What the other program finds in a calendar.
struct Read {
    name: String,
    components: Vec<String>,
    events: Vec<Event>,
}

impl Feed {
    async fn make(person: &Person, name: &str) -> Self {
        let made = person.post("/calendar-feeds", json!({"name": name})).await;
        assert_eq!(made.status, StatusCode::CREATED, "{made:?}");
        let url = made.body["url"].as_str().expect("a URL");
        let path = url.strip_prefix("http://127.0.0.1:8080").expect("PUBLIC_URL");
        Self { id: made.body["id"].as_str().expect("an id").to_owned(), path: path.to_owned() }
    }

    fn secret(&self) -> &str {
        self.path.trim_start_matches("/calendar/").trim_end_matches(".ics")
    }

    async fn get(&self, stack: &Stack) -> Response {
        stack.replica.request(Method::GET, &self.path).send().await.expect("an answer")
    }

    async fn text(&self, stack: &Stack) -> String {
        let response = self.get(stack).await;
        assert_eq!(response.status(), StatusCode::OK);
        response.text().await.expect("to its end")
    }
}

impl Event {
    fn text(&self, name: &str) -> &str {
        self.0[name].as_str().unwrap_or_default()
    }

    fn texts(&self, name: &str) -> Vec<&str> {
        self.0[name].as_array().expect("a list").iter().filter_map(Value::as_str).collect()
    }
}

impl Read {
    /// Has a calendar read; none where this machine can't.
    async fn read(calendar: &str) -> Option<Self> {
        let libs = std::env::var_os(LIBS).map(PathBuf::from).filter(|path| path.is_dir())?;
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), calendar).expect("written");
        let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tools/ical4j/Read.java");
        let ran = Command::new("java")
            .arg("-cp")
            .arg(libs.join("*"))
            .arg(program)
            .arg(file.path())
            .args([FROM, UNTIL])
            .stdin(Stdio::null())
            .output()
            .await
            .expect("java");
        let said = String::from_utf8(ran.stdout).expect("UTF-8");
        let wrong = String::from_utf8_lossy(&ran.stderr).into_owned();
        assert!(ran.status.success(), "{wrong}\n{calendar}");
        let mut lines = said.lines().map(|line| serde_json::from_str(line).expect("JSON"));
        let head: Value = lines.next().expect("a calendar");
        let components = head["components"].as_array().expect("components").iter();
        Some(Self {
            name: head["name"].as_str().unwrap_or_default().to_owned(),
            components: components.filter_map(|name| Some(name.as_str()?.to_owned())).collect(),
            events: lines.map(Event).collect(),
        })
    }

    fn of(&self, task: &Value) -> Vec<&Event> {
        self.events.iter().filter(|event| event.0["UID"] == task["id"]).collect()
    }

    fn only(&self, task: &Value) -> &Event {
        let [event] = self.of(task)[..] else { panic!("{:?}", self.of(task)) };
        event
    }

    /// When a task is.
    fn instances(&self, task: &Value) -> BTreeSet<String> {
        self.only(task).texts("instances").into_iter().map(str::to_owned).collect()
    }
}

/// When a task is by our own rule, from its current occurrence on.
fn own_instances(task: &Value) -> BTreeSet<String> {
    let rule: RecurrenceRule = serde_json::from_value(task["recurrence"].clone()).expect("a rule");
    let current: Nominal = serde_json::from_value(task["occurrence"].clone()).expect("one");
    let day = |text: &str| text.parse::<NaiveDate>().expect("a day");
    let (from, until) = (day(FROM), day(UNTIL));
    rule.occurrences(Some(current))
        .take_while(|occurrence| occurrence.date() < until)
        .filter(|occurrence| occurrence.date() >= from)
        .map(|occurrence| match rule.due(occurrence) {
            Due::At(at) => said(at),
            Due::On(day) => day.to_string(),
        })
        .collect()
}

fn said(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true)
}

fn header<'h>(headers: &'h HeaderMap, name: &str) -> &'h str {
    headers.get(name).map_or("", |value| value.to_str().expect("text"))
}

async fn recurring(person: &Person, rrule: &str, dtstart: &str, zone: &str, more: Value) -> Value {
    let mut rule = json!({"rrule": rrule, "dtstart": dtstart, "time_zone": zone});
    rule.as_object_mut().expect("fields").extend(more.as_object().expect("fields").clone());
    person.make_task(json!({"title": rrule, "recurrence": rule})).await
}

#[tokio::test]
async fn a_feed_shows_dated_tasks_that_are_not_done_as_others_read_a_calendar() {
    let stack = Stack::start().await;
    let (ada, bob) = (stack.register("ada").await, stack.register("bob").await);
    let feed = Feed::make(&ada, "Ada; at home, mostly").await;
    let empty = Read::read(&feed.text(&stack).await).await;
    let Some(empty) = empty else { return skipped(NO_ICAL4J) };
    assert_eq!((empty.components, empty.events.len()), (vec!["VTIMEZONE".to_owned()], 0));

    let title =
        "Cut; the \\ hedge, neatly, and rather more of it than goes into one line — äöü €\"";
    let description = "One\nTwo, three; four \\n".repeat(20);
    let cut = json!({
        "title": title, "description": description, "tags": ["a,b", "c"], "priority": "HIGH",
        "due_date": "2030-11-24T17:00:00Z",
        "reminders": [{"offset": "-PT30M"}, {"offset": "P1D"}, {"at": "2030-11-20T10:00:00.5Z"}],
    });
    let cut = ada.make_task(cut).await;
    ada.put(
        "/settings",
        json!({"time_zone": "Europe/Berlin", "quiet_hours": null, "day_time": "08:30"}),
    )
    .await;
    let bins =
        json!({"title": "Bins", "due_date": "2030-11-25", "reminders": [{"offset": "-PT1H"}]});
    let bins = ada.make_task(bins).await;
    let done = ada.make_task(json!({"title": "done", "due_date": "2030-11-25"})).await;
    ada.post(&format!("/tasks/{}/complete", text(&done, "id")), json!({})).await;
    let gone = ada.make_task(json!({"title": "gone", "due_date": "2030-11-25"})).await;
    ada.delete(&format!("/tasks/{}", text(&gone, "id"))).await;
    ada.make_task(json!({"title": "some day"})).await;
    bob.make_task(json!({"title": "another's", "due_date": "2030-11-25"})).await;

    let calendar = feed.text(&stack).await;
    assert!(calendar.lines().all(|line| line.len() <= 75), "{calendar}");
    let read = Read::read(&calendar).await.expect("ical4j");
    assert_eq!(read.name, "Ada; at home, mostly");
    assert_eq!(read.events.len(), 2, "{calendar}");
    let event = read.only(&cut);
    assert_eq!(event.text("SUMMARY"), title);
    assert_eq!(event.text("DESCRIPTION"), description);
    assert_eq!(event.text("CATEGORIES"), "a\\,b,c");
    assert_eq!(event.text("start"), "2030-11-24T17:00:00Z");
    assert_eq!(event.texts("alarms"), ["-PT30M", "P1D", "20301120T100000Z"]);
    assert!(!event.text("LAST-MODIFIED").is_empty());
    let event = read.only(&bins);
    assert_eq!(event.text("start"), "2030-11-25");
    assert_eq!(event.texts("alarms"), ["PT7H30M"]);
    stack.stop().await;
}

#[tokio::test]
async fn what_recurs_is_at_the_same_instants_for_others_as_it_is_here() {
    let stack = Stack::start().await;
    let ada = stack.register("ada").await;
    let feed = Feed::make(&ada, "x").await;
    // Zones of Europe, and hours after the change: of a VTIMEZONE's second Sunday ical4j 4.0.8 makes the
    // first, and takes its local hour for UTC.
    let (berlin, lisbon) = ("Europe/Berlin", "Europe/Lisbon");
    let mut tasks = vec![];
    for (rrule, dtstart, zone, exdates) in [
        ("FREQ=DAILY", "2027-03-20T09:00:00", berlin, json!(["2027-03-29T09:00:00"])),
        ("FREQ=DAILY;INTERVAL=3", "2026-12-30", berlin, json!([])),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,SU;WKST=MO", "2027-01-03T18:00:00", lisbon, json!([])),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,SU;WKST=SU", "2027-01-03T18:00:00", lisbon, json!([])),
        ("FREQ=MONTHLY;BYDAY=-1FR", "2027-01-29T17:30:00", "Australia/Lord_Howe", json!([])),
        ("FREQ=MONTHLY;BYMONTHDAY=31", "2027-01-31", berlin, json!(["2027-05-31"])),
        ("FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1", "2027-01-29T12:00:00", "UTC", json!([])),
        ("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29", "2028-02-29", berlin, json!([])),
        ("FREQ=WEEKLY;COUNT=5", "2027-10-10T08:15:00", berlin, json!(["2027-10-17T08:15:00"])),
        ("FREQ=WEEKLY;UNTIL=20271231T070000Z", "2027-10-08T08:00:00", berlin, json!([])),
        ("FREQ=DAILY;UNTIL=20270301", "2027-02-01", "Asia/Tokyo", json!([])),
        ("FREQ=HOURLY;INTERVAL=12", "2030-12-01T06:00:00", "Asia/Kathmandu", json!([])),
        ("FREQ=DAILY;BYHOUR=8,20", "2030-11-01T08:00:00", lisbon, json!([])),
    ] {
        tasks.push(recurring(&ada, rrule, dtstart, zone, json!({"exdates": exdates})).await);
    }
    // Further on in its series, also with a COUNT, and with one that was passed over.
    for rrule in ["FREQ=WEEKLY;COUNT=6", "FREQ=WEEKLY;INTERVAL=2", "FREQ=MONTHLY"] {
        let mut task = recurring(&ada, rrule, "2027-01-10T18:00:00", berlin, json!({})).await;
        for verb in ["complete", "skip"] {
            let body = json!({"occurrence": task["occurrence"]});
            task = ada.post(&format!("/tasks/{}/{verb}", text(&task, "id")), body).await.body;
        }
        assert_ne!(task["occurrence"], "2027-01-10T18:00:00");
        tasks.push(task);
    }
    let calendar = feed.text(&stack).await;
    let Some(read) = Read::read(&calendar).await else { return skipped(NO_ICAL4J) };
    let mut instances = 0;
    for task in &tasks {
        let (theirs, ours) = (read.instances(task), own_instances(task));
        assert!(!ours.is_empty(), "{task}");
        assert_eq!(theirs, ours, "{}", task["recurrence"]);
        instances += ours.len();
    }
    report(&format!("ical4j: {} rules, {instances} occurrences, the same instants", tasks.len()));
    stack.stop().await;
}

#[tokio::test]
async fn one_occurrence_that_was_moved_or_spoken_of_is_an_event_of_its_own() {
    let stack = Stack::start().await;
    let ada = stack.register("ada").await;
    let feed = Feed::make(&ada, "x").await;
    let task =
        recurring(&ada, "FREQ=WEEKLY", "2030-01-06T18:00:00", "Europe/Berlin", json!({})).await;
    let path = format!("/tasks/{}", text(&task, "id"));
    let moved = json!({
        "due_date": "2030-01-08T09:00:00Z", "reminders": [{"offset": "-PT30M"}, {"at": "2030-01-01T08:00:00Z"}],
    });
    let moved = ada.patch(&path, moved).await.body;
    let whole = recurring(&ada, "FREQ=WEEKLY", "2030-01-06", "Europe/Berlin", json!({})).await;
    let body = json!({"due_date": "2030-01-09"});
    ada.patch(&format!("/tasks/{}", text(&whole, "id")), body).await;
    let dismissed = recurring(&ada, "FREQ=DAILY", "2030-01-06T18:00:00", "UTC", json!({})).await;
    let task_id: TaskId = text(&dismissed, "id").parse().expect("a UUID");
    let current = "2030-01-06T18:00:00".parse().expect("a local time");
    let reminder_id = ReminderId::derive(task_id, &ReminderSpec::AT_DUE, Some(current));
    sqlx::query(
        "insert into reminder (reminder_id, task_id, user_id, status, task_version, revision)
         values ($1, $2, $3, 'scheduled', 1, 1)",
    )
    .bind(reminder_id.uuid())
    .bind(task_id.uuid())
    .bind(ada.user_id.uuid())
    .execute(&stack.admin)
    .await
    .expect("a reminder");
    let gone = ada.post(&format!("/reminders/{reminder_id}/dismiss"), json!({})).await;
    assert_eq!(gone.status, StatusCode::OK, "{gone:?}");

    let calendar = feed.text(&stack).await;
    let Some(read) = Read::read(&calendar).await else { return skipped(NO_ICAL4J) };
    let [series, own] = read.of(&moved)[..] else { panic!("{calendar}") };
    assert_eq!(series.text("start"), "2030-01-06T17:00:00Z");
    assert_eq!(series.texts("alarms"), ["-PT30M", "20300101T080000Z"]);
    assert_eq!(own.text("start"), "2030-01-08T09:00:00Z");
    assert_eq!(own.text("RECURRENCE-ID"), "20300106T180000");
    assert_eq!(own.texts("alarms"), ["-PT30M"], "what is at an instant comes once");
    let [series, own] = read.of(&whole)[..] else { panic!("{calendar}") };
    assert_eq!((series.text("start"), own.text("start")), ("2030-01-06", "2030-01-09"));
    assert_eq!(own.text("RECURRENCE-ID"), "20300106");
    let [series, own] = read.of(&dismissed)[..] else { panic!("{calendar}") };
    assert_eq!((series.texts("alarms"), own.texts("alarms")), (vec!["PT0S"], vec![]));
    stack.stop().await;
}

#[tokio::test]
async fn of_a_series_that_counts_from_its_completions_only_the_current_occurrence_is_there() {
    let stack = Stack::start().await;
    let ada = stack.register("ada").await;
    let feed = Feed::make(&ada, "x").await;
    let basis = json!({"basis": "completion"});
    let task =
        recurring(&ada, "FREQ=DAILY;INTERVAL=3", "2030-01-06T18:00:00", "Europe/Berlin", basis);
    let task = task.await;
    let calendar = feed.text(&stack).await;
    assert!(!calendar.contains("RRULE"), "{calendar}");
    let Some(read) = Read::read(&calendar).await else { return skipped(NO_ICAL4J) };
    assert_eq!(read.only(&task).texts("instances"), ["2030-01-06T17:00:00Z"]);
    stack.stop().await;
}

#[tokio::test]
async fn a_feed_is_seen_once_named_listed_and_revoked_for_good() {
    let stack = Stack::start().await;
    let (ada, bob) = (stack.register("ada").await, stack.register("bob").await);
    let (phone, desk) = (Feed::make(&ada, "Phone").await, Feed::make(&ada, "Desk").await);
    assert_ne!(phone.path, desk.path);
    let listed = ada.get("/calendar-feeds").await.body;
    assert_eq!(listed["items"][0]["name"], "Phone");
    assert_eq!(listed["items"][1]["last_used_at"], Value::Null);
    assert!(!listed.to_string().contains(phone.secret()));
    assert_eq!(desk.get(&stack).await.status(), StatusCode::OK);
    assert!(ada.get("/calendar-feeds").await.body["items"][1]["last_used_at"].is_string());
    let everything = "select string_agg(to_jsonb(f)::text, '') from calendar_feed f";
    let rows: String = sqlx::query_scalar(everything).fetch_one(&stack.admin).await.expect("rows");
    assert!(!rows.contains(phone.secret()), "at rest there is its hash only");

    let delete = format!("/calendar-feeds/{}", phone.id);
    bob.delete(&delete).await.assert_problem(404, "not_found");
    assert_eq!(bob.get("/calendar-feeds").await.body["items"], json!([]));
    assert_eq!(ada.delete(&delete).await.status, StatusCode::NO_CONTENT);
    ada.delete(&delete).await.assert_problem(404, "not_found");
    let unknown = format!("/calendar/{}.ics", "A".repeat(43));
    let without_end = desk.path.trim_end_matches(".ics");
    for path in [&phone.path, &unknown, "/calendar/x", "/calendar/%00.ics", without_end] {
        let answer = stack.replica.get(path).await;
        answer.assert_problem(404, "not_found");
        assert_eq!(answer.header("cache-control"), "no-store");
        assert_eq!(answer.body["detail"], "there is no such thing here");
    }
    assert_eq!(desk.get(&stack).await.status(), StatusCode::OK);
    for name in [json!(" "), json!(null), json!("x".repeat(101)), json!(1)] {
        ada.post("/calendar-feeds", json!({"name": name})).await.assert_refuses("name");
    }
    for _ in 1..20 {
        Feed::make(&ada, "more").await;
    }
    ada.post("/calendar-feeds", json!({"name": "x"})).await.assert_problem(409, "too_many");
    let signed_out = ada.delete_with("/me", json!({"current_password": crate::stack::PASSWORD}));
    assert_eq!(signed_out.await.status, StatusCode::NO_CONTENT);
    stack.replica.get(&desk.path).await.assert_problem(404, "not_found");
    stack.stop().await;
}

#[tokio::test]
async fn a_calendar_that_is_the_same_as_before_is_not_sent_again() {
    let stack = Stack::start().await;
    let ada = stack.register("ada").await;
    let feed = Feed::make(&ada, "x").await;
    let task = ada.make_task(json!({"title": "x", "due_date": "2030-01-01"})).await;
    let first = feed.get(&stack).await;
    let headers = first.headers().clone();
    assert_eq!(header(&headers, "content-type"), "text/calendar; charset=utf-8");
    assert_eq!(header(&headers, "cache-control"), "private, no-cache");
    assert!(header(&headers, "ratelimit").contains("\"address\""), "{headers:?}");
    let tag = header(&headers, "etag").to_owned();
    let ask = |tag: &str| {
        let request = stack.replica.request(Method::GET, &feed.path);
        request.header("If-None-Match", tag.to_owned())
    };
    for same in [tag.clone(), format!("\"x\", {tag}"), tag.replace("W/", ""), "*".to_owned()] {
        let answer = Answer::of(ask(&same)).await;
        assert_eq!(answer.status, StatusCode::NOT_MODIFIED, "{same}");
        assert_eq!(answer.header("etag"), tag);
    }
    let path = format!("/tasks/{}", text(&task, "id"));
    ada.patch(&path, json!({"title": "y"})).await;
    let changed = ask(&tag).send().await.expect("an answer");
    assert_eq!(changed.status(), StatusCode::OK);
    let tag = header(changed.headers(), "etag").to_owned();
    ada.post(&format!("{path}/complete"), json!({})).await;
    assert_eq!(ask(&tag).send().await.expect("an answer").status(), StatusCode::OK);
    stack.stop().await;
}

#[tokio::test]
async fn a_feed_shows_so_many_tasks_and_those_that_are_due_first() {
    let stack = Stack::start().await;
    let ada = stack.register("ada").await;
    let feed = Feed::make(&ada, "x").await;
    let tasks: Vec<Value> = (0..2_005)
        .map(|number| {
            let day =
                NaiveDate::from_ymd_opt(2030, 1, 1).expect("a day") + chrono::Days::new(number);
            json!({"id": uuid::Uuid::new_v4(), "title": format!("n{number}"), "due_date": day})
        })
        .collect();
    let file = json!({"format": "todo.export", "version": 1, "tasks": tasks}).to_string();
    assert_eq!(ada.import("", file).await.status, StatusCode::OK);
    let calendar = feed.text(&stack).await;
    assert_eq!(calendar.matches("BEGIN:VEVENT").count(), 2_000);
    assert!(calendar.contains("SUMMARY:n1999\r\n") && !calendar.contains("SUMMARY:n2000\r\n"));
    assert!(calendar.ends_with("END:VCALENDAR\r\n"));
    stack.stop().await;
}

#[tokio::test]
async fn the_secret_of_a_feed_is_never_logged() {
    capture();
    let stack = Stack::start().await;
    let ada = stack.register("ada").await;
    let feed = Feed::make(&ada, "x").await;
    ada.make_task(json!({"title": "x", "due_date": "2030-01-01"})).await;
    let shown = feed.get(&stack).await;
    let id = header(shown.headers(), "x-correlation-id").to_owned();
    ada.delete(&format!("/calendar-feeds/{}", feed.id)).await;
    stack.replica.get(&feed.path).await.assert_problem(404, "not_found");
    stack.replica.post(&feed.path, &json!({})).await.assert_problem(405, "method_not_allowed");
    stack.stop().await;
    let all = captured();
    let of_request: Vec<&str> = all.lines().filter(|line| line.contains(&id)).collect();
    assert!(of_request.iter().any(|line| line.contains("/calendar/{feed}")), "{of_request:?}");
    let line = all.lines().find(|line| line.contains(feed.secret()));
    assert!(line.is_none(), "{line:?}");
}

fn text<'v>(value: &'v Value, name: &str) -> &'v str {
    value[name].as_str().expect("a text")
}
