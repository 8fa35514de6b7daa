//! Why a request fails: the one place with status codes.
//!
//! Commands and queries fail with a [`Failure`]; `http` renders it as RFC 9457
//! `application/problem+json` with the row of its table and the correlation id. What an operator
//! has to see is logged there once, with its causes; what a person wrote never is.

use std::borrow::Cow;

use actix_web::{HttpResponse, ResponseError, http::StatusCode};
use events::CorrelationId;
use messaging::{AppendError, ApplyError};
use serde::Serialize;
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{ObjectBuilder, RefOr, Schema, Type},
};

use crate::domain::{scope::Scope, task::Refusal};

/// The problem type of a code; a name, not an address.
const TYPE_PREFIX: &str = "urn:problem:";
/// The media type of a problem.
pub(crate) const PROBLEM_JSON: &str = "application/problem+json";
/// What a caller waits at least for what passes by itself, in seconds.
pub(crate) const RETRY_AFTER_SECS: u64 = 2;

/// A field of the request that is refused, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct FieldError {
    /// The field's name in the request; empty for the body as a whole.
    pub(crate) field: String,
    /// Why, for a person.
    pub(crate) message: String,
}

/// A problem as RFC 9457 has it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Problem {
    /// `urn:problem:` and the code.
    #[schema(pattern = "^urn:problem:[a-z_]+$")]
    #[serde(rename = "type")]
    problem_type: String,
    /// What went wrong, in general.
    title: &'static str,
    /// The HTTP status.
    #[schema(minimum = 400, maximum = 599)]
    status: u16,
    /// A stable name for programs.
    #[schema(value_type = Code)]
    code: &'static str,
    /// What went wrong this time, for a person.
    detail: String,
    /// The request, in every log line and event that follows from it.
    #[schema(value_type = String, format = Uuid)]
    correlation_id: String,
    /// The fields that are refused.
    #[schema(required = false)]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<FieldError>,
}

