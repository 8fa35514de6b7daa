//! `/act/{token}`: the pages that links in notifications lead to. A GET asks, a POST acts.
//!
//! Whoever has the link may follow it, signed in or not: it is sealed, good for once, and runs out. So
//! a page of another site that posts it has nothing that it would not have by reading it.

use std::sync::LazyLock;

use actix_web::{HttpMessage, HttpRequest, HttpResponse, web};
use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use chrono::{DateTime, TimeDelta, Utc};
use events::{ActionLink, CorrelationId, Due, LinkAction, TimeZone};
use platform::html::escaped;
use sha2::{Digest, Sha256};

use crate::{
    commands::action_links::{self, Acted, Found},
    context::Context,
    domain::task::{Task, Wait},
    error::{Code, Failure},
};

/// How a time is written to people.
const DAY: &str = "%A, %-d %B %Y";
const DAY_AND_TIME: &str = "%A, %-d %B %Y, %H:%M";
/// How long a reminder is put off where nothing else is asked, in minutes.
const SNOOZE_MINUTES: i64 = 10;

const STYLE: &str = "body{font:1.1rem/1.5 system-ui,sans-serif;max-width:30rem;margin:15vh auto;\
     padding:0 1.5rem;color:#1c1c1e;background:#fff}h1{font-size:1.4rem;overflow-wrap:anywhere}\
     button{font:inherit;margin:.3rem .5rem .3rem 0;padding:.6rem 1.2rem;border:0;\
     border-radius:.5rem;background:#2457c5;color:#fff;cursor:pointer}\
     @media(prefers-color-scheme:dark){body{color:#f2f2f7;background:#1c1c1e}\
     button{background:#8ab0ff;color:#10131a}}";

/// The one style, and a form that leads back here: nothing else loads, runs or is sent anywhere.
static POLICY: LazyLock<String> = LazyLock::new(|| {
    let hash = BASE64.encode(Sha256::digest(STYLE));
    format!(
        "default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'; form-action 'self'; \
         frame-ancestors 'none'"
    )
});

/// Asks whether it is meant.
pub(super) async fn ask(
    context: web::Data<Context>,
    token: web::Path<String>,
) -> Result<HttpResponse, Failure> {
    Ok(match action_links::look(&context, &token).await? {
        Found::Good(link, task) => question(&link, &task),
        Found::Used => used(),
        Found::NoGood => no_good(),
    })
}

/// Does it.
pub(super) async fn act(
    context: web::Data<Context>,
    request: HttpRequest,
    token: web::Path<String>,
    body: web::Bytes,
) -> Result<HttpResponse, Failure> {
    let wait = url::form_urlencoded::parse(&body)
        .find(|(name, _)| name == "for")
        .map_or(Some(Wait::For(TimeDelta::minutes(SNOOZE_MINUTES))), |(_, text)| read_wait(&text));
    let wait = wait.ok_or_else(|| Failure::field("for", "is one of those that the page has"))?;
    let correlation_id = request.extensions().get().copied().unwrap_or_else(CorrelationId::random);
    Ok(match action_links::follow(&context, &token, wait, correlation_id).await? {
        Acted::Done(link, task) => done(&link, &task),
        Acted::TooLate => page(
            Code::ReminderGone,
            "Nothing left to do",
            "<p>It is done already, or was moved meanwhile.</p>",
        ),
        Acted::Used => used(),
        Acted::NoGood => no_good(),
    })
}

fn read_wait(text: &str) -> Option<Wait> {
    Some(match text {
        "10m" => Wait::For(TimeDelta::minutes(10)),
        "1h" => Wait::For(TimeDelta::hours(1)),
        "tomorrow_morning" => Wait::TomorrowMorning,
        _ => return None,
    })
}

fn question(link: &ActionLink, task: &Task) -> HttpResponse {
    let due = due(task).map(|due| format!("<p>Due {}</p>", escaped(&due))).unwrap_or_default();
    let buttons = match link.action {
        LinkAction::Done => "<button>It is done</button>".to_owned(),
        LinkAction::Snooze => [
            ("10m", "In 10 minutes"),
            ("1h", "In an hour"),
            ("tomorrow_morning", "Tomorrow morning"),
        ]
        .map(|(value, label)| format!("<button name=\"for\" value=\"{value}\">{label}</button>"))
        .concat(),
    };
    let asked = match link.action {
        LinkAction::Done => "",
        LinkAction::Snooze => "<p>Remind again:</p>",
    };
    let form = format!("{due}{asked}<form method=\"post\">{buttons}</form>");
    answer(HttpResponse::Ok(), &task.state.title, &form)
}

fn done(link: &ActionLink, task: &Task) -> HttpResponse {
    let state = &task.state;
    let said = match link.action {
        LinkAction::Done => match due(task).filter(|_| !task.is_done()) {
            Some(next) => format!("Done. It is due next on {next}."),
            None => "Done.".to_owned(),
        },
        LinkAction::Snooze => {
            let snooze = state.snoozes.iter().find(|one| one.reminder_id == link.reminder_id);
            match snooze {
                Some(snooze) => {
                    format!("You are reminded again on {}.", local(state.time_zone, snooze.until))
                }
                None => "You are reminded again.".to_owned(),
            }
        }
    };
    answer(HttpResponse::Ok(), &state.title, &format!("<p>{}</p>", escaped(&said)))
}

fn used() -> HttpResponse {
    let said = "<p>Each link is good for once, and nothing was changed now.</p>";
    page(Code::ReminderGone, "This link was used before", said)
}

fn no_good() -> HttpResponse {
    let said =
        "<p>Links in notifications are good for two days, and as long as their task is there.</p>";
    page(Code::NotFound, "This link is no good", said)
}

/// A page for people with the status that programs know the matter by.
fn page(code: Code, title: &str, body: &str) -> HttpResponse {
    answer(HttpResponse::build(code.status()), title, body)
}

fn answer(mut response: actix_web::HttpResponseBuilder, title: &str, body: &str) -> HttpResponse {
    let title = escaped(title);
    response
        .content_type("text/html; charset=utf-8")
        .insert_header(("Content-Security-Policy", POLICY.as_str()))
        .insert_header(("X-Robots-Tag", "noindex"))
        .body(format!(
            "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
             <meta name=\"viewport\" content=\"width=device-width\"><title>{title}</title>\
             <style>{STYLE}</style></head><body><main><h1>{title}</h1>{body}</main></body></html>"
        ))
}

fn due(task: &Task) -> Option<String> {
    Some(match task.state.due_date? {
        Due::At(at) => local(task.state.time_zone, at),
        Due::On(day) => day.format(DAY).to_string(),
    })
}

fn local(zone: TimeZone, at: DateTime<Utc>) -> String {
    format!("{} ({})", zone.local(at).format(DAY_AND_TIME), zone.name())
}
