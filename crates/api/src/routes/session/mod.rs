//! `/api/session`.

pub(crate) mod create;
pub(crate) mod create_anonymous;
pub(crate) mod show;
pub(crate) mod upgrade;
