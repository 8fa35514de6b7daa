//! From a firing to a letter, by a real SMTP server whose letters Python's own parser reads.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
    sync::{Arc, Mutex},
};

use chrono::TimeDelta;
use events::{
    ChannelKind, ChannelTestRequested, DeliveryOutcome, EventType, NotificationDelivered, Priority,
    TaskState, UserId,
};
use reminder_worker::delivery::{Mail, Ways, digest_key, notification_key};
use serde_json::Value;
use testing::skipped;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    net::TcpListener,
    process::{Child, ChildStdin, Command},
};

use crate::{
    digest::bring_about,
    support::{
        SEALING_KEYS, Worker, channels_of, created, deleted, event, notification, settings_with,
        task, ways,
    },
};

/// A Python with what `tools/mail` needs; `make test` sets it.
const PYTHON: &str = "MAIL_PYTHON";
const FROM: &str = "Todo <todo@example.test>";
const NO_MAIL: &str = "no mail is sent here: SMTP_URL and SMTP_FROM are not set";
const NO_PYTHON: &str = "needs aiosmtpd: a Python with venv, and `make test`";
const LATER_FAILED: &str = "the mail server puts the letter off: 451";

/// `tools/mail/server.py`.
struct MailServer {
    port: u64,
    letters: Arc<Mutex<Vec<Value>>>,
    /// Its end is the server's.
    _stdin: Option<ChildStdin>,
    _child: Child,
}

impl MailServer {
    /// None where this machine has no such Python.
    async fn start(arguments: &[&str]) -> Option<Self> {
        let python = std::env::var_os(PYTHON).map(PathBuf::from).filter(|path| path.is_file())?;
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tools/mail/server.py");
        let mut child = Command::new(python)
            .arg(script)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("a mail server");
        let stdin = child.stdin.take();
        let mut lines = BufReader::new(child.stdout.take().expect("its output")).lines();
        let first = lines.next_line().await.expect("a line").expect("a port");
        let first: Value = serde_json::from_str(&first).expect("JSON");
        let letters: Arc<Mutex<Vec<Value>>> = Arc::default();
        let taken = letters.clone();
        tokio::spawn(async move {
            while let Ok(Some(line)) = lines.next_line().await {
                taken.lock().unwrap().push(serde_json::from_str(&line).expect("JSON"));
            }
        });
        let port = first["port"].as_u64().expect("a port");
        Some(Self { port, letters, _stdin: stdin, _child: child })
    }

    /// One that takes letters of `todo`, whose password is `hunter2`, after STARTTLS.
    async fn start_with_tls(folder: &Path) -> Option<Self> {
        let folder = folder.to_str().expect("a plain name");
        Self::start(&["--user", "todo", "--password", "hunter2", "--tls", folder]).await
    }

    /// With a user and a password, and encrypted.
    fn url_of(&self, user: &str) -> String {
        format!("smtp://{user}@127.0.0.1:{}?tls=required", self.port)
    }

    fn url(&self) -> String {
        format!("smtp://127.0.0.1:{}", self.port)
    }

    async fn letters(&self, count: usize) -> Vec<Value> {
        testing::eventually(&format!("{count} letters"), || async {
            let letters = self.letters.lock().unwrap();
            (letters.len() >= count).then(|| letters.clone())
        })
        .await
    }
}

fn by(url: &str) -> Ways {
    let mail = Mail::new(Some(&url.to_owned().into()), Some(FROM)).expect("a mail server");
    Ways { mail, ..ways() }
}

fn header<'a>(letter: &'a Value, name: &str) -> &'a str {
    let headers = letter["headers"].as_array().expect("headers");
    let mut named = headers.iter().filter(|header| header[0] == name);
    let header = named.next().unwrap_or_else(|| panic!("{name} in {headers:?}"));
    assert!(named.next().is_none(), "{name} stands there once: {headers:?}");
    header[1].as_str().expect("a text")
}

/// A person with a channel to this address, and a task of theirs that is due.
async fn due_for(worker: &Worker, address: &str, change: impl FnOnce(&mut TaskState)) -> TaskState {
    let now = worker.now().await;
    let mut task = task(now, now);
    change(&mut task);
    let settings = settings_with(task.user_id, 1, &[(ChannelKind::Email, address, None)]);
    worker.receive(&settings).await;
    worker.receive(&created(&task)).await;
    task
}

