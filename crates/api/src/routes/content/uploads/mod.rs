//! `/api/content/uploads`: resumable uploads, by the tus protocol.

mod answer;
pub(crate) mod append;
pub(crate) mod create;
pub(crate) mod remove;
pub(crate) mod show;
