//! Turns that are dropped.

use std::sync::Arc;

use model::{Limits, Unlimited};
use serde_json::json;
use testing::{
    eventually,
    fake_model::{FakeModel, ModelAnswer, Reply},
};

use crate::support::{NotingTools, client, question};

#[tokio::test]
async fn a_turn_that_is_dropped_closes_the_connection_and_runs_nothing_more() {
    let words = || ModelAnswer::saying(&["One ", "moment."]).reply();
    let call = || ModelAnswer::calling("add", json!({})).reply();
    let half = |reply: Reply| {
        let bytes = reply.bytes().len();
        reply.hang_after(bytes * 3 / 4)
    };
    for (replies, calls) in [
        (vec![Reply::silence()], 0),
        (vec![half(words())], 0),
        (vec![half(call())], 0),
        (vec![call(), Reply::silence()], 1),
        (vec![call(), half(call())], 1),
    ] {
        let requests = replies.len();
        let fake = FakeModel::start(replies).await;
        let model = client(&fake);
        let tools = Arc::new(NotingTools::new());
        let noting = tools.clone();
        let turn = tokio::spawn(async move {
            let limits = Limits::default();
            model.converse(question(), &*noting, &Unlimited, limits, &mut |_| {}).await
        });
        eventually("the last request is there", || async {
            (fake.requests().len() == requests).then_some(())
        })
        .await;
        assert_eq!(fake.hang_ups(), 0);
        turn.abort();
        assert!(turn.await.unwrap_err().is_cancelled());
        eventually("the connection is closed", || async { (fake.hang_ups() == 1).then_some(()) })
            .await;
        assert_eq!(tools.calls().len(), calls, "what was done stays done, and nothing more");
    }
}
