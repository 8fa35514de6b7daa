//! A task to add, as a phrase describes it.

pub(crate) mod title;
pub(crate) mod understanding;

use chrono::{NaiveDate, NaiveTime};
use events::{DEFAULT_DAY_TIME, Due, Offset, ReminderSpec};

use crate::{
    Span, SpanKind,
    command::NewTask,
    scan::found::{Found, Piece, Time},
    scan::reminder::SaidReminder,
    text::grammar::Grammar,
    text::token::Kind,
    time::clock::{Clock, ClockTime},
    time::when::When,
};

/// A task, and what it was read from.
pub(crate) struct ReadTask {
    pub(crate) task: NewTask,
    pub(crate) found: Vec<Found>,
    /// Whether times were found that do not go together.
    pub(crate) is_contradictory: bool,
}

impl Grammar<'_> {
    /// The task that the phrase from a token on describes.
    pub(crate) fn new_task(&self, from: usize) -> ReadTask {
        let (found, when) = self.understood(from);
        let is_contradictory = when.is_none();
        let mut when = when.unwrap_or_default();
        let mut reminders = self.reminders(&found, &when);
        // "… , remind me at 5" says when the task is due where nothing else does.
        if when.due.is_none()
            && let Some(due) = self.due_of_reminder(&found)
        {
            when.due = Some(due);
            reminders = None;
        }
        let task = NewTask {
            title: self.phrase.title(from, &found),
            due: when.due,
            recurrence: when.recurrence,
            reminders,
            priority: found.iter().find_map(|found| match found.piece {
                Piece::Priority(priority) => Some(priority),
                _ => None,
            }),
            tags: tags(&found),
        };
        ReadTask { task, found, is_contradictory }
    }

    /// What is found and counts, and the time that it makes. Times that contradict each other do not count, and make
    /// none.
    pub(crate) fn understood(&self, from: usize) -> (Vec<Found>, Option<When>) {
        let mut found = self.scan(from);
        let recurs = found.iter().any(|found| matches!(found.piece, Piece::Time(Time::Recur(_))));
        if !recurs {
            found.retain(
                |found| !matches!(&found.piece, Piece::Time(time) if time.is_of_recurrence()),
            );
        }
        if !self.is_half_understood(from, &found)
            && let Some(when) = self.when(&found)
        {
            return (found, Some(when));
        }
        found.retain(|found| !matches!(found.piece, Piece::Time(_)));
        (found, None)
    }

    /// Whether words of a time stand where it was not understood.
    fn is_half_understood(&self, from: usize, found: &[Found]) -> bool {
        let is_found = |at: usize| found.iter().any(|found| found.tokens.contains(&at));
        let times = found.iter().filter(|found| matches!(found.piece, Piece::Time(_)));
        let phrase = self.phrase;
        for time in times {
            let (start, end) = (time.tokens.start, time.tokens.end);
            let is_open = |at: usize| at >= from && at < phrase.len() && !is_found(at);
            let before = start.checked_sub(1).filter(|at| is_open(*at));
            if before.is_some_and(|at| {
                phrase.is_any(at, "half|quarter|between|not|except|or|past|than|either|until")
            }) {
                return true;
            }
            if is_open(end)
                && phrase.is_any(end, "or|ago|past|except")
                && phrase.get(end).is_some_and(|token| token.kind == Kind::Word)
            {
                return true;
            }
        }
        // "Two days before the wedding on Saturday" is due neither then nor on Saturday.
        let is_counted_from = |at: usize| {
            let units = "day|days|week|weeks|month|months|hour|hours|minutes";
            phrase.is_any(at, units)
                && phrase.is_any(at + 1, "before|after")
                && !is_found(at)
                && !is_found(at + 1)
        };
        !found.is_empty() && (from..phrase.len()).any(is_counted_from)
    }

    /// The reminders that are said, counted from the due time.
    pub(crate) fn reminders(&self, found: &[Found], when: &When) -> Option<Vec<ReminderSpec>> {
        let said: Vec<SaidReminder> = found
            .iter()
            .filter_map(|found| match &found.piece {
                Piece::Reminders(reminders) => Some(reminders.clone()),
                _ => None,
            })
            .flatten()
            .collect();
        if said.is_empty() {
            return None;
        }
        let says_never = said.contains(&SaidReminder::Never);
        let mut specs: Vec<ReminderSpec> = Vec::new();
        for reminder in said {
            if let Some(spec) = self.reminder_spec_of(reminder, when)
                && !specs.contains(&spec)
            {
                specs.push(spec);
            }
        }
        // None at all is what was asked for, or nothing that could be placed.
        (says_never || !specs.is_empty()).then_some(specs)
    }

    fn reminder_spec_of(&self, reminder: SaidReminder, when: &When) -> Option<ReminderSpec> {
        let zone = self.context.time_zone;
        let due_day = match when.due? {
            Due::On(day) => day,
            Due::At(instant) => zone.local(instant).date(),
        };
        match reminder {
            SaidReminder::Never => None,
            SaidReminder::At(instant) => Some(ReminderSpec::At(instant)),
            SaidReminder::Before(distance) => {
                let seconds = match distance.seconds() {
                    Some(seconds) => seconds,
                    None => (due_day - distance.before(due_day)).num_seconds(),
                };
                Some(ReminderSpec::Offset(Offset::from_seconds(-seconds).ok()?))
            }
            SaidReminder::DaysBefore(distance, clock) => {
                let day = distance.before(due_day);
                self.reminder_on(day, Some(clock), when)
            }
            SaidReminder::On(day, clock) => {
                let day = day.map_or(due_day, |day| day.date);
                self.reminder_on(day, clock, when)
            }
        }
    }

    /// A reminder of a task whose due time is not known here: so long before it, or at an instant.
    pub(crate) fn offset_of(&self, reminder: SaidReminder) -> Option<ReminderSpec> {
        match reminder {
            SaidReminder::At(instant) => Some(ReminderSpec::At(instant)),
            SaidReminder::Before(distance) => {
                Some(ReminderSpec::Offset(Offset::from_seconds(-distance.seconds()?).ok()?))
            }
            SaidReminder::On(Some(day), clock) => {
                self.reminder_on(day.date, clock, &When::default())
            }
            _ => None,
        }
    }

    /// A reminder at a time of a day: an instant, or of what recurs as far from each occurrence.
    fn reminder_on(
        &self,
        day: NaiveDate,
        clock: Option<ClockTime>,
        when: &When,
    ) -> Option<ReminderSpec> {
        let zone = self.context.time_zone;
        let (day, time) = match clock.map(|clock| clock.clock) {
            None => (day, DEFAULT_DAY_TIME),
            Some(Clock::At(time)) => (day, time),
            Some(Clock::Midnight) => (day.succ_opt()?, NaiveTime::MIN),
            Some(Clock::Half { hour, minute }) => {
                (day, crate::time::when::waking(hour, minute).into_iter().next()?)
            }
        };
        let said_zone = clock.and_then(|clock| clock.zone).unwrap_or(zone);
        let instant = said_zone.instant(day.and_time(time));
        if when.recurrence.is_none() {
            return Some(ReminderSpec::At(instant));
        }
        let local = zone.local(instant);
        let due = match when.due? {
            Due::On(day) => day.and_time(DEFAULT_DAY_TIME),
            Due::At(instant) => zone.local(instant),
        };
        Some(ReminderSpec::Offset(Offset::from_seconds((local - due).num_seconds()).ok()?))
    }

    /// The time of a reminder at a moment, where no due time is said.
    fn due_of_reminder(&self, found: &[Found]) -> Option<Due> {
        let reminder = found.iter().find_map(|found| match &found.piece {
            Piece::Reminders(reminders) => reminders.first().copied(),
            _ => None,
        })?;
        let (day, clock) = match reminder {
            SaidReminder::At(instant) => return Some(Due::At(instant)),
            SaidReminder::On(day, clock) => (day, clock),
            _ => return None,
        };
        let day = day.map(|day| Found { piece: Piece::Time(Time::Day(day)), tokens: 0..0 });
        let clock = clock
            .map(|clock| Found { piece: Piece::Time(Time::Clocks(vec![clock])), tokens: 0..0 });
        self.when(&day.into_iter().chain(clock).collect::<Vec<_>>())?.due
    }

    /// Which words said what.
    pub(crate) fn spans(&self, found: &[Found]) -> Vec<Span> {
        found
            .iter()
            .filter_map(|found| {
                let first = self.phrase.get(found.tokens.start)?;
                let last = self.phrase.get(found.tokens.end.checked_sub(1)?)?;
                Some(Span {
                    start: first.char_start,
                    end: last.char_start + last.chars,
                    kind: kind_of(&found.piece),
                })
            })
            .collect()
    }
}

fn kind_of(piece: &Piece) -> SpanKind {
    match piece {
        Piece::Time(time) => match time {
            Time::Recur(_)
            | Time::OnDays(_)
            | Time::Starting(_)
            | Time::For(_)
            | Time::Times(_)
            | Time::Except(_)
            | Time::AfterCompletion => SpanKind::Recurrence,
            _ => SpanKind::Due,
        },
        Piece::Reminders(_) => SpanKind::Reminder,
        Piece::Priority(_) => SpanKind::Priority,
        Piece::Tag(_) => SpanKind::Tag,
    }
}

fn tags(found: &[Found]) -> Vec<String> {
    let mut tags: Vec<String> = Vec::new();
    for piece in found {
        if let Piece::Tag(tag) = &piece.piece
            && !tags.contains(tag)
        {
            tags.push(tag.clone());
        }
    }
    tags
}
