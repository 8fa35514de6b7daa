//! What is published, in which order, and what stops it.

use std::time::Duration;

use events::{
    CorrelationId, Event, Service, TaskId, TaskState, TaskUpdated, TaskVersion, TimeZone, Topic,
    UserId,
};
use messaging::{AppendError, MAX_EVENT_BYTES};
use testing::eventually;

use crate::support::{Bus, Party, at, event, user_event, versions};

#[tokio::test]
async fn rows_of_one_task_go_in_their_order_one_at_a_time() {
    let mut party = Party::start(Service::ChatApi).await;
    let bus = Bus::start();
    let tasks: Vec<TaskId> = (0..20).map(|_| TaskId::random()).collect();
    for version in 1..=10 {
        let events: Vec<Event> = tasks.iter().map(|task| event(*task, version)).collect();
        party.append(&events).await;
    }
    party.run_relay(&bus);
    eventually("200 events", || async {
        (bus.published(Topic::TaskEvents).len() == 200).then_some(())
    })
    .await;
    let published = bus.published(Topic::TaskEvents);
    for task in &tasks {
        assert_eq!(versions(&published, *task), (1..=10).collect::<Vec<_>>());
    }
    for (_, events) in &bus.script.lock().unwrap().bulks {
        let mut keys: Vec<_> = events.iter().map(|event| event["subject"].clone()).collect();
        keys.sort_by_key(ToString::to_string);
        let all = keys.len();
        keys.dedup();
        assert_eq!(keys.len(), all, "a bulk with two rows of one task");
    }
    bus.stop().await;
    party.stop().await;
}

#[tokio::test]
async fn an_event_that_the_bus_refuses_blocks_its_own_task_only() {
    let mut party = Party::start(Service::ChatApi).await;
    let bus = Bus::start();
    let (stuck, free) = (TaskId::random(), TaskId::random());
    let refused = event(stuck, 1);
    bus.script.lock().unwrap().refused.insert(refused.event_id.to_string());
    party.append(&[refused, event(stuck, 2), event(free, 1), event(free, 2)]).await;
    party.run_relay(&bus);
    eventually("the free task's events", || async {
        (versions(&bus.published(Topic::TaskEvents), free) == [1, 2]).then_some(())
    })
    .await;
    assert_eq!(versions(&bus.published(Topic::TaskEvents), stuck), [0; 0]);
    bus.script.lock().unwrap().refused.clear();
    eventually("the stuck task's events", || async {
        (versions(&bus.published(Topic::TaskEvents), stuck) == [1, 2]).then_some(())
    })
    .await;
    bus.stop().await;
    party.stop().await;
}

#[tokio::test]
async fn while_the_bus_is_away_everything_waits_and_then_goes() {
    let mut party = Party::start(Service::ChatApi).await;
    let bus = Bus::start();
    bus.script.lock().unwrap().status = Some(500);
    party.run_relay(&bus);
    let task = TaskId::random();
    party.append(&[event(task, 1), event(task, 2)]).await;
    // Several attempts fail, the wait between them growing.
    tokio::time::sleep(Duration::from_millis(1500)).await;
    assert_eq!(bus.published(Topic::TaskEvents).len(), 0);
    bus.script.lock().unwrap().status = None;
    eventually("both", || async {
        (versions(&bus.published(Topic::TaskEvents), task) == [1, 2]).then_some(())
    })
    .await;
    bus.stop().await;
    party.stop().await;
}

#[tokio::test]
async fn a_topic_that_is_closed_to_us_does_not_hold_up_the_others() {
    let mut party = Party::start(Service::ChatApi).await;
    let bus = Bus::start();
    let task = TaskId::random();
    bus.close_topic(Topic::TaskEvents);
    party.append(&[event(task, 1), user_event(UserId::random(), 1)]).await;
    party.run_relay(&bus);
    for published in 1..=3 {
        eventually("the other topic's events", || async {
            (bus.published(Topic::UserEvents).len() >= published).then_some(())
        })
        .await;
        party.append(&[user_event(UserId::random(), 1)]).await;
    }
    assert_eq!(bus.published(Topic::TaskEvents).len(), 0);
    // The closed topic is tried again by itself.
    bus.open_topics();
    eventually("the closed topic's event", || async {
        (versions(&bus.published(Topic::TaskEvents), task) == [1]).then_some(())
    })
    .await;
    bus.stop().await;
    party.stop().await;
}

#[tokio::test]
async fn a_row_that_commits_later_than_higher_ones_is_found() {
    let mut party = Party::start(Service::ChatApi).await;
    let bus = Bus::start();
    party.run_relay(&bus);
    let (early, late) = (TaskId::random(), TaskId::random());
    let mut slow = party.pool.begin().await.unwrap();
    party.outbox.append(&mut slow, &[event(early, 1).into()]).await.unwrap();
    party.append(&[event(late, 1)]).await;
    eventually("the later row", || async {
        (versions(&bus.published(Topic::TaskEvents), late) == [1]).then_some(())
    })
    .await;
    slow.commit().await.unwrap();
    eventually("the earlier row", || async {
        (versions(&bus.published(Topic::TaskEvents), early) == [1]).then_some(())
    })
    .await;
    bus.stop().await;
    party.stop().await;
}

#[tokio::test]
async fn an_event_over_the_limit_is_refused_when_it_is_appended() {
    let party = Party::start(Service::ChatApi).await;
    let state = TaskState {
        task_id: TaskId::random(),
        title: "x".repeat(MAX_EVENT_BYTES),
        description: None,
        priority: Default::default(),
        status: Default::default(),
        due_date: None,
        recurrence: None,
        tags: vec![],
        user_id: UserId::random(),
        created_at: at(),
        version: TaskVersion::from(1),
        time_zone: TimeZone::UTC,
        reminders: vec![],
        snoozes: vec![],
        dismissed: vec![],
        occurrence: None,
        day_time: events::DEFAULT_DAY_TIME,
        schedule_since: None,
        list_id: None,
        position: None,
        subtasks: vec![],
    };
    let event = Event::new(Service::ChatApi, CorrelationId::random(), at(), state);
    let mut tx = party.pool.begin().await.unwrap();
    let refused = party.outbox.append(&mut tx, &[event.into()]).await;
    assert!(matches!(refused, Err(AppendError::TooLarge { size }) if size > MAX_EVENT_BYTES));
    drop(tx);
    party.stop().await;
}

#[tokio::test]
async fn an_event_on_two_topics_has_one_id_and_only_the_consumed_one_waits() {
    let mut party = Party::start(Service::ChatApi).await;
    let bus = Bus::start();
    let task = TaskId::random();
    let update = TaskUpdated {
        task_id: task,
        changed_fields: vec!["title".to_owned()],
        changes: Default::default(),
        updated_at: at(),
        version: TaskVersion::from(1),
        user_id: None,
        task: None,
    };
    party.append(&[Event::new(Service::ChatApi, CorrelationId::random(), at(), update)]).await;
    party.run_relay(&bus);
    eventually("both topics", || async {
        let on = |topic| bus.published(topic).first().map(|event| event["id"].clone());
        let (events, updates) = (on(Topic::TaskEvents)?, on(Topic::TaskUpdates)?);
        (events == updates).then_some(())
    })
    .await;
    eventually("the row that nobody of ours consumes to be gone", || async {
        let left: Vec<String> = sqlx::query_scalar("select topic from messaging.outbox")
            .fetch_all(&party.pool)
            .await
            .unwrap();
        (left == ["task-events"]).then_some(())
    })
    .await;
    bus.stop().await;
    party.stop().await;
}
