//! What the public listener is told: whom it serves, how much of it, and for how long it waits.

use std::{num::NonZeroU32, str::FromStr, time::Duration};

use clap::{Args, value_parser};
use url::Url;

/// Limits of the public listener, all of them of this process alone: two replicas let through twice as
/// much.
#[derive(Args, Clone, Debug)]
pub struct HttpSettings {
    /// Threads that answer people; one a core where it is left out
    #[arg(long, env, value_parser = value_parser!(u16).range(1..=256))]
    pub http_workers: Option<u16>,

    /// Open connections of one of these threads, at the most; others wait to be accepted
    #[arg(long, env, default_value_t = 5_000, value_parser = value_parser!(u32).range(1..=100_000))]
    pub max_connections_per_worker: u32,

    /// How long a connection may be silent between two requests, in seconds; longer than a proxy
    /// before this service keeps one
    #[arg(long, env, default_value_t = 75, value_parser = value_parser!(u64).range(1..=3_600))]
    pub keep_alive_secs: u64,

    /// How long the head of a request may take to come, in seconds
    #[arg(long, env, default_value_t = 10, value_parser = value_parser!(u64).range(1..=300))]
    pub head_timeout_secs: u64,

    /// How long the body of a request may take to come, in seconds
    #[arg(long, env, default_value_t = 20, value_parser = value_parser!(u64).range(1..=600))]
    pub body_timeout_secs: u64,

    /// How long a client may take nothing of what is ready for it, in seconds; the connection ends then
    #[arg(long, env, default_value_t = 30, value_parser = value_parser!(u64).range(1..=600))]
    pub write_timeout_secs: u64,

    /// Requests per minute of one session or API token
    #[arg(long, env, default_value = "6000")]
    pub signed_in_requests_per_minute: NonZeroU32,

    /// Requests per minute of one client address without a session or token that is known to hold
    #[arg(long, env, default_value = "1200")]
    pub stranger_requests_per_minute: NonZeroU32,

    /// Live streams of one person at the same time
    #[arg(long, env, default_value_t = 50, value_parser = value_parser!(u32).range(1..=100_000))]
    pub max_streams_per_person: u32,

    /// Sites whose pages may use this API from a browser, with the session too: origins, comma-separated,
    /// each a scheme, a host, and a port where it is not the usual one
    #[arg(long, env, default_value = "", hide_default_value = true)]
    pub cors_origins: Origins,
}

/// Origins of web pages, as browsers write them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origins(Vec<String>);

/// The setting can't be read.
#[derive(Debug, thiserror::Error)]
#[error("{0:?} is no origin such as https://app.example.org")]
pub struct InvalidOrigins(String);

impl HttpSettings {
    pub(crate) fn max_connections_per_worker(&self) -> usize {
        usize::try_from(self.max_connections_per_worker).unwrap_or(usize::MAX)
    }

    pub(crate) fn max_streams_per_person(&self) -> usize {
        usize::try_from(self.max_streams_per_person).unwrap_or(usize::MAX)
    }

    pub(crate) const fn keep_alive(&self) -> Duration {
        Duration::from_secs(self.keep_alive_secs)
    }

    pub(crate) const fn head_timeout(&self) -> Duration {
        Duration::from_secs(self.head_timeout_secs)
    }

    pub(crate) const fn body_timeout(&self) -> Duration {
        Duration::from_secs(self.body_timeout_secs)
    }

    pub(crate) const fn write_timeout(&self) -> Duration {
        Duration::from_secs(self.write_timeout_secs)
    }
}

impl Origins {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn contains(&self, origin: &str) -> bool {
        self.0.iter().any(|named| named == origin)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }
}

impl FromStr for Origins {
    type Err = InvalidOrigins;

    fn from_str(text: &str) -> Result<Self, InvalidOrigins> {
        let entries = text.split(',').map(str::trim).filter(|entry| !entry.is_empty());
        entries.map(parse).collect::<Result<_, _>>().map(Self)
    }
}

/// What a browser sends for this origin: a scheme and a host, and a port where it is not the usual one.
fn parse(text: &str) -> Result<String, InvalidOrigins> {
    let invalid = || InvalidOrigins(text.to_owned());
    let url = Url::parse(text).map_err(|_no_url| invalid())?;
    let origin = url.origin().ascii_serialization();
    let is_plain = url.as_str().trim_end_matches('/') == origin;
    let is_web = matches!(url.scheme(), "http" | "https");
    // A pattern would be taken for a name, and let nobody in.
    (is_plain && is_web && !text.contains('*')).then_some(origin).ok_or_else(invalid)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_a_list_and_never_everybody() {
        let parse = |text: &str| text.parse::<Origins>().map(|origins| origins.0);
        assert_eq!(parse("").expect("none"), Vec::<String>::new());
        assert_eq!(
            parse("https://App.example.org:443/, http://localhost:5173").expect("two"),
            ["https://app.example.org", "http://localhost:5173"]
        );
        for text in ["*", "null", "example.org", "https://*", "file:///x", "https://a.test/path"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
