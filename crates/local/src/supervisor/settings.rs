//! What `local run` is told, by flags or the environment; `--help` documents it.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::postgres::Search;

/// The folder of the cache below the user's.
const CACHE_NAME: &str = "todo-local";

/// How events travel between the services.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Bus {
    /// Local sidecars over a log in PostgreSQL
    Local,
    /// daprd and a Kafka of this machine's own
    Kafka,
}

/// Where PostgreSQL's binaries are looked for.
#[derive(Args, Clone, Debug)]
pub struct PostgresSettings {
    /// The folder with PostgreSQL's binaries; looked for if it is not set
    #[arg(long, env)]
    pub pg_bin: Option<PathBuf>,

    /// Where downloaded tools are kept; todo-local in the user's cache if it is not set
    #[arg(long, env)]
    pub cache: Option<PathBuf>,
}

/// The settings of `local run`.
#[derive(Args, Clone, Debug)]
pub struct RunSettings {
    /// The port of the web page and API; 0 for any free one
    #[arg(long, env, default_value_t = 8080)]
    pub port: u16,

    /// The address of the web page and API; 0.0.0.0 is every address of this machine
    #[arg(long, env, default_value = "127.0.0.1")]
    pub host: String,

    /// Everything that is kept is in this folder
    #[arg(long, env, default_value = "data")]
    pub data: PathBuf,

    /// How events travel between the services
    #[arg(long, env, value_enum, default_value = "local")]
    pub bus: Bus,

    /// Where daprd is, for BUS=kafka
    #[arg(long, env)]
    pub daprd: Option<PathBuf>,

    /// The folder with Kafka's jars, for BUS=kafka
    #[arg(long, env)]
    pub kafka_libs: Option<PathBuf>,

    /// The port of Kafka on this machine, for BUS=kafka; if it is not set the last one, else 9092 where that is free
    #[arg(long, env)]
    pub kafka_port: Option<u16>,

    /// What people type to reach it, where that is not http://HOST:PORT
    #[arg(long, env)]
    pub public_url: Option<String>,

    /// The folder with the services' binaries; beside this one if it is not set
    #[arg(long, env)]
    pub bin_dir: Option<PathBuf>,

    /// PostgreSQL's binaries.
    #[command(flatten)]
    pub postgres: PostgresSettings,
}

impl From<PostgresSettings> for Search {
    fn from(settings: PostgresSettings) -> Self {
        Self { pg_bin: settings.pg_bin, cache: settings.cache.or_else(default_cache) }
    }
}

/// `$XDG_CACHE_HOME`, else `~/.cache`; the preflight installs to the same place.
fn default_cache() -> Option<PathBuf> {
    let variable = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    let cache = variable("XDG_CACHE_HOME").map(PathBuf::from);
    let of_home = || variable("HOME").map(|home| PathBuf::from(home).join(".cache"));
    cache.or_else(of_home).map(|cache| cache.join(CACHE_NAME))
}
