//! Bodies that are packed with gzip.

use std::io::Read;

use bytes::Bytes;
use flate2::read::MultiGzDecoder;

/// Why a body was not unpacked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UnpackError {
    /// It holds more than may be.
    #[error("the body has more than {0} bytes when it is unpacked: send less at once")]
    TooLarge(usize),
    /// It is not gzip, or damaged.
    #[error("the body is not gzip, or it is damaged: {0}")]
    Damaged(String),
}

/// Unpacks a body (RFC 1952) of up to `bytes_max` bytes; more is never held.
pub fn gunzip(body: &[u8], bytes_max: usize) -> Result<Bytes, UnpackError> {
    let limit = u64::try_from(bytes_max).unwrap_or(u64::MAX);
    let mut unpacked = Vec::new();
    MultiGzDecoder::new(body)
        .take(limit.saturating_add(1))
        .read_to_end(&mut unpacked)
        .map_err(|error| UnpackError::Damaged(error.to_string()))?;
    if unpacked.len() > bytes_max {
        return Err(UnpackError::TooLarge(bytes_max));
    }
    Ok(unpacked.into())
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    fn packed(content: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(content).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn what_was_packed_is_unpacked_up_to_the_limit() {
        let content = b"telemetry".repeat(1000);
        let body = packed(&content);
        assert_eq!(gunzip(&body, content.len()).unwrap(), content);
        let refused = gunzip(&body, content.len() - 1);
        assert_eq!(refused, Err(UnpackError::TooLarge(content.len() - 1)));
        let bomb = packed(&vec![0; 64 << 20]);
        assert!(bomb.len() < 70_000);
        assert_eq!(gunzip(&bomb, 1 << 20), Err(UnpackError::TooLarge(1 << 20)));
    }

    #[test]
    fn what_is_damaged_is_refused() {
        let body = packed(b"telemetry");
        for damaged in [&b"{}"[..], &body[..body.len() - 3], b""] {
            let refused = gunzip(damaged, 100);
            assert!(
                matches!(refused, Err(UnpackError::Damaged(_))),
                "{damaged:?}"
            );
        }
    }
}
