//! Passwords as they are typed.

use std::fmt;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64_URL};

use super::Refused;

/// The shortest password, in characters.
pub(crate) const MIN_PASSWORD_CHARS: usize = 10;
/// The longest password, in characters.
pub(crate) const MAX_PASSWORD_CHARS: usize = 200;

/// The random bytes of a password that nobody chose.
const RANDOM_BYTES: usize = 15;

/// A password; never printed unless somebody asks for it.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Password(String);

impl Password {
    /// Checks a new password's length.
    pub(crate) fn parse(text: String) -> Result<Self, Refused> {
        if text.contains('\0') {
            return Err(Refused::new("must not contain NUL"));
        }
        if !(MIN_PASSWORD_CHARS..=MAX_PASSWORD_CHARS).contains(&text.chars().count()) {
            return Err(Refused::new(format!(
                "has {MIN_PASSWORD_CHARS} to {MAX_PASSWORD_CHARS} characters"
            )));
        }
        Ok(Self(text))
    }

    /// Takes what somebody tries to sign in with, whatever it is.
    pub(crate) fn attempt(text: String) -> Self {
        Self(text)
    }

    /// One that nobody can guess, short enough to be typed.
    pub(crate) fn random() -> Self {
        Self(BASE64_URL.encode(rand::random::<[u8; RANDOM_BYTES]>()))
    }

    /// The text itself.
    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_has_ten_to_two_hundred_characters() {
        let parse = |length| Password::parse("ü".repeat(length));
        assert!(
            parse(9).is_err() && parse(10).is_ok() && parse(200).is_ok() && parse(201).is_err()
        );
        assert!(Password::parse("0123456789\0".to_owned()).is_err());
    }

    #[test]
    fn a_random_password_is_a_password_and_never_the_same() {
        let random = Password::random();
        assert!(Password::parse(random.reveal().to_owned()).is_ok());
        assert_ne!(Password::random().reveal(), random.reveal());
    }

    #[test]
    fn a_password_is_never_printed() {
        let password = Password::parse("correct horse".to_owned()).expect("long enough");
        assert!(!format!("{password:?}").contains("horse"));
    }
}
