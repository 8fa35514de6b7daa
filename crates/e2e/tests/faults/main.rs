//! People go on working while every process is killed again and again, on the real daprd and Kafka; then a
//! checker looks at all that happened. In a binary of its own, so that nothing else is on the machine.
//!
//! `FAULT_SEED` and `FAULT_ROUNDS` (kills of each process) make another run, or a longer one.

mod campaign;
mod people;

use campaign::Campaign;
use e2e::Run;
use testing::skipped;

/// The seed of the run that every `make test` makes.
const SEED: u64 = 20_261_124;
/// How often each process is killed.
const ROUNDS: usize = 4;

fn setting<T: std::str::FromStr>(name: &str, default: T) -> T {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_is_killed_nothing_acknowledged_is_lost_and_every_reminder_comes_once_in_time_order()
 {
    let Some(run) = Run::on_kafka() else { return skipped("needs daprd and Kafka") };
    let campaign =
        Campaign { seed: setting("FAULT_SEED", SEED), rounds: setting("FAULT_ROUNDS", ROUNDS) };
    let figures = campaign.run(run).await;
    println!("{figures}");
    assert!(figures.kills >= 20, "too little happened");
    assert!(figures.acts >= 100, "too little happened");
    assert!(figures.poison >= 4, "too little happened");
}
