//! Who follows in this process, and what it has read for them.
//!
//! However many follow a person, the person's feed is read once: `jobs::read_feeds` reads what is new
//! for all who are followed, in one query, and every follower takes it from here. A follower that is
//! further behind than what is kept reads the table for itself, a few of them at a time.
//!
//! Bounded: the streams of a person, the entries that are kept (all people together, the oldest goes
//! first), and the reads of those who are behind. Nothing is kept for a single follower: one that takes
//! nothing costs its connection, and that ends (`http::connection`).

use std::{
    collections::{HashMap, HashSet, VecDeque},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use bytes::Bytes;
use events::UserId;
use tokio::sync::{Notify, Semaphore, SemaphorePermit, watch};
use tokio_util::sync::CancellationToken;

use super::tail::{Known, Next, Tail};
use crate::{error::Failure, queries::identity::Credential};

/// The most that is kept of the feeds that are followed here, in bytes.
const MAX_KEPT_BYTES: usize = 32 * 1024 * 1024;
/// The most entries that are kept of them.
const MAX_KEPT_ENTRIES: usize = 50_000;
/// How many followers who are behind read the table at the same time; each needs a connection.
const MAX_CATCH_UPS: usize = 4;

/// The followers of this process.
#[derive(Debug)]
pub(crate) struct Hub {
    max_streams_per_person: usize,
    feeds: Mutex<Feeds>,
    wanted: Notify,
    catch_ups: Semaphore,
    behind: AtomicUsize,
}

#[derive(Debug, Default)]
struct Feeds {
    followed: HashMap<UserId, Feed>,
    /// Whose feed is to be read, as something may be new.
    wanted: HashSet<UserId>,
    /// Whose each kept entry is, in the order in which they came. May name more than are kept.
    kept: VecDeque<UserId>,
    kept_bytes: usize,
    next_seat: u64,
}

/// A feed that is followed.
#[derive(Debug)]
struct Feed {
    /// By what each follower is known, and what ends it.
    seats: HashMap<u64, (Credential, CancellationToken)>,
    /// Unknown until it was read for the first time.
    tail: Option<Tail>,
    has_moved: bool,
    moved: watch::Sender<()>,
}

/// A feed of which something was not read yet.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Unread {
    pub(crate) user_id: UserId,
    /// The last number that was read.
    pub(crate) after: i64,
    pub(crate) head: i64,
}

/// A follower's place; it is free again when this is dropped.
#[derive(Debug)]
pub(crate) struct Seat {
    hub: Arc<Hub>,
    user_id: UserId,
    number: u64,
    moved: watch::Receiver<()>,
    ended: CancellationToken,
}

/// A follower's turn to read the table.
pub(crate) struct CatchUp<'h> {
    _behind: Behind<'h>,
    _turn: Option<SemaphorePermit<'h>>,
}

/// One more who is behind; also one who leaves while it waits for its turn is so no more.
struct Behind<'h>(&'h AtomicUsize);

impl<'h> Behind<'h> {
    fn among(count: &'h AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }
}

impl Drop for Behind<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Hub {
    pub(crate) fn new(max_streams_per_person: usize) -> Self {
        Self {
            max_streams_per_person,
            feeds: Mutex::default(),
            wanted: Notify::new(),
            catch_ups: Semaphore::new(MAX_CATCH_UPS),
            behind: AtomicUsize::new(0),
        }
    }

    /// Begins to follow a person's feed, for as long as the credential holds.
    ///
    /// # Errors
    /// [`Failure::TooManyStreams`].
    pub(crate) fn follow(
        self: &Arc<Self>,
        user_id: UserId,
        credential: Credential,
    ) -> Result<Seat, Failure> {
        let mut feeds = self.feeds();
        let number = feeds.next_seat;
        let feed = feeds.followed.entry(user_id).or_insert_with(Feed::new);
        if feed.seats.len() >= self.max_streams_per_person {
            return Err(Failure::TooManyStreams { limit: self.max_streams_per_person });
        }
        let ended = CancellationToken::new();
        feed.seats.insert(number, (credential, ended.clone()));
        let moved = feed.moved.subscribe();
        let is_read = feed.tail.is_some();
        feeds.next_seat += 1;
        drop(feeds);
        if !is_read {
            self.wake(user_id);
        }
        Ok(Seat { hub: self.clone(), user_id, number, moved, ended })
    }

