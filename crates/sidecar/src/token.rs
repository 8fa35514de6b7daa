//! The token by which the application knows its own sidecar.
//!
//! Owns: the comparison. Promises: its duration says nothing about the token but its length. Never:
//! answers a request; a wrong token is a 401 of the route's.

use dapr::client::config::API_TOKEN_METADATA_KEY;
use secrecy::{ExposeSecret, SecretString};
use subtle::ConstantTimeEq;

/// The header that carries a token, in either direction.
pub const TOKEN_HEADER: &str = API_TOKEN_METADATA_KEY;

/// What `APP_API_TOKEN` says that the sidecar must send with every delivery.
#[derive(Clone, Debug)]
pub struct AppToken(Option<SecretString>);

impl AppToken {
    /// Expects this token; none, or an empty one, means that nothing is checked.
    #[must_use]
    pub fn new(expected: Option<SecretString>) -> Self {
        Self(expected.filter(|token| !token.expose_secret().is_empty()))
    }

    /// Whether a request may pass that came with this [`TOKEN_HEADER`].
    #[must_use]
    pub fn accepts(&self, presented: Option<&[u8]>) -> bool {
        match (&self.0, presented) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(expected), Some(presented)) => {
                expected.expose_secret().as_bytes().ct_eq(presented).into()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_whole_token_passes() {
        let token = AppToken::new(Some("s3cret".into()));
        assert!(token.accepts(Some(b"s3cret")));
        for wrong in [&b""[..], b"s3cre", b"s3cret ", b"S3CRET", b"\xff3cret"] {
            assert!(!token.accepts(Some(wrong)), "{wrong:?}");
        }
        assert!(!token.accepts(None));
    }

    #[test]
    fn without_an_expected_token_everything_passes() {
        for expected in [None, Some(SecretString::from(""))] {
            let token = AppToken::new(expected);
            assert!(token.accepts(None));
            assert!(token.accepts(Some(b"anything")));
        }
    }

    #[test]
    fn the_token_is_never_printed() {
        let token = AppToken::new(Some("s3cret".into()));
        assert!(!format!("{token:?}").contains("s3cret"));
    }
}
