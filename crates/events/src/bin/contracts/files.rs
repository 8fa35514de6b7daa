//! The files that are generated: where they lie, and how they differ from what is committed.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use events::{EVENT_VERSION, EventType};

use crate::{asyncapi, examples, readme, schema};

const README: &str = "docs/contracts/README.md";
const ASYNCAPI: &str = "docs/contracts/asyncapi.json";

/// Why the contracts can be neither written nor checked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FilesError {
    /// A file cannot be read, written or removed.
    #[error("{path}")]
    File {
        /// The file, from the project's root.
        path: String,
        /// What is wrong with it.
        source: io::Error,
    },
    /// An example names something that is none of ours.
    #[error("an example is wrong")]
    Example(#[source] Box<dyn std::error::Error>),
    /// What was generated cannot be written as JSON.
    #[error("a contract is no JSON")]
    Json(#[from] serde_json::Error),
    /// The guide has lost a part that is generated.
    #[error("{README} lacks the lines <!-- {0}:begin --> and <!-- {0}:end -->")]
    Marker(&'static str),
}

/// Every generated file, by its path from the project's root.
pub(crate) struct Contracts {
    generated: BTreeMap<String, String>,
    goldens: BTreeMap<String, String>,
}

impl Contracts {
    /// Generates all files from the types.
    pub(crate) fn generate() -> Result<Self, FilesError> {
        let mut generated = BTreeMap::new();
        for event_type in EventType::ALL {
            let path = format!("{}/{event_type}.json", schema_folder());
            generated.insert(path, pretty(&schema::of(*event_type))?);
        }
        generated.insert(ASYNCAPI.to_owned(), pretty(&asyncapi::document())?);
        generated.insert(README.to_owned(), readme::fill(&read(README)?)?);

        let mut goldens = BTreeMap::new();
        for event in examples::events().map_err(FilesError::Example)? {
            let path = format!("{}/{}.json", golden_folder(), event.event_type());
            goldens.insert(path, pretty(&event)?);
        }
        Ok(Self { generated, goldens })
    }

    /// The files that are not as the types say, and the goldens that are missing.
    pub(crate) fn stale(&self) -> Result<Vec<String>, FilesError> {
        let mut stale = superfluous(&self.generated)?;
        for (path, text) in &self.generated {
            if !exists(path) || read(path)? != *text {
                stale.push(path.clone());
            }
        }
        stale.extend(self.goldens.keys().filter(|path| !exists(path)).cloned());
        Ok(stale)
    }

    /// Mends what is stale and says what was done to which file.
    pub(crate) fn write(&self) -> Result<Vec<String>, FilesError> {
        let mut done = Vec::new();
        for path in self.stale()? {
            let at = |source| FilesError::File { path: path.clone(), source };
            let file = full(&path);
            match self.generated.get(&path).or_else(|| self.goldens.get(&path)) {
                Some(text) => {
                    fs::create_dir_all(file.parent().unwrap_or(Path::new("."))).map_err(at)?;
                    fs::write(file, text).map_err(at)?;
                    done.push(format!("wrote {path}"));
                }
                None => {
                    fs::remove_file(file).map_err(at)?;
                    done.push(format!("removed {path}"));
                }
            }
        }
        Ok(done)
    }
}

/// Schemas of events that there are no more.
fn superfluous(generated: &BTreeMap<String, String>) -> Result<Vec<String>, FilesError> {
    let folder = schema_folder();
    if !exists(&folder) {
        return Ok(Vec::new());
    }
    let at = |source| FilesError::File { path: folder.clone(), source };
    let mut superfluous = Vec::new();
    for entry in fs::read_dir(full(&folder)).map_err(at)? {
        let name = entry.map_err(at)?.file_name();
        let path = format!("{folder}/{}", name.to_string_lossy());
        if !generated.contains_key(&path) {
            superfluous.push(path);
        }
    }
    superfluous.sort();
    Ok(superfluous)
}

fn schema_folder() -> String {
    format!("crates/events/schemas/{EVENT_VERSION}")
}

fn golden_folder() -> String {
    format!("crates/events/goldens/{EVENT_VERSION}")
}

fn pretty(value: &impl serde::Serialize) -> Result<String, FilesError> {
    Ok(serde_json::to_string_pretty(value)? + "\n")
}

fn full(path: &str) -> PathBuf {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../..")).join(path)
}

fn exists(path: &str) -> bool {
    full(path).exists()
}

fn read(path: &str) -> Result<String, FilesError> {
    fs::read_to_string(full(path))
        .map_err(|source| FilesError::File { path: path.to_owned(), source })
}
