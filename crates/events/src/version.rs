//! The counters that order what a service says of one thing.
//!
//! Each is `greatest(previous + 1, the database's clock in microseconds)`: a database that was
//! restored from a backup overtakes what it published before it went back. All stay below 2^53,
//! so that JavaScript reads them exactly.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

macro_rules! version {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(
            Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
            JsonSchema,
        )]
        #[serde(transparent)]
        #[schemars(inline)]
        pub struct $name(#[schemars(range(min = 0))] i64);

        impl $name {
            /// The counter itself, in microseconds since 1970 or above.
            #[must_use]
            pub const fn get(self) -> i64 {
                self.0
            }
        }

        impl From<i64> for $name {
            fn from(version: i64) -> Self {
                Self(version)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

version!(
    /// What chat-api says of a task. Zero, in an event that names none, is older than any.
    TaskVersion
);
version!(
    /// What the worker says of a task's reminders.
    Revision
);
version!(
    /// What chat-api says of a person's settings.
    SettingsVersion
);
