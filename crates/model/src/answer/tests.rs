use std::fmt;

use serde_json::json;
use testing::fake_model::{Deviation, ModelAnswer};

use super::*;

impl fmt::Debug for Answer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let call = |call: &ToolCall| format!("{}: {}({})", call.id, call.name, call.arguments);
        let calls: Vec<String> = self.calls.iter().map(call).collect();
        write!(formatter, "{:?} {calls:?} {:?} {:?}", self.text, self.finish, self.usage)
    }
}

fn read(pieces: &[&[u8]]) -> Result<Answer, ModelError> {
    let mut told = String::new();
    let mut on_text = |text: &str| told.push_str(text);
    let mut reader = Reader::new(Form::Stream);
    for piece in pieces {
        reader.push(piece, &mut on_text)?;
    }
    let answer = reader.end(&mut on_text)?;
    assert_eq!(told, answer.text, "what is told is what the answer has");
    Ok(answer)
}

fn words_and_calls() -> ModelAnswer {
    ModelAnswer::saying(&["Grüße ", "→ 𝄞", "\n"])
        .and_calling("add", json!({ "title": "Käse \"\\𝄞" }))
        .and_calling("list", json!({}))
        .with(Deviation::KeepAlives)
}

fn answers() -> Vec<ModelAnswer> {
    let returns = words_and_calls().with(Deviation::CarriageReturns);
    vec![words_and_calls(), returns.with(Deviation::NamedEvents), ModelAnswer::saying(&["Ja."])]
}

#[test]
fn an_answer_has_its_words_its_calls_and_what_it_took() {
    let answer = read(&[words_and_calls().reply().bytes()]).expect("an answer");
    assert_eq!(answer.text, "Grüße → 𝄞\n");
    let calls: Vec<(&str, &str)> =
        answer.calls.iter().map(|call| (call.name.as_str(), call.arguments.as_str())).collect();
    let arguments = json!({ "title": "Käse \"\\𝄞" }).to_string();
    assert_eq!(calls, [("add", arguments.as_str()), ("list", "{}")]);
    assert_eq!(answer.finish, Finish::Done);
    let usage = Usage { prompt_tokens: 100, completion_tokens: 20, is_estimate: false };
    assert_eq!(answer.usage, Some(usage));
}

#[test]
fn an_answer_in_two_pieces_is_the_same_wherever_it_is_cut() {
    for answer in answers() {
        let reply = answer.reply();
        let whole = read(&[reply.bytes()]).expect("an answer");
        for at in 0..=reply.bytes().len() {
            let (first, second) = reply.bytes().split_at(at);
            assert_eq!(read(&[first, second]).expect("an answer"), whole, "cut at {at}");
        }
    }
}

#[test]
fn an_answer_in_pieces_of_any_size_is_the_same() {
    for answer in answers() {
        let reply = answer.reply();
        let whole = read(&[reply.bytes()]).expect("an answer");
        for size in 1..40 {
            let pieces: Vec<&[u8]> = reply.bytes().chunks(size).collect();
            assert_eq!(read(&pieces).expect("an answer"), whole, "in pieces of {size}");
        }
    }
}

/// As if the connection's end were all that says where the body ends.
#[test]
fn an_answer_that_ends_early_is_no_answer_until_the_model_said_that_it_was_done() {
    for answer in answers() {
        let reply = answer.reply();
        let stream = reply.bytes();
        let whole = read(&[stream]).expect("an answer");
        let reason = if whole.calls.is_empty() { "\"stop\"" } else { "\"tool_calls\"" };
        let text = String::from_utf8_lossy(stream).into_owned();
        let said_at = text.rfind(&format!("\"finish_reason\":{reason}")).expect("a reason");
        for at in 0..stream.len() {
            match read(&[&stream[..at]]) {
                Ok(Answer { text, calls, finish, .. }) => {
                    assert!(at > said_at, "cut at {at}, before the model was done");
                    assert_eq!((&text, &calls, finish), (&whole.text, &whole.calls, whole.finish));
                }
                Err(error) => {
                    let is_cut = matches!(error, ModelError::Broken(Broken::Cut(None)));
                    assert!(is_cut, "cut at {at}: {error:?}");
                }
            }
        }
    }
}

#[test]
fn half_a_call_of_an_answer_that_was_ended_is_no_call() {
    for reason in ["length", "content_filter", "max_tokens"] {
        let answer = words_and_calls().finishing(reason).reply();
        let error = read(&[answer.bytes()]).expect_err("half a call");
        assert!(matches!(error, ModelError::Broken(Broken::HalfCall)), "{error:?}");
    }
    let words = ModelAnswer::saying(&["Well, "]).finishing("length").reply();
    assert_eq!(read(&[words.bytes()]).expect("its beginning").finish, Finish::Length);
}

#[test]
fn a_model_that_says_it_failed_has_not_answered() {
    let answer = words_and_calls().finishing("error").reply();
    let error = read(&[answer.bytes()]).expect_err("no answer");
    assert!(matches!(error, ModelError::Broken(_)), "{error:?}");
}