/// Why a request fails.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error("this needs a session cookie or a bearer token")]
    NotSignedIn,
    #[error("no account has this e-mail address and password")]
    InvalidCredentials,
    #[error("a page of another site may not change anything here")]
    CrossSite,
    #[error("this is not the account's password")]
    WrongPassword,
    #[error("this needs a token with the scope `{}`", .0.name())]
    InsufficientScope(Scope),
    #[error("this is for administrators")]
    AdminsOnly,
    #[error("too many attempts: the next one is heard in {retry_after_secs} s")]
    TooManyAttempts { retry_after_secs: u64 },
    #[error("there is no such thing here")]
    NotFound,
    #[error("this does not take that method")]
    MethodNotAllowed { allowed: Vec<&'static str> },
    #[error("an account has this e-mail address already")]
    EmailTaken,
    #[error("there are {limit} {what} already, more are not allowed")]
    TooMany { what: &'static str, limit: i64 },
    #[error("the task has changed since this version")]
    VersionMismatch,
    #[error("tasks[{0}] has changed since this version")]
    OneVersionMismatch(usize),
    #[error("the request can't be read")]
    BadRequest,
    /// Of a protocol of its own, which says what there is to a message.
    #[error("{0}")]
    BadMessage(String),
    #[error("the body is no JSON: {0}")]
    MalformedJson(serde_json::Error),
    #[error("{}", summary(.0))]
    Invalid(Vec<FieldError>),
    #[error("completing a recurring task names the occurrence that was done")]
    OccurrenceRequired,
    #[error("the task no longer has this reminder, or is done")]
    ReminderGone,
    #[error("the task has changed since this occurrence was done or skipped")]
    ChangedSince,
    #[error("the inbox stays")]
    InboxStays,
    #[error("the dead letter was discarded")]
    DeadLetterDiscarded,
    #[error("the message before is still being answered")]
    StillAnswering,
    #[error("this key was used for another request")]
    IdempotencyKeyReused,
    #[error("the request is too large")]
    TooLarge,
    #[error("the body did not come in time")]
    RequestTimeout,
    #[error("too many requests: the next one is answered in {retry_after_secs} s")]
    RateLimited { retry_after_secs: u64 },
    #[error("there are {limit} live streams of yours already, more are not allowed")]
    TooManyStreams { limit: usize },
    #[error("too many ask for this at once")]
    Busy,
    #[error("the database does not answer")]
    Unavailable(#[source] sqlx::Error),
    #[error("something went wrong here")]
    Internal(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// The table: of each code its name, status and title. A name is never given up or given away.
macro_rules! codes {
    ($($code:ident = $name:literal, $status:ident, $title:literal;)*) => {
        /// What a program tells failures apart by.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub(crate) enum Code { $($code),* }

        impl Code {
            pub(crate) const ALL: &[Self] = &[$(Self::$code),*];

            pub(crate) const fn name(self) -> &'static str {
                match self { $(Self::$code => $name),* }
            }

            pub(crate) fn named(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|code| code.name() == name)
            }

            pub(crate) const fn status(self) -> StatusCode {
                match self { $(Self::$code => StatusCode::$status),* }
            }

            pub(crate) const fn title(self) -> &'static str {
                match self { $(Self::$code => $title),* }
            }
        }

        impl PartialSchema for Code {
            fn schema() -> RefOr<Schema> {
                ObjectBuilder::new()
                    .schema_type(Type::String)
                    .description(Some("What a program tells problems apart by; it never changes."))
                    .enum_values(Some(Self::ALL.iter().map(|code| code.name())))
                    .into()
            }
        }

        impl ToSchema for Code {
            fn name() -> Cow<'static, str> {
                "ProblemCode".into()
            }
        }

        /// What an operation says of itself where it can fail with a code: `responses(code::NotFound)`.
        /// It stands among the responses by the code's name, until the document gathers those of a
        /// status.
        #[allow(dead_code, reason = "most codes follow from what an operation is")]
        pub(crate) mod code {
            use std::collections::BTreeMap;

            use utoipa::{IntoResponses, openapi::{RefOr, Response}};

            $(
                pub(crate) enum $code {}

                impl IntoResponses for $code {
                    fn responses() -> BTreeMap<String, RefOr<Response>> {
                        [($name.to_owned(), RefOr::T(Response::new($title)))].into()
                    }
                }
            )*
        }
    };
}

codes! {
    BadRequest = "bad_request", BAD_REQUEST, "Bad request";
    MalformedJson = "malformed_json", BAD_REQUEST, "Malformed JSON";
    NotSignedIn = "not_signed_in", UNAUTHORIZED, "Not signed in";
    InvalidCredentials = "invalid_credentials", UNAUTHORIZED, "Invalid credentials";
    CrossSite = "cross_site", FORBIDDEN, "Cross-site request";
    WrongPassword = "wrong_password", FORBIDDEN, "Wrong password";
    InsufficientScope = "insufficient_scope", FORBIDDEN, "Insufficient scope";
    AdminsOnly = "admins_only", FORBIDDEN, "Administrators only";
    NotFound = "not_found", NOT_FOUND, "Not found";
    MethodNotAllowed = "method_not_allowed", METHOD_NOT_ALLOWED, "Method not allowed";
    RequestTimeout = "request_timeout", REQUEST_TIMEOUT, "Request timeout";
    EmailTaken = "email_taken", CONFLICT, "E-mail address taken";
    TooMany = "too_many", CONFLICT, "Too many";
    InboxStays = "inbox_stays", CONFLICT, "The inbox stays";
    ReminderGone = "reminder_gone", CONFLICT, "Reminder gone";
    ChangedSince = "changed_since", CONFLICT, "Changed since";
    DeadLetterDiscarded = "dead_letter_discarded", CONFLICT, "Dead letter discarded";
    StillAnswering = "still_answering", CONFLICT, "Still answering";
    VersionMismatch = "version_mismatch", PRECONDITION_FAILED, "Changed in the meantime";
    TooLarge = "too_large", PAYLOAD_TOO_LARGE, "Too large";
    Invalid = "invalid", UNPROCESSABLE_ENTITY, "Invalid";
    OccurrenceRequired = "occurrence_required", UNPROCESSABLE_ENTITY, "Occurrence required";
    IdempotencyKeyReused = "idempotency_key_reused", UNPROCESSABLE_ENTITY, "Idempotency key reused";
    RateLimited = "rate_limited", TOO_MANY_REQUESTS, "Too many requests";
    TooManyStreams = "too_many_streams", TOO_MANY_REQUESTS, "Too many streams";
    TooManyAttempts = "too_many_attempts", TOO_MANY_REQUESTS, "Too many attempts";
    Internal = "internal", INTERNAL_SERVER_ERROR, "Internal error";
    Busy = "busy", SERVICE_UNAVAILABLE, "Busy";
    Unavailable = "unavailable", SERVICE_UNAVAILABLE, "Unavailable";
}

