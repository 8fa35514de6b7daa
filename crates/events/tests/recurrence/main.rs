//! Recurrence rules: what they are understood to say, against RFC 5545, the calendar and an oracle.

mod clocks;
mod examples;
mod oracle;
mod properties;
mod series;
mod support;
