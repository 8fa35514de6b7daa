//! How the server runs.

/// Connections to a durable server, at the most.
const DURABLE_CONNECTIONS: u32 = 150;
/// Connections to an ephemeral server, at the most: many tests, each with pools of its own.
const EPHEMERAL_CONNECTIONS: u32 = 600;

/// What a commit is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// It survives a power cut.
    Durable,
    /// It is gone with the machine, and much faster: for tests.
    Ephemeral,
}

/// The server's settings as `name=value`.
pub(crate) fn settings(port: u16, durability: Durability) -> Vec<String> {
    let mut settings = vec![
        format!("port={port}"),
        "listen_addresses=127.0.0.1".to_owned(),
        // A socket's path may be longer than the system allows, and its folder not ours to write.
        "unix_socket_directories=".to_owned(),
        "timezone=UTC".to_owned(),
        "log_timezone=UTC".to_owned(),
        // Details quote values, which may be what a person wrote.
        "log_error_verbosity=terse".to_owned(),
        "log_checkpoints=off".to_owned(),
        "log_line_prefix=".to_owned(),
        "logging_collector=off".to_owned(),
    ];
    let rest: &[&str] = match durability {
        Durability::Durable => &[
            "fsync=on",
            "synchronous_commit=on",
            "full_page_writes=on",
            "log_min_messages=warning",
        ],
        Durability::Ephemeral => &[
            // Tests make errors on purpose.
            "log_min_messages=fatal",
            "fsync=off",
            "synchronous_commit=off",
            "full_page_writes=off",
            "wal_level=minimal",
            "max_wal_senders=0",
        ],
    };
    let connections = match durability {
        Durability::Durable => DURABLE_CONNECTIONS,
        Durability::Ephemeral => EPHEMERAL_CONNECTIONS,
    };
    settings.extend(rest.iter().map(|&setting| setting.to_owned()));
    settings.push(format!("max_connections={connections}"));
    settings
}
