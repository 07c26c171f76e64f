//! Digest fields (RFC 9530): what a sender says the SHA-256 of its content is.

use axum::http::{HeaderMap, HeaderName};
use civitas_model::ErrorCode;
use data_encoding::{BASE64, HEXLOWER};

use crate::problem::Problem;

/// The digest of the message's content.
pub(crate) const CONTENT_DIGEST: HeaderName = HeaderName::from_static("content-digest");
/// The digest of the whole of what the message is a part of, or stands for.
pub(crate) const REPR_DIGEST: HeaderName = HeaderName::from_static("repr-digest");

const SHA_256: &str = "sha-256";

/// The SHA-256 that a field states, in lower-case hexadecimal. Other algorithms beside it are gone by.
pub(crate) fn stated(headers: &HeaderMap, name: &HeaderName) -> Result<Option<String>, Problem> {
    let mut values = headers.get_all(name).iter().peekable();
    if values.peek().is_none() {
        return Ok(None);
    }
    let refused = || {
        let detail = format!(
            "the header `{name}` must state a SHA-256 (RFC 9530): send it like `sha-256=:<base64>:`"
        );
        Problem::new(ErrorCode::BadRequest, detail)
    };
    for value in values {
        let value = value.to_str().map_err(|_| refused())?;
        for member in value.split(',') {
            let Some((algorithm, digest)) = member.trim().split_once('=') else {
                return Err(refused());
            };
            if algorithm.eq_ignore_ascii_case(SHA_256) {
                let digest = digest
                    .strip_prefix(':')
                    .and_then(|digest| digest.strip_suffix(':'));
                let bytes = digest.and_then(|digest| BASE64.decode(digest.as_bytes()).ok());
                let bytes = bytes
                    .filter(|bytes| bytes.len() == 32)
                    .ok_or_else(refused)?;
                return Ok(Some(HEXLOWER.encode(&bytes)));
            }
        }
    }
    Err(refused())
}

/// The field's value for a digest in lower-case hexadecimal.
pub(crate) fn field(digest: &str) -> Option<String> {
    let bytes = HEXLOWER.decode(digest.as_bytes()).ok()?;
    Some(format!("{SHA_256}=:{}:", BASE64.encode(&bytes)))
}

/// The content is not what its sender has stated.
pub(crate) fn mismatch(found: &str) -> Problem {
    let detail = format!(
        "the content that arrived has the SHA-256 {found}, which is not the stated one: nothing of it was kept, send it again"
    );
    Problem::new(ErrorCode::ChecksumMismatch, detail)
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn a_stated_digest_is_read_beside_others_and_written_back() {
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        let field = field(empty).unwrap();
        let read = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(REPR_DIGEST, HeaderValue::from_str(text).unwrap());
            stated(&headers, &REPR_DIGEST).map_err(|problem| problem.status().as_u16())
        };
        assert_eq!(read(&field), Ok(Some(empty.to_owned())));
        assert_eq!(
            read(&format!("md5=:AAAA:, {field}")),
            Ok(Some(empty.to_owned()))
        );
        for wrong in [
            "",
            "sha-256",
            "sha-256=x",
            "sha-256=:AAAA:",
            "sha-512=:AAAA:",
        ] {
            assert_eq!(read(wrong), Err(400), "{wrong}");
        }
        assert_eq!(stated(&HeaderMap::new(), &REPR_DIGEST).unwrap(), None);
    }
}
