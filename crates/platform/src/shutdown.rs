//! Stopping in order: no new work, then what is in flight, then out.

use std::{
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// The longest that background work may take to end after a signal, in seconds.
pub const DRAIN_TIMEOUT_SECS: u64 = 15;

/// The background work of a process and the token that ends it.
#[derive(Clone, Debug, Default)]
pub struct Shutdown {
    token: CancellationToken,
    tasks: TaskTracker,
    broken: Arc<AtomicBool>,
}

impl Shutdown {
    /// Nothing runs yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Cancelled when the process is to stop.
    #[must_use]
    pub fn token(&self) -> CancellationToken {
        self.token.clone()
    }

    /// Runs a piece of background work. It watches [`token`](Self::token) and ends by itself. One that
    /// panics stops the process: better started again than half alive.
    pub fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        let shutdown = self.clone();
        let work = tokio::spawn(work);
        self.tasks.spawn(async move {
            if let Err(error) = work.await {
                tracing::error!(error = &error as &dyn std::error::Error, "background work broke");
                shutdown.broken.store(true, Ordering::Relaxed);
                shutdown.begin();
            }
        });
    }

    /// Whether a piece of background work broke.
    #[must_use]
    pub fn is_broken(&self) -> bool {
        self.broken.load(Ordering::Relaxed)
    }

    /// Starts the stop.
    pub fn begin(&self) {
        self.token.cancel();
    }

    /// Waits for SIGINT or SIGTERM, or for somebody to call [`begin`](Self::begin).
    ///
    /// # Errors
    /// The system refuses signal handlers.
    pub async fn requested(&self) -> std::io::Result<()> {
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
            () = self.token.cancelled() => {}
        }
        self.begin();
        Ok(())
    }

    /// Waits until all background work has ended, at most [`DRAIN_TIMEOUT_SECS`]. Returns whether
    /// it ended by itself.
    pub async fn drained(&self) -> bool {
        self.tasks.close();
        tokio::time::timeout(Duration::from_secs(DRAIN_TIMEOUT_SECS), self.tasks.wait())
            .await
            .is_ok()
    }
}
