//! The system, put together.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use reqwest::Response;
use sqlx::PgPool;
use tempfile::TempDir;
use testing::{CuttingProxy, TestDatabase, eventually, free_port};

use crate::{bus, kafka::Kafka, process::Process};

/// What both services seal with.
pub const SEALING_KEYS: &str = "k1:AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";
/// What a sidecar shows to its application.
pub const APP_TOKEN: &str = "the-apps-token";
/// What a service shows to its sidecar.
pub const API_TOKEN: &str = "the-sidecars-token";
/// A refused delivery comes again soon; production waits 5 s.
const REDELIVERY_INTERVAL_MS: u64 = 200;

/// What the system is to be like.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Replicas of chat-api, each with its sidecar, on one database.
    pub chat_apis: usize,
    /// Replicas of the worker, each with its sidecar, on one database.
    pub workers: usize,
    /// Whether chat-api begins without a bus (`EVENT_BUS=hold`).
    pub hold: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { chat_apis: 1, workers: 1, hold: false }
    }
}

/// A replica of a service, its sidecar, and the proxies between it and everything else.
#[derive(Debug)]
pub struct Instance {
    /// The service.
    pub service: Process,
    /// Its sidecar.
    pub sidecar: Process,
    /// From the service to its database.
    pub database_proxy: CuttingProxy,
    /// From the service to its sidecar.
    pub publish_proxy: CuttingProxy,
    /// From the sidecar to the service.
    pub delivery_proxy: CuttingProxy,
    /// Where chat-api serves people; nothing listens there for a worker.
    pub base: String,
    health: SocketAddr,
}

/// The system.
#[derive(Debug)]
pub struct Stack {
    /// chat-api's replicas.
    pub chat_apis: Vec<Instance>,
    /// The worker's replicas.
    pub workers: Vec<Instance>,
    /// chat-api's database.
    pub chat_database: TestDatabase,
    /// The worker's database.
    pub worker_database: TestDatabase,
    /// The bus's database.
    pub bus_database: TestDatabase,
    /// A superuser's connections to them: chat-api's.
    pub chat: PgPool,
    /// The worker's.
    pub worker: PgPool,
    /// The bus's.
    pub bus: PgPool,
    /// The broker, where the sidecars are daprd.
    pub kafka: Option<Kafka>,
    folder: TempDir,
}

impl Stack {
    /// Starts the system and waits until every part answers.
    ///
    /// # Panics
    /// When it does not come up.
    pub async fn start(options: Options) -> Self {
        Self::start_with(options, None).await
    }

    /// The same on daprd and Kafka.
    ///
    /// # Panics
    /// When it does not come up.
    pub async fn start_on(kafka: Kafka, options: Options) -> Self {
        Self::start_with(options, Some(kafka)).await
    }

    async fn start_with(options: Options, kafka: Option<Kafka>) -> Self {
        let folder = TempDir::new().expect("a folder");
        let chat_database = TestDatabase::create_owned().await;
        let worker_database = TestDatabase::create_owned().await;
        let bus_database = TestDatabase::create().await;
        let bus = bus_database.pool(4);
        bus::prepare(&bus).await;
        migrate("chat-api", &chat_database, &folder);
        migrate("reminder-worker", &worker_database, &folder);
        let mut stack = Self {
            chat: chat_database.pool(4),
            worker: worker_database.pool(4),
            bus,
            chat_apis: Vec::new(),
            workers: Vec::new(),
            chat_database,
            worker_database,
            bus_database,
            kafka,
            folder,
        };
        for number in 0..options.chat_apis {
            let instance = stack.instance("chat-api", number, options.hold).await;
            stack.chat_apis.push(instance);
        }
        for number in 0..options.workers {
            let instance = stack.instance("reminder-worker", number, false).await;
            stack.workers.push(instance);
        }
        for instance in stack.chat_apis.iter_mut().chain(&mut stack.workers) {
            instance.sidecar.start();
            instance.service.start();
        }
        for instance in stack.chat_apis.iter().chain(&stack.workers) {
            instance.ready().await;
        }
        stack
    }

    /// Where the first chat-api serves people.
    #[must_use]
    pub fn base(&self) -> &str {
        &self.chat_apis[0].base
    }

    /// Every part, to be killed.
    pub fn processes(&mut self) -> Vec<&mut Process> {
        self.chat_apis
            .iter_mut()
            .chain(&mut self.workers)
            .flat_map(|instance| [&mut instance.service, &mut instance.sidecar])
            .collect()
    }

    /// Runs a command of a service's binary to its end, `reconcile` for one.
    pub fn run(&self, binary: &'static str, command: &str) {
        let database =
            if binary == "chat-api" { &self.chat_database } else { &self.worker_database };
        command_of(binary, command, database, &self.folder).run();
    }

    /// Stops the system and drops its databases.
    pub async fn stop(mut self) {
        self.chat_apis.clear();
        self.workers.clear();
        self.chat.close().await;
        self.worker.close().await;
        self.bus.close().await;
        self.chat_database.drop().await;
        self.worker_database.drop().await;
        self.bus_database.drop().await;
    }

