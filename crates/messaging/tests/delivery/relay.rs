//! What is published, in which order, and what stops it.

use std::time::Duration;

use events::{
    CorrelationId, Event, Service, TaskId, TaskState, TaskUpdated, TaskVersion, TimeZone, Topic,
    UserId,
};
use messaging::{AppendError, MAX_EVENT_BYTES};
use testing::eventually;

use crate::support::{Bus, Party, at, event, versions};

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
    party.append(&[event(task, 1)]).await;
    bus.script.lock().unwrap().status = Some(403);
    party.run_relay(&bus);
    tokio::time::sleep(Duration::from_millis(500)).await;
    bus.script.lock().unwrap().status = None;
    // The closed topic is tried again by itself.
    eventually("the event", || async {
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
async fn one_of_two_relays_publishes_and_the_other_takes_over() {
    let mut party = Party::start(Service::ChatApi).await;
    let (first, second) = (Bus::start(), Bus::start());
    let task = TaskId::random();
    party.run_relay(&first);
    party.append(&[event(task, 1)]).await;
    eventually("the first to lead", || async {
        (first.published(Topic::TaskEvents).len() == 1).then_some(())
    })
    .await;
    party.run_relay(&second);
    party.append(&[event(task, 2)]).await;
    eventually("the first to publish again", || async {
        (first.published(Topic::TaskEvents).len() == 2).then_some(())
    })
    .await;
    assert_eq!(second.published(Topic::TaskEvents).len(), 0);
    // Somebody else holds the lease now, as after a pause of the first's process.
    sqlx::raw_sql(
        "update messaging.lease set token = token + 1, holder = gen_random_uuid(),
             expires_at = messaging.clock()",
    )
    .execute(&party.pool)
    .await
    .unwrap();
    party.append(&[event(task, 3)]).await;
    eventually("one of them to publish", || async {
        let published =
            [first.published(Topic::TaskEvents), second.published(Topic::TaskEvents)].concat();
        versions(&published, task).contains(&3).then_some(())
    })
    .await;
    // Whoever lost its token has marked nothing with it: the row is marked by the new holder.
    eventually("the mark", || async {
        (party.count("select count(*) from messaging.outbox where published_at is null").await == 0)
            .then_some(())
    })
    .await;
    first.stop().await;
    second.stop().await;
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

/// The scan starts at the low-water mark: what lies below is not read again and again.
#[tokio::test]
async fn the_low_water_mark_follows_what_is_settled_and_never_passes_a_waiting_row() {
    let mut party = Party::start(Service::ChatApi).await;
    let bus = Bus::start();
    let stuck = event(TaskId::random(), 1);
    bus.script.lock().unwrap().refused.insert(stuck.event_id.to_string());
    let before: Vec<Event> = (0..50).map(|_| event(TaskId::random(), 1)).collect();
    party.append(&before).await;
    party.append(&[stuck]).await;
    party.append(&before.iter().map(|_| event(TaskId::random(), 1)).collect::<Vec<_>>()).await;
    party.run_relay(&bus);
    eventually("all others to be marked", || async {
        (party.count("select count(*) from messaging.outbox where published_at is null").await == 1)
            .then_some(())
    })
    .await;
    let stuck_at =
        party.count("select min(seq) from messaging.outbox where published_at is null").await;
    party.stop_relays().await;
    // The candidate was taken so long ago that no transaction of then can still be open.
    sqlx::raw_sql(
        "update messaging.relay_state set candidate_at = messaging.clock() - interval '1 hour',
             candidate = (select max(seq) from messaging.outbox)",
    )
    .execute(&party.pool)
    .await
    .unwrap();
    party.run_relay(&bus);
    eventually("the mark to rise to the waiting row", || async {
        let mark = party.count("select low_water from messaging.relay_state").await;
        assert!(mark <= stuck_at, "{mark} is beyond {stuck_at}");
        (mark == stuck_at).then_some(())
    })
    .await;
    bus.stop().await;
    party.stop().await;
}

/// Rows of the outbox that were read so far, by any plan.
async fn rows_read(party: &Party) -> i64 {
    party
        .count(
            "select (seq_tup_read + coalesce(idx_tup_fetch, 0))::bigint from pg_stat_user_tables
             where relname = 'outbox'",
        )
        .await
}

/// What is read grows with what is published, whether it is of many tasks or of one.
#[tokio::test]
async fn publishing_many_rows_reads_each_a_few_times() {
    const ROWS: usize = 2000;
    for tasks in [ROWS, 1] {
        let mut party = Party::start(Service::ChatApi).await;
        let bus = Bus::start();
        let ids: Vec<TaskId> = (0..tasks).map(|_| TaskId::random()).collect();
        let events: Vec<Event> =
            (0..ROWS).map(|n| event(ids[n % tasks], (n / tasks + 1) as i64)).collect();
        party.append(&events).await;
        sqlx::raw_sql("analyze messaging.outbox").execute(&party.pool).await.unwrap();
        party.database.break_connections().await;
        let before = rows_read(&party).await;
        party.run_relay(&bus);
        eventually("all to be published", || async {
            (bus.published(Topic::TaskEvents).len() == ROWS).then_some(())
        })
        .await;
        party.stop_relays().await;
        party.database.break_connections().await;
        let read = rows_read(&party).await - before;
        println!("{ROWS} rows of {tasks} tasks: {read} rows read");
        assert!(
            read < 40 * ROWS as i64,
            "{read} rows were read to publish {ROWS} of {tasks} tasks"
        );
        bus.stop().await;
        party.stop().await;
    }
}
