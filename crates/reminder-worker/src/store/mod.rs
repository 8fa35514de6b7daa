//! The worker's SQL, one module a table; functions named after what they answer.

pub(crate) mod deliveries;
pub(crate) mod digests;
pub(crate) mod firings;
pub(crate) mod lanes;
pub(crate) mod people;
pub(crate) mod reminders;
pub(crate) mod tasks;
