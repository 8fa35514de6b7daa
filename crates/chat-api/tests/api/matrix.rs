//! Every operation of the document with every kind of caller: whoever may, can; who may not is told
//! exactly so, learns nothing and changes nothing.
//!
//! The operations are the document's, their requests its examples with the ids of a person's things. So
//! an operation that comes new is tried as it is; where it takes something that is not known here, the
//! test fails and says what to add.

pub(crate) mod estate;
pub(crate) mod operation;

use std::fmt;

use reqwest::{RequestBuilder, header::HeaderMap};
use serde_json::Value;

use self::{
    estate::{Credential, Estate, Ghost, Spoiled},
    operation::Operation,
};
use crate::stack::Stack;

const SCOPES: [&str; 4] = ["read", "write", "account", "admin"];
/// Far more than the operations that there are.
const MAX_OWNERS: usize = 500;

/// Where nobody else lives.
const OWNERS_ZONE: &str = "Pacific/Chatham";
const OTHERS_ZONE: &str = "Asia/Kathmandu";

/// A request and who makes it.
struct Cell<'a> {
    operation: &'a Operation,
    caller: &'a str,
}

/// What came back: of a stream what came until it showed something.
struct Outcome {
    status: u16,
    headers: HeaderMap,
    body: String,
}

/// How the matrix was filled.
#[derive(Default)]
struct Figures {
    cells: usize,
    operations: usize,
}

#[tokio::test]
async fn every_operation_does_for_each_caller_what_the_caller_may_and_shows_no_other_person() {
    let figures = fill(&start(Stack::start_with).await).await;
    testing::report(&format!("matrix: {figures}, 0 leaks"));
}

#[tokio::test]
async fn the_same_holds_where_row_level_security_means_nothing() {
    let figures = fill(&start(Stack::start_without_second_wall).await).await;
    testing::report(&format!("matrix without row-level security: {figures}, 0 leaks"));
}

/// Every owner is an administrator, so that each can have a token of each scope.
async fn start<F: Future<Output = Stack>>(
    start: impl FnOnce(&'static [&'static str]) -> F,
) -> Stack {
    let owners: Vec<String> =
        (0..MAX_OWNERS).map(|number| format!("{}@example.test", estate::owner(number))).collect();
    let flags = [
        "--admin-emails".to_owned(),
        owners.join(","),
        "--stranger-requests-per-minute".to_owned(),
        "1000000".to_owned(),
    ];
    let flags: Vec<&'static str> = flags.into_iter().map(|flag| &*flag.leak()).collect();
    start(flags.leak()).await
}

async fn fill(stack: &Stack) -> Figures {
    let document = stack.replica.get("/api/openapi.json").await.body;
    let operations = Operation::all(&document);
    assert!(operations.len() >= 50, "{}", operations.len());
    let ghost = Ghost::raise(stack).await;
    let mut numbers = 0..MAX_OWNERS;
    let mut owner = || estate::owner(numbers.next().expect("fewer operations"));
    let mut figures = Figures::default();
    for operation in &operations {
        let estate = Estate::prepare(stack, &owner(), OWNERS_ZONE).await;
        let spoiled = Spoiled::prepare(stack, &estate).await;
        let before = estate.digest(stack).await;
        figures.cells += refused(stack, operation, &estate, &spoiled, &ghost).await;
        figures.cells += foreign(stack, operation, &estate).await;
        assert_eq!(estate.digest(stack).await, before, "{operation}: something has changed");
        let second = Estate::prepare(stack, &owner(), OWNERS_ZONE).await;
        figures.cells += allowed(stack, operation, [&estate, &second]).await;
        figures.operations += 1;
    }
    figures
}

/// Those who are nobody, or may not with what they have.
async fn refused(
    stack: &Stack,
    operation: &Operation,
    estate: &Estate,
    spoiled: &Spoiled,
    ghost: &Ghost,
) -> usize {
    let nobody = [
        ("nobody", &Credential::None),
        ("a made-up token", &Credential::Token("A".repeat(43))),
        ("a made-up cookie", &Credential::Session(format!("session={}", "A".repeat(43)))),
        ("a token that ran out", &spoiled.expired_token),
        ("a token that was deleted", &spoiled.deleted_token),
        ("a session that ran out", &spoiled.expired_session),
        ("a session that was ended", &spoiled.ended_session),
        ("a token of a deleted account", &ghost.token),
        ("a session of a deleted account", &ghost.session),
    ];
    for (caller, credential) in nobody {
        let cell = Cell { operation, caller };
        let outcome = Outcome::of(operation.request(stack, estate, credential, None)).await;
        if operation.scopes.is_empty() {
            // Who asks makes no difference where everybody may.
            outcome.assert_succeeds(&cell);
        } else {
            outcome.assert_problem(&cell, 401, "not_signed_in");
        }
        if operation.shows_by_its_secret() {
            assert!(estate.is_shown_in(&outcome.body), "{cell}: {}", outcome.body);
        } else {
            outcome.assert_silent(&cell, estate);
        }
    }
    if operation.scopes.is_empty() {
        return nobody.len();
    }
    let others = SCOPES.into_iter().filter(|scope| operation.scopes != [*scope]);
    let narrower =
        others.map(|scope| (format!("a token for {scope} alone"), &estate.with_only[scope]));
    let all_but = operation.scopes.iter().map(|needed| {
        (format!("a token for all but {needed}"), &spoiled.with_all_but[needed.as_str()])
    });
    let narrower: Vec<_> = narrower.chain(all_but).collect();
    for (caller, credential) in &narrower {
        let cell = Cell { operation, caller };
        let outcome = Outcome::of(operation.request(stack, estate, credential, None)).await;
        outcome.assert_problem(&cell, 403, "insufficient_scope");
        outcome.assert_silent(&cell, estate);
    }
    nobody.len() + narrower.len()
}

