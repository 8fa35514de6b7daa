//! Letters by SMTP.
//!
//! The server is the operator's, so no address policy stands between. A letter is the same, byte for
//! byte, at every attempt, and its Message-ID is the notification's key: a mail server or a reader that
//! knows one again drops the repetition. Each has a connection of its own: one that was given up half-way
//! has answers yet to come, which must not be taken for those to the next letter. There is nothing of a person's in a header but the address and
//! the title, which is one line, written as RFC 2047 has it.

use std::{error::Error, fmt::Write, io, time::Duration};

use events::Priority;
use lettre::{
    Address, AsyncSmtpTransport, AsyncTransport, Tokio1Executor,
    message::{
        Mailbox, MultiPart, SinglePart,
        header::{HeaderName, HeaderValue},
    },
    transport::smtp,
};
use platform::html::escaped;
use secrecy::{ExposeSecret, SecretString};
use tokio::time::timeout;

use super::{
    ATTEMPT_TIMEOUT_SECS,
    error::AttemptError,
    message::{Message, shortened},
};

/// The longest subject, in characters; the letter has the whole title.
const MAX_SUBJECT_CHARS: usize = 150;
/// What a letter to a person ends with.
const WHY: &str = "You get this because of a channel to this address in your task manager. \
    To end it, delete the channel there.";
/// Replies that are about who we are, and not about the letter (RFC 4954): an operator heals them.
const ABOUT_US: [u16; 4] = [530, 534, 535, 538];

/// `SMTP_URL` or `SMTP_FROM` can't be used. Neither is in the message, since the URL has a password.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidMail {
    /// The URL.
    #[error(
        "SMTP_URL is smtp://host:port, smtp://user:password@host:port?tls=required, or smtps://…"
    )]
    Url,
    /// The sender.
    #[error("SMTP_FROM is an e-mail address, or a name and an address: Todo <todo@example.org>")]
    From,
    /// One is set without the other.
    #[error("SMTP_URL and SMTP_FROM go together")]
    One,
}

/// The operator's mail server, and who letters are from.
#[derive(Clone)]
pub struct Mail {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

impl Mail {
    /// A server by its URL, as lettre reads it; none where nothing is set. Connects to nobody yet.
    ///
    /// # Errors
    /// [`InvalidMail`].
    pub fn new(
        url: Option<&SecretString>,
        from: Option<&str>,
    ) -> Result<Option<Self>, InvalidMail> {
        let set = |text: &&str| !text.is_empty();
        match (url.map(ExposeSecret::expose_secret).filter(set), from.filter(set)) {
            (None, None) => Ok(None),
            (Some(url), Some(from)) => {
                let from = from.parse().map_err(|_| InvalidMail::From)?;
                let transport = AsyncSmtpTransport::<Tokio1Executor>::from_url(url)
                    .map_err(|_| InvalidMail::Url)?
                    .timeout(Some(Duration::from_secs(ATTEMPT_TIMEOUT_SECS)))
                    .build();
                Ok(Some(Self { transport, from }))
            }
            _ => Err(InvalidMail::One),
        }
    }

    /// Hands a letter to the mail server. Given up, its connection ends with it.
    pub(super) async fn send(&self, to: &str, message: &Message) -> Result<(), AttemptError> {
        let to: Address = to.parse().map_err(|_| AttemptError::MailAddress)?;
        let letter = self.letter(to, message)?;
        let limit = Duration::from_secs(ATTEMPT_TIMEOUT_SECS);
        let sent = timeout(limit, self.transport.send(letter)).await;
        sent.map_err(|_elapsed| AttemptError::MailTimedOut)?.map_err(|error| of_smtp(&error))?;
        Ok(())
    }

    fn letter(&self, to: Address, message: &Message) -> Result<lettre::Message, AttemptError> {
        let sender = &self.from.email;
        let parts = MultiPart::alternative()
            .boundary(message.key.simple().to_string())
            .singlepart(SinglePart::plain(plain(message)))
            .singlepart(SinglePart::html(html(message)));
        Ok(lettre::Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, to))
            .subject(subject(&message.title))
            .date(message.at.into())
            .message_id(Some(format!("<{}@{}>", message.key, sender.domain())))
            .raw_header(header("Auto-Submitted", "auto-generated"))
            .raw_header(header("Importance", importance(message.priority)))
            // There is no page that ends it without signing in, so a letter to the operator has to do.
            .raw_header(header(
                "List-Unsubscribe",
                &format!("<mailto:{sender}?subject=unsubscribe>"),
            ))
            .multipart(parts)?)
    }
}

