//! Links in a notification by which a person acts at once: sealed, for chat-api to follow.

use chrono::TimeDelta;
use events::{
    ACTION_LINK_CONTEXT, ACTION_LINK_HOURS, ActionLink, LinkAction, Nominal, ReminderTriggered,
};
use platform::{sealed_token, sealing::KeyRing};
use url::Url;
use uuid::Uuid;

use super::message::Action;

/// Makes links.
#[derive(Debug)]
pub(super) struct Links {
    keys: KeyRing,
    public_url: Url,
}

impl Links {
    pub(super) fn new(keys: KeyRing, public_url: Url) -> Self {
        Self { keys, public_url }
    }

    /// What there is to do about a reminder. The links of each attempt read otherwise and do the same.
    pub(super) fn of_reminder(
        &self,
        triggered: &ReminderTriggered,
        notification_key: Uuid,
        occurrence: Option<Nominal>,
    ) -> serde_json::Result<Vec<Action>> {
        let action = |(action, label): (LinkAction, &str)| {
            let link = ActionLink {
                action,
                user_id: triggered.user_id,
                task_id: triggered.task_id,
                reminder_id: triggered.reminder_id,
                occurrence,
                notification_key,
                expires_at: triggered.triggered_at + TimeDelta::hours(ACTION_LINK_HOURS),
            };
            Ok(Action { label: label.to_owned(), url: self.url(&link)? })
        };
        [(LinkAction::Done, "Done"), (LinkAction::Snooze, "Snooze")]
            .into_iter()
            .map(action)
            .collect()
    }

    fn url(&self, link: &ActionLink) -> serde_json::Result<Url> {
        let token =
            sealed_token::seal(&self.keys, ACTION_LINK_CONTEXT, &serde_json::to_string(link)?);
        let mut url = self.public_url.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(["act", &token]);
        }
        Ok(url)
    }
}
