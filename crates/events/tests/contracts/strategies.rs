//! Every event that a service could write, to the edges of its types.

mod values;

use events::*;
use proptest::{
    collection::{btree_map, vec},
    option,
    prelude::*,
    sample::select,
};

pub(crate) use values::instant;
use values::{
    any_json, due, id, nominal, recurrence, reminder_spec, text, time_of_day, version, zone,
};

/// An event of any type.
pub(crate) fn any_event() -> impl Strategy<Value = Event> {
    select(EventType::ALL).prop_flat_map(event_of)
}

/// An event of that type.
pub(crate) fn event_of(event_type: EventType) -> impl Strategy<Value = Event> {
    let producer = select(&Service::ALL[..]);
    (id(), instant(), id(), producer, payload(event_type)).prop_map(
        |(event_id, timestamp, correlation_id, producer, payload)| Event {
            event_id,
            timestamp,
            correlation_id,
            producer,
            payload,
        },
    )
}

fn payload(event_type: EventType) -> BoxedStrategy<Payload> {
    match event_type {
        EventType::TaskCreated => task().prop_map(Payload::from).boxed(),
        EventType::TaskUpdated => task_updated().prop_map(Payload::from).boxed(),
        EventType::TaskCompleted => task_completed().prop_map(Payload::from).boxed(),
        EventType::TaskDeleted => task_deleted().prop_map(Payload::from).boxed(),
        EventType::ReminderScheduled => reminder_scheduled().prop_map(Payload::from).boxed(),
        EventType::ReminderTriggered => reminder_triggered().prop_map(Payload::from).boxed(),
        EventType::ReminderCancelled => reminder_cancelled().prop_map(Payload::from).boxed(),
        EventType::NotificationDelivered => {
            notification_delivered().prop_map(Payload::from).boxed()
        }
        EventType::NotificationSettingsUpdated => settings().prop_map(Payload::from).boxed(),
        EventType::ChannelTestRequested => channel_test().prop_map(Payload::from).boxed(),
        EventType::UserDeleted => user_deleted().prop_map(Payload::from).boxed(),
        EventType::EventsReceived => receipts().prop_map(Payload::from).boxed(),
        EventType::EventDeadLettered => dead_letter().prop_map(Payload::from).boxed(),
        EventType::DeadLetterRedriveRequested => {
            id().prop_map(|id| DeadLetterRedriveRequested { id }.into()).boxed()
        }
        EventType::DeadLetterDiscardRequested => {
            id().prop_map(|id| DeadLetterDiscardRequested { id }.into()).boxed()
        }
    }
}

fn snooze() -> impl Strategy<Value = Snooze> {
    (id(), instant(), option::of(nominal())).prop_map(|(reminder_id, until, occurrence)| Snooze {
        reminder_id,
        until,
        occurrence,
    })
}

fn subtask() -> impl Strategy<Value = Subtask> {
    (id(), text(), proptest::bool::ANY).prop_map(|(subtask_id, title, done)| Subtask {
        subtask_id,
        title,
        done,
    })
}

fn task() -> impl Strategy<Value = TaskState> {
    let priority = select(&[Priority::High, Priority::Medium, Priority::Low][..]);
    let status = select(&[Status::Todo, Status::InProgress, Status::Done][..]);
    let due = (option::of(due()), option::of(recurrence()));
    let told = (text(), option::of(text()), priority, status, due, vec(text(), 0..4));
    let added = (
        version(),
        zone(),
        vec(reminder_spec(), 0..4),
        vec(snooze(), 0..3),
        vec(id(), 0..3),
        option::of(nominal()),
        (option::of(instant()), time_of_day()),
        (option::of(id()), option::of(text()), vec(subtask(), 0..3)),
    );
    (id(), id(), instant(), told, added).prop_map(
        |(
            task_id,
            user_id,
            created_at,
            (title, description, priority, status, (due_date, recurrence), tags),
            (version, time_zone, reminders, snoozes, dismissed, occurrence, schedule, place),
        )| TaskState {
            task_id,
            title,
            description,
            priority,
            status,
            due_date,
            recurrence,
            tags,
            user_id,
            created_at,
            version,
            time_zone,
            reminders,
            snoozes,
            dismissed,
            occurrence,
            day_time: schedule.1,
            schedule_since: schedule.0,
            list_id: place.0,
            position: place.1,
            subtasks: place.2,
        },
    )
}

