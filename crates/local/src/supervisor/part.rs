//! Keeping one part running.

use std::{path::PathBuf, time::Duration};

use platform::backoff::Backoff;
use tokio::{
    process::Command,
    time::{self, Instant},
};
use tokio_util::sync::CancellationToken;

use super::signals::Wishes;
use crate::{
    kafka::{Broker, BrokerOptions, KafkaStartError},
    postgres::{PostgresError, Server, ServerOptions},
    process::{Child, describe},
};
use nix::sys::signal::Signal;

/// The wait before a part that died is started again.
const RESTART: Backoff =
    Backoff { first: Duration::from_millis(300), longest: Duration::from_secs(15) };
/// A part that ran for so long, in seconds, has done well: the waits begin anew.
const STEADY_SECS: u64 = 30;

/// A child to keep running.
pub(crate) struct Part {
    /// What its lines begin with.
    pub(crate) name: String,
    /// How it is started.
    pub(crate) command: Box<dyn Fn() -> Command + Send + Sync>,
    /// Where it is recorded while it runs.
    pub(crate) record: PathBuf,
    /// How long it may take to end by itself, in seconds.
    pub(crate) grace_secs: u64,
}

/// How often a part died lately.
#[derive(Debug, Default)]
struct Deaths(u32);

impl Part {
    /// Runs it, again and again, until it is to stop; then stops it.
    pub(crate) async fn keep_running(self, wishes: Wishes) {
        let mut deaths = Deaths::default();
        loop {
            let start = Instant::now();
            let child = Child::start(&self.name, (self.command)(), Some(self.record.clone())).await;
            let how = match child {
                Ok(mut child) => {
                    let ended = tokio::select! {
                        ended = child.ended() => ended,
                        () = wishes.stop.cancelled() => return self.end(child, &wishes).await,
                    };
                    ended.map_or_else(|error| error.to_string(), describe)
                }
                Err(error) => format!("it can't be started: {error}"),
            };
            let delay = deaths.count(start.elapsed());
            if !wait(&self.name, &how, delay, &wishes).await {
                return;
            }
        }
    }

    async fn end(&self, mut child: Child, wishes: &Wishes) {
        let grace = Duration::from_secs(self.grace_secs);
        match child.end(Signal::SIGTERM, grace, &wishes.hurry).await {
            Ok(status) if status.success() => {}
            Ok(status) => tracing::warn!("{} ended with {}", self.name, describe(status)),
            Err(error) => tracing::warn!("{} can't be waited for: {error}", self.name),
        }
    }
}

/// A server that is waited for before others start, and so runs before it is kept running.
pub(crate) trait Embedded: Sized {
    /// What it is called.
    const NAME: &'static str;
    type Options;
    type Error: std::error::Error;

    /// How to start it again where it is.
    fn again(&self, options: Self::Options) -> Self::Options;
    fn start(options: &Self::Options) -> impl Future<Output = Result<Self, Self::Error>> + Send;
    /// Waits until it has ended by itself; says how.
    fn ended(&mut self) -> impl Future<Output = String> + Send;
    fn stop(
        self,
        hurry: &CancellationToken,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send;
}

impl Embedded for Server {
    const NAME: &'static str = "postgres";
    type Options = ServerOptions;
    type Error = PostgresError;

    fn again(&self, options: ServerOptions) -> ServerOptions {
        ServerOptions { port: Some(self.port()), ..options }
    }

    async fn start(options: &ServerOptions) -> Result<Self, PostgresError> {
        Self::start(options.clone()).await
    }

    async fn ended(&mut self) -> String {
        self.ended().await
    }

    async fn stop(self, hurry: &CancellationToken) -> Result<(), PostgresError> {
        self.stop_in_a_hurry(hurry).await
    }
}

impl Embedded for Broker {
    const NAME: &'static str = "kafka";
    type Options = BrokerOptions;
    type Error = KafkaStartError;

    fn again(&self, options: BrokerOptions) -> BrokerOptions {
        BrokerOptions { port: Some(self.address().port()), ..options }
    }

    async fn start(options: &BrokerOptions) -> Result<Self, KafkaStartError> {
        Self::start(options.clone()).await
    }

    async fn ended(&mut self) -> String {
        self.ended().await
    }

    async fn stop(self, hurry: &CancellationToken) -> Result<(), KafkaStartError> {
        self.stop_in_a_hurry(hurry).await;
        Ok(())
    }
}

/// Keeps a server running on its port until it is to stop; then stops it.
pub(crate) async fn keep_server_running<S: Embedded>(
    server: S,
    options: S::Options,
    wishes: Wishes,
) -> Result<(), S::Error> {
    let options = server.again(options);
    let mut running = Ok(server);
    let mut deaths = Deaths::default();
    loop {
        let start = Instant::now();
        let how = match running {
            Ok(mut server) => {
                tokio::select! {
                    how = server.ended() => how,
                    () = wishes.stop.cancelled() => return server.stop(&wishes.hurry).await,
                }
            }
            Err(error) => format!("it can't be started: {}", chain(&error)),
        };
        let delay = deaths.count(start.elapsed());
        if !wait(S::NAME, &how, delay, &wishes).await {
            return Ok(());
        }
        running = tokio::select! {
            started = S::start(&options) => started,
            () = wishes.stop.cancelled() => return Ok(()),
        };
    }
}

impl Deaths {
    /// Counts one more and says how long to wait.
    fn count(&mut self, ran: Duration) -> Duration {
        if ran >= Duration::from_secs(STEADY_SECS) {
            self.0 = 0;
        }
        self.0 = self.0.saturating_add(1);
        RESTART.delay(self.0)
    }
}

/// Says what happened and waits; false if all is to stop meanwhile.
async fn wait(name: &str, how: &str, delay: Duration, wishes: &Wishes) -> bool {
    let seconds = delay.as_secs_f32();
    tracing::warn!("{name} ended ({how}); it is started again in {seconds:.1} s");
    tokio::select! {
        () = time::sleep(delay) => true,
        () = wishes.stop.cancelled() => false,
    }
}

/// An error and what caused it, in one line.
fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |error| error.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_waits_grow_with_each_death_and_begin_anew_after_a_steady_run() {
        let mut deaths = Deaths::default();
        let short = Duration::from_secs(1);
        let waits: Vec<_> = (0..20).map(|_| deaths.count(short)).collect();
        assert!(waits[0] <= RESTART.first);
        assert!(waits[19] >= RESTART.longest / 2 && waits[19] <= RESTART.longest);
        assert!(deaths.count(Duration::from_secs(STEADY_SECS)) <= RESTART.first);
    }
}
