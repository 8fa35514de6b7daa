//! What stands behind the question mark; what nobody asks for is ignored.

use std::future::{Ready, ready};

use actix_web::{FromRequest, HttpRequest, HttpResponse, HttpResponseBuilder, dev::Payload};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64_URL};
use chrono::DateTime;
use serde::Serialize;
use serde::de::DeserializeOwned;
use utoipa::IntoParams;
use uuid::Uuid;

use crate::error::Failure;

/// Says how far the live feed was before a list was read.
const FEED_POSITION_HEADER: &str = "X-Feed-Position";
const DEFAULT_LIMIT: i64 = 50;
const MAX_LIMIT: i64 = 200;

/// The query's names and values, in their order.
#[derive(Debug)]
pub(super) struct Query(Vec<(String, String)>);

/// Which part of a list is asked for.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes to OpenAPI what is read of Query")]
pub(super) struct Paging {
    /// How many there are on a page, at the most.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<i64>,
    /// `next_cursor` of the page before; it means nothing else.
    #[param(min_length = 1, pattern = "^[A-Za-z0-9_-]+$")]
    cursor: Option<String>,
}

/// A place in a list ordered by a time and an id.
pub(super) type Place = (DateTime<chrono::Utc>, Uuid);

impl FromRequest for Query {
    type Error = Failure;
    type Future = Ready<Result<Self, Failure>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let pairs = url::form_urlencoded::parse(request.query_string().as_bytes());
        ready(Ok(Self(pairs.into_owned().collect())))
    }
}

impl Query {
    /// A value as it stands; of a name given twice, the last.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.all(name).next_back()
    }

    /// The values of a name that may be given several times.
    pub(super) fn all(&self, name: &str) -> impl DoubleEndedIterator<Item = &str> {
        self.0.iter().filter(move |(each, _)| each == name).map(|(_, value)| value.as_str())
    }

    /// Values that are each one of a few words; several in one are parted by commas.
    pub(super) fn words<T: DeserializeOwned>(&self, name: &str) -> Result<Vec<T>, Failure> {
        self.all(name).flat_map(|text| text.split(',')).map(|word| parse(name, word)).collect()
    }

    /// A value of a type that is written as a text.
    pub(super) fn value<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, Failure> {
        self.get(name).map(|text| parse(name, text)).transpose()
    }

    /// `limit`, 1 to 200.
    pub(super) fn limit(&self) -> Result<i64, Failure> {
        let Some(text) = self.get("limit") else { return Ok(DEFAULT_LIMIT) };
        text.parse()
            .ok()
            .filter(|limit| (1..=MAX_LIMIT).contains(limit))
            .ok_or_else(|| Failure::field("limit", format!("is a number from 1 to {MAX_LIMIT}")))
    }

    /// `cursor`, as [`write_cursor`] wrote it.
    pub(super) fn cursor<T: DeserializeOwned>(&self) -> Result<Option<T>, Failure> {
        self.get("cursor")
            .map(|text| {
                let json = BASE64_URL.decode(text).ok();
                json.and_then(|json| serde_json::from_slice(&json).ok())
                    .ok_or_else(|| Failure::field("cursor", "is no next_cursor of a list"))
            })
            .transpose()
    }
}

fn parse<T: DeserializeOwned>(name: &str, text: &str) -> Result<T, Failure> {
    serde_json::from_value(text.into()).map_err(|error| Failure::field(name, error))
}

/// A place in a list as a text that means nothing to others.
pub(super) fn write_cursor(place: &impl Serialize) -> Result<String, Failure> {
    let json = serde_json::to_vec(place).map_err(Failure::internal)?;
    Ok(BASE64_URL.encode(json))
}

/// The answer of a list.
pub(super) fn list_response(feed_position: i64) -> HttpResponseBuilder {
    let mut response = HttpResponse::Ok();
    response.insert_header((FEED_POSITION_HEADER, feed_position.to_string()));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documented_limit_is_the_one_that_is_enforced() {
        let parameters = serde_json::to_value(Paging::into_params(|| None)).expect("JSON");
        let limit = &parameters[0]["schema"];
        assert_eq!(limit["minimum"], 1);
        assert_eq!(limit["maximum"], MAX_LIMIT);
        assert_eq!(limit["default"], DEFAULT_LIMIT);
        let query = |text: &str| Query(vec![("limit".to_owned(), text.to_owned())]).limit();
        assert_eq!(query("200").expect("a limit"), MAX_LIMIT);
        for text in ["0", "201", "-1", "1.5", "many", ""] {
            assert!(query(text).is_err(), "{text}");
        }
    }
}