#[test]
fn the_same_comes_of_every_way_in_which_endpoints_deviate() {
    let whole = read(&[words_and_calls().reply().bytes()]).expect("an answer");
    for deviation in [
        Deviation::NoIndex,
        Deviation::SameIndex,
        Deviation::ArgumentsAsObject,
        Deviation::WholeCalls,
        Deviation::Interleaved,
        Deviation::NameInPieces,
        Deviation::RepeatedHeads,
        Deviation::ContentNull,
        Deviation::RoleRepeated,
        Deviation::UsageEverywhere,
        Deviation::StopWithCalls,
        Deviation::NoFinish,
        Deviation::NoDone,
        Deviation::CarriageReturns,
        Deviation::NoSpace,
        Deviation::NamedEvents,
    ] {
        let reply = words_and_calls().with(deviation).reply();
        assert_eq!(read(&[reply.bytes()]).expect("an answer"), whole, "{deviation:?}");
    }
}

#[test]
fn calls_without_ids_get_some() {
    for deviation in [Deviation::NoIndex, Deviation::SameIndex, Deviation::WholeCalls] {
        let answer = words_and_calls().with(Deviation::NoIds).with(deviation).reply();
        let answer = read(&[answer.bytes()]).expect("an answer");
        let seen: Vec<(&str, &str)> =
            answer.calls.iter().map(|call| (call.id.as_str(), call.name.as_str())).collect();
        assert_eq!(seen, [("call_0", "add"), ("call_1", "list")], "{deviation:?}");
    }
}

#[test]
fn an_answer_that_is_not_streamed_is_read_whole() {
    let reply = words_and_calls().with(Deviation::NotStreamed).reply();
    let mut told = String::new();
    let mut on_text = |text: &str| told.push_str(text);
    let mut reader = Reader::new(Form::Whole);
    for piece in reply.bytes().chunks(7) {
        reader.push(piece, &mut on_text).expect("small");
    }
    let answer = reader.end(&mut on_text).expect("an answer");
    assert_eq!(answer, read(&[words_and_calls().reply().bytes()]).expect("an answer"));
    assert_eq!(told, answer.text);
}

#[test]
fn events_that_are_no_objects_break_an_answer() {
    for event in ["no json", "[1]", "{\"choices\":", "3", "{\"a\":\"\u{1}\"}", "\"[DONE]\""] {
        let stream = format!("data: {event}\n\n");
        let error = read(&[stream.as_bytes()]).expect_err(event);
        assert!(matches!(error, ModelError::Broken(Broken::Json)), "{event}: {error:?}");
    }
    let cut_letter = [b"data: {\"a\":\"", &"→".as_bytes()[..2], b"\"}\n\n"].concat();
    assert!(read(&[&cut_letter]).is_err());
}

#[test]
fn events_of_any_other_shape_are_passed_over() {
    let stream = [
        "{}",
        "{\"choices\":null}",
        "{\"choices\":[]}",
        "{\"choices\":[null,3,{\"index\":0}]}",
        "{\"choices\":[{\"delta\":null},{\"delta\":{\"content\":3,\"tool_calls\":\"x\"}}]}",
        "{\"choices\":[{\"index\":1,\"delta\":{\"content\":\"the other choice\"}}]}",
        "{\"choices\":[{\"delta\":{\"reasoning_content\":\"Hm.\"}}]}",
        "{\"choices\":[{\"delta\":{\"content\":[{\"type\":\"thinking\",\"thinking\":[]},\
         {\"type\":\"text\",\"text\":\"Ja.\"}]}}],\"usage\":{\"prompt_tokens\":-1}}",
        "{\"choices\":[{\"delta\":{},\"finish_reason\":\"eos\"}],\"usage\":{\"prompt_tokens\":0,\"completion_tokens\":0}}",
        "[DONE]",
        "what comes after the end",
    ]
    .map(|event| format!("data: {event}\n\n"))
    .concat();
    let answer = read(&[stream.as_bytes()]).expect("an answer");
    assert_eq!(answer.text, "Ja.");
    assert_eq!((answer.finish, answer.usage), (Finish::Done, None));
}

#[test]
fn words_and_the_stream_are_limited() {
    let piece = "x".repeat(MAX_TEXT_BYTES / 2);
    let most = ModelAnswer::saying(&[&piece, &piece]).reply();
    assert_eq!(read(&[most.bytes()]).expect("the most").text.len(), MAX_TEXT_BYTES);
    let more = ModelAnswer::saying(&[&piece, &piece, "x"]).reply();
    let error = read(&[more.bytes()]).expect_err("more");
    assert!(matches!(error, ModelError::TooLarge(Part::Text)), "{error:?}");

    let mut reader = Reader::new(Form::Stream);
    let comments = ":\n\n".repeat(1024 * 1024);
    let error = (0..8).find_map(|_| reader.push(comments.as_bytes(), &mut |_| {}).err());
    assert!(matches!(error, Some(ModelError::TooLarge(Part::Stream))), "{error:?}");
}