impl Failure {
    /// One field is refused.
    pub(crate) fn field(field: &str, message: impl ToString) -> Self {
        Self::Invalid(vec![FieldError { field: field.to_owned(), message: message.to_string() }])
    }

    /// Something that only an operator can mend.
    pub(crate) fn internal(error: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self::Internal(Box::new(error))
    }

    /// Whether a transaction and another one waited for each other: nothing was done, and it may be done again.
    pub(crate) fn is_deadlock(&self) -> bool {
        matches!(self, Self::Unavailable(error) if platform::database::is_deadlock(error))
    }

    /// Whether who asked can't mend it.
    pub(crate) fn is_ours(&self) -> bool {
        self.code().status().is_server_error()
    }

    pub(crate) const fn code(&self) -> Code {
        match self {
            Self::BadRequest | Self::BadMessage(_) => Code::BadRequest,
            Self::MalformedJson(_) => Code::MalformedJson,
            Self::NotSignedIn => Code::NotSignedIn,
            Self::InvalidCredentials => Code::InvalidCredentials,
            Self::CrossSite => Code::CrossSite,
            Self::WrongPassword => Code::WrongPassword,
            Self::InsufficientScope(_) => Code::InsufficientScope,
            Self::AdminsOnly => Code::AdminsOnly,
            Self::TooManyAttempts { .. } => Code::TooManyAttempts,
            Self::NotFound => Code::NotFound,
            Self::MethodNotAllowed { .. } => Code::MethodNotAllowed,
            Self::EmailTaken => Code::EmailTaken,
            Self::TooMany { .. } => Code::TooMany,
            Self::VersionMismatch | Self::OneVersionMismatch(_) => Code::VersionMismatch,
            Self::TooLarge => Code::TooLarge,
            Self::RequestTimeout => Code::RequestTimeout,
            Self::RateLimited { .. } => Code::RateLimited,
            Self::TooManyStreams { .. } => Code::TooManyStreams,
            Self::Invalid(_) => Code::Invalid,
            Self::OccurrenceRequired => Code::OccurrenceRequired,
            Self::ReminderGone => Code::ReminderGone,
            Self::ChangedSince => Code::ChangedSince,
            Self::InboxStays => Code::InboxStays,
            Self::DeadLetterDiscarded => Code::DeadLetterDiscarded,
            Self::StillAnswering => Code::StillAnswering,
            Self::IdempotencyKeyReused => Code::IdempotencyKeyReused,
            Self::Busy => Code::Busy,
            Self::Unavailable(_) => Code::Unavailable,
            Self::Internal(_) => Code::Internal,
        }
    }

    /// What stands in for an error that the web framework made itself.
    pub(crate) fn of_framework(status: StatusCode) -> Self {
        match status {
            StatusCode::NOT_FOUND => Self::NotFound,
            StatusCode::PAYLOAD_TOO_LARGE => Self::TooLarge,
            _ => Self::BadRequest,
        }
    }

    /// What is told of it.
    pub(crate) fn problem(&self, correlation_id: CorrelationId) -> Problem {
        let code = self.code();
        Problem {
            problem_type: format!("{TYPE_PREFIX}{}", code.name()),
            title: code.title(),
            status: code.status().as_u16(),
            code: code.name(),
            detail: self.to_string(),
            correlation_id: correlation_id.to_string(),
            errors: if let Self::Invalid(errors) = self { errors.clone() } else { vec![] },
        }
    }

