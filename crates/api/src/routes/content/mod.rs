//! `/api/content`.

pub(crate) mod files;
pub(crate) mod search;
