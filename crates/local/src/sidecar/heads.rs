//! How long each partition is known to be. Consumers wait here for their next record.
//!
//! Three sources raise a head: what this process appended, what others announced, and a poll.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard},
};

use tokio::sync::watch;

/// A partition of a topic.
pub(crate) type TopicPartition = (String, i32);

/// The offset that each partition's next record gets, as far as is known.
#[derive(Debug, Default)]
pub(crate) struct Heads {
    heads: Mutex<HashMap<TopicPartition, watch::Sender<i64>>>,
    partitions: Mutex<HashMap<String, i32>>,
}

impl Heads {
    /// A partition has got at least so long.
    pub(crate) fn raise(&self, topic: &str, partition: i32, next_offset: i64) {
        let mut heads = lock(&self.heads);
        let head = heads.entry((topic.to_owned(), partition)).or_default();
        head.send_if_modified(|known| {
            let longer = next_offset > *known;
            *known = next_offset.max(*known);
            longer
        });
        drop(heads);
        let mut partitions = lock(&self.partitions);
        let count = partitions.entry(topic.to_owned()).or_default();
        *count = (partition + 1).max(*count);
    }

    /// Follows a partition.
    pub(crate) fn follow(&self, partition: &TopicPartition) -> watch::Receiver<i64> {
        lock(&self.heads).entry(partition.clone()).or_default().subscribe()
    }

    /// How many partitions a topic has; none for one that is not known to exist.
    pub(crate) fn partitions(&self, topic: &str) -> Option<i32> {
        lock(&self.partitions).get(topic).copied()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_only_ever_raised() {
        let heads = Heads::default();
        let mut follower = heads.follow(&("topic".to_owned(), 2));
        assert_eq!(heads.partitions("topic"), None, "nobody said that it exists");
        heads.raise("topic", 2, 5);
        assert!(follower.has_changed().expect("a sender"));
        assert_eq!(*follower.borrow_and_update(), 5);
        heads.raise("topic", 2, 4);
        assert!(!follower.has_changed().expect("a sender"));
        assert_eq!(heads.partitions("topic"), Some(3));
    }
}
