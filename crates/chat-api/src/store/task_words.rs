//! The table `task_word`: what tasks are found by.

use sqlx::PgConnection;

use crate::domain::{search::words_of, task::Task};

/// Lets a task be found by what it says now. Its row is locked.
pub(crate) async fn set(conn: &mut PgConnection, task: &Task) -> sqlx::Result<()> {
    let state = &task.state;
    let words = words_of(&state.title, state.description.as_deref(), &state.tags);
    let (task_id, user_id) = (state.task_id.uuid(), state.user_id.uuid());
    sqlx::query!(
        "delete from task_word where task_id = $1 and user_id = $2 and word <> all ($3)",
        task_id,
        user_id,
        &words,
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!(
        "insert into task_word (user_id, word, task_id)
         select $2, word, $1 from unnest($3::text[]) as w (word)
         on conflict do nothing",
        task_id,
        user_id,
        &words,
    )
    .execute(conn)
    .await?;
    Ok(())
}
