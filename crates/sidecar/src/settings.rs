//! Where the sidecar is and which tokens pass between it and the application.
//!
//! Owns: reading Dapr's standard environment names. Promises: a value that is set but unusable is
//! an error that names the variable, never a silent default (a token that could not be read would
//! otherwise switch its check off). Never: prints a token.

use std::env::{self, VarError};

use dapr::client::config::{
    APP_API_TOKEN_ENV, DAPR_API_TOKEN_ENV, DAPR_CLIENT_TIMEOUT_SECONDS_ENV,
    DEFAULT_CLIENT_TIMEOUT_SECONDS,
};
use secrecy::SecretString;
use thiserror::Error;
use url::Url;

/// How long a publish may take in all, unless the settings say otherwise. daprd sets no limit of
/// its own towards the broker: a frozen one held a call for 79 s.
pub const DEFAULT_PUBLISH_TIMEOUT_SECS: u64 = 30;
/// How long a health or metadata question may take in all.
pub const DEFAULT_HEALTH_TIMEOUT_SECS: u64 = 3;

/// The sidecar's whole HTTP address. The `dapr` crate names only its gRPC twin.
const DAPR_HTTP_ENDPOINT_ENV: &str = "DAPR_HTTP_ENDPOINT";
/// The sidecar's HTTP port on 127.0.0.1, where no endpoint is given.
const DAPR_HTTP_PORT_ENV: &str = "DAPR_HTTP_PORT";
/// The port that daprd itself takes by default.
const DEFAULT_DAPR_HTTP_PORT: u16 = 3500;

/// How to reach the sidecar, and how it proves itself to us.
#[derive(Clone, Debug)]
pub struct SidecarSettings {
    /// The base address, `http` or `https`; a path is kept as a prefix, a query is dropped.
    pub endpoint: Url,
    /// Sent with every call as `dapr-api-token`, if there is one.
    pub api_token: Option<SecretString>,
    /// What the sidecar must send with every delivery; none means no check.
    pub app_api_token: Option<SecretString>,
    /// The longest wait for a connection, in seconds.
    pub connect_timeout_secs: u64,
    /// The longest publish or bulk publish, connecting included, in seconds.
    pub publish_timeout_secs: u64,
    /// The longest health or metadata question, in seconds.
    pub health_timeout_secs: u64,
}

/// Why the settings cannot be used.
#[derive(Debug, Error)]
pub enum SettingsError {
    /// The variable's bytes are not text.
    #[error("{variable} is not valid Unicode")]
    NotUnicode {
        /// The environment variable.
        variable: &'static str,
    },
    /// The variable is not what it has to be.
    #[error("{variable} must be {expected}")]
    Invalid {
        /// The environment variable.
        variable: &'static str,
        /// What it has to be.
        expected: &'static str,
    },
    /// The HTTP client could not be made, for example for want of TLS roots.
    #[error("cannot make the HTTP client for the sidecar")]
    Client(#[source] reqwest::Error),
}

impl SidecarSettings {
    /// Settings for a sidecar at `endpoint`, without tokens and with the default time-outs.
    #[must_use]
    pub fn at(endpoint: Url) -> Self {
        Self {
            endpoint,
            api_token: None,
            app_api_token: None,
            connect_timeout_secs: DEFAULT_CLIENT_TIMEOUT_SECONDS,
            publish_timeout_secs: DEFAULT_PUBLISH_TIMEOUT_SECS,
            health_timeout_secs: DEFAULT_HEALTH_TIMEOUT_SECS,
        }
    }

    /// Reads `DAPR_HTTP_ENDPOINT`, else `DAPR_HTTP_PORT` (3500) on 127.0.0.1, `DAPR_API_TOKEN`,
    /// `APP_API_TOKEN` and `DAPR_CLIENT_TIMEOUT_SECONDS` (to connect) from the environment. An
    /// empty variable is an unset one.
    ///
    /// # Errors
    /// A variable that is set and cannot be used.
    pub fn from_env() -> Result<Self, SettingsError> {
        Self::read(|variable| match env::var(variable) {
            Ok(value) => Ok(Some(value)),
            Err(VarError::NotPresent) => Ok(None),
            Err(VarError::NotUnicode(_)) => Err(SettingsError::NotUnicode { variable }),
        })
    }

