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
    commands::{
        self,
        settings::{Replacement, Tasks},
    },
    context::Context,
    domain::settings::{Settings, parse_quiet_hours, parse_time},
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
    /// From which local time the reminders of a whole day count; as before where it is null or left out.
    #[schema(value_type = Option<TimeOfDay>)]
    #[serde(default)]
    day_time: Field,
    /// Whether tasks keep the zone that they have. Otherwise those in the zone that the person leaves
    /// follow: whole days and what repeats keep their local times.
    #[schema(value_type = Option<bool>)]
    #[serde(default)]
    keep_task_zones: Field,
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
    /// The local time from which the reminders of a whole day count.
    #[schema(value_type = TimeOfDay)]
    day_time: String,
}

impl From<Settings> for SettingsView {
    fn from(settings: Settings) -> Self {
        let time = |time: NaiveTime| time.format("%H:%M:%S").to_string();
        Self {
            time_zone: settings.time_zone,
            quiet_hours: settings
                .quiet_hours
                .map(|quiet| QuietHoursView { from: time(quiet.from), to: time(quiet.to) }),
            day_time: time(settings.day_time),
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
    let day_time = fields.optional("day_time", body.day_time, |text: String| parse_time(&text));
    let keep = fields.optional("keep_task_zones", body.keep_task_zones, any::<bool>);
    let time_zone = fields.finish(zone)?;
    let tasks = if keep == Some(true) { Tasks::Stay } else { Tasks::Follow };
    let replacement = Replacement { time_zone, quiet_hours, day_time, tasks };
    let settings = commands::settings::change(&context, call, replacement).await?;
    Ok(HttpResponse::Ok().json(SettingsView::from(settings)))
}