    /// Something was committed for a person.
    pub(crate) fn wake(&self, user_id: UserId) {
        let mut feeds = self.feeds();
        if feeds.followed.contains_key(&user_id) {
            feeds.wanted.insert(user_id);
            self.wanted.notify_one();
        }
    }

    /// Waits until somebody's feed is to be read, and says whose.
    pub(crate) async fn wanted(&self) -> Vec<UserId> {
        loop {
            let wanted = std::mem::take(&mut self.feeds().wanted);
            if !wanted.is_empty() {
                return wanted.into_iter().collect();
            }
            self.wanted.notified().await;
        }
    }

    /// Everybody who is followed.
    pub(crate) fn followed(&self) -> Vec<UserId> {
        self.feeds().followed.keys().copied().collect()
    }

    /// The heads of some feeds are these, 0 where there is none. Returns which of them to read on.
    pub(crate) fn saw(&self, looked_at: &[UserId], heads: &HashMap<UserId, i64>) -> Vec<Unread> {
        let mut feeds = self.feeds();
        let feeds = &mut *feeds;
        let mut unread = vec![];
        for user_id in looked_at {
            let Some(feed) = feeds.followed.get_mut(user_id) else { continue };
            let head = heads.get(user_id).copied().unwrap_or(0);
            let Some(tail) = &mut feed.tail else {
                feed.tail = Some(Tail::at(head));
                feed.has_moved = true;
                continue;
            };
            let before_bytes = tail.size_bytes();
            feed.has_moved |= tail.saw(head);
            feeds.kept_bytes = feeds.kept_bytes - before_bytes + tail.size_bytes();
            let known = tail.known();
            if known.last < known.head {
                unread.push(Unread { user_id: *user_id, after: known.last, head: known.head });
            }
        }
        unread
    }

    /// A feed was read to its end, and there is nothing more: what is missing was pruned.
    pub(crate) fn read_through(&self, unread: Unread) {
        self.change(unread.user_id, |tail| {
            tail.skip_to(unread.head);
            true
        });
    }

    /// An entry that was read from the table.
    pub(crate) fn add(&self, user_id: UserId, seq: i64, entry: Bytes) {
        if self.change(user_id, |tail| tail.add(seq, entry)) {
            let mut feeds = self.feeds();
            feeds.kept.push_back(user_id);
            feeds.trim();
        }
    }

    /// Changes what is kept of a feed, if it is followed. Returns whether it has changed.
    fn change(&self, user_id: UserId, change: impl FnOnce(&mut Tail) -> bool) -> bool {
        let mut feeds = self.feeds();
        let feeds = &mut *feeds;
        let Some(feed) = feeds.followed.get_mut(&user_id) else { return false };
        let Some(tail) = &mut feed.tail else { return false };
        let before_bytes = tail.size_bytes();
        let has_changed = change(tail);
        feeds.kept_bytes = feeds.kept_bytes - before_bytes + tail.size_bytes();
        feed.has_moved |= has_changed;
        has_changed
    }

    /// Wakes the followers of those whose feed has moved. A feed that was not read to its end is to be
    /// read again.
    pub(crate) fn announce(&self, looked_at: &[UserId]) {
        let mut feeds = self.feeds();
        let feeds = &mut *feeds;
        for user_id in looked_at {
            let Some(feed) = feeds.followed.get_mut(user_id) else { continue };
            if std::mem::take(&mut feed.has_moved) {
                feed.moved.send_modify(|()| ());
            }
            if feed.tail.as_ref().is_none_or(|tail| tail.known().last < tail.known().head) {
                feeds.wanted.insert(*user_id);
                self.wanted.notify_one();
            }
        }
    }

