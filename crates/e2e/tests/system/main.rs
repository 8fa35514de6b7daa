//! The whole system: the main job, and what happens to it when parts die.

#![expect(clippy::unwrap_used, reason = "a test ends where something is missing")]

mod accounts;
mod clock;
mod crashes;
mod dapr_yaml;
mod example;
mod gaps;
mod hold;
mod installing;
mod logs;
mod main_job;
mod make_run;
mod metrics;
mod migrating;
mod outages;
mod over;
mod poison;
mod promise;
mod readme;
mod replicas;
mod restore;
mod series;
mod story;
mod traces;
