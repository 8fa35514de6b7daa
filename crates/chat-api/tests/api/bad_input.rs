use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::stack::{Answer, PASSWORD, Stack};

#[tokio::test]
async fn a_stranger_is_turned_away_before_the_body_is_read() {
    let stack = Stack::start().await;
    let address = stack.replica.public.trim_start_matches("http://").to_owned();
    for path in ["/api/v1/tasks", "/api/v1/auth/logout", "/api/v1/nowhere"] {
        let mut socket = TcpStream::connect(&address).await.expect("connected");
        let head =
            format!("POST {path} HTTP/1.1\r\nHost: {address}\r\nContent-Length: 999999999\r\n\r\n");
        socket.write_all(head.as_bytes()).await.expect("written");
        let mut answer = [0; 12];
        let reading = socket.read_exact(&mut answer);
        tokio::time::timeout(Duration::from_secs(4), reading)
            .await
            .expect("at once")
            .expect("read");
        assert_eq!(&answer, b"HTTP/1.1 401", "{path}");
    }
    stack.stop().await;
}

#[tokio::test]
async fn missing_malformed_and_foreign_credentials_are_nobodys() {
    let stack = Stack::start().await;
    let ada = stack.register("ada").await;
    let session = ada.cookie.trim_start_matches("session=").to_owned();
    let headers: [(&str, String); 8] = [
        ("X-Nothing", String::new()),
        ("Cookie", "session=".to_owned()),
        ("Cookie", "session=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA".to_owned()),
        ("Cookie", "other=1".to_owned()),
        ("Authorization", "Bearer".to_owned()),
        ("Authorization", "Bearer nonsense".to_owned()),
        ("Authorization", format!("Bearer {session}")),
        ("Authorization", format!("Basic {session}")),
    ];
    for (name, value) in headers {
        let request = stack.replica.request(Method::GET, "/api/v1/me").header(name, &value);
        let answer = Answer::of(request).await;
        answer.assert_problem(401, "not_signed_in");
        assert_eq!(answer.header("www-authenticate"), "Bearer", "{name}: {value}");
    }
    stack.stop().await;
}

#[tokio::test]
async fn what_is_no_json_is_said_to_be_none() {
    let stack = Stack::start().await;
    let ada = stack.register("ada").await;
    for body in ["", "{", "title=x", "{\"title\": \"\\ud800\"}", "{\"title\": 1e999}", "{} {}"] {
        let answer = Answer::of(ada.request(Method::POST, "/tasks").body(body)).await;
        answer.assert_problem(400, "malformed_json");
    }
    let answer = Answer::of(ada.request(Method::POST, "/tasks").body(vec![0xff, 0xfe])).await;
    answer.assert_problem(400, "malformed_json");
    let deep = "[".repeat(100_000);
    let answer = Answer::of(ada.request(Method::POST, "/tasks").body(deep)).await;
    answer.assert_problem(400, "malformed_json");
    for body in ["5", "\"text\"", "null"] {
        let answer = Answer::of(ada.request(Method::POST, "/tasks").body(body)).await;
        answer.assert_problem(422, "invalid");
    }
    assert_eq!(stack.count("select count(*) from task").await, 0);
    stack.stop().await;
}

#[tokio::test]
async fn a_body_beyond_256_kib_is_too_large() {
    let stack = Stack::start().await;
    let ada = stack.register("ada").await;
    let body = json!({"title": "x", "description": "y".repeat(256 * 1024)}).to_string();
    let answer = Answer::of(ada.request(Method::POST, "/tasks").body(body)).await;
    answer.assert_problem(413, "too_large");
    let body = json!({"email": "a@b", "password": "y".repeat(256 * 1024)});
    stack.replica.post("/api/v1/auth/login", &body).await.assert_problem(413, "too_large");
    stack.stop().await;
}

