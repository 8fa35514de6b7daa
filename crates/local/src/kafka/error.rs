//! Why Kafka does not run.

use std::path::PathBuf;

/// The embedded Kafka does not start.
#[derive(Debug, thiserror::Error)]
pub enum KafkaStartError {
    /// Nobody has named its jars.
    #[error("Kafka is not here: name the folder of its jars in KAFKA_LIBS (make run does)")]
    NoLibraries,
    /// The folder has no jars of Kafka.
    #[error("{} has no jars of Kafka: KAFKA_LIBS names the folder of a Kafka's libs", folder.display())]
    NotKafka {
        /// What was named.
        folder: PathBuf,
    },
    /// A file or folder can't be read or written.
    #[error("{}: can't {action}", path.display())]
    File {
        /// What was tried.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Java, or another program, can't be started.
    #[error("{} can't be started; Kafka needs Java 17 or newer, on PATH or in JAVA_HOME", program.display())]
    Spawn {
        /// The program.
        program: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It ended before it answered.
    #[error("Kafka's {what} ended with {status}: {output}")]
    Ended {
        /// Which part of it.
        what: &'static str,
        /// How.
        status: String,
        /// The last lines that it wrote.
        output: String,
    },
    /// It runs and does not answer.
    #[error("Kafka does not answer on {address} within {waited_secs} s: {output}")]
    NotReady {
        /// Where it was asked.
        address: std::net::SocketAddr,
        /// How long was waited, in seconds.
        waited_secs: u64,
        /// The last lines that it wrote.
        output: String,
    },
}

impl KafkaStartError {
    pub(super) fn file(
        action: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { action, path, source }
    }
}
