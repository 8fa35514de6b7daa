//! What a notification says, before a channel gives it its form.
//!
//! Every channel renders from here, so that none says more or less than another. The same at every
//! attempt.

use events::{Due as DueDate, Priority, ReminderTriggered, TimeZone};
use serde_json::{Value, json};
use url::Url;
use uuid::Uuid;

use super::{digest as words, digest_key, links::Links, notification_key};
use crate::{digest::Digest, store::deliveries::Due};
use chrono::{DateTime, Utc};

/// The title of a test.
const TEST_TITLE: &str = "This channel works";
const TEST_LINE: &str = "You asked for a test. Reminders will come this way.";
/// What a digest is, for programs.
pub(super) const DIGEST: &str = "digest";
/// Stands for lines that there is no room for.
pub(super) const CUT: &str = "…";
/// A day as it is written to people.
pub(super) const DAY: &str = "%-d %B %Y";
pub(super) const DAY_AND_TIME: &str = "%-d %B %Y, %H:%M";

/// A notification.
#[derive(Clone, Debug)]
pub(super) struct Message {
    /// The key by which a receiver knows a repetition.
    pub(super) key: Uuid,
    /// What it is, for programs: `reminder-triggered`, `digest` or `channel-test`.
    pub(super) kind: &'static str,
    /// When what it tells happened.
    pub(super) at: DateTime<Utc>,
    pub(super) correlation_id: Uuid,
    /// All of it, for programs.
    pub(super) data: Value,
    /// One line, without control characters.
    pub(super) title: String,
    /// What else there is to say to a person, a line each.
    pub(super) lines: Vec<String>,
    /// How much its task matters.
    pub(super) priority: Priority,
    /// What a person can do about it with one touch.
    pub(super) actions: Vec<Action>,
}

/// Something that a person can do about a notification by following a link.
#[derive(Clone, Debug)]
pub(super) struct Action {
    /// What it does, in a word or two.
    pub(super) label: String,
    pub(super) url: Url,
}

impl Message {
    /// What a delivery tells.
    pub(super) fn new(due: &Due, links: Option<&Links>) -> serde_json::Result<Self> {
        match (&due.payload, &due.digest) {
            (Some(payload), _) => Self::of_reminder(due, &payload.0, links),
            (None, Some(digest)) => Self::of_digest(due, &digest.0),
            (None, None) => Ok(Self {
                key: due.delivery_id,
                kind: "channel-test",
                at: due.begun_at,
                correlation_id: due.correlation_id,
                data: json!({ "channel_id": due.channel_id }),
                title: TEST_TITLE.to_owned(),
                lines: vec![TEST_LINE.to_owned()],
                priority: Priority::default(),
                actions: vec![],
            }),
        }
    }

    fn of_reminder(
        due: &Due,
        payload: &ReminderTriggered,
        links: Option<&Links>,
    ) -> serde_json::Result<Self> {
        let key =
            notification_key(due.channel_id.into(), payload.reminder_id, payload.reminder_time);
        Ok(Self {
            key,
            kind: "reminder-triggered",
            at: payload.triggered_at,
            correlation_id: due.correlation_id,
            data: serde_json::to_value(payload)?,
            title: one_line(&payload.title),
            lines: lines(payload, due.zone()),
            priority: due.priority(),
            actions: match links {
                Some(links) => links.of_reminder(payload, key, due.occurrence()?)?,
                None => vec![],
            },
        })
    }

    /// Nothing to press: a digest is of many tasks.
    fn of_digest(due: &Due, digest: &Digest) -> serde_json::Result<Self> {
        Ok(Self {
            key: digest_key(due.channel_id.into(), digest.day),
            kind: DIGEST,
            at: digest.made_at,
            correlation_id: due.correlation_id,
            data: serde_json::to_value(digest)?,
            title: words::title(digest),
            lines: words::lines(digest),
            priority: Priority::default(),
            actions: vec![],
        })
    }

    /// The lines as one text of at most so many bytes; where there are more, the last line says so.
    pub(super) fn text_within(&self, max_bytes: usize) -> String {
        let mut text = self.lines.join("\n");
        let mut lines = self.lines.as_slice();
        while text.len() > max_bytes
            && let Some((_, before)) = lines.split_last()
        {
            lines = before;
            text = format!("{}\n{CUT}", lines.join("\n"));
        }
        text
    }

    /// The body for programs: what a webhook gets.
    pub(super) fn to_json(&self) -> serde_json::Result<Vec<u8>> {
        let mut body = json!({
            "type": self.kind,
            "timestamp": self.at,
            "correlation_id": self.correlation_id,
            "data": self.data,
        });
        if !self.actions.is_empty() {
            let action = |action: &Action| json!({ "label": action.label, "url": action.url });
            body["actions"] = self.actions.iter().map(action).collect();
        }
        serde_json::to_vec(&body)
    }
}

fn lines(payload: &ReminderTriggered, zone: TimeZone) -> Vec<String> {
    let local =
        |at: DateTime<Utc>| format!("{} ({})", zone.local(at).format(DAY_AND_TIME), zone.name());
    let mut lines = vec![match payload.due_date {
        DueDate::At(at) => format!("Due {}", local(at)),
        DueDate::On(day) => format!("Due {}", day.format(DAY)),
    }];
    if payload.late {
        lines.push(format!("Late: it was to come on {}", local(payload.reminder_time)));
    }
    match payload.folded.len().max(usize::try_from(payload.folded_count).unwrap_or(usize::MAX)) {
        0 => {}
        1 => lines.push("It stands for an earlier one that was missed, too.".to_owned()),
        count => lines.push(format!("It stands for {count} earlier ones that were missed, too.")),
    }
    lines
}

/// A text as one line: what breaks a line or steers a terminal becomes a space.
pub(super) fn one_line(text: &str) -> String {
    let is_break = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
    text.chars().map(|c| if is_break(c) { ' ' } else { c }).collect::<String>().trim().to_owned()
}

/// The first so many characters, the last of which says that there are more.
pub(super) fn shortened(text: &str, max_chars: usize) -> String {
    if text.chars().count() <= max_chars {
        return text.to_owned();
    }
    let kept: String = text.chars().take(max_chars.saturating_sub(1)).collect();
    format!("{}…", kept.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_is_one_line_whatever_stands_in_it() {
        let title = one_line(" Water\r\nBcc: eve@example.test\u{7}\u{2028}the\tplants\u{85} ");
        assert_eq!(title, "Water  Bcc: eve@example.test  the plants");
    }

    #[test]
    fn lines_that_there_is_no_room_for_are_left_out_and_missed() {
        let message = Message {
            key: Uuid::nil(),
            kind: DIGEST,
            at: DateTime::UNIX_EPOCH,
            correlation_id: Uuid::nil(),
            data: Value::Null,
            title: String::new(),
            lines: vec!["one".to_owned(), "two".to_owned(), "three".to_owned()],
            priority: Priority::default(),
            actions: vec![],
        };
        assert_eq!(message.text_within(13), "one\ntwo\nthree");
        assert_eq!(message.text_within(12), "one\ntwo\n…");
        assert_eq!(message.text_within(10), "one\n…");
    }

    #[test]
    fn a_text_is_shortened_by_characters_and_says_so() {
        assert_eq!(shortened("äöü", 3), "äöü");
        assert_eq!(shortened("äöüß", 3), "äö…");
        assert_eq!(shortened("a bcd", 3), "a…");
    }
}
