//! Whose clock decides.

use e2e::{Options, Person, Sink, Stack, in_seconds};

use crate::story::{Acknowledged, all_notified, all_settled, assert_promise};

/// How far the databases' clocks are behind this machine's, in seconds.
const BEHIND_SECS: i64 = 3600;

/// By the clock of the processes' machine a reminder's time comes an hour too soon.
#[tokio::test(flavor = "multi_thread")]
async fn a_reminder_waits_for_the_databases_clock_whatever_the_machines_says() {
    let stack = Stack::start(Options::default()).await;
    stack.chat_database.set_clock_offset_secs(-BEHIND_SECS).await;
    stack.worker_database.set_clock_offset_secs(-BEHIND_SECS).await;
    let sink = Sink::start();
    stack.chat_apis[0].ready().await;
    let person = Person::register_with_webhook(stack.base(), &sink).await;
    let by_the_machine = person.create_task("An hour too soon", &in_seconds(1)).await;
    let by_the_machine = Acknowledged::of(&by_the_machine);
    // Due after that one by the machine's clock, and long before it by the databases'.
    let by_the_database = person.create_task("On time", &in_seconds(3 - BEHIND_SECS)).await;
    let by_the_database = Acknowledged::of(&by_the_database);
    all_notified(&sink, std::slice::from_ref(&by_the_database)).await;
    assert_eq!(sink.got().len(), 1, "{:?}", sink.got());
    all_settled(&stack).await;
    let scheduled = person.reminders("scheduled").await;
    assert_eq!(scheduled.len(), 1, "{scheduled:?}");
    assert_eq!(scheduled[0]["task_id"], by_the_machine.id.as_str());

    stack.worker_database.set_clock_offset_secs(0).await;
    all_notified(&sink, std::slice::from_ref(&by_the_machine)).await;
    assert_promise(&sink, &[by_the_machine, by_the_database]);
    sink.stop().await;
    stack.stop().await;
}