/// What became of the one notification that there is.
async fn outcome(worker: &Worker) -> NotificationDelivered {
    let said = worker.eventually_said(EventType::NotificationDelivered, 1).await;
    let outcome = notification(&said[0]);
    assert_eq!(outcome.channel, ChannelKind::Email);
    outcome.clone()
}

/// Whether an attempt has failed with this reason and another is to follow.
async fn eventually_put_off(worker: &Worker, reason: &str) {
    testing::eventually("an attempt to fail", || async {
        let errors: Option<String> = sqlx::query_scalar(
            "select last_error from delivery where last_error is not null and state = 'pending'",
        )
        .fetch_optional(&worker.pool)
        .await
        .unwrap();
        errors.inspect(|error| assert_eq!(error, reason))
    })
    .await;
}

#[tokio::test]
async fn a_firing_becomes_a_letter_with_all_that_a_letter_needs() {
    let Some(server) = MailServer::start(&[]).await else { return skipped(NO_PYTHON) };
    let mut worker = Worker::start().await;
    worker.run_scheduler();
    worker.run_deliveries_by(worker.pool.clone(), by(&server.url()));
    let task = due_for(&worker, "ada@example.test", |task| {
        task.title = "Gießen <b>& \"düngen\"</b>".to_owned();
        task.priority = Priority::High;
    })
    .await;
    let outcome = outcome(&worker).await;
    assert_eq!((outcome.outcome, outcome.attempts), (DeliveryOutcome::Delivered, 1));

    let letter = &server.letters(1).await[0];
    assert_eq!(letter["defects"], serde_json::json!([]), "{letter}");
    assert_eq!(letter["to"], serde_json::json!(["ada@example.test"]));
    assert_eq!(letter["from"], "todo@example.test");
    assert_eq!(header(letter, "From"), FROM);
    assert_eq!(header(letter, "To"), "ada@example.test");
    assert_eq!(header(letter, "Subject"), task.title);
    assert_eq!(header(letter, "Auto-Submitted"), "auto-generated");
    assert_eq!(header(letter, "Importance"), "high");
    let unsubscribe = "<mailto:todo@example.test?subject=unsubscribe>";
    assert_eq!(header(letter, "List-Unsubscribe"), unsubscribe);
    let (channel, reminder) = (outcome.channel_id.unwrap(), outcome.reminder_id.unwrap());
    let events::Payload::ReminderTriggered(fired) =
        &worker.said_of(EventType::ReminderTriggered).await[0].payload
    else {
        panic!()
    };
    let key = notification_key(channel, reminder, fired.reminder_time);
    assert_eq!(header(letter, "Message-ID"), format!("<{key}@example.test>"));
    let date = chrono::DateTime::parse_from_rfc2822(header(letter, "Date")).expect("a date");
    assert_eq!(date.timestamp(), fired.triggered_at.timestamp());

    assert_eq!(letter["type"], "multipart/alternative");
    let text = letter["parts"]["text/plain"].as_str().expect("plain text");
    assert!(
        text.contains(&task.title) && text.contains("Due ") && text.contains("(UTC)"),
        "{text}"
    );
    let html = letter["parts"]["text/html"].as_str().expect("HTML");
    assert!(html.contains("Gießen &lt;b&gt;&amp; &quot;düngen&quot;&lt;/b&gt;"), "{html}");
    assert!(!html.contains("<b>"), "{html}");
    worker.stop().await;
}

#[tokio::test]
async fn a_digest_becomes_a_letter_with_its_tasks_under_the_key_of_its_day() {
    let Some(server) = MailServer::start(&[]).await else { return skipped(NO_PYTHON) };
    let mut worker = Worker::start().await;
    let user = UserId::random();
    let channels = settings_with(user, 1, &[(ChannelKind::Email, "ada@example.test", None)]);
    worker.run_deliveries_by(worker.pool.clone(), by(&server.url()));
    bring_about(&mut worker, user, &channels, "Gießen <b>").await;
    let outcome = outcome(&worker).await;
    assert_eq!(outcome.outcome, DeliveryOutcome::Delivered);
    let letter = &server.letters(1).await[0];
    assert_eq!(letter["defects"], serde_json::json!([]), "{letter}");
    assert_eq!(header(letter, "Subject"), "Your day: 1 due today");
    let key = digest_key(outcome.channel_id.unwrap(), outcome.digest_day.unwrap());
    assert_eq!(header(letter, "Message-ID"), format!("<{key}@example.test>"));
    let text = letter["parts"]["text/plain"].as_str().expect("plain text");
    assert!(text.contains("Due today:") && text.contains("• Gießen <b> – 17:00"), "{text}");
    let html = letter["parts"]["text/html"].as_str().expect("HTML");
    assert!(html.contains("Gießen &lt;b&gt;") && !html.contains("<b>"), "{html}");
    worker.stop().await;
}

