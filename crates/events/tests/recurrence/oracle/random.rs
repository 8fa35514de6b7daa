//! Numbers that look like chance, and are the same on every machine and for ever.

use chrono::{Days, NaiveDate, NaiveTime};

/// SplitMix64.
pub(super) struct Random(u64);

impl Random {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub(super) fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    pub(super) fn chance(&mut self, of_a_hundred: u64) -> bool {
        self.below(100) < of_a_hundred
    }

    pub(super) fn one_of<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        let index = self.below(all.len() as u64);
        &all[usize::try_from(index).expect("an index")]
    }

    /// A day at most so far away.
    pub(super) fn near(&mut self, day: NaiveDate, days: u64) -> NaiveDate {
        day + Days::new(self.below(2 * days + 1)) - Days::new(days)
    }

    /// Often one that the clocks skip, or one that comes twice.
    pub(super) fn time_of_day(&mut self) -> NaiveTime {
        let usual = [(0, 0, 0), (1, 30, 0), (2, 0, 0), (2, 30, 0), (9, 0, 0), (23, 59, 59)];
        let any = (self.below(24) as u32, self.below(60) as u32, self.below(60) as u32);
        let (hour, minute, second) = if self.chance(60) { *self.one_of(&usual) } else { any };
        NaiveTime::from_hms_opt(hour, minute, second).expect("a time")
    }

    /// Some numbers: either of those where things go wrong, or of all up to `max`.
    pub(super) fn numbers(&mut self, usual: &[i64], max: u64, most: u64) -> String {
        let count = 1 + self.below(most);
        let number = |random: &mut Self| match random.chance(60) {
            true => *random.one_of(usual),
            false if usual[0] == 0 => random.below(max + 1) as i64,
            false => 1 + random.below(max) as i64,
        };
        let numbers: Vec<String> = (0..count).map(|_| number(self).to_string()).collect();
        numbers.join(",")
    }
}
