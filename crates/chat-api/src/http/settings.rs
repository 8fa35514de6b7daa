//! `/settings`.

use actix_web::{HttpResponse, web};
use chrono::NaiveTime;
use events::TimeZone;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    body::{Field, Fields, JsonBody, any},
    caller::{Caller, SignedIn},
    schemas::{TimeOfDay, TimeZoneName},
};
use crate::{
    commands,
    context::Context,
    domain::settings::{Settings, parse_quiet_hours},
    error::Failure,
    queries,
};

/// Settings as a whole.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = SettingsReplacement)]
pub(super) struct SettingsBody {
    #[schema(value_type = TimeZoneName, required)]
    #[serde(default)]
    time_zone: Field,
    /// When nothing is sent; none where it is null or left out.
    #[schema(value_type = Option<QuietHoursView>)]
    #[serde(default)]
    quiet_hours: Field,
}

/// Two local times; over midnight where `from` is later than `to`.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = QuietHours)]
pub(super) struct QuietHoursView {
    #[schema(value_type = TimeOfDay)]
    from: String,
    #[schema(value_type = TimeOfDay)]
    to: String,
}

/// A person's settings.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Settings)]
pub(super) struct SettingsView {
    #[schema(value_type = TimeZoneName)]
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
#[utoipa::path(get, path = "/api/v1/settings", operation_id = "getSettings", tag = "settings",
    responses((status = 200, body = SettingsView)))]
pub(super) async fn show(
    context: web::Data<Context>,
    signed_in: SignedIn,
) -> Result<HttpResponse, Failure> {
    let person = queries::people::find(&context, signed_in.user_id).await?;
    Ok(HttpResponse::Ok().json(SettingsView::from(person.settings)))
}

/// Replaces the settings.
#[utoipa::path(put, path = "/api/v1/settings", operation_id = "replaceSettings", tag = "settings",
    request_body = SettingsBody, responses((status = 200, body = SettingsView)))]
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
