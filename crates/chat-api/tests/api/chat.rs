//! Conversations as a browser or a program has them: in words, over HTTP.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    logs,
    stack::{Answer, Person, Stack},
};

/// Somebody in one conversation.
struct Talk {
    person: Person,
    conversation_id: Value,
}

impl Talk {
    fn with(person: &Person) -> Self {
        Self { person: person.clone(), conversation_id: Value::Null }
    }

    fn body(&self, text: &str) -> Value {
        json!({"message": text, "conversation_id": self.conversation_id})
    }

    async fn answer(&mut self, text: &str) -> Value {
        let answer = self.person.post("/chat", self.body(text)).await;
        assert_eq!(answer.status, StatusCode::OK, "{text}: {answer:?}");
        self.conversation_id = answer.body["conversation_id"].clone();
        answer.body
    }

    async fn say(&mut self, text: &str) -> String {
        self.answer(text).await["reply"].as_str().expect("a reply").to_owned()
    }

    fn path(&self) -> String {
        format!("/conversations/{}", self.conversation_id.as_str().expect("an id"))
    }

    /// The answer as events: their names and data.
    async fn streamed(&mut self, text: &str) -> Vec<(String, Value)> {
        let request = self.person.request(Method::POST, "/chat").json(&self.body(text));
        let response = request.header("Accept", "text/event-stream").send().await;
        let response = response.expect("an answer");
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        assert_eq!(response.headers()["cache-control"], "no-store");
        let text = response.text().await.expect("to its end");
        let events = text.split_terminator("\n\n").map(|event| {
            let (name, data) = event.split_once("\ndata: ").expect("an event");
            let name = name.strip_prefix("event: ").expect("a name");
            (name.to_owned(), serde_json::from_str(data).expect("JSON"))
        });
        events.collect()
    }
}

async fn titles(person: &Person) -> Vec<String> {
    let tasks = person.get("/tasks?sort=title").await.body;
    let tasks = tasks["items"].as_array().expect("tasks").iter();
    tasks.map(|task| task["title"].as_str().expect("a title").to_owned()).collect()
}

#[tokio::test]
async fn what_is_no_task_is_not_added_without_asking() {
    let stack = Stack::start().await;
    let ada = stack.register("ada").await;
    let mut talk = Talk::with(&ada);
    let no_answer = "I can't answer that. Shall I add it as a task?";
    for (said, answered) in [
        ("hello", "At your service. Say what is to be done, or “help”."),
        ("what is the capital of France?", no_answer),
        ("no", "All right, nothing has changed."),
        ("how are you?", no_answer),
        ("buy bread", "Added “buy bread”."),
        ("is there life on Mars?", no_answer),
        ("yes", "Added “is there life on Mars?”."),
    ] {
        assert_eq!(talk.say(said).await, answered, "{said}");
    }
    assert_eq!(titles(&ada).await, ["buy bread", "is there life on Mars?"]);
}

