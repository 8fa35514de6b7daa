//! What must be there before the parts start: databases, schemas, topics, resources.

use std::{ffi::OsString, net::SocketAddr, path::Path};

use events::{Service, Topic};
use platform::database;
use secrecy::SecretString;

use super::{
    address::url,
    environment::{Application, SEALING_KEYS, SidecarSettings, binary, new_sealing_keys},
    error::RunError,
    resources,
    settings::RunSettings,
};
use crate::{
    postgres::{Secrets, Server},
    process::{Child, describe},
    sidecar::topics::{self, TopicSpec},
};

/// Connections for making schema and topics.
const BUS_CONNECTIONS: u32 = 2;
/// Who may be reached by webhooks on a person's own machine.
const WEBHOOK_ALLOW: &str = "WEBHOOK_ALLOW";
/// Whether the first account administers: on a person's own machine it does.
const FIRST_ACCOUNT_IS_ADMIN: &str = "FIRST_ACCOUNT_IS_ADMIN";

/// All that is needed to start the parts.
#[derive(Debug)]
pub(crate) struct Prepared {
    /// The services, in the order of the architecture.
    pub(crate) applications: [Application; 2],
    /// What their sidecars share.
    pub(crate) sidecars: SidecarSettings,
    /// The keys that both services seal with.
    pub(crate) sealing_keys: SecretString,
}

/// The folder with the services' binaries, all of which are there.
///
/// # Errors
/// [`RunError::Binary`] for the first that is missing.
pub(crate) fn bin_dir(
    settings: &RunSettings,
    program: &Path,
) -> Result<std::path::PathBuf, RunError> {
    let beside = || program.parent().unwrap_or(Path::new(".")).to_owned();
    let folder = settings.bin_dir.clone().unwrap_or_else(beside);
    let folder = std::path::absolute(&folder).unwrap_or(folder);
    for service in [Service::ChatApi, Service::ReminderWorker] {
        let path = binary(&folder, service);
        if !path.is_file() {
            return Err(RunError::Binary { path });
        }
    }
    Ok(folder)
}

/// Makes databases, schemas, topics and resources, new or up to date.
///
/// # Errors
/// [`RunError`].
pub(crate) async fn prepare(
    settings: &RunSettings,
    data: &Path,
    program: &Path,
    bin_dir: &Path,
    address: SocketAddr,
    server: &Server,
) -> Result<Prepared, RunError> {
    // No role is called as a schema is: PostgreSQL would look there first for what has no schema.
    let chat = server.create_database_and_role("chat", "chat_api").await?;
    let worker = server.create_database_and_role("worker", "reminder_worker").await?;
    let bus_url = server.create_database_and_role("bus", "local_bus").await?;
    let secrets = Secrets::open(data.join("secrets"))?;
    let sealing_keys = secrets.get_or_create_with(SEALING_KEYS, new_sealing_keys)?;
    let public_url = settings.public_url.clone().unwrap_or_else(|| url(address));
    let mut for_chat = vec![
        ("LISTEN_ADDR", address.to_string().into()),
        ("PUBLIC_URL", OsString::from(public_url)),
    ];
    for_chat.extend(unless_set(FIRST_ACCOUNT_IS_ADMIN, "true"));
    let for_worker = unless_set(WEBHOOK_ALLOW, "loopback").into_iter().collect();
    let no_port = RunError::system("find free ports");
    let applications = Application::new(Service::ChatApi, bin_dir, chat, for_chat)
        .and_then(|chat| {
            let worker = Application::new(Service::ReminderWorker, bin_dir, worker, for_worker)?;
            Ok([chat, worker])
        })
        .map_err(no_port)?;
    let [chat, worker] = &applications;
    tokio::try_join!(
        migrate(chat, &sealing_keys),
        migrate(worker, &sealing_keys),
        prepare_bus(&bus_url)
    )?;
    let resources = resources::write(data)?;
    let sidecars = SidecarSettings { program: program.to_owned(), resources, bus_url };
    Ok(Prepared { applications, sidecars, sealing_keys })
}

/// What a service is told where nobody has told it otherwise.
fn unless_set(name: &'static str, value: &str) -> Option<(&'static str, OsString)> {
    std::env::var_os(name).is_none().then(|| (name, value.into()))
}

async fn migrate(application: &Application, sealing_keys: &SecretString) -> Result<(), RunError> {
    let service = application.service.name();
    let command = application.command(Some("migrate"), sealing_keys);
    let not_run = || RunError::system(format!("run {service} migrate"));
    let mut child = Child::start(service, command, None).await.map_err(not_run())?;
    let status = child.ended().await.map_err(not_run())?;
    if status.success() {
        return Ok(());
    }
    let (status, output) = (describe(status), child.tail().text());
    Err(RunError::Migration { service, status, output })
}

async fn prepare_bus(url: &SecretString) -> Result<(), RunError> {
    let pool = database::pool(url, "local", BUS_CONNECTIONS)?;
    topics::migrate(&pool).await.map_err(RunError::BusSchema)?;
    let specs = Topic::ALL.map(|topic| TopicSpec {
        name: topic.name().to_owned(),
        partitions: Topic::PARTITIONS,
        retention_days: topic.retention_days(),
    });
    topics::create(&pool, &specs).await.map_err(RunError::Topics)?;
    pool.close().await;
    Ok(())
}
