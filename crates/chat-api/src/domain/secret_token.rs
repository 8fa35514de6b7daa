//! What a browser or a program presents to be known: 32 random bytes, of which only the hash rests.

use std::fmt;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64_URL};
use sha2::{Digest, Sha256};

const TOKEN_BYTES: usize = 32;

/// SHA-256 of a token. With 256 random bits in it there is nothing to guess, so no salt.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct TokenHash(Vec<u8>);

impl TokenHash {
    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// A token itself; shown once, never stored or printed.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct SecretToken([u8; TOKEN_BYTES]);

impl SecretToken {
    /// A fresh one from the system's random source.
    pub(crate) fn random() -> Self {
        Self(rand::random())
    }

    /// Reads what was presented; `None` for what was never a token.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        BASE64_URL.decode(text).ok()?.try_into().ok().map(Self)
    }

    pub(crate) fn hash(&self) -> TokenHash {
        TokenHash(Sha256::digest(self.0).to_vec())
    }

    /// The text to present.
    pub(crate) fn reveal(&self) -> String {
        BASE64_URL.encode(self.0)
    }
}

impl fmt::Debug for SecretToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretToken")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_revealed_reads_back_to_the_same_hash() {
        let token = SecretToken::random();
        let presented = SecretToken::parse(&token.reveal()).expect("a token");
        assert_eq!(presented.hash(), token.hash());
        assert_ne!(SecretToken::random().hash(), token.hash());
        assert!(!format!("{token:?}").contains(&token.reveal()));
    }

    #[test]
    fn what_is_no_token_is_none() {
        for text in ["", "short", "with a space", &"A".repeat(100)] {
            assert!(SecretToken::parse(text).is_none(), "{text}");
        }
    }
}
