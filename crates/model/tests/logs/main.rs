//! What is logged on the way: neither the key nor what anybody wrote. In a process of its own, as what
//! other tests log at the same time decides what is listened to.

#[expect(dead_code, reason = "shared with the other tests")]
#[path = "../model/support.rs"]
mod support;

use std::{
    io,
    sync::{Arc, Mutex, PoisonError},
};

use model::ToolAnswer;
use serde_json::json;
use testing::fake_model::{FakeModel, ModelAnswer, Reply};
use tracing_subscriber::{EnvFilter, fmt::MakeWriter};

use support::{KEY, NotingTools, QUESTION, turn};

#[derive(Clone, Default)]
struct Written(Arc<Mutex<Vec<u8>>>);

impl io::Write for Written {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Written {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

#[tokio::test]
async fn neither_the_key_nor_what_was_written_is_logged_or_printed() {
    let written = Written::default();
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new("trace"))
        .with_writer(written.clone())
        .finish();
    let _guard = tracing::subscriber::set_default(subscriber);

    let calls = ModelAnswer::saying(&["Words-of-the-model"])
        .and_calling("add", json!({ "title": "Argument-of-a-call" }))
        .and_calling("Name-of-no-tool", json!({}));
    let mut printed = String::new();
    for last in [
        ModelAnswer::saying(&["Words-of-the-model"]).reply(),
        Reply::error(500, None),
        Reply::html(200),
        Reply::stream("data: Words-of-the-model\n\n"),
        Reply::stream("data: {\"error\":{\"message\":\"Words-of-the-model\"}}\n\n"),
    ] {
        let fake = FakeModel::start([calls.reply(), last]).await;
        let tools =
            NotingTools::answering(|_, _| ToolAnswer::Refused("Words-of-a-tool".to_owned()));
        let seen = turn(&fake, &tools).await;
        printed.push_str(&format!("{:?}\n", seen.outcome));
    }
    let logged = written.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let logged = String::from_utf8_lossy(&logged);
    assert!(logged.contains("a round with the model is over"), "the log is listened to: {logged}");
    for secret in [
        KEY,
        QUESTION,
        "Words-of-the-model",
        "Argument-of-a-call",
        "Name-of-no-tool",
        "Words-of-a-tool",
        "nobody may log",
    ] {
        assert!(!logged.contains(secret), "{secret} is logged: {logged}");
        assert!(!printed.contains(secret), "{secret} is printed: {printed}");
    }
}
