//! Secrets that travel or rest as ciphertext: XChaCha20-Poly1305 with keys that can be rotated.
//!
//! What is sealed is bound to a context (whose it is, and what for): a ciphertext that is moved to
//! another person's row does not open.

use std::{collections::BTreeMap, fmt, str::FromStr};

use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use chacha20poly1305::{
    XChaCha20Poly1305, XNonce,
    aead::{Aead, Generate, KeyInit, Payload},
};
use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};

/// A key's length in bytes.
pub const KEY_BYTES: usize = 32;
const NONCE_BYTES: usize = 24;

/// The keys of `SEALING_KEYS`: `id:base64,id:base64`. The first seals, all open.
#[derive(Clone)]
pub struct KeyRing {
    active: String,
    ciphers: BTreeMap<String, XChaCha20Poly1305>,
    /// Of the active key: for numbers that stand for texts.
    marking: Hmac<Sha256>,
}

/// A sealed text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sealed {
    /// The key that it was sealed with.
    pub key_id: String,
    /// Nonce and ciphertext, base64.
    pub ciphertext: String,
}

/// `SEALING_KEYS` can't be read. The text itself stays out of the message.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "SEALING_KEYS is a list of id:base64 with {KEY_BYTES} bytes each, separated by commas, its ids unique"
)]
pub struct InvalidKeyRing;

/// A sealed text does not open.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// The key is not in the ring.
    #[error("no key {0:?} in SEALING_KEYS")]
    UnknownKey(String),
    /// Changed, or sealed for another context.
    #[error("the sealed text does not open with its key and context")]
    Forged,
}

impl KeyRing {
    /// Seals a text for a context.
    ///
    /// # Panics
    /// Never: the cipher takes any text that fits in memory.
    #[must_use]
    pub fn seal(&self, context: &str, text: &str) -> Sealed {
        let nonce = XNonce::generate();
        let payload = Payload { msg: text.as_bytes(), aad: context.as_bytes() };
        #[expect(clippy::expect_used, reason = "fails only for texts of more than 256 GiB")]
        let ciphertext =
            self.ciphers[&self.active].encrypt(&nonce, payload).expect("the text fits the cipher");
        let bytes = [nonce.as_slice(), &ciphertext].concat();
        Sealed { key_id: self.active.clone(), ciphertext: BASE64.encode(bytes) }
    }

    /// A number that stands for a text within a context: the same for the same text, and without the keys
    /// nobody can tell for which, not even by trying. After a rotation it is another one.
    #[must_use]
    pub fn mark(&self, context: &str, text: &str) -> i64 {
        let mut mac = self.marking.clone();
        // The context can't run into the text.
        mac.update(&(context.len() as u64).to_be_bytes());
        mac.update(context.as_bytes());
        mac.update(text.as_bytes());
        let [a, b, c, d, e, f, g, h, ..] = mac.finalize().into_bytes().0;
        i64::from_be_bytes([a, b, c, d, e, f, g, h])
    }

    /// Opens a text that was sealed for the same context.
    ///
    /// # Errors
    /// [`OpenError`] for an unknown key, another context or a changed text.
    pub fn open(&self, context: &str, sealed: &Sealed) -> Result<String, OpenError> {
        let cipher = self
            .ciphers
            .get(&sealed.key_id)
            .ok_or_else(|| OpenError::UnknownKey(sealed.key_id.clone()))?;
        let bytes = BASE64.decode(&sealed.ciphertext).map_err(|_| OpenError::Forged)?;
        let (nonce, ciphertext) =
            bytes.split_first_chunk::<NONCE_BYTES>().ok_or(OpenError::Forged)?;
        let payload = Payload { msg: ciphertext, aad: context.as_bytes() };
        let text = cipher.decrypt(&XNonce::from(*nonce), payload).map_err(|_| OpenError::Forged)?;
        String::from_utf8(text).map_err(|_| OpenError::Forged)
    }
}

impl FromStr for KeyRing {
    type Err = InvalidKeyRing;

