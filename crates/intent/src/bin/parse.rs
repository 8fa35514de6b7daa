//! Understands phrases: JSON Lines in, one JSON line out each.
//!
//! In: `{"text", "now", "time_zone", "preferences"?}`. Out: [`intent::Understood`], or `{"error"}`.

use std::io::{self, BufRead, Write};

use chrono::{DateTime, NaiveTime, Utc, Weekday};
use events::TimeZone;
use intent::{Context, DateOrder, Preferences, Understood};
use serde::Deserialize;

/// One phrase.
#[derive(Deserialize)]
struct Request {
    text: String,
    now: DateTime<Utc>,
    time_zone: TimeZone,
    #[serde(default)]
    preferences: Habits,
}

/// What is left out is as [`Preferences::default`] has it.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Habits {
    date_order: Option<Order>,
    week_start: Option<Start>,
    morning: Option<String>,
    afternoon: Option<String>,
    evening: Option<String>,
    night: Option<String>,
    end_of_day: Option<String>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Order {
    #[serde(alias = "month", alias = "mdy")]
    MonthFirst,
    #[serde(alias = "day", alias = "dmy")]
    DayFirst,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Start {
    Monday,
    Sunday,
    Saturday,
}

fn main() -> io::Result<()> {
    let mut out = io::stdout().lock();
    for line in io::stdin().lock().lines() {
        let line = line?;
        if line.trim().is_empty() {
            continue;
        }
        match answer(&line) {
            Ok(understood) => serde_json::to_writer(&mut out, &understood)?,
            Err(error) => serde_json::to_writer(&mut out, &serde_json::json!({ "error": error }))?,
        }
        out.write_all(b"\n")?;
        out.flush()?;
    }
    Ok(())
}

fn answer(line: &str) -> Result<Understood, String> {
    let request: Request = serde_json::from_str(line).map_err(|error| error.to_string())?;
    let preferences = request.preferences.read()?;
    let context = Context { now: request.now, time_zone: request.time_zone, preferences };
    Ok(Understood::from(&intent::parse(&request.text, &context)))
}

impl Habits {
    fn read(self) -> Result<Preferences, String> {
        let default = Preferences::default();
        Ok(Preferences {
            date_order: match self.date_order {
                Some(Order::DayFirst) => DateOrder::DayFirst,
                Some(Order::MonthFirst) | None => DateOrder::MonthFirst,
            },
            week_start: match self.week_start {
                Some(Start::Sunday) => Weekday::Sun,
                Some(Start::Saturday) => Weekday::Sat,
                Some(Start::Monday) | None => Weekday::Mon,
            },
            morning: time(self.morning, default.morning)?,
            afternoon: time(self.afternoon, default.afternoon)?,
            evening: time(self.evening, default.evening)?,
            night: time(self.night, default.night)?,
            end_of_day: time(self.end_of_day, default.end_of_day)?,
        })
    }
}

fn time(text: Option<String>, default: NaiveTime) -> Result<NaiveTime, String> {
    let Some(text) = text else { return Ok(default) };
    NaiveTime::parse_from_str(&text, "%H:%M")
        .or_else(|_| NaiveTime::parse_from_str(&text, "%H:%M:%S"))
        .map_err(|_| format!("{text:?} is no local time such as 09:00"))
}
