//! Why a request fails: the one place with status codes.
//!
//! Commands and queries fail with a [`Failure`]; `http` renders it as RFC 9457
//! `application/problem+json` with the row of its table and the correlation id. What an operator
//! has to see is logged there once, with its causes; what a person wrote never is.

use actix_web::{HttpResponse, ResponseError, http::StatusCode};
use messaging::AppendError;
use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::{scope::Scope, task::Refusal};

/// The problem type of a code; a name, not an address.
const TYPE_PREFIX: &str = "urn:problem:";
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
    #[serde(rename = "type")]
    problem_type: String,
    /// What went wrong, in general.
    title: &'static str,
    /// The HTTP status.
    status: u16,
    /// A stable name for programs.
    code: &'static str,
    /// What went wrong this time, for a person.
    detail: String,
    /// The request, in every log line and event that follows from it.
    #[schema(value_type = String, format = Uuid)]
    correlation_id: String,
    /// The fields that are refused.
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
    MethodNotAllowed,
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
    #[error("the body is no JSON: {0}")]
    MalformedJson(serde_json::Error),
    #[error("{}", summary(.0))]
    Invalid(Vec<FieldError>),
    #[error("completing a recurring task names the occurrence that was done")]
    OccurrenceRequired,
    #[error("the task no longer has this reminder, or is done")]
    ReminderGone,
    #[error("the inbox stays")]
    InboxStays,
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
    #[error("too many people sign in at once")]
    Busy,
    #[error("the database does not answer")]
    Unavailable(#[source] sqlx::Error),
    #[error("something went wrong here")]
    Internal(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// A row of the table.
struct Kind {
    code: &'static str,
    status: StatusCode,
    title: &'static str,
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

    /// The table: code, status, title.
    const fn kind(&self) -> Kind {
        use StatusCode as S;
        let (code, status, title) = match self {
            Self::BadRequest => ("bad_request", S::BAD_REQUEST, "Bad request"),
            Self::MalformedJson(_) => ("malformed_json", S::BAD_REQUEST, "Malformed JSON"),
            Self::NotSignedIn => ("not_signed_in", S::UNAUTHORIZED, "Not signed in"),
            Self::InvalidCredentials => {
                ("invalid_credentials", S::UNAUTHORIZED, "Invalid credentials")
            }
            Self::CrossSite => ("cross_site", S::FORBIDDEN, "Cross-site request"),
            Self::WrongPassword => ("wrong_password", S::FORBIDDEN, "Wrong password"),
            Self::InsufficientScope(_) => {
                ("insufficient_scope", S::FORBIDDEN, "Insufficient scope")
            }
            Self::AdminsOnly => ("admins_only", S::FORBIDDEN, "Administrators only"),
            Self::TooManyAttempts { .. } => {
                ("too_many_attempts", S::TOO_MANY_REQUESTS, "Too many attempts")
            }
            Self::NotFound => ("not_found", S::NOT_FOUND, "Not found"),
            Self::MethodNotAllowed => {
                ("method_not_allowed", S::METHOD_NOT_ALLOWED, "Method not allowed")
            }
            Self::EmailTaken => ("email_taken", S::CONFLICT, "E-mail address taken"),
            Self::TooMany { .. } => ("too_many", S::CONFLICT, "Too many"),
            Self::VersionMismatch | Self::OneVersionMismatch(_) => {
                ("version_mismatch", S::PRECONDITION_FAILED, "Changed in the meantime")
            }
            Self::TooLarge => ("too_large", S::PAYLOAD_TOO_LARGE, "Too large"),
            Self::RequestTimeout => ("request_timeout", S::REQUEST_TIMEOUT, "Request timeout"),
            Self::RateLimited { .. } => ("rate_limited", S::TOO_MANY_REQUESTS, "Too many requests"),
            Self::TooManyStreams { .. } => {
                ("too_many_streams", S::TOO_MANY_REQUESTS, "Too many streams")
            }
            Self::Invalid(_) => ("invalid", S::UNPROCESSABLE_ENTITY, "Invalid"),
            Self::OccurrenceRequired => {
                ("occurrence_required", S::UNPROCESSABLE_ENTITY, "Occurrence required")
            }
            Self::ReminderGone => ("reminder_gone", S::CONFLICT, "Reminder gone"),
            Self::InboxStays => ("inbox_stays", S::CONFLICT, "The inbox stays"),
            Self::IdempotencyKeyReused => {
                ("idempotency_key_reused", S::UNPROCESSABLE_ENTITY, "Idempotency key reused")
            }
            Self::Busy => ("busy", S::SERVICE_UNAVAILABLE, "Busy"),
            Self::Unavailable(_) => ("unavailable", S::SERVICE_UNAVAILABLE, "Unavailable"),
            Self::Internal(_) => ("internal", S::INTERNAL_SERVER_ERROR, "Internal error"),
        };
        Kind { code, status, title }
    }

    /// What stands in for an error that the web framework made itself.
    pub(crate) fn of_framework(status: StatusCode) -> Self {
        match status {
            StatusCode::NOT_FOUND => Self::NotFound,
            StatusCode::METHOD_NOT_ALLOWED => Self::MethodNotAllowed,
            StatusCode::PAYLOAD_TOO_LARGE => Self::TooLarge,
            _ => Self::BadRequest,
        }
    }

    /// The answer, as problem+json.
    pub(crate) fn render(&self, correlation_id: events::CorrelationId) -> HttpResponse {
        let Kind { code, status, title } = self.kind();
        let problem = Problem {
            problem_type: format!("{TYPE_PREFIX}{code}"),
            title,
            status: status.as_u16(),
            code,
            detail: self.to_string(),
            correlation_id: correlation_id.to_string(),
            errors: if let Self::Invalid(errors) = self { errors.clone() } else { vec![] },
        };
        let mut response = HttpResponse::build(status);
        match self {
            Self::Busy | Self::Unavailable(_) | Self::TooManyStreams { .. } => {
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
            _ => {}
        }
        response.content_type("application/problem+json").json(problem)
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
    let each: Vec<String> =
        errors.iter().map(|FieldError { field, message }| format!("{field}: {message}")).collect();
    each.join("; ")
}

impl ResponseError for Failure {
    fn status_code(&self) -> StatusCode {
        self.kind().status
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

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::NotFound => Self::NotFound,
            Refusal::OccurrenceRequired => Self::OccurrenceRequired,
            Refusal::ReminderGone => Self::ReminderGone,
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
    fn an_answer_never_tells_what_went_wrong_inside() {
        let failure = Failure::internal(sqlx::Error::Protocol("password of dev".to_owned()));
        assert!(!failure.to_string().contains("dev"));
    }
}
