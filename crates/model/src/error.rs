//! Error codes: the stable names of everything that can go wrong for a caller.
//!
//! Each has a page `docs/errors/<code>.md` that says what it means and what to do; a test keeps the two in step.

/// The `code` of a problem document and of a failed execution.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorCode {
    /// E-mail address or password is wrong.
    AuthenticationFailed,
    /// The command or parameter is not one of the known values.
    BadRequest,
    /// A budget has no room for it.
    BudgetExceeded,
    /// The state of the thing does not allow this.
    Conflict,
    /// The content is not what its stated checksum or digest says.
    ChecksumMismatch,
    /// The setup token is wrong or was used.
    SetupTokenInvalid,
    /// The thing exists already.
    AlreadyExists,
    /// The caller is known but may not do this.
    Forbidden,
    /// The `Host` or `Origin` header is not one this server answers to.
    OriginNotAllowed,
    /// An idempotency key was used before with another body.
    IdempotencyKeyReused,
    /// The request with this idempotency key is still being recorded.
    IdempotencyKeyInFlight,
    /// The request with this idempotency key was done before, and its answer is not kept.
    IdempotencyAnswerNotKept,
    /// Something broke on our side.
    Internal,
    /// The JSON cannot be parsed.
    MalformedBody,
    /// The method is not served at this path.
    MethodNotAllowed,
    /// There is no such thing, or it belongs to someone else.
    NotFound,
    /// The body, file, page or message is over its limit.
    PayloadTooLarge,
    /// The request is made for another version of a protocol than this server's.
    PreconditionFailed,
    /// The tenant would keep more than it may.
    QuotaExceeded,
    /// The requested byte range lies outside the file.
    RangeNotSatisfiable,
    /// Too many requests in the window.
    RateLimitExceeded,
    /// A dependency or a queue cannot take the request now.
    ServiceUnavailable,
    /// The credential is missing, malformed, expired or revoked.
    Unauthorized,
    /// No realm registers an intent of this type.
    UnknownIntentType,
    /// The content type is not one this path reads.
    UnsupportedMediaType,
    /// An upload ran out, or what was received of it is lost.
    UploadExpired,
    /// Another request sends a piece of the upload.
    UploadLocked,
    /// The body is well-formed but breaks the schema.
    ValidationFailed,
    /// An execution failed: the handler refused its input.
    IntentRejected,
    /// An execution failed: every retry was used up.
    RetriesExhausted,
    /// An execution failed: the handler no longer does what its journal recorded.
    JournalMismatch,
    /// An execution failed: the confined parser ran out of time, memory or output, or crashed.
    SandboxFailed,
}

impl ErrorCode {
    /// Every code.
    pub const ALL: [Self; 32] = [
        Self::AlreadyExists,
        Self::AuthenticationFailed,
        Self::BadRequest,
        Self::BudgetExceeded,
        Self::ChecksumMismatch,
        Self::Conflict,
        Self::Forbidden,
        Self::IdempotencyAnswerNotKept,
        Self::IdempotencyKeyInFlight,
        Self::IdempotencyKeyReused,
        Self::IntentRejected,
        Self::Internal,
        Self::JournalMismatch,
        Self::MalformedBody,
        Self::MethodNotAllowed,
        Self::NotFound,
        Self::OriginNotAllowed,
        Self::PayloadTooLarge,
        Self::PreconditionFailed,
        Self::QuotaExceeded,
        Self::RangeNotSatisfiable,
        Self::RateLimitExceeded,
        Self::RetriesExhausted,
        Self::SandboxFailed,
        Self::ServiceUnavailable,
        Self::SetupTokenInvalid,
        Self::Unauthorized,
        Self::UnknownIntentType,
        Self::UnsupportedMediaType,
        Self::UploadExpired,
        Self::UploadLocked,
        Self::ValidationFailed,
    ];

    /// The code as clients read it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AlreadyExists => "already_exists",
            Self::AuthenticationFailed => "authentication_failed",
            Self::BadRequest => "bad_request",
            Self::BudgetExceeded => "budget_exceeded",
            Self::ChecksumMismatch => "checksum_mismatch",
            Self::Conflict => "conflict",
            Self::Forbidden => "forbidden",
            Self::IdempotencyAnswerNotKept => "idempotency_answer_not_kept",
            Self::IdempotencyKeyInFlight => "idempotency_key_in_flight",
            Self::IdempotencyKeyReused => "idempotency_key_reused",
            Self::IntentRejected => "intent_rejected",
            Self::Internal => "internal",
            Self::JournalMismatch => "journal_mismatch",
            Self::MalformedBody => "malformed_body",
            Self::MethodNotAllowed => "method_not_allowed",
            Self::NotFound => "not_found",
            Self::OriginNotAllowed => "origin_not_allowed",
            Self::PayloadTooLarge => "payload_too_large",
            Self::PreconditionFailed => "precondition_failed",
            Self::QuotaExceeded => "quota_exceeded",
            Self::RangeNotSatisfiable => "range_not_satisfiable",
            Self::RateLimitExceeded => "rate_limit_exceeded",
            Self::RetriesExhausted => "retries_exhausted",
            Self::SandboxFailed => "sandbox_failed",
            Self::ServiceUnavailable => "service_unavailable",
            Self::SetupTokenInvalid => "setup_token_invalid",
            Self::Unauthorized => "unauthorized",
            Self::UnknownIntentType => "unknown_intent_type",
            Self::UnsupportedMediaType => "unsupported_media_type",
            Self::UploadExpired => "upload_expired",
            Self::UploadLocked => "upload_locked",
            Self::ValidationFailed => "validation_failed",
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;

    #[test]
    fn every_code_has_a_page_and_every_page_a_code() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/errors");
        let pages: BTreeSet<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned()))
            .filter(|stem| stem != "README")
            .collect();
        let codes: BTreeSet<String> = ErrorCode::ALL
            .iter()
            .map(|code| code.as_str().to_owned())
            .collect();
        assert_eq!(pages, codes);
        assert_eq!(codes.len(), ErrorCode::ALL.len(), "a code is listed once");
    }
}
