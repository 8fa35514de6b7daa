//! `POST /v1.0-alpha1/publish/bulk/{pubsub}/{topic}`: one transaction for all entries that fit; one
//! that does not fails alone.

use std::collections::HashSet;

use actix_web::{HttpRequest, HttpResponse, web};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{ApiError, ApiState, Target, header, read_body, record, trace_parent};
use crate::sidecar::{
    cloud_event::{self, Publication},
    log::NewRecord,
    metadata::{self, Metadata},
    trace::TraceParent,
};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    #[serde(default)]
    entry_id: String,
    event: Box<RawValue>,
    #[serde(default)]
    content_type: String,
    metadata: Option<Metadata>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Failure {
    entry_id: String,
    error: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Failures {
    failed_entries: Vec<Failure>,
    error_code: &'static str,
}

pub(super) async fn publish(
    state: web::Data<ApiState>,
    path: web::Path<(String, String)>,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, ApiError> {
    let target = state.target(&path, &request)?;
    let body = read_body(payload).await?;
    let entries = parse(&target, &body)?;
    let trace = (trace_parent(&request), header(&request, "tracestate").unwrap_or_default());
    let (mut records, mut ids, mut failed_entries) = (Vec::new(), Vec::new(), Vec::new());
    for entry in entries {
        let entry_id = entry.entry_id.clone();
        match to_record(&state, &target, entry, trace)? {
            Ok(record) => {
                ids.push(entry_id);
                records.push(record);
            }
            Err(error) => failed_entries.push(Failure { entry_id, error }),
        }
    }
    target.check_scope(&state.app_id)?;
    if let Err(error) = state.append(target.topic, records).await {
        let error = error.to_string();
        failed_entries
            .extend(ids.into_iter().map(|entry_id| Failure { entry_id, error: error.clone() }));
    }
    if failed_entries.is_empty() {
        return Ok(HttpResponse::NoContent().finish());
    }
    let failures = Failures { failed_entries, error_code: "ERR_PUBSUB_PUBLISH_MESSAGE" };
    Ok(HttpResponse::InternalServerError().json(failures))
}

fn parse(target: &Target<'_>, body: &[u8]) -> Result<Vec<Entry>, ApiError> {
    let entries: Vec<Entry> =
        serde_json::from_slice(body).map_err(|error| refused(target, error.to_string()))?;
    let mut ids = HashSet::new();
    for entry in &entries {
        if entry.entry_id.is_empty() || !ids.insert(entry.entry_id.as_str()) {
            let reason = "entryId is duplicated or not present for entry";
            return Err(refused(target, reason.to_owned()));
        }
    }
    Ok(entries)
}

/// The record of an entry; the inner error is the entry's own, the outer one the request's.
fn to_record(
    state: &ApiState,
    target: &Target<'_>,
    entry: Entry,
    (trace, trace_state): (TraceParent, &str),
) -> Result<Result<NewRecord, String>, ApiError> {
    let payload = cloud_event::bulk_payload(&entry.event, &entry.content_type)
        .map_err(|reason| refused(target, reason.to_owned()))?;
    // Where the envelope is made the entry's own pairs win, and where the record is made the
    // request's do, and an entry without pairs has none for its envelope: so it is with daprd.
    let own = metadata::checked(entry.metadata.unwrap_or_default())?;
    let mut for_envelope = Metadata::new();
    if !own.is_empty() {
        for_envelope.extend(target.metadata.clone());
        for_envelope.extend(own.clone());
    }
    let value = if target.raw_payload {
        payload
    } else {
        Publication {
            app_id: &state.app_id,
            pubsub: target.pubsub,
            topic: target.topic,
            content_type: &entry.content_type,
            payload: &payload,
            trace_parent: trace.child().to_string(),
            trace_state,
            now: target.now,
        }
        .into_cloud_event(&for_envelope)?
    };
    let mut headers = own;
    headers.extend(target.metadata.clone());
    Ok(record(value, headers))
}

fn refused(target: &Target<'_>, reason: String) -> ApiError {
    ApiError::BulkBody { pubsub: target.pubsub.to_owned(), topic: target.topic.to_owned(), reason }
}
