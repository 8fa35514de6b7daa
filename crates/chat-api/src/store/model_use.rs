//! The table `model_use`: what a person's messages have cost today, in tokens of the language model.

use chrono::NaiveDate;
use events::UserId;
use sqlx::PgConnection;

/// Counts tokens that are about to be spent, and says on which day of UTC; `None` where more than `most`
/// would be spent on it, and nothing is counted.
pub(crate) async fn reserve(
    conn: &mut PgConnection,
    user_id: UserId,
    tokens: i64,
    most: i64,
) -> sqlx::Result<Option<NaiveDate>> {
    sqlx::query_scalar!(
        "insert into model_use as u (user_id, day, tokens)
         select $1, (messaging.clock() at time zone 'UTC')::date, $2::bigint where $2::bigint <= $3::bigint
         on conflict (user_id) do update
             set tokens = excluded.tokens + case when u.day = excluded.day then u.tokens else 0 end,
                 day = excluded.day
             where u.day <> excluded.day or u.tokens + excluded.tokens <= $3::bigint
         returning day",
        user_id.uuid(),
        tokens,
        most,
    )
    .fetch_optional(conn)
    .await
}

/// Corrects what was counted on a day, unless another one has begun.
pub(crate) async fn correct(
    conn: &mut PgConnection,
    user_id: UserId,
    day: NaiveDate,
    tokens: i64,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update model_use set tokens = greatest(tokens + $3, 0) where user_id = $1 and day = $2",
        user_id.uuid(),
        day,
        tokens,
    )
    .execute(conn)
    .await?;
    Ok(())
}
