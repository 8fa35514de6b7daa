//! What a person decides about dead letters.

use events::{
    CorrelationId, DeadLetterDiscardRequested, DeadLetterId, DeadLetterRedriveRequested, Event,
    EventsReceived, Payload, Receipt, ReceiptOutcome, Service, TaskId, Topic,
};
use messaging::Outcome;
use serde_json::{Value, json};
use sidecar::{Delivery, DeliveryStatus};
use testing::eventually;

use crate::support::{Bus, Party, at, event};

/// What the other service answers with where it is asked.
async fn ask(party: &Party, payload: impl Into<Payload>) -> Value {
    let request = Event::new(Service::ChatApi, CorrelationId::random(), at(), payload);
    assert_eq!(party.receive(&request).await, DeliveryStatus::Success);
    owed(party, &request).await.pop().unwrap()
}

async fn redrive(party: &Party, id: DeadLetterId) -> Value {
    ask(party, DeadLetterRedriveRequested { id }).await
}

async fn discard(party: &Party, id: DeadLetterId) -> Value {
    ask(party, DeadLetterDiscardRequested { id }).await
}

/// The receipts that are owed for an event, in their order.
async fn owed(party: &Party, event: &Event) -> Vec<Value> {
    sqlx::query_scalar(
        "select outcome from messaging.receipt_owed where event_id = $1 order by seq",
    )
    .bind(event.event_id.uuid())
    .fetch_all(&party.pool)
    .await
    .unwrap()
}

/// The only letter: its id, state and problem.
async fn letter(party: &Party) -> (DeadLetterId, String, Option<String>) {
    let (id, state, problem): (uuid::Uuid, _, _) =
        sqlx::query_as("select id, state, problem from messaging.dead_letter")
            .fetch_one(&party.pool)
            .await
            .unwrap();
    (id.into(), state, problem)
}

fn answers(party: &Party, outcome: Outcome) {
    *party.subscriber.outcome.lock().unwrap() = Some(outcome);
}

fn refuses(party: &Party, reason: &str) {
    answers(party, Outcome::Rejected { reason: reason.to_owned() });
}

fn rejected(reason: &str) -> Value {
    json!({ "outcome": "rejected", "reason": reason })
}

fn applied() -> Value {
    json!({ "outcome": "applied" })
}

async fn receive_raw(party: &Party, record: &'static [u8]) {
    let delivery = Delivery::parse(record.into(), []);
    assert_eq!(party.inbox.receive(Topic::TaskEvents, &delivery).await, DeliveryStatus::Success);
}

#[tokio::test]
async fn a_letter_that_can_be_taken_now_takes_effect_once_and_is_receipted_anew() {
    let party = Party::start(Service::ReminderWorker).await;
    refuses(&party, "not yet");
    let event = event(TaskId::random(), 1);
    party.receive(&event).await;
    let (id, state, _) = letter(&party).await;
    assert_eq!(state, "kept");
    answers(&party, Outcome::Applied);
    for _ in 0..2 {
        assert_eq!(redrive(&party, id).await, applied());
        assert_eq!(letter(&party).await, (id, "redriven".to_owned(), None));
    }
    assert_eq!(party.count("select count(*) from applied").await, 1);
    assert_eq!(owed(&party, &event).await, [rejected("not yet"), applied()]);

    // As the bus brings it, it was taken.
    party.receive(&event).await;
    assert_eq!(party.count("select count(*) from applied").await, 1);
    assert_eq!(owed(&party, &event).await.pop().unwrap(), applied());
    assert_eq!(discard(&party, id).await, applied(), "nobody wants it any more");
    assert_eq!(letter(&party).await.1, "redriven");
    party.stop().await;
}

#[tokio::test]
async fn a_letter_that_is_refused_again_stays_and_says_why() {
    let party = Party::start(Service::ReminderWorker).await;
    refuses(&party, "not yet");
    let event = event(TaskId::random(), 1);
    party.receive(&event).await;
    let (id, ..) = letter(&party).await;
    refuses(&party, "still not");
    assert_eq!(redrive(&party, id).await, rejected("still not"));
    assert_eq!(letter(&party).await, (id, "kept".to_owned(), Some("still not".to_owned())));
    assert_eq!(party.count("select count(*) from applied").await, 0);
    assert_eq!(owed(&party, &event).await, [rejected("not yet")]);
    answers(&party, Outcome::Stale { version: 7 });
    assert_eq!(redrive(&party, id).await, applied());
    let stale = json!({ "outcome": "stale", "version": 7 });
    assert_eq!(owed(&party, &event).await.pop().unwrap(), stale);
    assert_eq!(letter(&party).await, (id, "redriven".to_owned(), None));
    party.stop().await;
}

#[tokio::test]
async fn what_is_no_event_can_only_be_discarded() {
    let party = Party::start(Service::ReminderWorker).await;
    receive_raw(&party, b"garbage \xff").await;
    let (id, ..) = letter(&party).await;
    let reason = "the record is not JSON";
    assert_eq!(redrive(&party, id).await, rejected(reason));
    assert_eq!(letter(&party).await, (id, "kept".to_owned(), Some(reason.to_owned())));
    for _ in 0..2 {
        assert_eq!(discard(&party, id).await, applied());
        assert_eq!(letter(&party).await, (id, "discarded".to_owned(), None));
    }
    assert_eq!(redrive(&party, id).await, rejected("it was discarded before"));
    assert_eq!(letter(&party).await.1, "discarded");
    receive_raw(&party, b"garbage \xff").await;
    assert_eq!(letter(&party).await.1, "discarded", "it is known when it comes again");
    party.stop().await;
}

