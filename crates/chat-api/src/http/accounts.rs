//! `/auth` and `/me`.

use actix_web::{
    HttpResponse,
    cookie::{Cookie, SameSite, time::Duration},
    web,
};
use events::{TimeZone, UserId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    body::{Field, Fields, JsonBody, any},
    caller::{Correlation, SESSION_COOKIE, SignedIn},
    client_address::ClientAddress,
};
use crate::{
    commands::accounts::{self, SESSION_DAYS},
    context::Context,
    domain::{email::Email, password::Password, secret_token::SecretToken},
    error::{Failure, Problem},
    queries::{self, identity::Credential},
    store::persons::Person,
};

/// A new account.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct RegisterBody {
    /// By which its owner signs in.
    #[schema(value_type = String, format = Email, required, example = "ada@example.test")]
    #[serde(default)]
    email: Field,
    /// 10 to 200 characters.
    #[schema(value_type = String, min_length = 10, max_length = 200, required)]
    #[serde(default)]
    password: Field,
    /// An IANA time zone; UTC where it is left out.
    #[schema(value_type = Option<String>, example = "Europe/Berlin")]
    #[serde(default)]
    time_zone: Field,
}

/// What somebody signs in with.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct LogInBody {
    #[schema(value_type = String, required)]
    #[serde(default)]
    email: Field,
    #[schema(value_type = String, required)]
    #[serde(default)]
    password: Field,
}

/// An account.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Account {
    #[schema(value_type = String, format = Uuid)]
    user_id: UserId,
    email: String,
    /// An IANA time zone.
    #[schema(value_type = String)]
    time_zone: TimeZone,
}

impl From<Person> for Account {
    fn from(person: Person) -> Self {
        Self { user_id: person.user_id, email: person.email, time_zone: person.settings.time_zone }
    }
}

/// Makes an account and signs its owner in.
#[utoipa::path(post, path = "/api/v1/auth/register", tag = "accounts", security(()),
    request_body = RegisterBody,
    responses((status = 201, body = Account), (status = 409, body = Problem),
        (status = 422, body = Problem), (status = 429, body = Problem)))]
pub(super) async fn register(
    context: web::Data<Context>,
    Correlation(correlation_id): Correlation,
    client: ClientAddress,
    JsonBody(body): JsonBody<RegisterBody>,
) -> Result<HttpResponse, Failure> {
    let mut fields = Fields::default();
    let email = fields.required("email", body.email, |text: String| Email::parse(&text));
    let password = fields.required("password", body.password, Password::parse);
    let zone = fields.optional("time_zone", body.time_zone, any::<TimeZone>);
    let (email, password) = fields.finish(email.zip(password))?;
    let zone = zone.unwrap_or_default();
    let client = client.network();
    let (person, session) =
        accounts::register(&context, correlation_id, client, email, password, zone).await?;
    Ok(HttpResponse::Created().cookie(cookie(&context, &session)).json(Account::from(person)))
}

/// Signs somebody in.
#[utoipa::path(post, path = "/api/v1/auth/login", tag = "accounts", security(()),
    request_body = LogInBody,
    responses((status = 200, body = Account), (status = 401, body = Problem),
        (status = 429, body = Problem)))]
pub(super) async fn log_in(
    context: web::Data<Context>,
    client: ClientAddress,
    JsonBody(body): JsonBody<LogInBody>,
) -> Result<HttpResponse, Failure> {
    let mut fields = Fields::default();
    let email = fields.required("email", body.email, any::<String>);
    let password = fields.required("password", body.password, any::<String>);
    let (email, password) = fields.finish(email.zip(password))?;
    let password = Password::attempt(password);
    let (person, session) = accounts::log_in(&context, client.network(), &email, password).await?;
    Ok(HttpResponse::Ok().cookie(cookie(&context, &session)).json(Account::from(person)))
}

/// Ends the session.
#[utoipa::path(post, path = "/api/v1/auth/logout", tag = "accounts",
    responses((status = 204), (status = 401, body = Problem)))]
pub(super) async fn log_out(
    context: web::Data<Context>,
    signed_in: SignedIn,
) -> Result<HttpResponse, Failure> {
    if let Credential::Session(hash) = &signed_in.credential {
        accounts::log_out(&context, signed_in.user_id, hash).await?;
    }
    let mut gone = Cookie::build(SESSION_COOKIE, "").path("/").finish();
    gone.make_removal();
    Ok(HttpResponse::NoContent().cookie(gone).finish())
}

/// Who is signed in.
#[utoipa::path(get, path = "/api/v1/me", tag = "accounts",
    responses((status = 200, body = Account), (status = 401, body = Problem)))]
pub(super) async fn me(
    context: web::Data<Context>,
    signed_in: SignedIn,
) -> Result<HttpResponse, Failure> {
    let person = queries::people::find(&context, signed_in.user_id).await?;
    Ok(HttpResponse::Ok().json(Account::from(person)))
}

fn cookie(context: &Context, session: &SecretToken) -> Cookie<'static> {
    Cookie::build(SESSION_COOKIE, session.reveal())
        .path("/")
        .http_only(true)
        .same_site(SameSite::Lax)
        .secure(context.public_url.scheme() == "https")
        .max_age(Duration::days(i64::from(SESSION_DAYS)))
        .finish()
}