    /// The answer, as problem+json.
    pub(crate) fn render(&self, correlation_id: CorrelationId) -> HttpResponse {
        let mut response = HttpResponse::build(self.code().status());
        match self {
            Self::Busy
            | Self::Unavailable(_)
            | Self::TooManyStreams { .. }
            | Self::StillAnswering => {
                response.insert_header(("Retry-After", RETRY_AFTER_SECS.to_string()));
            }
            Self::TooManyAttempts { retry_after_secs } | Self::RateLimited { retry_after_secs } => {
                response.insert_header(("Retry-After", retry_after_secs.to_string()));
            }
            Self::NotSignedIn => {
                response.insert_header(("WWW-Authenticate", "Bearer"));
            }
            Self::InsufficientScope(scope) => {
                let scope = scope.name();
                let challenge = format!("Bearer error=\"insufficient_scope\", scope=\"{scope}\"");
                response.insert_header(("WWW-Authenticate", challenge));
            }
            Self::MethodNotAllowed { allowed } => {
                response.insert_header(("Allow", allowed.join(", ")));
            }
            _ => {}
        }
        response.content_type(PROBLEM_JSON).json(self.problem(correlation_id))
    }

    /// Logs what an operator has to see, with its causes.
    pub(crate) fn log(&self) {
        let error = self as &dyn std::error::Error;
        match self {
            Self::Internal(_) => tracing::error!(error, "a request failed"),
            Self::Unavailable(_) | Self::Busy => tracing::warn!(error, "a request was turned away"),
            _ => {}
        }
    }
}

fn summary(errors: &[FieldError]) -> String {
    let each = errors.iter().map(|FieldError { field, message }| match field.as_str() {
        // The body as a whole.
        "" => message.clone(),
        field => format!("{field}: {message}"),
    });
    each.collect::<Vec<_>>().join("; ")
}

impl ResponseError for Failure {
    fn status_code(&self) -> StatusCode {
        self.code().status()
    }
}

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Self {
        if platform::database::is_transient(&error) {
            Self::Unavailable(error)
        } else {
            Self::internal(error)
        }
    }
}

impl From<AppendError> for Failure {
    fn from(error: AppendError) -> Self {
        match error {
            AppendError::TooLarge { .. } => Self::TooLarge,
            AppendError::Database(error) => error.into(),
            error => Self::internal(error),
        }
    }
}

impl From<ApplyError> for Failure {
    fn from(error: ApplyError) -> Self {
        match error {
            ApplyError::Database(error) => error.into(),
            ApplyError::Append(error) => error.into(),
        }
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::NotFound => Self::NotFound,
            Refusal::OccurrenceRequired => Self::OccurrenceRequired,
            Refusal::ReminderGone => Self::ReminderGone,
            Refusal::ChangedSince => Self::ChangedSince,
            Refusal::Field { field, reason } => Self::field(field, reason),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lasting_database_error_is_ours_and_a_passing_one_is_worth_a_retry() {
        let passing = Failure::from(sqlx::Error::PoolTimedOut);
        assert_eq!(passing.status_code(), StatusCode::SERVICE_UNAVAILABLE);
        let lasting = Failure::from(sqlx::Error::RowNotFound);
        assert_eq!(lasting.status_code(), StatusCode::INTERNAL_SERVER_ERROR);
    }

    #[test]
    fn the_detail_names_the_fields_and_for_the_body_as_a_whole_none() {
        let of = |field: &str| FieldError { field: field.to_owned(), message: "is odd".to_owned() };
        let failure = Failure::Invalid(vec![of(""), of("title")]);
        assert_eq!(failure.to_string(), "is odd; title: is odd");
    }

    #[test]
    fn an_answer_never_tells_what_went_wrong_inside() {
        let failure = Failure::internal(sqlx::Error::Protocol("password of dev".to_owned()));
        assert!(!failure.to_string().contains("dev"));
    }
}
