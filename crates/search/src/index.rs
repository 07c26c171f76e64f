//! The index on disk: opening, feeding, committing.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use civitas_model::{Record, RecordId, TenantId};
use tantivy::directory::error::{OpenDirectoryError, OpenReadError};
use tantivy::tokenizer::TextAnalyzer;
use tantivy::{IndexReader, IndexWriter, ReloadPolicy, Searcher, TantivyError, Term};

use crate::analysis::{ANALYZER, Analyzer};
use crate::cursor::Kept;
use crate::document::{Fields, VERSION, schema};
use crate::error::Error;

/// The least memory that the engine accepts for one writing thread, in bytes.
const HEAP_PER_THREAD_MIN: usize = 15_000_000;
/// The stored documents that stay decompressed, in blocks of 16 KiB for each segment.
const DOCUMENT_BLOCKS_CACHED: usize = 8;

/// The records that are remembered between two commits, at 8 bytes each and some; beyond, all count as put before.
const PUT_MAX: usize = 1_000_000;

/// What opening takes.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// The memory that collects changes while a writer exists, in bytes; at least 15 MB for each thread are used.
    pub writer_heap_bytes: usize,
    /// The threads that analyse records while a writer exists, 1 to 8.
    pub writer_threads: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            writer_heap_bytes: 2 * HEAP_PER_THREAD_MIN,
            writer_threads: 1,
        }
    }
}

/// One thing that happened to the records.
#[derive(Debug, Clone, PartialEq)]
#[expect(
    clippy::large_enum_variant,
    reason = "nearly all changes are of the large kind"
)]
pub enum Change {
    /// The record is new, or replaces the tenant's record of the same id.
    Put(Record),
    /// The record is gone; unknown ids are fine.
    Delete {
        /// Whose it was.
        tenant_id: TenantId,
        /// Its id.
        record_id: RecordId,
    },
    /// All records of a parent are gone.
    DeleteParent {
        /// Whose they were.
        tenant_id: TenantId,
        /// The parent's id.
        parent_id: String,
    },
}

/// A search index in a folder of its own. All calls block; searches run beside each other and beside a writer.
pub struct Index {
    pub(crate) engine: tantivy::Index,
    pub(crate) fields: Fields,
    pub(crate) reader: IndexReader,
    pub(crate) kept: Kept,
    position: AtomicU64,
    writing: Mutex<Writing>,
    options: Options,
}

#[derive(Default)]
struct Writing {
    writer: Option<IndexWriter>,
    uncommitted: bool,
    put: Put,
}

/// The records that were put since the last commit, by hash.
///
/// A put replaces, and removing what may be there costs a look-up in every segment at the next commit, more than the
/// indexing itself. Nearly all records are new, so only those are removed first that the committed index or this set knows.
#[derive(Default)]
struct Put {
    hashes: HashSet<u64>,
    hasher: RandomState,
}

impl Put {
    /// Whether the record may have been put since the last commit; from now on it has.
    fn again(&mut self, key: &Term) -> bool {
        let is_known = !self.hashes.insert(self.hasher.hash_one(key));
        is_known || self.hashes.len() > PUT_MAX
    }
}

impl std::fmt::Debug for Index {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Index")
            .field("directory", self.engine.directory())
            .field("position", &self.applied_position())
            .finish_non_exhaustive()
    }
}

impl Index {
    /// Opens the index in `dir`, or creates it there. A folder of another version is emptied, a damaged one is moved
    /// to `<dir>.damaged` (replacing what was there); both then answer 0 to [`applied_position`](Self::applied_position).
    pub fn open(dir: &Path, options: Options) -> Result<Self, Error> {
        std::fs::create_dir_all(dir)?;
        if dir.join("meta.json").exists() {
            match Self::open_existing(dir, options) {
                Ok(Some(index)) => return Ok(index),
                Ok(None) => std::fs::remove_dir_all(dir)?,
                Err(error) if is_damage(&error) => set_aside(dir)?,
                Err(error) => return Err(error.into()),
            }
        }
        std::fs::create_dir_all(dir)?;
        let engine = tantivy::Index::create_in_dir(dir, schema().0)?;
        Ok(Self::assemble(engine, 0, options)?)
    }