fn task_updated() -> impl Strategy<Value = TaskUpdated> {
    let change = (any_json(), any_json()).prop_map(|(old, new)| FieldChange { old, new });
    let changed = (vec(text(), 0..4), btree_map(text(), change, 0..4));
    let task = option::of(task().prop_map(Box::new));
    (id(), changed, instant(), version(), option::of(id()), task).prop_map(
        |(task_id, (changed_fields, changes), updated_at, version, user_id, task)| TaskUpdated {
            task_id,
            changed_fields,
            changes,
            updated_at,
            version,
            user_id,
            task,
        },
    )
}

fn task_completed() -> impl Strategy<Value = TaskCompleted> {
    let task = option::of(task().prop_map(Box::new));
    let next = (option::of(due()), version(), option::of(nominal()), task);
    (id(), id(), instant(), next).prop_map(
        |(task_id, user_id, completed_at, (next_due_date, version, occurrence, task))| {
            TaskCompleted {
                task_id,
                user_id,
                completed_at,
                next_due_date,
                version,
                occurrence,
                task,
            }
        },
    )
}

fn task_deleted() -> impl Strategy<Value = TaskDeleted> {
    (id(), id(), instant(), version()).prop_map(|(task_id, user_id, deleted_at, version)| {
        TaskDeleted { task_id, user_id, deleted_at, version }
    })
}

fn reminder_scheduled() -> impl Strategy<Value = ReminderScheduled> {
    let when = (due(), instant(), option::of(recurrence()));
    (id(), id(), when, option::of(id()), version(), version()).prop_map(
        |(
            task_id,
            reminder_id,
            (due_date, reminder_time, recurrence),
            user_id,
            task_version,
            revision,
        )| ReminderScheduled {
            task_id,
            reminder_id,
            due_date,
            reminder_time,
            recurrence,
            user_id,
            task_version,
            revision,
        },
    )
}

fn reminder_triggered() -> impl Strategy<Value = ReminderTriggered> {
    let folded = (id(), instant())
        .prop_map(|(reminder_id, reminder_time)| Folded { reminder_id, reminder_time });
    let when = (due(), instant(), instant(), option::of(recurrence()));
    let added = (version(), version(), any::<bool>(), vec(folded, 0..4), any::<u32>());
    (id(), id(), id(), text(), when, added).prop_map(
        |(
            task_id,
            reminder_id,
            user_id,
            title,
            (due_date, reminder_time, triggered_at, recurrence),
            (task_version, revision, late, folded, folded_count),
        )| ReminderTriggered {
            task_id,
            reminder_id,
            user_id,
            title,
            due_date,
            reminder_time,
            triggered_at,
            recurrence,
            task_version,
            revision,
            late,
            folded,
            folded_count,
        },
    )
}

fn reminder_cancelled() -> impl Strategy<Value = ReminderCancelled> {
    let reason = select(
        &[
            CancelReason::Completed,
            CancelReason::Deleted,
            CancelReason::Changed,
            CancelReason::Snoozed,
            CancelReason::Dismissed,
            CancelReason::Expired,
            CancelReason::UserDeleted,
        ][..],
    );
    (id(), id(), id(), reason, instant(), version(), version()).prop_map(
        |(task_id, reminder_id, user_id, reason, cancelled_at, task_version, revision)| {
            ReminderCancelled {
                task_id,
                reminder_id,
                user_id,
                reason,
                cancelled_at,
                task_version,
                revision,
            }
        },
    )
}

