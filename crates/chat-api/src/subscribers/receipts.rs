//! What the worker did with what chat-api said.

use std::collections::BTreeMap;

use events::{EventType, ReceiptOutcome, TaskId, UserId};
use messaging::{ApplyError, LetterState, Settled};
use sqlx::PgConnection;
use uuid::Uuid;

use super::convergence;
use crate::{commands, context::Context, store};

/// Notes which versions the worker has and which it refused. A version that it has and chat-api
/// never reached means that chat-api's database went back.
pub(super) async fn settled(
    conn: &mut PgConnection,
    context: &Context,
    settled: &[Settled],
) -> Result<(), ApplyError> {
    let of_tasks: Vec<&Settled> = settled.iter().filter(|one| is_of_task(one.event_type)).collect();
    let task_ids: Vec<Uuid> = of_tasks.iter().filter_map(|one| one.subject).collect();
    let versions: BTreeMap<TaskId, i64> =
        store::tasks::lock_versions(conn, &task_ids).await?.into_iter().collect();
    let mut received = (vec![], vec![]);
    let mut overtaken = BTreeMap::new();
    for one in of_tasks {
        let (Some(subject), Some(version)) = (one.subject, one.version) else { continue };
        let task_id = TaskId::from(subject);
        let Some(own) = versions.get(&task_id).copied() else { continue };
        let version = match &one.outcome {
            ReceiptOutcome::Rejected { reason } => {
                store::tasks::note_rejected(conn, task_id, version, reason).await?;
                continue;
            }
            ReceiptOutcome::Applied => version,
            ReceiptOutcome::Stale { version: theirs } => (*theirs).max(version),
        };
        if version > own {
            let highest = overtaken.entry(task_id).or_insert(version);
            *highest = version.max(*highest);
        } else {
            received.0.push(subject);
            received.1.push(version);
        }
    }
    store::tasks::note_received(conn, &received.0, &received.1).await?;
    for (task_id, seen) in overtaken {
        if let Some(locked) = store::tasks::lock_any(conn, task_id).await? {
            convergence::compare(conn, context, locked, seen).await?;
        }
    }
    settled_decisions(conn, settled).await?;
    settled_settings(conn, context, settled).await
}

/// Shows what came of decisions about the worker's dead letters.
async fn settled_decisions(conn: &mut PgConnection, settled: &[Settled]) -> sqlx::Result<()> {
    for one in settled {
        let state = match one.event_type {
            EventType::DeadLetterRedriveRequested => LetterState::Redriven,
            EventType::DeadLetterDiscardRequested => LetterState::Discarded,
            _ => continue,
        };
        let Some(id) = one.subject else { continue };
        let (state, problem) = match &one.outcome {
            ReceiptOutcome::Rejected { reason } => (LetterState::Kept, Some(reason.as_str())),
            ReceiptOutcome::Applied | ReceiptOutcome::Stale { .. } => (state, None),
        };
        store::dead_letters::settle(conn, id, one.event_id, state, problem).await?;
    }
    Ok(())
}

async fn settled_settings(
    conn: &mut PgConnection,
    context: &Context,
    settled: &[Settled],
) -> Result<(), ApplyError> {
    let mut theirs: BTreeMap<UserId, i64> = BTreeMap::new();
    for one in settled {
        if one.event_type == EventType::NotificationSettingsUpdated
            && let (Some(subject), ReceiptOutcome::Stale { version }) = (one.subject, &one.outcome)
        {
            let highest = theirs.entry(subject.into()).or_insert(*version);
            *highest = (*highest).max(*version);
        }
    }
    for (user_id, seen) in theirs {
        if seen > convergence::MAX_SEEN_VERSION {
            continue;
        }
        if let Some(person) = store::persons::overtake(conn, user_id, seen).await? {
            tracing::warn!(user.id = %user_id, "settings overtake a version from the future");
            let channels = store::channels::list(conn, user_id).await?;
            let now = messaging::now(conn).await?;
            let fact = commands::settings::fact(&person, &channels);
            convergence::say(conn, context, now, fact, None).await?;
        }
    }
    Ok(())
}

const fn is_of_task(event_type: EventType) -> bool {
    matches!(
        event_type,
        EventType::TaskCreated
            | EventType::TaskUpdated
            | EventType::TaskCompleted
            | EventType::TaskDeleted
    )
}
