//! How often: the ways of saying it, its limits, and the RFC 5545 rule that it makes.

pub(crate) mod bounds;
pub(crate) mod days;
pub(crate) mod every;
pub(crate) mod recur;
pub(crate) mod rule;
pub(crate) mod series;
