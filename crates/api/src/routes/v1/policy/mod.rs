//! `/api/v1/policy`: what agents may do, version by version.

mod answer;
mod files;

pub(in crate::routes) mod activate;
pub(in crate::routes) mod check;
pub(in crate::routes) mod create;
pub(in crate::routes) mod list;
pub(in crate::routes) mod show;
pub(in crate::routes) mod validate;
pub(in crate::routes) mod what_if;
