//! The public listener and what stands around every route.
//!
//! From the outside in: the connection's deadlines, the security headers, correlation id and span, other
//! sites' pages (CORS), rate limits, the routes. So a preflight costs no quota, whatever is refused has
//! all headers, and a request over its limit has cost neither its body nor the database.

use std::{net::TcpListener, time::Duration};

use actix_http::HttpService;
use actix_server::Server;
use actix_service::{IntoServiceFactory, ServiceFactoryExt, fn_service, map_config};
use actix_web::{
    App, Error,
    body::BoxBody,
    dev::{AppConfig, ServiceFactory, ServiceRequest, ServiceResponse},
    middleware::{Condition, from_fn},
    web,
};
use nix::sys::socket::{setsockopt, sockopt::SndBuf};
use tokio::net::TcpStream;

use super::{
    body::BodyTimeout,
    configure,
    connection::{self, Connection, Patience},
    cors, limits, middleware, security,
};
use crate::{context::Context, settings::HttpSettings};

/// How long a request in flight may take to end after the signal, in seconds.
const REQUEST_DRAIN_SECS: u64 = 10;
/// How long a connection that is being closed waits for its client, in seconds.
const DISCONNECT_TIMEOUT_SECS: u64 = 2;
/// What the kernel keeps for a client that is slow to read, in bytes (it counts its own overhead too).
/// Without a bound it would let each have megabytes.
const SEND_BUFFER_BYTES: usize = 64 * 1024;
/// What the application keeps of an answer before it waits for the client, in bytes, beside the one
/// chunk that goes over.
const WRITE_BUFFER_BYTES: usize = 32 * 1024;

/// What the workers share.
#[derive(Clone)]
struct Shared {
    context: web::Data<Context>,
    limits: web::Data<limits::Limits>,
    settings: HttpSettings,
}

/// Serves the public API on a listener.
///
/// # Errors
/// The listener's own error.
pub(crate) fn serve(
    listener: TcpListener,
    settings: &HttpSettings,
    context: Context,
) -> std::io::Result<Server> {
    // Those that it accepts have it from the listener.
    setsockopt(&listener, SndBuf, &SEND_BUFFER_BYTES)?;
    let builder = Server::build();
    let stopping = builder.graceful_shutdown_signal();
    let builder = match settings.http_workers {
        Some(workers) => builder.workers(workers.into()),
        None => builder,
    };
    let shared = Shared {
        context: web::Data::new(context),
        limits: web::Data::new(limits::Limits::new(settings)),
        settings: settings.clone(),
    };
    let (keep_alive, head_timeout) = (settings.keep_alive(), settings.head_timeout());
    let patience = Patience {
        head: head_timeout,
        write: settings.write_timeout(),
        idle: keep_alive + head_timeout,
    };
    Ok(builder
        .max_concurrent_connections(settings.max_connections_per_worker())
        .disable_signals()
        .shutdown_timeout(REQUEST_DRAIN_SECS)
        .listen("public", listener, move || {
            let stopping = stopping.clone();
            let app = application(&shared).into_factory();
            let app = app.map_err(|error: Error| error.error_response());
            let http = HttpService::build()
                .graceful_shutdown_signal(move || {
                    let stopping = stopping.clone();
                    async move { stopping.notified().await }
                })
                .keep_alive(keep_alive)
                .client_request_timeout(head_timeout)
                .client_disconnect_timeout(Duration::from_secs(DISCONNECT_TIMEOUT_SECS))
                // Who closes has gone: a stream ends then, and not at its next heartbeat.
                .h1_allow_half_closed(false)
                .h1_write_buffer_size(WRITE_BUFFER_BYTES)
                .on_connect_ext(Connection::introduce)
                .h1(map_config(app, |()| AppConfig::default()));
            fn_service(move |socket: TcpStream| async move {
                let peer = socket.peer_addr().ok();
                // An event is small, and waits for no other.
                let _best_effort = socket.set_nodelay(true);
                Ok((Connection::new(socket, patience), peer))
            })
            .and_then(http)
        })?
        .run())
}

/// The application of one worker.
fn application(
    shared: &Shared,
) -> App<
    impl ServiceFactory<
        ServiceRequest,
        Config = (),
        Response = ServiceResponse<BoxBody>,
        Error = Error,
        InitError = (),
    > + use<>,
> {
    let origins = &shared.settings.cors_origins;
    App::new()
        .app_data(shared.context.clone())
        .app_data(shared.limits.clone())
        .app_data(BodyTimeout(shared.settings.body_timeout()))
        .configure(configure)
        .wrap(from_fn(limits::limit))
        .wrap(Condition::new(!origins.is_empty(), cors::open_to(origins)))
        .wrap(from_fn(middleware::correlate))
        .wrap(from_fn(security::harden))
        .wrap(from_fn(connection::follow))
}