    /// What the followers are known by: of one person, or of all.
    pub(crate) fn credentials(&self, of: Option<UserId>) -> HashSet<Credential> {
        let feeds = self.feeds();
        let followed = feeds.followed.iter();
        let meant = followed.filter(|(user_id, _)| of.is_none_or(|of| of == **user_id));
        meant.flat_map(|(_, feed)| feed.seats.values()).map(|(by, _)| by.clone()).collect()
    }

    /// Ends the streams of those who are known by this.
    pub(crate) fn end(&self, credential: &Credential) {
        let feeds = self.feeds();
        let seats = feeds.followed.values().flat_map(|feed| feed.seats.values());
        seats.filter(|(by, _)| by == credential).for_each(|(_, ended)| ended.cancel());
    }

    /// A turn to read the table for oneself.
    pub(crate) async fn catch_up(&self) -> CatchUp<'_> {
        let behind = Behind::among(&self.behind);
        // Closed by nobody.
        CatchUp { _behind: behind, _turn: self.catch_ups.acquire().await.ok() }
    }

    /// How many follow in this process.
    pub(crate) fn open_streams(&self) -> usize {
        self.feeds().followed.values().map(|feed| feed.seats.len()).sum()
    }

    /// How many of them read the table, or wait for their turn to.
    pub(crate) fn streams_behind(&self) -> usize {
        self.behind.load(Ordering::Relaxed)
    }

    fn leave(&self, user_id: UserId, number: u64) {
        let mut feeds = self.feeds();
        let feeds = &mut *feeds;
        let Some(feed) = feeds.followed.get_mut(&user_id) else { return };
        feed.seats.remove(&number);
        if feed.seats.is_empty() {
            feeds.kept_bytes -= feed.tail.as_ref().map_or(0, Tail::size_bytes);
            feeds.followed.remove(&user_id);
            feeds.wanted.remove(&user_id);
        }
    }

    fn feeds(&self) -> MutexGuard<'_, Feeds> {
        self.feeds.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Feeds {
    /// Lets go of the oldest entries until the rest is within bounds.
    fn trim(&mut self) {
        while self.kept_bytes > MAX_KEPT_BYTES || self.kept.len() > MAX_KEPT_ENTRIES {
            let Some(user_id) = self.kept.pop_front() else { return };
            let tail = self.followed.get_mut(&user_id).and_then(|feed| feed.tail.as_mut());
            self.kept_bytes -= tail.map_or(0, Tail::drop_oldest);
        }
    }
}

impl Feed {
    fn new() -> Self {
        Self { seats: HashMap::new(), tail: None, has_moved: false, moved: watch::Sender::new(()) }
    }
}

impl Seat {
    /// How far the feed was read here; `None` before it was for the first time.
    pub(crate) fn known(&self) -> Option<Known> {
        let feeds = self.hub.feeds();
        Some(feeds.followed.get(&self.user_id)?.tail.as_ref()?.known())
    }

    /// What comes after a position.
    pub(crate) fn after(&self, position: i64, generation: u64) -> Next {
        let feeds = self.hub.feeds();
        let tail = feeds.followed.get(&self.user_id).and_then(|feed| feed.tail.as_ref());
        tail.map_or(Next::Nothing, |tail| tail.after(position, generation))
    }

    /// Waits until there may be something new since this was called last; `false` once the follower is
    /// to end.
    pub(crate) async fn moved(&mut self) -> bool {
        tokio::select! {
            () = self.ended.cancelled() => false,
            moved = self.moved.changed() => moved.is_ok(),
        }
    }

    pub(crate) fn has_ended(&self) -> bool {
        self.ended.is_cancelled()
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.hub.leave(self.user_id, self.number);
    }
}
