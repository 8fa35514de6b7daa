//! Sharing a group's partitions among the instances of an application.
//!
//! Who consumes a partition holds its advisory lock in the session of one connection per instance:
//! the lock ends with the process, and when the connection breaks all consumption stops first. The
//! membership table, with heartbeats by the database's clock, only says how many share; each holds
//! at most its fair part and gives the rest back after what is in flight.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::Duration,
};

use sqlx::{PgPool, postgres::PgListener};
use tokio::{sync::Notify, task::JoinHandle};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{
    announce::{Announcer, MEMBERS_CHANNEL},
    consumer::{Consumer, Context, Seat},
};

/// How often shares are looked at, in milliseconds, whatever is announced. Also the heartbeat.
const BALANCE_INTERVAL_MS: u64 = 1_000;
/// An instance that was silent for so long shares no more, in seconds; one whose session has ended
/// shares no more at once.
const MEMBER_TIMEOUT_SECS: i32 = 10;
/// The longest that one look may take before the connection counts as broken, in seconds.
const BALANCE_TIMEOUT_SECS: u64 = 5;
/// The wait before connecting again, in milliseconds.
const RECONNECT_MS: u64 = 250;
/// The longest that deliveries in flight are waited for at the end, in seconds.
const DRAIN_TIMEOUT_SECS: u64 = 10;

/// An instance whose application is away for so long leaves its partitions to others, in seconds.
const APP_ABSENCE_SECS: u64 = 5;

/// A partition of a subscription: the seat's index and the partition.
type Place = (usize, i32);

/// This instance's part in its groups.
pub(crate) struct Membership {
    /// What every consumer needs.
    pub(crate) context: Arc<Context>,
    /// The subscriptions.
    pub(crate) seats: Vec<Arc<Seat>>,
    /// Tells the others.
    pub(crate) announcer: Announcer,
    /// This instance.
    pub(crate) instance: Uuid,
}

/// A partition that this instance consumes.
struct Held {
    stop: CancellationToken,
    task: JoinHandle<()>,
}

/// A topic that this instance shares.
struct Share {
    seat: usize,
    partitions: i32,
    quota: usize,
}