/// A title is a person's own, and must not become a header, a recipient or another letter.
#[tokio::test]
async fn nothing_that_a_person_writes_becomes_a_header() {
    let Some(server) = MailServer::start(&[]).await else { return skipped(NO_PYTHON) };
    let mut worker = Worker::start().await;
    worker.run_scheduler();
    let titles = [
        "a\r\nBcc: eve@example.test\r\n\r\nanother body".to_owned(),
        "a\nX-Evil: 1\u{b}\u{85}\u{2028}b\0".replace('\0', "\u{1}"),
        "=?utf-8?B?QmNjOiBldmVAZXhhbXBsZS50ZXN0?=".to_owned(),
        format!("{}ß", "long ".repeat(99)),
        "ß".repeat(500),
        "x".repeat(500),
        ".\r\n.\r\nQUIT".to_owned(),
    ];
    for title in &titles {
        due_for(&worker, "ada@example.test", |task| task.title.clone_from(title)).await;
    }
    worker.run_deliveries_by(worker.pool.clone(), by(&server.url()));
    let letters = server.letters(titles.len()).await;
    for letter in &letters {
        let names = letter["headers"].as_array().expect("headers").iter().map(|header| &header[0]);
        let mut names: Vec<&str> = names.map(|name| name.as_str().expect("a name")).collect();
        names.sort_unstable();
        let expected = [
            "Auto-Submitted",
            "Content-Type",
            "Date",
            "From",
            "Importance",
            "List-Unsubscribe",
            "MIME-Version",
            "Message-ID",
            "Subject",
            "To",
        ];
        assert_eq!(names, expected, "{letter}");
        assert_eq!(letter["to"], serde_json::json!(["ada@example.test"]));
        assert_eq!(letter["defects"], serde_json::json!([]), "{letter}");
        assert_eq!(letter["parts"].as_object().map(|parts| parts.len()), Some(2), "{letter}");
        assert!(letter["longest_line"].as_u64() < Some(998), "{letter}");
        assert!(!header(letter, "Subject").contains(['\r', '\n']), "{letter}");
        assert!(header(letter, "Subject").chars().count() <= 151, "{letter}");
    }
    // What looks encoded is read as it was written, and not as what it would encode.
    let subjects: Vec<&str> = letters.iter().map(|letter| header(letter, "Subject")).collect();
    assert!(subjects.iter().any(|it| it.starts_with("=\u{2060}?utf-8?B?")), "{subjects:?}");
    worker.stop().await;
}

#[tokio::test]
async fn a_letter_that_is_put_off_comes_again_the_same_and_one_that_is_refused_does_not() {
    let Some(server) = MailServer::start(&[]).await else { return skipped(NO_PYTHON) };
    let mut worker = Worker::start().await;
    worker.run_scheduler();
    worker.run_deliveries_by(worker.pool.clone(), by(&server.url()));
    due_for(&worker, "later@example.test", |_| {}).await;
    eventually_put_off(&worker, LATER_FAILED).await;
    let refused = due_for(&worker, "never@example.test", |_| {}).await;
    let said = worker.eventually_said(EventType::NotificationDelivered, 2).await;
    let ends: Vec<&NotificationDelivered> = said.iter().map(notification).collect();
    let failed = ends.iter().find(|end| end.user_id == refused.user_id).expect("its end");
    assert_eq!((failed.outcome, failed.attempts), (DeliveryOutcome::Failed, 1));
    let error = failed.error.as_deref().expect("a reason");
    assert_eq!(error, "the mail server refuses the letter: 550", "without what the server wrote");
    let taken = ends.iter().find(|end| end.user_id != refused.user_id).expect("its end");
    assert_eq!((taken.outcome, taken.attempts), (DeliveryOutcome::Delivered, 2));
    assert_eq!(server.letters(1).await.len(), 1);
    worker.stop().await;
}

