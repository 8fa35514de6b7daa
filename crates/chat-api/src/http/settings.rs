//! `/settings`.

use actix_web::{HttpResponse, web};
use chrono::NaiveTime;
use events::{DailyDigest, TimeZone};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    body::{Field, Fields, JsonBody, any},
    caller::{Caller, SignedIn},
    schemas::{DateOrder, FirstOfWeek, TimeOfDay, TimeZoneName},
};
use crate::{
    commands::{
        self,
        settings::{Replacement, Tasks},
    },
    context::Context,
    domain::{
        Refused,
        language::{LanguagePatch, LanguageRecord, Order, WeekStart},
        settings::{Settings, parse_quiet_hours, parse_time},
    },
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
    /// When what is overdue and due that day is told, every day. Never where it is null; as before where it is
    /// left out.
    #[schema(value_type = Option<DigestView>)]
    #[serde(default)]
    digest: Field,
    /// What is meant by what a phrase leaves open; each of its fields, and the whole, as before where it is
    /// null or left out.
    #[schema(value_type = Option<LanguageBody>)]
    #[serde(default)]
    language: Field,
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

/// A daily digest.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = Digest)]
pub(super) struct DigestView {
    /// The local time at which it comes.
    #[schema(value_type = TimeOfDay)]
    at: String,
}

/// What is meant by what a phrase leaves open.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = LanguageChange)]
pub(super) struct LanguageBody {
    /// What 3/4 is: 4 March or 3 April.
    #[schema(value_type = Option<DateOrder>)]
    date_order: Option<Order>,
    /// The first day of a week.
    #[schema(value_type = Option<FirstOfWeek>)]
    week_start: Option<WeekStart>,
    #[schema(value_type = Option<TimeOfDay>)]
    morning: Option<String>,
    #[schema(value_type = Option<TimeOfDay>)]
    afternoon: Option<String>,
    #[schema(value_type = Option<TimeOfDay>)]
    evening: Option<String>,
    /// Also tonight.
    #[schema(value_type = Option<TimeOfDay>)]
    night: Option<String>,
    /// "By end of day".
    #[schema(value_type = Option<TimeOfDay>)]
    end_of_day: Option<String>,
}

/// What a person means by what a phrase leaves open.
#[derive(ToSchema)]
#[schema(as = Language)]
#[expect(dead_code, reason = "describes LanguageRecord to OpenAPI")]
pub(super) struct LanguageView {
    #[schema(value_type = DateOrder)]
    date_order: String,
    #[schema(value_type = FirstOfWeek)]
    week_start: String,
    #[schema(value_type = TimeOfDay)]
    morning: String,
    #[schema(value_type = TimeOfDay)]
    afternoon: String,
    #[schema(value_type = TimeOfDay)]
    evening: String,
    #[schema(value_type = TimeOfDay)]
    night: String,
    #[schema(value_type = TimeOfDay)]
    end_of_day: String,
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
    /// None comes where it is null.
    digest: Option<DigestView>,
    #[schema(value_type = LanguageView)]
    language: LanguageRecord,
}

impl LanguageBody {
    pub(super) fn into_patch(self) -> Result<LanguagePatch, Refused> {
        let time = |name: &str, text: Option<String>| {
            let time = text.as_deref().map(parse_time).transpose();
            time.map_err(|refused| Refused::new(format!("{name} {refused}")))
        };
        Ok(LanguagePatch {
            date_order: self.date_order,
            week_start: self.week_start,
            morning: time("morning", self.morning)?,
            afternoon: time("afternoon", self.afternoon)?,
            evening: time("evening", self.evening)?,
            night: time("night", self.night)?,
            end_of_day: time("end_of_day", self.end_of_day)?,
        })
    }
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
            digest: settings.digest.map(|digest| DigestView { at: time(digest.at) }),
            language: settings.language.into(),
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
    let digest = fields.patch("digest", body.digest, |view: DigestView| {
        parse_time(&view.at).map(|at| DailyDigest { at })
    });
    let language = fields.optional("language", body.language, LanguageBody::into_patch);
    let keep = fields.optional("keep_task_zones", body.keep_task_zones, any::<bool>);
    let time_zone = fields.finish(zone)?;
    let tasks = if keep == Some(true) { Tasks::Stay } else { Tasks::Follow };
    let language = language.unwrap_or_default();
    let replacement = Replacement { time_zone, quiet_hours, day_time, digest, language, tasks };
    let settings = commands::settings::change(&context, call, replacement).await?;
    Ok(HttpResponse::Ok().json(SettingsView::from(settings)))
}