/// What was said once, word by word.
#[tokio::test]
async fn a_conversation_of_twenty_six_turns_does_what_is_said() {
    let stack = Stack::start().await;
    let ada = stack.register("ada").await;
    let mut talk = Talk::with(&ada);
    let listed = "1. Call the dentist – due on Mon 1 Jun 2099 at 09:00\n\
        2. pay the dentist bill – due on Tue 2 Jun 2099, high priority, #health";
    let which = format!("Which one do you mean?\n{listed}");
    let plants = "water the plants – every other Sunday at 18:00, next on Sun 7 Jun 2099";
    let all = format!("{listed}\n3. {plants}");
    let open = format!("You have 3 open tasks:\n{all}");
    let shall_i = format!("That would delete 3 tasks:\n{all}\nShall I? (yes or no)");
    for (said, answered) in [
        (
            "Call the dentist on 1 June 2099 at 9am, remind me an hour before",
            "Added “Call the dentist”, due on Mon 1 Jun 2099 at 09:00. I'll remind you an hour before.",
        ),
        (
            "pay the dentist bill on 2 June 2099 !high #health",
            "Added “pay the dentist bill”, due on Tue 2 Jun 2099, high priority, #health.",
        ),
        (
            "water the plants every other Sunday at 6pm starting 7 June 2099",
            "Added “water the plants”, every other Sunday at 18:00, next on Sun 7 Jun 2099.",
        ),
        ("what's on my list?", &open),
        ("I've done the dentist", &which),
        ("the second one", "Done: “pay the dentist bill”."),
        ("undo", "Undone: “pay the dentist bill” is open again."),
        ("complete the dentist", &which),
        ("the bill one", "Done: “pay the dentist bill”."),
        ("mark it as not done", "“pay the dentist bill” is open again."),
        ("complete the dentist", &which),
        ("both", "Done: “Call the dentist” and “pay the dentist bill”."),
        ("undo", "Undone: “Call the dentist” and “pay the dentist bill” are open again."),
        (
            "done with the plants",
            "Done: “water the plants”. It comes again on Sun 21 Jun 2099 at 18:00.",
        ),
        ("skip it", "Skipped “water the plants”, next on Sun 5 Jul 2099."),
        ("undo", "Undone: “water the plants” is due on Sun 21 Jun 2099 at 18:00 again."),
        ("undo", "Undone: “water the plants” is due on Sun 7 Jun 2099 at 18:00 again."),
        ("move it to 8 June 2099", "“water the plants” is now due on Mon 8 Jun 2099 at 18:00."),
        ("undo", "Undone: “water the plants” is due on Sun 7 Jun 2099 at 18:00 again."),
        ("what's on my list?", &open),
        ("delete them", &shall_i),
        ("no", "All right, nothing has changed."),
        ("delete them", &shall_i),
        (
            "yes, delete them",
            "Deleted “Call the dentist”, “pay the dentist bill” and “water the plants”. \
             Say “undo” to bring them back.",
        ),
        (
            "undo",
            "Undone: “Call the dentist”, “pay the dentist bill” and “water the plants” are back.",
        ),
        ("what's on my list?", &open),
    ] {
        assert_eq!(talk.say(said).await, answered, "{said}");
    }
    let conversation = ada.get(&format!("{}?limit=200", talk.path())).await.body;
    assert_eq!(conversation["message_count"], 2 * 26);
    stack.stop().await;
}

#[tokio::test]
async fn an_answer_has_its_acts_and_all_that_follows_its_correlation_id() {
    let stack = Stack::start().await;
    let ada = stack.register("ada").await;
    let correlation_id = Uuid::new_v4().to_string();
    let request = ada.request(Method::POST, "/chat").header("X-Correlation-Id", &correlation_id);
    let answer = Answer::of(request.json(&json!({"message": "buy milk #shop"}))).await;
    assert_eq!(answer.body["engine"], "grammar");
    assert_eq!(answer.body["reply"], "Added “buy milk”, #shop.");
    let action = &answer.body["actions"][0];
    assert_eq!(action["tool"], "add_task");
    assert_eq!(action["arguments"], json!({"title": "buy milk", "tags": ["shop"]}));
    assert_eq!(action["result"]["tasks"][0]["title"], "buy milk");
    let came = ada.get(&format!("/timeline?correlation_id={correlation_id}")).await.body;
    assert_eq!(came["items"][0]["event_type"], "task-created");
    assert_eq!(came["items"][0]["task_id"], action["result"]["tasks"][0]["id"]);
    stack.stop().await;
}

#[tokio::test]
async fn an_answer_streamed_is_its_acts_the_reply_in_parts_and_the_same_whole() {
    let stack = Stack::start().await;
    let ada = stack.register("ada").await;
    let mut talk = Talk::with(&ada);
    talk.say("buy milk").await;
    talk.say("buy bread").await;
    let events = talk.streamed("what's on my list?").await;
    let names: Vec<&str> = events.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["action", "message", "message", "message", "done"]);
    let deltas = events.iter().filter_map(|(_, data)| data["delta"].as_str());
    let done = &events[4].1;
    assert_eq!(deltas.collect::<String>(), done["reply"].as_str().expect("a reply"));
    assert_eq!(events[0].1, done["actions"][0]);
    assert_eq!(done["conversation_id"], talk.conversation_id);
    stack.stop().await;
}

#[tokio::test]
async fn a_stream_that_is_cut_loses_nothing() {
    let stack = Stack::start().await;
    let ada = stack.register("ada").await;
    let mut talk = Talk::with(&ada);
    talk.say("buy milk").await;
    let request = ada.request(Method::POST, "/chat").json(&talk.body("buy bread"));
    let response = request.header("Accept", "text/event-stream").send().await.expect("an answer");
    // Its head has come, and nobody reads on.
    drop(response);
    assert_eq!(titles(&ada).await, ["buy bread", "buy milk"]);
    let conversation = ada.get(&talk.path()).await.body;
    assert_eq!(conversation["items"][0]["text"], "Added “buy bread”.");
    assert_eq!(talk.say("undo").await, "Undone: “buy bread” is gone again.");
    stack.stop().await;
}