/// The server took it, and we did not hear of it.
#[tokio::test]
async fn a_letter_that_is_sent_twice_is_the_same_byte_for_byte() {
    let Some(server) = MailServer::start(&[]).await else { return skipped(NO_PYTHON) };
    let mut worker = Worker::start().await;
    worker.run_scheduler();
    worker.run_deliveries_by(worker.pool.clone(), by(&server.url()));
    due_for(&worker, "ada@example.test", |_| {}).await;
    outcome(&worker).await;
    let again = "with again as (update delivery set state = 'pending' returning channel_id)
         update lane set next_attempt_at = now() where channel_id = (select channel_id from again)";
    sqlx::query(again).execute(&worker.pool).await.unwrap();
    let letters = server.letters(2).await;
    assert_eq!(letters[0]["raw"], letters[1]["raw"]);
    // What is answered late to one letter must not be taken for an answer to another.
    assert_ne!(letters[0]["connection"], letters[1]["connection"]);
    worker.stop().await;
}

#[tokio::test]
async fn a_mail_server_that_hangs_or_is_away_is_tried_again_and_named() {
    let Some(server) = MailServer::start(&[]).await else { return skipped(NO_PYTHON) };
    let mut worker = Worker::start().await;
    worker.run_scheduler();
    let closed = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let away = format!("smtp://{}", closed.local_addr().expect("an address"));
    drop(closed);
    worker.run_deliveries_by(worker.pool.clone(), by(&away));
    let mut task = due_for(&worker, "ada@example.test", |_| {}).await;
    eventually_put_off(&worker, "the mail server can't be reached").await;
    worker.receive(&deleted(&mut task)).await;
    let dropped = outcome(&worker).await;
    assert_eq!((dropped.outcome, dropped.channel), (DeliveryOutcome::Dropped, ChannelKind::Email));
    worker.stop().await;

    let mut worker = Worker::start().await;
    worker.run_scheduler();
    worker.run_deliveries_by(worker.pool.clone(), by(&server.url()));
    due_for(&worker, "hang@example.test", |_| {}).await;
    eventually_put_off(&worker, "the mail server did not answer in 10 s").await;
    worker.stop().await;
}

#[tokio::test]
async fn a_password_is_used_and_a_wrong_one_is_the_operators_to_mend() {
    let arguments = ["--user", "todo", "--password", "p@ss/word"];
    let Some(server) = MailServer::start(&arguments).await else { return skipped(NO_PYTHON) };
    for (password, works) in [("p%40ss%2Fword", true), ("wrong", false)] {
        let mut worker = Worker::start().await;
        worker.run_scheduler();
        let url = server.url().replace("//", &format!("//todo:{password}@"));
        worker.run_deliveries_by(worker.pool.clone(), by(&url));
        due_for(&worker, "ada@example.test", |_| {}).await;
        if works {
            assert_eq!(outcome(&worker).await.outcome, DeliveryOutcome::Delivered);
            assert_eq!(server.letters(1).await[0]["signed_in"], true);
        } else {
            let reason = "the mail server wants another user or password: 535";
            eventually_put_off(&worker, reason).await;
        }
        worker.stop().await;
    }
}

#[tokio::test]
async fn where_encryption_is_required_nothing_goes_out_without_it() {
    let Some(server) = MailServer::start(&[]).await else { return skipped(NO_PYTHON) };
    let mut worker = Worker::start().await;
    worker.run_scheduler();
    let url = format!("{}?tls=required", server.url());
    worker.run_deliveries_by(worker.pool.clone(), by(&url));
    due_for(&worker, "ada@example.test", |_| {}).await;
    eventually_put_off(&worker, "the mail server lacks what the letter needs").await;
    assert_eq!(server.letters.lock().unwrap().len(), 0);
    worker.stop().await;
}

#[tokio::test]
async fn a_server_whose_certificate_nobody_vouches_for_gets_neither_password_nor_letter() {
    let folder = tempfile::tempdir().expect("a folder");
    let Some(server) = MailServer::start_with_tls(folder.path()).await else {
        return skipped(NO_PYTHON);
    };
    let mut worker = Worker::start().await;
    worker.run_scheduler();
    worker.run_deliveries_by(worker.pool.clone(), by(&server.url_of("todo:hunter2")));
    due_for(&worker, "ada@example.test", |_| {}).await;
    eventually_put_off(&worker, "no secure connection to the mail server").await;
    assert_eq!(server.letters.lock().unwrap().len(), 0);
    worker.stop().await;
}

