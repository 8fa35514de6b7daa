//! `make run`: what a new user has on the machine, and what survives there.

use std::time::Duration;

use e2e::{Person, Run, Sink, in_seconds};
use testing::{eventually, skipped};

use crate::story::{Acknowledged, all_notified, assert_promise, insist_on_task};

#[tokio::test(flavor = "multi_thread")]
async fn ctrl_c_stops_all_and_the_next_run_goes_on() {
    let mut run = Run::new();
    let sink = Sink::start();
    run.start().await;
    let person = Person::register_with_webhook(&run.base(), &sink).await;
    let task = person.create_task("Over a restart", &in_seconds(8)).await;
    let task = Acknowledged::of(&task);
    assert_eq!(run.interrupt().await, Some(0), "{}", run.log());
    run.gone().await;
    run.start().await;
    all_notified(&sink, std::slice::from_ref(&task)).await;
    assert_promise(&sink, &[task]);
    assert_eq!(run.interrupt().await, Some(0));
    run.gone().await;
    sink.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killing_the_supervisor_leaves_nobody_behind_and_loses_nothing() {
    let mut run = Run::new();
    let sink = Sink::start();
    run.start().await;
    let person = Person::register_with_webhook(&run.base(), &sink).await;
    let mut tasks = Vec::new();
    for _ in 0..3 {
        let task = person.create_task("Over a kill", &in_seconds(6)).await;
        tasks.push(Acknowledged::of(&task));
        run.kill_supervisor();
        run.gone().await;
        run.start().await;
    }
    all_notified(&sink, &tasks).await;
    assert_promise(&sink, &tasks);
    assert_eq!(run.interrupt().await, Some(0));
    run.gone().await;
    sink.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_that_is_killed_comes_back_and_nothing_is_lost() {
    let parts = ["/chat-api", "/reminder-worker", "sidecar --app-id", "/postgres -D"];
    parts_come_back(Run::new(), &parts).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_the_real_bus_too_a_part_that_is_killed_comes_back_and_nothing_is_lost() {
    let Some(run) = Run::on_kafka() else { return skipped("needs daprd and Kafka") };
    let parts = ["/chat-api", "/reminder-worker", "/daprd", "kafka.Kafka", "/postgres -D"];
    parts_come_back(run, &parts).await;
}

async fn parts_come_back(mut run: Run, parts: &[&str]) {
    let sink = Sink::start();
    run.start().await;
    let person = Person::register_with_webhook(&run.base(), &sink).await;
    let mut tasks = Vec::new();
    for part in parts {
        tasks.push(insist_on_task(&person, part, 2).await);
        let killed = eventually(&format!("{part} to be there"), || async {
            let killed = run.kill_part(part);
            (killed > 0).then_some(killed)
        })
        .await;
        println!("{part}: {killed} killed");
        tasks.push(insist_on_task(&person, part, 2).await);
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    all_notified(&sink, &tasks).await;
    assert_promise(&sink, &tasks);
    assert_eq!(run.interrupt().await, Some(0));
    run.gone().await;
    sink.stop().await;
}
