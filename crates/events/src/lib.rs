//! The contracts that chat-api and reminder-worker share, and all that they share.
//!
//! Owns: the envelope, the topics, every event's payload, the recurrence rule, the typed ids and
//! the derivation of a reminder's id. Promises: what these types write, the JSON Schemas in
//! `schemas/` accept; what an older release wrote, these types read. Never: I/O, a clock, a
//! database.
//!
//! Start at [`Event`] (an envelope with its payload), then [`Topic`] (where it travels).

mod action_link;
mod cloud_event;
mod dead_letter;
mod due;
mod envelope;
mod ids;
mod nominal;
mod notification;
mod offset;
mod payload;
mod receipt;
mod recurrence;
mod reminder;
mod reminder_spec;
mod service;
mod task;
mod topic;
mod user;
mod version;
mod wire;
mod zone;

pub use action_link::{ACTION_LINK_CONTEXT, ACTION_LINK_HOURS, ActionLink, LinkAction};
pub use cloud_event::CloudEvent;
pub use dead_letter::{
    DeadLetterDiscardRequested, DeadLetterRedriveRequested, EventDeadLettered,
    MAX_DEAD_LETTER_HEAD_BYTES,
};
pub use due::{Due, DueError};
pub use envelope::{DecodeError, Decoded, EVENT_VERSION, Event};
pub use ids::{
    ChannelId, CorrelationId, DeadLetterId, DeliveryId, EventId, InvalidId, ListId, ReminderId,
    SubtaskId, TaskId, UserId,
};
pub use nominal::{Nominal, NominalError};
pub use notification::{DeliveryOutcome, NotificationDelivered};
pub use offset::{MAX_OFFSET_SECS, Offset, OffsetError};
pub use payload::{EventType, Payload};
pub use receipt::{EventsReceived, MAX_RECEIPTS_PER_EVENT, Receipt, ReceiptOutcome};
pub use recurrence::{
    Basis, LAST_YEAR, MAX_COUNT, MAX_EMPTY_DAYS, MAX_EXDATES, MAX_RRULE_CHARS,
    MIN_INTERVAL_MINUTES, RecurrenceError, RecurrenceRule,
};
pub use reminder::{
    CancelReason, Folded, MAX_FOLDED, ReminderCancelled, ReminderScheduled, ReminderTriggered,
};
pub use reminder_spec::{ReminderSpec, ReminderSpecError};
pub use service::Service;
pub use task::{
    DEFAULT_DAY_TIME, FieldChange, Priority, Snooze, Status, Subtask, TaskCompleted, TaskDeleted,
    TaskState, TaskUpdated,
};
pub use topic::Topic;
pub use user::{
    ChannelKind, ChannelSettings, ChannelTestRequested, DailyDigest, NotificationSettingsUpdated,
    QuietHours, SealedText, UserDeleted,
};
pub use version::{Revision, SettingsVersion, TaskVersion};
pub use zone::{TimeZone, UnknownZone};
