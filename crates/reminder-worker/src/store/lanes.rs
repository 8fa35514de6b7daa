//! The table `lane`: which channel has something due, who serves it, and what stands aside.
//!
//! A lane is ready, leased, or parked: it stands aside while enough of its target's are leased. Ready and
//! parked ones have an index each, so that neither is looked through for the other.

use events::ChannelSettings;
use sqlx::{PgPool, types::Json};
use uuid::Uuid;

/// A lane that this process has leased, or put aside.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lane {
    pub(crate) channel_id: Uuid,
    pub(crate) token: i64,
    /// Leases in a row in which an attempt failed.
    pub(crate) failures: i32,
    /// What it leads to.
    pub(crate) target: i64,
    /// Whether it was put aside, and not leased.
    pub(crate) parked: bool,
}

/// How much is leased.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// The most lanes of one person that are leased, in all processes together.
    pub(crate) per_person: i64,
    /// The most lanes of one target that are leased, in all processes together.
    pub(crate) per_target: i64,
    /// The most that are leased now.
    pub(crate) lanes: i64,
    /// The most that are looked at.
    pub(crate) window: i64,
}

/// A lane of which nobody knows yet where it leads.
#[derive(Debug)]
pub(crate) struct Unnamed {
    pub(crate) channel_id: Uuid,
    pub(crate) user_id: Uuid,
    /// Its channel; none where that is gone.
    pub(crate) channel: Option<Json<ChannelSettings>>,
}

/// Lanes without a target, those that are due first.
pub(crate) async fn unnamed(pool: &PgPool, limit: i64) -> sqlx::Result<Vec<Unnamed>> {
    sqlx::query_as!(
        Unnamed,
        r#"select l.channel_id, l.user_id, c.settings as "channel?: Json<ChannelSettings>"
         from lane l left join channel c using (channel_id)
         where l.target is null and l.next_attempt_at is not null
         order by l.next_attempt_at limit $1"#,
        limit,
    )
    .fetch_all(pool)
    .await
}

/// Says where lanes lead. One that somebody else has in hand is said later.
pub(crate) async fn name(pool: &PgPool, channels: &[Uuid], targets: &[i64]) -> sqlx::Result<()> {
    sqlx::query!(
        "with named as (
             select channel_id, n.target
             from lane join unnest($1::uuid[], $2::bigint[]) as n (channel_id, target)
                 using (channel_id)
             where lane.target is null
             for update of lane skip locked
         )
         update lane set target = named.target
         from named where lane.channel_id = named.channel_id",
        channels,
        targets,
    )
    .execute(pool)
    .await?;
    Ok(())
}

/// Lets lanes that stand aside come back, the longest overdue first, as far as fewer than
/// `per_target` of their target are leased. Of each target that has such ones, an entry of the index
/// is read, and no others but those that come back.
pub(crate) async fn call_back(pool: &PgPool, per_target: i64) -> sqlx::Result<()> {
    sqlx::query!(
        r#"with recursive held (target) as (
             (select target from lane where parked order by target limit 1)
             union all
             select (select lane.target from lane where parked and lane.target > held.target
                     order by lane.target limit 1)
             from held where held.target is not null
         ), places as (
             select target, $1::bigint - (
                 select count(*) from lane busy
                 where busy.target = held.target and busy.leased_until is not null
                     and busy.leased_until > messaging.clock()
             ) as free
             from held where target is not null
         ), back as (
             select waiting.channel_id
             from places cross join lateral (
                 select channel_id from lane
                 where parked and lane.target = places.target
                 order by next_attempt_at limit greatest(places.free, 0)
                 for update skip locked
             ) waiting
         )
         update lane set parked = false from back where lane.channel_id = back.channel_id"#,
        per_target,
    )
    .execute(pool)
    .await?;
    Ok(())
}

/// Leases lanes that are due, the longest overdue first, within the limits; those that are beyond
/// their target's are put aside.
pub(crate) async fn lease(
    pool: &PgPool,
    limits: Limits,
    lease_secs: f64,
) -> sqlx::Result<Vec<Lane>> {
    sqlx::query_as!(
        Lane,
        r#"with busy as materialized (
             select user_id, target from lane
             where leased_until is not null and leased_until > messaging.clock()
         ), due as (
             select channel_id, user_id, target, next_attempt_at from lane
             where next_attempt_at <= messaging.clock() and target is not null and not parked
                 and (leased_until is null or leased_until <= messaging.clock())
                 and user_id not in (
                     select busy.user_id from busy group by busy.user_id having count(*) >= $1
                 )
             order by next_attempt_at limit $3
             for update skip locked
         ), fair as (
             select *, row_number() over (partition by target order by next_attempt_at)
                 + (select count(*) from busy where busy.target = ranked.target) as place_at_target
             from (
                 select *, row_number() over (partition by user_id order by next_attempt_at)
                     + (select count(*) from busy where busy.user_id = due.user_id) as place
                 from due
             ) ranked
             where place <= $1
         ), chosen as (
             (select channel_id, false as aside from fair where place_at_target <= $5
              order by next_attempt_at limit $2)
             union all
             select channel_id, true from fair where place_at_target > $5
         )
         update lane
         set parked = aside,
             token = case when aside then token else token + 1 end,
             leased_until = case when aside then null
                 else messaging.clock() + make_interval(secs => $4) end
         from chosen where lane.channel_id = chosen.channel_id
         returning lane.channel_id, token, failures, target as "target!", parked"#,
        limits.per_person,
        limits.lanes,
        limits.window,
        lease_secs,
        limits.per_target,
    )
    .fetch_all(pool)
    .await
}

/// Gives a lane back, due when its first delivery is, and behind those that wait where that is now;
/// nothing happens where the lease was lost.
pub(crate) async fn release(
    pool: &PgPool,
    lane: Lane,
    failures: i32,
    target: i64,
) -> sqlx::Result<()> {
    let mut tx = pool.begin().await?;
    let held = sqlx::query!(
        "select from lane where channel_id = $1 and token = $2 for update",
        lane.channel_id,
        lane.token,
    )
    .fetch_optional(&mut *tx)
    .await?;
    if held.is_none() {
        return Ok(());
    }
    // A statement of its own: it sees the deliveries of whoever held the lane's row until now.
    sqlx::query!(
        "update lane set leased_until = null, failures = $2, target = $3, next_attempt_at = (
             select greatest(delivery.next_attempt_at, messaging.clock()) from delivery
             where delivery.channel_id = lane.channel_id and state = 'pending'
             order by delivery.next_attempt_at limit 1
         )
         where channel_id = $1",
        lane.channel_id,
        failures,
        target,
    )
    .execute(&mut *tx)
    .await?;
    tx.commit().await
}

/// Seconds until the next lane that nobody serves is due, by the database's clock; negative where
/// one is overdue. What stands aside comes back when a place is free, and not at a time.
pub(crate) async fn seconds_until_next(pool: &PgPool) -> sqlx::Result<Option<f64>> {
    sqlx::query_scalar!(
        "select extract(epoch from min(next_attempt_at) - messaging.clock())::float8
         from lane where leased_until is null and target is not null and not parked",
    )
    .fetch_one(pool)
    .await
}
