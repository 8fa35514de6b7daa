//! Nothing recurs more often than every five minutes, whatever parts a rule has.
//!
//! Compared are local times; that BYSETPOS may leave out one of two that are too close counts for
//! nothing.

use super::{
    MIN_INTERVAL_MINUTES,
    parts::{Bits, Freq, Parts},
};

const MINUTES_PER_HOUR: u32 = 60;
const HOURS_PER_DAY: u32 = 24;

/// Whether two occurrences of the rule may be closer than [`MIN_INTERVAL_MINUTES`].
pub(super) fn too_often(parts: &Parts) -> bool {
    let least = u32::from(MIN_INTERVAL_MINUTES);
    // Whatever is left out, what remains lies on the interval.
    if parts.freq == Freq::Minutely && parts.interval >= i64::from(MIN_INTERVAL_MINUTES) {
        return false;
    }
    // No minutes: by the minute, every one.
    let (Some(first), Some(last)) = (parts.minutes.iter().min(), parts.minutes.iter().max()) else {
        return true;
    };
    let later = parts.minutes.iter().skip(1);
    let close = parts.minutes.iter().zip(later).any(|(minute, next)| next - minute < least);
    close || (first + MINUTES_PER_HOUR - last < least && has_consecutive_hours(parts))
}

/// Whether the rule can recur in an hour and in the next one, also across midnight.
fn has_consecutive_hours(parts: &Parts) -> bool {
    if parts.freq == Freq::Hourly && parts.interval > 1 {
        return false;
    }
    let hours = parts.hours;
    let follows = |hour: u32| hours.contains((hour + 1) % HOURS_PER_DAY);
    hours.is_empty() || Bits::iter(hours).any(follows)
}