/// Fields of a task, and values that each of them refuses.
fn refused_fields() -> Vec<(&'static str, Vec<Value>)> {
    let rule =
        |rrule: &str| json!({"rrule": rrule, "dtstart": "2026-11-29T18:00:00", "time_zone": "UTC"});
    let started =
        |dtstart: &str| json!({"rrule": "FREQ=DAILY", "dtstart": dtstart, "time_zone": "UTC"});
    vec![
        (
            "title",
            vec![
                json!(5),
                json!(""),
                json!("  "),
                json!("a\u{0}b"),
                json!("x".repeat(501)),
                json!(["x"]),
            ],
        ),
        ("description", vec![json!(5), json!("\u{0}"), json!("x".repeat(20_001))]),
        ("priority", vec![json!("URGENT"), json!("high"), json!(1)]),
        ("status", vec![json!("OPEN"), json!(true), json!("\u{0}")]),
        (
            "due_date",
            vec![
                json!("tomorrow"),
                json!(""),
                json!(5),
                json!("2026-02-30"),
                json!("2026-11-24T17:00:00"),
                json!("1969-12-31"),
                json!("2201-01-01T00:00:00Z"),
                json!("12026-01-01T00:00:00Z"),
                json!("2026-11-24\u{0}"),
            ],
        ),
        ("time_zone", vec![json!("Europe/Atlantis"), json!(""), json!("UTC\u{0}"), json!(1)]),
        (
            "recurrence",
            vec![
                json!("daily"),
                json!({}),
                rule("every day"),
                rule("FREQ=SECONDLY"),
                rule("FREQ=DAILY;INTERVAL=0"),
                rule(&"X".repeat(501)),
                rule("FREQ=DAILY\u{0}"),
                started("yesterday"),
                started("1960-01-01T00:00:00"),
                started("2300-01-01"),
                json!({"rrule": "FREQ=DAILY", "dtstart": "2026-11-29", "time_zone": "Mars/Base"}),
            ],
        ),
        (
            "reminders",
            vec![
                json!("soon"),
                json!([{}]),
                json!([{"offset": "30 minutes"}]),
                json!([{"offset": "P400D"}]),
                json!([{"at": "1900-01-01T00:00:00Z"}]),
                json!([{"offset": "PT0S", "at": "2026-11-24T17:00:00Z"}]),
                Value::Array((0..21).map(|n| json!({"offset": format!("PT{n}M")})).collect()),
            ],
        ),
        (
            "tags",
            vec![
                json!("home"),
                json!([5]),
                json!([""]),
                json!(["#home"]),
                json!(["a b"]),
                json!(["a\u{0}"]),
                json!(["x".repeat(51)]),
                Value::Array((0..51).map(|n| json!(n.to_string())).collect()),
            ],
        ),
    ]
}

#[tokio::test]
async fn every_field_of_a_task_refuses_what_it_can_not_be_and_says_so_by_name() {
    let stack = Stack::start().await;
    let ada = stack.register("ada").await;
    let task = ada.make_task(json!({"title": "x"})).await;
    let path = format!("/tasks/{}", task["id"].as_str().expect("an id"));
    for (field, values) in refused_fields() {
        for value in values {
            let mut body = json!({"title": "x"});
            body[field] = value;
            ada.post("/tasks", body.clone()).await.assert_refuses(field);
            ada.patch(&path, body).await.assert_refuses(field);
        }
    }
    ada.post("/tasks", json!({})).await.assert_refuses("title");
    ada.post("/tasks", json!({"title": "x", "status": "DONE"})).await.assert_refuses("status");
    let answer = ada.post("/tasks", json!({"title": 1, "tags": 1})).await;
    assert_eq!(answer.body["errors"].as_array().map(Vec::len), Some(2), "all at once: {answer:?}");
    assert_eq!(ada.get(&path).await.body, task, "nothing changed");
    assert_eq!(stack.count("select count(*) from task").await, 1);
    stack.stop().await;
}

#[tokio::test]
async fn the_longest_that_is_allowed_is_allowed() {
    let stack = Stack::start().await;
    let ada = stack.register("ada").await;
    let task = json!({
        "title": "ü".repeat(500), "description": "ü".repeat(20_000),
        "due_date": "2200-12-31T23:59:59Z",
        "reminders": (0..20).map(|n| json!({"offset": format!("-PT{n}M")})).collect::<Vec<_>>(),
        "tags": (0..50).map(|n| format!("{n:ü>50}")).collect::<Vec<_>>(),
    });
    let made = ada.make_task(task).await;
    assert_eq!(made["tags"].as_array().map(Vec::len), Some(50));
    assert_eq!(made["reminders"].as_array().map(Vec::len), Some(20));
    assert_eq!(stack.outbox().await.len(), 2, "and valid by the schema of its event");
    stack.stop().await;
}

