//! A webhook's target in a cluster: takes everything, and prints each notification as a line of JSON, so that
//! `kubectl logs` shows what came and when.
//!
//! `webhook-sink ADDRESS:PORT`, or without an address on every one, port 8080.

use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use e2e::Notification;

const ADDRESS: &str = "0.0.0.0:8080";

#[actix_web::main]
async fn main() -> std::io::Result<()> {
    let address = std::env::args().nth(1).unwrap_or_else(|| ADDRESS.to_owned());
    HttpServer::new(|| App::new().default_service(web::to(take)))
        .workers(1)
        .bind(address)?
        .run()
        .await
}

async fn take(request: HttpRequest, body: web::Bytes) -> HttpResponse {
    let notification = Notification::of(&request, &body);
    println!("{}", serde_json::to_string(&notification).unwrap_or_default());
    HttpResponse::NoContent().finish()
}
