//! What every service needs and none of it is about tasks: settings, telemetry, the database's
//! connection and schema, shutdown, health, metrics, sealed secrets, and how texts are written for others.
//!
//! Never: a table, an event, a rule of the product.

pub mod backoff;
pub mod base64url;
pub mod database;
pub mod health;
pub mod html;
pub mod metrics;
pub mod schema;
pub mod sealed_token;
pub mod sealing;
pub mod settings;
pub mod shutdown;
pub mod telemetry;
