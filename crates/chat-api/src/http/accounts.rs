//! `/auth`: making an account, signing in and out.

use actix_web::{
    HttpResponse,
    cookie::{Cookie, SameSite, time::Duration},
    web,
};
use events::TimeZone;
use serde::Deserialize;
use utoipa::ToSchema;

use super::{
    body::{Field, Fields, JsonBody, any},
    caller::{CalledFrom, Correlation, SESSION_COOKIE, SignedIn},
    me::Account,
    schemas::{NewPassword, TimeZoneName},
};
use crate::{
    commands::accounts::{self, NewAccount, SESSION_DAYS},
    context::Context,
    domain::{email::Email, password::Password, secret_token::SecretToken},
    error::{Failure, code},
};

/// A new account.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = Registration)]
pub(super) struct RegisterBody {
    /// By which its owner signs in.
    #[schema(value_type = String, format = Email, max_length = 254, required)]
    #[serde(default)]
    email: Field,
    #[schema(value_type = NewPassword, required)]
    #[serde(default)]
    password: Field,
    /// An IANA time zone; UTC where it is left out.
    #[schema(value_type = Option<TimeZoneName>)]
    #[serde(default)]
    time_zone: Field,
}

/// What somebody signs in with.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = LogIn)]
pub(super) struct LogInBody {
    #[schema(value_type = String, required)]
    #[serde(default)]
    email: Field,
    #[schema(value_type = String, required)]
    #[serde(default)]
    password: Field,
}

/// Makes an account and signs its owner in.
#[utoipa::path(post, path = "/api/v1/auth/register", operation_id = "register", tag = "accounts",
    security(()), request_body = RegisterBody,
    responses((status = 201, body = Account), code::EmailTaken, code::TooManyAttempts, code::Busy))]
pub(super) async fn register(
    context: web::Data<Context>,
    Correlation(correlation_id): Correlation,
    CalledFrom(client): CalledFrom,
    JsonBody(body): JsonBody<RegisterBody>,
) -> Result<HttpResponse, Failure> {
    let mut fields = Fields::default();
    let email = fields.required("email", body.email, |text: String| Email::parse(&text));
    let password = fields.required("password", body.password, Password::parse);
    let zone = fields.optional("time_zone", body.time_zone, any::<TimeZone>);
    let (email, password) = fields.finish(email.zip(password))?;
    let new = NewAccount { email, password, time_zone: zone.unwrap_or_default() };
    let (person, session) = accounts::register(&context, correlation_id, &client, new).await?;
    let account = Account::of(&context, person).await?;
    Ok(HttpResponse::Created().cookie(cookie(&context, &session)).json(account))
}

/// Signs somebody in.
#[utoipa::path(post, path = "/api/v1/auth/login", operation_id = "logIn", tag = "accounts", security(()),
    request_body = LogInBody,
    responses((status = 200, body = Account), code::InvalidCredentials, code::TooManyAttempts,
        code::Busy))]
pub(super) async fn log_in(
    context: web::Data<Context>,
    CalledFrom(client): CalledFrom,
    JsonBody(body): JsonBody<LogInBody>,
) -> Result<HttpResponse, Failure> {
    let mut fields = Fields::default();
    let email = fields.required("email", body.email, any::<String>);
    let password = fields.required("password", body.password, any::<String>);
    let (email, password) = fields.finish(email.zip(password))?;
    let password = Password::attempt(password);
    let (person, session) = accounts::log_in(&context, &client, &email, password).await?;
    let account = Account::of(&context, person).await?;
    Ok(HttpResponse::Ok().cookie(cookie(&context, &session)).json(account))
}

/// Ends the session.
#[utoipa::path(post, path = "/api/v1/auth/logout", operation_id = "logOut", tag = "accounts",
    responses((status = 204)))]
pub(super) async fn log_out(
    context: web::Data<Context>,
    signed_in: SignedIn,
) -> Result<HttpResponse, Failure> {
    if let Some(hash) = signed_in.credential.as_session() {
        accounts::log_out(&context, signed_in.user_id, hash).await?;
    }
    Ok(HttpResponse::NoContent().cookie(removed_cookie()).finish())
}

/// Makes the browser forget its session.
pub(super) fn removed_cookie() -> Cookie<'static> {
    let mut gone = Cookie::build(SESSION_COOKIE, "").path("/").finish();
    gone.make_removal();
    gone
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