/// The process itself, told by its environment: it trusts whom its machine trusts, and says nothing of
/// passwords, addresses and titles.
#[tokio::test]
async fn a_letter_goes_encrypted_and_signed_in_and_the_log_says_nothing_of_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let Some(server) = MailServer::start_with_tls(folder.path()).await else {
        return skipped(NO_PYTHON);
    };
    let worker = Worker::start().await;
    let log = folder.path().join("log");
    let mut process = Command::new(env!("CARGO_BIN_EXE_reminder-worker"))
        .env("DATABASE_URL", worker.database.url())
        .env("EVENT_BUS", "hold")
        .env("HEALTH_ADDR", "127.0.0.1:0")
        .env("APP_ADDR", "127.0.0.1:0")
        .env("SEALING_KEYS", SEALING_KEYS)
        .env("SMTP_URL", server.url_of("todo:hunter2"))
        .env("SMTP_FROM", FROM)
        .env("SSL_CERT_FILE", folder.path().join("ca.pem"))
        .env("RUST_LOG", "debug")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(std::fs::File::create(&log).expect("a log"))
        .kill_on_drop(true)
        .spawn()
        .expect("the worker");
    let task = due_for(&worker, "ada@example.test", |_| {}).await;
    let outcome = outcome(&worker).await;
    assert_eq!(outcome.outcome, DeliveryOutcome::Delivered, "{outcome:?}");
    let letter = &server.letters(1).await[0];
    assert_eq!((&letter["encrypted"], &letter["signed_in"]), (&true.into(), &true.into()));
    process.kill().await.expect("its end");
    let log = std::fs::read_to_string(log).expect("the log");
    assert!(log.contains("delivered"), "{log}");
    for secret in ["hunter2", "ada@example.test", &task.title, SEALING_KEYS] {
        assert!(!log.contains(secret), "{secret} in {log}");
    }
    worker.stop().await;
}

#[tokio::test]
async fn without_a_mail_server_a_letter_fails_at_once_and_says_why() {
    let mut worker = Worker::start().await;
    worker.run_scheduler();
    worker.run_deliveries();
    due_for(&worker, "ada@example.test", |_| {}).await;
    let failed = outcome(&worker).await;
    assert_eq!((failed.outcome, failed.attempts), (DeliveryOutcome::Failed, 1));
    assert_eq!(failed.error.as_deref(), Some(NO_MAIL));
    worker.stop().await;
}

#[tokio::test]
async fn a_test_of_a_channel_is_a_letter_too() {
    let Some(server) = MailServer::start(&[]).await else { return skipped(NO_PYTHON) };
    let mut worker = Worker::start().await;
    worker.run_deliveries_by(worker.pool.clone(), by(&server.url()));
    let user = UserId::random();
    let settings = settings_with(user, 1, &[(ChannelKind::Email, "ada@example.test", None)]);
    worker.receive(&settings).await;
    let channel_id = channels_of(&settings)[0].channel_id;
    let requested_at = worker.now().await - TimeDelta::seconds(1);
    worker.receive(&event(ChannelTestRequested { user_id: user, channel_id, requested_at })).await;
    let outcome = outcome(&worker).await;
    assert_eq!((outcome.outcome, outcome.reminder_id), (DeliveryOutcome::Delivered, None));
    let letter = &server.letters(1).await[0];
    assert_eq!(header(letter, "Subject"), "This channel works");
    let message_id = header(letter, "Message-ID");
    assert!(message_id.contains(&outcome.delivery_id.to_string()), "{message_id}");
    worker.stop().await;
}

/// A later release's channel does not keep the person's other ones from being served.
#[tokio::test]
async fn a_channel_of_a_kind_that_is_not_known_waits_for_a_release_that_knows_it() {
    let mut worker = Worker::start().await;
    worker.run_scheduler();
    worker.run_deliveries();
    let now = worker.now().await;
    let task = task(now, now);
    let channels =
        [(ChannelKind::Unknown, "coop 5", None), (ChannelKind::Email, "ada@example.test", None)];
    worker.receive(&settings_with(task.user_id, 1, &channels)).await;
    worker.receive(&created(&task)).await;
    let end = outcome(&worker).await;
    assert_eq!(end.error.as_deref(), Some(NO_MAIL), "the other one had its turn");
    eventually_put_off(&worker, "this release does not know the channel's kind").await;
    worker.stop().await;
}
