//! A sealed text as one word that stands in a URL.

use base64::{
    Engine,
    engine::general_purpose::{STANDARD as BASE64, URL_SAFE_NO_PAD},
};

use crate::sealing::{KeyRing, OpenError, Sealed};

/// The longest word that is looked at, in characters.
pub const MAX_TOKEN_CHARS: usize = 2_000;

/// Seals a text for a context: `{key id}.{ciphertext}`, of letters that a URL's path may have as they are if
/// the key's id has only such.
#[must_use]
pub fn seal(keys: &KeyRing, context: &str, text: &str) -> String {
    let Sealed { key_id, ciphertext } = keys.seal(context, text);
    let bytes = BASE64.decode(ciphertext).unwrap_or_default();
    format!("{key_id}.{}", URL_SAFE_NO_PAD.encode(bytes))
}

/// Opens a word that was sealed for the same context.
///
/// # Errors
/// [`OpenError`] for anything else.
pub fn open(keys: &KeyRing, context: &str, token: &str) -> Result<String, OpenError> {
    if token.len() > MAX_TOKEN_CHARS {
        return Err(OpenError::Forged);
    }
    let (key_id, bytes) = token.rsplit_once('.').ok_or(OpenError::Forged)?;
    let bytes = URL_SAFE_NO_PAD.decode(bytes).map_err(|_| OpenError::Forged)?;
    let sealed = Sealed { key_id: key_id.to_owned(), ciphertext: BASE64.encode(bytes) };
    keys.open(context, &sealed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(number: u8) -> KeyRing {
        format!("k.1:{}", BASE64.encode([number; crate::sealing::KEY_BYTES]))
            .parse()
            .expect("a key ring")
    }

    #[test]
    fn what_is_sealed_opens_again_and_only_with_its_key_and_context() {
        let token = seal(&keys(1), "links", "a text");
        assert!(token.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c)), "{token}");
        assert_eq!(open(&keys(1), "links", &token).as_deref(), Ok("a text"));
        assert_eq!(open(&keys(1), "others", &token), Err(OpenError::Forged));
        assert_eq!(open(&keys(2), "links", &token), Err(OpenError::Forged));
    }

    #[test]
    fn what_was_changed_does_not_open() {
        let token = seal(&keys(1), "links", "a text");
        for position in 0..token.len() {
            let mut changed = token.clone().into_bytes();
            changed[position] = if changed[position] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).expect("a text");
            assert!(open(&keys(1), "links", &changed).is_err(), "{changed}");
        }
        for text in ["", ".", "k.1", "k.1.", &"x".repeat(MAX_TOKEN_CHARS + 1)] {
            assert!(open(&keys(1), "links", text).is_err(), "{text}");
        }
    }
}
