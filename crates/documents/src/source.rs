//! Text that is decoded while it is read, so that a file of any length takes no more memory than a buffer.

use std::io::{self, Read};

use encoding_rs::{CoderResult, Decoder, Encoding, UTF_8};

use crate::document::Document;
use crate::encoding;
use crate::error::Error;
use crate::place::Place;
use crate::request::Options;
use crate::sniff::HEAD_BYTES;

/// How much is read and decoded at once.
const PIECE_BYTES: usize = 64 << 10;
/// How much is looked at to tell one code page from another, from the first byte on that is not ASCII.
const DETECT_BYTES: usize = 512 << 10;
/// How much of the ASCII before it is looked at as well.
const DETECT_BEFORE_BYTES: usize = 4 << 10;

/// A reader that fails never and ends instead: parsers ask for the failure at the end, and only those that can have
/// one.
pub(crate) struct Input<'a> {
    from: &'a mut dyn Read,
    failure: Option<io::Error>,
}

impl<'a> Input<'a> {
    pub(crate) fn new(from: &'a mut dyn Read) -> Self {
        Self {
            from,
            failure: None,
        }
    }

    /// Why it ended early, if it did.
    pub(crate) fn into_failure(self) -> Option<io::Error> {
        self.failure
    }

    /// Add bytes until there are `length` of them or there are no more.
    pub(crate) fn fill(&mut self, bytes: &mut Vec<u8>, length: usize) {
        let missing = length.saturating_sub(bytes.len()) as u64;
        // A failure is kept for the end.
        let _ = self.take(missing).read_to_end(bytes);
    }
}

impl Read for Input<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.failure.is_none() {
            match self.from.read(buffer) {
                Ok(count) => return Ok(count),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => self.failure = Some(error),
            }
        }
        Ok(0)
    }
}

/// What became of a line that was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Line {
    /// It is there as a whole, with its end.
    Whole,
    /// Only its beginning is; the rest was passed over.
    Cut,
    /// There are no more.
    None,
}

/// A text in UTF-8, whatever its source is written in.
///
/// The encoding is what the options say, or the byte order mark, or found from the first byte on that is not ASCII:
/// up to there all code pages are the same. It does not depend on how the source hands its bytes out.
pub(crate) struct Text<'a> {
    input: &'a mut dyn Read,
    raw: Vec<u8>,
    raw_at: usize,
    ended: bool,
    /// None as long as all is ASCII.
    decoder: Option<Decoder>,
    /// The last of what was passed on while all was ASCII.
    before: Vec<u8>,
    flushed: bool,
    damaged: bool,
    decoded: Vec<u8>,
    decoded_at: usize,
    cleaning: Option<Cleaning>,
}

#[derive(Default)]
struct Cleaning {
    after_return: bool,
    dropped: u64,
}

impl<'a> Text<'a> {
    /// Read a text from its beginning.
    pub(crate) fn open(input: &'a mut dyn Read, options: &Options) -> Result<Self, Error> {
        let mut text = Self {
            input,
            raw: Vec::with_capacity(PIECE_BYTES),
            raw_at: 0,
            ended: false,
            decoder: None,
            before: Vec::new(),
            flushed: false,
            damaged: false,
            decoded: Vec::new(),
            decoded_at: 0,
            cleaning: None,
        };
        text.fill_raw(HEAD_BYTES);
        let stated = Encoding::for_bom(&text.raw).map(|(encoding, _)| encoding);
        let known = match encoding::wished(options)? {
            Some(wish) => Some(wish),
            None => stated.or_else(|| encoding::utf16_without_mark(&text.raw)),
        };
        // A byte order mark is honoured over the encoding, as the standard asks.
        text.decoder = known.map(Encoding::new_decoder);
        Ok(text)
    }

    /// End every line with a line feed and drop control characters, keeping the number of lines.
    pub(crate) fn cleaned(mut self) -> Self {
        self.cleaning = Some(Cleaning::default());
        self
    }

    /// The next bytes of the text, which may end within a character; none at its end.
    pub(crate) fn piece(&mut self) -> &[u8] {
        while self.decoded_at == self.decoded.len() && self.refill() {}
        self.decoded.get(self.decoded_at..).unwrap_or_default()
    }

    /// Go on behind the next `count` bytes.
    pub(crate) fn consume(&mut self, count: usize) {
        self.decoded_at = (self.decoded_at + count).min(self.decoded.len());
    }

    /// The next line, of which no more than `limit` bytes are kept.
    pub(crate) fn line(&mut self, line: &mut Vec<u8>, limit: usize) -> Line {
        line.clear();
        let mut outcome = Line::None;
        loop {
            let piece = self.piece();
            if piece.is_empty() {
                break;
            }
            let end = memchr::memchr(b'\n', piece);
            let count = end.map_or(piece.len(), |end| end + 1);
            let room = limit.saturating_sub(line.len());
            line.extend_from_slice(piece.get(..count.min(room)).unwrap_or_default());
            outcome = if count > room || outcome == Line::Cut {
                Line::Cut
            } else {
                Line::Whole
            };
            self.consume(count);
            if end.is_some() {
                break;
            }
        }
        if outcome == Line::Cut
            && let Err(error) = std::str::from_utf8(line)
        {
            line.truncate(error.valid_up_to());
        }
        outcome
    }

