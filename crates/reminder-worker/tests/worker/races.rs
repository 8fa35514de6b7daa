//! What comes at the very moment at which a reminder is due.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use events::{Due, EventType, Payload, TaskId, TaskState};
use futures_util::future::join_all;

use crate::support::{Worker, completed, created, deleted, task, updated};

/// How many tasks are ended about when they are due.
const TASKS: usize = 1_000;
/// How far apart they are due, in milliseconds: the machine has to be able to end them on time.
const APART_MS: i64 = 12;
/// How many ends are under way at once.
const HANDS: usize = 8;

/// How a reminder ended, by what the worker said, and when a firing took place.
#[derive(Debug, Default)]
struct Ended {
    fired: Option<DateTime<Utc>>,
    cancelled: bool,
}

impl Worker {
    async fn eventually_ended(&self, count: usize) -> HashMap<TaskId, Ended> {
        testing::eventually("every reminder to end", || async {
            let mut ended: HashMap<TaskId, Ended> = HashMap::new();
            for event in self.said().await {
                match &event.payload {
                    Payload::ReminderTriggered(triggered) => {
                        let one = ended.entry(triggered.task_id).or_default();
                        let before = one.fired.replace(triggered.triggered_at);
                        assert_eq!(before, None, "{} fired twice", triggered.task_id);
                    }
                    Payload::ReminderCancelled(cancelled) => {
                        ended.entry(cancelled.task_id).or_default().cancelled = true;
                    }
                    _ => {}
                }
            }
            (ended.len() >= count).then_some(ended)
        })
        .await
    }
}

/// Ends each task within 50 ms of its due time, before or after.
async fn end_about_when_due(end: fn(&mut TaskState) -> events::Event) {
    let mut worker = Worker::start().await;
    let began = worker.now().await;
    let first_due = began + TimeDelta::seconds(10);
    let mut tasks: Vec<TaskState> = (0..TASKS)
        .map(|number| {
            let number = i64::try_from(number).unwrap();
            task(first_due + TimeDelta::milliseconds(APART_MS * number), began)
        })
        .collect();
    for batch in tasks.chunks(HANDS) {
        join_all(batch.iter().map(|task| async { worker.receive(&created(task)).await })).await;
    }
    worker.run_scheduler();

    // A hand ends its tasks one after the other, each at a place of its own around its due time.
    let mut hands: Vec<Vec<(TimeDelta, &mut TaskState)>> = (0..HANDS).map(|_| vec![]).collect();
    for (number, task) in tasks.iter_mut().enumerate() {
        let aside = i64::try_from(number * 37 % 101).unwrap() - 50;
        hands[number % HANDS].push((TimeDelta::milliseconds(aside), task));
    }
    let here = &worker;
    join_all(hands.into_iter().map(|hand| async move {
        for (aside, task) in hand {
            let Some(Due::At(due)) = task.due_date else { unreachable!() };
            let wait = due + aside - here.now().await;
            tokio::time::sleep(wait.to_std().unwrap_or_default()).await;
            here.receive(&end(task)).await;
        }
    }))
    .await;

    let ended = worker.eventually_ended(TASKS).await;
    let (fired, cancelled): (Vec<_>, Vec<_>) = ended.values().partition(|one| one.fired.is_some());
    println!("{} fired, {} were cancelled", fired.len(), cancelled.len());
    assert_eq!(ended.len(), TASKS);
    let both = ended.values().filter(|one| one.fired.is_some() && one.cancelled).count();
    assert_eq!(
        both, 0,
        "a reminder that is cancelled does not fire, one that fired is not cancelled"
    );
    assert!(!fired.is_empty() && !cancelled.is_empty(), "all ended one way: nothing was tried");
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_completions_about_the_due_time_are_never_followed_by_a_firing() {
    end_about_when_due(completed).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_deletions_about_the_due_time_are_never_followed_by_a_firing() {
    end_about_when_due(deleted).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_thousand_quick_edits_only_the_last_fires() {
    const EDITS: usize = 1_000;
    const AHEAD_SECS: i64 = 20;
    let mut worker = Worker::start().await;
    worker.run_scheduler();
    let now = worker.now().await;
    let mut task = task(now + TimeDelta::seconds(AHEAD_SECS), now);
    worker.receive(&created(&task)).await;
    for _ in 0..EDITS {
        let now = worker.now().await;
        task.due_date = Some(Due::At(now + TimeDelta::seconds(AHEAD_SECS)));
        task.schedule_since = Some(now);
        worker.receive(&updated(&mut task)).await;
    }
    let now = worker.now().await;
    let last = now + TimeDelta::seconds(1);
    task.due_date = Some(Due::At(last));
    task.schedule_since = Some(now);
    worker.receive(&updated(&mut task)).await;
    // Whoever looks so much later has seen all that would come of the edits before.
    worker.database.set_clock_offset_secs(2 * AHEAD_SECS).await;
    worker.eventually_said(EventType::ReminderTriggered, 1).await;
    let now = worker.now().await;
    let marker = crate::support::task(now, now);
    worker.receive(&created(&marker)).await;
    let fired = worker.eventually_said(EventType::ReminderTriggered, 2).await;
    let times: Vec<_> = fired
        .iter()
        .filter_map(|event| match &event.payload {
            Payload::ReminderTriggered(fired) if fired.task_id == task.task_id => {
                Some(fired.reminder_time)
            }
            _ => None,
        })
        .collect();
    assert_eq!(times, [last]);
    worker.stop().await;
}
