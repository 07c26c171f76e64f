//! Files that hold other files: how their parts are opened, limited, read and listed.
//!
//! A container's parser hands each part to [`Parts`], which reads it with the same parsers, appends it to the document
//! and lists it. Nothing is lost silently: a part that cannot be read is listed with the reason, and never the whole
//! document's failure. One [`Budget`] is shared by all parts, however deep.

mod limits;
mod merge;
mod name;

use std::collections::{BTreeMap, HashMap};
use std::io::Read;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::document::Document;
use crate::error::Error;
use crate::format::Format;
use crate::part::{Part, PartStatus};
use crate::place::Place;
use crate::request::Request;
use crate::text::shorten;
pub(crate) use limits::{Budget, Limits};
pub(crate) use name::decoded;

/// How much is unpacked between two looks at the limits.
const PIECE_BYTES: usize = 64 << 10;

/// Opens the parts of one container.
pub(crate) struct Parts<'a> {
    pub(crate) request: &'a Request,
    pub(crate) depth: usize,
    budget: &'a mut Budget,
    seen: HashMap<String, u32>,
    left_out: u64,
}

/// What is known of a part before it is read.
#[derive(Debug, Default)]
pub(crate) struct Entry {
    /// Its name, as the container has it.
    pub(crate) name: String,
    /// Its size in the container, where it is packed.
    pub(crate) packed: Option<u64>,
    /// The unpacked size that the container declares.
    pub(crate) declared: Option<u64>,
}

impl Entry {
    /// A part of which only the name is known.
    pub(crate) fn named(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            ..Self::default()
        }
    }
}

/// What came out of unpacking.
enum Unpacked {
    /// The content, and what was wrong with it at its end.
    Content(Vec<u8>, Option<String>),
    /// A limit was passed.
    Refused(String),
}

impl<'a> Parts<'a> {
    /// The parts of the file that was sent.
    pub(crate) fn new(request: &'a Request, budget: &'a mut Budget) -> Self {
        Self {
            request,
            depth: 0,
            budget,
            seen: HashMap::new(),
            left_out: 0,
        }
    }

    /// The limits that all parts share.
    pub(crate) fn limits(&self) -> &Limits {
        &self.budget.limits
    }

    /// Unpack a part and read it.
    pub(crate) fn read(&mut self, document: &mut Document, entry: &Entry, source: &mut dyn Read) {
        let Some(label) = self.label(document, entry) else {
            return;
        };
        if let Some(reason) = self.refusal(entry) {
            return report(
                document,
                unread(label, entry.declared, PartStatus::Skipped),
                &reason,
            );
        }
        match self.unpack(entry, source) {
            Unpacked::Content(bytes, Some(problem)) if bytes.is_empty() => report(
                document,
                unread(label, entry.declared, PartStatus::Failed),
                &format!("it is damaged: {problem}"),
            ),
            Unpacked::Content(bytes, problem) => {
                if let Some(problem) = problem {
                    let message =
                        format!("`{label}` is damaged: {problem}; what could be unpacked is kept");
                    document.warn("damaged_part", message, part_place(&label));
                }
                self.parse(document, label, &bytes);
            }
            Unpacked::Refused(reason) => report(
                document,
                unread(label, entry.declared, PartStatus::Skipped),
                &reason,
            ),
        }
    }

    /// Read a part whose bytes are at hand.
    pub(crate) fn read_bytes(&mut self, document: &mut Document, name: &str, bytes: &[u8]) {
        let size = bytes.len() as u64;
        let entry = Entry {
            name: name.to_owned(),
            packed: None,
            declared: Some(size),
        };
        let Some(label) = self.label(document, &entry) else {
            return;
        };
        if let Some(reason) = self.refusal(&entry) {
            return report(
                document,
                unread(label, Some(size), PartStatus::Skipped),
                &reason,
            );
        }
        self.budget.unpacked += size;
        self.parse(document, label, bytes);
    }

    /// List a part that is left alone.
    pub(crate) fn skip(&mut self, document: &mut Document, entry: &Entry, reason: &str) {
        if let Some(label) = self.label(document, entry) {
            report(
                document,
                unread(label, entry.declared, PartStatus::Skipped),
                reason,
            );
        }
    }