    /// Count the lines that are left, the last one also where nothing ends it.
    pub(crate) fn count_lines(&mut self) -> u64 {
        let mut lines = 0;
        let mut is_open = false;
        loop {
            let piece = self.piece();
            let Some(last) = piece.last() else { break };
            is_open = *last != b'\n';
            lines += memchr::memchr_iter(b'\n', piece).count() as u64;
            let count = piece.len();
            self.consume(count);
        }
        lines + u64::from(is_open)
    }

    /// Note the encoding, and what could not be read as it stands.
    pub(crate) fn report(&self, document: &mut Document) {
        let used = self.decoder.as_ref().map_or(UTF_8, Decoder::encoding);
        document.encoding = Some(used.name().to_owned());
        let dropped = self
            .cleaning
            .as_ref()
            .map_or(0, |cleaning| cleaning.dropped);
        if dropped > 0 {
            let message = format!("{dropped} control characters were left out");
            document.warn_first("control_characters", message, Place::default());
        }
        if self.damaged {
            encoding::warn_of_damage(document, used);
        }
    }

    /// Decode some more; says whether there was anything to do.
    fn refill(&mut self) -> bool {
        self.decoded.clear();
        self.decoded_at = 0;
        if self.raw_at == self.raw.len() {
            self.raw.clear();
            self.raw_at = 0;
            self.fill_raw(PIECE_BYTES);
        }
        if self.decoder.is_none() {
            let ascii = Encoding::ascii_valid_up_to(self.raw.get(self.raw_at..).unwrap_or(&[]));
            if ascii > 0 {
                self.pass(ascii);
                self.clean();
                return true;
            }
            if self.raw_at == self.raw.len() {
                return false;
            }
            self.detect();
        }
        let worked = self.decode();
        self.clean();
        worked
    }

    /// Pass ASCII on as it is.
    fn pass(&mut self, count: usize) {
        let piece = self
            .raw
            .get(self.raw_at..self.raw_at + count)
            .unwrap_or_default();
        self.decoded.extend_from_slice(piece);
        let tail = piece.len().saturating_sub(DETECT_BEFORE_BYTES);
        self.before
            .extend_from_slice(piece.get(tail..).unwrap_or_default());
        let surplus = self.before.len().saturating_sub(DETECT_BEFORE_BYTES);
        self.before.drain(..surplus);
        self.raw_at += count;
    }

    /// Choose the encoding, standing at the first byte that is not ASCII.
    fn detect(&mut self) {
        self.raw.drain(..self.raw_at);
        self.raw_at = 0;
        self.fill_raw(DETECT_BYTES);
        let mut sample = std::mem::take(&mut self.before);
        sample.extend_from_slice(&self.raw);
        let encoding = encoding::guess(&sample, self.ended);
        self.decoder = Some(encoding.new_decoder_without_bom_handling());
    }

    fn decode(&mut self) -> bool {
        let Some(decoder) = self.decoder.as_mut() else {
            return false;
        };
        if self.flushed {
            return false;
        }
        let piece = self.raw.get(self.raw_at..).unwrap_or_default();
        let piece = piece.get(..PIECE_BYTES).unwrap_or(piece);
        let is_last = self.ended && self.raw_at + piece.len() == self.raw.len();
        self.decoded.resize(PIECE_BYTES * 3 + 64, 0);
        let (result, read, written, damaged) =
            decoder.decode_to_utf8(piece, &mut self.decoded, is_last);
        self.decoded.truncate(written);
        self.raw_at += read;
        self.damaged |= damaged;
        self.flushed = is_last && result == CoderResult::InputEmpty;
        true
    }

    fn clean(&mut self) {
        let Some(cleaning) = self.cleaning.as_mut() else {
            return;
        };
        let is_odd =
            |byte: &u8| (*byte < 0x20 && *byte != b'\n' && *byte != b'\t') || *byte == 0x7f;
        if !cleaning.after_return && !self.decoded.iter().any(is_odd) {
            return;
        }
        // All that is looked for is ASCII, which is no part of another character.
        self.decoded.retain_mut(|byte| {
            let after_return = std::mem::take(&mut cleaning.after_return);
            match *byte {
                b'\n' => return !after_return,
                b'\r' => {
                    cleaning.after_return = true;
                    *byte = b'\n';
                }
                b'\t' => {}
                // A page break or vertical tab parts words, but is no line end in any editor.
                0x0b | 0x0c => *byte = b' ',
                0..=0x1f | 0x7f => {
                    cleaning.dropped += 1;
                    return false;
                }
                _ => {}
            }
            true
        });
    }

    fn fill_raw(&mut self, length: usize) {
        let missing = length.saturating_sub(self.raw.len()) as u64;
        let before = self.raw.len() as u64;
        // Where this fails, the text ends: see `Input`.
        let _ = (&mut *self.input).take(missing).read_to_end(&mut self.raw);
        self.ended |= (self.raw.len() as u64) < before + missing;
    }
}

impl Read for Text<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let piece = self.piece();
        let count = piece.len().min(buffer.len());
        if let (Some(to), Some(from)) = (buffer.get_mut(..count), piece.get(..count)) {
            to.copy_from_slice(from);
        }
        self.consume(count);
        Ok(count)
    }
}

#[cfg(test)]
mod tests;