#[tokio::test]
async fn a_message_that_is_sent_twice_with_a_key_is_done_once_streamed_or_not() {
    let stack = Stack::start().await;
    let ada = stack.register("ada").await;
    let body = json!({"message": "buy milk"});
    let send = |key: &str, body: &Value| {
        ada.request(Method::POST, "/chat").header("Idempotency-Key", key).json(body)
    };
    let first = Answer::of(send("k", &body)).await;
    let again = Answer::of(send("k", &body)).await;
    assert_eq!((again.status, &again.body), (StatusCode::OK, &first.body));
    let streamed = send("k", &body).header("Accept", "text/event-stream").send().await;
    let streamed = streamed.expect("an answer").text().await.expect("to its end");
    let id = first.body["message_id"].as_str().expect("an id");
    assert!(streamed.contains("event: done") && streamed.contains(id), "{streamed}");
    assert_eq!(titles(&ada).await, ["buy milk"]);
    Answer::of(send("k", &json!({"message": "buy bread"})))
        .await
        .assert_problem(422, "idempotency_key_reused");
    stack.stop().await;
}

#[tokio::test]
async fn conversations_and_their_messages_come_by_pages_the_last_first() {
    let stack = Stack::start().await;
    let ada = stack.register("ada").await;
    let mut talks = vec![];
    for text in ["buy milk", "buy bread", "buy tea"] {
        let mut talk = Talk::with(&ada);
        talk.say(text).await;
        talks.push(talk);
    }
    talks[0].say("help").await;
    let mut seen = vec![];
    let mut path = "/conversations?limit=2".to_owned();
    loop {
        let page = ada.get(&path).await.body;
        let items = page["items"].as_array().expect("conversations").clone();
        seen.extend(items.into_iter().map(|item| item["title"].clone()));
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        path = format!("/conversations?limit=2&cursor={cursor}");
    }
    assert_eq!(seen, ["buy milk", "buy tea", "buy bread"]);
    let first = ada.get(&format!("{}?limit=3", talks[0].path())).await.body;
    let cursor = first["next_cursor"].as_str().expect("there is more");
    let second = ada.get(&format!("{}?limit=3&cursor={cursor}", talks[0].path())).await.body;
    let of = |page: &Value, field: &str| -> Vec<Value> {
        let items = page["items"].as_array().expect("messages").iter();
        items.map(|item| item[field].clone()).collect()
    };
    assert_eq!(of(&first, "author"), ["assistant", "person", "assistant"]);
    assert_eq!(of(&first, "text")[1..], ["help", "Added “buy milk”."]);
    assert_eq!(of(&second, "text"), ["buy milk"]);
    assert_eq!(of(&second, "engine"), [Value::Null]);
    assert!(second["next_cursor"].is_null());
    ada.get("/conversations?cursor=x").await.assert_refuses("cursor");
    stack.stop().await;
}

#[tokio::test]
async fn another_persons_conversation_is_not_there_to_read_to_go_on_with_or_to_delete() {
    let stack = Stack::start().await;
    let (ada, bob) = (stack.register("ada").await, stack.register("bob").await);
    let mut talk = Talk::with(&ada);
    talk.say("a secret plan").await;
    bob.get(&talk.path()).await.assert_problem(404, "not_found");
    bob.delete(&talk.path()).await.assert_problem(404, "not_found");
    bob.post("/chat", talk.body("undo")).await.assert_refuses("conversation_id");
    assert_eq!(bob.get("/conversations").await.body["items"], json!([]));
    let mut bobs = Talk::with(&bob);
    assert_eq!(bobs.say("delete the secret plan").await, "I found no task with “secret plan”.");
    assert_eq!(bobs.say("undo").await, "There is nothing left to undo in this conversation.");
    assert_eq!(titles(&ada).await, ["a secret plan"]);
    stack.stop().await;
}

#[tokio::test]
async fn what_is_no_message_is_refused_and_nothing_is_kept() {
    let stack = Stack::start().await;
    let ada = stack.register("ada").await;
    for message in
        [json!(null), json!(5), json!(""), json!(" \n"), json!("a\u{0}b"), json!("x".repeat(4001))]
    {
        ada.post("/chat", json!({"message": message})).await.assert_refuses("message");
    }
    ada.post("/chat", json!({})).await.assert_refuses("message");
    for id in [json!("x"), json!(5), json!(Uuid::new_v4())] {
        let body = json!({"message": "buy milk", "conversation_id": id});
        ada.post("/chat", body).await.assert_refuses("conversation_id");
    }
    assert_eq!(ada.get("/conversations").await.body["items"], json!([]));
    assert!(titles(&ada).await.is_empty());
    let long = ada.post("/chat", json!({"message": "x".repeat(4000)})).await;
    assert_eq!(long.status, StatusCode::OK, "{long:?}");
    assert_eq!(long.body["reply"], "That does not work: title has at most 500 characters.");
    stack.stop().await;
}

