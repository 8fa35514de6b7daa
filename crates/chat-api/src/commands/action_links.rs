//! Following a link in a notification: what it would do, and doing it, once.

use events::{ACTION_LINK_CONTEXT, ActionLink, LinkAction};
use platform::sealed_token;
use sqlx::PgConnection;

use super::{precondition::Precondition, tasks};
use crate::{
    context::{Call, Context},
    domain::task::{self, Task, Wait},
    error::Failure,
    store,
};

/// A link, as it is found when it is followed.
#[derive(Debug)]
pub(crate) enum Found {
    /// It may be used.
    Good(ActionLink, Box<Task>),
    /// It was used before.
    Used,
    /// It is none of ours, has run out, or leads to what is no longer there.
    NoGood,
}

/// What following a link has done.
#[derive(Debug)]
pub(crate) enum Acted {
    /// What it says; the task after.
    Done(ActionLink, Box<Task>),
    /// Nothing: there was nothing left to do.
    TooLate,
    /// Nothing: it was used before.
    Used,
    /// Nothing: it is no good.
    NoGood,
}

/// Looks at what a link would do. Changes nothing, however often a mail scanner asks.
pub(crate) async fn look(context: &Context, token: &str) -> Result<Found, Failure> {
    let Some(link) = read(context, token) else { return Ok(Found::NoGood) };
    let mut tx = store::begin_for(&context.pool, link.user_id).await?;
    let found = find(&mut tx, link).await?;
    tx.commit().await?;
    Ok(found)
}

/// Does what a link says, if it is the first time; a snooze for as long as is asked.
pub(crate) async fn follow(
    context: &Context,
    token: &str,
    wait: Wait,
    correlation_id: events::CorrelationId,
) -> Result<Acted, Failure> {
    let Some(link) = read(context, token) else { return Ok(Acted::NoGood) };
    let call = Call { user_id: link.user_id, correlation_id };
    let mut tx = store::begin_for(&context.pool, call.user_id).await?;
    let link = match find(&mut tx, link).await? {
        Found::Good(link, _) => link,
        Found::Used => return Ok(Acted::Used),
        Found::NoGood => return Ok(Acted::NoGood),
    };
    if !store::action_links::take(&mut tx, &link).await? {
        return Ok(Acted::Used);
    }
    let locked = tasks::lock(&mut tx, call, link.task_id, &Precondition::None).await?;
    let decided = match link.action {
        LinkAction::Done => task::complete(&locked.task, link.occurrence, locked.moment),
        LinkAction::Snooze => task::snooze(&locked.task, link.reminder_id, wait, locked.moment),
    };
    // Whatever the reason, the person had something in mind that is no more.
    let Ok(decided) = decided else { return Ok(Acted::TooLate) };
    let task = tasks::carry_out(&mut tx, context, call, &locked, decided).await?;
    tx.commit().await?;
    tasks::wake(context, call);
    Ok(Acted::Done(link, Box::new(task)))
}

fn read(context: &Context, token: &str) -> Option<ActionLink> {
    let text = sealed_token::open(&context.keys, ACTION_LINK_CONTEXT, token).ok()?;
    serde_json::from_str(&text).ok()
}

async fn find(conn: &mut PgConnection, link: ActionLink) -> Result<Found, Failure> {
    if link.expires_at <= messaging::now(conn).await? {
        return Ok(Found::NoGood);
    }
    let Some(task) = store::tasks::find(conn, link.user_id, link.task_id).await? else {
        return Ok(Found::NoGood);
    };
    if store::action_links::is_used(conn, &link).await? {
        return Ok(Found::Used);
    }
    Ok(Found::Good(link, Box::new(task)))
}
