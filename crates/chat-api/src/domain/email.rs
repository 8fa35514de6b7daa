//! The address by which a person signs in.

use super::{Refused, text::checked};

/// The longest address that mail can carry, in characters.
const MAX_EMAIL_CHARS: usize = 254;

/// An e-mail address: something, `@`, something. Whether anybody reads it, only a letter could tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Email(String);

impl Email {
    /// Checks an address; white space around it is dropped.
    pub(crate) fn parse(text: &str) -> Result<Self, Refused> {
        let text = text.trim();
        checked(text, MAX_EMAIL_CHARS)?;
        let has_odd = text.chars().any(|c| c.is_whitespace() || c.is_control());
        let has_two_parts = text.split_once('@').is_some_and(|(local, host)| {
            !local.is_empty() && !host.is_empty() && !host.contains('@')
        });
        if has_odd || !has_two_parts {
            return Err(Refused::new("is no e-mail address"));
        }
        Ok(Self(text.to_owned()))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_two_parts_around_one_at() {
        for text in ["ada@example.test", " ada@example.test ", "a+b@c", "ä@ö.test"] {
            assert!(Email::parse(text).is_ok(), "{text}");
        }
        let long = format!("{}@example.test", "x".repeat(MAX_EMAIL_CHARS));
        for text in ["", "ada", "@", "ada@", "@example.test", "a@b@c", "a b@c", "a\0@b", &long] {
            assert!(Email::parse(text).is_err(), "{text:?}");
        }
    }
}
