//! Which scopes each operation needs: said here and nowhere else.
//!
//! An operation that is missing has no caller: whoever asks who calls fails. The OpenAPI document
//! shows what stands here.

use actix_web::HttpRequest;

use crate::{
    chat::tools::Effect,
    domain::scope::Scope::{self, Account, Admin, Read, Write},
};

/// What all operations stand below.
const BASE: &str = "/api/v1";

/// Every operation but registering, signing in and reading a calendar by its secret URL.
const OPERATIONS: &[(&str, &str, &[Scope])] = &[
    ("POST", "/auth/logout", &[Account]),
    ("GET", "/me", &[Read]),
    ("DELETE", "/me", &[Account]),
    ("POST", "/me/password", &[Account]),
    ("POST", "/me/email", &[Account]),
    ("GET", "/sessions", &[Account]),
    ("DELETE", "/sessions", &[Account]),
    ("DELETE", "/sessions/{session_id}", &[Account]),
    ("GET", "/tokens", &[Account]),
    ("POST", "/tokens", &[Account]),
    ("DELETE", "/tokens/{token_id}", &[Account]),
    ("GET", "/admin/people", &[Admin]),
    ("GET", "/admin/outbox", &[Admin]),
    ("GET", "/admin/delivery-failures", &[Admin]),
    ("GET", "/dead-letters", &[Admin]),
    ("GET", "/dead-letters/{dead_letter_id}", &[Admin]),
    ("POST", "/dead-letters/{dead_letter_id}/redrive", &[Admin]),
    ("DELETE", "/dead-letters/{dead_letter_id}", &[Admin]),
    ("GET", "/settings", &[Read]),
    ("PUT", "/settings", &[Write]),
    ("GET", "/channels", &[Read]),
    ("POST", "/channels", &[Write]),
    ("GET", "/channels/web-push-key", &[Read]),
    ("DELETE", "/channels/{channel_id}", &[Write]),
    ("POST", "/channels/{channel_id}/test", &[Write]),
    ("GET", "/tasks", &[Read]),
    ("POST", "/tasks", &[Write]),
    ("GET", "/tasks/{task_id}", &[Read]),
    ("PATCH", "/tasks/{task_id}", &[Write]),
    ("DELETE", "/tasks/{task_id}", &[Write]),
    ("POST", "/tasks/{task_id}/complete", &[Write]),
    ("POST", "/tasks/{task_id}/skip", &[Write]),
    ("POST", "/tasks/{task_id}/reopen", &[Write]),
    ("POST", "/tasks/{task_id}/restore", &[Write]),
    ("GET", "/tasks/{task_id}/timeline", &[Read]),
    ("POST", "/tasks/{task_id}/move", &[Write]),
    ("POST", "/tasks/bulk", &[Write]),
    ("GET", "/lists", &[Read]),
    ("POST", "/lists", &[Write]),
    ("PATCH", "/lists/{list_id}", &[Write]),
    ("DELETE", "/lists/{list_id}", &[Write]),
    ("POST", "/lists/{list_id}/move", &[Write]),
    ("GET", "/trash", &[Read]),
    ("DELETE", "/trash", &[Write]),
    ("DELETE", "/trash/{task_id}", &[Write]),
    ("GET", "/reminders", &[Read]),
    ("POST", "/reminders/{reminder_id}/snooze", &[Write]),
    ("POST", "/reminders/{reminder_id}/dismiss", &[Write]),
    ("GET", "/reminders/{reminder_id}/timeline", &[Read]),
    ("GET", "/timeline", &[Read]),
    // A feed's URL lets others see what is due, as a token does.
    ("GET", "/calendar-feeds", &[Account]),
    ("POST", "/calendar-feeds", &[Account]),
    ("DELETE", "/calendar-feeds/{feed_id}", &[Account]),
    // It shows and it changes.
    ("POST", "/chat", &[Read, Write]),
    ("POST", "/parse", &[Read]),
    ("GET", "/conversations", &[Read]),
    ("GET", "/conversations/{conversation_id}", &[Read]),
    ("DELETE", "/conversations/{conversation_id}", &[Write]),
    ("GET", "/export", &[Read]),
    ("POST", "/import", &[Write]),
    ("GET", "/stream", &[Read]),
];

/// What strangers reach.
const PUBLIC: [(&str, &str); 3] = [
    ("GET", "/calendar/{feed}"),
    ("POST", "/api/v1/auth/register"),
    ("POST", "/api/v1/auth/login"),
];

/// The methods that the resource with this pattern of a path takes.
pub(super) fn methods(pattern: &str) -> Vec<&'static str> {
    let public = PUBLIC.iter().filter(|(_, at)| *at == pattern).map(|(method, _)| *method);
    let below = pattern.strip_prefix(BASE);
    let others = OPERATIONS.iter().filter(|(_, at, _)| Some(*at) == below);
    public.chain(others.map(|(method, ..)| *method)).collect()
}

/// The scopes that an operation needs, all of them, by its method and the pattern of its path.
pub(super) fn needed(method: &str, pattern: &str) -> Option<&'static [Scope]> {
    let path = pattern.strip_prefix(BASE)?;
    OPERATIONS.iter().find(|(verb, at, _)| (*verb, *at) == (method, path)).map(|found| found.2)
}

/// What a tool needs, all of it: what changes tasks also shows them.
pub(super) const fn of_tool(effect: Effect) -> &'static [Scope] {
    match effect {
        Effect::Reads => &[Read],
        Effect::Changes | Effect::Destroys => &[Read, Write],
    }
}

/// The scopes that the operation needs to which a request was routed.
pub(super) fn needed_by(request: &HttpRequest) -> Option<&'static [Scope]> {
    needed(request.method().as_str(), &request.match_pattern()?)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use utoipa::OpenApi;

    use super::*;
    use crate::http::openapi::{Document, operations};

    #[test]
    fn every_documented_operation_but_three_names_its_scopes_once() {
        let mut documented: BTreeSet<_> =
            operations(&mut Document::openapi()).map(|(method, path, _)| (method, path)).collect();
        for public in &PUBLIC {
            assert!(documented.remove(&(public.0, public.1.to_owned())), "{public:?}");
        }
        let named =
            |(method, path, _): &(&'static str, &str, &[Scope])| (*method, format!("{BASE}{path}"));
        let table: BTreeSet<_> = OPERATIONS.iter().map(named).collect();
        assert_eq!(table, documented);
        assert_eq!(table.len(), OPERATIONS.len());
    }
}
