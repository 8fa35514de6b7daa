//! What lies where in `DATA`.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::error::PostgresError;

/// `DATA`, absolute and without symbolic links: the server works elsewhere.
#[derive(Clone, Debug)]
pub(crate) struct Folder(PathBuf);

impl Folder {
    /// `DATA`, made where it is missing.
    ///
    /// # Errors
    /// [`PostgresError::File`].
    pub(crate) fn open(data: &Path) -> Result<Self, PostgresError> {
        fs::create_dir_all(data).map_err(PostgresError::file("make the folder", data))?;
        fs::canonicalize(data).map(Self).map_err(PostgresError::file("find the folder", data))
    }

    /// The server's folder.
    pub(crate) fn server(&self) -> PathBuf {
        self.0.join("postgres")
    }

    /// Where the server's folder is made before it is moved to its place.
    pub(crate) fn staging(&self) -> PathBuf {
        self.0.join("postgres.new")
    }

    /// The folder of the secrets.
    pub(crate) fn secrets(&self) -> PathBuf {
        self.0.join("secrets")
    }

    /// The major version that made the server's folder; none before there is one.
    ///
    /// # Errors
    /// [`PostgresError::NotOurs`] for a folder that `initdb` did not make, [`PostgresError::File`].
    pub(crate) fn major(&self) -> Result<Option<u32>, PostgresError> {
        let server = self.server();
        let path = server.join("PG_VERSION");
        match fs::read_to_string(&path) {
            Ok(text) => match text.trim().parse() {
                Ok(major) => Ok(Some(major)),
                Err(_) => Err(PostgresError::NotOurs { folder: server }),
            },
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(PostgresError::file("read", &path)(error))
            }
            Err(_) if server.exists() => Err(PostgresError::NotOurs { folder: server }),
            Err(_) => Ok(None),
        }
    }

    /// The port that the server had last.
    pub(crate) fn kept_port(&self) -> Option<u16> {
        fs::read_to_string(self.port_file()).ok()?.trim().parse().ok()
    }

    /// Keeps the server's port, so that the next one has it too if it can.
    ///
    /// # Errors
    /// [`PostgresError::File`].
    pub(crate) fn keep_port(&self, port: u16) -> Result<(), PostgresError> {
        let path = self.port_file();
        fs::write(&path, format!("{port}\n")).map_err(PostgresError::file("keep the port", &path))
    }

    fn port_file(&self) -> PathBuf {
        self.0.join("postgres.port")
    }
}