#[tokio::test]
async fn a_conversation_is_forgotten_with_all_that_was_said_and_what_was_done_stays() {
    let stack = Stack::start().await;
    let ada = stack.register("ada").await;
    let mut talk = Talk::with(&ada);
    talk.say("buy milk").await;
    assert_eq!(ada.delete(&talk.path()).await.status, StatusCode::NO_CONTENT);
    ada.delete(&talk.path()).await.assert_problem(404, "not_found");
    ada.get(&talk.path()).await.assert_problem(404, "not_found");
    for table in [
        "select count(*) from conversation",
        "select count(*) from conversation_message",
        "select count(*) from conversation_act",
    ] {
        assert_eq!(stack.count(table).await, 0, "{table}");
    }
    assert_eq!(titles(&ada).await, ["buy milk"]);
    stack.stop().await;
}

#[tokio::test]
async fn what_was_said_is_in_the_export_and_importing_it_says_that_it_is_not_taken_over() {
    let stack = Stack::start().await;
    let ada = stack.register("ada").await;
    assert_eq!(ada.get("/export").await.body["conversations"], json!([]));
    let mut talk = Talk::with(&ada);
    for number in 0..60 {
        talk.say(&format!("task number {number}a")).await;
    }
    let mut other = Talk::with(&ada);
    other.say("help").await;
    let export = ada.export("").await;
    let file: Value = serde_json::from_str(&export).expect("JSON");
    let conversations = file["conversations"].as_array().expect("conversations");
    let mut counts: Vec<usize> = conversations
        .iter()
        .map(|one| one["messages"].as_array().expect("messages").len())
        .collect();
    counts.sort_unstable();
    assert_eq!(counts, [2, 120]);
    let long = conversations.iter().find(|one| one["id"] == talk.conversation_id).expect("it");
    assert_eq!(long["messages"][0]["text"], "task number 0a");
    assert_eq!(long["messages"][1]["actions"][0]["tool"], "add_task");
    let imported = ada.import("?dry_run=true", export).await;
    let notes = imported.body["notes"].to_string();
    assert!(notes.contains("conversations"), "{notes}");
    let calendar = ada.export("?format=ical").await;
    assert!(calendar.ends_with("END:VCALENDAR\r\n"));
    stack.stop().await;
}

#[tokio::test]
async fn a_phrase_means_what_its_person_means_by_it() {
    let stack = Stack::start().await;
    let ada = stack.register("ada").await;
    let mut talk = Talk::with(&ada);
    let said = talk.say("send the parcel on 3/4/2099 in the evening").await;
    assert_eq!(said, "Added “send the parcel”, due on Wed 4 Mar 2099 at 18:00.");
    let language = json!({"date_order": "day_first", "evening": "19:30"});
    let settings = json!({"time_zone": "Europe/Berlin", "language": language});
    assert_eq!(ada.put("/settings", settings).await.status, StatusCode::OK);
    let said = talk.say("send the letter on 3/4/2099 in the evening").await;
    assert_eq!(said, "Added “send the letter”, due on Fri 3 Apr 2099 at 19:30.");
    let settings = json!({"time_zone": "America/New_York", "language": {"evening": "18:00"}});
    assert_eq!(ada.put("/settings", settings).await.status, StatusCode::OK);
    let listed = talk.say("search for letter").await;
    assert!(listed.ends_with("send the letter – due on Fri 3 Apr 2099 at 13:30"), "{listed}");
    stack.stop().await;
}

#[tokio::test]
async fn nothing_of_what_is_said_is_logged() {
    logs::capture();
    let stack = Stack::start().await;
    let ada = stack.register("ada").await;
    let (word, other) = (Uuid::new_v4().simple().to_string(), Uuid::new_v4().simple().to_string());
    let mut talk = Talk::with(&ada);
    for text in [format!("buy {word} tomorrow"), format!("complete the {other}"), "undo".to_owned()]
    {
        talk.say(&text).await;
    }
    ada.get(&talk.path()).await;
    let last = ada.get("/conversations").await;
    stack.stop().await;
    let all = logs::captured();
    assert!(all.contains(last.header("x-correlation-id")), "it is the right log");
    assert!(!all.contains(&word) && !all.contains(&other));
}
