//! The sidecars' resources, in the binary so that it stands alone, written to `DATA/dapr`.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use super::error::RunError;

macro_rules! resources {
    ($($path:literal),* $(,)?) => {
        [$(($path, include_str!(concat!("../../../../dapr/", $path)))),*]
    };
}

/// Each file's path below the repository's `dapr` folder, and its text.
const RESOURCES: [(&str, &str); 3] = resources![
    "components/kafka-pubsub.yaml",
    "subscriptions/chat-api.yaml",
    "subscriptions/reminder-worker.yaml",
];

/// Writes the resources, replacing what an earlier release wrote. Returns the folders to name to a
/// sidecar.
///
/// # Errors
/// [`RunError::System`].
pub(crate) fn write(data: &Path) -> Result<Vec<PathBuf>, RunError> {
    let folder = data.join("dapr");
    replace(&folder).map_err(RunError::system(format!("write the folder {}", folder.display())))
}

fn replace(folder: &Path) -> io::Result<Vec<PathBuf>> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut folders = Vec::new();
    for (path, text) in RESOURCES {
        let path = folder.join(path);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
            if !folders.iter().any(|folder| folder == parent) {
                folders.push(parent.to_owned());
            }
        }
        fs::write(&path, text)?;
    }
    Ok(folders)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_component_and_subscription_of_the_repository_is_in_the_binary() {
        let dapr = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../dapr");
        for folder in ["components", "subscriptions"] {
            for entry in fs::read_dir(dapr.join(folder)).expect("the folder") {
                let name = entry.expect("an entry").file_name().into_string().expect("a name");
                let path = format!("{folder}/{name}");
                assert!(RESOURCES.iter().any(|(known, _)| *known == path), "{path} is left out");
            }
        }
    }

    #[test]
    fn a_file_of_an_earlier_release_is_gone_after_the_next_write() {
        let data = tempfile::tempdir().expect("a folder");
        fs::create_dir_all(data.path().join("dapr/subscriptions")).expect("a folder");
        let old = data.path().join("dapr/subscriptions/old.yaml");
        fs::write(&old, "x").expect("a file");
        let folders = write(data.path()).expect("a write");
        assert_eq!(
            folders,
            ["components", "subscriptions"].map(|f| data.path().join("dapr").join(f))
        );
        assert!(!old.exists());
    }
}
