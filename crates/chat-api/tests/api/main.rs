//! chat-api as its callers and its sidecar see it: on real sockets, with a real PostgreSQL, as a
//! role that is no superuser.

mod accounts;
mod admin;
mod attempts;
mod bad_input;
mod bulk;
mod concurrency;
mod convergence;
mod deletion;
mod events_out;
mod finding;
mod idempotency;
mod isolation;
mod jobs;
mod lists;
mod logs;
mod matrix;
mod me;
mod openapi;
mod protection;
mod raw;
mod reset_password;
mod schemas;
mod scopes;
mod sessions;
mod settings;
mod slow_clients;
mod snoozing;
mod stack;
mod stream;
mod stream_client;
mod subscriber;
mod tasks;
mod tokens;
mod trash;
mod worker;
