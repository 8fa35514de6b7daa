//! `topics`: an installer's step before anything serves. Dapr can't make topics, so this is the one place
//! where chat-api speaks to the broker itself; no event goes this way.

use std::time::Duration;

use events::Topic;
use kafka_admin::{Admin, KafkaError, TopicSpec};
use platform::backoff::Backoff;
use tokio::time;

use crate::settings::TopicsSettings;

const RETRY: Backoff =
    Backoff { first: Duration::from_millis(500), longest: Duration::from_secs(5) };

/// How long a broker may take to learn what its controller has made.
const LEARNING: Duration = Duration::from_secs(10);
/// How often it is asked meanwhile.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// The bus is not ready for the services.
#[derive(Debug, thiserror::Error)]
pub enum TopicsError {
    /// The broker is away, or refuses.
    #[error(transparent)]
    Kafka(#[from] KafkaError),
    /// Nothing was to be created, and not everything is there.
    #[error(
        "the bus lacks {}; create what is missing with {} partitions, or run `chat-api topics` without --check",
        .0.join(", "),
        Topic::PARTITIONS
    )]
    Missing(Vec<String>),
}

/// Creates the topics that are missing and sets the retention of all, or only looks whether all are there.
/// Safe to repeat. Returns a line for each topic.
///
/// # Errors
/// [`TopicsError`], after waiting for a broker for as long as the settings say.
pub async fn topics(settings: &TopicsSettings) -> Result<Vec<String>, TopicsError> {
    let mut admin = connect(settings).await?;
    if settings.check {
        check(&mut admin).await?;
    } else {
        let brokers = u16::try_from(admin.brokers().await?).unwrap_or(u16::MAX);
        let usual = brokers.min(Topic::CLOUD_REPLICATION);
        let replication = settings.replication.unwrap_or(usual);
        let specs = Topic::ALL.map(|topic| TopicSpec::of(topic, replication));
        admin.ensure_topics(&specs).await?;
        wait_until_known(&mut admin).await?;
    }
    let partitions = admin.partitions(Topic::ALL.map(Topic::name)).await?;
    let line = |(topic, partitions)| format!("{topic}: {partitions} partitions");
    Ok(partitions.into_iter().map(line).collect())
}

/// Whoever looks next, or publishes, finds what was made.
async fn wait_until_known(admin: &mut Admin) -> Result<(), TopicsError> {
    let end = time::Instant::now() + LEARNING;
    loop {
        match check(admin).await {
            Err(TopicsError::Missing(_)) if time::Instant::now() < end => {
                time::sleep(LOOK_EVERY).await;
            }
            answer => return answer,
        }
    }
}

async fn check(admin: &mut Admin) -> Result<(), TopicsError> {
    let there = admin.partitions(Topic::ALL.map(Topic::name)).await?;
    let lacking = |topic: Topic| match there.get(topic.name()).copied() {
        None => Some(format!("the topic {topic}")),
        Some(partitions) if partitions < usize::from(Topic::PARTITIONS) => {
            Some(format!("{} of {topic}'s partitions", usize::from(Topic::PARTITIONS) - partitions))
        }
        Some(_) => None,
    };
    let missing: Vec<_> = Topic::ALL.into_iter().filter_map(lacking).collect();
    if missing.is_empty() { Ok(()) } else { Err(TopicsError::Missing(missing)) }
}

async fn connect(settings: &TopicsSettings) -> Result<Admin, KafkaError> {
    let wait = Duration::from_secs(settings.wait_secs);
    let end = time::Instant::now() + wait;
    let mut failures = 0;
    loop {
        match Admin::connect(&settings.brokers).await {
            Err(error @ KafkaError::Away { .. }) => {
                failures += 1;
                let delay = RETRY.delay(failures);
                if time::Instant::now() + delay > end {
                    return Err(error);
                }
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "the broker does not answer yet"
                );
                time::sleep(delay).await;
            }
            answer => return answer,
        }
    }
}