    async fn instance(&self, binary: &'static str, number: usize, hold: bool) -> Instance {
        let (http, health, app, publish) = (free_port(), free_port(), free_port(), free_port());
        let database =
            if binary == "chat-api" { &self.chat_database } else { &self.worker_database };
        let database_proxy = CuttingProxy::start(database.address()).await;
        let publish_proxy = CuttingProxy::start(publish).await;
        let delivery_proxy = CuttingProxy::start(app).await;
        let bus = if hold { "hold" } else { "dapr" };
        let mut environment = vec![
            ("DATABASE_URL", database.owner_url_via(database_proxy.address())),
            ("HEALTH_ADDR", health.to_string()),
            ("APP_ADDR", app.to_string()),
            ("DAPR_HTTP_PORT", publish_proxy.address().port().to_string()),
            ("DAPR_API_TOKEN", API_TOKEN.to_owned()),
            ("APP_API_TOKEN", APP_TOKEN.to_owned()),
            ("EVENT_BUS", bus.to_owned()),
            ("SEALING_KEYS", SEALING_KEYS.to_owned()),
            ("LOG_FORMAT", "text".to_owned()),
        ];
        if binary == "chat-api" {
            environment.push(("LISTEN_ADDR", http.to_string()));
            environment.push(("PUBLIC_URL", format!("http://{http}")));
        } else {
            environment.push(("WEBHOOK_ALLOW", "loopback".to_owned()));
        }
        let name = format!("{binary}-{number}");
        let folder = self.folder.path();
        let service = Process::new(&name, folder, binary, vec!["serve".to_owned()], environment);
        let delivery_port = delivery_proxy.address().port();
        let sidecar = self.sidecar(binary, &name, delivery_port, publish.port());
        let base = format!("http://{http}");
        Instance { service, sidecar, database_proxy, publish_proxy, delivery_proxy, base, health }
    }

    fn sidecar(&self, app_id: &str, name: &str, app_port: u16, port: u16) -> Process {
        let ours = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../dapr");
        let dapr = self.kafka.as_ref().map_or_else(ours, Kafka::dapr);
        let mut arguments = vec![
            format!("--app-id={app_id}"),
            format!("--app-port={app_port}"),
            format!("--dapr-http-port={port}"),
            format!("--resources-path={}", dapr.join("components").display()),
            format!("--resources-path={}", dapr.join("subscriptions").display()),
            format!("--config={}", dapr.join("config.yaml").display()),
        ];
        let mut environment =
            vec![("DAPR_API_TOKEN", API_TOKEN.to_owned()), ("APP_API_TOKEN", APP_TOKEN.to_owned())];
        let name = format!("{name}-sidecar");
        if let Some(kafka) = &self.kafka {
            arguments.extend(Kafka::flags());
            let daprd = kafka.daprd.clone();
            return Process::new(&name, self.folder.path(), daprd, arguments, environment);
        }
        arguments.insert(0, "sidecar".to_owned());
        environment.push(("BUS_DATABASE_URL", self.bus_database.url()));
        let interval = REDELIVERY_INTERVAL_MS.to_string();
        environment.push(("LOCAL_REDELIVERY_INTERVAL_MS", interval));
        Process::new(&name, self.folder.path(), "local", arguments, environment)
    }
}

impl Instance {
    /// Delivers a body to the service's own route for a topic, as its sidecar does, with a token and
    /// further headers.
    ///
    /// # Panics
    /// Without an answer.
    pub async fn deliver(
        &self,
        topic: &str,
        token: Option<&str>,
        headers: &[(&str, String)],
        body: Vec<u8>,
    ) -> Response {
        let url = format!("http://{}/events/{topic}", self.delivery_proxy.address());
        let mut request = reqwest::Client::new().post(url).body(body);
        if let Some(token) = token {
            request = request.header("dapr-api-token", token);
        }
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        request.send().await.expect("an answer")
    }

    /// What the service shows to Prometheus.
    ///
    /// # Panics
    /// Without an answer.
    pub async fn metrics(&self) -> String {
        let url = format!("http://{}/metrics", self.health);
        let answer = reqwest::Client::new().get(url).send().await.expect("an answer");
        assert!(answer.status().is_success(), "{answer:?}");
        answer.text().await.expect("text")
    }

    /// Waits until the service says that it is ready.
    ///
    /// # Panics
    /// When it does not.
    pub async fn ready(&self) {
        let url = format!("http://{}/readyz", self.health);
        eventually(&format!("{url} to be ready"), || async {
            let answer = reqwest::Client::new()
                .get(&url)
                .timeout(Duration::from_secs(5))
                .send()
                .await
                .ok()?;
            answer.status().is_success().then_some(())
        })
        .await;
    }
}

/// Runs a service's `migrate` to its good end, and returns what it logged.
///
/// # Panics
/// When it fails.
pub fn migrate(binary: &'static str, database: &TestDatabase, folder: &TempDir) -> String {
    command_of(binary, "migrate", database, folder).run()
}

fn command_of(
    binary: &'static str,
    command: &str,
    database: &TestDatabase,
    folder: &TempDir,
) -> Process {
    let environment = vec![
        ("DATABASE_URL", database.owner_url()),
        ("SEALING_KEYS", SEALING_KEYS.to_owned()),
        ("LOG_FORMAT", "text".to_owned()),
    ];
    let name = format!("{binary}-{command}");
    Process::new(&name, folder.path(), binary, vec![command.to_owned()], environment)
}