#[tokio::test]
async fn a_letter_that_is_not_here_is_discarded_already_and_can_not_be_redriven() {
    let party = Party::start(Service::ReminderWorker).await;
    let id = DeadLetterId::random();
    assert_eq!(discard(&party, id).await, json!({ "outcome": "stale", "version": 0 }));
    assert_eq!(redrive(&party, id).await, rejected("no such dead letter is here any more"));
    assert_eq!(party.count("select count(*) from messaging.dead_letter").await, 0);
    party.stop().await;
}

#[tokio::test]
async fn a_record_that_is_not_kept_whole_is_not_redriven() {
    let party = Party::start(Service::ReminderWorker).await;
    refuses(&party, "not yet");
    party.receive(&event(TaskId::random(), 1)).await;
    party.execute("update messaging.dead_letter set size = size + 1").await;
    answers(&party, Outcome::Applied);
    let (id, ..) = letter(&party).await;
    let answer = redrive(&party, id).await;
    let reason = answer["reason"].as_str().unwrap();
    assert!(
        reason.starts_with("it was too large: of ") && reason.ends_with(" are kept"),
        "{reason}"
    );
    assert_eq!(party.count("select count(*) from applied").await, 0);
    party.stop().await;
}

#[tokio::test]
async fn a_letter_whose_event_was_taken_meanwhile_is_not_taken_twice() {
    let party = Party::start(Service::ReminderWorker).await;
    let event = event(TaskId::random(), 1);
    let bytes = serde_json::to_vec(&event).unwrap();
    // By a topic that is not its own, and then by its own.
    party.inbox.receive(Topic::UserEvents, &Delivery::parse(bytes.into(), [])).await;
    party.receive(&event).await;
    party.execute("update messaging.dead_letter set topic = 'task-events'").await;
    let (id, ..) = letter(&party).await;
    assert_eq!(redrive(&party, id).await, applied());
    assert_eq!(letter(&party).await.1, "redriven");
    assert_eq!(party.count("select count(*) from applied").await, 1);
    assert_eq!(owed(&party, &event).await, [applied(), applied()]);
    party.stop().await;
}

#[tokio::test]
async fn a_decision_that_became_a_letter_itself_is_to_be_made_anew() {
    let party = Party::start(Service::ReminderWorker).await;
    let request = DeadLetterRedriveRequested { id: DeadLetterId::random() };
    let request = Event::new(Service::ChatApi, CorrelationId::random(), at(), request);
    let bytes = serde_json::to_vec(&request).unwrap();
    party.inbox.receive(Topic::UserEvents, &Delivery::parse(bytes.into(), [])).await;
    party.execute("update messaging.dead_letter set topic = 'dead-letter'").await;
    let (id, ..) = letter(&party).await;
    let answer = redrive(&party, id).await;
    assert_eq!(answer, rejected("it is itself a decision about a dead letter: decide anew"));
    party.stop().await;
}

#[tokio::test]
async fn the_producer_hears_of_an_event_that_was_refused_and_is_taken_after_all() {
    let party = Party::start(Service::ChatApi).await;
    let event = event(TaskId::random(), 7);
    party.append(std::slice::from_ref(&event)).await;
    let refusal = ReceiptOutcome::Rejected { reason: "not yet".to_owned() };
    let said = [refusal.clone(), refusal, ReceiptOutcome::Applied, ReceiptOutcome::Applied];
    for outcome in said {
        let topic = "task-events".to_owned();
        let receipts = vec![Receipt { event_id: event.event_id, topic, outcome }];
        let received = EventsReceived { consumer: Service::ReminderWorker, receipts };
        let receipts = Event::new(Service::ReminderWorker, CorrelationId::random(), at(), received);
        assert_eq!(party.receive(&receipts).await, DeliveryStatus::Success);
        assert_eq!(party.count("select count(*) from messaging.outbox").await, 0);
    }
    assert_eq!(party.count("select count(*) from messaging.rejected").await, 0);
    let settled = party.subscriber.settled.lock().unwrap().clone();
    let outcomes: Vec<bool> =
        settled.iter().map(|one| one.outcome == ReceiptOutcome::Applied).collect();
    assert_eq!(outcomes, [false, false, true], "taken is told once");
    assert!(settled.iter().all(|one| one.version == Some(7)), "{settled:?}");
    party.stop().await;
}

#[tokio::test]
async fn what_was_decided_is_forgotten_after_30_days_and_what_is_kept_never() {
    let mut party = Party::start(Service::ReminderWorker).await;
    for record in [b"kept".as_slice(), b"old", b"new"] {
        receive_raw(&party, record).await;
    }
    party
        .execute(
            "update messaging.dead_letter set state = 'discarded',
                 settled_at = messaging.clock() - interval '30 days 1 minute'
             where record = 'old'::bytea;
             update messaging.dead_letter set state = 'redriven',
                 settled_at = messaging.clock() - interval '29 days'
             where record = 'new'::bytea;
             update messaging.dead_letter set received_at = messaging.clock() - interval '10 years'",
        )
        .await;
    let bus = Bus::start();
    party.run_relay(&bus);
    let left = eventually("one to be forgotten", || async {
        let left: Vec<String> = sqlx::query_scalar(
            "select convert_from(record, 'utf8') from messaging.dead_letter order by 1",
        )
        .fetch_all(&party.pool)
        .await
        .unwrap();
        (left.len() < 3).then_some(left)
    })
    .await;
    assert_eq!(left, ["kept", "new"]);
    bus.stop().await;
    party.stop().await;
}
