//! chat-api: owns people, tasks and conversation.
//!
//! A handler (`http`) calls a command or a query. A command loads, lets `domain` decide, saves
//! through `store`, appends to the outbox and adds to the live `feed`, in one transaction. What the
//! reminder worker says comes in through `subscribers` and becomes read models. `jobs` is what
//! nobody asks for. The services share no table; all that passes between them is an event.
//!
//! What is public here is what `main` and the tests need.

mod app;
mod chat;
mod commands;
mod context;
mod domain;
mod error;
mod feed;
mod http;
mod jobs;
mod migrate;
mod queries;
mod settings;
mod store;
mod subscribers;
mod topics;
mod transfer;
mod trial;

pub use app::{Listeners, RestateError, ServeError, dead_letters, reconcile, refresh, serve};
pub use commands::reset_password::{ResetPasswordError, reset_password};
pub use domain::channel::{InvalidVapidPublicKey, VapidPublicKey};
pub use http::{
    client_address::{InvalidProxies, TrustedProxies},
    openapi::to_json as openapi_json,
};
pub use jobs::Reconciled;
pub use migrate::migrate;
pub use settings::{
    AdminEmails, Command, HttpSettings, InvalidAdminEmails, InvalidOrigins, LetterSettings,
    LlmSettings, Origins, ResetPasswordSettings, ServeSettings, TopicsSettings, TrialSettings,
};
pub use topics::{TopicsError, topics};
pub use trial::{TrialError, try_out};
