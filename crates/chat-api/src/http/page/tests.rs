//! A page of a few files, through its routes and nothing around them.

use actix_web::{
    App,
    body::{MessageBody, to_bytes},
    dev::ServiceResponse,
    http::{StatusCode, header},
    test::{TestRequest, call_service, init_service},
};

use super::*;

const FILES: &[(&str, &[u8])] = &[
    ("index.html", b"<!doctype html>the page"),
    ("index.html.br", b"the page, by brotli"),
    ("index.html.gz", b"the page, by gzip"),
    ("assets/main-Ab12.js", b"let it = 'run';"),
    ("assets/main-Ab12.js.br", b"by brotli"),
    ("assets/main-Ab12.js.gz", b"by gzip"),
    ("assets/main-Cd34.css", b"p{}"),
    ("assets/main-Cd34.css.gz", b"by gzip alone"),
    ("sw.js", b"self;"),
    ("manifest.webmanifest", b"{}"),
    ("robots.txt", b"User-agent: *"),
    ("icon-192.png", b"PNG"),
    ("icon-192.png.br", b"never sent"),
];

/// What a browser of today says.
const BROWSER: &str = "gzip, deflate, br, zstd";

struct Got {
    status: StatusCode,
    headers: header::HeaderMap,
    body: Vec<u8>,
}

impl Got {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("plain text"))
    }
}

async fn ask(
    files: &'static [(&str, &[u8])],
    method: Method,
    path: &str,
    headers: &[(&str, &str)],
) -> Got {
    let site: &'static Site = Box::leak(Box::new(Site::of(files)));
    let not_found = || async { Err::<HttpResponse, _>(Failure::NotFound) };
    let app = App::new().configure(|config| mount(site, config));
    let app = init_service(app.default_service(web::to(not_found))).await;
    let mut request = TestRequest::with_uri(path).method(method);
    for header in headers {
        request = request.append_header(*header);
    }
    let response: ServiceResponse = call_service(&app, request.to_request()).await;
    let (status, headers) = (response.status(), response.headers().clone());
    let body = to_bytes(response.into_body().boxed()).await.expect("a body").to_vec();
    Got { status, headers, body }
}

async fn get(path: &str, headers: &[(&str, &str)]) -> Got {
    ask(FILES, Method::GET, path, headers).await
}

#[actix_web::test]
async fn every_view_is_the_page_whatever_stands_behind_it() {
    let mut paths = vec!["/".to_owned(), "/calendar".to_owned(), "/index.html".to_owned()];
    let views =
        "today upcoming all tag list done trash task chat settings admin login register import";
    paths.extend(views.split(' ').flat_map(|view| {
        ["", "/", "/x", "/x/y", "/caf%C3%A9%2Fx", "?q=x"].map(|end| format!("/{view}{end}"))
    }));
    for path in paths {
        let got = get(&path, &[]).await;
        assert_eq!(got.status, StatusCode::OK, "{path}");
        assert_eq!(got.body, b"<!doctype html>the page", "{path}");
        assert_eq!(got.header("content-type"), "text/html; charset=utf-8", "{path}");
        assert_eq!(got.header("cache-control"), "no-cache", "{path}");
        assert_eq!(got.header("cross-origin-opener-policy"), "same-origin", "{path}");
        assert_eq!(got.header("content-security-policy"), POLICY, "{path}");
    }
}

#[actix_web::test]
async fn what_is_not_the_page_s_is_not_found() {
    let others = "/app /todayx /Today /calendar/x /calendar/ /main-Ab12.js /sw.js/ /.stamp \
        /assets /assets/ /assets/none.js /assets/main-Ab12.js.br /index.html.gz";
    let traversals = "/assets/../index.html /assets/../../Cargo.toml /assets/%2e%2e/index.html \
        /assets/..%2f..%2fCargo.toml /assets//etc/passwd //etc/passwd";
    for path in others.split_whitespace().chain(traversals.split_whitespace()) {
        let got = get(path, &[]).await;
        assert_eq!(got.status, StatusCode::NOT_FOUND, "{path}");
    }
}

#[actix_web::test]
async fn files_say_what_they_are_and_how_long_they_keep() {
    let (kept, asked) = ("public, max-age=31536000, immutable", "no-cache");
    for (path, content_type, cache_control) in [
        ("/assets/main-Ab12.js", "text/javascript; charset=utf-8", kept),
        ("/assets/main-Cd34.css", "text/css; charset=utf-8", kept),
        ("/sw.js", "text/javascript; charset=utf-8", asked),
        ("/manifest.webmanifest", "application/manifest+json", asked),
        ("/robots.txt", "text/plain; charset=utf-8", asked),
        ("/icon-192.png", "image/png", asked),
    ] {
        let got = get(path, &[]).await;
        assert_eq!(got.status, StatusCode::OK, "{path}");
        assert_eq!(got.header("content-type"), content_type);
        assert_eq!(got.header("cache-control"), cache_control, "{path}");
        assert_eq!(got.header("content-security-policy"), POLICY, "{path}");
        let is_worker = path == "/sw.js";
        assert_eq!(
            got.header("service-worker-allowed"),
            if is_worker { "/" } else { "" },
            "{path}"
        );
    }
}

