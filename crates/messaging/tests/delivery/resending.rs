//! What got no receipt is sent again: the lone lost event, and never a flood.

use std::time::Duration;

use events::{
    CorrelationId, Event, EventsReceived, Receipt, ReceiptOutcome, Service, TaskId, Topic,
};
use messaging::RelaySettings;
use testing::eventually;

use crate::support::{Bus, Party, at, event};

/// The production rules with shorter times.
fn impatient() -> RelaySettings {
    RelaySettings {
        receipt_timeout_secs: 0.2,
        receipt_silence_secs: 2.0,
        probe_interval_secs: 2.0,
        ..RelaySettings::new("kafka-pubsub".to_owned())
    }
}

fn receipts_for(events: &[Event]) -> Event {
    let receipts = events
        .iter()
        .map(|event| Receipt {
            event_id: event.event_id,
            topic: "task-events".to_owned(),
            outcome: ReceiptOutcome::Applied,
        })
        .collect();
    let received = EventsReceived { consumer: Service::ReminderWorker, receipts };
    Event::new(Service::ReminderWorker, CorrelationId::random(), at(), received)
}

#[tokio::test]
async fn a_lone_lost_event_is_sent_again_with_its_id_until_its_receipt_comes() {
    let mut party = Party::start(Service::ChatApi).await;
    let bus = Bus::start();
    let lost = event(TaskId::random(), 1);
    party.append(std::slice::from_ref(&lost)).await;
    party.run_relay_with(&bus, impatient());
    eventually("it to be sent again", || async {
        (bus.published(Topic::TaskEvents).len() >= 2).then_some(())
    })
    .await;
    let ids: Vec<_> = bus.published(Topic::TaskEvents).iter().map(|e| e["id"].clone()).collect();
    assert!(ids.iter().all(|id| *id == lost.event_id.to_string()), "{ids:?}");
    party.receive(&receipts_for(&[lost])).await;
    assert_eq!(party.count("select count(*) from messaging.outbox").await, 0);
    bus.stop().await;
    party.stop().await;
}

#[tokio::test]
async fn while_no_receipts_come_only_probes_are_sent_and_the_first_receipt_opens_the_gate() {
    const EVENTS: usize = 100;
    const SILENCE_SECS: u64 = 5;
    let mut party = Party::start(Service::ChatApi).await;
    let bus = Bus::start();
    let events: Vec<Event> = (0..EVENTS).map(|_| event(TaskId::random(), 1)).collect();
    party.append(&events).await;
    party.run_relay_with(&bus, impatient());
    eventually("all of them", || async {
        (bus.published(Topic::TaskEvents).len() >= EVENTS).then_some(())
    })
    .await;
    tokio::time::sleep(Duration::from_secs(SILENCE_SECS)).await;
    let probes = bus.published(Topic::TaskEvents).len() - EVENTS;
    assert!(
        (1..=4).contains(&probes),
        "{probes} probes in {SILENCE_SECS} s, one each 2 s is right"
    );

    // Receipts for all but two: those are sent again now, one a second.
    party.receive(&receipts_for(&events[2..])).await;
    let before = bus.published(Topic::TaskEvents).len();
    eventually("the two to be sent again", || async {
        let again = bus.published(Topic::TaskEvents).split_off(before);
        let sent = |event: &Event| again.iter().any(|e| e["id"] == event.event_id.to_string());
        (sent(&events[0]) && sent(&events[1])).then_some(())
    })
    .await;
    party.receive(&receipts_for(&events[..2])).await;
    assert_eq!(party.count("select count(*) from messaging.outbox").await, 0);
    bus.stop().await;
    party.stop().await;
}