impl std::fmt::Debug for Mail {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Mail")
    }
}

fn header(name: &'static str, value: &str) -> HeaderValue {
    HeaderValue::new(HeaderName::new_from_ascii_str(name), value.to_owned())
}

/// A title as a subject. One that looks encoded would be decoded by who reads it, so it is kept from looking
/// so: by a character without width, for which it is then encoded itself.
fn subject(title: &str) -> String {
    shortened(title, MAX_SUBJECT_CHARS).replace("=?", "=\u{2060}?")
}

const fn importance(priority: Priority) -> &'static str {
    match priority {
        Priority::High => "high",
        Priority::Medium => "normal",
        Priority::Low => "low",
    }
}

fn plain(message: &Message) -> String {
    let mut text = format!("{}\r\n", message.title);
    for line in &message.lines {
        let _never_fails = write!(text, "\r\n{line}\r\n");
    }
    for action in &message.actions {
        let _never_fails = write!(text, "\r\n{}: {}\r\n", action.label, action.url);
    }
    let _never_fails = write!(text, "\r\n-- \r\n{WHY}\r\n");
    text
}

fn html(message: &Message) -> String {
    let mut text = format!(
        "<!doctype html>\r\n<html><head><meta charset=\"utf-8\"></head><body>\r\n<h1 \
         style=\"font-size:1.2em\">{}</h1>\r\n",
        escaped(&message.title)
    );
    for line in &message.lines {
        let _never_fails = write!(text, "<p>{}</p>\r\n", escaped(line));
    }
    for action in &message.actions {
        let (url, label) = (escaped(action.url.as_str()), escaped(&action.label));
        let _never_fails = write!(text, "<p><a href=\"{url}\">{label}</a></p>\r\n");
    }
    let _never_fails = write!(
        text,
        "<p style=\"color:#666\"><small>{}</small></p>\r\n</body></html>\r\n",
        escaped(WHY)
    );
    text
}

/// What a server said is left out: it may repeat an address.
fn of_smtp(error: &smtp::Error) -> AttemptError {
    match error.status().map(u16::from) {
        Some(code) if error.is_transient() => AttemptError::MailPutOff(code),
        Some(code) if ABOUT_US.contains(&code) => AttemptError::MailNotSignedIn(code),
        Some(code) => AttemptError::MailRefused(code),
        None if error.is_timeout() => AttemptError::MailTimedOut,
        None if error.is_tls() || is_handshake(error) => AttemptError::MailNotSecure,
        None if error.is_client() => AttemptError::MailUnfit,
        None => AttemptError::MailUnreachable,
    }
}

/// Whether what was read is no TLS, or the certificate nobody's whom this machine trusts: rustls says so by
/// an error of the connection.
fn is_handshake(error: &(dyn Error + 'static)) -> bool {
    let is_invalid = |error: &io::Error| error.kind() == io::ErrorKind::InvalidData;
    error.downcast_ref().is_some_and(is_invalid) || error.source().is_some_and(is_handshake)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mail(url: &str, from: &str) -> Result<Option<Mail>, InvalidMail> {
        Mail::new(Some(&url.to_owned().into()), Some(from))
    }

    #[tokio::test]
    async fn a_mail_server_is_a_url_and_a_sender_or_neither() {
        for url in [
            "smtp://localhost:1025",
            "smtp://ada:pass%40word@mail.example.test?tls=required",
            "smtps://ada:secret@mail.example.test",
        ] {
            let mail = mail(url, "Todo <todo@example.test>").expect("a server");
            assert!(!format!("{mail:?}").contains("secret"));
        }
        assert!(mail("", "").expect("neither").is_none());
        assert!(Mail::new(None, None).expect("neither").is_none());
        assert_eq!(mail("", "todo@example.test").err(), Some(InvalidMail::One));
        assert_eq!(mail("smtp://localhost", "").err(), Some(InvalidMail::One));
        assert_eq!(mail("smtp://localhost", "nobody").err(), Some(InvalidMail::From));
        for url in ["localhost:25", "http://localhost", "smtp://", "smtp://h?tls=perhaps"] {
            assert_eq!(mail(url, "todo@example.test").err(), Some(InvalidMail::Url), "{url}");
        }
    }
}