    fn from_str(text: &str) -> Result<Self, InvalidKeyRing> {
        let mut active = None;
        let mut marking = None;
        let mut ciphers = BTreeMap::new();
        for entry in text.split(',') {
            let (id, key) = entry.trim().split_once(':').ok_or(InvalidKeyRing)?;
            let key = BASE64.decode(key).map_err(|_| InvalidKeyRing)?;
            let key = <[u8; KEY_BYTES]>::try_from(key).map_err(|_| InvalidKeyRing)?;
            let cipher = XChaCha20Poly1305::new(&key.into());
            // A key of its own, so that no key is used in two ways.
            let own = Sha256::new().chain_update(b"todo: marks").chain_update(key).finalize();
            let own = Hmac::<Sha256>::new_from_slice(&own).map_err(|_| InvalidKeyRing)?;
            marking.get_or_insert(own);
            if id.is_empty() || ciphers.insert(id.to_owned(), cipher).is_some() {
                return Err(InvalidKeyRing);
            }
            active.get_or_insert_with(|| id.to_owned());
        }
        let (active, marking) = active.zip(marking).ok_or(InvalidKeyRing)?;
        Ok(Self { active, ciphers, marking })
    }
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyRing").field("active", &self.active).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ring(entries: &[(&str, u8)]) -> KeyRing {
        let text: Vec<String> = entries
            .iter()
            .map(|(id, byte)| format!("{id}:{}", BASE64.encode([*byte; KEY_BYTES])))
            .collect();
        text.join(",").parse().expect("a key ring")
    }

    #[test]
    fn what_is_sealed_opens_again_for_the_same_context_only() {
        let ring = ring(&[("k1", 1)]);
        let sealed = ring.seal("user a", "https://example.test/hook");
        assert_eq!(ring.open("user a", &sealed).as_deref(), Ok("https://example.test/hook"));
        assert_eq!(ring.open("user b", &sealed), Err(OpenError::Forged));
    }

    #[test]
    fn a_changed_text_does_not_open() {
        let ring = ring(&[("k1", 1)]);
        let mut sealed = ring.seal("c", "text");
        sealed.ciphertext = format!("A{}", &sealed.ciphertext[1..]);
        let same_by_chance = ring.seal("c", "text").ciphertext.starts_with(&sealed.ciphertext);
        assert!(!same_by_chance);
        for broken in [sealed.ciphertext.as_str(), "", "AAAA", "not base64"] {
            let sealed = Sealed { key_id: "k1".to_owned(), ciphertext: broken.to_owned() };
            assert_eq!(ring.open("c", &sealed), Err(OpenError::Forged), "{broken}");
        }
    }

    #[test]
    fn after_a_rotation_the_old_key_still_opens_and_the_new_one_seals() {
        let old = ring(&[("k1", 1)]).seal("c", "text");
        let rotated = ring(&[("k2", 2), ("k1", 1)]);
        assert_eq!(rotated.open("c", &old).as_deref(), Ok("text"));
        assert_eq!(rotated.seal("c", "text").key_id, "k2");
        let dropped = ring(&[("k2", 2)]).open("c", &old);
        assert_eq!(dropped, Err(OpenError::UnknownKey("k1".to_owned())));
    }

    #[test]
    fn a_mark_is_the_same_for_the_same_text_context_and_key_only() {
        let keys = ring(&[("k1", 1)]);
        let mark = keys.mark("target", "https://example.test");
        assert_eq!(ring(&[("k1", 1), ("k0", 9)]).mark("target", "https://example.test"), mark);
        assert_ne!(keys.mark("target", "https://example.org"), mark);
        assert_ne!(keys.mark("targe", "thttps://example.test"), mark);
        assert_ne!(ring(&[("k2", 2), ("k1", 1)]).mark("target", "https://example.test"), mark);
    }

    #[test]
    fn a_malformed_key_ring_is_refused() {
        let key = BASE64.encode([1; KEY_BYTES]);
        for text in ["", "k1", "k1:", "k1:AAAA", &format!(":{key}"), &format!("k1:{key},k1:{key}")]
        {
            assert_eq!(text.parse::<KeyRing>().err(), Some(InvalidKeyRing), "{text}");
        }
    }
}
