//! The local sidecar as the bus under test, over a database of its own.

use std::{process::Command, time::Duration};

use local::sidecar::topics::{self, TopicSpec};

use super::{bus::Bus, database::Database};

/// How long a refused record waits, in milliseconds.
const REDELIVERY_INTERVAL_MS: u64 = 100;

pub(crate) struct LocalBus {
    pub(crate) database: Database,
}

impl LocalBus {
    pub(crate) async fn create() -> Self {
        let database = Database::create().await;
        topics::migrate(&database.pool).await.expect("the schema");
        Self { database }
    }
}

impl Bus for LocalBus {
    async fn create_topics(&self, topics: &[(String, u16)]) {
        let topics: Vec<_> = topics
            .iter()
            .map(|(name, partitions)| TopicSpec {
                name: name.clone(),
                partitions: *partitions,
                retention_days: 7,
            })
            .collect();
        topics::create(&self.database.pool, &topics).await.expect("topics");
    }

    fn command(&self) -> Command {
        // Another program with the same flags may be named, to compare.
        let program = std::env::var("SIDECAR_PROGRAM");
        let mut command =
            Command::new(program.unwrap_or_else(|_| env!("CARGO_BIN_EXE_local").to_owned()));
        command
            .arg("sidecar")
            .env("RUST_LOG", std::env::var("RUST_LOG").unwrap_or_else(|_| "error".to_owned()))
            .env("BUS_DATABASE_URL", self.database.url())
            .env("LOCAL_REDELIVERY_INTERVAL_MS", REDELIVERY_INTERVAL_MS.to_string());
        command
    }

    fn brokers(&self) -> &str {
        // Not looked at: the log is a database.
        "127.0.0.1:9092"
    }

    async fn settled(&self, group: &str, topic: &str) -> u64 {
        let settled: i64 = sqlx::query_scalar(
            "select coalesce(sum(next_offset), 0)::bigint from bus.group_offset
             where consumer_group = $1 and topic = $2",
        )
        .bind(group)
        .bind(topic)
        .fetch_one(&self.database.pool)
        .await
        .expect("the group's offsets");
        settled.try_into().expect("no offset is negative")
    }

    async fn stop_broker(&self) {
        self.database.close_to_others().await;
    }

    async fn start_broker(&self) {
        self.database.open_to_others().await;
    }

    fn redelivery_interval(&self) -> Duration {
        Duration::from_millis(2 * REDELIVERY_INTERVAL_MS)
    }
}
