//! `/api/v1/decisions`: what was decided.

mod answer;

pub(in crate::routes) mod list;
pub(in crate::routes) mod show;
