//! A person's reminders, as the worker told them.

use events::UserId;

use super::Page;
use crate::{
    context::Context,
    error::Failure,
    store::{
        self,
        reminders::{Cursor, Reminder, ReminderStatus},
    },
};

/// A page of reminders in the order of their time.
pub(crate) async fn list(
    context: &Context,
    user_id: UserId,
    status: Option<ReminderStatus>,
    cursor: Option<Cursor>,
    limit: i64,
) -> Result<Page<Reminder, Cursor>, Failure> {
    let mut tx = store::begin_for(&context.pool, user_id).await?;
    let reach = store::feed::reach(&mut tx, user_id).await?;
    let reminders = store::reminders::list(&mut tx, user_id, status, cursor, limit + 1).await?;
    tx.commit().await?;
    Ok(Page::cut(reminders, limit, reach.head, |reminder| Cursor {
        listed_at: reminder.listed_at,
        reminder_id: reminder.reminder_id.into(),
    }))
}