    /// List a part that could not be read.
    pub(crate) fn fail(&mut self, document: &mut Document, entry: &Entry, reason: &str) {
        if let Some(label) = self.label(document, entry) {
            report(
                document,
                unread(label, entry.declared, PartStatus::Failed),
                reason,
            );
        }
    }

    /// Warn of what was not even listed.
    ///
    /// # Errors
    /// An archive of which no file could be read, however deep: the first one's reason stands for all.
    pub(crate) fn finish(&self, document: &mut Document) -> Result<(), Error> {
        if self.left_out > 0 {
            let message = format!(
                "{} more files in it are not listed: the limit is {} for one file and everything within it",
                self.left_out, self.budget.limits.parts
            );
            document.warn("parts_left_out", message, Place::default());
        }
        let is_archive = |format| matches!(format, Format::Zip | Format::Tar | Format::Gzip);
        let is_read =
            |part: &Part| part.status == PartStatus::Parsed && !part.format.is_some_and(is_archive);
        if self.depth > 0 || !is_archive(document.format) || document.parts.iter().any(is_read) {
            return Ok(());
        }
        let mut unread = document.parts.iter().filter(|part| part.reason.is_some());
        unread.next().map_or(Ok(()), |first| {
            Err(Error::NothingRead {
                first: shorten(&first.path.join("/"), 200),
                why: shorten(first.reason.as_deref().unwrap_or_default(), 300),
            })
        })
    }

    /// The name to show, if there is room for one more part.
    fn label(&mut self, document: &mut Document, entry: &Entry) -> Option<String> {
        if self.budget.parts >= self.budget.limits.parts {
            self.left_out += 1;
            return None;
        }
        self.budget.parts += 1;
        let mut label = name::shown(&entry.name);
        if name::points_outside(&entry.name) {
            let message =
                format!("`{label}` names a place outside of the file it is in; it is only shown");
            document.warn("odd_name", message, part_place(&label));
        }
        let count = self.seen.entry(label.clone()).or_insert(0);
        *count += 1;
        if *count > 1 {
            label = format!("{label} ({count})");
        }
        Some(label)
    }

    /// Why a part is not opened at all.
    fn refusal(&self, entry: &Entry) -> Option<String> {
        let limits = &self.budget.limits;
        if self.depth + 1 > limits.depth {
            return Some(format!(
                "it stands deeper than {} files within each other",
                limits.depth
            ));
        }
        if self.budget.unpacked >= limits.total_bytes {
            return Some(format!(
                "the limit of {} of unpacked content was reached",
                mib(limits.total_bytes)
            ));
        }
        if self.budget.kept >= limits.kept_bytes {
            return Some(too_much_text(limits));
        }
        let declared = entry.declared.unwrap_or(0);
        (declared > limits.part_bytes).then(|| too_large(limits))
    }

    fn unpack(&mut self, entry: &Entry, source: &mut dyn Read) -> Unpacked {
        let limits = self.budget.limits.clone();
        let mut content = Vec::new();
        let mut piece = vec![0; PIECE_BYTES];
        loop {
            let count = match source.read(&mut piece) {
                Ok(0) => break,
                Ok(count) => count,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
                Err(error) => return Unpacked::Content(content, Some(error.to_string())),
            };
            content.extend_from_slice(piece.get(..count).unwrap_or_default());
            self.budget.unpacked += count as u64;
            let size = content.len() as u64;
            if size > limits.part_bytes {
                return Unpacked::Refused(too_large(&limits));
            }
            if self.budget.unpacked > limits.total_bytes {
                let limit = mib(limits.total_bytes);
                return Unpacked::Refused(format!(
                    "the limit of {limit} of unpacked content was reached"
                ));
            }
            let free = limits.ratio_free_bytes;
            if entry
                .packed
                .is_some_and(|packed| size > free && size / limits.ratio > packed)
            {
                let reason = format!("it unpacks to more than {} times its size", limits.ratio);
                return Unpacked::Refused(reason);
            }
        }
        let size = content.len() as u64;
        let problem = entry.declared.filter(|declared| *declared != size);
        let problem =
            problem.map(|declared| format!("it should have {declared} bytes and has {size}"));
        Unpacked::Content(content, problem)
    }

