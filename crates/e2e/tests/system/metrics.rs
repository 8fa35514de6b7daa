//! What the services show to Prometheus, and that docs/metrics.md tells all of it.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write,
    fs,
    path::Path,
};

use e2e::{APP_TOKEN, Instance, Options, Person, Sink, Stack, in_seconds};
use reqwest::StatusCode;
use testing::eventually;

use crate::story::{Acknowledged, all_notified, all_settled};

/// What a scrape says of one metric.
#[derive(Clone, Debug, Default, PartialEq)]
struct Served {
    kind: String,
    help: String,
    labels: BTreeSet<String>,
    services: BTreeSet<&'static str>,
}

/// A sample: its name, its labels as they stand, its value.
type Sample<'t> = (&'t str, &'t str, f64);

fn samples(text: &str) -> Vec<Sample<'_>> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines
        .map(|line| {
            let (series, value) = line.rsplit_once(' ').expect("a value");
            let (name, labels) = series.split_once('{').unwrap_or((series, ""));
            (name, labels.trim_end_matches('}'), value.parse().expect("a number"))
        })
        .collect()
}

/// The value of a series whose labels have all of these.
fn value(text: &str, name: &str, labels: &[&str]) -> Option<f64> {
    let all = samples(text);
    let mut found = all
        .iter()
        .filter(|(other, has, _)| *other == name && labels.iter().all(|label| has.contains(label)));
    found.next().map(|(_, _, value)| *value)
}

/// What a sample is called in the text, by its metric's type.
fn sample_name(name: &str, kind: &str) -> String {
    match kind {
        "counter" => format!("{name}_total"),
        "info" => format!("{name}_info"),
        _ => name.to_owned(),
    }
}

fn read(service: &'static str, text: &str, into: &mut BTreeMap<String, Served>) {
    let mut helps = BTreeMap::new();
    for line in text.lines() {
        if let Some((name, help)) = line.strip_prefix("# HELP ").and_then(|it| it.split_once(' ')) {
            helps.insert(name, help.trim_end_matches('.'));
        }
    }
    for line in text.lines() {
        let Some((name, kind)) = line.strip_prefix("# TYPE ").and_then(|it| it.split_once(' '))
        else {
            continue;
        };
        let name_in_text = sample_name(name, kind);
        let served = into.entry(name_in_text.clone()).or_default();
        served.kind = kind.to_owned();
        served.help = (*helps.get(name).unwrap_or(&"")).to_owned();
        served.services.insert(service);
        for (sample, labels, _) in samples(text) {
            let is_its_own = sample == name_in_text
                || ["_bucket", "_sum", "_count"]
                    .iter()
                    .any(|end| kind == "histogram" && sample.strip_suffix(end) == Some(name));
            if is_its_own {
                let names = labels.split(',').filter_map(|label| Some(label.split_once('=')?.0));
                served.labels.extend(names.filter(|name| *name != "le").map(ToOwned::to_owned));
            }
        }
    }
}

/// The table as docs/metrics.md is to have it.
fn table(served: &BTreeMap<String, Served>) -> String {
    let mut table = String::from(
        "| metric | type | labels | of | what it is |\n| --- | --- | --- | --- | --- |\n",
    );
    for (name, Served { kind, help, labels, services }) in served {
        let labels: Vec<&str> = labels.iter().map(String::as_str).collect();
        let of = match services.len() {
            1 => *services.first().expect("one"),
            _ => "both",
        };
        let _infallible =
            writeln!(table, "| `{name}` | {kind} | {} | {of} | {help} |", labels.join(", "));
    }
    table
}

/// Does all that is counted.
async fn use_everything(stack: &Stack, sink: &Sink) {
    let person = Person::register_with_webhook(stack.base(), sink).await;
    let task = Acknowledged::of(&person.create_task("To be counted", &in_seconds(1)).await);
    all_notified(sink, &[task]).await;
    let poison = b"no event".to_vec();
    let answer = stack.workers[0].deliver("task-events", Some(APP_TOKEN), &[], poison).await;
    assert_eq!(answer.status(), StatusCode::OK);
    all_settled(stack).await;
}

