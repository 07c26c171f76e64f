//! `/api/content/files`.

pub(crate) mod delete;
pub(crate) mod download;
pub(crate) mod upload;
