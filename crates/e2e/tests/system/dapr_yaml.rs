//! `dapr/dapr.yaml` as `dapr run -f dapr` follows it. The Dapr CLI can't be had on every machine, so this
//! starts what it would, the same real sidecars with the same flags; only ports, and the folder of the
//! binaries, are this test's.

use std::{collections::BTreeMap, fs, path::PathBuf};

use e2e::{API_TOKEN, APP_TOKEN, Kafka, Person, Process, SEALING_KEYS, Sink, in_seconds};
use serde::Deserialize;
use testing::{TestDatabase, free_port, skipped};

use crate::story::{Acknowledged, all_notified, assert_promise};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct RunTemplate {
    version: u32,
    common: Common,
    apps: Vec<App>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Common {
    resources_paths: Vec<String>,
    config_file_path: String,
}

/// An application, with the CLI's names.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct App {
    #[serde(rename = "appID")]
    app_id: String,
    app_dir_path: String,
    app_port: u16,
    #[serde(rename = "daprHTTPPort")]
    dapr_http_port: u16,
    enable_app_health_check: bool,
    app_health_check_path: String,
    env: BTreeMap<String, String>,
    command: Vec<String>,
}

/// A port of this test for each that the file names.
#[derive(Default)]
struct Ports(BTreeMap<u16, u16>);

impl Ports {
    fn of(&mut self, named: u16) -> u16 {
        *self.0.entry(named).or_insert_with(|| free_port().port())
    }

    /// `127.0.0.1:3001` with this test's port.
    fn in_address(&mut self, text: &str) -> String {
        match text.strip_prefix("127.0.0.1:").and_then(|port| port.parse().ok()) {
            Some(port) => format!("127.0.0.1:{}", self.of(port)),
            None => text.to_owned(),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_dapr_run_starts_is_the_whole_system() {
    let Some(kafka) = Kafka::start().await else { return skipped("needs daprd and Kafka") };
    let dapr = kafka.dapr();
    let text = fs::read_to_string(dapr.join("dapr.yaml")).expect("dapr.yaml");
    let template: RunTemplate = serde_saphyr::from_str(&text).expect("the CLI's keys");
    assert_eq!(template.version, 1);
    let folder = tempfile::tempdir().unwrap();
    let mut ports = Ports::default();
    let mut databases = Vec::new();
    let mut processes = Vec::new();
    for app in &template.apps {
        let database = TestDatabase::create_owned().await;
        let service = service(app, &database, folder.path(), &mut ports);
        let sidecar = sidecar(app, &template.common, &kafka, folder.path(), &mut ports);
        databases.push(database);
        processes.extend([sidecar, service]);
    }
    for process in &mut processes {
        process.start();
    }
    let base = format!("http://127.0.0.1:{}", ports.of(8080));
    testing::eventually("chat-api to answer", || async { reqwest::get(&base).await.ok() }).await;

    let sink = Sink::start();
    let person = Person::register_with_webhook(&base, &sink).await;
    let task = Acknowledged::of(&person.create_task("By dapr run", &in_seconds(5)).await);
    all_notified(&sink, std::slice::from_ref(&task)).await;
    assert_promise(&sink, &[task]);
    drop(processes);
    for database in databases {
        database.drop().await;
    }
    sink.stop().await;
}

fn service(
    app: &App,
    database: &TestDatabase,
    folder: &std::path::Path,
    ports: &mut Ports,
) -> Process {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..");
    assert!(root.join("dapr").join(&app.app_dir_path).join("Cargo.toml").is_file());
    let url = database.owner_url();
    let mut environment = vec![
        ("CHAT_DATABASE_URL", url.clone()),
        ("WORKER_DATABASE_URL", url.clone()),
        ("SEALING_KEYS", SEALING_KEYS.to_owned()),
        ("DAPR_API_TOKEN", API_TOKEN.to_owned()),
        ("APP_API_TOKEN", APP_TOKEN.to_owned()),
        // A test's webhook is on this machine.
        ("WEBHOOK_ALLOW", "loopback".to_owned()),
        // The CLI tells an application where its sidecar is.
        ("DAPR_HTTP_PORT", ports.of(app.dapr_http_port).to_string()),
    ];
    for (name, value) in &app.env {
        environment.push((name, ports.in_address(value)));
    }
    let [shell, flag, script] = app.command.as_slice() else { panic!("{:?}", app.command) };
    assert_eq!((shell.as_str(), flag.as_str()), ("sh", "-c"));
    assert!(script.ends_with(&format!("exec target/release/{}", app.app_id)), "{script}");
    let built = std::env::current_exe().unwrap();
    let built = built.ancestors().nth(2).unwrap().display().to_string();
    let script = script.replace("target/release", &built);
    let migrate = format!("{script} migrate");
    let name = format!("{}-migrate", app.app_id);
    let arguments = vec!["-c".to_owned(), migrate];
    Process::new(&name, folder, "/bin/sh", arguments, environment.clone()).run();
    Process::new(&app.app_id, folder, "/bin/sh", vec!["-c".to_owned(), script], environment)
}

fn sidecar(
    app: &App,
    common: &Common,
    kafka: &Kafka,
    folder: &std::path::Path,
    ports: &mut Ports,
) -> Process {
    let mut arguments = vec![
        format!("--app-id={}", app.app_id),
        format!("--app-port={}", ports.of(app.app_port)),
        format!("--dapr-http-port={}", ports.of(app.dapr_http_port)),
        format!("--config={}", kafka.dapr().join(&common.config_file_path).display()),
        format!("--enable-app-health-check={}", app.enable_app_health_check),
        format!("--app-health-check-path={}", app.app_health_check_path),
    ];
    arguments.extend(Kafka::flags());
    for path in &common.resources_paths {
        arguments.push(format!("--resources-path={}", kafka.dapr().join(path).display()));
    }
    let environment =
        vec![("DAPR_API_TOKEN", API_TOKEN.to_owned()), ("APP_API_TOKEN", APP_TOKEN.to_owned())];
    let name = format!("{}-sidecar", app.app_id);
    Process::new(&name, folder, kafka.daprd.clone(), arguments, environment)
}
