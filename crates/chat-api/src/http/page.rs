//! `/`: the web page, as `make web` built it, or what says that nobody did.
//!
//! Owns: which paths are the page's, and under which policy it runs. Promises: answers strangers, out of memory;
//! a path that is not the page's stays the API's to refuse. Never: a file of the disk, a word about anybody.

mod site;

use std::sync::LazyLock;

use actix_web::{
    HttpRequest, HttpResponse, guard,
    http::Method,
    web::{self, ServiceConfig},
};

use self::site::Site;
use crate::error::Failure;

/// The first segments of the page's own paths. Behind each may stand more, of which only the page knows what it is.
const VIEWS: [&str; 14] = [
    "today", "upcoming", "all", "tag", "list", "done", "trash", "task", "chat", "settings",
    "admin", "login", "register", "import",
];
/// The one with nothing behind it: there stand the calendars that other programs read.
const CALENDAR: &str = "calendar";
/// Where the files are whose names change with what is in them.
const ASSETS: &str = "assets/";
const METHODS: [&str; 2] = ["GET", "HEAD"];

/// All that it needs is on this site. What reaches a place where the browser would run it has passed one of the named
/// functions of Svelte, DOMPurify and the page itself. A service worker runs under the policy of its own file, so
/// this is every file's.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
     font-src 'self'; connect-src 'self'; manifest-src 'self'; worker-src 'self'; base-uri 'none'; \
     form-action 'self'; frame-ancestors 'none'; require-trusted-types-for 'script'; \
     trusted-types svelte-trusted-html dompurify app";

static SITE: LazyLock<Site> = LazyLock::new(|| Site::of(site::BUILT));

/// All routes of the page.
pub(super) fn configure(config: &mut ServiceConfig) {
    mount(&SITE, config);
}

/// Whether a request is one for the page or a file of it.
pub(super) fn is_asked_for(method: &Method, path: &str) -> bool {
    let path = path.strip_prefix('/').unwrap_or(path);
    let view = path.split('/').next().unwrap_or(path);
    let is_view = path.is_empty() || path == CALENDAR || VIEWS.contains(&view);
    METHODS.contains(&method.as_str())
        && (is_view || path.starts_with(ASSETS) || SITE.file(path).is_some())
}

fn mount(site: &'static Site, config: &mut ServiceConfig) {
    // A resource is known by its first pattern, which metrics show.
    let views = VIEWS.iter().flat_map(|view| [format!("/{view}"), format!("/{view}/{{rest:.*}}")]);
    let views = ["/".to_owned(), format!("/{CALENDAR}")].into_iter().chain(views);
    resource(config, views.collect(), site, |site, _| Some(site.index()));
    resource(config, vec![format!("/{ASSETS}{{name:.*}}")], site, Site::file);
    let others = site.paths().filter(|path| !path.starts_with(ASSETS));
    let others: Vec<String> = others.map(|path| format!("/{path}")).collect();
    if !others.is_empty() {
        resource(config, others, site, Site::file);
    }
}

/// Answers what `find` finds by the path, without the slash that it begins with.
fn resource(
    config: &mut ServiceConfig,
    patterns: Vec<String>,
    site: &'static Site,
    find: fn(&'static Site, &str) -> Option<&'static site::File>,
) {
    let answer = move |request: HttpRequest| async move {
        let path = request.path().trim_start_matches('/');
        find(site, path).map(|file| file.answer(&request)).ok_or(Failure::NotFound)
    };
    let reads = guard::Any(guard::Get()).or(guard::Head());
    let resource = web::resource(patterns)
        .route(web::route().guard(reads).to(answer))
        .default_service(web::to(only_read));
    config.service(resource);
}

async fn only_read() -> Result<HttpResponse, Failure> {
    Err(Failure::MethodNotAllowed { allowed: METHODS.to_vec() })
}

#[cfg(test)]
mod tests;
