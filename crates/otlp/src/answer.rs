//! Answers.

use prost::Message;
use serde_json::json;

use crate::message::{PartialSuccess, Response, RpcStatus};
use crate::{Encoding, Rejected, Signal};

/// The answer to an export that was taken, as its body. What was not taken is said; a client does not send it again.
pub fn answer(signal: Signal, encoding: Encoding, rejected: &Rejected) -> Vec<u8> {
    let is_whole = rejected.count == 0;
    let reason = rejected.reason.clone().unwrap_or_default();
    match encoding {
        Encoding::Protobuf => {
            let partial_success = (!is_whole).then(|| PartialSuccess {
                rejected: i64::try_from(rejected.count).unwrap_or(i64::MAX),
                error_message: reason,
            });
            Response { partial_success }.encode_to_vec()
        }
        Encoding::Json if is_whole => b"{}".to_vec(),
        Encoding::Json => {
            let member = match signal {
                Signal::Logs => "rejectedLogRecords",
                Signal::Metrics => "rejectedDataPoints",
                Signal::Traces => "rejectedSpans",
            };
            let partial = json!({ member: rejected.count.to_string(), "errorMessage": reason });
            json!({ "partialSuccess": partial })
                .to_string()
                .into_bytes()
        }
    }
}

/// A failure, as its body: `google.rpc.Status` with one of its codes.
pub fn status(encoding: Encoding, code: i32, message: &str) -> Vec<u8> {
    match encoding {
        Encoding::Protobuf => RpcStatus {
            code,
            message: message.to_owned(),
        }
        .encode_to_vec(),
        Encoding::Json => json!({ "code": code, "message": message })
            .to_string()
            .into_bytes(),
    }
}