/// Another person, who has as much and names the owner's things.
async fn foreign(stack: &Stack, operation: &Operation, estate: &Estate) -> usize {
    if operation.scopes.is_empty() {
        return 0;
    }
    let is_for_admins = operation.scopes == ["admin"];
    let before = estate.digest(stack).await;
    let mut cells = 0;
    for is_program in [false, true] {
        let caller = if is_program { "another person's program" } else { "another person" };
        let cell = Cell { operation, caller };
        let own = Estate::prepare(stack, &estate::other(), OTHERS_ZONE).await;
        // Nobody but administrators has a token for what is theirs.
        let scopes =
            if is_for_admins { vec!["account".to_owned()] } else { operation.scopes.clone() };
        let token = own.token_with(&scopes).await;
        let credential = if is_program { &token } else { &own.session };
        // Of the path and the body, one names what is another person's.
        let body = operation.body(if operation.takes_ids_in_its_path() { &own } else { estate });
        let outcome = Outcome::of(operation.request(stack, estate, credential, body)).await;
        if is_for_admins && is_program {
            outcome.assert_problem(&cell, 403, "insufficient_scope");
        } else if is_for_admins {
            outcome.assert_problem(&cell, 403, "admins_only");
        } else if operation.takes_ids_in_its_path() {
            outcome.assert_problem(&cell, 404, "not_found");
        } else if operation.names_ids_in_its_body(estate) {
            outcome.assert_problem(&cell, 422, "invalid");
        } else {
            outcome.assert_succeeds(&cell);
        }
        outcome.assert_silent(&cell, estate);
        assert_eq!(estate.digest(stack).await, before, "{cell}: something has changed");
        cells += 1;
    }
    // With a thing of one's own in the path, and the owner's in the body.
    for named in operation.ids_in_its_body() {
        let own = Estate::prepare(stack, &estate::other(), OTHERS_ZONE).await;
        let untouched = own.digest(stack).await;
        let body = operation.body_with(named, &own, estate);
        let caller = format!("another person with {body}");
        let cell = Cell { operation, caller: &caller };
        let outcome = Outcome::of(operation.request(stack, &own, &own.session, Some(body))).await;
        outcome.assert_problem(&cell, 422, "invalid");
        outcome.assert_names(&cell, named.refused_as);
        outcome.assert_silent(&cell, estate);
        assert_eq!(estate.digest(stack).await, before, "{cell}: something has changed");
        assert_eq!(own.digest(stack).await, untouched, "{cell}: all or nothing");
        cells += 1;
    }
    cells
}

/// The owner, signed in and by a token with just the scopes.
async fn allowed(stack: &Stack, operation: &Operation, estates: [&Estate; 2]) -> usize {
    if operation.scopes.is_empty() {
        return 0;
    }
    let [first, second] = estates;
    let program = &second.token_with(&operation.scopes).await;
    for (caller, estate, credential) in
        [("the owner", first, &first.session), ("the owner's program", second, program)]
    {
        let cell = Cell { operation, caller };
        let outcome = Outcome::of(operation.request(stack, estate, credential, None)).await;
        outcome.assert_succeeds(&cell);
        assert!(
            !operation.shows_something || estate.is_shown_in(&outcome.body),
            "{cell} shows nothing of what is there, so its other cells mean nothing; see `things`: {}",
            outcome.body
        );
    }
    estates.len()
}

impl Outcome {
    async fn of(request: RequestBuilder) -> Self {
        let mut response = request.send().await.expect("an answer");
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let mut body = String::new();
        let is_stream = headers.get("content-type").is_some_and(|kind| kind == "text/event-stream");
        while let Some(chunk) = response.chunk().await.expect("a body") {
            body.push_str(std::str::from_utf8(&chunk).expect("text"));
            // It does not end by itself, and whoever asks has something in it.
            if is_stream && body.contains("data:") {
                break;
            }
        }
        Self { status, headers, body }
    }

    #[track_caller]
    fn assert_succeeds(&self, cell: &Cell<'_>) {
        let declared = &cell.operation.successes;
        assert!(declared.contains(&self.status), "{cell}: {} {}", self.status, self.body);
    }

    #[track_caller]
    fn assert_problem(&self, cell: &Cell<'_>, status: u16, code: &str) {
        let problem: Value = serde_json::from_str(&self.body).unwrap_or_default();
        let said = problem["code"].as_str().unwrap_or_default();
        assert_eq!((self.status, said), (status, code), "{cell}: {}", self.body);
        assert!(cell.operation.fails_with(status, code), "{cell}: {code} is not in the document");
    }

    #[track_caller]
    fn assert_names(&self, cell: &Cell<'_>, field: &str) {
        let problem: Value = serde_json::from_str(&self.body).unwrap_or_default();
        let fields = problem["errors"].as_array().map(Vec::as_slice).unwrap_or_default();
        let [refused] = fields else { panic!("{cell}: {problem}") };
        assert_eq!(refused["field"], field, "{cell}: {problem}");
    }

    /// Fails where anything of the owner's is in it.
    #[track_caller]
    fn assert_silent(&self, cell: &Cell<'_>, estate: &Estate) {
        let all = format!("{:?}\n{}", self.headers, self.body);
        assert!(!estate.is_shown_in(&all), "{cell}: a leak: {all}");
    }
}

impl fmt::Display for Cell<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} by {}", self.operation, self.caller)
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} cells of {} operations", self.cells, self.operations)
    }
}