    /// The index in the folder, unless it is of another version.
    fn open_existing(dir: &Path, options: Options) -> Result<Option<Self>, TantivyError> {
        let engine = tantivy::Index::open_in_dir(dir)?;
        if engine.schema() != schema().0 {
            return Ok(None);
        }
        let metas = engine.load_metas()?;
        let position = match metas.payload.as_deref() {
            Some(payload) => match position_of(payload) {
                Some(position) => position,
                None => return Ok(None),
            },
            None if metas.segments.is_empty() => 0,
            None => return Ok(None),
        };
        Self::assemble(engine, position, options).map(Some)
    }

    fn assemble(
        engine: tantivy::Index,
        position: u64,
        options: Options,
    ) -> Result<Self, TantivyError> {
        engine
            .tokenizers()
            .register(ANALYZER, TextAnalyzer::from(Analyzer::default()));
        let reader = engine
            .reader_builder()
            .reload_policy(ReloadPolicy::Manual)
            .doc_store_cache_num_blocks(DOCUMENT_BLOCKS_CACHED)
            .try_into()?;
        Ok(Self {
            fields: schema().1,
            engine,
            reader,
            kept: Kept::default(),
            position: AtomicU64::new(position),
            writing: Mutex::default(),
            options,
        })
    }

    /// The position of the last commit, 0 before the first: feeding goes on after it.
    pub fn applied_position(&self) -> u64 {
        self.position.load(Ordering::Acquire)
    }

    /// How many records the committed index holds, of all tenants.
    pub fn record_count(&self) -> u64 {
        self.reader.searcher().num_docs()
    }

    /// Takes changes in, in their order. Searches see them after the next [`commit`](Self::commit). After an error,
    /// everything since the last commit is forgotten: feed again from [`applied_position`](Self::applied_position).
    pub fn apply(&self, changes: &[Change]) -> Result<(), Error> {
        if changes.is_empty() {
            return Ok(());
        }
        let mut writing = self.writing()?;
        writing.uncommitted = true;
        let Writing { writer, put, .. } = &mut *writing;
        let applied = writer
            .as_ref()
            .map_or(Ok(()), |writer| self.write(writer, put, changes));
        if applied.is_err() {
            *writing = Writing::default();
        }
        Ok(applied?)
    }

    fn write(
        &self,
        writer: &IndexWriter,
        put: &mut Put,
        changes: &[Change],
    ) -> Result<(), TantivyError> {
        let committed = self.reader.searcher();
        for change in changes {
            match change {
                Change::Put(record) => {
                    let record_id = record.record_id.as_str();
                    let key = self.fields.record_term(&record.tenant_id, record_id);
                    if put.again(&key) || holds(&committed, &key)? {
                        writer.delete_term(key);
                    }
                    writer.add_document(self.fields.document(record))?;
                }
                Change::Delete {
                    tenant_id,
                    record_id,
                } => {
                    writer.delete_term(self.fields.record_term(tenant_id, record_id.as_str()));
                }
                Change::DeleteParent {
                    tenant_id,
                    parent_id,
                } => {
                    writer.delete_term(self.fields.parent_term(tenant_id, parent_id));
                }
            }
        }
        Ok(())
    }

    /// Makes what was applied durable and visible, together with the position it reaches. A commit costs several
    /// syncs: make one for many changes, at most every half second. Errors are as those of [`apply`](Self::apply).
    pub fn commit(&self, position: u64) -> Result<(), Error> {
        let mut writing = self.writing()?;
        let applied = self.applied_position();
        if position < applied {
            return Err(Error::PositionBehind {
                asked: position,
                applied,
            });
        }
        self.finish(&mut writing, position)
    }

