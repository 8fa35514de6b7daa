//! The sidecars' resources, in the binary so that it stands alone, written to `DATA/dapr`.

use std::{
    fs, io,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use super::error::RunError;

macro_rules! resources {
    ($($path:literal),* $(,)?) => {
        [$(($path, include_str!(concat!("../../../../dapr/", $path)))),*]
    };
}

/// The file with the sidecars' configuration.
const CONFIG: &str = "config.yaml";
/// Each file's path below the repository's `dapr` folder, and its text.
const RESOURCES: [(&str, &str); 4] = resources![
    "config.yaml",
    "components/kafka-pubsub.yaml",
    "subscriptions/chat-api.yaml",
    "subscriptions/reminder-worker.yaml",
];

/// What the repository's component has for its brokers.
const BROKERS: &str = "127.0.0.1:9092";

/// What a sidecar is told of files.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Written {
    /// The folders with components and subscriptions.
    pub(crate) resources: Vec<PathBuf>,
    /// The file with the configuration.
    pub(crate) config: PathBuf,
}

/// Writes the resources, replacing what an earlier release wrote; the component names this broker.
///
/// # Errors
/// [`RunError::System`].
pub(crate) fn write(data: &Path, broker: Option<SocketAddr>) -> Result<Written, RunError> {
    let folder = data.join("dapr");
    let brokers = broker.map_or_else(|| BROKERS.to_owned(), |broker| broker.to_string());
    replace(&folder, &brokers)
        .map_err(RunError::system(format!("write the folder {}", folder.display())))
}

fn replace(folder: &Path, brokers: &str) -> io::Result<Written> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut resources = Vec::new();
    for (path, text) in RESOURCES {
        let path = folder.join(path);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
            if parent != folder && !resources.iter().any(|folder| folder == parent) {
                resources.push(parent.to_owned());
            }
        }
        fs::write(&path, text.replace(BROKERS, brokers))?;
    }
    Ok(Written { resources, config: folder.join(CONFIG) })
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
        let written = write(data.path(), Some(([127, 0, 0, 1], 29_092).into())).expect("a write");
        let dapr = data.path().join("dapr");
        assert_eq!(written.resources, ["components", "subscriptions"].map(|f| dapr.join(f)));
        assert_eq!(written.config, dapr.join("config.yaml"));
        assert!(!old.exists());
        let component = fs::read_to_string(dapr.join("components/kafka-pubsub.yaml"));
        let component = component.expect("the component");
        assert!(component.contains("value: \"127.0.0.1:29092\""), "{component}");
        assert!(!component.contains(BROKERS));
    }
}
