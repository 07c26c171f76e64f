//! The frames between parent and child, over the child's standard input and output.
//!
//! A frame is one byte of kind, eight bytes of length (big-endian) and the payload. The parent sends one setup, then for
//! each job a header (JSON), any number of input frames and an end frame; the child sends one answer, refusal or panic,
//! and a ready frame when it can take another job. Input ends with a frame and not with the pipe, so that input cut
//! short by a dying parent is an error and not a shorter document, and so that another job can follow on the same pipe.

use std::io::{self, Read, Write};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Limits, SandboxError};

/// Parent to child, once: the [`Setup`] as JSON.
pub(super) const SETUP: u8 = b'S';
/// Parent to child: the [`Header`] as JSON.
pub(super) const HEADER: u8 = b'H';
/// Parent to child: a piece of the input.
pub(super) const INPUT: u8 = b'I';
/// Parent to child: the input is complete. No payload.
pub(super) const END: u8 = b'E';
/// Parent to child, instead of a job: a [`super::probe::Question`] as JSON.
pub(super) const PROBE: u8 = b'Q';
/// Child to parent: the handler's answer.
pub(super) const ANSWER: u8 = b'A';
/// Child to parent: a [`super::ChildRefusal`] as JSON.
pub(super) const REFUSAL: u8 = b'R';
/// Child to parent: the message of the panic that ended the handler, as text.
pub(super) const PANIC: u8 = b'P';
/// Child to parent: the [`Held`] as JSON; the input was read to its end, and another job may come.
pub(super) const READY: u8 = b'D';

/// Length of a frame without its payload.
pub(super) const PREFIX_BYTES: usize = 9;
/// The longest header; a request says what to do with the input and is not itself the input.
const HEADER_BYTES_MAX: u64 = 1024 * 1024;
/// The longest refusal or panic message that is read.
pub(super) const REASON_BYTES_MAX: u64 = 64 * 1024;

/// What the child must know before it confines itself.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Setup {
    /// Process id of the parent, so that the child notices that it was orphaned before it could ask to be told.
    pub parent: u32,
    pub limits: Limits,
}

/// What the child must know before it reads the input of a job.
#[derive(Debug, Deserialize)]
pub(super) struct Header {
    pub request: Value,
    /// Length of the input in bytes, where the parent knows it.
    pub size: Option<u64>,
}

/// The address space of the child, in bytes: when it had confined itself, and now, between two jobs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Held {
    pub base: u64,
    pub now: u64,
}

impl Setup {
    /// The setup as a whole frame.
    pub(super) fn encode(limits: &Limits) -> io::Result<Vec<u8>> {
        let setup = Self {
            parent: std::process::id(),
            limits: *limits,
        };
        frame(SETUP, &serde_json::to_vec(&setup)?)
    }
}

impl Header {
    /// The header as a whole frame.
    pub(super) fn encode(request: &Value, size: Option<u64>) -> Result<Vec<u8>, SandboxError> {
        #[derive(Serialize)]
        struct Borrowed<'a> {
            request: &'a Value,
            size: Option<u64>,
        }
        let json = serde_json::to_vec(&Borrowed { request, size }).map_err(io::Error::from)?;
        if json.len() as u64 > HEADER_BYTES_MAX {
            return Err(SandboxError::InputTooLarge {
                limit: HEADER_BYTES_MAX,
            });
        }
        Ok(frame(HEADER, &json)?)
    }
}

/// A frame as bytes.
pub(super) fn frame(kind: u8, payload: &[u8]) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(PREFIX_BYTES + payload.len());
    write_frame(&mut bytes, kind, payload)?;
    Ok(bytes)
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

