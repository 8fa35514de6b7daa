//! `/me`: the account of who is signed in.

use actix_web::{HttpResponse, web};
use events::{TimeZone, UserId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    accounts::removed_cookie,
    body::{Field, Fields, JsonBody, any},
    caller::{CalledFrom, Caller, SignedIn},
    schemas::{NewPassword, TimeZoneName},
};
use crate::{
    commands::me::{self, Confirmation},
    context::{Client, Context},
    domain::{email::Email, password::Password},
    error::{Failure, code},
    queries,
    store::persons::Person,
};

/// An account.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Account {
    #[schema(value_type = String, format = Uuid)]
    user_id: UserId,
    email: String,
    #[schema(value_type = TimeZoneName)]
    time_zone: TimeZone,
    is_admin: bool,
}

/// A change of the password.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = PasswordChange)]
pub(super) struct PasswordBody {
    #[schema(value_type = String, required)]
    #[serde(default)]
    current_password: Field,
    #[schema(value_type = NewPassword, required)]
    #[serde(default)]
    new_password: Field,
}

/// A change of the address.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = EmailChange)]
pub(super) struct EmailBody {
    #[schema(value_type = String, required)]
    #[serde(default)]
    current_password: Field,
    /// By which its owner signs in from then on.
    #[schema(value_type = String, format = Email, max_length = 254, required)]
    #[serde(default)]
    email: Field,
}

/// The end of the account.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = AccountDeletion)]
pub(super) struct DeletionBody {
    #[schema(value_type = String, required)]
    #[serde(default)]
    current_password: Field,
}

impl Account {
    pub(super) async fn of(context: &Context, person: Person) -> Result<Self, Failure> {
        let is_admin = queries::people::is_admin(context, person.user_id).await?;
        let Person { user_id, email, settings, .. } = person;
        Ok(Self { user_id, email, time_zone: settings.time_zone, is_admin })
    }
}

/// Who is signed in.
#[utoipa::path(get, path = "/api/v1/me", operation_id = "getAccount", tag = "accounts",
    responses((status = 200, body = Account)))]
pub(super) async fn show(
    context: web::Data<Context>,
    signed_in: SignedIn,
) -> Result<HttpResponse, Failure> {
    let person = queries::people::find(&context, signed_in.user_id).await?;
    Ok(HttpResponse::Ok().json(Account::of(&context, person).await?))
}

/// Replaces the password and ends every other session; API tokens stay. A wrong current password is
/// 403 `wrong_password`.
#[utoipa::path(post, path = "/api/v1/me/password", operation_id = "changePassword", tag = "accounts",
    request_body = PasswordBody,
    responses((status = 204), code::WrongPassword, code::TooManyAttempts, code::Busy))]
pub(super) async fn change_password(
    context: web::Data<Context>,
    signed_in: SignedIn,
    CalledFrom(client): CalledFrom,
    JsonBody(body): JsonBody<PasswordBody>,
) -> Result<HttpResponse, Failure> {
    let mut fields = Fields::default();
    let current = fields.required("current_password", body.current_password, any::<String>);
    let new = fields.required("new_password", body.new_password, Password::parse);
    let (current, new) = fields.finish(current.zip(new))?;
    let confirmation = confirmation(signed_in.user_id, &client, current);
    me::change_password(&context, confirmation, &signed_in.credential, new).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Replaces the e-mail address. A wrong current password is 403 `wrong_password`.
#[utoipa::path(post, path = "/api/v1/me/email", operation_id = "changeEmail", tag = "accounts",
    request_body = EmailBody,
    responses((status = 200, body = Account), code::WrongPassword, code::EmailTaken,
        code::TooManyAttempts, code::Busy))]
pub(super) async fn change_email(
    context: web::Data<Context>,
    signed_in: SignedIn,
    CalledFrom(client): CalledFrom,
    JsonBody(body): JsonBody<EmailBody>,
) -> Result<HttpResponse, Failure> {
    let mut fields = Fields::default();
    let current = fields.required("current_password", body.current_password, any::<String>);
    let email = fields.required("email", body.email, |text: String| Email::parse(&text));
    let (current, email) = fields.finish(current.zip(email))?;
    let confirmation = confirmation(signed_in.user_id, &client, current);
    let person = me::change_email(&context, confirmation, email).await?;
    Ok(HttpResponse::Ok().json(Account::of(&context, person).await?))
}

/// Deletes the account and all that is in it, for ever. A wrong current password is 403
/// `wrong_password`.
#[utoipa::path(delete, path = "/api/v1/me", operation_id = "deleteAccount", tag = "accounts",
    request_body = DeletionBody,
    responses((status = 204), code::WrongPassword, code::TooManyAttempts, code::Busy))]
pub(super) async fn delete(
    context: web::Data<Context>,
    Caller(call): Caller,
    CalledFrom(client): CalledFrom,
    JsonBody(body): JsonBody<DeletionBody>,
) -> Result<HttpResponse, Failure> {
    let mut fields = Fields::default();
    let current = fields.required("current_password", body.current_password, any::<String>);
    let current = fields.finish(current)?;
    me::delete(&context, call, confirmation(call.user_id, &client, current)).await?;
    Ok(HttpResponse::NoContent().cookie(removed_cookie()).finish())
}

fn confirmation(user_id: UserId, client: &Client, password: String) -> Confirmation {
    Confirmation { user_id, client: client.network, password: Password::attempt(password) }
}
