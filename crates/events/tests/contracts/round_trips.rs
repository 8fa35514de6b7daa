//! Whatever a service can say is valid by the committed schema and is read as it was meant.

use chrono::{DateTime, Utc};
use events::{Decoded, Event, EventType, ReminderSpec};
use proptest::prelude::*;

use crate::{
    strategies::{any_event, event_of},
    support::{complaints, event, golden},
};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    #[test]
    fn every_event_is_read_as_it_was_written_and_valid_by_its_schema(event in any_event()) {
        let written = serde_json::to_vec(&event).expect("JSON");
        let complaints =
            complaints(event.event_type(), &serde_json::from_slice(&written).expect("JSON"));
        prop_assert_eq!(complaints, Vec::<String>::new());
        prop_assert_eq!(
            Event::decode(&written).expect("an event of ours"),
            Decoded::Event(Box::new(event))
        );
    }

    #[test]
    fn receipts_are_read_as_they_were_written(event in event_of(EventType::EventsReceived)) {
        let written = serde_json::to_vec(&event).expect("JSON");
        prop_assert_eq!(
            Event::decode(&written).expect("an event of ours"),
            Decoded::Event(Box::new(event))
        );
    }
}

#[test]
fn a_time_that_rfc_3339_cannot_write_is_not_written() {
    let mut event = event(&golden(EventType::UserDeleted));
    assert!(serde_json::to_string(&event).is_ok());
    event.timestamp = DateTime::<Utc>::MAX_UTC;
    assert!(serde_json::to_string(&event).is_err());
    assert!(serde_json::to_string(&ReminderSpec::At(DateTime::<Utc>::MIN_UTC)).is_err());
}
