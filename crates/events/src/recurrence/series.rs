//! What a series of occurrences is asked: which there are, when they are, what becomes of the rule
//! when one is done or passed over.

use chrono::{DateTime, Datelike, NaiveDateTime, NaiveTime, TimeDelta, Utc};

use super::{Freq, LAST_YEAR, Occurrences, RecurrenceError, RecurrenceRule, floating, text};
use crate::{Due, Nominal, TimeZone};

/// Local time and instants differ in order by at most what the clocks can skip.
const MAX_GAP: TimeDelta = TimeDelta::hours(26);

impl RecurrenceRule {
    /// The occurrences in order, from the first one at or after `from`; without it from `dtstart`.
    ///
    /// `dtstart` itself is one only if the rule names it. Exdates are passed over, and have counted
    /// for COUNT. A day stands for its midnight where days and times are compared.
    pub fn occurrences(&self, from: Option<Nominal>) -> impl Iterator<Item = Nominal> + '_ {
        let mut exdates: Vec<NaiveDateTime> = self.exdates.iter().copied().map(floating).collect();
        exdates.sort_unstable();
        Occurrences::new(&self.parts, floating(self.dtstart), from.map(floating))
            .into_iter()
            .flatten()
            .filter(move |at| exdates.binary_search(at).is_err())
            .map(|at| match self.dtstart {
                Nominal::Day(_) => Nominal::Day(at.date()),
                Nominal::Time(_) => Nominal::Time(at),
            })
    }

    /// The first occurrence.
    #[must_use]
    pub fn first(&self) -> Option<Nominal> {
        self.occurrences(None).next()
    }

    /// The first occurrence that is later.
    #[must_use]
    pub fn next_after(&self, nominal: Nominal) -> Option<Nominal> {
        let later = |next: &Nominal| floating(*next) > floating(nominal);
        self.occurrences(Some(nominal)).find(later)
    }

    /// Whether this is an occurrence, and not passed over.
    #[must_use]
    pub fn is_occurrence(&self, nominal: Nominal) -> bool {
        self.occurrences(Some(nominal)).next() == Some(nominal)
    }

    /// The first occurrence, in the order of local time, whose [instant](Self::instant) is later.
    #[must_use]
    pub fn first_after_instant(
        &self,
        instant: DateTime<Utc>,
        day_time: NaiveTime,
    ) -> Option<Nominal> {
        if instant.year() > LAST_YEAR + 1 {
            return None;
        }
        // Before the year 0 there is no local time to write.
        let from = (instant.year() >= 0).then(|| {
            Nominal::Time(self.time_zone.local(instant) - MAX_GAP - day_offset(self.dtstart))
        });
        self.occurrences(from).find(|nominal| self.instant(*nominal, day_time) > instant)
    }

    /// When a task with this occurrence is due: the instant of a local time, or the day.
    #[must_use]
    pub fn due(&self, nominal: Nominal) -> Due {
        match nominal {
            Nominal::Day(day) => Due::On(day),
            Nominal::Time(time) => Due::At(self.time_zone.instant(time)),
        }
    }

    /// The instant of an occurrence; of a whole day at `day_time`. Both in the rule's zone.
    #[must_use]
    pub fn instant(&self, nominal: Nominal, day_time: NaiveTime) -> DateTime<Utc> {
        self.time_zone.instant(match nominal {
            Nominal::Day(day) => day.and_time(day_time),
            Nominal::Time(time) => time,
        })
    }

    /// The rule without the exdates that can pass over nothing any more.
    #[must_use]
    pub fn without_exdates_before(mut self, nominal: Nominal) -> Self {
        self.exdates.retain(|exdate| floating(*exdate) >= floating(nominal));
        self
    }

    /// The rule that passes over one more occurrence.
    ///
    /// # Errors
    /// [`RecurrenceError::MixedKinds`] or [`RecurrenceError::TooManyExdates`].
    pub fn with_exdate(mut self, nominal: Nominal) -> Result<Self, RecurrenceError> {
        if !self.exdates.contains(&nominal) {
            self.exdates.push(nominal);
        }
        super::check_exdates(&self.exdates, self.dtstart)?;
        Ok(self)
    }

    /// The same rule by the clocks of another zone.
    ///
    /// # Errors
    /// [`RecurrenceError::UntilBeforeStart`], where UNTIL is an instant about as early as the start.
    pub fn in_zone(&self, time_zone: TimeZone) -> Result<Self, RecurrenceError> {
        Self::new(&self.rrule, self.dtstart, time_zone, self.exdates.clone(), self.basis)
    }

    /// Whether it occurs by the hour or the minute, so that a time of day does not name an occurrence.
    #[must_use]
    pub fn is_finer_than_a_day(&self) -> bool {
        self.parts.freq > Freq::Daily
    }

    /// Whether two rules differ at most in what they pass over.
    #[must_use]
    pub fn same_but_for_exdates(&self, other: &Self) -> bool {
        (&self.rrule, self.dtstart, self.time_zone, self.basis)
            == (&other.rrule, other.dtstart, other.time_zone, other.basis)
    }

    /// The rule begun anew at `dtstart`, where it counts from the completion: without exdates, and
    /// with COUNT less by the occurrences that were `completed`. None when COUNT is used up, or when
    /// UNTIL is over.
    ///
    /// # Errors
    /// When the rule can't begin there: one of times at a day, or one of days at a time that the
    /// rule's other parts make too often.
    pub fn anchored_at(
        &self,
        dtstart: Nominal,
        completed: u32,
    ) -> Result<Option<Self>, RecurrenceError> {
        let rrule = match self.parts.count {
            Some(count) if count <= completed => return Ok(None),
            Some(count) => text::with_count(&self.rrule, count - completed),
            None => self.rrule.clone(),
        };
        match Self::new(&rrule, dtstart, self.time_zone, vec![], self.basis) {
            Err(RecurrenceError::UntilBeforeStart) => Ok(None),
            anchored => anchored.map(Some),
        }
    }
}

/// An occurrence of a whole day stands at its midnight, its instant at any time of the day.
const fn day_offset(dtstart: Nominal) -> TimeDelta {
    match dtstart {
        Nominal::Day(_) => TimeDelta::days(1),
        Nominal::Time(_) => TimeDelta::zero(),
    }
}
