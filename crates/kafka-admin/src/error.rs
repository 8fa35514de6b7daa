//! Why the broker was not asked, or did not do it.

use kafka_protocol::ResponseError;

/// Something did not work.
#[derive(Debug, thiserror::Error)]
pub enum KafkaError {
    /// No broker was named.
    #[error("no broker is named; they are written host:port, with commas between them")]
    NoBroker,
    /// A broker can't be reached, or went away, or is silent.
    #[error("the Kafka broker {broker} does not answer")]
    Away {
        /// Its address, as it was named.
        broker: String,
        /// Why.
        source: std::io::Error,
    },
    /// What came is not what the protocol says.
    #[error("the Kafka broker speaks another protocol: {0}")]
    Protocol(String),
    /// The broker said no.
    #[error("Kafka refuses to {action}: {reason}")]
    Refused {
        /// What was asked for.
        action: String,
        /// Kafka's name of the error, and what the broker said to it.
        reason: String,
    },
}

impl KafkaError {
    pub(crate) fn refused(action: impl Into<String>, code: i16, message: Option<&str>) -> Self {
        let name = ResponseError::try_from_code(code)
            .map_or_else(|| format!("error {code}"), |error| error.to_string());
        let reason = message.map_or_else(|| name.clone(), |message| format!("{name}: {message}"));
        Self::Refused { action: action.into(), reason }
    }
}
