//! Secrets that are made once and kept.

use std::{
    fs,
    io::Write,
    os::unix::fs::{DirBuilderExt, PermissionsExt},
    path::PathBuf,
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use secrecy::SecretString;

use super::error::PostgresError;

/// A secret's strength in bytes.
const SECRET_BYTES: usize = 32;

/// `DATA/secrets`: a file for each secret, readable by its owner alone.
#[derive(Clone, Debug)]
pub struct Secrets {
    folder: PathBuf,
}

impl Secrets {
    /// The secrets in a folder, which is made (0700) where it is missing.
    ///
    /// # Errors
    /// [`PostgresError::File`].
    pub fn open(folder: PathBuf) -> Result<Self, PostgresError> {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&folder)
            .and_then(|()| fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)))
            .map_err(PostgresError::file("make the folder of secrets", &folder))?;
        Ok(Self { folder })
    }

    /// A kept secret; random text that needs no quoting in a URL is made the first time.
    ///
    /// # Errors
    /// [`PostgresError::File`].
    pub fn get_or_create(&self, name: &str) -> Result<SecretString, PostgresError> {
        self.get_or_create_with(name, random_text)
    }

    /// A kept secret that is made in a way of its own the first time.
    ///
    /// # Errors
    /// [`PostgresError::File`].
    pub fn get_or_create_with(
        &self,
        name: &str,
        make: impl FnOnce() -> String,
    ) -> Result<SecretString, PostgresError> {
        let path = self.path(name);
        match fs::read_to_string(&path) {
            Ok(text) if !text.trim().is_empty() => return Ok(text.trim().into()),
            Ok(_) => {}
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(PostgresError::file("read the secret", &path)(error)),
        }
        let secret = make();
        self.write(&path, &secret).map_err(PostgresError::file("keep the secret", &path))?;
        Ok(secret.into())
    }

    /// The file of a secret.
    #[must_use]
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Whole or not at all, and on the disk before anything is protected by it. A temporary file of
    /// `tempfile` is readable by its owner alone.
    fn write(&self, path: &std::path::Path, secret: &str) -> std::io::Result<()> {
        let mut file = tempfile::NamedTempFile::new_in(&self.folder)?;
        file.write_all(secret.as_bytes())?;
        file.as_file().sync_all()?;
        file.persist(path)?;
        fs::File::open(&self.folder)?.sync_all()
    }
}

/// Random text of letters, digits, `-` and `_`.
pub(crate) fn random_text() -> String {
    URL_SAFE_NO_PAD.encode(rand::random::<[u8; SECRET_BYTES]>())
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    #[test]
    fn a_secret_is_made_once_and_only_its_owner_can_read_it() {
        let data = tempfile::tempdir().expect("a folder");
        let folder = data.path().join("secrets");
        let secrets = Secrets::open(folder.clone()).expect("secrets");
        let first = secrets.get_or_create("password").expect("a secret");
        let again = Secrets::open(folder.clone()).expect("secrets").get_or_create("password");
        assert_eq!(first.expose_secret(), again.expect("the secret").expose_secret());
        let other = secrets.get_or_create("other").expect("a secret");
        assert_ne!(first.expose_secret(), other.expose_secret());
        let mode = |path: PathBuf| fs::metadata(path).expect("metadata").permissions().mode();
        assert_eq!(mode(folder.join("password")) & 0o777, 0o600);
        assert_eq!(mode(folder) & 0o777, 0o700);
    }
}
