//! The signature of the Standard Webhooks specification.

use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

const SECRET_PREFIX: &str = "whsec_";
const SIGNATURE_VERSION: &str = "v1";

/// A webhook's secret can't be read.
#[derive(Debug, thiserror::Error)]
#[error("the webhook's secret is no whsec_ and base64")]
pub struct InvalidSecret;

/// The `webhook-signature` header: `v1,` and the base64 of HMAC-SHA256 over `{id}.{timestamp}.{body}`.
/// The secret is `whsec_` and base64; `timestamp` is in seconds since 1970.
///
/// # Errors
/// [`InvalidSecret`] for a secret of another form.
pub fn sign(secret: &str, id: &str, timestamp: i64, body: &[u8]) -> Result<String, InvalidSecret> {
    let key = secret.strip_prefix(SECRET_PREFIX).unwrap_or(secret);
    let key = BASE64.decode(key).map_err(|_| InvalidSecret)?;
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).map_err(|_| InvalidSecret)?;
    mac.update(format!("{id}.{timestamp}.").as_bytes());
    mac.update(body);
    let signature = BASE64.encode(mac.finalize().into_bytes());
    Ok(format!("{SIGNATURE_VERSION},{signature}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_signature_of_the_specifications_example() {
        // From the specification's own text: secret, id, time and body as printed there.
        let signature = sign(
            "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            1_614_265_330,
            br#"{"test": 2432232314}"#,
        );
        let expected = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
        assert_eq!(signature.ok().as_deref(), Some(expected));
    }

    #[test]
    fn a_secret_that_is_no_base64_is_refused() {
        assert!(sign("whsec_!", "id", 0, b"").is_err());
    }
}
