//! What an earlier run left running.
//!
//! Where a system can't tie children to their parent, a killed run leaves its services and sidecars
//! behind. They hold its ports and work on its database, so the next run ends them first. It knows
//! them by a record for each, and leaves a process alone that merely has the pid of one.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use nix::sys::signal::{Signal, killpg};
use tokio::time;

use super::error::RunError;
use crate::process::Identity;

/// The longest that killed processes may take to be gone, in seconds.
const GONE_TIMEOUT_SECS: u64 = 5;
const POLL_INTERVAL_MS: u64 = 10;

/// The folder with a record for each running part.
#[derive(Clone, Debug)]
pub(crate) struct Records(PathBuf);

impl Records {
    /// The records in `DATA`.
    ///
    /// # Errors
    /// [`RunError::System`].
    pub(crate) fn open(data: &Path) -> Result<Self, RunError> {
        let folder = data.join("run");
        fs::create_dir_all(&folder)
            .map_err(RunError::system(format!("make the folder {}", folder.display())))?;
        Ok(Self(folder))
    }

    /// The record of a part.
    pub(crate) fn of(&self, part: &str) -> PathBuf {
        self.0.join(format!("{part}.pid"))
    }

    /// Kills what the records name and waits until it is gone.
    ///
    /// # Errors
    /// [`RunError::System`].
    pub(crate) async fn end_leftovers(&self) -> Result<(), RunError> {
        let action = || format!("read the folder {}", self.0.display());
        for entry in fs::read_dir(&self.0).map_err(RunError::system(action()))? {
            let path = entry.map_err(RunError::system(action()))?.path();
            let record = fs::read_to_string(&path).unwrap_or_default();
            if let Some(leftover) = Identity::parse(&record).filter(Identity::is_alive) {
                tracing::warn!(
                    process.id = leftover.pid().as_raw(),
                    "an earlier run left a process; it is ended"
                );
                // It leads a process group of its own, as all children of ours.
                let _gone = killpg(leftover.pid(), Signal::SIGKILL);
                let gone = async {
                    while leftover.is_alive() {
                        time::sleep(Duration::from_millis(POLL_INTERVAL_MS)).await;
                    }
                };
                // A process that can't be killed hangs in the kernel; its port then is said taken.
                let _late = time::timeout(Duration::from_secs(GONE_TIMEOUT_SECS), gone).await;
            }
            fs::remove_file(&path)
                .map_err(RunError::system(format!("remove {}", path.display())))?;
        }
        Ok(())
    }
}
