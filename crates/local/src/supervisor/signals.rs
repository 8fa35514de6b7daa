//! Ctrl-C once: stop in order. Twice: stop at once.

use std::io;

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// What people at the terminal, or whoever sends SIGTERM, want.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wishes {
    /// Stop.
    pub(crate) stop: CancellationToken,
    /// And be quick about it.
    pub(crate) hurry: CancellationToken,
}

impl Wishes {
    /// Listens to signals from now on.
    ///
    /// # Errors
    /// The system refuses handlers.
    pub(crate) fn listen() -> io::Result<Self> {
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        let mut hang_up = signal(SignalKind::hangup())?;
        let wishes = Self::default();
        let (stop, hurry) = (wishes.stop.clone(), wishes.hurry.clone());
        tokio::spawn(async move {
            loop {
                tokio::select! {
                    _ = interrupt.recv() => {}
                    _ = terminate.recv() => {}
                    _ = hang_up.recv() => {}
                }
                if stop.is_cancelled() {
                    tracing::warn!("stopping at once");
                    hurry.cancel();
                } else {
                    tracing::info!("stopping; once more to stop at once");
                    stop.cancel();
                }
            }
        });
        Ok(wishes)
    }
}