    /// The same as [`Self::from_env`] from any source of names and values.
    ///
    /// # Errors
    /// A variable that is set and cannot be used.
    pub fn from_lookup(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, SettingsError> {
        Self::read(|variable| Ok(lookup(variable)))
    }

    fn read(
        lookup: impl Fn(&'static str) -> Result<Option<String>, SettingsError>,
    ) -> Result<Self, SettingsError> {
        let get = |variable| Ok(lookup(variable)?.filter(|value| !value.is_empty()));
        let endpoint = match get(DAPR_HTTP_ENDPOINT_ENV)? {
            Some(text) => parse_endpoint(&text)?,
            None => local_endpoint(get(DAPR_HTTP_PORT_ENV)?.as_deref())?,
        };
        let mut settings = Self::at(endpoint);
        settings.api_token = parse_token(DAPR_API_TOKEN_ENV, get(DAPR_API_TOKEN_ENV)?)?;
        settings.app_api_token = parse_token(APP_API_TOKEN_ENV, get(APP_API_TOKEN_ENV)?)?;
        if let Some(text) = get(DAPR_CLIENT_TIMEOUT_SECONDS_ENV)? {
            settings.connect_timeout_secs = parse_seconds(&text)?;
        }
        Ok(settings)
    }
}

fn parse_endpoint(text: &str) -> Result<Url, SettingsError> {
    let invalid = || SettingsError::Invalid {
        variable: DAPR_HTTP_ENDPOINT_ENV,
        expected: "an http or https address",
    };
    let mut endpoint = Url::parse(text).map_err(|_| invalid())?;
    if !matches!(endpoint.scheme(), "http" | "https") || !endpoint.has_host() {
        return Err(invalid());
    }
    endpoint.set_query(None);
    endpoint.set_fragment(None);
    Ok(endpoint)
}

fn local_endpoint(port: Option<&str>) -> Result<Url, SettingsError> {
    let invalid = || SettingsError::Invalid {
        variable: DAPR_HTTP_PORT_ENV,
        expected: "a port between 1 and 65535",
    };
    let port = match port {
        None => DEFAULT_DAPR_HTTP_PORT,
        Some(text) => match text.parse::<u16>() {
            Ok(port) if port > 0 => port,
            _ => return Err(invalid()),
        },
    };
    Url::parse(&format!("http://127.0.0.1:{port}")).map_err(|_| invalid())
}

/// A token has to fit into a header. One with the line end of the file it came from would not, and
/// would fail later at every call.
fn parse_token(
    variable: &'static str,
    value: Option<String>,
) -> Result<Option<SecretString>, SettingsError> {
    match value {
        Some(token) if !token.bytes().all(|byte| byte.is_ascii_graphic()) => {
            Err(SettingsError::Invalid {
                variable,
                expected: "visible ASCII without spaces or line ends",
            })
        }
        token => Ok(token.map(SecretString::from)),
    }
}

fn parse_seconds(text: &str) -> Result<u64, SettingsError> {
    match text.parse() {
        Ok(secs) if secs > 0 => Ok(secs),
        _ => Err(SettingsError::Invalid {
            variable: DAPR_CLIENT_TIMEOUT_SECONDS_ENV,
            expected: "a whole number of seconds above 0",
        }),
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Result<SidecarSettings, SettingsError> {
        SidecarSettings::from_lookup(|name| {
            let found = pairs.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn nothing_set_means_the_local_sidecar_without_tokens() {
        let settings = read(&[]).unwrap();
        assert_eq!(settings.endpoint.as_str(), "http://127.0.0.1:3500/");
        assert!(settings.api_token.is_none());
        assert!(settings.app_api_token.is_none());
        assert_eq!(settings.connect_timeout_secs, 5);
        assert_eq!(settings.publish_timeout_secs, DEFAULT_PUBLISH_TIMEOUT_SECS);
    }

    #[test]
    fn the_endpoint_wins_over_the_port() {
        let port = ("DAPR_HTTP_PORT", "3601");
        let settings = read(&[port]).unwrap();
        assert_eq!(settings.endpoint.as_str(), "http://127.0.0.1:3601/");
        let settings = read(&[port, ("DAPR_HTTP_ENDPOINT", "https://dapr.test/x?tls=true")]);
        assert_eq!(settings.unwrap().endpoint.as_str(), "https://dapr.test/x");
    }

    #[test]
    fn tokens_are_read_by_their_standard_names_and_never_printed() {
        let tokens = [("DAPR_API_TOKEN", "out-1"), ("APP_API_TOKEN", "in-1")];
        let settings = read(&tokens).unwrap();
        assert_eq!(settings.api_token.as_ref().unwrap().expose_secret(), "out-1");
        assert_eq!(settings.app_api_token.as_ref().unwrap().expose_secret(), "in-1");
        let printed = format!("{settings:?}");
        assert!(!printed.contains("out-1") && !printed.contains("in-1"), "{printed}");
    }

    #[test]
    fn an_empty_variable_is_an_unset_one() {
        let settings = read(&[
            ("DAPR_HTTP_ENDPOINT", ""),
            ("DAPR_HTTP_PORT", ""),
            ("DAPR_API_TOKEN", ""),
            ("APP_API_TOKEN", ""),
            ("DAPR_CLIENT_TIMEOUT_SECONDS", ""),
        ])
        .unwrap();
        assert_eq!(settings.endpoint.as_str(), "http://127.0.0.1:3500/");
        assert!(settings.api_token.is_none() && settings.app_api_token.is_none());
    }

    #[test]
    fn what_is_set_and_unusable_is_named() {
        for (variable, value) in [
            ("DAPR_HTTP_ENDPOINT", "127.0.0.1:3500"),
            ("DAPR_HTTP_ENDPOINT", "unix:///var/run/dapr.sock"),
            ("DAPR_HTTP_PORT", "0"),
            ("DAPR_HTTP_PORT", "70000"),
            ("DAPR_HTTP_PORT", "http"),
            ("DAPR_API_TOKEN", "with a line end\n"),
            ("APP_API_TOKEN", "schlüssel"),
            ("DAPR_CLIENT_TIMEOUT_SECONDS", "0"),
            ("DAPR_CLIENT_TIMEOUT_SECONDS", "soon"),
        ] {
            let error = read(&[(variable, value)]).unwrap_err().to_string();
            assert!(error.starts_with(variable), "{variable}={value}: {error}");
            let is_token = variable.ends_with("_TOKEN");
            assert!(!is_token || !error.contains(value), "{error}");
        }
    }

    #[test]
    fn the_connect_time_out_comes_from_the_standard_name() {
        let settings = read(&[("DAPR_CLIENT_TIMEOUT_SECONDS", "17")]).unwrap();
        assert_eq!(settings.connect_timeout_secs, 17);
    }
}
