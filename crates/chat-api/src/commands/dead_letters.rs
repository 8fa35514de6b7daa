//! Having dead letters tried again or forgotten: one's own at once, the worker's by asking it.

use events::{
    DeadLetterDiscardRequested, DeadLetterId, DeadLetterRedriveRequested, Event, Payload,
};
use messaging::{LetterState, Verdict, Wish};
use sqlx::PgConnection;

use crate::{
    context::{Call, Context},
    error::Failure,
    store::{self, dead_letters::DeadLetter},
    subscribers::ChatSubscriber,
};

/// Does what is wished, or asks the worker for it; returns the letter as it then is.
pub(crate) async fn decide(
    context: &Context,
    call: Call,
    id: DeadLetterId,
    wish: Wish,
) -> Result<DeadLetter, Failure> {
    let subscriber = ChatSubscriber::new(context.clone());
    let mut tx = store::begin_system(&context.pool).await?;
    let decided = messaging::decide(&mut tx, &context.outbox, &subscriber, id, wish).await?;
    match decided.verdict {
        // Why it is refused is shown with the letter.
        Verdict::Done | Verdict::Refused { .. } => {}
        Verdict::Discarded => return Err(Failure::DeadLetterDiscarded),
        Verdict::Unknown => ask(&mut tx, context, call, id, wish).await?,
    }
    let letter = store::dead_letters::find(&mut tx, id).await?.ok_or(Failure::NotFound)?;
    tx.commit().await?;
    decided.committed(&context.outbox, &subscriber);
    Ok(letter)
}

/// Asks the worker, unless it has done so already. What is asked last counts.
async fn ask(
    conn: &mut PgConnection,
    context: &Context,
    call: Call,
    id: DeadLetterId,
    wish: Wish,
) -> Result<(), Failure> {
    let state = store::dead_letters::lock_announced(conn, id).await?.ok_or(Failure::NotFound)?;
    let is = |one: LetterState| state == one.name();
    match wish {
        Wish::Redrive if is(LetterState::Discarded) => return Err(Failure::DeadLetterDiscarded),
        _ if is(LetterState::Redriven) || is(LetterState::Discarded) => return Ok(()),
        _ => {}
    }
    let request: Payload = match wish {
        Wish::Redrive => DeadLetterRedriveRequested { id }.into(),
        Wish::Discard => DeadLetterDiscardRequested { id }.into(),
    };
    let now = messaging::now(conn).await?;
    let event = Event::new(context.outbox.service(), call.correlation_id, now, request);
    store::dead_letters::request(conn, id, event.event_id).await?;
    context.outbox.append(conn, &[event.into()]).await?;
    Ok(())
}
