//! The parts of a rule as the expansion wants them: what is missing in the text is filled in from
//! `dtstart`, and lists are sets of bits.

use chrono::{Datelike, NaiveDateTime, NaiveTime, Timelike, Weekday};
use rrule::{Frequency, NWeekday, RRule, Unvalidated};

use super::day::{Day, Place};

/// Everything that decides which local times are occurrences.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Parts {
    pub(super) freq: Freq,
    pub(super) interval: i64,
    pub(super) count: Option<u32>,
    /// The last local time that may be an occurrence.
    pub(super) until: Option<NaiveDateTime>,
    /// Days from Monday, 0 to 6.
    pub(super) week_start: u32,
    /// Empty: any.
    months: Bits,
    week_numbers: Option<Places<1>>,
    year_days: Option<Places<6>>,
    month_days: Option<Places<1>>,
    weekdays: Option<Weekdays>,
    /// Empty: any.
    pub(super) hours: Bits,
    /// Empty: any.
    pub(super) minutes: Bits,
    second: u32,
    pub(super) positions: Vec<i32>,
}

/// How often a rule repeats before INTERVAL and the other parts are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Freq {
    Yearly,
    Monthly,
    Weekly,
    Daily,
    Hourly,
    Minutely,
}

/// A set of small numbers, 0 to 63.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Bits(u64);

/// A set of places: positive ones from the start, negative ones from the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Places<const WORDS: usize> {
    from_start: [u64; WORDS],
    from_end: [u64; WORDS],
}

/// BYDAY.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Weekdays {
    every: Bits,
    /// The ordinals of each weekday from Monday; none at all where the text names none.
    nth: Vec<(u32, Places<1>)>,
    /// Whether ordinals count in the month, or in the year.
    in_month: bool,
}

impl Parts {
    pub(super) fn new(
        rule: &RRule<Unvalidated>,
        freq: Freq,
        start: NaiveDateTime,
        until: Option<NaiveDateTime>,
    ) -> Self {
        let mut parts = Self {
            freq,
            interval: i64::from(rule.get_interval()),
            count: rule.get_count(),
            until,
            week_start: rule.get_week_start().num_days_from_monday(),
            months: rule.get_by_month().iter().copied().map(u32::from).collect(),
            week_numbers: Places::of(rule.get_by_week_no()),
            year_days: Places::of(rule.get_by_year_day()),
            month_days: Places::of(rule.get_by_month_day()),
            weekdays: Weekdays::of(
                rule.get_by_weekday(),
                freq == Freq::Monthly || !rule.get_by_month().is_empty(),
            ),
            hours: rule.get_by_hour().iter().copied().map(u32::from).collect(),
            minutes: rule.get_by_minute().iter().copied().map(u32::from).collect(),
            second: rule.get_by_second().first().copied().map_or(start.second(), u32::from),
            positions: rule.get_by_set_pos().to_vec(),
        };
        parts.fill_in(start);
        parts
    }

    /// What the text leaves open comes from `dtstart`.
    fn fill_in(&mut self, start: NaiveDateTime) {
        let names_days =
            self.year_days.is_some() || self.month_days.is_some() || self.weekdays.is_some();
        if !names_days {
            let same_day = i8::try_from(start.day()).ok().and_then(|day| Places::of(&[day]));
            let same_weekday = Weekdays::every(start.weekday());
            match self.freq {
                // A week has its number, and which day of it is dtstart's.
                Freq::Yearly if self.week_numbers.is_some() => self.weekdays = Some(same_weekday),
                Freq::Yearly => {
                    if self.months.is_empty() {
                        self.months.insert(start.month());
                    }
                    self.month_days = same_day;
                }
                Freq::Monthly => self.month_days = same_day,
                Freq::Weekly => self.weekdays = Some(same_weekday),
                Freq::Daily | Freq::Hourly | Freq::Minutely => {}
            }
        }
        if self.hours.is_empty() && self.freq < Freq::Hourly {
            self.hours.insert(start.hour());
        }
        if self.minutes.is_empty() && self.freq < Freq::Minutely {
            self.minutes.insert(start.minute());
        }
    }

    pub(super) fn accepts_month(&self, month: u32) -> bool {
        self.months.is_empty() || self.months.contains(month)
    }

    pub(super) fn accepts(&self, day: &Day) -> bool {
        self.accepts_month(day.month)
            && self.weekdays.as_ref().is_none_or(|weekdays| weekdays.accepts(day))
            && self.month_days.as_ref().is_none_or(|days| days.contains(day.in_month))
            && self.year_days.as_ref().is_none_or(|days| days.contains(day.in_year))
            && self
                .week_numbers
                .as_ref()
                .is_none_or(|numbers| numbers.contains(day.week_number(self.week_start)))
    }

    pub(super) fn accepts_hour(&self, hour: u32) -> bool {
        self.hours.is_empty() || self.hours.contains(hour)
    }

    pub(super) fn accepts_minute(&self, minute: u32) -> bool {
        self.minutes.is_empty() || self.minutes.contains(minute)
    }

