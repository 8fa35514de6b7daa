//! Hashing passwords: slow on purpose, so on threads of its own and few at a time.

use std::{sync::Arc, time::Duration};

use argon2::{
    Argon2,
    password_hash::{self, PasswordHasher, PasswordVerifier, phc::PasswordHash},
};
use tokio::sync::{OnceCell, Semaphore};

use crate::{domain::password::Password, error::Failure};

/// Passwords that are hashed at the same time; each takes 19 MiB.
const MAX_PARALLEL_HASHES: usize = 2;
/// The longest that a request waits for its turn, in seconds.
const QUEUE_TIMEOUT_SECS: u64 = 10;

/// Hashes and checks passwords.
#[derive(Clone, Debug)]
pub(crate) struct Passwords {
    turns: Arc<Semaphore>,
    /// The hash of nobody's password, so that an unknown address costs the same time as a known one.
    decoy: Arc<OnceCell<String>>,
}

impl Passwords {
    pub(crate) fn new() -> Self {
        Self { turns: Arc::new(Semaphore::new(MAX_PARALLEL_HASHES)), decoy: Arc::default() }
    }

    /// The hash of a password, as a PHC string.
    pub(crate) async fn hash(&self, password: Password) -> Result<String, Failure> {
        self.in_turn(move || {
            let hash: PasswordHash = Argon2::default().hash_password(password.as_bytes())?;
            Ok(hash.to_string())
        })
        .await
    }

    /// Whether a password has this hash. Without one it does the same work and says no.
    pub(crate) async fn verify(
        &self,
        password: Password,
        hash: Option<String>,
    ) -> Result<bool, Failure> {
        let is_known = hash.is_some();
        let hash = match hash {
            Some(hash) => hash,
            None => self.decoy().await?,
        };
        let matches = self
            .in_turn(move || {
                let hash = PasswordHash::new(&hash).map_err(|_| password_hash::Error::Crypto)?;
                Ok(Argon2::default().verify_password(password.as_bytes(), &hash).is_ok())
            })
            .await?;
        Ok(matches && is_known)
    }

    async fn decoy(&self) -> Result<String, Failure> {
        let nobodys = || self.hash(Password::attempt("nobody's password".to_owned()));
        self.decoy.get_or_try_init(nobodys).await.cloned()
    }

    async fn in_turn<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> password_hash::Result<T> + Send + 'static,
    ) -> Result<T, Failure> {
        let limit = Duration::from_secs(QUEUE_TIMEOUT_SECS);
        let turn = tokio::time::timeout(limit, self.turns.clone().acquire_owned())
            .await
            .map_err(|_elapsed| Failure::Busy)?
            .map_err(Failure::internal)?;
        tracing::debug!("a password is hashed");
        let done = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            work()
        });
        done.await.map_err(Failure::internal)?.map_err(Failure::internal)
    }
}