#[tokio::test]
async fn settings_channels_and_tokens_refuse_what_they_can_not_be() {
    let stack = Stack::start().await;
    let ada = stack.register("ada").await;
    ada.put("/settings", json!({})).await.assert_refuses("time_zone");
    ada.put("/settings", json!({"time_zone": "Mars/Base"})).await.assert_refuses("time_zone");
    for quiet in [
        json!("night"),
        json!({"from": "22:00"}),
        json!({"from": "25:00", "to": "07:00"}),
        json!({"from": "22:00", "to": "22:00"}),
    ] {
        let body = json!({"time_zone": "UTC", "quiet_hours": quiet});
        ada.put("/settings", body).await.assert_refuses("quiet_hours");
    }
    for url in [
        json!("example.test"),
        json!("ftp://a.test"),
        json!(5),
        json!("http://a.test/\u{0}"),
        json!(format!("http://a.test/{}", "x".repeat(2_000))),
    ] {
        ada.post("/channels", json!({"kind": "webhook", "url": url})).await.assert_refuses("url");
    }
    let pigeon = json!({"kind": "pigeon", "url": "http://a.test"});
    ada.post("/channels", pigeon).await.assert_refuses("kind");
    for kind in [json!("unknown"), json!("Webhook"), json!(null), json!(7)] {
        ada.post("/channels", json!({"kind": kind, "url": "http://a.test"}))
            .await
            .assert_refuses("kind");
    }
    ada.post("/channels", json!({"kind": "email", "url": "http://a.test"}))
        .await
        .assert_refuses("email");
    for email in [
        json!("nobody"),
        json!("a@b.test\r\nBcc: c@d.test"),
        json!("a@b.test, c@d.test"),
        json!("Ada <a@b.test>"),
        json!(null),
    ] {
        ada.post("/channels", json!({"kind": "email", "email": email}))
            .await
            .assert_refuses("email");
    }
    for url in
        ["https://ntfy.test", "https://ntfy.test/a/b", "ftp://ntfy.test/a", "https://u:p@n.test/a"]
    {
        ada.post("/channels", json!({"kind": "ntfy", "url": url})).await.assert_refuses("url");
    }
    ada.post("/channels", json!({"kind": "ntfy", "url": "https://ntfy.test/a", "token": "a\r\nb"}))
        .await
        .assert_refuses("token");
    let keys = json!({"p256dh": "BA", "auth": "AA"});
    let subscription = json!({"endpoint": "https://push.test/x", "keys": keys});
    ada.post("/channels", json!({"kind": "web_push", "subscription": subscription}))
        .await
        .assert_refuses("kind");
    let weak = json!({"kind": "webhook", "url": "http://a.test", "secret": "whsec_AAAA"});
    ada.post("/channels", weak).await.assert_refuses("secret");
    for name in [json!(""), json!("a\u{0}"), json!("x".repeat(101)), json!(null)] {
        ada.post("/tokens", json!({"name": name})).await.assert_refuses("name");
    }
    for (field, value) in [
        ("email", json!("nobody")),
        ("email", json!("a\u{0}@b")),
        ("password", json!("short")),
        ("password", json!("x".repeat(201))),
        ("password", json!("0123456789\u{0}")),
        ("time_zone", json!("Mars/Base")),
    ] {
        let mut body = json!({"email": "bob@example.test", "password": PASSWORD});
        body[field] = value;
        stack.replica.post("/api/v1/auth/register", &body).await.assert_refuses(field);
    }
    stack.stop().await;
}

#[tokio::test]
async fn a_query_that_can_not_be_is_refused_by_name() {
    let stack = Stack::start().await;
    let ada = stack.register("ada").await;
    for (query, field) in [
        ("/tasks?limit=0", "limit"),
        ("/tasks?limit=201", "limit"),
        ("/tasks?limit=many", "limit"),
        ("/tasks?status=OPEN", "status"),
        ("/tasks?status=%00", "status"),
        ("/tasks?cursor=nonsense", "cursor"),
        ("/tasks?cursor=W10", "cursor"),
        ("/reminders?status=late", "status"),
        ("/reminders?cursor=%FF", "cursor"),
    ] {
        ada.get(query).await.assert_refuses(field);
    }
    stack.stop().await;
}

#[tokio::test]
async fn what_is_nowhere_and_what_takes_no_such_method_are_problems_too() {
    let stack = Stack::start().await;
    let ada = stack.register("ada").await;
    stack.replica.get("/nowhere").await.assert_problem(404, "not_found");
    ada.get("/nowhere").await.assert_problem(404, "not_found");
    for id in ["x", "00000000-0000-0000-0000-000000000000", "%00", "a%2Fb"] {
        ada.get(&format!("/tasks/{id}")).await.assert_problem(404, "not_found");
    }
    ada.put("/tasks", json!({})).await.assert_problem(405, "method_not_allowed");
    stack.replica.get("/api/v1/auth/login").await.assert_problem(405, "method_not_allowed");
    stack.stop().await;
}

#[tokio::test]
async fn while_the_database_is_away_the_answer_is_to_come_again_and_then_it_works() {
    let stack = Stack::start().await;
    let ada = stack.register("ada").await;
    let name = stack.database.name();
    let away = format!("alter database {name} with allow_connections false");
    stack.database.as_admin(away).await.expect("closed");
    stack.database.break_connections().await;
    let answer = ada.post("/tasks", json!({"title": "x"})).await;
    answer.assert_problem(503, "unavailable");
    assert!(answer.header("retry-after").parse::<u32>().is_ok());
    let back = format!("alter database {name} with allow_connections true");
    stack.database.as_admin(back).await.expect("open");
    testing::eventually("the database to be back", || async {
        let answer = ada.post("/tasks", json!({"title": "x"})).await;
        (answer.status == StatusCode::CREATED).then_some(())
    })
    .await;
    stack.stop().await;
}
