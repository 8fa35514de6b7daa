//! The table `list`.

use chrono::{DateTime, Utc};
use events::{ListId, TaskId, UserId};
use sqlx::PgConnection;
use uuid::Uuid;

/// A list of tasks.
#[derive(Clone, Debug)]
pub(crate) struct List {
    pub(crate) list_id: Uuid,
    pub(crate) name: String,
    pub(crate) is_inbox: bool,
    pub(crate) position: String,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) updated_at: DateTime<Utc>,
}

/// Stores a list.
pub(crate) async fn insert(
    conn: &mut PgConnection,
    user_id: UserId,
    list_id: ListId,
    name: &str,
    is_inbox: bool,
    position: &str,
) -> sqlx::Result<List> {
    sqlx::query_as!(
        List,
        "insert into list (list_id, user_id, name, is_inbox, position, created_at, updated_at)
         values ($1, $2, $3, $4, $5, messaging.clock(), messaging.clock())
         returning list_id, name, is_inbox, position, created_at, updated_at",
        list_id.uuid(),
        user_id.uuid(),
        name,
        is_inbox,
        position,
    )
    .fetch_one(conn)
    .await
}

/// A person's lists in their order.
pub(crate) async fn all(conn: &mut PgConnection, user_id: UserId) -> sqlx::Result<Vec<List>> {
    sqlx::query_as!(
        List,
        "select list_id, name, is_inbox, position, created_at, updated_at from list
         where user_id = $1 order by position, list_id",
        user_id.uuid(),
    )
    .fetch_all(conn)
    .await
}

/// A list, which then stays until the transaction ends.
pub(crate) async fn keep(
    conn: &mut PgConnection,
    user_id: UserId,
    list_id: ListId,
) -> sqlx::Result<Option<ListId>> {
    let found = sqlx::query_scalar!(
        "select list_id from list where list_id = $1 and user_id = $2 for key share",
        list_id.uuid(),
        user_id.uuid(),
    )
    .fetch_optional(conn)
    .await?;
    Ok(found.map(ListId::from))
}

/// A person's inbox.
pub(crate) async fn inbox(conn: &mut PgConnection, user_id: UserId) -> sqlx::Result<ListId> {
    sqlx::query_scalar!("select list_id from list where user_id = $1 and is_inbox", user_id.uuid())
        .fetch_one(conn)
        .await
        .map(ListId::from)
}

/// A list with its row locked.
pub(crate) async fn lock(
    conn: &mut PgConnection,
    user_id: UserId,
    list_id: ListId,
) -> sqlx::Result<Option<List>> {
    sqlx::query_as!(
        List,
        "select list_id, name, is_inbox, position, created_at, updated_at from list
         where list_id = $1 and user_id = $2 for update",
        list_id.uuid(),
        user_id.uuid(),
    )
    .fetch_optional(conn)
    .await
}

/// Writes a locked list's name and position.
pub(crate) async fn save(
    conn: &mut PgConnection,
    user_id: UserId,
    list: &List,
) -> sqlx::Result<List> {
    sqlx::query_as!(
        List,
        "update list set name = $3, position = $4, updated_at = messaging.clock()
         where list_id = $1 and user_id = $2
         returning list_id, name, is_inbox, position, created_at, updated_at",
        list.list_id,
        user_id.uuid(),
        list.name,
        list.position,
    )
    .fetch_one(conn)
    .await
}

/// Deletes a list without tasks.
pub(crate) async fn delete(
    conn: &mut PgConnection,
    user_id: UserId,
    list_id: ListId,
) -> sqlx::Result<()> {
    sqlx::query!(
        "delete from list where list_id = $1 and user_id = $2",
        list_id.uuid(),
        user_id.uuid()
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Some tasks of a list that are not in the trash, in the order of their ids.
pub(crate) async fn some_tasks(
    conn: &mut PgConnection,
    user_id: UserId,
    list_id: ListId,
    limit: i64,
) -> sqlx::Result<Vec<TaskId>> {
    let ids = sqlx::query_scalar!(
        "select task_id from task where list_id = $1 and user_id = $2 and deleted_at is null
         order by task_id limit $3",
        list_id.uuid(),
        user_id.uuid(),
        limit,
    )
    .fetch_all(conn)
    .await?;
    Ok(ids.into_iter().map(TaskId::from).collect())
}
