//! The contracts as a whole: types, committed schemas, goldens, AsyncAPI and the guide agree.

mod cloud_event;
mod decode;
#[path = "../../src/bin/contracts/examples.rs"]
mod examples;
mod goldens;
mod round_trips;
mod schemas;
mod strategies;
mod support;
mod topics;
