//! The frames between parent and child, over the child's standard input and output.
//!
//! A frame is one byte of kind, eight bytes of length (big-endian) and the payload. The parent sends a header (JSON),
//! any number of input frames and an end frame; the child sends one answer, refusal or panic. Input ends with a frame
//! and not with the pipe, so that input cut short by a dying parent is an error and not a shorter document, and so that
//! another job can follow on the same pipe.

use std::io::{self, Read, Write};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Limits, SandboxError};

/// Parent to child: the [`Header`] as JSON.
pub(super) const HEADER: u8 = b'H';
/// Parent to child: a piece of the input.
pub(super) const INPUT: u8 = b'I';
/// Parent to child: the input is complete. No payload.
pub(super) const END: u8 = b'E';
/// Child to parent: the handler's answer.
pub(super) const ANSWER: u8 = b'A';
/// Child to parent: a [`super::ChildRefusal`] as JSON.
pub(super) const REFUSAL: u8 = b'R';
/// Child to parent: the message of the panic that ended the handler, as text.
pub(super) const PANIC: u8 = b'P';

/// Length of a frame without its payload.
pub(super) const PREFIX_BYTES: usize = 9;
/// The longest header; a request says what to do with the input and is not itself the input.
const HEADER_BYTES_MAX: u64 = 1024 * 1024;
/// The longest refusal or panic message that is read.
pub(super) const REASON_BYTES_MAX: u64 = 64 * 1024;

/// What the child must know before it reads the input.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Header {
    /// Process id of the parent, so that the child notices that it was orphaned before it could ask to be told.
    pub parent: u32,
    pub limits: Limits,
    pub request: Value,
}

impl Header {
    /// The header as a whole frame.
    pub(super) fn encode(limits: &Limits, request: &Value) -> Result<Vec<u8>, SandboxError> {
        #[derive(Serialize)]
        struct Borrowed<'a> {
            parent: u32,
            limits: &'a Limits,
            request: &'a Value,
        }
        let json = serde_json::to_vec(&Borrowed {
            parent: std::process::id(),
            limits,
            request,
        });
        let json = json.map_err(io::Error::from)?;
        if json.len() as u64 > HEADER_BYTES_MAX {
            return Err(SandboxError::InputTooLarge {
                limit: HEADER_BYTES_MAX,
            });
        }
        Ok([&prefix(HEADER, json.len())[..], &json].concat())
    }

    /// Reads the header, the first frame of a job.
    pub(super) fn read(from: &mut impl Read) -> io::Result<Self> {
        let (kind, length) = read_prefix(from)?;
        if kind != HEADER || length > HEADER_BYTES_MAX {
            return Err(garbled("expected a header"));
        }
        let mut json = Vec::new();
        from.take(length).read_to_end(&mut json)?;
        Ok(serde_json::from_slice(&json)?)
    }
}

/// The first bytes of a frame.
pub(super) fn prefix(kind: u8, length: usize) -> [u8; PREFIX_BYTES] {
    let mut prefix = [kind; PREFIX_BYTES];
    prefix[1..].copy_from_slice(&(length as u64).to_be_bytes());
    prefix
}

/// Kind and payload length of a frame, from its first bytes.
pub(super) fn parse_prefix(prefix: [u8; PREFIX_BYTES]) -> (u8, u64) {
    let [kind, length @ ..] = prefix;
    (kind, u64::from_be_bytes(length))
}

/// Writes one frame.
pub(super) fn write_frame(to: &mut impl Write, kind: u8, payload: &[u8]) -> io::Result<()> {
    to.write_all(&prefix(kind, payload.len()))?;
    to.write_all(payload)?;
    to.flush()
}

fn read_prefix(from: &mut impl Read) -> io::Result<(u8, u64)> {
    let mut prefix = [0; PREFIX_BYTES];
    from.read_exact(&mut prefix)?;
    Ok(parse_prefix(prefix))
}

fn garbled(expected: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, expected)
}

/// The input of one job as a plain reader, which ends at its end frame.
pub(super) struct InputReader<R> {
    frames: R,
    /// Bytes left of the current frame.
    left: u64,
    ended: bool,
}

impl<R: Read> InputReader<R> {
    pub(super) fn new(frames: R) -> Self {
        Self {
            frames,
            left: 0,
            ended: false,
        }
    }
}

impl<R: Read> Read for InputReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        while self.left == 0 && !self.ended {
            match read_prefix(&mut self.frames)? {
                (INPUT, length) => self.left = length,
                (END, 0) => self.ended = true,
                _ => return Err(garbled("expected input")),
            }
        }
        if self.ended {
            return Ok(0);
        }
        let read = (&mut self.frames).take(self.left).read(buffer)?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.left -= read as u64;
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn framed(chunks: &[Vec<u8>]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for chunk in chunks {
            write_frame(&mut bytes, INPUT, chunk).unwrap();
        }
        bytes
    }

    proptest! {
        #[test]
        fn input_is_read_back_however_it_was_cut(chunks: Vec<Vec<u8>>, next_job: Vec<u8>) {
            let mut bytes = framed(&chunks);
            write_frame(&mut bytes, END, &[]).unwrap();
            bytes.extend(&next_job);
            let mut frames = &bytes[..];
            let mut read = Vec::new();
            InputReader::new(&mut frames).read_to_end(&mut read).unwrap();
            prop_assert_eq!(read, chunks.concat());
            prop_assert_eq!(frames, &next_job[..]);
        }

        #[test]
        fn arbitrary_bytes_never_panic(bytes: Vec<u8>) {
            let _ = InputReader::new(&bytes[..]).read_to_end(&mut Vec::new());
            let _ = Header::read(&mut &bytes[..]);
        }
    }

    #[test]
    fn input_cut_short_is_an_error_and_not_a_shorter_document() {
        let whole = framed(&[b"abc".to_vec()]);
        for length in 0..=whole.len() {
            let error = InputReader::new(&whole[..length])
                .read_to_end(&mut Vec::new())
                .unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
        }
    }
}