fn notification_delivered() -> impl Strategy<Value = NotificationDelivered> {
    let outcome = select(
        &[DeliveryOutcome::Delivered, DeliveryOutcome::Failed, DeliveryOutcome::Dropped][..],
    );
    let about = (option::of(id()), option::of(id()), option::of(id()), channel_kind());
    let day = option::of(instant().prop_map(|at| at.date_naive()));
    let ended = (outcome, any::<u32>(), option::of(text()), option::of(instant()), day, instant());
    (id(), id(), about, ended).prop_map(
        |(
            delivery_id,
            user_id,
            (reminder_id, task_id, channel_id, channel),
            (outcome, attempts, error, held_until, digest_day, at),
        )| NotificationDelivered {
            delivery_id,
            reminder_id,
            task_id,
            user_id,
            channel,
            channel_id,
            outcome,
            attempts,
            error,
            held_until,
            digest_day,
            at,
        },
    )
}

fn settings() -> impl Strategy<Value = NotificationSettingsUpdated> {
    let sealed =
        || (text(), text()).prop_map(|(key_id, ciphertext)| SealedText { key_id, ciphertext });
    let channel = (id(), channel_kind(), sealed(), option::of(sealed())).prop_map(
        |(channel_id, kind, address, secret)| ChannelSettings { channel_id, kind, address, secret },
    );
    let quiet = (time_of_day(), time_of_day()).prop_map(|(from, to)| QuietHours { from, to });
    let digest = option::of(time_of_day().prop_map(|at| DailyDigest { at }));
    (id(), version(), zone(), option::of(quiet), digest, vec(channel, 0..4)).prop_map(
        |(user_id, version, time_zone, quiet_hours, digest, channels)| {
            NotificationSettingsUpdated {
                user_id,
                version,
                time_zone,
                quiet_hours,
                digest,
                channels,
            }
        },
    )
}

fn channel_kind() -> impl Strategy<Value = ChannelKind> {
    select(&ChannelKind::KNOWN[..])
}

fn channel_test() -> impl Strategy<Value = ChannelTestRequested> {
    (id(), id(), instant()).prop_map(|(user_id, channel_id, requested_at)| ChannelTestRequested {
        user_id,
        channel_id,
        requested_at,
    })
}

fn user_deleted() -> impl Strategy<Value = UserDeleted> {
    (id(), instant(), version()).prop_map(|(user_id, deleted_at, version)| UserDeleted {
        user_id,
        deleted_at,
        version,
    })
}

fn receipts() -> impl Strategy<Value = EventsReceived> {
    let outcome = prop_oneof![
        Just(ReceiptOutcome::Applied),
        any::<i64>().prop_map(|version| ReceiptOutcome::Stale { version }),
        text().prop_map(|reason| ReceiptOutcome::Rejected { reason })
    ];
    let receipt = (id(), text(), outcome).prop_map(|(event_id, topic, outcome)| Receipt {
        event_id,
        topic,
        outcome,
    });
    (select(&Service::ALL[..]), vec(receipt, 0..20))
        .prop_map(|(consumer, receipts)| EventsReceived { consumer, receipts })
}

fn dead_letter() -> impl Strategy<Value = EventDeadLettered> {
    let lay = (text(), option::of(any::<i32>()), option::of(any::<i64>()));
    let record = (text(), "[0-9a-f]{64}", any::<u64>(), "([A-Za-z0-9+/]{4}){0,8}");
    (id(), lay, select(&Service::ALL[..]), record).prop_map(
        |(id, (topic, partition, offset), consumer, (reason, sha256, size, head_base64))| {
            EventDeadLettered {
                id,
                topic,
                partition,
                offset,
                consumer,
                reason,
                sha256,
                size,
                head_base64,
            }
        },
    )
}
