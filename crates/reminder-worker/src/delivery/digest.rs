//! The words of a daily digest.

use chrono::{DateTime, Utc};
use events::{Due, TimeZone};

use super::message::{DAY, DAY_AND_TIME, one_line, shortened};
use crate::digest::{Digest, Listed, Section};

/// The longest title of a task in a digest, in characters.
const MAX_TITLE_CHARS: usize = 80;
const TIME: &str = "%H:%M";

/// `Your day: 2 overdue, 3 due today`.
pub(super) fn title(digest: &Digest) -> String {
    let counts = [(digest.overdue.count, "overdue"), (digest.due_today.count, "due today")];
    let counts: Vec<String> = counts
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{count} {what}"))
        .collect();
    format!("Your day: {}", counts.join(", "))
}

/// The day, then each section with its tasks.
pub(super) fn lines(digest: &Digest) -> Vec<String> {
    let zone = digest.time_zone;
    let mut lines = vec![format!("{} ({})", digest.day.format(DAY), zone.name())];
    if digest.late {
        let time = local(digest.digest_time, zone, TIME);
        lines.push(format!("Late: it was to come at {time}"));
    }
    let overdue = |task: &Listed| {
        let due = match task.due_date {
            Due::At(at) => local(at, zone, DAY_AND_TIME),
            Due::On(day) => day.format(DAY).to_string(),
        };
        format!("• {} – due {due}", named(task))
    };
    let today = |task: &Listed| match task.due_date {
        Due::At(at) => format!("• {} – {}", named(task), local(at, zone, TIME)),
        Due::On(_) => format!("• {}", named(task)),
    };
    push(&mut lines, "Overdue:", &digest.overdue, overdue);
    push(&mut lines, "Due today:", &digest.due_today, today);
    lines
}

fn push(lines: &mut Vec<String>, head: &str, section: &Section, line: impl Fn(&Listed) -> String) {
    if section.count == 0 {
        return;
    }
    lines.push(head.to_owned());
    lines.extend(section.tasks.iter().map(line));
    if section.more() > 0 {
        lines.push(format!("and {} more", section.more()));
    }
}

fn named(task: &Listed) -> String {
    shortened(&one_line(&task.title), MAX_TITLE_CHARS)
}

fn local(at: DateTime<Utc>, zone: TimeZone, format: &str) -> String {
    zone.local(at).format(format).to_string()
}

#[cfg(test)]
mod tests {
    use events::{TaskId, UserId};

    use super::*;
    use crate::digest::MAX_LISTED;

    fn listed(title: &str, due: &str) -> Listed {
        let due_date = due.parse().expect("a due date");
        Listed { task_id: TaskId::random(), title: title.to_owned(), due_date }
    }

    fn digest(tasks: Vec<Listed>, made_at: &str) -> Digest {
        let day = "2027-06-01".parse().expect("a day");
        let time = "2027-06-01T05:30:00Z".parse().expect("an instant");
        let berlin = "Europe/Berlin".parse().expect("a zone");
        let now = made_at.parse().expect("an instant");
        Digest::of(UserId::random(), (day, time), berlin, tasks, now).expect("something to tell")
    }

    #[test]
    fn a_digest_says_the_day_what_is_overdue_and_what_is_due_with_its_times() {
        let tasks = vec![
            listed("Water the\r\nplants", "2027-05-31T16:00:00Z"),
            listed("Pay rent", "2027-05-30"),
            listed("Call Ada", "2027-06-01T15:00:00Z"),
            listed("Clean up", "2027-06-01"),
        ];
        let digest = digest(tasks, "2027-06-01T05:30:00Z");
        assert_eq!(title(&digest), "Your day: 2 overdue, 2 due today");
        assert_eq!(
            lines(&digest),
            [
                "1 June 2027 (Europe/Berlin)",
                "Overdue:",
                "• Pay rent – due 30 May 2027",
                "• Water the  plants – due 31 May 2027, 18:00",
                "Due today:",
                "• Clean up",
                "• Call Ada – 17:00",
            ]
        );
    }

    #[test]
    fn a_late_digest_says_so_and_a_long_one_how_many_more_there_are() {
        let many = MAX_LISTED + 2;
        let tasks = vec![listed(&"x".repeat(500), "2027-06-01"); many];
        let digest = digest(tasks, "2027-06-01T09:00:00Z");
        assert_eq!(title(&digest), "Your day: 12 due today");
        let lines = lines(&digest);
        assert_eq!(lines[1], "Late: it was to come at 07:30");
        assert_eq!(lines[3].chars().count(), MAX_TITLE_CHARS + 2);
        assert_eq!(lines.last().map(String::as_str), Some("and 2 more"));
        assert_eq!(lines.len(), 3 + MAX_LISTED + 1);
    }
}
