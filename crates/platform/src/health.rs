//! The health listener: is the process alive, can it work, what has it done?
//!
//! Bound to the pod's address, never behind the ingress. A service is ready when its database
//! answers and has what this release needs; the bus may be away, nobody waits for it.

use std::{net::TcpListener, sync::Arc, time::Duration};

use actix_web::{App, HttpResponse, HttpServer, dev::Server, web};
use sqlx::PgPool;

use crate::{
    metrics::{self, Metrics},
    schema::Schema,
};

/// The longest that a readiness probe waits for the database, in seconds.
pub const READINESS_TIMEOUT_SECS: u64 = 2;

/// Serves `GET /healthz` (200 while the process runs), `GET /readyz` (200 while the database answers and is
/// migrated, else 503 and why) and `GET /metrics` on a listener.
///
/// # Errors
/// The listener's own error.
pub fn serve(
    listener: TcpListener,
    pool: PgPool,
    schema: Schema,
    metrics: Metrics,
) -> std::io::Result<Server> {
    let metrics = web::Data::from(Arc::new(metrics));
    Ok(HttpServer::new(move || {
        App::new()
            .app_data(web::Data::new(pool.clone()))
            .app_data(web::Data::new(schema.clone()))
            .app_data(metrics.clone())
            .route("/healthz", web::get().to(healthz))
            .route("/readyz", web::get().to(readyz))
            .route("/metrics", web::get().to(scrape))
    })
    .workers(1)
    .disable_signals()
    .listen(listener)?
    .run())
}

async fn healthz() -> HttpResponse {
    HttpResponse::Ok().body("alive\n")
}

async fn readyz(pool: web::Data<PgPool>, schema: web::Data<Schema>) -> HttpResponse {
    let limit = Duration::from_secs(READINESS_TIMEOUT_SECS);
    match tokio::time::timeout(limit, schema.is_current(&pool)).await {
        Ok(Ok(true)) => HttpResponse::Ok().body("ready\n"),
        Ok(Ok(false)) => {
            HttpResponse::ServiceUnavailable().body("the database is not migrated yet\n")
        }
        _ => HttpResponse::ServiceUnavailable().body("the database does not answer\n"),
    }
}

async fn scrape(metrics: web::Data<Metrics>) -> HttpResponse {
    match metrics.scrape().await {
        Ok(text) => HttpResponse::Ok().content_type(metrics::CONTENT_TYPE).body(text),
        Err(error) => {
            tracing::error!(error = &error as &dyn std::error::Error, "metrics can't be written");
            HttpResponse::InternalServerError().finish()
        }
    }
}
