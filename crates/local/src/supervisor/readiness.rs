//! Does everything answer?

use std::{net::SocketAddr, time::Duration};

use tokio::time::{self, Instant};

use super::{
    address::{reachable, url},
    environment::Application,
};

/// How often those that don't answer yet are asked, in milliseconds.
const POLL_INTERVAL_MS: u64 = 50;
/// The longest that one answer may take, in seconds.
const ANSWER_TIMEOUT_SECS: u64 = 3;
/// After so many seconds it is said who does not answer, and again.
const IMPATIENCE_SECS: u64 = 10;

/// Something that must answer.
#[derive(Clone, Debug)]
struct Question {
    of: String,
    url: String,
    /// Whether the answer must be a success; the page's may be anything.
    must_succeed: bool,
}

/// Waits until the services, their sidecars and the public address answer.
///
/// # Errors
/// No HTTP client can be made.
pub(crate) async fn everything_answers(
    address: SocketAddr,
    applications: &[Application],
) -> reqwest::Result<()> {
    let client = reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(Duration::from_secs(ANSWER_TIMEOUT_SECS))
        .build()?;
    let mut open = questions(address, applications);
    let mut impatient = Instant::now() + Duration::from_secs(IMPATIENCE_SECS);
    loop {
        let asked = open.iter().map(|question| answers(&client, question));
        let answered = futures_util::future::join_all(asked).await;
        let mut answered = answered.into_iter();
        open.retain(|_| !answered.next().unwrap_or(false));
        if open.is_empty() {
            return Ok(());
        }
        if Instant::now() >= impatient {
            let missing: Vec<_> = open.iter().map(|question| question.of.as_str()).collect();
            tracing::warn!("still waiting for {}", missing.join(", "));
            impatient = Instant::now() + Duration::from_secs(IMPATIENCE_SECS);
        }
        time::sleep(Duration::from_millis(POLL_INTERVAL_MS)).await;
    }
}

fn questions(address: SocketAddr, applications: &[Application]) -> Vec<Question> {
    let mut questions = vec![Question {
        of: url(address),
        url: format!("http://{}/", reachable(address)),
        must_succeed: false,
    }];
    for application in applications {
        let name = application.service.name();
        questions.push(Question {
            of: name.to_owned(),
            url: format!("http://{}/readyz", application.health_address),
            must_succeed: true,
        });
        questions.push(Question {
            of: format!("{name}'s sidecar"),
            url: format!("http://127.0.0.1:{}/v1.0/healthz", application.dapr_http_port),
            must_succeed: true,
        });
    }
    questions
}

async fn answers(client: &reqwest::Client, question: &Question) -> bool {
    let answer = client.get(&question.url).send().await;
    answer.is_ok_and(|answer| {
        let status = answer.status();
        if question.must_succeed { status.is_success() } else { !status.is_server_error() }
    })
}
