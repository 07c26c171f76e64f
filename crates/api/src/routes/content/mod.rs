//! `/api/content`.

pub(crate) mod files;
pub(crate) mod search;
pub(crate) mod uploads;
pub(crate) mod usage;
pub(crate) mod validation_rules;
