//! Saying again what stands: the same version, a new event.

use chrono::{DateTime, Utc};
use events::{CorrelationId, Event, Payload};
use messaging::{AppendError, Outgoing};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{
    commands::{settings, tasks::urgent_at},
    context::Context,
    store::{self, persons::Person, tasks::Locked},
};

/// What may go wrong.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RestateError {
    #[error("the state can't be read")]
    Database(#[from] sqlx::Error),
    #[error("the state can't be appended")]
    Append(#[from] AppendError),
}

/// Says locked tasks again.
pub(super) async fn tasks(
    conn: &mut PgConnection,
    context: &Context,
    locked: &[Locked],
) -> Result<(), AppendError> {
    let facts = locked.iter().map(|Locked { task, moment, .. }| {
        (task.restate(), moment.now, urgent_at(task, moment.now))
    });
    append(conn, context, facts).await
}

/// Says the settings of locked people again.
pub(super) async fn settings_of(
    conn: &mut PgConnection,
    context: &Context,
    people: &[Person],
) -> Result<(), AppendError> {
    let user_ids: Vec<Uuid> = people.iter().map(|person| person.user_id.uuid()).collect();
    let now = messaging::now(conn).await?;
    let channels = store::channels::of_people(conn, &user_ids).await?;
    let facts = people.iter().map(|person| {
        // In the order of people both, so each one's are together.
        let first = channels.partition_point(|channel| channel.user_id < person.user_id);
        let last = channels.partition_point(|channel| channel.user_id <= person.user_id);
        (settings::fact(person, &channels[first..last]), now, None)
    });
    append(conn, context, facts).await
}

/// Appends facts that follow from no request.
pub(super) async fn append(
    conn: &mut PgConnection,
    context: &Context,
    facts: impl Iterator<Item = (Payload, DateTime<Utc>, Option<DateTime<Utc>>)>,
) -> Result<(), AppendError> {
    let correlation_id = CorrelationId::random();
    let outgoing: Vec<Outgoing> = facts
        .map(|(fact, now, urgent_at)| {
            let event = Event::new(context.outbox.service(), correlation_id, now, fact);
            Outgoing::new(event).urgent_at(urgent_at)
        })
        .collect();
    context.outbox.append(conn, &outgoing).await
}