/// Kind and length of the next frame, or nothing where the pipe ends between two frames.
pub(super) fn next_frame(from: &mut dyn Read) -> io::Result<Option<(u8, u64)>> {
    let mut prefix = [0; PREFIX_BYTES];
    let mut read = 0;
    while read < PREFIX_BYTES {
        match from.read(&mut prefix[read..]) {
            Ok(0) if read == 0 => return Ok(None),
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(more) => read += more,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(Some(parse_prefix(prefix)))
}

/// The payload of a frame that is JSON.
pub(super) fn read_json<T: DeserializeOwned>(from: &mut dyn Read, length: u64) -> io::Result<T> {
    if length > HEADER_BYTES_MAX {
        return Err(garbled("expected a shorter frame"));
    }
    let mut json = Vec::new();
    from.take(length).read_to_end(&mut json)?;
    Ok(serde_json::from_slice(&json)?)
}

pub(super) fn garbled(expected: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, expected)
}

/// The input of one job, a plain reader that ends where the document does.
pub struct Input<'a> {
    frames: &'a mut dyn Read,
    size: Option<u64>,
    /// Bytes left of the current frame.
    left: u64,
    ended: bool,
}

impl<'a> Input<'a> {
    pub(super) fn new(frames: &'a mut dyn Read, size: Option<u64>) -> Self {
        Self {
            frames,
            size,
            left: 0,
            ended: false,
        }
    }

    /// Length of the input in bytes, where the parent knew it.
    pub const fn size(&self) -> Option<u64> {
        self.size
    }

    /// The whole input. Where its length is known, it is held once and nothing is moved while it grows.
    pub fn read_whole(&mut self) -> io::Result<Vec<u8>> {
        let size = self.size.and_then(|size| usize::try_from(size).ok());
        // One more, so that the read that finds the end needs no room.
        let mut whole = Vec::with_capacity(size.map_or(0, |size| size.saturating_add(1)));
        self.read_to_end(&mut whole)?;
        Ok(whole)
    }

    /// Whether the end was read, so that the next frame is another job's.
    pub(super) const fn has_ended(&self) -> bool {
        self.ended
    }
}

impl Read for Input<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        while self.left == 0 && !self.ended {
            match next_frame(self.frames)? {
                Some((INPUT, length)) => self.left = length,
                Some((END, 0)) => self.ended = true,
                Some(_) => return Err(garbled("expected input")),
                None => return Err(io::ErrorKind::UnexpectedEof.into()),
            }
        }
        if self.ended {
            return Ok(0);
        }
        let read = self.frames.take(self.left).read(buffer)?;
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
        fn input_is_read_back_however_it_was_cut(
            chunks: Vec<Vec<u8>>,
            size: Option<u16>,
            next_job: Vec<u8>,
        ) {
            let mut bytes = framed(&chunks);
            write_frame(&mut bytes, END, &[]).unwrap();
            bytes.extend(&next_job);
            let mut frames = &bytes[..];
            let mut input = Input::new(&mut frames, size.map(u64::from));
            let read = input.read_whole().unwrap();
            prop_assert!(input.has_ended());
            prop_assert_eq!(read, chunks.concat());
            prop_assert_eq!(frames, &next_job[..]);
        }

        #[test]
        fn arbitrary_bytes_never_panic(bytes: Vec<u8>, length: u64) {
            let _ = Input::new(&mut &bytes[..], None).read_whole();
            let _ = read_json::<Header>(&mut &bytes[..], length);
            let _ = read_json::<Setup>(&mut &bytes[..], length);
        }
    }

    #[test]
    fn input_cut_short_is_an_error_and_not_a_shorter_document() {
        let whole = framed(&[b"abc".to_vec()]);
        for length in 0..=whole.len() {
            let mut frames = &whole[..length];
            let error = Input::new(&mut frames, None).read_whole().unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
        }
    }

    #[test]
    fn an_input_of_known_length_is_held_once() {
        let mut bytes = framed(&[vec![7; 100_000], vec![8; 100_000]]);
        write_frame(&mut bytes, END, &[]).unwrap();
        let mut frames = &bytes[..];
        let whole = Input::new(&mut frames, Some(200_000)).read_whole().unwrap();
        assert_eq!((whole.len(), whole.capacity()), (200_000, 200_001));
    }

    #[test]
    fn the_pipe_may_end_between_frames_and_not_within_one() {
        assert_eq!(next_frame(&mut &[][..]).unwrap(), None);
        assert!(next_frame(&mut &[HEADER, 0][..]).is_err());
    }
}
