//! What a digest says.

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};
use events::{Due, TaskId, TimeZone, UserId};
use serde::{Deserialize, Serialize};

/// The most tasks that a digest names of what is overdue, and of what is due that day; of the others it says how
/// many there are.
pub(crate) const MAX_LISTED: usize = 10;
/// A digest that comes so much later than its time says so, in seconds.
const LATE_AFTER_SECS: i64 = 30;

/// A task that is named.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Listed {
    pub(crate) task_id: TaskId,
    pub(crate) title: String,
    pub(crate) due_date: Due,
}

/// Tasks that have something in common, the earliest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Section {
    /// How many there are.
    pub(crate) count: usize,
    /// The first [`MAX_LISTED`] of them.
    pub(crate) tasks: Vec<Listed>,
}

/// What is told of a day, as it stands in the database and goes to programs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Digest {
    pub(crate) user_id: UserId,
    /// The local day.
    pub(crate) day: NaiveDate,
    pub(crate) time_zone: TimeZone,
    /// When it was to come.
    pub(crate) digest_time: DateTime<Utc>,
    /// When it was made.
    pub(crate) made_at: DateTime<Utc>,
    /// Whether that is well after its time.
    pub(crate) late: bool,
    pub(crate) overdue: Section,
    pub(crate) due_today: Section,
}

impl Digest {
    /// What there is to tell of a day to a person whose open tasks these are; none where there is nothing.
    ///
    /// A whole day is one wherever its task's zone is, and overdue once it is over where the person is.
    pub(crate) fn of(
        user_id: UserId,
        (day, digest_time): (NaiveDate, DateTime<Utc>),
        time_zone: TimeZone,
        tasks: Vec<Listed>,
        now: DateTime<Utc>,
    ) -> Option<Self> {
        let is_overdue = |task: &Listed| match task.due_date {
            Due::At(at) => at < now,
            Due::On(due) => due < day,
        };
        let is_due_today = |task: &Listed| match task.due_date {
            Due::At(at) => time_zone.local(at).date() == day,
            Due::On(due) => due == day,
        };
        let (overdue, others): (Vec<Listed>, Vec<Listed>) = tasks.into_iter().partition(is_overdue);
        let today: Vec<Listed> = others.into_iter().filter(is_due_today).collect();
        if overdue.is_empty() && today.is_empty() {
            return None;
        }
        Some(Self {
            user_id,
            day,
            time_zone,
            digest_time,
            made_at: now,
            late: now - digest_time > TimeDelta::seconds(LATE_AFTER_SECS),
            overdue: Section::of(overdue, time_zone),
            due_today: Section::of(today, time_zone),
        })
    }
}

impl Section {
    /// A whole day stands at its beginning.
    fn of(mut tasks: Vec<Listed>, zone: TimeZone) -> Self {
        let count = tasks.len();
        tasks.sort_by_key(|task| match task.due_date {
            Due::At(at) => (at, task.task_id),
            Due::On(day) => (zone.instant(day.and_time(NaiveTime::MIN)), task.task_id),
        });
        tasks.truncate(MAX_LISTED);
        Self { count, tasks }
    }

    /// How many there are beside those that are named.
    pub(crate) fn more(&self) -> usize {
        self.count.saturating_sub(self.tasks.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// At half past seven in Berlin on the first of June.
    fn digest_of(due: &[&str]) -> Option<Digest> {
        let time: DateTime<Utc> = "2027-06-01T05:30:00Z".parse().expect("an instant");
        let day = "2027-06-01".parse().expect("a day");
        let berlin = "Europe/Berlin".parse().expect("a zone");
        let listed = |due: &&str| Listed {
            task_id: TaskId::random(),
            title: (*due).to_owned(),
            due_date: due.parse().expect("a due date"),
        };
        let tasks = due.iter().map(listed).collect();
        Digest::of(UserId::random(), (day, time), berlin, tasks, time)
    }

    fn titles(section: &Section) -> Vec<&str> {
        section.tasks.iter().map(|task| task.title.as_str()).collect()
    }

    #[test]
    fn a_day_has_what_is_overdue_and_what_is_due_on_it_each_in_its_order() {
        let digest = digest_of(&[
            "2027-06-01T21:59:59Z",
            "2027-06-01",
            "2027-06-01T05:30:00Z",
            "2027-06-01T05:29:59Z",
            "2027-05-31",
            "2027-05-31T12:00:00Z",
            "2027-06-02",
            "2027-06-01T22:00:00Z",
        ])
        .expect("a digest");
        assert_eq!(
            titles(&digest.overdue),
            ["2027-05-31", "2027-05-31T12:00:00Z", "2027-06-01T05:29:59Z"]
        );
        assert_eq!(
            titles(&digest.due_today),
            ["2027-06-01", "2027-06-01T05:30:00Z", "2027-06-01T21:59:59Z"],
            "what is after midnight in Berlin is of the next day"
        );
        assert!(!digest.late);
    }

    #[test]
    fn there_is_nothing_to_tell_of_a_day_with_nothing_overdue_and_nothing_due() {
        assert_eq!(digest_of(&[]), None);
        assert_eq!(digest_of(&["2027-06-02", "2027-06-01T22:00:00Z"]), None);
    }

    #[test]
    fn the_first_ten_are_named_and_the_others_counted() {
        let due: Vec<String> = (1..=25).map(|hour| format!("2027-05-{hour:02}")).collect();
        let due: Vec<&str> = due.iter().map(String::as_str).rev().collect();
        let digest = digest_of(&due).expect("a digest");
        assert_eq!((digest.overdue.count, digest.overdue.more()), (25, 15));
        assert_eq!(titles(&digest.overdue).len(), MAX_LISTED);
        assert_eq!(titles(&digest.overdue)[0], "2027-05-01");
    }
}
