//! The table `person` once more: what somebody signs in with, who is an administrator, and the end.

use chrono::{DateTime, Utc};
use events::UserId;
use sqlx::PgConnection;
use uuid::Uuid;

use super::persons::EMAIL_INDEX;

/// What somebody signs in with.
#[derive(Clone, Debug)]
pub(crate) struct Credentials {
    pub(crate) user_id: UserId,
    pub(crate) email: String,
    pub(crate) password_hash: String,
}

/// Who is an administrator.
#[derive(Clone, Debug)]
pub(crate) struct Admins {
    /// Those with these addresses.
    pub(crate) emails: Vec<String>,
    /// And the oldest account.
    pub(crate) first_account: bool,
}

/// An account as an administrator sees it.
#[derive(Clone, Debug)]
pub(crate) struct AccountSummary {
    pub(crate) user_id: Uuid,
    pub(crate) email: String,
    pub(crate) created_at: DateTime<Utc>,
    /// Those that are not in the trash.
    pub(crate) tasks: i64,
    pub(crate) last_used_at: Option<DateTime<Utc>>,
}

/// Where a page of a list ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cursor {
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) user_id: Uuid,
}

struct Row {
    user_id: Uuid,
    email: String,
    password_hash: String,
}

impl From<Row> for Credentials {
    fn from(row: Row) -> Self {
        Self { user_id: row.user_id.into(), email: row.email, password_hash: row.password_hash }
    }
}

/// What the person with this address signs in with. For the system.
pub(crate) async fn by_email(
    conn: &mut PgConnection,
    email: &str,
) -> sqlx::Result<Option<Credentials>> {
    let found = sqlx::query_as!(
        Row,
        "select user_id, email, password_hash from person where lower(email) = lower($1)",
        email,
    )
    .fetch_optional(conn)
    .await?;
    Ok(found.map(Credentials::from))
}

/// What a person signs in with.
pub(crate) async fn find(
    conn: &mut PgConnection,
    user_id: UserId,
) -> sqlx::Result<Option<Credentials>> {
    let found = sqlx::query_as!(
        Row,
        "select user_id, email, password_hash from person where user_id = $1",
        user_id.uuid(),
    )
    .fetch_optional(conn)
    .await?;
    Ok(found.map(Credentials::from))
}

/// Whether a person's password is still the one with this hash; it then stays so until the
/// transaction ends.
pub(crate) async fn lock_password(
    conn: &mut PgConnection,
    user_id: UserId,
    password_hash: &str,
) -> sqlx::Result<bool> {
    let found = sqlx::query_scalar!(
        r#"select true as "found!" from person where user_id = $1 and password_hash = $2
         for no key update"#,
        user_id.uuid(),
        password_hash,
    )
    .fetch_optional(conn)
    .await?;
    Ok(found.is_some())
}

/// Writes a person's password.
pub(crate) async fn set_password(
    conn: &mut PgConnection,
    user_id: UserId,
    password_hash: &str,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update person set password_hash = $2 where user_id = $1",
        user_id.uuid(),
        password_hash,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Writes a person's address; `false` where it is another account's.
pub(crate) async fn set_email(
    conn: &mut PgConnection,
    user_id: UserId,
    email: &str,
) -> sqlx::Result<bool> {
    let set =
        sqlx::query!("update person set email = $2 where user_id = $1", user_id.uuid(), email)
            .execute(conn)
            .await;
    match set {
        Ok(_) => Ok(true),
        Err(sqlx::Error::Database(error)) if error.constraint() == Some(EMAIL_INDEX) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Notes that a person uses the service, unless the row is just being changed. For the system.
pub(crate) async fn note_use(conn: &mut PgConnection, user_id: UserId) -> sqlx::Result<()> {
    sqlx::query!(
        "update person set last_used_at = messaging.clock()
         where user_id = (select user_id from person where user_id = $1
             for no key update skip locked)",
        user_id.uuid(),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Deletes a locked person and all that is theirs.
pub(crate) async fn delete(conn: &mut PgConnection, user_id: UserId) -> sqlx::Result<()> {
    // Whoever works on a task has its list's row and its own, and then asks for its owner's: so they
    // go first, in the order in which everybody locks them.
    sqlx::query!(
        "select list_id from list where user_id = $1 order by list_id for update",
        user_id.uuid(),
    )
    .fetch_all(&mut *conn)
    .await?;
    sqlx::query!(
        "select task_id from task where user_id = $1 order by task_id for update",
        user_id.uuid(),
    )
    .fetch_all(&mut *conn)
    .await?;
    sqlx::query!("delete from idempotency_key where user_id = $1", user_id.uuid())
        .execute(&mut *conn)
        .await?;
    sqlx::query!("delete from person where user_id = $1", user_id.uuid()).execute(conn).await?;
    Ok(())
}

/// Whether a person is an administrator. For the system, as it may take a look at who is the oldest.
pub(crate) async fn is_admin(
    conn: &mut PgConnection,
    user_id: UserId,
    admins: &Admins,
) -> sqlx::Result<bool> {
    let is_admin = sqlx::query_scalar!(
        r#"select lower(p.email) = any (select lower(named) from unnest($2::text[]) named)
             or ($3 and not exists (select from person older
                 where (older.created_at, older.user_id) < (p.created_at, p.user_id)))
             as "is_admin!"
         from person p where p.user_id = $1"#,
        user_id.uuid(),
        &admins.emails,
        admins.first_account,
    )
    .fetch_optional(conn)
    .await?;
    Ok(is_admin.unwrap_or(false))
}

/// Everybody's accounts, oldest first, from a cursor on. For the system.
pub(crate) async fn list(
    conn: &mut PgConnection,
    cursor: Option<Cursor>,
    limit: i64,
) -> sqlx::Result<Vec<AccountSummary>> {
    sqlx::query_as!(
        AccountSummary,
        r#"select p.user_id, p.email, p.created_at, p.last_used_at,
             (select count(*) from task t where t.user_id = p.user_id and t.deleted_at is null)
                 as "tasks!"
         from person p
         where $1::timestamptz is null or (p.created_at, p.user_id) > ($1, $2::uuid)
         order by p.created_at, p.user_id limit $3"#,
        cursor.map(|cursor| cursor.created_at),
        cursor.map(|cursor| cursor.user_id),
        limit,
    )
    .fetch_all(conn)
    .await
}
