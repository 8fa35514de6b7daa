//! Kafka's jars, and the Java that runs them.

use std::{
    fs,
    path::{Path, PathBuf},
};

use nix::sys::signal::Signal;
use tokio::process::Command;

use super::error::KafkaStartError;
use crate::process::tied;

/// What the name of the broker's jar begins with.
const JAR: &str = "kafka_";
/// The heap of a broker for one machine, in MiB.
const HEAP_MIB: u32 = 384;

/// A folder with Kafka's jars.
#[derive(Clone, Debug)]
pub struct Libraries {
    folder: PathBuf,
    java: PathBuf,
}

impl Libraries {
    /// Those of a folder, with the Java of `JAVA_HOME` or else of PATH.
    ///
    /// # Errors
    /// [`KafkaStartError::NoLibraries`], [`KafkaStartError::NotKafka`].
    pub fn find(folder: Option<&Path>) -> Result<Self, KafkaStartError> {
        let folder = folder.ok_or(KafkaStartError::NoLibraries)?;
        let files = fs::read_dir(folder).into_iter().flatten().flatten();
        let mut names = files.map(|file| file.file_name().to_string_lossy().into_owned());
        if !names.any(|name| name.starts_with(JAR) && name.ends_with(".jar")) {
            return Err(KafkaStartError::NotKafka { folder: folder.to_owned() });
        }
        let home = std::env::var_os("JAVA_HOME").filter(|home| !home.is_empty());
        let java = home.map_or_else(|| "java".into(), |home| PathBuf::from(home).join("bin/java"));
        Ok(Self { folder: folder.to_owned(), java })
    }

    /// The program that runs it.
    pub(crate) fn java(&self) -> &Path {
        &self.java
    }

    /// A command that runs one of Kafka's main classes and dies with us; it logs as a file says.
    pub(crate) fn command(&self, class: &str, logging: &Path) -> Command {
        let mut command = tied(&self.java, Signal::SIGKILL);
        command
            .arg(format!("-Xmx{HEAP_MIB}m"))
            // One machine, mostly idle: a small and simple collector.
            .args(["-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"])
            .arg(format!("-Dlog4j.configuration=file:{}", logging.display()))
            .arg("-cp")
            .arg(self.folder.join("*"))
            .arg(class)
            // Options meant for another Java would change this one.
            .env_remove("JAVA_TOOL_OPTIONS")
            .env_remove("CLASSPATH");
        command
    }
}
