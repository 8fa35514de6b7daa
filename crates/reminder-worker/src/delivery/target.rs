//! What a channel leads to: what is slow or away as one.

use std::borrow::Cow;

use events::ChannelKind;
use url::Url;
use uuid::Uuid;

use super::web_push::Subscription;

/// A target: the mail server, or the origin that requests go to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target(Cow<'static, str>);

impl Target {
    /// The operator's mail server, for all letters.
    pub(super) const MAIL: Self = Self(Cow::Borrowed("smtp"));

    /// Where an address leads; none where it is none.
    pub(super) fn of(kind: ChannelKind, address: &str) -> Option<Self> {
        match kind {
            ChannelKind::Email => Some(Self::MAIL),
            ChannelKind::Webhook | ChannelKind::Ntfy => Self::of_url(address),
            ChannelKind::WebPush => Self::of_url(&Subscription::parse(address).ok()?.endpoint),
            ChannelKind::Unknown => None,
        }
    }

    /// Of a channel that leads nowhere.
    pub(super) fn nowhere(channel_id: Uuid) -> Self {
        Self(format!("channel {channel_id}").into())
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    fn of_url(url: &str) -> Option<Self> {
        let origin = Url::parse(url).ok()?.origin();
        origin.is_tuple().then(|| Self(origin.ascii_serialization().into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_one_host_are_one_target_and_so_are_all_letters() {
        let of = |url| Target::of(ChannelKind::Webhook, url).expect("a target");
        assert_eq!(of("https://EXAMPLE.test/a?b"), of("https://u:p@example.test:443/c"));
        assert_ne!(of("https://example.test/"), of("http://example.test/"));
        assert_ne!(of("https://example.test/"), of("https://example.test:8443/"));
        let subscription =
            r#"{"endpoint": "https://push.test/x", "keys": {"p256dh": "", "auth": ""}}"#;
        let push = Target::of(ChannelKind::WebPush, subscription);
        assert_eq!(push, Some(of("https://push.test")));
        assert_eq!(Target::of(ChannelKind::Email, "a@b.test"), Some(Target::MAIL));
        assert_eq!(Target::of(ChannelKind::Webhook, "nonsense"), None);
        assert_eq!(Target::of(ChannelKind::Webhook, "data:,x"), None);
    }
}
