//! `/`: what runs here.

use actix_web::HttpResponse;

const PAGE: &str = include_str!("page.html");
/// What the page holds is all that it needs.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; \
     base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// A plain page until there is a better one.
pub(super) async fn show() -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .insert_header(("Content-Security-Policy", POLICY))
        .body(PAGE.replace("{version}", env!("CARGO_PKG_VERSION")))
}
