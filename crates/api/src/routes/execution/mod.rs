//! `/api/execution`.

pub(crate) mod control;
pub(crate) mod show;
pub(crate) mod status;
pub(crate) mod stream;
pub(crate) mod why;
