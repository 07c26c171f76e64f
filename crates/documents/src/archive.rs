//! ZIP archives, opened with limits: what an archive says of itself is not believed, bytes are counted as they come.

use std::collections::HashMap;
use std::io::{self, BufReader, Cursor, Read};

use zip::ZipArchive;
use zip::read::ZipFile;
use zip::result::ZipError;

use crate::error::Error;
use crate::format::Format;
use crate::text::shorten;

/// The most entries of an archive.
const ENTRIES_MAX: usize = 100_000;
/// The most bytes of an entry that becomes a text in memory.
const PART_BYTES_MAX: u64 = 256 << 20;
/// The most bytes that are inflated from one archive.
const INFLATED_BYTES_MAX: u64 = 2 << 30;
/// An entry that grew beyond this must not have grown by more than [`RATIO_MAX`].
const RATIO_BYTES_FROM: u64 = 32 << 20;
/// Rows of a sheet that differ in a digit shrink to a hundredth; deflate's own limit is about 1,032.
const RATIO_MAX: u64 = 300;

/// An open archive. Names are compared without case, as the office formats ask for, and never become paths.
pub(crate) struct Archive<'a> {
    zip: ZipArchive<Cursor<&'a [u8]>>,
    names: HashMap<String, usize>,
    format: Format,
    left: u64,
}

impl<'a> Archive<'a> {
    /// Read the directory of an archive. Errors name the format.
    pub(crate) fn open(bytes: &'a [u8], format: Format) -> Result<Self, Error> {
        // An encrypted office document is an archive within a compound file.
        if bytes.starts_with(b"\xd0\xcf\x11\xe0") {
            return Err(Error::Encrypted { format });
        }
        // The directory is read as a whole: count before.
        let headers = memchr::memmem::find_iter(bytes, b"PK\x01\x02");
        if headers.take(ENTRIES_MAX + 1).count() > ENTRIES_MAX {
            return Err(Error::TooLarge {
                limit: ENTRIES_MAX as u64,
                what: "entries in its archive",
            });
        }
        let zip = ZipArchive::new(Cursor::new(bytes)).map_err(|error| broken(&error))?;
        let mut names = HashMap::with_capacity(zip.len());
        for (index, name) in zip.file_names_raw().enumerate() {
            // The first of two equal names is what other readers show.
            names
                .entry(fold(&String::from_utf8_lossy(name)))
                .or_insert(index);
        }
        Ok(Self {
            zip,
            names,
            format,
            left: INFLATED_BYTES_MAX,
        })
    }

    /// Whether there is an entry of this name.
    pub(crate) fn contains(&self, name: &str) -> bool {
        self.names.contains_key(&fold(name))
    }

    /// The names of all entries, in lower case with forward slashes, in no order.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.names.keys().map(String::as_str)
    }

    /// An entry of bounded length as a stream; none if there is none of this name. Beyond a limit the stream fails with
    /// [`io::ErrorKind::FileTooLarge`].
    pub(crate) fn part(&mut self, name: &str) -> Result<Option<Stream<'_, 'a>>, Error> {
        self.entry(name, PART_BYTES_MAX)
    }

    /// The content of an entry of bounded length; none if there is none of this name.
    pub(crate) fn read(&mut self, name: &str) -> Result<Option<Vec<u8>>, Error> {
        let Some(mut part) = self.part(name)? else {
            return Ok(None);
        };
        let mut content = Vec::new();
        part.read_to_end(&mut content)
            .map_err(|error| unreadable(&error, name))?;
        Ok(Some(content))
    }

    /// An entry of any length, for a reader that does not keep what it reads.
    pub(crate) fn stream(&mut self, name: &str) -> Result<Option<Stream<'_, 'a>>, Error> {
        self.entry(name, INFLATED_BYTES_MAX)
    }

    fn entry(&mut self, name: &str, bytes_max: u64) -> Result<Option<Stream<'_, 'a>>, Error> {
        let Some(index) = self.names.get(&fold(name)).copied() else {
            return Ok(None);
        };
        let entry = match self.zip.by_index(index) {
            Ok(entry) => entry,
            Err(ZipError::UnsupportedArchive(ZipError::PASSWORD_REQUIRED)) => {
                return Err(Error::Encrypted {
                    format: self.format,
                });
            }
            Err(error) => return Err(broken(&error)),
        };
        let compressed = entry.compressed_size();
        Ok(Some(BufReader::with_capacity(
            1 << 16,
            Entry {
                entry,
                compressed,
                inflated: 0,
                bytes_max,
                left: &mut self.left,
            },
        )))
    }

    /// Inflate the entries that `wanted` names and drop them: a reader that knows no limits may read them afterwards.
    pub(crate) fn check(&mut self, wanted: impl Fn(&str) -> bool) -> Result<(), Error> {
        let mut names: Vec<String> = self
            .names()
            .filter(|name| wanted(name))
            .map(str::to_owned)
            .collect();
        // The same archive fails for the same reason.
        names.sort_unstable();
        for name in names {
            if let Some(mut stream) = self.part(&name)? {
                io::copy(&mut stream, &mut io::sink())
                    .map_err(|error| unreadable(&error, &name))?;
            }
        }
        Ok(())
    }
}

/// An entry that is inflated as it is read.
pub(crate) type Stream<'z, 'a> = BufReader<Entry<'z, 'a>>;

/// Counts what an entry grows to.
pub(crate) struct Entry<'z, 'a> {
    entry: ZipFile<'z, Cursor<&'a [u8]>>,
    compressed: u64,
    inflated: u64,
    bytes_max: u64,
    left: &'z mut u64,
}

impl Read for Entry<'_, '_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.entry.read(buffer)?;
        self.inflated += count as u64;
        let is_bomb =
            self.inflated > RATIO_BYTES_FROM && self.inflated / RATIO_MAX > self.compressed.max(1);
        match self.left.checked_sub(count as u64) {
            Some(left) if !is_bomb && self.inflated <= self.bytes_max => *self.left = left,
            _ => return Err(io::ErrorKind::FileTooLarge.into()),
        }
        Ok(count)
    }
}

/// What a failure to read an entry means.
pub(crate) fn unreadable(error: &io::Error, name: &str) -> Error {
    if error.kind() == io::ErrorKind::FileTooLarge {
        return Error::damaged(format!(
            "`{}` in it inflates to more than {RATIO_MAX} times its size or beyond {PART_BYTES_MAX} bytes, as an archive bomb does",
            shorten(name, 100)
        ));
    }
    Error::damaged(format!(
        "`{}` in it cannot be read: {}",
        shorten(name, 100),
        shorten(&error.to_string(), 200)
    ))
}

fn broken(error: &ZipError) -> Error {
    Error::damaged(format!(
        "its archive cannot be read: {}",
        shorten(&error.to_string(), 200)
    ))
}

fn fold(name: &str) -> String {
    name.trim_start_matches('/')
        .replace('\\', "/")
        .to_ascii_lowercase()
}
