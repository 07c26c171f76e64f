//! The content realm: files in; text, tables, structure and search out.
//!
//! # The life of a file
//!
//! 1. `ingest_file` keeps the bytes, says what they are, and opens a *pending* boundary contract: the data may be looked
//!    at, keeping it is not authorised yet.
//! 2. `save_materialization` activates the contract, and prepares the parse.
//! 3. `parse_content` reads the file in the confined child, registers a `parsed_content` artifact and makes its text
//!    searchable. It may also come before the second step.
//!
//! 4. `archive_file` sets it aside and `restore_file` brings it back; `purge_file` takes its content away for good and
//!    leaves the record. The steps are one table, [`civitas_model::file::Status::TRANSITIONS`].
//!
//! The reading intents (`get_parsed_file`, `get_file_by_id`, `retrieve_file`, `retrieve_file_metadata`, `list_files`,
//! `query_files`, `search_files`, `validate_file`, `extract_deterministic_structure`) change nothing and need no more than
//! the permission to read.
//!
//! # What holds
//!
//! - A file's type is decided by its content, then by its name. What a sender declares is kept beside it, and a
//!   contradiction is reported.
//! - A name is data. It is shown and searched, never used as a path.
//! - A file and the artifact that stands for it have one id. The newest reading of a file is named by its artifact's
//!   `parsed_file_id`; an older one is archived, and stays readable under its own id.
//! - Archived files are in no list and no search; `query_files` finds them by their status, and every intent that names a
//!   file by its id still shows them. Working on their content waits until they are restored.
//! - A copy that `preprocess_file` makes is a file of its own, whose artifact names the first as its parent.
//! - Search finds the newest reading only: the records of an older one are forgotten with the commit that begins to
//!   put the new ones. Readings of a file and steps of its life take turns, also over a crash (`searchable`).
//!
//! # Adding an intent
//!
//! Write one file here, named for the intent, and add it to the list below.

mod archive_file;
mod blob;
mod content_page;
mod declared;
mod extract_deterministic_structure;
mod facts;
mod get_file_by_id;
mod get_parsed_file;
mod ingest_file;
mod life;
mod list_files;
mod name;
mod parse_content;
mod preprocess_file;
mod preview;
mod purge_file;
mod query_files;
mod register_file;
mod restore_file;
mod retrieve_file;
mod retrieve_file_metadata;
mod save_materialization;
mod search_files;
mod searchable;
mod source;
mod update_file_metadata;
mod validate_file;

use civitas_intent::Realm;

/// The realm with its intents.
pub fn realm() -> Realm {
    Realm::new(
        "content",
        "Files in; text, tables, structure and search out.",
    )
    .intent::<ingest_file::IngestFile>()
    .intent::<save_materialization::SaveMaterialization>()
    .intent::<parse_content::ParseContent>()
    .intent::<get_parsed_file::GetParsedFile>()
    .intent::<get_file_by_id::GetFileById>()
    .intent::<retrieve_file::RetrieveFile>()
    .intent::<list_files::ListFiles>()
    .intent::<search_files::SearchFiles>()
    .intent::<query_files::QueryFiles>()
    .intent::<register_file::RegisterFile>()
    .intent::<retrieve_file_metadata::RetrieveFileMetadata>()
    .intent::<update_file_metadata::UpdateFileMetadata>()
    .intent::<archive_file::ArchiveFile>()
    .intent::<restore_file::RestoreFile>()
    .intent::<purge_file::PurgeFile>()
    .intent::<validate_file::ValidateFile>()
    .intent::<preprocess_file::PreprocessFile>()
    .intent::<extract_deterministic_structure::ExtractDeterministicStructure>()
}
