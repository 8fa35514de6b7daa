//! The table `channel`; addresses and secrets are ciphertext here.

use events::{ChannelId, ChannelKind, UserId};
use platform::sealing::Sealed;
use sqlx::PgConnection;
use uuid::Uuid;

/// A channel with its sealed address and secret.
#[derive(Clone, Debug)]
pub(crate) struct Channel {
    pub(crate) channel_id: ChannelId,
    pub(crate) user_id: UserId,
    pub(crate) kind: ChannelKind,
    pub(crate) address: Sealed,
    pub(crate) secret: Option<Sealed>,
}

struct Row {
    channel_id: Uuid,
    user_id: Uuid,
    kind: String,
    address_key_id: String,
    address_ciphertext: String,
    secret_key_id: Option<String>,
    secret_ciphertext: Option<String>,
}

impl From<Row> for Channel {
    fn from(row: Row) -> Self {
        let sealed = |(key_id, ciphertext)| Sealed { key_id, ciphertext };
        Self {
            channel_id: row.channel_id.into(),
            user_id: row.user_id.into(),
            kind: ChannelKind::named(&row.kind),
            address: sealed((row.address_key_id, row.address_ciphertext)),
            secret: row.secret_key_id.zip(row.secret_ciphertext).map(sealed),
        }
    }
}

/// Stores a channel.
pub(crate) async fn insert(conn: &mut PgConnection, channel: &Channel) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into channel (channel_id, user_id, kind, address_key_id, address_ciphertext,
             secret_key_id, secret_ciphertext, created_at)
         values ($1, $2, $3, $4, $5, $6, $7, messaging.clock())",
        channel.channel_id.uuid(),
        channel.user_id.uuid(),
        channel.kind.name(),
        channel.address.key_id,
        channel.address.ciphertext,
        channel.secret.as_ref().map(|secret| secret.key_id.as_str()),
        channel.secret.as_ref().map(|secret| secret.ciphertext.as_str()),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The channels of some people, oldest first within each.
pub(crate) async fn of_people(
    conn: &mut PgConnection,
    user_ids: &[Uuid],
) -> sqlx::Result<Vec<Channel>> {
    let rows = sqlx::query_as!(
        Row,
        "select channel_id, user_id, kind, address_key_id, address_ciphertext, secret_key_id,
             secret_ciphertext
         from channel where user_id = any ($1) order by user_id, created_at, channel_id",
        user_ids,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(Channel::from).collect())
}

/// A person's channels, oldest first.
pub(crate) async fn list(conn: &mut PgConnection, user_id: UserId) -> sqlx::Result<Vec<Channel>> {
    of_people(conn, &[user_id.uuid()]).await
}

/// Deletes a channel; `false` where the person has none such.
pub(crate) async fn delete(
    conn: &mut PgConnection,
    user_id: UserId,
    channel_id: ChannelId,
) -> sqlx::Result<bool> {
    let deleted = sqlx::query!(
        "delete from channel where channel_id = $1 and user_id = $2",
        channel_id.uuid(),
        user_id.uuid(),
    )
    .execute(conn)
    .await?;
    Ok(deleted.rows_affected() == 1)
}
