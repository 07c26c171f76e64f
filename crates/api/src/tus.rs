//! The headers of the resumable upload protocol tus 1.0.0 (<https://tus.io/protocols/resumable-upload>), with its
//! extensions creation, expiration, termination and checksum.
//!
//! The protocol is ours to speak because the crates that speak it (`tus-protocol` 0.1, `fileloft` 0.3) bring a store of state,
//! locks, expiry and error bodies of their own. Here an upload's offset and its quota are conditions of a changeset, its owner
//! comes from the caller, and errors are problem documents: what would be left to a crate is reading these headers.

use std::collections::HashMap;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::Response;
use bytes::Bytes;
use civitas_model::ErrorCode;
use data_encoding::{BASE64, HEXLOWER};
// Each of the two has a trait of this name.
use sha1::{Digest as _, Sha1};
use sha2::{Digest as _, Sha256};

use crate::digest;
use crate::problem::Problem;
use crate::state::AppState;

/// Where uploads are.
pub(crate) const PATH: &str = "/api/content/uploads";
/// The content type of pieces.
pub(crate) const PIECE: &str = "application/offset+octet-stream";

pub(crate) const RESUMABLE: HeaderName = HeaderName::from_static("tus-resumable");
pub(crate) const UPLOAD_OFFSET: HeaderName = HeaderName::from_static("upload-offset");
pub(crate) const UPLOAD_LENGTH: HeaderName = HeaderName::from_static("upload-length");
pub(crate) const UPLOAD_METADATA: HeaderName = HeaderName::from_static("upload-metadata");
pub(crate) const UPLOAD_EXPIRES: HeaderName = HeaderName::from_static("upload-expires");
pub(crate) const UPLOAD_CHECKSUM: HeaderName = HeaderName::from_static("upload-checksum");
/// The execution that takes a whole upload in.
pub(crate) const EXECUTION: HeaderName = HeaderName::from_static("civitas-execution-id");
/// The file that a whole upload became.
pub(crate) const FILE: HeaderName = HeaderName::from_static("civitas-file-id");
const METHOD_OVERRIDE: HeaderName = HeaderName::from_static("x-http-method-override");
const TUS_VERSION: HeaderName = HeaderName::from_static("tus-version");
const TUS_EXTENSION: HeaderName = HeaderName::from_static("tus-extension");
const TUS_MAX_SIZE: HeaderName = HeaderName::from_static("tus-max-size");
const TUS_CHECKSUMS: HeaderName = HeaderName::from_static("tus-checksum-algorithm");

const VERSION: HeaderValue = HeaderValue::from_static("1.0.0");
const EXTENSIONS: HeaderValue =
    HeaderValue::from_static("creation,expiration,termination,checksum");
const ALGORITHMS: HeaderValue = HeaderValue::from_static("sha1,sha256");

/// Headers that pages of other origins may send and read.
pub(crate) const SENT: [HeaderName; 7] = [
    RESUMABLE,
    UPLOAD_OFFSET,
    UPLOAD_LENGTH,
    UPLOAD_METADATA,
    UPLOAD_CHECKSUM,
    METHOD_OVERRIDE,
    digest::REPR_DIGEST,
];
pub(crate) const ANSWERED: [HeaderName; 11] = [
    header::LOCATION,
    RESUMABLE,
    UPLOAD_OFFSET,
    UPLOAD_LENGTH,
    UPLOAD_EXPIRES,
    TUS_VERSION,
    TUS_EXTENSION,
    TUS_MAX_SIZE,
    TUS_CHECKSUMS,
    EXECUTION,
    FILE,
];
/// Entries of `Upload-Metadata`, at most, and the length of the header.
const METADATA_MAX: usize = 64;
const METADATA_BYTES_MAX: usize = 16 * 1024;