    /// Whether BYSETPOS, if there is one, names a position that the largest of periods has.
    pub(super) fn has_a_position(&self) -> bool {
        let times = match self.freq {
            Freq::Minutely => 1,
            Freq::Hourly => self.minutes.len(),
            _ => self.hours.len() * self.minutes.len(),
        };
        let days = match self.freq {
            Freq::Yearly => 366,
            Freq::Monthly => 31,
            Freq::Weekly => 7,
            Freq::Daily | Freq::Hourly | Freq::Minutely => 1,
        };
        let exists = |position: &i32| position.unsigned_abs() <= days * times;
        self.positions.is_empty() || self.positions.iter().any(exists)
    }

    /// Every time of these hours and minutes, in order.
    pub(super) fn times(&self, hours: Bits, minutes: Bits) -> Vec<NaiveTime> {
        hours
            .iter()
            .flat_map(|hour| minutes.iter().map(move |minute| (hour, minute)))
            .filter_map(|(hour, minute)| NaiveTime::from_hms_opt(hour, minute, self.second))
            .collect()
    }
}

impl Freq {
    /// None of a frequency by the second, which is too often for any rule.
    pub(super) const fn new(frequency: Frequency) -> Option<Self> {
        match frequency {
            Frequency::Yearly => Some(Self::Yearly),
            Frequency::Monthly => Some(Self::Monthly),
            Frequency::Weekly => Some(Self::Weekly),
            Frequency::Daily => Some(Self::Daily),
            Frequency::Hourly => Some(Self::Hourly),
            Frequency::Minutely => Some(Self::Minutely),
            Frequency::Secondly => None,
        }
    }
}

impl Bits {
    pub(super) const fn is_empty(self) -> bool {
        self.0 == 0
    }

    const fn len(self) -> u32 {
        self.0.count_ones()
    }

    pub(super) const fn contains(self, number: u32) -> bool {
        number < u64::BITS && self.0 >> number & 1 == 1
    }

    pub(super) const fn only(number: u32) -> Self {
        Self(1 << number)
    }

    fn insert(&mut self, number: u32) {
        self.0 |= 1 << number;
    }

    pub(super) fn iter(self) -> impl Iterator<Item = u32> + Clone {
        (0..u64::BITS).filter(move |number| self.contains(*number))
    }
}

impl FromIterator<u32> for Bits {
    fn from_iter<I: IntoIterator<Item = u32>>(numbers: I) -> Self {
        let mut bits = Self::default();
        for number in numbers {
            bits.insert(number);
        }
        bits
    }
}

impl<const WORDS: usize> Places<WORDS> {
    /// None of no places, which allows any.
    fn of<N: Copy + Into<i32>>(places: &[N]) -> Option<Self> {
        let mut set = Self::default();
        for place in places {
            set.insert((*place).into());
        }
        (!places.is_empty()).then_some(set)
    }

    fn insert(&mut self, place: i32) {
        let words = if place < 0 { &mut self.from_end } else { &mut self.from_start };
        let place = place.unsigned_abs();
        if let Some(word) = words.get_mut((place / u64::BITS) as usize) {
            *word |= 1 << (place % u64::BITS);
        }
    }

    fn contains(&self, place: Place) -> bool {
        let has = |words: &[u64; WORDS], number: u32| {
            words
                .get((number / u64::BITS) as usize)
                .is_some_and(|word| word >> (number % u64::BITS) & 1 == 1)
        };
        has(&self.from_start, place.from_start) || has(&self.from_end, place.from_end)
    }
}

impl<const WORDS: usize> Default for Places<WORDS> {
    fn default() -> Self {
        Self { from_start: [0; WORDS], from_end: [0; WORDS] }
    }
}

impl Weekdays {
    /// None of no days, which allows any.
    fn of(days: &[NWeekday], in_month: bool) -> Option<Self> {
        let mut weekdays = Self { in_month, ..Self::default() };
        for day in days {
            match *day {
                NWeekday::Every(weekday) => weekdays.every.insert(weekday.num_days_from_monday()),
                NWeekday::Nth(place, weekday) => weekdays.nth(weekday).insert(i32::from(place)),
            }
        }
        (!days.is_empty()).then_some(weekdays)
    }

    fn every(weekday: Weekday) -> Self {
        Self { every: Bits::only(weekday.num_days_from_monday()), ..Self::default() }
    }

    fn nth(&mut self, weekday: Weekday) -> &mut Places<1> {
        let weekday = weekday.num_days_from_monday();
        let found = self.nth.iter().position(|(of, _)| *of == weekday);
        let index = found.unwrap_or_else(|| {
            self.nth.push((weekday, Places::default()));
            self.nth.len() - 1
        });
        &mut self.nth[index].1
    }

    fn accepts(&self, day: &Day) -> bool {
        self.every.contains(day.weekday)
            || self.nth.iter().any(|(weekday, places)| {
                let place = if self.in_month { day.in_month } else { day.in_year };
                *weekday == day.weekday && places.contains(place.of_weekday())
            })
    }
}