    /// Read the bytes of a part, whatever they are.
    fn parse(&mut self, document: &mut Document, label: String, bytes: &[u8]) {
        let size = bytes.len() as u64;
        let part = unread(label, Some(size), PartStatus::Skipped);
        let label = &part.path.concat();
        if bytes.starts_with(TNEF) {
            let why = "it is an Outlook container (TNEF); ask the sender for the files themselves";
            return report(document, part, why);
        }
        if let Some(why) = opaque(label) {
            return list(document, part, why);
        }
        let request = Request {
            name: label.clone(),
            ..self.request.clone()
        };
        let mut inner = Parts {
            request: &request,
            depth: self.depth + 1,
            budget: self.budget,
            seen: HashMap::new(),
            left_out: 0,
        };
        // One bad part must not take the others with it, even where a library panics on it.
        let read = catch_unwind(AssertUnwindSafe(|| crate::read(bytes, &mut inner)));
        let error = match read {
            Ok(Ok(child)) => return self.keep(document, part, child),
            Ok(Err(error)) => error,
            Err(_) => Error::damaged("its content confuses the parser"),
        };
        refused(document, part, &error, bytes);
    }

    /// Append what was read, as far as there is room for it.
    fn keep(&mut self, document: &mut Document, part: Part, child: Document) {
        let weight = merge::weight(&child);
        if self.budget.kept + weight > self.budget.limits.kept_bytes {
            let why = too_much_text(&self.budget.limits);
            let format = Some(child.format);
            return report(document, Part { format, ..part }, &why);
        }
        self.budget.kept += weight;
        merge::append(document, &part.path.concat(), part.size.unwrap_or(0), child);
    }
}

/// The signature of MS-OXTNEF, 2.1.3.1.
const TNEF: &[u8] = &[0x78, 0x9f, 0x3e, 0x22];

/// List a part that its parser refused.
fn refused(document: &mut Document, mut part: Part, error: &Error, bytes: &[u8]) {
    let head = bytes.get(..crate::HEAD_BYTES).unwrap_or(bytes);
    part.format = Some(crate::sniff(head, &part.path.concat()).format);
    match error {
        Error::Empty => {
            part.format = None;
            list(document, part, "it is empty");
        }
        Error::UnsupportedFormat { format } => {
            let why = format!("{} files cannot be parsed", format.label());
            report(document, part, &why);
        }
        Error::Encrypted { .. } => report(document, part, "it is encrypted"),
        error => {
            part.status = PartStatus::Failed;
            report(document, part, &error.to_string());
        }
    }
}

/// Files in which nobody looks for text, and of which nobody needs to be warned.
fn opaque(name: &str) -> Option<&'static str> {
    let file = name.rsplit(['/', '\\']).next().unwrap_or_default();
    if name.starts_with("__MACOSX/") || file == ".DS_Store" || file.starts_with("._") {
        return Some("it is a note of macOS about other files");
    }
    None
}

/// A part of which nothing is kept.
fn unread(label: String, size: Option<u64>, status: PartStatus) -> Part {
    Part {
        path: vec![label],
        format: None,
        size,
        status,
        reason: None,
        title: None,
        metadata: BTreeMap::new(),
    }
}

/// List a part of which nothing is kept, and warn of it.
fn report(document: &mut Document, part: Part, why: &str) {
    let label = part.path.concat();
    let (code, what) = match part.status {
        PartStatus::Failed => ("part_failed", "could not be read"),
        _ => ("part_skipped", "was not read"),
    };
    let message = format!("`{label}` {what}: {why}");
    document.warn(code, message, part_place(&label));
    list(document, part, why);
}

/// List a part of which nothing is kept.
fn list(document: &mut Document, part: Part, why: &str) {
    document.parts.push(Part {
        reason: Some(why.to_owned()),
        ..part
    });
}

fn part_place(label: &str) -> Place {
    Place {
        part: vec![label.to_owned()],
        ..Place::default()
    }
}

fn too_large(limits: &Limits) -> String {
    format!(
        "it unpacks to more than {}; send it alone",
        mib(limits.part_bytes)
    )
}

fn too_much_text(limits: &Limits) -> String {
    format!(
        "more than {} of content would be kept of one file; send it alone",
        mib(limits.kept_bytes)
    )
}

fn mib(bytes: u64) -> String {
    format!("{} MiB", bytes >> 20)
}

#[cfg(test)]
mod tests;
