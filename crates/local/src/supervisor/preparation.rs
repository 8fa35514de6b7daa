//! What must be there before the parts start: databases, schemas, topics, resources.

use std::{ffi::OsString, net::SocketAddr, path::Path};

use events::{Service, Topic};
use kafka_admin::Admin;
use platform::database;
use secrecy::{ExposeSecret, SecretString};

use super::{
    address::url,
    environment::{
        Application, SEALING_KEYS, SidecarKind, SidecarSettings, VAPID_KEY, binary,
        new_sealing_keys, new_vapid_private_key, vapid_public_key,
    },
    error::RunError,
    leftovers::Records,
    resources::{self, Written},
    settings::{Bus, RunSettings},
};
use crate::{
    kafka::{Broker, BrokerOptions, Libraries},
    postgres::{Secrets, Server},
    process::{Child, describe},
    sidecar::topics::{self, TopicSpec},
};

/// The broker's folder in `DATA`, and its name.
const KAFKA: &str = "kafka";
/// On how many brokers a record is kept where there is one.
const ONE_BROKER: u16 = 1;
/// Connections for making schema and topics.
const BUS_CONNECTIONS: u32 = 2;
/// Who may be reached by webhooks on a person's own machine.
const WEBHOOK_ALLOW: &str = "WEBHOOK_ALLOW";
/// The keys of Web Push, the worker's and chat-api's: made up unless somebody brings their own.
const VAPID_KEYS: [&str; 2] = ["VAPID_PRIVATE_KEY", "VAPID_PUBLIC_KEY"];
/// Where push services reach the operator; of one's own machine they need not.
const VAPID_SUBJECT: &str = "VAPID_SUBJECT";
const NOBODY: &str = "mailto:nobody@example.org";
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
    /// The broker that runs already, and how to run it again; none where the bus needs none.
    pub(crate) kafka: Option<(Broker, BrokerOptions)>,
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

/// Makes databases, schemas, topics and resources, new or up to date; starts the broker where there is
/// to be one.
///
/// # Errors
/// [`RunError`].
pub(crate) async fn prepare(
    settings: &RunSettings,
    data: &Path,
    program: &Path,
    bin_dir: &Path,
    records: &Records,
    address: SocketAddr,
    server: &Server,
) -> Result<Prepared, RunError> {
    // No role is called as a schema is: PostgreSQL would look there first for what has no schema.
    let chat = server.create_database_and_role("chat", "chat_api").await?;
    let worker = server.create_database_and_role("worker", "reminder_worker").await?;
    let secrets = Secrets::open(data.join("secrets"))?;
    let sealing_keys = secrets.get_or_create_with(SEALING_KEYS, new_sealing_keys)?;
    let public_url = settings.public_url.clone().unwrap_or_else(|| url(address));
    let mut for_chat = vec![
        ("LISTEN_ADDR", address.to_string().into()),
        ("PUBLIC_URL", OsString::from(&public_url)),
    ];
    for_chat.extend(unless_set(FIRST_ACCOUNT_IS_ADMIN, "true"));
    let mut for_worker = vec![("PUBLIC_URL", OsString::from(public_url))];
    for_worker.extend(unless_set(WEBHOOK_ALLOW, "loopback"));
    if VAPID_KEYS.iter().all(|name| std::env::var_os(name).is_none()) {
        let private = secrets.get_or_create_with(VAPID_KEY, new_vapid_private_key)?;
        let [of_worker, of_chat] = VAPID_KEYS;
        for_chat.extend(vapid_public_key(&private).map(|public| (of_chat, public.into())));
        for_worker.push((of_worker, private.expose_secret().into()));
        for_worker.extend(unless_set(VAPID_SUBJECT, NOBODY));
    }
    let no_port = RunError::system("find free ports");
    let applications = Application::new(Service::ChatApi, bin_dir, chat, for_chat)
        .and_then(|chat| {
            let worker = Application::new(Service::ReminderWorker, bin_dir, worker, for_worker)?;
            Ok([chat, worker])
        })
        .map_err(no_port)?;
    let [chat, worker] = &applications;
    let preparing_bus = async {
        match settings.bus {
            Bus::Local => prepare_local(program, server).await,
            Bus::Kafka => prepare_kafka(settings, data, records).await,
        }
    };
    let ((), (), (kind, kafka)) = tokio::try_join!(
        migrate(chat, &sealing_keys),
        migrate(worker, &sealing_keys),
        preparing_bus
    )?;
    let broker = kafka.as_ref().map(|(broker, _)| broker.address());
    let Written { resources, config } = resources::write(data, broker)?;
    let sidecars = SidecarSettings { kind, resources, config };
    Ok(Prepared { applications, sidecars, sealing_keys, kafka })
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

/// What the sidecars are, and the broker that they need.
type PreparedBus = (SidecarKind, Option<(Broker, BrokerOptions)>);

async fn prepare_local(program: &Path, server: &Server) -> Result<PreparedBus, RunError> {
    let bus_url = server.create_database_and_role("bus", "local_bus").await?;
    let pool = database::pool(&bus_url, "local", BUS_CONNECTIONS)?;
    topics::migrate(&pool).await.map_err(RunError::BusSchema)?;
    let specs = Topic::ALL.map(|topic| TopicSpec {
        name: topic.name().to_owned(),
        partitions: Topic::PARTITIONS,
        retention_days: topic.retention_days(),
    });
    topics::create(&pool, &specs).await.map_err(RunError::Topics)?;
    pool.close().await;
    Ok((SidecarKind::Local { program: program.to_owned(), bus_url }, None))
}

async fn prepare_kafka(
    settings: &RunSettings,
    data: &Path,
    records: &Records,
) -> Result<PreparedBus, RunError> {
    let daprd = settings.daprd.clone().ok_or(RunError::NoDaprd)?;
    let mut options = BrokerOptions {
        folder: data.join(KAFKA),
        libraries: Libraries::find(settings.kafka_libs.as_deref())?,
        port: settings.kafka_port,
        record: Some(records.of(KAFKA)),
    };
    let broker = Broker::start(options.clone()).await?;
    // Its sidecars know it by that one.
    options.port = Some(broker.address().port());
    let specs = Topic::ALL.map(|topic| kafka_admin::TopicSpec::of(topic, ONE_BROKER));
    let mut admin = Admin::connect(&broker.address().to_string()).await?;
    admin.ensure_topics(&specs).await?;
    let kind = SidecarKind::Daprd { program: daprd };
    Ok((kind, Some((broker, options))))
}
