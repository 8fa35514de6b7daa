//! Lanes: the unpublished rows of `messaging.outbox` by topic and key.

use sqlx::PgConnection;
use uuid::Uuid;

/// What keeps its order: the rows of one topic and key.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Lane {
    pub(crate) topic: String,
    pub(crate) partition_key: Uuid,
}

/// The oldest unpublished row of a lane.
#[derive(Debug)]
pub(crate) struct Head {
    pub(crate) lane: Lane,
    pub(crate) seq: i64,
    /// Whether it does not wait since the bus refused it.
    pub(crate) may_go: bool,
}

/// The heads of the lanes that come after one, in an order that only serves to go through all; reads
/// one row of each, however many it has.
pub(crate) async fn heads(
    conn: &mut PgConnection,
    after: Option<&Lane>,
    limit: i64,
) -> sqlx::Result<Vec<Head>> {
    let heads = sqlx::query!(
        r#"with recursive head as (
             (
                 select topic, partition_key, seq, next_attempt_at, 1::bigint as position
                 from messaging.outbox
                 where published_at is null and (topic, partition_key) > ($1, $2)
                 order by topic, partition_key, seq
                 limit 1
             )
             union all
             select next.*, head.position + 1
             from head cross join lateral (
                 select topic, partition_key, seq, next_attempt_at
                 from messaging.outbox
                 where published_at is null
                     and (topic, partition_key) > (head.topic, head.partition_key)
                 order by topic, partition_key, seq
                 limit 1
             ) next
             where head.position < $3
         )
         select topic as "topic!", partition_key as "partition_key!", seq as "seq!",
             next_attempt_at <= messaging.clock() as "may_go!"
         from head
         order by position"#,
        after.map_or("", |lane| &lane.topic),
        after.map_or(Uuid::nil(), |lane| lane.partition_key),
        limit,
    )
    .fetch_all(conn)
    .await?;
    Ok(heads
        .into_iter()
        .map(|head| Head {
            lane: Lane { topic: head.topic, partition_key: head.partition_key },
            seq: head.seq,
            may_go: head.may_go,
        })
        .collect())
}