    /// Forgets every record and returns to position 0, for a refill.
    pub fn clear(&self) -> Result<(), Error> {
        let mut writing = self.writing()?;
        let cleared = writing
            .writer
            .as_ref()
            .map_or(Ok(0), IndexWriter::delete_all_documents);
        if let Err(error) = cleared {
            *writing = Writing::default();
            return Err(error.into());
        }
        self.finish(&mut writing, 0)
    }

    fn finish(&self, writing: &mut Writing, position: u64) -> Result<(), Error> {
        let committed = writing.writer.as_mut().map_or(Ok(()), |writer| {
            let mut prepared = writer.prepare_commit()?;
            prepared.set_payload(&payload(position));
            prepared.commit().map(drop)
        });
        if let Err(error) = committed {
            *writing = Writing::default();
            return Err(error.into());
        }
        writing.uncommitted = false;
        writing.put.hashes = HashSet::new();
        self.reader.reload()?;
        self.kept.tidy();
        self.position.store(position, Ordering::Release);
        Ok(())
    }

    /// Gives the writer's memory and threads back until the next [`apply`](Self::apply), after waiting for running
    /// merges. With uncommitted changes it does nothing. Answers whether there is no writer now.
    pub fn release_writer(&self) -> Result<bool, Error> {
        self.kept.tidy();
        let mut writing = self.lock();
        if writing.uncommitted {
            return Ok(false);
        }
        if let Some(writer) = writing.writer.take() {
            writer.wait_merging_threads()?;
            self.reader.reload()?;
        }
        Ok(true)
    }

    fn lock(&self) -> MutexGuard<'_, Writing> {
        self.writing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The writer, made when there is none.
    fn writing(&self) -> Result<MutexGuard<'_, Writing>, Error> {
        let mut writing = self.lock();
        if writing.writer.is_none() {
            let threads = self.options.writer_threads.clamp(1, 8);
            let heap = self
                .options
                .writer_heap_bytes
                .max(threads * HEAP_PER_THREAD_MIN);
            writing.writer = Some(self.engine.writer_with_num_threads(threads, heap)?);
        }
        Ok(writing)
    }
}

/// Whether a segment has a record of this key, be it deleted or not.
fn holds(searcher: &Searcher, key: &Term) -> Result<bool, TantivyError> {
    for segment in searcher.segment_readers() {
        let terms = segment.inverted_index(key.field())?;
        if terms.get_term_info(key)?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

fn payload(position: u64) -> String {
    format!("civitas-search {VERSION} {position}")
}

/// The position in a commit's payload, when this version wrote it.
fn position_of(payload: &str) -> Option<u64> {
    payload
        .strip_prefix(&format!("civitas-search {VERSION} "))?
        .parse()
        .ok()
}

/// Whether the error says that the files are bad, rather than out of reach.
fn is_damage(error: &TantivyError) -> bool {
    let broken = |error: &io::Error| {
        matches!(
            error.kind(),
            io::ErrorKind::NotFound | io::ErrorKind::UnexpectedEof | io::ErrorKind::InvalidData
        )
    };
    match error {
        TantivyError::DataCorruption(_)
        | TantivyError::IncompatibleIndex(_)
        | TantivyError::SchemaError(_)
        | TantivyError::DeserializeError(_)
        | TantivyError::InternalError(_)
        | TantivyError::OpenReadError(
            OpenReadError::FileDoesNotExist(_) | OpenReadError::IncompatibleIndex(_),
        ) => true,
        TantivyError::IoError(error)
        | TantivyError::OpenReadError(OpenReadError::IoError {
            io_error: error, ..
        })
        | TantivyError::OpenDirectoryError(OpenDirectoryError::IoError {
            io_error: error, ..
        }) => broken(error),
        _ => false,
    }
}

fn set_aside(dir: &Path) -> io::Result<()> {
    let mut name = dir.file_name().unwrap_or_default().to_owned();
    name.push(".damaged");
    let aside = dir.with_file_name(name);
    match std::fs::remove_dir_all(&aside) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => std::fs::rename(dir, aside),
    }
}
