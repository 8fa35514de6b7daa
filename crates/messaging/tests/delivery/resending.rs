//! What got no receipt is sent again: the lone lost event, and never a flood.

use std::time::Duration;

use events::{
    CorrelationId, Event, EventsReceived, Receipt, ReceiptOutcome, Service, TaskId, Topic, UserId,
};
use messaging::{Outbox, Outgoing, RelaySettings};
use platform::settings::EventBus;
use serde_json::Value;
use testing::eventually;
use tokio::time::Instant;

use crate::support::{Bus, Party, at, event, user_event, versions};

/// The production rules with shorter times.
fn impatient() -> RelaySettings {
    RelaySettings {
        receipt_timeout_secs: 0.2,
        receipt_silence_secs: 2.0,
        probe_interval_secs: 2.0,
        ..RelaySettings::new("kafka-pubsub".to_owned())
    }
}

/// A probe in every look, so that tests of what is chosen need no receipts.
fn probing() -> RelaySettings {
    RelaySettings { probe_interval_secs: 0.0, receipt_timeout_secs: 60.0, ..impatient() }
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

/// Publishes events, each with the minutes until it matters; then all are overdue for a receipt, the
/// later ones longer than the earlier ones.
async fn publish_overdue(party: &mut Party, bus: &Bus, events: &[(Event, u64)]) {
    let outgoing: Vec<Outgoing> = events
        .iter()
        .map(|(event, minutes)| {
            let urgent_at = at() + Duration::from_secs(60 * minutes);
            Outgoing::new(event.clone()).urgent_at(Some(urgent_at))
        })
        .collect();
    party.append_outgoing(&outgoing).await;
    party.run_relay(bus);
    party.all_marked().await;
    party.stop_relays().await;
    bus.script.lock().unwrap().bulks.clear();
    party
        .execute(
            "update messaging.outbox
             set resend_at = messaging.clock() - make_interval(secs => seq)",
        )
        .await;
}

#[tokio::test]
async fn of_very_many_overdue_rows_what_matters_soonest_is_sent_first() {
    let mut party = Party::start(Service::ChatApi).await;
    let bus = Bus::start();
    let events: Vec<(Event, u64)> =
        (0..1500).map(|minutes| (event(TaskId::random(), 1), minutes)).collect();
    publish_overdue(&mut party, &bus, &events).await;
    party.run_relay_with(&bus, probing());
    let sent = eventually("two to be sent again", || async {
        Some(bus.published(Topic::TaskEvents)).filter(|sent| sent.len() >= 2)
    })
    .await;
    // The nearest two, which are overdue for the shortest time.
    for (sent, (event, _)) in sent.iter().zip(&events[..2]) {
        assert_eq!(sent["id"], event.event_id.to_string());
    }
    bus.stop().await;
    party.stop().await;
}

#[tokio::test]
async fn of_one_task_the_older_row_is_sent_again_first_though_the_newer_matters_sooner() {
    let mut party = Party::start(Service::ChatApi).await;
    let bus = Bus::start();
    let (task, other) = (TaskId::random(), TaskId::random());
    let events = [(event(task, 1), 30), (event(other, 1), 20), (event(task, 2), 10)];
    publish_overdue(&mut party, &bus, &events).await;
    party.run_relay_with(&bus, probing());
    let sent = eventually("all to be sent again", || async {
        Some(bus.published(Topic::TaskEvents)).filter(|sent| sent.len() >= 3)
    })
    .await;
    assert_eq!(versions(&sent[..2], task), [1, 2], "{sent:?}");
    assert_eq!(versions(&sent, other), [1]);
    bus.stop().await;
    party.stop().await;
}

#[tokio::test]
async fn an_overdue_row_of_a_closed_topic_does_not_hold_up_those_of_the_others() {
    let mut party = Party::start(Service::ChatApi).await;
    let bus = Bus::start();
    let (soonest, later) = (event(TaskId::random(), 1), user_event(UserId::random(), 1));
    publish_overdue(&mut party, &bus, &[(soonest.clone(), 1), (later.clone(), 60)]).await;
    bus.close_topic(Topic::TaskEvents);
    party.run_relay_with(&bus, probing());
    let sent = eventually("the open topic's row to be sent again", || async {
        bus.published(Topic::UserEvents).pop()
    })
    .await;
    assert_eq!(sent["id"], later.event_id.to_string());
    assert_eq!(bus.published(Topic::TaskEvents).len(), 0);
    bus.open_topics();
    let sent = eventually("the closed topic's row to be sent again", || async {
        bus.published(Topic::TaskEvents).pop()
    })
    .await;
    assert_eq!(sent["id"], soonest.event_id.to_string());
    bus.stop().await;
    party.stop().await;
}

/// The right to probe is not spent on a topic that turns out to be closed.
#[tokio::test]
async fn a_probe_that_meets_a_closed_topic_goes_to_another_one() {
    let mut party = Party::start(Service::ChatApi).await;
    let bus = Bus::start();
    let (soonest, later) = (event(TaskId::random(), 1), user_event(UserId::random(), 1));
    publish_overdue(&mut party, &bus, &[(soonest, 1), (later, 60)]).await;
    bus.close_topic(Topic::TaskEvents);
    // The next probe would be an hour later.
    party.run_relay_with(&bus, RelaySettings { probe_interval_secs: 3600.0, ..probing() });
    eventually("the open topic's row to be sent again", || async {
        (bus.published(Topic::UserEvents).len() == 1).then_some(())
    })
    .await;
    assert_eq!(bus.published(Topic::TaskEvents).len(), 0);
    bus.stop().await;
    party.stop().await;
}

#[tokio::test]
async fn a_row_that_was_held_back_says_at_each_sending_when_it_was_first_published() {
    let mut party = Party::start(Service::ChatApi).await;
    let bus = Bus::start();
    party.outbox = Outbox::new(Service::ChatApi, EventBus::Hold);
    party.append(&[event(TaskId::random(), 1)]).await;
    party.run_relay_with(&bus, RelaySettings { receipt_timeout_secs: 0.2, ..probing() });
    let sent = eventually("it to be sent three times", || async {
        Some(bus.published(Topic::TaskEvents)).filter(|sent| sent.len() >= 3)
    })
    .await;
    let released: Vec<&Value> = sent.iter().map(|event| &event["releasedat"]).collect();
    assert!(released[0].is_string(), "{sent:?}");
    assert!(released.iter().all(|at| *at == released[0]), "{released:?}");
    bus.stop().await;
    party.stop().await;
}

#[tokio::test]
async fn while_no_receipts_come_only_probes_are_sent_and_the_first_receipt_opens_the_gate() {
    const EVENTS: usize = 300;
    const PROBES: usize = 4;
    let mut party = Party::start(Service::ChatApi).await;
    let bus = Bus::start();
    let events: Vec<Event> = (0..EVENTS).map(|_| event(TaskId::random(), 1)).collect();
    let all: Vec<(Event, u64)> = events.iter().map(|event| (event.clone(), 1)).collect();
    publish_overdue(&mut party, &bus, &all).await;
    let settings = impatient();
    let began = Instant::now();
    party.run_relay_with(&bus, settings.clone());
    eventually("several intervals to pass", || async {
        (bus.published(Topic::TaskEvents).len() >= PROBES).then_some(())
    })
    .await;
    let bulks = bus.script.lock().unwrap().bulks.clone();
    let intervals = began.elapsed().as_secs_f64() / settings.probe_interval_secs;
    assert!(
        bulks.len() as f64 <= intervals + 1.0,
        "{} probes in {intervals} intervals",
        bulks.len()
    );
    assert!(bulks.iter().all(|(_, rows)| rows.len() == 1), "a probe is one row: {bulks:?}");

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
