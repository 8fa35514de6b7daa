//! `/settings`.

use actix_web::{HttpResponse, web};
use chrono::NaiveTime;
use events::TimeZone;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    body::{Field, Fields, JsonBody, any},
    caller::{Caller, SignedIn},
};
use crate::{
    commands,
    context::Context,
    domain::settings::{Settings, parse_quiet_hours},
    error::{Failure, Problem},
    queries,
};

/// Settings as a whole.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct SettingsBody {
    /// An IANA time zone.
    #[schema(value_type = String, required, example = "Europe/Berlin")]
    #[serde(default)]
    time_zone: Field,
    /// When nothing is sent; none where it is null or left out.
    #[schema(value_type = Option<QuietHoursView>)]
    #[serde(default)]
    quiet_hours: Field,
}

/// Two local times; over midnight where `from` is later than `to`.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(super) struct QuietHoursView {
    #[schema(example = "22:00")]
    from: String,
    #[schema(example = "07:00")]
    to: String,
}

/// A person's settings.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SettingsView {
    /// An IANA time zone.
    #[schema(value_type = String)]
    time_zone: TimeZone,
    quiet_hours: Option<QuietHoursView>,
}

impl From<Settings> for SettingsView {
    fn from(settings: Settings) -> Self {
        let time = |time: NaiveTime| time.format("%H:%M:%S").to_string();
        Self {
            time_zone: settings.time_zone,
            quiet_hours: settings
                .quiet_hours
                .map(|quiet| QuietHoursView { from: time(quiet.from), to: time(quiet.to) }),
        }
    }
}

/// The settings.
#[utoipa::path(get, path = "/api/v1/settings", tag = "settings",
    responses((status = 200, body = SettingsView), (status = 401, body = Problem)))]
pub(super) async fn show(
    context: web::Data<Context>,
    signed_in: SignedIn,
) -> Result<HttpResponse, Failure> {
    let person = queries::people::find(&context, signed_in.user_id).await?;
    Ok(HttpResponse::Ok().json(SettingsView::from(person.settings)))
}

/// Replaces the settings.
#[utoipa::path(put, path = "/api/v1/settings", tag = "settings", request_body = SettingsBody,
    responses((status = 200, body = SettingsView), (status = 422, body = Problem)))]
pub(super) async fn replace(
    context: web::Data<Context>,
    Caller(call): Caller,
    JsonBody(body): JsonBody<SettingsBody>,
) -> Result<HttpResponse, Failure> {
    let mut fields = Fields::default();
    let zone = fields.required("time_zone", body.time_zone, any::<TimeZone>);
    let quiet_hours = fields.optional("quiet_hours", body.quiet_hours, |view: QuietHoursView| {
        parse_quiet_hours(&view.from, &view.to)
    });
    let time_zone = fields.finish(zone)?;
    let settings = Settings { time_zone, quiet_hours };
    let settings = commands::settings::change(&context, call, settings).await?;
    Ok(HttpResponse::Ok().json(SettingsView::from(settings)))
}
