//! `/api/v1/metrics`: what agents measured.

pub(in crate::routes) mod add_up;
pub(in crate::routes) mod answer;
pub(in crate::routes) mod list;
pub(in crate::routes) mod record;
pub(in crate::routes) mod summary;
