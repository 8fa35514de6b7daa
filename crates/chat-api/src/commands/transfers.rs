//! How many files go in and out at once, of one person and of all.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use events::UserId;
use tokio::sync::Semaphore;

use crate::error::Failure;

/// The most exports and imports of one person at the same time, on one replica.
const MAX_TRANSFERS_PER_PERSON: u32 = 2;
/// Files that are read and written down at the same time: each is all in memory.
const MAX_PARALLEL_IMPORTS: usize = 2;
/// The longest that an import waits for its turn, in seconds.
const QUEUE_TIMEOUT_SECS: u64 = 20;

/// Who transfers something now. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Transfers {
    running: Arc<Mutex<HashMap<UserId, u32>>>,
    imports: Arc<Semaphore>,
}

/// The right to transfer something, until it is dropped.
#[derive(Debug)]
pub(crate) struct Seat {
    running: Arc<Mutex<HashMap<UserId, u32>>>,
    user_id: UserId,
}

impl Transfers {
    pub(crate) fn new() -> Self {
        let imports = Arc::new(Semaphore::new(MAX_PARALLEL_IMPORTS));
        Self { running: Arc::default(), imports }
    }

    /// Takes a seat, before anything of a file is in memory.
    pub(crate) fn begin(&self, user_id: UserId) -> Result<Seat, Failure> {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        let count = running.entry(user_id).or_default();
        if *count >= MAX_TRANSFERS_PER_PERSON {
            let limit = MAX_TRANSFERS_PER_PERSON.into();
            return Err(Failure::TooMany { what: "exports and imports under way", limit });
        }
        *count += 1;
        Ok(Seat { running: self.running.clone(), user_id })
    }

    /// Does what an import does when its turn has come.
    pub(crate) async fn in_turn<T>(
        &self,
        work: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
        let limit = Duration::from_secs(QUEUE_TIMEOUT_SECS);
        let _turn = tokio::time::timeout(limit, self.imports.acquire())
            .await
            .map_err(|_elapsed| Failure::Busy)?
            .map_err(Failure::internal)?;
        work.await
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = running.get_mut(&self.user_id) {
            *count -= 1;
            if *count == 0 {
                running.remove(&self.user_id);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_has_two_seats_and_leaves_nothing_behind() {
        let (transfers, ada) = (Transfers::new(), UserId::random());
        let first = transfers.begin(ada).expect("a seat");
        let second = transfers.begin(ada).expect("a seat");
        assert!(matches!(transfers.begin(ada), Err(Failure::TooMany { .. })));
        assert!(transfers.begin(UserId::random()).is_ok(), "another has their own");
        drop(first);
        assert!(transfers.begin(ada).is_ok());
        drop(second);
        assert!(transfers.running.lock().expect("whole").is_empty());
    }
}