fn is_upload(path: &str) -> bool {
    path.strip_prefix(PATH)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Middleware: what every answer about uploads says, and what `OPTIONS` asks for.
pub(crate) async fn introduce(
    State(state): State<AppState>,
    request: Request,
    next: Next,
) -> Response {
    let concerns = is_upload(request.uri().path());
    let asks = request.method() == Method::OPTIONS;
    let mut response = next.run(request).await;
    if concerns {
        let headers = response.headers_mut();
        headers.insert(RESUMABLE, VERSION);
        if asks || response.status().as_u16() == 412 {
            let headers = response.headers_mut();
            headers.insert(TUS_VERSION, VERSION);
            headers.insert(TUS_EXTENSION, EXTENSIONS);
            headers.insert(TUS_CHECKSUMS, ALGORITHMS);
            headers.insert(TUS_MAX_SIZE, state.settings.limits.upload_bytes.into());
        }
    }
    response
}

/// Lets clients that can only `POST` name the method they mean.
pub(crate) fn override_method(request: &mut Request) {
    if request.method() != Method::POST || !is_upload(request.uri().path()) {
        return;
    }
    let meant = request.headers().get(METHOD_OVERRIDE);
    let meant = [Method::PATCH, Method::DELETE, Method::HEAD]
        .into_iter()
        .find(|method| meant.is_some_and(|meant| meant == method.as_str()));
    if let Some(method) = meant {
        *request.method_mut() = method;
    }
}

/// Refuses another version of the protocol.
pub(crate) fn check_version(headers: &HeaderMap) -> Result<(), Problem> {
    if headers.get(RESUMABLE) == Some(&VERSION) {
        return Ok(());
    }
    let detail = "uploads are made by version 1.0.0 of the tus protocol: send `Tus-Resumable: 1.0.0`, or send files to /api/content/files";
    Err(Problem::new(ErrorCode::PreconditionFailed, detail))
}

/// A header that counts bytes.
pub(crate) fn count(headers: &HeaderMap, name: &HeaderName) -> Result<u64, Problem> {
    let value = headers.get(name).and_then(|value| value.to_str().ok());
    let is_number = |text: &&str| text.bytes().all(|byte| byte.is_ascii_digit());
    let count = value.filter(is_number).and_then(|text| text.parse().ok());
    count.ok_or_else(|| {
        let detail = format!("the header `{name}` must be there and a whole number of bytes");
        Problem::new(ErrorCode::BadRequest, detail)
    })
}

/// What `Upload-Metadata` says: keys, each with a text in Base64.
pub(crate) fn metadata(headers: &HeaderMap) -> Result<HashMap<String, String>, Problem> {
    let refused = |detail: &str| {
        let detail = format!("the header `Upload-Metadata` {detail}");
        Problem::new(ErrorCode::BadRequest, detail)
    };
    let Some(value) = headers.get(UPLOAD_METADATA) else {
        return Ok(HashMap::new());
    };
    let text = value.to_str().unwrap_or_default();
    let pairs: Vec<&str> = text.split(',').map(str::trim).collect();
    if text.len() > METADATA_BYTES_MAX || pairs.len() > METADATA_MAX {
        return Err(refused("is too long: put large content into a file"));
    }
    let mut read = HashMap::new();
    for pair in pairs.into_iter().filter(|pair| !pair.is_empty()) {
        let (key, encoded) = pair.split_once(' ').unwrap_or((pair, ""));
        let decoded = BASE64.decode(encoded.trim().as_bytes()).ok();
        let decoded = decoded.and_then(|bytes| String::from_utf8(bytes).ok());
        let decoded = decoded.ok_or_else(|| {
            refused("must be pairs of a key and a UTF-8 text in Base64, with commas between them")
        })?;
        if read.insert(key.to_owned(), decoded).is_some() {
            return Err(refused("has a key twice"));
        }
    }
    Ok(read)
}

/// The checksum that a piece must have.
pub(crate) struct Checksum {
    hasher: Hasher,
    stated: Vec<u8>,
}

enum Hasher {
    Sha1(Sha1),
    Sha256(Sha256),
}

impl Checksum {
    /// What `Upload-Checksum` or `Content-Digest` states.
    pub(crate) fn stated(headers: &HeaderMap) -> Result<Option<Self>, Problem> {
        let Some(value) = headers.get(UPLOAD_CHECKSUM) else {
            let stated = digest::stated(headers, &digest::CONTENT_DIGEST)?;
            return Ok(stated.map(|digest| Self {
                hasher: Hasher::Sha256(Sha256::new()),
                stated: HEXLOWER.decode(digest.as_bytes()).unwrap_or_default(),
            }));
        };
        let refused = || {
            let detail = "the header `Upload-Checksum` must be `sha1` or `sha256`, a space, and the checksum in Base64";
            Problem::new(ErrorCode::BadRequest, detail)
        };
        let text = value.to_str().map_err(|_| refused())?;
        let (algorithm, encoded) = text.split_once(' ').ok_or_else(refused)?;
        let (hasher, length) = match algorithm {
            "sha1" => (Hasher::Sha1(Sha1::new()), 20),
            "sha256" => (Hasher::Sha256(Sha256::new()), 32),
            _ => return Err(refused()),
        };
        let stated = BASE64.decode(encoded.trim().as_bytes()).ok();
        let stated = stated
            .filter(|bytes| bytes.len() == length)
            .ok_or_else(refused)?;
        Ok(Some(Self { hasher, stated }))
    }

    /// Hashes bytes; on a thread that may block.
    pub(crate) async fn update(mut self, bytes: Bytes) -> Result<Self, tokio::task::JoinError> {
        tokio::task::spawn_blocking(move || {
            match &mut self.hasher {
                Hasher::Sha1(hasher) => hasher.update(&bytes),
                Hasher::Sha256(hasher) => hasher.update(&bytes),
            }
            self
        })
        .await
    }

    /// Whether what was hashed has the checksum.
    pub(crate) fn matches(self) -> bool {
        match self.hasher {
            Hasher::Sha1(hasher) => hasher.finalize()[..] == self.stated[..],
            Hasher::Sha256(hasher) => hasher.finalize()[..] == self.stated[..],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: HeaderName, text: &str) -> HeaderMap {
        HeaderMap::from_iter([(name, HeaderValue::from_str(text).unwrap())])
    }

    #[test]
    fn metadata_is_read_as_the_protocol_says() {
        let read = |text| metadata(&headers(UPLOAD_METADATA, text));
        let found = read("filename d29ybGQ=, is_confidential,empty ").unwrap();
        assert_eq!(found["filename"], "world");
        assert_eq!(found["is_confidential"], "");
        for wrong in ["filename ###", "a YQ==,a YQ==", "a /w=="] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }

    #[tokio::test]
    async fn a_checksum_is_of_an_algorithm_that_is_known() {
        for (stated, matches) in [
            ("sha1 Kq5sNclPz7QV2+lfQIuc6R7oRu0=", true),
            ("sha1 AAAAAAAAAAAAAAAAAAAAAAAAAAA=", false),
            ("sha256 uU0nuZNNPgilLlLX2n2r+sSE7+N6U4DukIj3rOLvzek=", true),
        ] {
            let checksum = Checksum::stated(&headers(UPLOAD_CHECKSUM, stated))
                .unwrap()
                .unwrap();
            let bytes = Bytes::from_static(b"hello world");
            assert_eq!(
                checksum.update(bytes).await.unwrap().matches(),
                matches,
                "{stated}"
            );
        }
        for wrong in ["md5 AAAA", "sha1", "sha1 AAAA", "sha256 ?"] {
            assert!(
                Checksum::stated(&headers(UPLOAD_CHECKSUM, wrong)).is_err(),
                "{wrong}"
            );
        }
    }

    #[test]
    fn counts_are_plain_numbers() {
        let read = |text| count(&headers(UPLOAD_OFFSET, text), &UPLOAD_OFFSET).ok();
        assert_eq!(read("0"), Some(0));
        for wrong in ["", "-1", "+1", "1.0", "18446744073709551616", "x"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }
}