impl Membership {
    /// Consumes until stopped, while the application is there.
    pub(crate) async fn run(self, stop: CancellationToken) {
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => return,
                () = self.context.app.ready() => {}
            }
            if let Err(error) = self.session(&stop).await {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "the connection that holds the partitions broke"
                );
                tokio::time::sleep(Duration::from_millis(RECONNECT_MS)).await;
            }
        }
    }

    async fn session(&self, stop: &CancellationToken) -> Result<(), sqlx::Error> {
        let pool = self.context.log.session();
        let mut held = HashMap::new();
        let outcome = self.hold(&pool, &mut held, stop).await;
        for held in held.values() {
            held.task.abort();
        }
        for held in held.into_values().filter(|held| !held.task.is_finished()) {
            // Aborted, or ended: either is what was asked for.
            let _ended = held.task.await;
        }
        // Frees the locks.
        pool.close().await;
        outcome?;
        self.announcer.members().await;
        Ok(())
    }

    async fn hold(
        &self,
        pool: &PgPool,
        held: &mut HashMap<Place, Held>,
        stop: &CancellationToken,
    ) -> Result<(), sqlx::Error> {
        let mut session = PgListener::connect_with(pool).await?;
        session.ignore_pool_close_event(true);
        // A new connection would not have the locks.
        session.eager_reconnect(false);
        session.listen(MEMBERS_CHANNEL).await?;
        self.balance(&mut session, held, stop).await?;
        finish(held).await;
        self.leave(&mut session).await
    }

    async fn balance(
        &self,
        session: &mut PgListener,
        held: &mut HashMap<Place, Held>,
        stop: &CancellationToken,
    ) -> Result<(), sqlx::Error> {
        let ended = Arc::new(Notify::new());
        let absent = self.context.app.absent(Duration::from_secs(APP_ABSENCE_SECS));
        tokio::pin!(absent);
        let mut ticks = tokio::time::interval(Duration::from_millis(BALANCE_INTERVAL_MS));
        let mut joined = false;
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => return Ok(()),
                () = &mut absent => return Ok(()),
                // Between two looks, this is what notices at once that the connection broke.
                heard = session.try_recv() => {
                    heard?.ok_or_else(connection_lost)?;
                }
                _ = ticks.tick() => {}
                () = ended.notified() => {}
            }
            let look = self.look(session, held, &ended);
            let limit = Duration::from_secs(BALANCE_TIMEOUT_SECS);
            let released =
                tokio::time::timeout(limit, look).await.map_err(|_| connection_lost())??;
            if released || !joined {
                self.announcer.members().await;
                joined = true;
            }
        }
    }

    /// Gives back what is too much, takes what is missing. Returns whether a partition became free.
    async fn look(
        &self,
        session: &mut PgListener,
        held: &mut HashMap<Place, Held>,
        ended: &Arc<Notify>,
    ) -> Result<bool, sqlx::Error> {
        self.beat(session).await?;
        let shares = self.shares(session).await?;
        let released = self.release_ended(session, held).await?;
        for share in shares {
            let mine: HashSet<i32> =
                held.keys().filter(|place| place.0 == share.seat).map(|place| place.1).collect();
            for partition in mine.iter().skip(share.quota) {
                if let Some(held) = held.get(&(share.seat, *partition)) {
                    held.stop.cancel();
                }
            }
            let mut missing = share.quota.saturating_sub(mine.len());
            for partition in self.in_own_order(share.partitions) {
                if missing == 0 {
                    break;
                }
                if !mine.contains(&partition) && self.lock(session, share.seat, partition).await? {
                    held.insert(
                        (share.seat, partition),
                        self.consume(share.seat, partition, ended),
                    );
                    missing -= 1;
                }
            }
        }
        Ok(released)
    }

    /// Instances begin at different partitions, so that they seldom try for the same one.
    fn in_own_order(&self, partitions: i32) -> impl Iterator<Item = i32> + use<> {
        let start = i32::from(self.instance.as_bytes()[0]);
        (0..partitions).map(move |index| (start + index) % partitions)
    }

    fn consume(&self, seat: usize, partition: i32, ended: &Arc<Notify>) -> Held {
        let seat = self.seats[seat].clone();
        let topic = seat.subscription.topic.clone();
        tracing::debug!(topic, partition, "partition taken");
        let consumer =
            Consumer { context: self.context.clone(), seat, partition: (topic, partition) };
        let (stop, ended) = (CancellationToken::new(), ended.clone());
        let stopped = stop.clone();
        let task = tokio::spawn(async move {
            consumer.run(stopped).await;
            ended.notify_one();
        });
        Held { stop, task }
    }

    async fn release_ended(
        &self,
        session: &mut PgListener,
        held: &mut HashMap<Place, Held>,
    ) -> Result<bool, sqlx::Error> {
        let ended: Vec<Place> = held
            .iter()
            .filter(|(_, held)| held.task.is_finished())
            .map(|(place, _)| *place)
            .collect();
        for (seat, partition) in &ended {
            sqlx::query_scalar!(
                "select pg_advisory_unlock(hashtextextended($1, 0))",
                self.lock_name(*seat, *partition),
            )
            .fetch_one(&mut *session)
            .await?;
            held.remove(&(*seat, *partition));
        }
        Ok(!ended.is_empty())
    }

    async fn lock(
        &self,
        session: &mut PgListener,
        seat: usize,
        partition: i32,
    ) -> Result<bool, sqlx::Error> {
        sqlx::query_scalar!(
            r#"select pg_try_advisory_lock(hashtextextended($1, 0)) as "locked!""#,
            self.lock_name(seat, partition),
        )
        .fetch_one(session)
        .await
    }

    fn lock_name(&self, seat: usize, partition: i32) -> String {
        let seat = &self.seats[seat];
        format!("bus {:?} {:?} {partition}", seat.group, seat.subscription.topic)
    }

    async fn beat(&self, session: &mut PgListener) -> Result<(), sqlx::Error> {
        let (groups, topics) = self.groups_and_topics();
        sqlx::query!(
            "insert into bus.group_member
                 (consumer_group, topic, instance, backend_pid, heartbeat_at)
             select distinct consumer_group, topic, $3::uuid, pg_backend_pid(), clock_timestamp()
             from unnest($1::text[], $2::text[]) as mine (consumer_group, topic)
             on conflict (consumer_group, topic, instance) do update
             set backend_pid = excluded.backend_pid, heartbeat_at = excluded.heartbeat_at",
            &groups,
            &topics,
            self.instance,
        )
        .execute(session)
        .await?;
        Ok(())
    }

    async fn shares(&self, session: &mut PgListener) -> Result<Vec<Share>, sqlx::Error> {
        let (groups, topics) = self.groups_and_topics();
        let rows = sqlx::query!(
            r#"select mine.seat as "seat!", topic.partitions,
                      (select count(*) from bus.group_member as member
                       where member.consumer_group = mine.consumer_group
                         and member.topic = mine.topic
                         and exists (select from pg_stat_activity as session
                                     where session.pid = member.backend_pid
                                       and session.datname = current_database())
                         and member.heartbeat_at
                             > clock_timestamp() - make_interval(secs => $3)) as "members!"
               from unnest($1::text[], $2::text[]) with ordinality
                        as mine (consumer_group, topic, seat)
               join bus.topic as topic on topic.name = mine.topic"#,
            &groups,
            &topics,
            f64::from(MEMBER_TIMEOUT_SECS),
        )
        .fetch_all(session)
        .await?;
        let share = |seat: i64, partitions: i32, members: i64| {
            Some(Share {
                seat: usize::try_from(seat - 1).ok()?,
                partitions,
                quota: fair_share(partitions, members)?,
            })
        };
        Ok(rows
            .into_iter()
            .filter_map(|row| share(row.seat, row.partitions, row.members))
            .collect())
    }

    fn groups_and_topics(&self) -> (Vec<String>, Vec<String>) {
        let pair = |seat: &Arc<Seat>| (seat.group.clone(), seat.subscription.topic.clone());
        self.seats.iter().map(pair).unzip()
    }

    /// Leaves, and takes along those who died without leaving.
    async fn leave(&self, session: &mut PgListener) -> Result<(), sqlx::Error> {
        sqlx::query!(
            "delete from bus.group_member
             where instance = $1 or heartbeat_at < clock_timestamp() - interval '1 hour'",
            self.instance,
        )
        .execute(session)
        .await?;
        Ok(())
    }
}

fn connection_lost() -> sqlx::Error {
    sqlx::Error::Io(std::io::ErrorKind::ConnectionAborted.into())
}

/// The partitions that each of so many members may hold, rounded up.
fn fair_share(partitions: i32, members: i64) -> Option<usize> {
    let (partitions, members) = (usize::try_from(partitions).ok()?, usize::try_from(members).ok()?);
    Some(partitions.div_ceil(members.max(1)))
}

/// Stops all consumers and waits for what is in flight.
async fn finish(held: &mut HashMap<Place, Held>) {
    for held in held.values() {
        held.stop.cancel();
    }
    let ends = futures_util::future::join_all(held.values_mut().map(|held| &mut held.task));
    let limit = Duration::from_secs(DRAIN_TIMEOUT_SECS);
    match tokio::time::timeout(limit, ends).await {
        Ok(_) => held.clear(),
        Err(_) => tracing::warn!("deliveries in flight are given up"),
    }
}
