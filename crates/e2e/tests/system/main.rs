//! The whole system: the main job, and what happens to it when parts die.

#![expect(clippy::unwrap_used, reason = "a test ends where something is missing")]

mod accounts;
mod crashes;
mod hold;
mod main_job;
mod make_run;
mod outages;
mod replicas;
mod restore;
mod story;
