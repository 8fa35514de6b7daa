//! The files of the page, each as it is and as it was compressed when it was built.

use std::collections::BTreeMap;

use actix_web::{
    HttpRequest, HttpResponse,
    http::{
        StatusCode,
        header::{self, AcceptEncoding, Encoding, EntityTag, Header, HeaderName, IfNoneMatch},
    },
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};

use super::{ASSETS, POLICY};

/// The paths and bytes of what `make web` built, with `NAME.br` and `NAME.gz` beside what it compressed.
pub(super) const BUILT: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/page_files.rs"));
/// Stands in for a page that was not built.
const UNBUILT: &[u8] = include_bytes!("../page.html");

const INDEX: &str = "index.html";
const SERVICE_WORKER: &str = "sw.js";
/// What may be kept for a year, in seconds: under that name there is never anything else.
const KEEP: &str = "public, max-age=31536000, immutable";
/// What is kept, and asked after each time.
const ASK: &str = "no-cache";
/// How many bytes of a hash tell one content from every other.
const TAG_BYTES: usize = 16;
/// How what is compressed is called, best first.
const ENCODINGS: [(&str, Encoding); 2] = [("br", Encoding::brotli()), ("gz", Encoding::gzip())];
/// What nobody is told anything about.
const UNKNOWN: &str = "application/octet-stream";
const OPENER_POLICY: HeaderName = HeaderName::from_static("cross-origin-opener-policy");

/// What a file is by the end of its name, and whether it is text: of nothing else is there a compressed form.
const TYPES: [(&str, &str, bool); 13] = [
    ("css", "text/css; charset=utf-8", true),
    ("html", "text/html; charset=utf-8", true),
    ("js", "text/javascript; charset=utf-8", true),
    ("json", "application/json", true),
    ("map", "application/json", true),
    ("txt", "text/plain; charset=utf-8", true),
    ("webmanifest", "application/manifest+json", true),
    ("ico", "image/vnd.microsoft.icon", false),
    ("jpg", "image/jpeg", false),
    ("png", "image/png", false),
    ("svg", "image/svg+xml", false),
    ("webp", "image/webp", false),
    ("woff2", "font/woff2", false),
];

/// All files of a page.
pub(super) struct Site {
    files: BTreeMap<&'static str, File>,
    index: File,
}

/// One file.
pub(super) struct File {
    content_type: &'static str,
    cache_control: &'static str,
    plain: Form,
    encoded: Vec<(Encoding, Form)>,
    /// What belongs to no other file.
    extra: Option<(HeaderName, &'static str)>,
}

/// What is sent of a file, and the tag of exactly these bytes.
struct Form {
    bytes: &'static [u8],
    tag: EntityTag,
}

impl Site {
    pub(super) fn of(built: &[(&'static str, &'static [u8])]) -> Self {
        let all: BTreeMap<&str, &'static [u8]> = built.iter().copied().collect();
        let files: BTreeMap<_, _> = all
            .iter()
            .filter(|(path, _)| {
                // A file of its own, and not one beside another.
                let plain = path.rsplit_once('.').filter(|(_, end)| is_encoding(end));
                plain.is_none_or(|(plain, _)| !all.contains_key(plain))
            })
            .map(|(path, bytes)| (*path, File::new(path, bytes, &all)))
            .collect();
        let built = all.get(INDEX).copied().unwrap_or(UNBUILT);
        Self { files, index: File::new(INDEX, built, &all) }
    }

    /// What the page begins with, at whichever of its paths.
    pub(super) fn index(&self) -> &File {
        &self.index
    }

    /// A file by its path, without the slash that this begins with.
    pub(super) fn file(&self, path: &str) -> Option<&File> {
        self.files.get(path)
    }

    pub(super) fn paths(&self) -> impl Iterator<Item = &'static str> {
        self.files.keys().copied()
    }
}

impl File {
    fn new(path: &str, bytes: &'static [u8], all: &BTreeMap<&str, &'static [u8]>) -> Self {
        let known = kind(path);
        let encoded = ENCODINGS.into_iter().filter_map(|(end, encoding)| {
            let bytes = all.get(format!("{path}.{end}").as_str())?;
            Some((encoding, Form::new(bytes)))
        });
        let is_text = known.is_some_and(|(.., is_text)| *is_text);
        Self {
            content_type: known.map_or(UNKNOWN, |(_, content_type, _)| *content_type),
            cache_control: if path.starts_with(ASSETS) { KEEP } else { ASK },
            plain: Form::new(bytes),
            encoded: if is_text { encoded.collect() } else { vec![] },
            extra: match path {
                INDEX => Some((OPENER_POLICY, "same-origin")),
                SERVICE_WORKER => Some((HeaderName::from_static("service-worker-allowed"), "/")),
                _ => None,
            },
        }
    }

    pub(super) fn answer(&self, request: &HttpRequest) -> HttpResponse {
        let (encoding, form) = self.best_for(request);
        let is_known = is_known(&form.tag, request);
        let status = if is_known { StatusCode::NOT_MODIFIED } else { StatusCode::OK };
        let mut response = HttpResponse::build(status);
        response
            .insert_header((header::CACHE_CONTROL, self.cache_control))
            .insert_header((header::CONTENT_SECURITY_POLICY, POLICY))
            .insert_header((header::ETAG, form.tag.to_string()));
        if let Some(extra) = &self.extra {
            response.insert_header(extra.clone());
        }
        if !self.encoded.is_empty() {
            response.insert_header((header::VARY, header::ACCEPT_ENCODING.as_str()));
        }
        if is_known {
            return response.finish();
        }
        if let Some(encoding) = encoding {
            response.insert_header((header::CONTENT_ENCODING, encoding.to_string()));
        }
        response.content_type(self.content_type).body(form.bytes)
    }

    /// The form that a client wants most; the plain one where it doesn't say.
    fn best_for(&self, request: &HttpRequest) -> (Option<&Encoding>, &Form) {
        let plain = Encoding::identity();
        let offered = self.encoded.iter().map(|(encoding, _)| encoding).chain([&plain]);
        let wanted = AcceptEncoding::parse(request).ok().and_then(|wish| wish.negotiate(offered));
        let found = self.encoded.iter().find(|(encoding, _)| Some(encoding) == wanted.as_ref());
        found.map_or((None, &self.plain), |(encoding, form)| (Some(encoding), form))
    }
}

impl Form {
    fn new(bytes: &'static [u8]) -> Self {
        let hash = Sha256::digest(bytes);
        let tag = URL_SAFE_NO_PAD.encode(&hash[..TAG_BYTES]);
        Self { bytes, tag: EntityTag::new_strong(tag) }
    }
}

/// What is known of a file by its name.
pub(super) fn kind(path: &str) -> Option<&'static (&'static str, &'static str, bool)> {
    let end = path.rsplit('.').next().unwrap_or(path);
    TYPES.iter().find(|(known, ..)| *known == end)
}

fn is_encoding(end: &str) -> bool {
    ENCODINGS.iter().any(|(known, _)| *known == end)
}

/// Whether a client has these bytes already.
fn is_known(tag: &EntityTag, request: &HttpRequest) -> bool {
    match IfNoneMatch::parse(request) {
        Ok(IfNoneMatch::Any) => true,
        Ok(IfNoneMatch::Items(tags)) => tags.iter().any(|known| known.weak_eq(tag)),
        Err(_) => false,
    }
}
