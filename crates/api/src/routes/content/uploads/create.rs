//! `POST /api/content/uploads`: begins an upload that may go on after a break.

use std::collections::HashMap;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use civitas_model::{Caller, ErrorCode, Id, Permission, SessionId};
use civitas_storage::{Changeset, OPEN_UPLOAD_LIFETIME, OpenUpload, OpenUploadChange, Upload};
use serde_json::{Map, Value};

use super::answer;
use crate::extract::{Authenticated, check_session, require};
use crate::problem::{Problem, ProblemDocument};
use crate::state::AppState;
use crate::{digest, intake, tus, uploads};

/// Keys of `Upload-Metadata` that are parameters of `ingest_file`, under the names by which clients know them.
const TEXTS: [(&str, &[&str]); 4] = [
    ("ui_name", &["ui_name", "filename", "name"]),
    ("filename", &["filename", "name"]),
    ("file_type", &["file_type"]),
    ("mime_type", &["mime_type", "filetype", "type"]),
];
const OBJECTS: [&str; 2] = ["source_metadata", "ingestion_options"];

/// Begin an upload by the tus protocol (1.0.0). `Location` says where its bytes go; with the last of them its `ingest_file` is submitted.
#[utoipa::path(post, path = "/api/content/uploads", tag = "files", security(("bearer" = [])),
    params(
        ("Tus-Resumable" = String, Header, description = "`1.0.0`."),
        ("Upload-Length" = String, Header, description = "How many bytes it will have."),
        ("Upload-Metadata" = Option<String>, Header, description = "Keys with texts in Base64: `filename`, `filetype`, and the parameters of `ingest_file` `ui_name`, `file_type`, `mime_type`, `source_metadata`, `ingestion_options`; `session_id`. Others are gone by."),
        ("Repr-Digest" = Option<String>, Header, description = "The SHA-256 of all bytes (RFC 9530); others are refused at the end."),
    ),
    responses(
        (status = 201, description = "It is open.", headers(
            ("Location" = String, description = "Where it is."),
            ("Upload-Expires" = String, description = "When it ends unless bytes arrive."),
        )),
        (status = 400, body = ProblemDocument), (status = 401, body = ProblemDocument),
        (status = 403, body = ProblemDocument), (status = 412, body = ProblemDocument),
        (status = 413, body = ProblemDocument, description = "The file is too large, or the tenant's quota has no room for it."),
        (status = 422, body = ProblemDocument), (status = 429, body = ProblemDocument),
        (status = 503, body = ProblemDocument),
    ))]
pub(crate) async fn create(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    require(&caller, Permission::Write)?;
    tus::check_version(&headers)?;
    let length = length(&state, &headers)?;
    let metadata = tus::metadata(&headers)?;
    let session_id = session(&state, &caller, &metadata).await?;
    let upload_id: Id<Upload> = Id::generate(&*state.clock, &*state.entropy);
    let parameters = parameters(&metadata)?;
    check(&state, &parameters, &upload_id)?;
    let mut upload = OpenUpload {
        upload_id: upload_id.to_string(),
        tenant_id: caller.tenant_id.clone(),
        owner: OpenUpload::owner_of(&caller),
        session_id,
        parameters: Value::Object(parameters),
        length,
        received: 0,
        stated_digest: digest::stated(&headers, &digest::REPR_DIGEST)?,
        digest: None,
        execution_id: None,
        is_complete: false,
        expires_at: state.clock.now().plus(OPEN_UPLOAD_LIFETIME),
    };
    let begin = OpenUploadChange::Begin(Box::new(upload.clone()));
    intake::commit(&state, &caller, Changeset::new().with(begin)).await?;
    if length == 0 {
        // It is whole already.
        let nothing = axum::body::Body::empty().into_data_stream();
        upload = uploads::receive(&state, &caller, upload, nothing, None).await?;
        upload.execution_id = Some(uploads::finish(&state, &caller, &upload).await?);
    }
    let mut response = answer::about(&state, &caller, &upload, StatusCode::CREATED).await?;
    let location = format!("{}/{upload_id}", tus::PATH);
    answer::put(&mut response, header::LOCATION, &location);
    Ok(response)
}

fn length(state: &AppState, headers: &HeaderMap) -> Result<u64, Problem> {
    let length = tus::count(headers, &tus::UPLOAD_LENGTH)?;
    let limit = state.settings.limits.upload_bytes;
    if length <= limit {
        return Ok(length);
    }
    let detail =
        format!("a file may have up to {limit} bytes (`upload_bytes`): send a smaller one");
    Err(Problem::new(ErrorCode::PayloadTooLarge, detail))
}

async fn session(
    state: &AppState,
    caller: &Caller,
    metadata: &HashMap<String, String>,
) -> Result<Option<SessionId>, Problem> {
    let Some(named) = metadata.get("session_id") else {
        return Ok(None);
    };
    let named = SessionId::new(named.clone())
        .map_err(|error| Problem::invalid("/session_id", error.to_string()))?;
    check_session(state, caller, Some(&named)).await?;
    Ok(Some(named))
}

/// The parameters of `ingest_file` that the metadata states.
fn parameters(metadata: &HashMap<String, String>) -> Result<Map<String, Value>, Problem> {
    let mut parameters = Map::new();
    for (parameter, keys) in TEXTS {
        let stated = keys.iter().find_map(|key| metadata.get(*key));
        if let Some(text) = stated.filter(|text| !text.is_empty()) {
            parameters.insert(parameter.to_owned(), text.as_str().into());
        }
    }
    parameters
        .entry("ui_name")
        .or_insert_with(|| "unnamed".into());
    for key in OBJECTS {
        if let Some(text) = metadata.get(key) {
            let object: Map<String, Value> = serde_json::from_str(text)
                .map_err(|_| Problem::invalid(format!("/{key}"), "must be a JSON object"))?;
            parameters.insert(key.to_owned(), Value::Object(object));
        }
    }
    Ok(parameters)
}

/// Refuses now what `ingest_file` would refuse once all bytes are here.
fn check(
    state: &AppState,
    parameters: &Map<String, Value>,
    upload_id: &Id<Upload>,
) -> Result<(), Problem> {
    let mut parameters = parameters.clone();
    parameters.insert("upload_id".to_owned(), upload_id.as_str().into());
    let checked = state
        .runtime
        .registry()
        .check("ingest_file", &Value::Object(parameters));
    checked.map_err(|errors| {
        let detail = "the metadata does not fit `ingest_file`: see `errors`";
        Problem::new(ErrorCode::ValidationFailed, detail).with_errors(errors)
    })
}
