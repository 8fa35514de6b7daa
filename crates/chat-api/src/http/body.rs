//! JSON bodies, read field by field, so that every field that is wrong is named at once.

use std::time::Duration;

use actix_web::{FromRequest, HttpRequest, dev::Payload, web::Bytes};
use futures_util::future::LocalBoxFuture;
use serde::{Deserialize, Deserializer, de::DeserializeOwned};
use serde_json::{Value, error::Category};
use utoipa::IntoParams;

use crate::{
    commands::idempotency::Once,
    error::{Failure, FieldError},
};

const IDEMPOTENCY_HEADER: &str = "idempotency-key";

/// How long a body may take to come.
#[derive(Clone, Copy, Debug)]
pub(super) struct BodyTimeout(pub(super) Duration);

/// A body that must be there.
#[derive(Debug)]
pub(super) struct JsonBody<T>(pub(super) T);

/// A body that must be there, and the `Idempotency-Key` that it came with.
#[derive(Debug)]
pub(super) struct KeyedBody<T>(pub(super) Option<Once>, pub(super) T);

/// The key of a request that may be sent twice.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "describes to OpenAPI what is read of the header")]
pub(super) struct IdempotencyKey {
    /// With it, the request is carried out once in 24 hours: the same key with the same body is answered
    /// what the first was answered.
    #[param(
        rename = "Idempotency-Key",
        min_length = 1,
        max_length = 255,
        pattern = "^[!-~]+$",
        nullable = false
    )]
    idempotency_key: Option<String>,
}

/// A body that may be left out, and is then `{}`.
#[derive(Debug)]
pub(super) struct OptionalJsonBody<T>(pub(super) T);

/// A field as it came: left out, null, or some value.
#[derive(Debug, Default)]
pub(super) struct Field(Option<Value>);

/// Parses fields and collects what is wrong with them.
#[derive(Debug, Default)]
pub(super) struct Fields {
    errors: Vec<FieldError>,
}

impl<T: DeserializeOwned + 'static> FromRequest for JsonBody<T> {
    type Error = Failure;
    type Future = LocalBoxFuture<'static, Result<Self, Failure>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let bytes = read(request, payload);
        Box::pin(async move { parse(&bytes.await?).map(Self) })
    }
}

impl<T: DeserializeOwned + 'static> FromRequest for KeyedBody<T> {
    type Error = Failure;
    type Future = LocalBoxFuture<'static, Result<Self, Failure>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let bytes = read(request, payload);
        let key = request.headers().get(IDEMPOTENCY_HEADER).cloned();
        Box::pin(async move {
            let bytes = bytes.await?;
            let once =
                key.map(|key| Once::new(key.to_str().unwrap_or_default(), &bytes)).transpose()?;
            Ok(Self(once, parse(&bytes)?))
        })
    }
}

impl<T: DeserializeOwned + 'static> FromRequest for OptionalJsonBody<T> {
    type Error = Failure;
    type Future = LocalBoxFuture<'static, Result<Self, Failure>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let bytes = read(request, payload);
        Box::pin(async move {
            let bytes = bytes.await?;
            parse(if bytes.is_empty() { b"{}" } else { &bytes }).map(Self)
        })
    }
}

/// The whole body: at most what its route takes, declared or not, and in time.
pub(super) fn read(
    request: &HttpRequest,
    payload: &mut Payload,
) -> impl Future<Output = Result<Bytes, Failure>> + use<> {
    let timeout = request.app_data::<BodyTimeout>().map_or(Duration::MAX, |timeout| timeout.0);
    let bytes = Bytes::from_request(request, payload);
    async move {
        let bytes = tokio::time::timeout(timeout, bytes).await;
        let bytes = bytes.map_err(|_elapsed| Failure::RequestTimeout)?;
        bytes.map_err(|error| Failure::of_framework(error.as_response_error().status_code()))
    }
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Failure> {
    serde_json::from_slice(bytes).map_err(|error| match error.classify() {
        Category::Data => Failure::field("", describe(&error)),
        _ => Failure::MalformedJson(error),
    })
}

/// What serde says, without the place: a field's value has none in the body.
fn describe(error: &serde_json::Error) -> String {
    let text = error.to_string();
    match text.rfind(" at line ") {
        Some(place) => text[..place].to_owned(),
        None => text,
    }
}

impl<'de> Deserialize<'de> for Field {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Value::deserialize(deserializer).map(|value| Self(Some(value)))
    }
}

