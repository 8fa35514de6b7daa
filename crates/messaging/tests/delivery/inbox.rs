//! What is taken, once, and what is said of it.

use events::{
    CorrelationId, Event, EventsReceived, Receipt, ReceiptOutcome, Service, TaskId, Topic,
};
use messaging::Outcome;
use sidecar::{Delivery, DeliveryStatus};
use testing::eventually;

use crate::support::{Bus, Party, at, event};

#[tokio::test]
async fn an_event_is_applied_once_and_receipted_each_time() {
    let mut party = Party::start(Service::ReminderWorker).await;
    let bus = Bus::start();
    let event = event(TaskId::random(), 1);
    for _ in 0..3 {
        assert_eq!(party.receive(&event).await, DeliveryStatus::Success);
    }
    assert_eq!(*party.subscriber.applied.lock().unwrap(), [event.event_id]);
    assert_eq!(party.count("select count(*) from messaging.receipt_owed").await, 3);
    party.run_relay(&bus);
    let receipts = eventually("a receipt", || async { bus.published(Topic::Receipts).pop() }).await;
    let receipts = receipts["data"]["payload"]["receipts"].as_array().unwrap().clone();
    assert_eq!(receipts.len(), 1, "a batch names each event once: {receipts:?}");
    assert_eq!(receipts[0]["event_id"], event.event_id.to_string());
    assert_eq!(
        (&receipts[0]["topic"], &receipts[0]["outcome"]),
        (&"task-events".into(), &"applied".into())
    );
    bus.stop().await;
    party.stop().await;
}

#[tokio::test]
async fn two_deliveries_at_once_apply_once() {
    let party = Party::start(Service::ReminderWorker).await;
    let event = event(TaskId::random(), 1);
    let all = tokio::join!(party.receive(&event), party.receive(&event), party.receive(&event));
    assert_eq!(all, (DeliveryStatus::Success, DeliveryStatus::Success, DeliveryStatus::Success));
    assert_eq!(party.count("select count(*) from applied").await, 1);
    party.stop().await;
}

#[tokio::test]
async fn a_rejected_event_leaves_nothing_but_a_dead_letter_and_its_receipt() {
    let party = Party::start(Service::ReminderWorker).await;
    let reason = "not for us".to_owned();
    *party.subscriber.outcome.lock().unwrap() = Some(Outcome::Rejected { reason: reason.clone() });
    assert_eq!(party.receive(&event(TaskId::random(), 1)).await, DeliveryStatus::Success);
    assert_eq!(party.count("select count(*) from applied").await, 0);
    let (kept, owed): (String, serde_json::Value) =
        sqlx::query_as("select reason, outcome from messaging.dead_letter, messaging.receipt_owed")
            .fetch_one(&party.pool)
            .await
            .unwrap();
    assert_eq!(kept, reason);
    assert_eq!(owed, serde_json::json!({ "outcome": "rejected", "reason": reason }));
    party.stop().await;
}

#[tokio::test]
async fn while_the_database_is_away_a_delivery_is_to_come_again() {
    let party = Party::start(Service::ReminderWorker).await;
    party.pool.close().await;
    assert_eq!(party.receive(&event(TaskId::random(), 1)).await, DeliveryStatus::Retry);
    assert_eq!(party.subscriber.applied.lock().unwrap().len(), 0);
    party.stop().await;
}

#[tokio::test]
async fn a_statement_that_never_can_succeed_rejects_the_event() {
    let party = Party::start(Service::ReminderWorker).await;
    sqlx::raw_sql("alter table applied add check (event_id is null)")
        .execute(&party.pool)
        .await
        .unwrap();
    assert_eq!(party.receive(&event(TaskId::random(), 1)).await, DeliveryStatus::Success);
    assert_eq!(party.count("select count(*) from messaging.dead_letter").await, 1);
    party.stop().await;
}

#[tokio::test]
async fn our_own_words_are_not_taken() {
    let party = Party::start(Service::ChatApi).await;
    assert_eq!(party.receive(&event(TaskId::random(), 1)).await, DeliveryStatus::Success);
    assert_eq!(party.count("select count(*) from messaging.inbox").await, 0);
    party.stop().await;
}

#[tokio::test]
async fn an_event_on_a_topic_that_is_not_its_own_is_poison() {
    let party = Party::start(Service::ReminderWorker).await;
    let bytes = serde_json::to_vec(&event(TaskId::random(), 1)).unwrap();
    let status = party.inbox.receive(Topic::UserEvents, &Delivery::parse(bytes.into(), [])).await;
    assert_eq!(status, DeliveryStatus::Success);
    assert_eq!(party.count("select count(*) from messaging.dead_letter").await, 1);
    party.stop().await;
}

#[tokio::test]
async fn a_receipt_deletes_its_row_and_is_told_to_the_service() {
    let party = Party::start(Service::ChatApi).await;
    let (known, other) = (event(TaskId::random(), 7), event(TaskId::random(), 8));
    party.append(&[known.clone(), other]).await;
    let receipt = |id| Receipt {
        event_id: id,
        topic: "task-events".to_owned(),
        outcome: ReceiptOutcome::Applied,
    };
    let received = EventsReceived {
        consumer: Service::ReminderWorker,
        receipts: vec![receipt(known.event_id), receipt(events::EventId::random())],
    };
    let receipts = Event::new(Service::ReminderWorker, CorrelationId::random(), at(), received);
    for _ in 0..2 {
        assert_eq!(party.receive(&receipts).await, DeliveryStatus::Success);
    }
    assert_eq!(party.count("select count(*) from messaging.outbox").await, 1);
    assert_eq!(party.count("select count(*) from messaging.receipt_owed").await, 0);
    let settled = party.subscriber.settled.lock().unwrap().clone();
    assert_eq!(settled.len(), 1);
    assert_eq!((settled[0].event_id, settled[0].version), (known.event_id, Some(7)));
    party.stop().await;
}

#[tokio::test]
async fn a_receipt_that_no_database_can_hold_becomes_a_dead_letter() {
    let party = Party::start(Service::ChatApi).await;
    let receipt = Receipt {
        event_id: events::EventId::random(),
        topic: "task-\0events".to_owned(),
        outcome: ReceiptOutcome::Applied,
    };
    let received = EventsReceived { consumer: Service::ReminderWorker, receipts: vec![receipt] };
    let receipts = Event::new(Service::ReminderWorker, CorrelationId::random(), at(), received);
    assert_eq!(party.receive(&receipts).await, DeliveryStatus::Success);
    assert_eq!(party.count("select count(*) from messaging.dead_letter").await, 1);
    party.stop().await;
}
