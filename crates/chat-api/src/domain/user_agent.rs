//! By what somebody signed in, as it calls itself.

/// The most of it that is kept, in characters.
const MAX_USER_AGENT_CHARS: usize = 200;

/// A user agent: at most [`MAX_USER_AGENT_CHARS`], not blank, nothing in it that is not to be seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct UserAgent(String);

impl UserAgent {
    /// Shortens what was sent; `None` where nothing is left.
    pub(crate) fn shorten(sent: &[u8]) -> Option<Self> {
        let text = String::from_utf8_lossy(sent);
        let seen = text.trim().chars().filter(|c| !c.is_control());
        let text: String = seen.take(MAX_USER_AGENT_CHARS).collect();
        (!text.is_empty()).then_some(Self(text))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_agent_is_short_and_has_no_control_character() {
        let short = |sent: &[u8]| UserAgent::shorten(sent).map(|agent| agent.0);
        assert_eq!(short(b" curl/8.5 \t"), Some("curl/8.5".to_owned()));
        assert_eq!(short(b"a\0b\x1b[31mc\x7f"), Some("ab[31mc".to_owned()));
        assert_eq!(short(b"bad \xff byte"), Some("bad \u{fffd} byte".to_owned()));
        let long = short("ü".repeat(1000).as_bytes()).expect("a user agent");
        assert_eq!(long.chars().count(), MAX_USER_AGENT_CHARS);
        for nothing in ["", "  ", "\0"] {
            assert_eq!(short(nothing.as_bytes()), None, "{nothing:?}");
        }
    }
}
