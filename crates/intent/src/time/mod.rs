//! When: clocks, days, periods, distances, and the one time that several sayings make.

pub(crate) mod clock;
pub(crate) mod date;
pub(crate) mod day;
pub(crate) mod duration;
pub(crate) mod holiday;
pub(crate) mod offset;
pub(crate) mod part;
pub(crate) mod pattern;
pub(crate) mod period;
pub(crate) mod when;
pub(crate) mod zone;
