//! `/api/intent`.

pub(crate) mod pending;
pub(crate) mod submit;
