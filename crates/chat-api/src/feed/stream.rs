//! One follower's stream, as server-sent events.
//!
//! A follower holds its position and nothing else: no connection to the database while nothing is new,
//! and of what is new one entry at a time, whenever its client takes it. Where it stands behind what
//! the [`hub`](super::hub) keeps it reads a page of the table, and is as exact there: entries are
//! numbered without a gap, and what has been pruned shows.

use std::{collections::VecDeque, fmt::Write, time::Duration};

use bytes::Bytes;
use events::UserId;
use tokio::time::{Instant, sleep_until};

use super::{hub::Seat, tail::Next};
use crate::{
    context::Context,
    error::Failure,
    store::{
        self,
        feed::{Entry, Reach},
    },
};

/// How often a silent stream shows that it lives, in seconds.
const HEARTBEAT_INTERVAL_SECS: u64 = 15;
/// What a browser waits before it connects again, in milliseconds.
const RECONNECT_MS: u64 = 1_000;
/// The most entries that a follower reads of the table at a time.
const MAX_PAGE_ENTRIES: i64 = 64;
/// The most that it keeps of them, in bytes, beside the one entry that goes over.
const MAX_PAGE_BYTES: usize = 64 * 1024;

/// Where a follower begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Start {
    /// With what comes from now on.
    Now,
    /// After an entry that was seen.
    After(i64),
    /// After something that was never an entry.
    Unknown,
}

/// A follower of a person's feed.
pub(crate) struct Follower {
    context: Context,
    user_id: UserId,
    seat: Seat,
    /// Until it has begun.
    start: Option<Start>,
    position: i64,
    generation: u64,
    /// What it has read of the table.
    page: VecDeque<(i64, Bytes)>,
    next_heartbeat: Instant,
}

impl Follower {
    pub(crate) fn new(context: Context, user_id: UserId, seat: Seat, start: Start) -> Self {
        Self {
            context,
            user_id,
            seat,
            start: Some(start),
            position: 0,
            generation: 0,
            page: VecDeque::new(),
            next_heartbeat: next_heartbeat(),
        }
    }

    /// The next chunk; `None` at the end. The follower then connects again and misses nothing.
    pub(crate) async fn next(&mut self) -> Option<Bytes> {
        let chunk = match self.next_chunk().await {
            Ok(chunk) => chunk,
            Err(failure) => {
                failure.log();
                None
            }
        };
        self.next_heartbeat = next_heartbeat();
        chunk
    }

    async fn next_chunk(&mut self) -> Result<Option<Bytes>, Failure> {
        loop {
            if self.context.stop.is_cancelled() || self.seat.has_ended() {
                return Ok(None);
            }
            let chunk = match self.start {
                Some(start) => self.begin(start).await?,
                None => self.take().await?,
            };
            if let Some(chunk) = chunk {
                return Ok(Some(chunk));
            }
            tokio::select! {
                () = self.context.stop.cancelled() => {}
                _ended_or_new = self.seat.moved() => {}
                () = sleep_until(self.next_heartbeat) => return Ok(Some(Bytes::from_static(b":\n\n"))),
            }
        }
    }

    /// The first chunk: how long to wait before connecting again, and where the stream begins, so
    /// that one which breaks before its first entry resumes there too.
    async fn begin(&mut self, start: Start) -> Result<Option<Bytes>, Failure> {
        let Some(known) = self.seat.known() else { return Ok(None) };
        self.start = None;
        self.generation = known.generation;
        let mut chunk = format!("retry: {RECONNECT_MS}\n\n");
        match start {
            Start::Now => {
                self.position = known.head;
                let _infallible = write!(chunk, "id: {}\n\n", self.position);
            }
            Start::Unknown => chunk += &self.reset(known.head),
            Start::After(position) => {
                self.position = position;
                // Either another replica was quicker, or there never was such an entry.
                if position > known.last {
                    chunk += &self.turn_page().await?.unwrap_or_default();
                }
            }
        }
        Ok(Some(chunk.into()))
    }

    /// What is next, if it is there.
    async fn take(&mut self) -> Result<Option<Bytes>, Failure> {
        if self.page.is_empty() {
            match self.seat.after(self.position, self.generation) {
                Next::Entry(entry) => {
                    self.position += 1;
                    return Ok(Some(entry));
                }
                Next::Nothing => return Ok(None),
                Next::AskTable => {
                    if let Some(reset) = self.turn_page().await? {
                        return Ok(Some(reset.into()));
                    }
                }
            }
        }
        Ok(self.page.pop_front().map(|(seq, entry)| {
            self.position = seq;
            entry
        }))
    }

    /// Reads the table from the position on. Returns the reset where entries may be missing.
    async fn turn_page(&mut self) -> Result<Option<String>, Failure> {
        // Known before the table is read: should it go back in between, it is read again.
        let generation = self.seat.known().map_or(self.generation, |known| known.generation);
        let (page, reach) = self.read_table().await?;
        self.generation = generation;
        if self.position < reach.pruned_through || self.position > reach.head {
            return Ok(Some(self.reset(reach.head)));
        }
        self.page = page.iter().map(|entry| (entry.seq, render(entry))).collect();
        Ok(None)
    }

    async fn read_table(&self) -> Result<(Vec<Entry>, Reach), Failure> {
        let _turn = self.context.hub.catch_up().await;
        let mut tx = store::begin_for(&self.context.pool, self.user_id).await?;
        let page = store::feed::after(
            &mut tx,
            self.user_id,
            self.position,
            MAX_PAGE_ENTRIES,
            MAX_PAGE_BYTES,
        )
        .await?;
        // Read last: what was pruned before the entries were read shows here.
        let reach = store::feed::reach(&mut tx, self.user_id).await?;
        tx.commit().await?;
        Ok((page, reach))
    }

    /// Says that entries may be missing, and goes on from now.
    fn reset(&mut self, head: i64) -> String {
        self.position = head;
        format!("event: reset\nid: {head}\ndata: {{\"position\":{head}}}\n\n")
    }
}

/// An entry as it goes out.
pub(crate) fn render(entry: &Entry) -> Bytes {
    // JSON on one line: a line feed inside of a text is written as \n.
    let Entry { seq, event_type, payload } = entry;
    format!("event: {event_type}\nid: {seq}\ndata: {payload}\n\n").into()
}

fn next_heartbeat() -> Instant {
    Instant::now() + Duration::from_secs(HEARTBEAT_INTERVAL_SECS)
}