impl Fields {
    /// A field that must be there.
    pub(super) fn required<T: DeserializeOwned, R, E: ToString>(
        &mut self,
        name: &str,
        field: Field,
        check: impl FnOnce(T) -> Result<R, E>,
    ) -> Option<R> {
        match field.0 {
            Some(value) => self.value(name, value, check),
            None => self.refuse(name, "is required"),
        }
    }

    /// A field that may be left out but not be null.
    pub(super) fn given<T: DeserializeOwned, R, E: ToString>(
        &mut self,
        name: &str,
        field: Field,
        check: impl FnOnce(T) -> Result<R, E>,
    ) -> Option<R> {
        self.value(name, field.0?, check)
    }

    /// A field that may be left out or be null, which is the same.
    pub(super) fn optional<T: DeserializeOwned, R, E: ToString>(
        &mut self,
        name: &str,
        field: Field,
        check: impl FnOnce(T) -> Result<R, E>,
    ) -> Option<R> {
        self.patch(name, field, check)?
    }

    /// A field of a merge patch: left out it stays, null removes it.
    pub(super) fn patch<T: DeserializeOwned, R, E: ToString>(
        &mut self,
        name: &str,
        field: Field,
        check: impl FnOnce(T) -> Result<R, E>,
    ) -> Option<Option<R>> {
        match field.0? {
            Value::Null => Some(None),
            value => self.value(name, value, check).map(Some),
        }
    }

    /// What was parsed, unless anything was refused.
    pub(super) fn finish<R>(self, parsed: Option<R>) -> Result<R, Failure> {
        match parsed {
            Some(parsed) if self.errors.is_empty() => Ok(parsed),
            _ => Err(Failure::Invalid(self.errors)),
        }
    }

    fn value<T: DeserializeOwned, R, E: ToString>(
        &mut self,
        name: &str,
        value: Value,
        check: impl FnOnce(T) -> Result<R, E>,
    ) -> Option<R> {
        let typed = serde_json::from_value::<T>(value).map_err(|error| describe(&error));
        match typed.and_then(|typed| check(typed).map_err(|error| error.to_string())) {
            Ok(parsed) => Some(parsed),
            Err(message) => self.refuse(name, &message),
        }
    }

    fn refuse<R>(&mut self, name: &str, message: &str) -> Option<R> {
        self.errors.push(FieldError { field: name.to_owned(), message: message.to_owned() });
        None
    }
}

/// A check that takes every value of the type.
pub(super) fn any<T>(value: T) -> Result<T, std::convert::Infallible> {
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Default, Deserialize)]
    #[serde(default)]
    struct Body {
        title: Field,
        count: Field,
    }

    #[test]
    fn every_field_that_is_wrong_is_named() {
        let body: Body = parse(br#"{"title": 5, "count": "x", "other": 1}"#).expect("an object");
        let mut fields = Fields::default();
        let title = fields.required("title", body.title, any::<String>);
        fields.optional("count", body.count, any::<i64>);
        let Err(Failure::Invalid(errors)) = fields.finish(title) else { panic!("refused") };
        let names: Vec<&str> = errors.iter().map(|error| error.field.as_str()).collect();
        assert_eq!(names, ["title", "count"]);
    }

    #[test]
    fn null_and_left_out_differ_only_in_a_patch() {
        let body: Body = parse(br#"{"title": null}"#).expect("an object");
        let mut fields = Fields::default();
        assert_eq!(fields.patch("title", body.title, any::<String>), Some(None));
        assert_eq!(fields.patch("count", body.count, any::<i64>), None);
    }

    #[test]
    fn what_is_no_json_and_what_is_no_object_differ() {
        for text in ["", "{", "{\"title\": \"\\ud800\"}", "nonsense", "\u{fffd}"] {
            assert!(
                matches!(parse::<Body>(text.as_bytes()), Err(Failure::MalformedJson(_))),
                "{text}"
            );
        }
        for text in ["5", "\"text\"", "{\"title\": 1, \"title\": 2}"] {
            assert!(matches!(parse::<Body>(text.as_bytes()), Err(Failure::Invalid(_))), "{text}");
        }
    }
}