#[actix_web::test]
async fn a_client_gets_the_smallest_form_that_it_takes() {
    let script = "/assets/main-Ab12.js";
    for (path, accepted, encoding, body) in [
        (script, BROWSER, "br", "by brotli"),
        (script, "br;q=0.5, gzip", "gzip", "by gzip"),
        (script, "gzip", "gzip", "by gzip"),
        (script, "gzip;q=0, br;q=0", "", "let it = 'run';"),
        (script, "zstd", "", "let it = 'run';"),
        (script, "", "", "let it = 'run';"),
        (script, ";;q=x", "", "let it = 'run';"),
        ("/assets/main-Cd34.css", BROWSER, "gzip", "by gzip alone"),
        ("/today", BROWSER, "br", "the page, by brotli"),
    ] {
        let got = get(path, &[("accept-encoding", accepted)]).await;
        assert_eq!(got.header("content-encoding"), encoding, "{path}, {accepted}");
        assert_eq!(got.body, body.as_bytes(), "{path}, {accepted}");
        assert_eq!(got.header("vary"), "accept-encoding", "{path}, {accepted}");
    }
    let silent = get(script, &[]).await;
    assert_eq!((silent.header("content-encoding"), silent.header("vary")), ("", "accept-encoding"));
    let image = get("/icon-192.png", &[("accept-encoding", BROWSER)]).await;
    assert_eq!((image.header("content-encoding"), image.header("vary")), ("", ""));
    assert_eq!(image.body, b"PNG");
}

#[actix_web::test]
async fn what_a_client_has_already_is_not_sent_again() {
    let packed = ("accept-encoding", BROWSER);
    for path in ["/", "/sw.js", "/assets/main-Ab12.js"] {
        let first = get(path, &[packed]).await;
        let tag = first.header("etag").to_owned();
        assert!(tag.starts_with('"') && tag.ends_with('"') && tag.len() > 20, "{path}: {tag}");
        for known in [tag.clone(), format!("\"x\", W/{tag}"), "*".to_owned()] {
            let again = get(path, &[packed, ("if-none-match", &known)]).await;
            assert_eq!(again.status, StatusCode::NOT_MODIFIED, "{path}, {known}");
            assert_eq!(again.body, b"");
            for name in ["etag", "cache-control", "vary", "content-security-policy"] {
                assert_eq!(again.header(name), first.header(name), "{path}: {name}");
            }
            assert_eq!((again.header("content-encoding"), again.header("content-type")), ("", ""));
        }
        for other in ["\"x\"", "", "no tag"] {
            let again = get(path, &[packed, ("if-none-match", other)]).await;
            assert_eq!(again.status, StatusCode::OK, "{path}, {other:?}");
        }
    }
    let (plain, packed) = (get("/", &[]).await, get("/", &[packed]).await);
    assert_ne!(plain.header("etag"), packed.header("etag"), "other bytes have another tag");
}

#[actix_web::test]
async fn nothing_but_reading_is_taken() {
    for path in ["/", "/today", "/sw.js", "/assets/main-Ab12.js"] {
        let head = ask(FILES, Method::HEAD, path, &[]).await;
        assert_eq!(head.status, StatusCode::OK, "{path}");
        let post = ask(FILES, Method::POST, path, &[]).await;
        assert_eq!(post.status, StatusCode::METHOD_NOT_ALLOWED, "{path}");
    }
}

#[actix_web::test]
async fn a_page_that_was_not_built_says_how() {
    let got = ask(&[], Method::GET, "/today", &[("accept-encoding", BROWSER)]).await;
    assert_eq!(got.status, StatusCode::OK);
    let policy = got.header("content-security-policy").to_owned();
    let text = String::from_utf8(got.body).expect("text");
    assert!(text.contains("make web") && text.contains("/api/docs/"), "{text}");
    assert_eq!(policy, POLICY);
    let script = ask(&[], Method::GET, "/sw.js", &[]).await;
    assert_eq!(script.status, StatusCode::NOT_FOUND);
}

#[test]
fn only_what_reads_the_page_counts_as_asking_for_it() {
    for path in ["/", "/today", "/tag/x", "/calendar", "/assets/x.js"] {
        assert!(is_asked_for(&Method::GET, path) && is_asked_for(&Method::HEAD, path), "{path}");
        assert!(!is_asked_for(&Method::POST, path), "{path}");
    }
    for path in ["/api/v1/me", "/calendar/x.ics", "/act/x", "/mcp", "/nothing", "/api/docs/"] {
        assert!(!is_asked_for(&Method::GET, path), "{path}");
    }
}

#[test]
fn every_file_of_the_built_page_is_of_a_kind_that_is_known() {
    for (path, _) in site::BUILT {
        let plain = path.trim_end_matches(".br").trim_end_matches(".gz");
        assert!(site::kind(plain).is_some(), "{path}: browsers are not told what it is");
    }
}
