//! A run from beginning to end.

use std::{fs, io::Write, net::SocketAddr};

use super::{
    address::{public_address, url},
    error::RunError,
    leftovers::Records,
    lock::DataLock,
    preparation::{Prepared, bin_dir, prepare},
    readiness::everything_answers,
    settings::RunSettings,
    signals::Wishes,
    stack::Stack,
};
use crate::postgres::{Durability, Server, ServerOptions};

/// Runs the whole system until SIGINT, SIGTERM or SIGHUP; prints `ready: URL` on stdout when
/// everything answers.
///
/// # Errors
/// [`RunError`] when it can't be started; what dies later is started again.
pub async fn run(settings: RunSettings) -> Result<(), RunError> {
    let wishes = Wishes::listen().map_err(RunError::system("catch signals"))?;
    let data = &settings.data;
    let data = fs::create_dir_all(data)
        .and_then(|()| fs::canonicalize(data))
        .map_err(RunError::system(format!("use the folder {}", data.display())))?;
    // Where this program was built anew, what is started later is the new one.
    let program = std::env::current_exe().map_err(RunError::system("find this program"))?;
    let bin_dir = bin_dir(&settings, &program)?;
    let _lock = DataLock::take(&data).await?;
    let records = Records::open(&data)?;
    records.end_leftovers().await?;
    let address = public_address(&settings.host, settings.port).await?;

    let options = ServerOptions {
        data: data.clone(),
        search: settings.postgres.clone().into(),
        port: None,
        durability: Durability::Durable,
    };
    let server = tokio::select! {
        started = Server::start(options.clone()) => started?,
        () = wishes.stop.cancelled() => return Ok(()),
    };
    let preparing = prepare(&settings, &data, &program, &bin_dir, &records, address, &server);
    let prepared = tokio::select! {
        prepared = preparing => prepared,
        () = wishes.stop.cancelled() => return Ok(server.stop_in_a_hurry(&wishes.hurry).await?),
    };
    match prepared {
        Ok(prepared) => {
            serve(address, prepared, &records, server, options, &wishes).await;
            Ok(())
        }
        Err(error) => {
            server.stop_in_a_hurry(&wishes.hurry).await?;
            Err(error)
        }
    }
}

async fn serve(
    address: SocketAddr,
    prepared: Prepared,
    records: &Records,
    server: Server,
    options: ServerOptions,
    wishes: &Wishes,
) {
    let applications = prepared.applications.clone();
    let stack = Stack::start(prepared, records, server, options, &wishes.hurry);
    tokio::select! {
        answers = everything_answers(address, &applications) => match answers {
            Ok(()) => say_ready(address),
            Err(error) => tracing::error!("nobody can be asked whether it is ready: {error}"),
        },
        () = wishes.stop.cancelled() => {}
    }
    wishes.stop.cancelled().await;
    stack.stop().await;
}

/// The one line on stdout.
fn say_ready(address: SocketAddr) {
    let mut stdout = std::io::stdout().lock();
    // Whoever closed our stdout does not wait for the line.
    let _unread = writeln!(stdout, "ready: {}", url(address)).and_then(|()| stdout.flush());
}
