//! Who follows the feed in this process, and the waking of them.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use events::UserId;
use tokio::sync::watch;
use uuid::Uuid;

/// The followers of this process. A wake says only: look again.
#[derive(Debug, Default)]
pub(crate) struct Hub {
    /// For each person who follows, the head that the poll saw last.
    heads: Mutex<HashMap<UserId, watch::Sender<i64>>>,
}

impl Hub {
    /// Begins to follow a person's feed; what was written before is not announced.
    pub(crate) fn follow(&self, user_id: UserId) -> watch::Receiver<i64> {
        self.heads().entry(user_id).or_insert_with(|| watch::Sender::new(0)).subscribe()
    }

    /// Something was committed for a person.
    pub(crate) fn wake(&self, user_id: UserId) {
        if let Some(head) = self.heads().get(&user_id) {
            head.send_modify(|_| ());
        }
    }

    /// The poll saw this head: somebody else may have written.
    pub(crate) fn saw(&self, user_id: UserId, seen: i64) {
        if let Some(head) = self.heads().get(&user_id) {
            head.send_if_modified(|head| std::mem::replace(head, seen) != seen);
        }
    }

    /// Everybody who follows; forgets those whose last follower is gone.
    pub(crate) fn followed(&self) -> Vec<Uuid> {
        let mut heads = self.heads();
        heads.retain(|_, head| head.receiver_count() > 0);
        heads.keys().map(|user_id| user_id.uuid()).collect()
    }

    fn heads(&self) -> MutexGuard<'_, HashMap<UserId, watch::Sender<i64>>> {
        self.heads.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wake_reaches_the_followers_of_that_person_only() {
        let hub = Hub::default();
        let (ada, bob) = (UserId::random(), UserId::random());
        let (adas, bobs) = (hub.follow(ada), hub.follow(bob));
        hub.wake(ada);
        assert!(adas.has_changed().expect("open") && !bobs.has_changed().expect("open"));
    }

    #[test]
    fn a_head_wakes_only_when_it_moved() {
        let hub = Hub::default();
        let ada = UserId::random();
        let mut follower = hub.follow(ada);
        hub.saw(ada, 3);
        assert!(follower.has_changed().expect("open"));
        follower.mark_unchanged();
        hub.saw(ada, 3);
        assert!(!follower.has_changed().expect("open"));
    }

    #[test]
    fn who_is_gone_is_not_polled_for() {
        let hub = Hub::default();
        drop(hub.follow(UserId::random()));
        assert!(hub.followed().is_empty());
    }
}