async fn scrape_both(stack: &Stack) -> (String, String) {
    (stack.chat_apis[0].metrics().await, stack.workers[0].metrics().await)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_metric_that_is_served_is_documented_and_every_documented_one_is_served() {
    let stack = Stack::start(Options::default()).await;
    let sink = Sink::start();
    use_everything(&stack, &sink).await;
    let (chat_api, worker) = scrape_both(&stack).await;
    let mut served = BTreeMap::new();
    read("chat-api", &chat_api, &mut served);
    read("reminder-worker", &worker, &mut served);
    for (name, Served { help, .. }) in &served {
        assert!(!help.is_empty(), "{name} says nothing of itself");
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/metrics.md");
    let document = fs::read_to_string(path).expect("docs/metrics.md");
    let documented: String = document
        .lines()
        .filter(|line| line.starts_with('|'))
        .fold(String::new(), |all, line| all + line + "\n");
    let table = table(&served);
    assert_eq!(documented, table, "docs/metrics.md is to have this table:\n{table}");
    sink.stop().await;
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_happened_is_counted_under_bounded_labels() {
    let stack = Stack::start(Options::default()).await;
    let sink = Sink::start();
    use_everything(&stack, &sink).await;
    let (chat_api, worker) = scrape_both(&stack).await;

    let route = ["method=\"POST\"", "route=\"/api/v1/tasks\"", "status=\"201\""];
    assert_eq!(value(&chat_api, "todo_http_requests_total", &route), Some(1.0), "{chat_api}");
    let route = &route[..2];
    assert_eq!(value(&chat_api, "todo_http_request_duration_seconds_count", route), Some(1.0));
    let topic = ["topic=\"task-events\""];
    assert_eq!(value(&chat_api, "todo_outbox_published_rows_total", &topic), Some(1.0));
    let applied = ["topic=\"task-events\"", "outcome=\"applied\""];
    assert_eq!(value(&worker, "todo_inbox_deliveries_total", &applied), Some(1.0), "{worker}");
    let poison = ["topic=\"task-events\"", "outcome=\"poison\""];
    assert_eq!(value(&worker, "todo_inbox_deliveries_total", &poison), Some(1.0));
    assert_eq!(value(&worker, "todo_dead_letters_total", &topic), Some(1.0));
    assert_eq!(value(&worker, "todo_reminders_fired_total", &[]), Some(1.0));
    assert_eq!(value(&worker, "todo_reminder_lateness_seconds_count", &[]), Some(1.0));
    // The reminder, and the test of the channel before it.
    let delivered = ["channel=\"webhook\"", "outcome=\"delivered\""];
    assert_eq!(value(&worker, "todo_deliveries_total", &delivered), Some(2.0));
    let attempts = "todo_delivery_attempt_duration_seconds_count";
    assert_eq!(value(&worker, attempts, &["channel=\"webhook\""]), Some(2.0));
    for text in [&chat_api, &worker] {
        assert_eq!(value(text, "todo_relay_leading", &[]), Some(1.0), "{text}");
        assert_eq!(value(text, "todo_database_up", &[]), Some(1.0));
        assert!(value(text, "process_resident_memory_bytes", &[]) > Some(0.0));
        for (name, labels, _) in samples(text) {
            let ids = labels.split('"').filter(|part| part.parse::<uuid::Uuid>().is_ok());
            assert_eq!(ids.count(), 0, "an id is a label of {name}: {labels}");
        }
    }
    // Unknown to every route, and made up without end.
    let client = reqwest::Client::new();
    for number in 0..3 {
        let url = format!("{}/no-such-{number}", stack.base());
        let method = reqwest::Method::from_bytes(format!("BREW{number}").as_bytes());
        client.request(method.expect("a method"), url).send().await.expect("an answer");
    }
    let text = stack.chat_apis[0].metrics().await;
    let made_up: Vec<_> = samples(&text)
        .into_iter()
        .filter(|(name, labels, _)| {
            *name == "todo_http_requests_total" && labels.contains("_OTHER")
        })
        .collect();
    assert!(matches!(made_up[..], [(_, _, 3.0)]), "{made_up:?}");
    assert!(!text.contains("no-such"), "{text}");
    sink.stop().await;
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_in_the_outbox_shows_with_its_age_and_is_gone_when_it_went() {
    let mut stack = Stack::start(Options::default()).await;
    let sink = Sink::start();
    let person = Person::register_with_webhook(stack.base(), &sink).await;
    all_settled(&stack).await;
    let rows = |text: &str| value(text, "todo_outbox_unpublished_rows", &[]);
    let age = |text: &str| value(text, "todo_outbox_oldest_unpublished_age_seconds", &[]);
    let unreceipted = |text: &str| value(text, "todo_outbox_unreceipted_rows", &[]);
    let unreceipted_age =
        |text: &str| value(text, "todo_outbox_oldest_unreceipted_age_seconds", &[]);
    eventually("nothing to wait", || async {
        let text = stack.chat_apis[0].metrics().await;
        (rows(&text) == Some(0.0) && age(&text) == Some(0.0)).then_some(())
    })
    .await;

    stack.chat_apis[0].sidecar.kill();
    person.create_task("Waits for the sidecar", &in_seconds(900)).await;
    stack.chat_database.set_clock_offset_secs(300).await;
    eventually("it to wait for minutes", || async {
        let text = stack.chat_apis[0].metrics().await;
        (rows(&text) >= Some(1.0) && age(&text) >= Some(290.0)).then_some(())
    })
    .await;

    // The worker takes nothing: what is published waits for its receipt.
    stack.workers[0].service.kill();
    stack.chat_apis[0].sidecar.start();
    eventually("it to wait for its receipt", || async {
        let text = stack.chat_apis[0].metrics().await;
        (rows(&text) == Some(0.0) && unreceipted(&text) >= Some(1.0)).then_some(())
    })
    .await;
    stack.chat_database.set_clock_offset_secs(900).await;
    eventually("it to wait for minutes", || async {
        let text = stack.chat_apis[0].metrics().await;
        (unreceipted_age(&text) >= Some(500.0)).then_some(())
    })
    .await;
    stack.workers[0].service.start();
    eventually("it to be received", || async {
        let text = stack.chat_apis[0].metrics().await;
        (unreceipted(&text) == Some(0.0) && unreceipted_age(&text) == Some(0.0)).then_some(())
    })
    .await;
    sink.stop().await;
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn with_the_database_away_the_rest_is_served_and_says_that_it_is_away() {
    let stack = Stack::start(Options::default()).await;
    let both = || stack.chat_apis.iter().chain(&stack.workers);
    // What was read before is not what is shown then.
    for instance in both() {
        let text = instance.metrics().await;
        assert_eq!(value(&text, "todo_database_up", &[]), Some(1.0), "{text}");
        assert!(value(&text, "todo_outbox_unpublished_rows", &[]).is_some(), "{text}");
    }
    for instance in both() {
        instance.database_proxy.close();
    }
    for instance in both() {
        let text = away(instance).await;
        assert_eq!(value(&text, "todo_outbox_unpublished_rows", &[]), None, "{text}");
        assert_eq!(value(&text, "todo_outbox_oldest_unpublished_age_seconds", &[]), None);
        assert!(value(&text, "todo_inbox_deliveries_total", &[]).is_some(), "{text}");
        assert!(value(&text, "process_start_time_seconds", &[]).is_some(), "{text}");
    }
    for instance in both() {
        instance.database_proxy.open();
    }
    for instance in both() {
        eventually("the database to be back", || async {
            let text = instance.metrics().await;
            let is_back = value(&text, "todo_database_up", &[]) == Some(1.0);
            (is_back && value(&text, "todo_outbox_unpublished_rows", &[]).is_some()).then_some(())
        })
        .await;
    }
    stack.stop().await;
}

/// A scrape that says that the database is away.
async fn away(instance: &Instance) -> String {
    eventually("the database to be away", || async {
        let text = instance.metrics().await;
        (value(&text, "todo_database_up", &[]) == Some(0.0)).then_some(text)
    })
    .await
}
