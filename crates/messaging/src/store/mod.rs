//! The SQL of the schema `messaging`, one module a noun; functions named after what they answer.

pub(crate) mod backlog;
pub(crate) mod dead_letters;
pub(crate) mod inbox;
pub(crate) mod lanes;
pub(crate) mod lease;
pub(crate) mod outbox;
pub(crate) mod overdue;
pub(crate) mod receipts;
pub(crate) mod relay_state;

#[cfg(test)]
pub(crate) mod tests;
