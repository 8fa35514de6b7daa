//! One follower's stream, as server-sent events.

use std::{fmt::Write, time::Duration};

use bytes::Bytes;
use events::UserId;
use tokio::{
    sync::watch,
    time::{Instant, sleep_until},
};

use crate::{
    context::Context,
    error::Failure,
    queries::identity::{Credential, user_of},
    store::{self, feed::Entry},
};

/// How often a silent stream shows that it lives, and that its credential still holds, in seconds.
const HEARTBEAT_INTERVAL_SECS: u64 = 15;
/// What a browser waits before it connects again, in milliseconds.
const RECONNECT_MS: u64 = 1_000;
/// The most entries of one chunk.
const MAX_CHUNK_ENTRIES: i64 = 200;

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
    credential: Credential,
    start: Option<Start>,
    position: i64,
    changes: watch::Receiver<i64>,
    next_heartbeat: Instant,
}

impl Follower {
    pub(crate) fn new(
        context: Context,
        user_id: UserId,
        credential: Credential,
        start: Start,
    ) -> Self {
        let changes = context.hub.follow(user_id);
        let next_heartbeat = Instant::now() + Duration::from_secs(HEARTBEAT_INTERVAL_SECS);
        Self {
            context,
            user_id,
            credential,
            start: Some(start),
            position: 0,
            changes,
            next_heartbeat,
        }
    }

    /// The next chunk; `None` at the end. The follower then connects again and misses nothing.
    pub(crate) async fn next(&mut self) -> Option<Bytes> {
        match self.next_chunk().await {
            Ok(chunk) => chunk,
            Err(failure) => {
                failure.log();
                None
            }
        }
    }

    async fn next_chunk(&mut self) -> Result<Option<Bytes>, Failure> {
        loop {
            if self.context.stop.is_cancelled() {
                return Ok(None);
            }
            let chunk = match self.start.take() {
                Some(start) => self.begin(start).await?,
                None => self.read().await?,
            };
            if !chunk.is_empty() {
                return Ok(Some(chunk.into()));
            }
            tokio::select! {
                () = self.context.stop.cancelled() => return Ok(None),
                changed = self.changes.changed() => if changed.is_err() { return Ok(None) },
                () = sleep_until(self.next_heartbeat) => return self.heartbeat().await,
            }
        }
    }

    /// The first chunk: how long to wait before connecting again, and where the stream begins, so
    /// that one which breaks before its first entry resumes there too.
    async fn begin(&mut self, start: Start) -> Result<String, Failure> {
        let mut chunk = format!("retry: {RECONNECT_MS}\n\n");
        match start {
            Start::After(position) => {
                self.position = position;
                chunk += &self.read().await?;
            }
            Start::Now => {
                self.position = self.head().await?;
                let _infallible = write!(chunk, "id: {}\n\n", self.position);
            }
            Start::Unknown => chunk += &self.reset(self.head().await?),
        }
        Ok(chunk)
    }

    /// What came after the position.
    async fn read(&mut self) -> Result<String, Failure> {
        let mut tx = store::begin_for(&self.context.pool, self.user_id).await?;
        let entries =
            store::feed::after(&mut tx, self.user_id, self.position, MAX_CHUNK_ENTRIES).await?;
        // Read last: what was pruned before the entries were read shows here.
        let reach = store::feed::reach(&mut tx, self.user_id).await?;
        tx.commit().await?;
        if self.position < reach.pruned_through || self.position > reach.head {
            return Ok(self.reset(reach.head));
        }
        let mut chunk = String::new();
        for entry in entries {
            self.position = entry.seq;
            write_entry(&mut chunk, &entry);
        }
        Ok(chunk)
    }

    /// Says that entries may be missing, and goes on from now.
    fn reset(&mut self, head: i64) -> String {
        self.position = head;
        format!("event: reset\nid: {head}\ndata: {{\"position\":{head}}}\n\n")
    }

    async fn head(&self) -> Result<i64, Failure> {
        let mut tx = store::begin_for(&self.context.pool, self.user_id).await?;
        let reach = store::feed::reach(&mut tx, self.user_id).await?;
        tx.commit().await?;
        Ok(reach.head)
    }

    async fn heartbeat(&mut self) -> Result<Option<Bytes>, Failure> {
        self.next_heartbeat = Instant::now() + Duration::from_secs(HEARTBEAT_INTERVAL_SECS);
        let user_id = user_of(&self.context, &self.credential).await?;
        Ok(user_id.map(|_still_signed_in| Bytes::from_static(b":\n\n")))
    }
}

fn write_entry(chunk: &mut String, entry: &Entry) {
    // JSON on one line: a line feed inside of a text is written as \n.
    let _infallible = write!(
        chunk,
        "event: {}\nid: {}\ndata: {}\n\n",
        entry.event_type, entry.seq, entry.payload
    );
}
