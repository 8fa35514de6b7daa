//! The `metadata.*` pairs of a publish request.

use std::{collections::BTreeMap, time::Duration};

use actix_web::web;

const PREFIX: &str = "metadata.";
const RAW_PAYLOAD: &str = "rawPayload";

/// Name and value, each as sent.
pub(crate) type Metadata = BTreeMap<String, String>;

/// The pairs can't be used.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum InvalidMetadata {
    /// The query is no query.
    #[error("the query string is malformed")]
    Query,
    /// PostgreSQL takes no NUL, and an HTTP header neither.
    #[error("{0} has a NUL in its name or value")]
    Nul(String),
    /// `rawPayload` is no boolean.
    #[error("{RAW_PAYLOAD} value must be a valid boolean: actual is '{0}'")]
    RawPayload(String),
}

/// Reads the pairs from a query string; of several with one name the last counts.
///
/// # Errors
/// [`InvalidMetadata::Query`] and [`InvalidMetadata::Nul`].
pub(crate) fn from_query(query: &str) -> Result<Metadata, InvalidMetadata> {
    let pairs = web::Query::<Vec<(String, String)>>::from_query(query)
        .map_err(|_| InvalidMetadata::Query)?
        .into_inner();
    pairs
        .into_iter()
        .filter_map(|(name, value)| Some((name.strip_prefix(PREFIX)?.to_owned(), value)))
        .map(|(name, value)| without_nul(name, value))
        .collect()
}

/// Checks pairs that came in a body.
///
/// # Errors
/// [`InvalidMetadata::Nul`].
pub(crate) fn checked(metadata: Metadata) -> Result<Metadata, InvalidMetadata> {
    metadata.into_iter().map(|(name, value)| without_nul(name, value)).collect()
}

/// Whether the payload is to be published as it is.
///
/// # Errors
/// [`InvalidMetadata::RawPayload`].
pub(crate) fn raw_payload(metadata: &Metadata) -> Result<bool, InvalidMetadata> {
    match metadata.get(RAW_PAYLOAD).map(String::as_str) {
        None | Some("") => Ok(false),
        Some(text) => parse_bool(text).ok_or_else(|| InvalidMetadata::RawPayload(text.to_owned())),
    }
}

/// How long the event is worth delivering: `ttlInSeconds`, a whole number above zero. Anything else
/// is ignored, as in daprd.
pub(crate) fn time_to_live(metadata: &Metadata) -> Option<Duration> {
    let text = find(metadata, "ttl").or_else(|| find(metadata, "ttlInSeconds"))?;
    text.parse().ok().filter(|seconds| *seconds > 0).map(Duration::from_secs)
}

/// The record's key: `partitionKey` or `__key`.
pub(crate) fn partition_key(metadata: &Metadata) -> Option<&str> {
    metadata.get("partitionKey").or_else(|| metadata.get("__key")).map(String::as_str)
}

/// A pair by its name in any case.
pub(crate) fn find<'a>(metadata: &'a Metadata, name: &str) -> Option<&'a str> {
    metadata
        .iter()
        .find(|(candidate, _)| candidate.eq_ignore_ascii_case(name))
        .map(|(_, value)| value.as_str())
}

/// The spellings of a boolean that Go accepts.
pub(crate) fn parse_bool(text: &str) -> Option<bool> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Some(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Some(false),
        _ => None,
    }
}

fn without_nul(name: String, value: String) -> Result<(String, String), InvalidMetadata> {
    if name.contains('\0') || value.contains('\0') {
        return Err(InvalidMetadata::Nul(name.replace('\0', "")));
    }
    Ok((name, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_decoded_and_the_rest_of_the_query_is_ignored() {
        let metadata =
            from_query("metadata.partitionKey=a%20b&other=1&metadata.x=").expect("pairs");
        assert_eq!(partition_key(&metadata), Some("a b"));
        assert_eq!(metadata.len(), 2);
    }

    #[test]
    fn a_nul_is_refused() {
        assert_eq!(from_query("metadata.x=%00"), Err(InvalidMetadata::Nul("x".to_owned())));
    }

    #[test]
    fn raw_payload_must_be_a_boolean() {
        let raw = |query| raw_payload(&from_query(query).expect("pairs"));
        assert_eq!(raw("metadata.rawPayload=true"), Ok(true));
        assert_eq!(raw(""), Ok(false));
        assert!(raw("metadata.rawPayload=yes").is_err());
    }
}
