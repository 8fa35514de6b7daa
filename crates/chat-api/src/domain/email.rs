//! The address by which a person signs in.

use super::{Refused, text::checked};

/// The longest address that mail can carry, in characters.
pub(crate) const MAX_EMAIL_CHARS: usize = 254;

/// The longest part before the `@`, in characters.
const MAX_LOCAL_CHARS: usize = 64;
/// The longest part of a host's name, in characters.
const MAX_LABEL_CHARS: usize = 63;

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

    /// Checks an address that letters are sent to. Its parts are what SMTP carries without quotes: a local
    /// part of atoms with dots, and the name of a host with dots.
    pub(crate) fn parse_for_mail(text: &str) -> Result<Self, Refused> {
        let address = Self::parse(text)?;
        let (local, host) = address.0.split_once('@').unwrap_or_default();
        let is_atom = |atom: &str| {
            let odd = |c: char| "()<>[]:;@\\,\"".contains(c);
            !atom.is_empty() && !atom.contains(odd)
        };
        let is_label = |label: &str| {
            let is_inside = |c: char| c.is_alphanumeric() || c == '-';
            (1..=MAX_LABEL_CHARS).contains(&label.chars().count())
                && label.chars().all(is_inside)
                && !label.starts_with('-')
                && !label.ends_with('-')
        };
        let is_mail = local.chars().count() <= MAX_LOCAL_CHARS
            && local.split('.').all(is_atom)
            && host.split('.').all(is_label);
        if is_mail { Ok(address) } else { Err(Refused::new("is no address that mail can go to")) }
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

    #[test]
    fn an_address_that_mail_goes_to_has_no_place_for_another_header_or_recipient() {
        for text in ["ada@example.test", "a+b@localhost", "o'neil@x-y.test", "ä@ö.test"] {
            assert!(Email::parse_for_mail(text).is_ok(), "{text}");
        }
        let long = format!("{}@example.test", "x".repeat(MAX_LOCAL_CHARS + 1));
        for text in [
            "a@b\r\nBcc: c@d.test",
            "a@b\nX: y",
            "a,c@b.test",
            "a;c@b.test",
            "<a@b.test>",
            "Ada <a@b.test>",
            "\"a b\"@c.test",
            "a@b>c.test",
            "a@[127.0.0.1]",
            "a..b@c.test",
            ".a@c.test",
            "a@c..test",
            "a@c.test.",
            "a@-c.test",
            "a@c_d.test",
            &long,
        ] {
            assert!(Email::parse_for_mail(text).is_err(), "{text:?}");
        }
    }
}
