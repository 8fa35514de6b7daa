//! Whether and when to ask once more.

use std::time::Duration;

use chrono::DateTime;
use reqwest::header::{DATE, HeaderMap, RETRY_AFTER};

use crate::error::ModelError;

/// The shortest wait before the one retry, in milliseconds.
const MIN_WAIT_MS: u64 = 250;
/// The longest wait of our own before the one retry, in milliseconds.
const MAX_WAIT_MS: u64 = 750;
/// The longest `Retry-After` that is waited out, in seconds. Somebody waits for the answer.
const MAX_RETRY_AFTER_SECS: u64 = 5;

/// How long to wait before asking once more after this error; none where it is of no use.
pub(crate) fn wait(error: &ModelError) -> Option<Duration> {
    if !error.is_transient() {
        return None;
    }
    let jitter = Duration::from_millis(rand::random_range(MIN_WAIT_MS..=MAX_WAIT_MS));
    match error.retry_after() {
        None => Some(jitter),
        Some(wait) if wait > Duration::from_secs(MAX_RETRY_AFTER_SECS) => None,
        // Not before, and not all at the same moment.
        Some(wait) => Some(wait + jitter),
    }
}

/// `Retry-After` in seconds, or as a date; how far that is ahead says the answer's own clock.
pub(crate) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = |name| Some(headers.get(name)?.to_str().ok()?.trim());
    let value = text(RETRY_AFTER)?;
    if let Ok(seconds) = value.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = |text| DateTime::parse_from_rfc2822(text).ok();
    (date(value)? - date(text(DATE)?)?).to_std().ok()
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderValue;

    use super::*;
    use crate::error::{Broken, Refusal, Wait};

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let pair = |&(name, value)| (name, value);
        let mut headers = HeaderMap::new();
        for (name, value) in pairs.iter().map(pair) {
            headers.insert(name, HeaderValue::from_static(value));
        }
        headers
    }

    fn limited(code: Option<&str>, retry_after: Option<Duration>) -> ModelError {
        let code = code.map(ToOwned::to_owned);
        ModelError::RateLimited(Refusal { status: Some(429), code, retry_after })
    }

    #[test]
    fn retry_after_is_seconds_or_a_date_by_the_servers_clock() {
        let at = "Tue, 24 Nov 2026 12:00:00 GMT";
        let later = "Tue, 24 Nov 2026 12:00:03 GMT";
        for (pairs, seconds) in [
            (&[("retry-after", "3")][..], Some(3)),
            (&[("retry-after", later), ("date", at)], Some(3)),
            (&[("retry-after", later)], None),
            (&[("retry-after", at), ("date", later)], None),
            (&[("retry-after", "soon"), ("date", at)], None),
            (&[("retry-after", "-1")], None),
            (&[("date", at)], None),
        ] {
            assert_eq!(retry_after(&headers(pairs)), seconds.map(Duration::from_secs), "{pairs:?}");
        }
    }

    #[test]
    fn what_can_pass_is_tried_once_more_and_not_before_it_may() {
        let short = Duration::from_secs(MAX_RETRY_AFTER_SECS);
        for _ in 0..50 {
            let waited = wait(&limited(None, None)).expect("a retry");
            assert!((MIN_WAIT_MS..=MAX_WAIT_MS).contains(&(waited.as_millis() as u64)));
            assert!(wait(&limited(None, Some(short))).expect("a retry") >= short);
        }
        let long = short + Duration::from_secs(1);
        assert_eq!(wait(&limited(None, Some(long))), None);
    }

    #[test]
    fn what_does_not_pass_by_itself_is_not_tried_again() {
        for error in [
            limited(Some("insufficient_quota"), None),
            ModelError::TimedOut(Wait::FirstByte),
            ModelError::Unauthorized(Refusal::default()),
            ModelError::Refused(Refusal::default()),
            ModelError::Broken(Broken::Json),
        ] {
            assert_eq!(wait(&error), None, "{error:?}");
        }
    }
}
