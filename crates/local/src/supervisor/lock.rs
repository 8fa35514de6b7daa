//! One run at a time on a `DATA`.

use std::{
    fs::{self, File, TryLockError},
    io::Write,
    path::Path,
    time::Duration,
};

use tokio::time;

use super::error::RunError;

/// A run that was just killed may take a moment to let go: so many looks, half a second in all.
const ATTEMPTS: u32 = 25;
/// The wait between two looks, in milliseconds.
const POLL_INTERVAL_MS: u64 = 20;

/// The lock of `DATA`; the system lets go of it however the process ends.
#[derive(Debug)]
pub(crate) struct DataLock {
    _file: File,
}

impl DataLock {
    /// Takes the lock of a folder that exists.
    ///
    /// # Errors
    /// [`RunError::DataInUse`] when another has it, [`RunError::System`].
    pub(crate) async fn take(data: &Path) -> Result<Self, RunError> {
        let path = data.join("lock");
        let action = || format!("lock {}", path.display());
        let mut file = File::options()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .open(&path)
            .map_err(RunError::system(action()))?;
        for attempt in 1..=ATTEMPTS {
            match file.try_lock() {
                Ok(()) => {
                    // For a person who meets the lock; nothing reads it to decide.
                    let note =
                        file.set_len(0).and_then(|()| writeln!(file, "{}", std::process::id()));
                    note.map_err(RunError::system(action()))?;
                    return Ok(Self { _file: file });
                }
                Err(TryLockError::WouldBlock) if attempt < ATTEMPTS => {
                    time::sleep(Duration::from_millis(POLL_INTERVAL_MS)).await;
                }
                Err(TryLockError::WouldBlock) => break,
                Err(TryLockError::Error(error)) => return Err(RunError::system(action())(error)),
            }
        }
        let note = fs::read_to_string(&path).unwrap_or_default();
        let process = Some(note.trim()).filter(|note| !note.is_empty()).unwrap_or("?").to_owned();
        Err(RunError::DataInUse { data: data.to_owned(), process })
    }
}
